"""The summary as a PDF: cover, funnel, constraints, debt against cost of capital, the best ones.

The bytes depend on the report alone: reportlab runs in its invariant mode and the date inside is
the run's.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    KeepTogether,
    NextPageTemplate,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from pipeline.reports.facts import Fact
from pipeline.reports.numbers import UNDEFINED, in_table, share, text_of
from pipeline.reports.pdf import charts, pages, structure_pages, theme
from pipeline.reports.pdf.blocks import (
    TEXT_WIDTH,
    cell,
    fact_table,
    head_cells,
    paragraph,
    paragraph_with_lead,
    section,
    striped,
)
from pipeline.reports.pdf.text import markup
from pipeline.reports.run import wording
from pipeline.reports.run.model import ReportModel

_TOP_WIDTHS = (
    21, 41, 39, 34, 35, 32, 34, 31, 32, 27, 33, 33, 32, 39, 32, 79,
)  # fmt: skip


def render(report: ReportModel) -> bytes:
    """The report as the bytes of a PDF."""
    buffer = io.BytesIO()
    document = BaseDocTemplate(
        buffer,
        pagesize=pages.UPRIGHT,
        title=f"{report.title}: structure search summary",
        author="Atlas Forge",
        subject=f"Run {report.run_id}",
        creator="Atlas Forge",
        lang="en",
        invariant=1,
    )
    frames = _frames(report)
    cover = _on_page(lambda canvas: pages.cover_band(canvas, frames))
    head = _on_page(lambda canvas: pages.running_head(canvas, frames, pages.UPRIGHT))
    cover_frame = pages.frame(pages.UPRIGHT, pages.BAND + 5 * mm)
    document.addPageTemplates(
        [
            PageTemplate("cover", [cover_frame], onPage=cover),
            PageTemplate("inner", [pages.frame(pages.UPRIGHT)], onPage=head),
        ]
    )
    document.build(_story(report), canvasmaker=pages.canvas_of(frames))
    return buffer.getvalue()


def _story(report: ReportModel) -> list[Flowable]:
    story: list[Flowable] = [NextPageTemplate("inner"), *_cover(report)]
    story += section("From all structures to the few", wording.FUNNEL)
    story.append(charts.funnel(report.funnel, TEXT_WIDTH))
    story += _constraints(report)
    story += _debt_against_cost(report)
    story += _top(report)
    story += _near_misses(report)
    if report.best:
        story += structure_pages.pages(report.best, report.currency)
    first, *others = (
        paragraph_with_lead(heading, text) for heading, text in wording.HOW_TO_READ.items()
    )
    story += [KeepTogether([*section("How to read this"), first]), *others]
    story += section("What is not modelled")
    listed = "; ".join(report.not_modelled)
    story.append(paragraph(f"{wording.NOT_MODELLED} {listed}.", theme.BODY))
    return story


def _cover(report: ReportModel) -> list[Flowable]:
    tiles = [_tile(fact, report.currency) for fact in report.key_figures]
    per_row = 4
    grid = Table(
        [tiles[i : i + per_row] for i in range(0, len(tiles), per_row)],
        colWidths=[TEXT_WIDTH / per_row] * per_row,
    )
    grid.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEABOVE", (0, 0), (-1, -1), 0.8, theme.LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 6),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 9),
            ]
        )
    )
    return [
        paragraph(report.answer, theme.LEAD),
        Spacer(1, 12),
        grid,
        *section("Tiers of the structures that passed both gates"),
        charts.tier_bar(report.tiers, TEXT_WIDTH),
        *section("What this run was"),
        fact_table(report.identity, report.currency),
        Spacer(1, 10),
        paragraph(wording.PURPOSE, theme.SMALL),
    ]


def _constraints(report: ReportModel) -> list[Flowable]:
    story = section("Top binding constraints", wording.CONSTRAINTS)
    if not report.reasons:
        return [*story, paragraph("Every structure passed both gates.", theme.BODY)]
    head = ("", "Constraint", "Gate", "Structures", "Of all", "")
    widths = [16, 236, 30, 62, 46]
    widths.append(TEXT_WIDTH - sum(widths))
    rows: list[list[Any]] = [head_cells(head, right={3, 4})]
    longest = report.reasons[0].share_pct
    for number, reason in enumerate(report.reasons, 1):
        name = f"<b>{markup(reason.name, bold=True)}</b><br/>{markup(reason.title)}"
        rows.append(
            [
                cell(str(number)),
                Paragraph(name, theme.CELL),
                cell(reason.gate),
                cell(f"{reason.rows:,}", right=True),
                cell(share(reason.share_pct), right=True),
                charts.bar(reason.share_pct, longest, widths[-1] - 14),
            ]
        )
    return [*story, striped(rows, widths)]


def _debt_against_cost(report: ReportModel) -> list[Flowable]:
    story = section("Senior debt against the cost of capital")
    if not report.points:
        return [*story, paragraph(wording.NO_SURVIVOR, theme.BODY)]
    shown, all_rows = len(report.points), report.survivors
    caption = wording.SCATTER.format(shown=f"{shown:,}", survivors=f"{all_rows:,}")
    chart = charts.scatter(report.points, report.currency, TEXT_WIDTH, 300)
    return [KeepTogether([*story, paragraph(caption, theme.SMALL), Spacer(1, 5), chart])]


def _top(report: ReportModel) -> list[Flowable]:
    count = len(report.top_rows)
    if count == 0:
        return [*section("The best structures"), paragraph(wording.NO_SURVIVOR, theme.BODY)]
    title = "The only survivor" if count == 1 else f"The {count} best structures"
    story = section(title, wording.TOP.format(currency=report.currency))
    left = {2, 3, len(report.top_headings) - 1}
    right = set(range(len(report.top_headings))) - left
    rows: list[list[Any]] = [head_cells([name for name, _ in report.top_headings], right)]
    rows += [
        [
            cell(in_table(value, unit), right=place in right)
            for place, (value, (_, unit)) in enumerate(zip(row, report.top_headings, strict=True))
        ]
        for row in report.top_rows
    ]
    factor = TEXT_WIDTH / sum(_TOP_WIDTHS)
    return [KeepTogether([*story, striped(rows, [width * factor for width in _TOP_WIDTHS])])]


def _near_misses(report: ReportModel) -> list[Flowable]:
    if not report.near_misses:
        return []
    story = section("What would fund the best that are short of capital", wording.NEAR_MISSES)
    names = list(report.near_misses[0].changes)
    head = ["Number", "Alike", "Covered", "With day one"]
    head += [wording.CHANGES[name] for name in names]
    right = set(range(len(head)))
    rows: list[list[Any]] = [head_cells(head, right)]
    for miss in report.near_misses:
        cells = [f"{miss.number:,}", f"{miss.alike:,}", text_of(miss.covered_pct, "percent")]
        cells.append(text_of(miss.with_day_one_pct, "percent"))
        for name, change in miss.changes.items():
            text = UNDEFINED if change is None else f"{change:+.2f} %"
            cells.append(f"{text}*" if name in miss.traded else text)
        rows.append([cell(text, right=True) for text in cells])
    return [KeepTogether([*story, striped(rows, [TEXT_WIDTH / len(head)] * len(head))])]


def _tile(fact: Fact, currency: str) -> list[Flowable]:
    return [
        paragraph(fact.label, theme.LABEL),
        paragraph(text_of(fact.value, fact.unit, currency), theme.FIGURE),
    ]


def _frames(report: ReportModel) -> pages.Frames:
    return pages.Frames(
        kicker=wording.KICKER,
        title=report.title,
        subtitle=report.subtitle,
        head_left=report.title,
        head_right="Structure search summary",
        foot=f"Run {report.run_id}",
        made_at=report.made_at,
    )


def _on_page(draw: Callable[[Canvas], None]) -> Callable[[Canvas, BaseDocTemplate], None]:
    def on_page(canvas: Canvas, _document: BaseDocTemplate) -> None:
        canvas.saveState()
        draw(canvas)
        canvas.restoreState()

    return on_page
