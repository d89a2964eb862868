"""The assumptions book: every input with its value, unit and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Any, Final

from pipeline.inputs import catalogue
from pipeline.inputs.catalogue import Variable
from pipeline.inputs.settings import SWITCHES
from pipeline.reports.pack.document import (
    Block,
    Cell,
    Fields,
    Figure,
    Grid,
    GridColumn,
    Prose,
    Section,
)
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.lever_words import lever_label
from pipeline.reports.pack.provenance import market_fields
from pipeline.staleness import age_of

HEADING: Final = "Assumptions book"
_TERM: Final = catalogue.BY_NUMBER[92].name
_IMPLIED: Final = 93
# Variables that the market file stands before the catalogue for, and where it has them.
_QUOTED: Final = {
    29: "credit_spreads_bps.AAA", 30: "credit_spreads_bps.AA", 31: "credit_spreads_bps.A",
    32: "credit_spreads_bps.BBB", 33: "inflation.spot_pct", 34: "inflation.forward_term",
    35: "fx.spot", 36: "fx.hedge_cost_bps",
}  # fmt: skip
LEVER, PROJECT, DEFAULT = "Lever of the run", "Project file", "Catalogue default"
NOT_USED: Final = "Not used: project.rent stands"
_RENT: Final = 7
# What a request has beside variables, switches and books.
_TERMS: Final = (
    "project", "jurisdiction", "local_currency", "covenants", "deal", "insurer_rating",
    "hedge_counterparty_rating", "counterparties", "run",
)  # fmt: skip
_TERMS_HOW: Final = (
    "From the project file, by its keys; the catalogue's or the rulebook's where it gives none."
)
_HOW: Final = (
    "Every input of this structure. Levers are what the run varied. A value that equals the "
    "catalogue's default is named as that, also where the project file repeats it, and a value "
    "that equals the market file's as that one's. Money is in local currency."
)
_RULES_HOW: Final = "Thresholds, limits and weights by their key in the rulebook."
_MARKET_HOW: Final = "Figures by their key in the market file."
_STALE: Final = (
    "The market file is stale: curve, spreads and breakevens may have moved since its date. "
    "Values that hang on it should be made again on a newer file before they are used."
)
_COLUMNS: Final = (
    GridColumn("Input", 2.6, right=False),
    GridColumn("Value", 1.2),
    GridColumn("Unit", 0.9, right=False),
    GridColumn("Number", 0.7, right=False),
    GridColumn("Source", 1.5, right=False),
)
# Two keys beside each other, since a rulebook has hundreds.
_LEAVES: Final = (GridColumn("Key", 3.0, right=False), GridColumn("Value", 1.2)) * 2


def assumptions_book(dossier: Dossier) -> Section:
    """Inputs by group, switches, market file and rulebook."""
    request = dossier.manifest["request"]
    blocks: list[Block] = [Fields(market_fields(dossier.manifest), "Market file")]
    blocks += stale_market(dossier)
    blocks += [Prose((_HOW,), "small"), *_inputs(dossier), _switches(dossier)]
    terms = {name: request[name] for name in _TERMS if request[name] not in (None, {}, [])}
    blocks.append(_leaves("run.request", terms, "Facts, covenants and terms", _TERMS_HOW))
    blocks.append(_leaves("market", request["market"], "Market file", _MARKET_HOW))
    blocks.append(_leaves("rulebook", request["rulebook"], "Rulebook", _RULES_HOW))
    return Section(HEADING, tuple(blocks), new_page=True)


def stale_market(dossier: Dossier) -> tuple[Prose, ...]:
    """A paragraph where the market file was stale at the run."""
    return (Prose((_STALE,), "lead"),) if market_is_stale(dossier) else ()


def market_is_stale(dossier: Dossier) -> bool:
    """Whether the market file was older than its limit at the run."""
    market = dossier.manifest["market"]
    dated = date.fromisoformat(market["date"])
    return age_of(dated, dossier.made_at.date(), market["stale_after_days"]).stale


def _inputs(dossier: Dossier) -> Iterator[Grid]:
    base = dossier.manifest["request"]["base"]
    sources = _Sources(dossier)
    known = [variable for variable in catalogue.settable() if variable.name in base]
    for group, variables in groupby(known, key=lambda each: each.group):
        rows: list[tuple[Cell, ...]] = [
            (
                variable.description,
                "" if sources.of(variable) == NOT_USED else dossier.input(variable.number),
                variable.unit,
                f"_{variable.number:02d}",
                sources.of(variable),
            )
            for variable in variables
        ]
        yield Grid(_COLUMNS, tuple(rows), title=f"Inputs: {group}")


class _Sources:
    """Where each input of a structure comes from."""

    def __init__(self, dossier: Dossier) -> None:
        request = dossier.manifest["request"]
        self._base: dict[str, Any] = request["base"]
        self._levers = {
            name
            for lever in request["levers"]
            for option in lever["options"]
            for name in (*option, lever["name"])
        }
        market = dossier.manifest["market"]
        self._market_name = f"Market file {market['name']}, {market['date']}"
        self._dossier = dossier
        rent = (request["project"] or {}).get("rent") or {}
        self._rent_stands = any(value is not None for value in rent.values())
        self._breakeven = f"inflation.breakeven_pct.{self._base[_TERM]}"

    def of(self, variable: Variable) -> str:
        """Lever, market file, catalogue default, or project file."""
        name = variable.name
        if name in self._levers:
            return LEVER
        if variable.number == _RENT and self._rent_stands:
            return NOT_USED
        value = self._base[name]
        path = self._breakeven if variable.number == _IMPLIED else _QUOTED.get(variable.number)
        if path is not None and value == self._dossier.quote(path).value:
            return self._market_name
        return DEFAULT if _equal(value, variable.default) else PROJECT


def _equal(value: object, other: object) -> bool:
    if isinstance(value, (list, tuple)) and isinstance(other, (list, tuple)):
        return list(value) == list(other)
    return value == other


def _switches(dossier: Dossier) -> Grid:
    levers = {each.name for each in dossier.explanation.settings}
    rows: list[tuple[Cell, ...]] = [
        (
            lever_label(name),
            dossier.setting(name) if name in levers else dossier.fact(f"request.switches.{name}"),
            "",
            name,
            LEVER if name in levers else PROJECT,
        )
        for name in SWITCHES
    ]
    return Grid(_COLUMNS, tuple(rows), title="Switches")


def _leaves(first: str, document: dict[str, Any], title: str, caption: str) -> Grid:
    leaves: list[tuple[Cell, ...]] = [
        (path, Figure(value, _unit(value), f"{first}.{path}", _absent(value)))
        for path, value in _flat(document, "")
        if path != "schema"
    ]
    half = -(-len(leaves) // 2)
    beside = [*leaves[half:], *(("", "") for _ in range(2 * half - len(leaves)))]
    rows = tuple((*left, *right) for left, right in zip(leaves[:half], beside, strict=True))
    return Grid(_LEAVES, rows, title=title, caption=f"{caption} Read down, then right.")


def _flat(document: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Leaves with their paths, in the order of the document."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield from _flat(value, f"{path}.{name}" if path else name)
    elif isinstance(document, list):
        for place, value in enumerate(document):
            yield from _flat(value, f"{path}[{place}]")
    else:
        yield path, document


def _unit(value: object) -> Any:
    if isinstance(value, bool):
        return "flag"
    return "text" if value is None or isinstance(value, str) else "number"


def _absent(value: object) -> str:
    return "none" if value is None else ""
