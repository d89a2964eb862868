"""The stress grid: every scenario with what it changes, what is left, and whether it passes."""

from __future__ import annotations

from typing import Final

from kernels import scenarios
from pipeline.reports.formats import money_symbol
from pipeline.reports.pack.document import (
    Block,
    Bullets,
    Cell,
    Document,
    Field,
    Fields,
    Figure,
    Grid,
    GridColumn,
    Prose,
    Section,
    Tiles,
)
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.provenance import provenance
from pipeline.reports.pack.standing import standing
from pipeline.reports.pack.stress_cells import (
    BASE,
    BY_RESERVES,
    GROUPS,
    TABLE,
    label,
    names_of,
    number,
    passed,
    told,
)
from pipeline.reports.pack.stress_charts import coverage_charts, heat_map, sensitivities

KEY: Final = "3-stress-grid"
_ORDER: Final = (BASE, *(name for _, numbers in GROUPS for name in names_of(numbers)))
_FIRST_OF_GROUP: Final = tuple(_ORDER.index(scenarios.NAMES[numbers[0]]) for _, numbers in GROUPS)
_STRESSES: Final = scenarios.NAMES[scenarios.FIRST_STRESS :]
_HELD: Final = (
    "Senior and mezzanine are held as sized in the base case; one thing changes at a time, the "
    "combined stress aside. Coverage is net income over scheduled senior debt service in each test "
    "month. A stress passes where its least coverage reaches what the rulebook asks of the rating "
    "achieved (RK-DSCR-002); the tenant's default and the late completion pass where reserves last."
)
_RATED: Final = (
    "Ratings and migration are the rating matrix's on the stressed coverage, in middle notches; "
    "down is negative."
)
_RECOVERY: Final = (
    "Senior recovery: value and DSRA over the senior owed at the start of the worst month, at most "
    "100 %, were the project sold then. Asset cover is the same without the ceiling."
)
_VALUE: Final = (
    "Value: net income of the twelve months from then on, under the scenario, over the rulebook's "
    "exit cap rate of"
)
_SHORTFALL: Final = (
    "Shortfall: debt service less net income, summed over test months under 1.0x. Covered by "
    "reserves: DSRA and liquidity facility over it, at most 100 %."
)


def stress_grid(dossier: Dossier) -> Document:
    """The document; without senior debt it says why nothing is tested."""
    sections = _tested(dossier) if dossier.has_senior else _untested(dossier)
    return Document(
        key=KEY,
        title="Stress grid",
        project=str(dossier.manifest["project"]["title"]),
        subtitle=f"Structure {dossier.permutation_id:,}",
        run_id=dossier.run_id,
        made_at=dossier.made_at,
        style=dossier.style,
        summary=(*standing(dossier), *_headline(dossier)),
        sections=(*sections, provenance(dossier)),
    )


def _untested(dossier: Dossier) -> tuple[Section, ...]:
    why = "The structure is not sound: there is no debt service to cover, in no scenario."
    returns: tuple[Block, ...] = ()
    if dossier.case.sound:
        why = (
            "The structure carries no senior debt: there is no coverage to test, no rating to "
            "migrate and nothing to recover."
        )
        returns = (_returns_alone(dossier),)
    return (Section("What is not tested, and why", (Prose((why,), "lead"), *returns)),)


def _returns_alone(dossier: Dossier) -> Block:
    """Equity's return by scenario from the structure's row, where it has no debt."""
    columns = {name: "equity_irr" if name == BASE else f"{name}_equity_irr" for name in _ORDER}
    figures = {name: dossier.column(column) for name, column in columns.items()}
    if all(figure.value is None for figure in figures.values()):
        return Prose(("No scenario leaves equity a return either.",))
    return Grid(
        (GridColumn("Scenario", 2.0, right=False), GridColumn("Equity IRR")),
        tuple((label(dossier, name), figure) for name, figure in figures.items()),
        title="What scenarios leave to equity",
    )


def _headline(dossier: Dossier) -> tuple[Block, ...]:
    if not dossier.has_senior:
        return ()
    return (
        Tiles(
            (
                Field(
                    "Stresses passed",
                    (
                        dossier.given("stresses.passed", "held", "count"),
                        "of",
                        dossier.given("stresses.passed", "asked", "count"),
                    ),
                ),
                Field("Least DSCR, base case", (told(dossier, BASE, "dscr_min"),)),
                Field("Least DSCR of a coverage stress", (_least(dossier, "dscr_min"),)),
                Field("Least senior recovery", (_least(dossier, "recovery_pct"),)),
            )
        ),
    )


def _least(dossier: Dossier, column: str) -> Figure:
    """The least of a figure over stresses; coverage of those that coverage decides."""
    held = [name for name in _STRESSES if column != "dscr_min" or name not in BY_RESERVES]
    found = [(number(told(dossier, name, column)), place) for place, name in enumerate(held)]
    known = [(value, place) for value, place in found if value is not None]
    return told(dossier, held[min(known)[1]] if known else BASE, column)


def _tested(dossier: Dossier) -> tuple[Section, ...]:
    return (
        Section("Scenarios and results", (Prose((_HELD,)), _grid(dossier)), new_page=True),
        Section("What is left", (_left(dossier), _reading(dossier)), new_page=True),
        Section("Decided by reserves", _by_reserves(dossier)),
        Section("Coverage by year", coverage_charts(dossier)),
        Section("Scenario by metric", (heat_map(dossier),)),
        Section("Sensitivities", sensitivities(dossier)),
    )


