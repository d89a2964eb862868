"""The pages of one structure: figures, settings, day-one value, sources and uses, stresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reportlab.platypus import Flowable, KeepTogether, Spacer, Table, TableStyle

from pipeline.reports.facts import Unit, Value
from pipeline.reports.numbers import amount, in_table
from pipeline.reports.pdf import theme
from pipeline.reports.pdf.blocks import (
    TEXT_WIDTH,
    cell,
    fact_table,
    head_cells,
    paragraph,
    section,
    striped,
)
from pipeline.reports.run import wording
from pipeline.reports.run.structure import Part, Scenario, StructureReport

_GAP = 14
_HALF = (TEXT_WIDTH - _GAP) / 2
_SCENARIO_HEADS = (
    "Scenario", "DSCR, least", "DSCR, mean", "Worst month", "Months under 1.0x", "Equity IRR %",
    "Rating", "Passes",
)  # fmt: skip
_SCENARIO_WIDTHS = (166.0, 46.0, 46.0, 46.0, 58.0, 50.0, 44.0, 44.0)


def pages(best: StructureReport, currency: str) -> list[Flowable]:
    """Everything about the structure, as flowables that keep their tables whole."""
    title = wording.BEST_TITLE.format(number=f"{best.number:,}")
    figures = [
        *section(title, wording.BEST.format(tier=best.tier, rank=f"{best.rank:,}")),
        fact_table(best.figures, currency),
    ]
    if best.warnings:
        listed = ", ".join(wording.WARNINGS.get(name, name) for name in best.warnings)
        figures += [Spacer(1, 6), paragraph(f"Warnings: {listed}.", theme.SMALL)]
    return [
        KeepTogether(figures),
        KeepTogether(_levers(best, currency)),
        KeepTogether(_money(best, currency)),
        KeepTogether(_stresses(best)),
    ]


def _levers(best: StructureReport, currency: str) -> list[Flowable]:
    if not best.levers:
        return [*section("Its lever settings"), paragraph(wording.NO_LEVERS, theme.BODY)]
    return [*section("Its lever settings", wording.LEVERS), fact_table(best.levers, currency)]


def _money(best: StructureReport, currency: str) -> list[Flowable]:
    left = _sum("Day-one value", best.day_one, "Of financing")
    right = [
        _sum("Sources at close", best.sources, "Of uses"),
        Spacer(1, 8),
        _sum("Uses at close", best.uses, "Of uses"),
    ]
    table = Table([[left, "", right]], colWidths=[_HALF, _GAP, _HALF])
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 0),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
            ]
        )
    )
    caption = wording.MONEY.format(currency=currency)
    return [*section("Its day-one value, sources and uses", caption), table]


def _sum(title: str, parts: Sequence[Part], of: str) -> Table:
    """Parts and, ruled off, their total."""
    rows: list[list[Any]] = [head_cells((title, "Amount", of), right={1, 2})]
    for part in parts:
        texts = (part.label, amount(part.amount), in_table(part.share_pct, "percent") + " %")
        if part.share_pct is None:
            texts = (part.label, amount(part.amount), "")
        rows.append([cell(text, right=place > 0) for place, text in enumerate(texts)])
    table = striped(rows, (_HALF - 132, 78, 54))
    table.setStyle(TableStyle([("LINEABOVE", (0, -1), (-1, -1), 0.9, theme.NAVY)]))
    return table


def _stresses(best: StructureReport) -> list[Flowable]:
    caption = wording.STRESSES.format(passed=best.stresses_passed, stresses=best.stresses)
    right = {1, 2, 3, 4, 5}
    rows: list[list[Any]] = [head_cells(_SCENARIO_HEADS, right)]
    groups: list[str] = []
    for scenario in best.scenarios:
        groups.append(scenario.group)
        rows.append(_scenario_cells(scenario, right))
    table = striped(
        rows, [width * TEXT_WIDTH / sum(_SCENARIO_WIDTHS) for width in _SCENARIO_WIDTHS]
    )
    new_group = [row for row in range(1, len(groups)) if groups[row] != groups[row - 1]]
    table.setStyle(
        TableStyle(
            [("LINEABOVE", (0, row + 1), (-1, row + 1), 0.9, theme.NAVY) for row in new_group]
        )
    )
    return [*section("Its variants and stresses", caption), table]


def _scenario_cells(scenario: Scenario, right: set[int]) -> list[Flowable]:
    values: tuple[tuple[Value, Unit], ...] = (
        (scenario.label, "text"),
        (scenario.dscr_min, "times"),
        (scenario.dscr_avg, "times"),
        (scenario.worst_month, "count"),
        (scenario.months_under_1, "count"),
        (scenario.equity_irr, "percent"),
        (scenario.rating, "text"),
    )
    cells = [
        cell("" if value is None else in_table(value, unit), right=place in right)
        for place, (value, unit) in enumerate(values)
    ]
    verdict = {None: "", True: "yes", False: "no"}[scenario.passed]
    style = theme.CELL_FAILED if scenario.passed is False else theme.CELL
    return [*cells, paragraph(verdict, style)]
