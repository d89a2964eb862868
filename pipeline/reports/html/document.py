"""What the page's script reads: one JSON document, and two blocks of packed rows."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from kernels import codes
from pipeline.escape import visible
from pipeline.reports.facts import Unit
from pipeline.reports.html.packed import Packed, PackedColumn, packed
from pipeline.reports.numbers import text_of
from pipeline.reports.run.page import RunPage
from pipeline.reports.run.ranking import Ranking, Told
from pipeline.reports.run.reasons import TITLES
from pipeline.reports.run.tier_map import TIERS
from pipeline.reports.run.wording import WARNINGS

# Characters with which a browser could see the end of a script, or a comment, within it.
_ACTING: Final = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}
_DECISIVE: Final = 60  # of so many values one is chosen from a list; of more, a range is asked
_SCENARIO_UNITS: Final[tuple[tuple[str, Unit], ...]] = (
    ("DSCR, least", "times"),
    ("DSCR, mean", "times"),
    ("Equity IRR %", "percent"),
    ("Worst month", "count"),
    ("Months under 1.0x", "count"),
    ("Rating", "text"),
    ("Passes", "flag"),
)


class Blocks:
    """The ranking's columns, which the page unpacks at once, and all others, for one structure."""

    def __init__(self, ranking: Ranking) -> None:
        first = [heading.name for heading in ranking.headings]
        later = [name for name in ranking.rows.schema.names if name not in set(first)]
        self._ranking = ranking
        self._packed = {"ranking": self._of(first), "others": self._of(later)}

    def _of(self, names: Sequence[str]) -> Packed:
        rows: pa.Table = self._ranking.rows.select(names)
        return packed(rows, {name: self._ranking.columns[name].order for name in names})

    @property
    def texts(self) -> dict[str, str]:
        """The blocks in base64, by their names."""
        return {name: base64.b64encode(each.data).decode() for name, each in self._packed.items()}

    @property
    def columns(self) -> dict[str, list[dict[str, Any]]]:
        """What is in each block, and how it is shown."""
        return {
            name: [
                _column(column, self._ranking.columns[column.name], self._ranking)
                for column in each.columns
            ]
            for name, each in self._packed.items()
        }


def _column(column: PackedColumn, told: Told, ranking: Ranking) -> dict[str, Any]:
    values = None if column.values is None else [_clean(value) for value in column.values]
    document: dict[str, Any] = {
        "name": column.name,
        "about": told.about,
        "unit": told.unit,
        "scale": told.scale,
        "values": values,
        "count": column.count,
        "at": column.at,
        "placesAt": column.places_at,
        "width": column.width,
    }
    if column.name in ranking.levers:
        distinct = ranking.rows[column.name].unique().drop_null().to_pylist()
        listed = values if values is not None else sorted(distinct)
        document["texts"] = [visible(text_of(value, "text")) for value in listed]
    return document


def _clean(value: Any) -> Any:
    """Texts as they are to be seen; flags as they are; lists of names."""
    if isinstance(value, tuple):
        return [visible(each) for each in value]
    return visible(value) if isinstance(value, str) else value


def document_of(page: RunPage, blocks: Blocks) -> dict[str, Any]:
    """Everything that the script draws, sorts and filters; no figure is made there."""
    ranking, tiers = page.ranking, page.tier_map
    return {
        "run": page.report.run_id,
        "currency": page.report.currency,
        "title": visible(page.report.title),
        "survivors": ranking.survivors,
        "first": ranking.first,
        "rows": ranking.rows.num_rows,
        "columns": blocks.columns,
        "headings": [
            {
                "name": heading.name,
                "label": visible(heading.label),
                "shown": heading.shown,
                "ranged": heading.ranged,
                "lowFirst": heading.low_first,
                "lever": heading.lever,
            }
            for heading in ranking.headings
        ],
        "levers": list(ranking.levers),
        "choices": _DECISIVE,
        "structure": {
            "figures": _pairs(ranking.figures),
            "dayOne": _pairs(ranking.day_one),
            "sources": _pairs(ranking.sources),
            "uses": _pairs(ranking.uses),
            "scenarioHeads": [list(each) for each in _SCENARIO_UNITS],
            "scenarios": [
                {"group": each.group, "label": each.label, "figures": list(each.figures)}
                for each in ranking.scenarios
            ],
        },
        "wording": {**TITLES, **WARNINGS},
        "tiers": list(TIERS),
        "ratings": [name.lower() for name in codes.RATING_NAMES],
        "tierMap": {
            "levers": [
                {"name": visible(lever.name), "values": [visible(text) for text in lever.values]}
                for lever in tiers.levers
            ],
            "pairs": [
                {"first": pair.first, "second": pair.second, "counts": pair.counts}
                for pair in tiers.pairs
            ],
            "telling": tiers.telling,
        },
    }


def script_text(document: Mapping[str, Any]) -> str:
    """JSON that stands in a script element: nothing in it ends the element or begins another."""
    text = json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.translate(_ACTING)


def _pairs(named: Sequence[tuple[str, str]]) -> list[list[str]]:
    return [[label, name] for name, label in named]
