"""The grammar of hard filters: `DSCR>=1.30`, `RepoEligible=Yes`, `SeniorRating>=A`, …"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any

from kernels import codes
from kernels import figures as f
from pipeline.inputs.errors import Collector, suggestion
from pipeline.inputs.ratings import CATEGORIES, CATEGORY_NUMBER
from pipeline.inputs.yaml_reader import number

_NUMERIC = {
    "SeniorNotional": f.SENIOR_NOTIONAL,
    "DSCR": f.DSCR_MIN,
    "DSCR_Min": f.DSCR_MIN,
    "DSCR_Avg": f.DSCR_AVG,
    "EquityIRR": f.EQUITY_IRR,
    "WACC": f.WACC,
    "Day1Cash": f.DAY1_CASH,
    "SeniorWAL": f.SENIOR_WAL,
    "MezzNotional": f.MEZZ_NOTIONAL,
    "EquityNotional": f.EQUITY_NOTIONAL,
    "CompositeScore": f.COMPOSITE_SCORE,
}
_RATINGS = {"SeniorRating": f.SENIOR_RATING, "MezzRating": f.MEZZ_RATING}
_FLAGS = {"RepoEligible": f.REPO_ELIGIBLE}
_OPERATORS = MappingProxyType(
    {">=": codes.FILTER_AT_LEAST, "<=": codes.FILTER_AT_MOST, "=": codes.FILTER_EQUAL}
)
_PATTERN = re.compile(r"\s*([A-Za-z_0-9]{1,40})\s*(>=|<=|=)\s*([A-Za-z0-9.+\-]{1,40})\s*")
NAMES: tuple[str, ...] = (*_NUMERIC, *_RATINGS, *_FLAGS)
GRAMMAR = "a figure, then >=, <= or =, then a value, such as DSCR>=1.30 or RepoEligible=Yes"


def parsed(text: str) -> tuple[int, int, float]:
    """(figure, FILTER_*, value) of one filter. Raises ValueError with what is wrong."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"is not a filter; write {GRAMMAR}")
    name, operator, value = match.groups()
    if name in _FLAGS:
        if operator != "=" or value not in ("Yes", "No"):
            raise ValueError(f"{name} takes =Yes or =No")
        return _FLAGS[name], codes.FILTER_EQUAL, float(value == "Yes")
    if name in _RATINGS:
        if value not in CATEGORY_NUMBER or value == "Unrated":
            raise ValueError(f"{value} is not a tranche rating: {', '.join(CATEGORIES[:0:-1])}")
        return _RATINGS[name], _OPERATORS[operator], float(CATEGORY_NUMBER[value])
    if name not in _NUMERIC:
        raise ValueError(f"{name} is not a figure that can be filtered{suggestion(name, NAMES)}")
    limit = number(value)
    if limit is None:
        raise ValueError(f"{value} is not a number")
    return _NUMERIC[name], _OPERATORS[operator], float(limit)


def check_filters(items: list[Any], collector: Collector, path: str) -> tuple[str, ...] | None:
    """Filters without blanks, in the order given; None with the problems recorded."""
    kept: list[str] = []
    sound = True
    for i, item in enumerate(items):
        where = f"{path}[{i}]"
        if not isinstance(item, str):
            collector.error(where, f"is not a filter; write {GRAMMAR}", item)
            sound = False
            continue
        text = "".join(item.split())
        try:
            parsed(text)
        except ValueError as error:
            collector.error(where, str(error), item)
            sound = False
            continue
        if text in kept:
            collector.error(where, "is given twice", item)
            sound = False
        kept.append(text)
    return tuple(kept) if sound else None
