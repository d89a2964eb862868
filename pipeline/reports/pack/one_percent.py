"""The test that binds, and what one percent of each main input does to it and to key figures."""

from __future__ import annotations

from typing import Final

from pipeline.reports.formats import money_symbol
from pipeline.reports.pack.compliance_rules import SIGNS
from pipeline.reports.pack.document import (
    Block,
    Cell,
    Field,
    Fields,
    Figure,
    Grid,
    GridColumn,
    Prose,
    Tornado,
    TornadoBar,
)
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.run.reasons import TITLES

_TABLE: Final = "one_percent.table"
_BINDING: Final = "compliance.binding"
_NO_TEST: Final = "No test of a gate has a figure and a limit."


def binding_blocks(dossier: Dossier) -> tuple[Block, ...]:
    """The binding test, and a tornado of its headroom."""
    found = dossier.steps.get(_BINDING)
    if found is None:
        return (Prose((_NO_TEST,)),)
    test = str(found.inputs[0].origin)
    bound = dossier.steps[test].bound
    if bound is None:
        raise ValueError(f"{test} is no test")
    fields = Fields(
        (
            Field("Test", (found.title,)),
            Field("Rule", (found.rule,)),
            Field("Required", (SIGNS[bound.side], dossier.test(test, "limit"))),
            Field("Actual", (dossier.test(test, "actual"),)),
            Field("Headroom", (dossier.given(_BINDING, "headroom"),)),
            Field("Headroom over the limit", (dossier.step(_BINDING, "ratio"),)),
        )
    )
    return (fields, *_tornado(dossier))


def _drivers(dossier: Dossier) -> tuple[str, ...]:
    """Inputs of the table, each moved up and down."""
    keys = [str(key) for key in dossier.keys(_TABLE)]
    return tuple(dict.fromkeys(key.rpartition("_")[0] for key in keys))


def _tornado(dossier: Dossier) -> tuple[Block, ...]:
    base = dossier.given(_BINDING, "headroom")
    bars: list[tuple[float, TornadoBar]] = []
    for name in _drivers(dossier):
        ends = [dossier.cell(_TABLE, f"{name}_{way}", "headroom") for way in ("down", "up")]
        known = [end for end in ends if isinstance(end.value, float)]
        if not isinstance(base.value, float) or not known:
            continue
        width = max(_number(end) for end in (*known, base)) - min(
            _number(end) for end in (*known, base)
        )
        if width > 1e-9 * max(1.0, abs(base.value)):
            title = str(dossier.cell(_TABLE, f"{name}_up", "input").value)
            low, high = (end if end.value is not None else None for end in ends)
            bars.append((width, TornadoBar(title, low, high)))
    if not bars:
        return (Prose(("One percent of no main input moves this headroom.",), "small"),)
    bars.sort(key=lambda each: -each[0])
    return (
        Tornado(
            "Headroom of the binding test, one percent down and up",
            base,
            tuple(bar for _, bar in bars),
            "Each input alone, debt sized anew. Inputs that do not move it are left out.",
        ),
    )


def _number(figure: Figure) -> float:
    return float(figure.value) if isinstance(figure.value, (int, float)) else 0.0


def change_blocks(dossier: Dossier) -> tuple[Block, ...]:
    """What one percent of each input does to the test that binds and to key figures."""
    keys = [str(key) for key in dossier.keys(_TABLE)]
    if not keys:
        return (Prose(("The structure is not sound: there is nothing to move.",)),)
    symbol = money_symbol(dossier.style)
    rows = tuple(_row(dossier, key) for key in keys)
    groups = tuple(place for place, key in enumerate(keys) if key.endswith("_up"))
    columns = (
        GridColumn("Input", 1.4, right=False),
        GridColumn("Moved by"),
        GridColumn("Headroom", more_digits=2, millions=True),
        GridColumn("Change", more_digits=2, millions=True),
        GridColumn(f"Senior, {symbol}m", 1.1, millions=True),
        GridColumn("Change"),
        GridColumn("Least DSCR", more_digits=2),
        GridColumn("Equity IRR"),
        GridColumn("Change, points"),
        GridColumn("Capital coverage", 1.1),
        GridColumn("Change"),
        GridColumn("Then rejected by", 1.6, right=False),
    )
    caption = (
        "Headroom is that of the test that binds. Everything else stays as it is and the engine "
        "sizes the debt anew; senior tenor and lease move by whole months, at least one."
    )
    return (Grid(columns, rows, caption=caption, groups=groups, landscape=True),)


def _row(dossier: Dossier, key: str) -> tuple[Cell, ...]:
    def cell(column: str) -> Figure:
        return dossier.cell(_TABLE, key, column)

    reason = cell("first_reason")
    rejected: Cell = "none" if reason.value is None else TITLES[str(reason.value)]
    return (
        cell("input") if key.endswith("_up") else "",
        cell("by_pct"), cell("headroom"), cell("headroom_change"), cell("senior_notional"),
        cell("senior_notional_change_pct"), cell("dscr_min"), cell("equity_irr"),
        cell("equity_irr_change"), cell("capex_coverage"), cell("capex_coverage_change_pct"),
        rejected,
    )  # fmt: skip
