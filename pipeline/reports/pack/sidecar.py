"""The sidecar: each derivative and sale beside the debt, its terms, value and sensitivities."""

from __future__ import annotations

from typing import Final

from pipeline.reports.pack.document import (
    Block,
    Cell,
    Document,
    Field,
    Grid,
    GridColumn,
    Prose,
    Section,
    Tiles,
)
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.instruments import Instrument, instruments
from pipeline.reports.pack.provenance import provenance
from pipeline.reports.pack.standing import standing
from pipeline.reports.pack.table_grid import rows_of, telling, title_of
from pipeline.reports.pack.valuation_inputs import valuation_inputs

KEY: Final = "5-sidecar"
_BUMPS: Final = "day_one.bumps"
_SCHEDULE: Final = "day_one.option_schedule"
_METHOD: Final = (
    "Each row is the engine run again with one thing moved and everything else, the size of the "
    "debt among it, where it is: differences of value at close, not derivatives. The residual "
    "strip is sold from distributions that the bumps leave as they are. Columns that nothing "
    "moves are left out."
)
_TERMS: Final = (
    "Terms as the run values them, for a dealer to confirm. The index is the usual one of the "
    "jurisdiction unless the project file names another."
)
_STATES: Final = {"on": "In the structure", "idle": "In the structure, idle", "off": "Not in it"}
_MOVED: Final = ("wrap", "zcis5", "zcis10", "option", "trs", "strip", "ccy", "total", "call")


def sidecar(dossier: Dossier) -> Document:
    """Terms, values and sensitivities of the derivatives of a structure."""
    found = instruments(dossier)
    sections: list[Section] = []
    if dossier.has_senior:
        sections += [*_terms(dossier, found), valuation_inputs(dossier), _bumps(dossier)]
    return Document(
        key=KEY,
        title="Derivative sidecar",
        project=str(dossier.manifest["project"]["title"]),
        subtitle="Hedges, sales and enhancements beside the debt",
        run_id=dossier.run_id,
        made_at=dossier.made_at,
        style=dossier.style,
        sections=(*sections, *_not_in_it(found), provenance(dossier)),
        summary=(*standing(dossier), *_headline(dossier), _overview(dossier, found)),
    )


def _headline(dossier: Dossier) -> tuple[Block, ...]:
    """Combined value against the aim."""
    if not dossier.has_senior:
        return ()
    share = dossier.step("day_one.share", "percent")
    low, high = (dossier.given("day_one.share", end, "percent") for end in ("low", "high"))
    tiles = Tiles(
        (
            Field("Day-one value", (dossier.step("day_one.total", "money"),)),
            Field("Of financing", (share,)),
            Field("Financing", (dossier.given("day_one.share", "F", "money"),)),
            Field("Derivatives in use", (dossier.column("derivatives", "count"),)),
        )
    )
    where = dossier.steps["day_one.share"].note.partition(" ")[0]
    return (
        tiles,
        Prose(
            (
                "Combined day-one value is", share, f"of financing, {where} the aim of", low, "to",
                high, "that the financing plan sets. The aim is no test: no gate asks for it.",
            )
        ),
        Prose(
            (
                ("Value at close is positive where the project receives. What an instrument costs "
                "later is its running cost and stands in the waterfall."),
            ),
            "small",
        ),
    )  # fmt: skip


def _overview(dossier: Dossier, found: tuple[Instrument, ...]) -> Grid:
    rows: list[tuple[Cell, ...]] = [
        (each.title, _STATES[each.state], *each.head, each.value, _later(each)) for each in found
    ]
    rows.append(("Day-one value", "", "", "", dossier.step("day_one.total", "money"), ""))
    return Grid(
        (
            GridColumn("Instrument", 1.7, right=False),
            GridColumn("State", 1.1, right=False),
            GridColumn("Notional", 1.2),
            GridColumn("Tenor", 0.7),
            GridColumn("Value at close", 1.2),
            GridColumn("Later", 2.2, right=False),
        ),
        tuple(rows),
        title="Day-one value by part",
        caption="Negative values are paid by the project at close.",
        totals=1,
    )


def _later(instrument: Instrument) -> str:
    if instrument.state == "off":
        return ""
    return instrument.why or instrument.later


def _terms(dossier: Dossier, found: tuple[Instrument, ...]) -> list[Section]:
    """A section each for what is in the structure, under a heading of their own."""
    used = [each for each in found if each.state == "on"]
    if not used:
        return []
    sections = [Section("Terms", (Prose((_TERMS,), "small"),), new_page=True)]
    for each in used:
        blocks: list[Block] = [each.fields(dossier)]
        if each.key == "option":
            blocks.append(_option_schedule(dossier))
        sections.append(Section(each.title, tuple(blocks), level=2))
    return sections


def _option_schedule(dossier: Dossier) -> Grid:
    option = dossier.fact("request.deal.rate_option").value
    names = ["notional", "forward"]
    if option != "cap":
        names += ["floor_strike", "floor"]
    if option != "floor":
        names += ["cap_strike", "cap"]
    columns = tuple(GridColumn(title_of(dossier, _SCHEDULE, name), more_digits=0) for name in names)
    return Grid(
        (GridColumn("Year from completion", 0.7, right=False), *columns),
        rows_of(dossier, _SCHEDULE, ("year", *names)),
        title="Notional and strikes by year",
        caption=(
            "The strike of each month lies a fixed offset from its own forward; rates are "
            "compounded monthly. Values of floorlets and caplets are at close."
        ),
    )


def _bumps(dossier: Dossier) -> Section:
    names = telling(dossier, _BUMPS, _MOVED)
    names = names if "total" in names else (*names, "total")
    return Section(
        "Bump sensitivities",
        (
            Grid(
                (
                    GridColumn("What moves", 2.0, right=False),
                    *(GridColumn(title_of(dossier, _BUMPS, name), 1.2) for name in names),
                ),
                rows_of(dossier, _BUMPS, ("change", *names)),
                title="Change of value at close",
                caption=_METHOD,
                landscape=True,
            ),
        ),
        new_page=True,
    )


def _not_in_it(found: tuple[Instrument, ...]) -> tuple[Section, ...]:
    """What is off, and what is in it and yet worth nothing, with the reason."""
    rows: list[tuple[Cell, ...]] = [
        (each.title, _STATES[each.state], each.why) for each in found if each.state != "on"
    ]
    if not rows:
        return ()
    return (
        Section(
            "Not in this structure, or worth nothing in it",
            (
                Grid(
                    (
                        GridColumn("Instrument", 1.2, right=False),
                        GridColumn("State", 1.0, right=False),
                        GridColumn("Why", 2.4, right=False),
                    ),
                    tuple(rows),
                ),
            ),
        ),
    )
