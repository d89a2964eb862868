"""The summary as a PDF: cover, funnel, constraints, debt against cost of capital, the best ones.

The bytes depend on the report alone: reportlab runs in its invariant mode and the date inside is
the run's.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
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
from pipeline.reports.pdf import charts, structure_pages, theme
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
from pipeline.reports.pdf.text import REGULAR, markup, shortened
from pipeline.reports.run import wording
from pipeline.reports.run.model import ReportModel

_WIDTH, _HEIGHT = A4
_BAND = 66 * mm
_HEADER_LETTERS = 70
_TOP_WIDTHS = (
    21, 41, 39, 34, 35, 32, 34, 31, 32, 27, 33, 33, 32, 39, 32, 79,
)  # fmt: skip


def render(report: ReportModel) -> bytes:
    """The report as the bytes of a PDF."""
    buffer = io.BytesIO()
    document = BaseDocTemplate(
        buffer,
        pagesize=A4,
        title=f"{report.title}: structure search summary",
        author="Atlas Forge",
        subject=f"Run {report.run_id}",
        creator="Atlas Forge",
        lang="en",
        invariant=1,
    )
    low, side = 20 * mm, theme.MARGIN
    cover_frame = Frame(side, low, TEXT_WIDTH, _HEIGHT - low - _BAND - 5 * mm, 0, 0, 0, 0)
    frame = Frame(side, low, TEXT_WIDTH, _HEIGHT - low - 23 * mm, 0, 0, 0, 0)
    document.addPageTemplates(
        [
            PageTemplate("cover", [cover_frame], onPage=_on_page(report, _cover_band)),
            PageTemplate("inner", [frame], onPage=_on_page(report, _running_head)),
        ]
    )
    document.build(_story(report), canvasmaker=_canvas_of(report))
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
        name = f"<b>{markup(reason.name)}</b><br/>{markup(reason.title)}"
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


def _tile(fact: Fact, currency: str) -> list[Paragraph]:
    return [
        paragraph(fact.label, theme.LABEL),
        paragraph(text_of(fact.value, fact.unit, currency), theme.FIGURE),
    ]


def _on_page(
    report: ReportModel, draw: Callable[[Canvas, ReportModel], None]
) -> Callable[[Canvas, BaseDocTemplate], None]:
    def on_page(canvas: Canvas, _document: BaseDocTemplate) -> None:
        canvas.saveState()
        draw(canvas, report)
        canvas.restoreState()

    return on_page


def _cover_band(canvas: Canvas, report: ReportModel) -> None:
    canvas.setFillColor(theme.NAVY)
    canvas.rect(0, _HEIGHT - _BAND, _WIDTH, _BAND, stroke=0, fill=1)
    canvas.setFillColor(theme.ACCENT)
    canvas.rect(0, _HEIGHT - _BAND - 1.2 * mm, _WIDTH, 1.2 * mm, stroke=0, fill=1)
    top = _HEIGHT - 16 * mm
    top = _draw(canvas, paragraph(wording.KICKER, theme.COVER_KICKER), top) - 7 * mm
    title = shortened(report.title, 240)
    top = _draw(canvas, paragraph(title, theme.cover_title(len(title))), top) - 3 * mm
    _draw(canvas, paragraph(shortened(report.subtitle, 200), theme.COVER_SUBTITLE), top)


def _running_head(canvas: Canvas, report: ReportModel) -> None:
    title = paragraph(shortened(report.title, _HEADER_LETTERS), theme.SMALL)
    _draw(canvas, title, _HEIGHT - 11 * mm)
    canvas.setFont(REGULAR, 7.6)
    canvas.setFillColor(theme.GREY)
    canvas.drawRightString(_WIDTH - theme.MARGIN, _HEIGHT - 14 * mm, "Structure search summary")
    canvas.setStrokeColor(theme.ACCENT)
    canvas.setLineWidth(0.8)
    canvas.line(theme.MARGIN, _HEIGHT - 17 * mm, _WIDTH - theme.MARGIN, _HEIGHT - 17 * mm)


def _draw(canvas: Canvas, paragraph: Paragraph, top: float) -> float:
    """Draw a paragraph with its upper edge at `top`; return its lower edge."""
    _, height = paragraph.wrap(TEXT_WIDTH, _BAND)
    paragraph.drawOn(canvas, theme.MARGIN, top - height)
    return float(top - height)


def _canvas_of(report: ReportModel) -> type[Canvas]:
    """A canvas that knows the number of pages before it numbers them, and the run's date."""

    class NumberedCanvas(Canvas):  # type: ignore[misc]  # reportlab ships no types
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **{**options, "initialFontName": REGULAR})
            self._pages: list[dict[str, Any]] = []
            self.setDateFormatter(lambda *_: report.made_at.strftime("D:%Y%m%d%H%M%SZ"))

        def showPage(self) -> None:  # noqa: N802  # reportlab's name
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, 1):
                self.__dict__.update(page)
                self.setFont(REGULAR, 7.6)
                self.setFillColor(theme.GREY)
                self.drawString(theme.MARGIN, 11 * mm, f"Run {report.run_id}")
                self.drawRightString(
                    _WIDTH - theme.MARGIN, 11 * mm, f"Page {number} of {len(self._pages)}"
                )
                super().showPage()
            super().save()

    return NumberedCanvas