# -- the grid -------------------------------------------------------------------------------------
def _grid(dossier: Dossier) -> Grid:
    base = told(dossier, BASE, "dscr_min")
    rows: list[tuple[Cell, ...]] = []
    for name in _ORDER:
        rows.append(
            (
                label(dossier, name), base, told(dossier, name, "dscr_min"),
                told(dossier, name, "dscr_min_change_pct"),
                told(dossier, name, "months_under_1", "count"),
                told(dossier, name, "worst_month", "count"),
                told(dossier, name, "recovery_pct", "share"),
                told(dossier, name, "rating", "text"), told(dossier, name, "migration"),
                *_limit(dossier, name), passed(dossier, name),
            )
        )  # fmt: skip
    columns = (
        GridColumn("Scenario", 2.6, right=False),
        GridColumn("DSCR, base", more_digits=2),
        GridColumn("DSCR, stressed", more_digits=2),
        GridColumn("Change"),
        GridColumn("Months under 1.0x"),
        GridColumn("Worst month", 0.9),
        GridColumn("Senior recovery", 1.1),
        GridColumn("Rating", 0.8, right=False),
        GridColumn("Migration, notches", 1.1),
        GridColumn("Limit", more_digits=2),
        GridColumn("Headroom", 1.1, more_digits=2),
        GridColumn("Result", 0.9, right=False),
    )
    return Grid(columns, tuple(rows), caption=_RATED, groups=_FIRST_OF_GROUP, landscape=True)


def _limit(dossier: Dossier, name: str) -> tuple[Cell, Cell]:
    """What is asked of a stress, and by how much it keeps it."""
    if name in BY_RESERVES:
        return "reserves", dossier.test(f"stresses.{name}", "headroom")
    if dossier.cell(TABLE, name, "passed").value is None and name not in _STRESSES:
        return "not asked", ""
    return told(dossier, name, "floor"), told(dossier, name, "headroom")


def _left(dossier: Dossier) -> Grid:
    """Means, returns, and what a recovery is made of."""
    symbol = money_symbol(dossier.style)
    metrics = (
        "dscr_avg", "dscr_avg_change_pct", "equity_irr", "equity_irr_change", "owed", "value",
        "reserve", "asset_cover", "shortfall", "reserves_cover_pct",
    )  # fmt: skip
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (label(dossier, name), *(told(dossier, name, metric) for metric in metrics))
        for name in _ORDER
    )
    columns = (
        GridColumn("Scenario", 2.6, right=False),
        GridColumn("Mean DSCR"),
        GridColumn("Change"),
        GridColumn("Equity IRR"),
        GridColumn("Change, points"),
        GridColumn(f"Senior owed, {symbol}m", 1.1, millions=True),
        GridColumn(f"Value, {symbol}m", 1.1, millions=True),
        GridColumn(f"DSRA, {symbol}m", millions=True),
        GridColumn("Asset cover"),
        GridColumn(f"Shortfall, {symbol}m", 1.1, millions=True),
        GridColumn("Covered by reserves", 1.2),
    )
    return Grid(columns, rows, groups=_FIRST_OF_GROUP, landscape=True)


def _reading(dossier: Dossier) -> Bullets:
    cap = dossier.rule("model.exit_cap_rate_pct", "percent")
    return Bullets(((_RECOVERY,), (_VALUE, cap, "; costs of a sale are not in it."), (_SHORTFALL,)))


# -- what reserves decide -------------------------------------------------------------------------
def _by_reserves(dossier: Dossier) -> tuple[Block, ...]:
    default, delay, weighted = "stresses.default", "stresses.delay", "stresses.default_weighted"
    return (
        Fields(
            (
                Field("Debt service reserve", (dossier.given(default, "dsra"),)),
                Field("Liquidity facility", (dossier.given(default, "facility"),)),
                Field("Months without rent", (dossier.given(default, "months"),)),
                Field("Headroom", (dossier.test(default, "headroom"),)),
                Field("Result", (dossier.verdict(default),)),
                Field("Shortfall", (told(dossier, BY_RESERVES[0], "shortfall"),)),
                Field("Covered by reserves",
                      (told(dossier, BY_RESERVES[0], "reserves_cover_pct", "share"),)),
                Field("Least DSCR weighted by the odds", (dossier.step(weighted),)),
            ),
            f"{label(dossier, BY_RESERVES[0])} (the tenant leaves)", wide=False,
        ),
        Fields(
            (
                Field("Debt service reserve", (dossier.given(delay, "dsra"),)),
                Field("Liquidity facility", (dossier.given(delay, "facility"),)),
                Field("Interest of the months late", (dossier.given(delay, "interest"),)),
                Field("Headroom", (dossier.test(delay, "headroom"),)),
                Field("Result", (dossier.verdict(delay),)),
                Field("Equity IRR", (told(dossier, BY_RESERVES[1], "equity_irr"),)),
            ),
            label(dossier, BY_RESERVES[1]), wide=False,
        ),
        Fields(
            (
                Field("Capital coverage", (dossier.step("capital.capex_coverage"),)),
                Field("The same after the overrun", (dossier.step("stresses.capex_coverage"),)),
                Field("Equity IRR",
                      (told(dossier, scenarios.NAMES[scenarios.CAPEX], "equity_irr"),)),
            ),
            f"{label(dossier, scenarios.NAMES[scenarios.CAPEX])}: paid by equity, coverage stays",
            wide=False,
        ),
    )  # fmt: skip
