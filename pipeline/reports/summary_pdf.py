"""The summary as a PDF: cover, funnel, constraints, debt against cost of capital, the best ones.

The bytes depend on the report alone: reportlab runs in its invariant mode and the date inside is
the run's.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

from reportlab.lib.colors import white
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
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

from pipeline.reports import charts, theme, wording
from pipeline.reports.model import Fact, ReportModel, Unit, Value
from pipeline.reports.numbers import share, text_of
from pipeline.reports.pdf_text import REGULAR, markup, shortened

_WIDTH, _HEIGHT = A4
_TEXT_WIDTH = _WIDTH - 2 * theme.MARGIN
_BAND = 66 * mm
_HEADER_LETTERS = 70
_MONEY_UNIT = 1e6  # tables say so in their heading


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
    cover_frame = Frame(side, low, _TEXT_WIDTH, _HEIGHT - low - _BAND - 5 * mm, 0, 0, 0, 0)
    frame = Frame(side, low, _TEXT_WIDTH, _HEIGHT - low - 23 * mm, 0, 0, 0, 0)
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
    story += _section("From all structures to the few", wording.FUNNEL)
    story.append(charts.funnel(report.funnel, _TEXT_WIDTH))
    story += _constraints(report)
    story += _debt_against_cost(report)
    story += _top(report)
    story += _best(report)
    entries = [_paragraph_with_lead(heading, text) for heading, text in wording.HOW_TO_READ.items()]
    story.append(KeepTogether([*_section("How to read this"), *entries]))
    story += _section("What is not modelled", wording.NOT_MODELLED)
    story.append(_paragraph("; ".join(report.not_modelled) + ".", theme.BODY))
    return story


def _cover(report: ReportModel) -> list[Flowable]:
    tiles = [_tile(fact, report.currency) for fact in report.key_figures]
    per_row = 4
    grid = Table(
        [tiles[i : i + per_row] for i in range(0, len(tiles), per_row)],
        colWidths=[_TEXT_WIDTH / per_row] * per_row,
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
        _paragraph(report.answer, theme.LEAD),
        Spacer(1, 12),
        grid,
        *_section("Tiers of the structures that passed both gates"),
        charts.tier_bar(report.tiers, _TEXT_WIDTH),
        *_section("What this run was"),
        _facts(report.identity, report.currency),
        Spacer(1, 10),
        _paragraph(wording.PURPOSE, theme.SMALL),
    ]


def _constraints(report: ReportModel) -> list[Flowable]:
    story = _section("Top binding constraints", wording.CONSTRAINTS)
    if not report.reasons:
        return [*story, _paragraph("Every structure passed both gates.", theme.BODY)]
    head = ("", "Constraint", "Gate", "Structures", "Of all", "")
    widths = [16, 236, 30, 62, 46]
    widths.append(_TEXT_WIDTH - sum(widths))
    rows: list[list[Any]] = [_head_cells(head, right={3, 4})]
    longest = report.reasons[0].share_pct
    for number, reason in enumerate(report.reasons, 1):
        name = f"<b>{markup(reason.name)}</b><br/>{markup(reason.title)}"
        rows.append(
            [
                _cell(str(number)),
                Paragraph(name, theme.CELL),
                _cell(reason.gate),
                _cell(f"{reason.rows:,}", right=True),
                _cell(share(reason.share_pct), right=True),
                charts.bar(reason.share_pct, longest, widths[-1] - 14),
            ]
        )
    return [*story, _striped(rows, widths)]


def _debt_against_cost(report: ReportModel) -> list[Flowable]:
    story = _section("Senior debt against the cost of capital")
    if not report.points:
        return [*story, _paragraph(wording.NO_SURVIVOR, theme.BODY)]
    shown, all_rows = len(report.points), report.survivors
    caption = wording.SCATTER.format(shown=f"{shown:,}", survivors=f"{all_rows:,}")
    chart = charts.scatter(report.points, report.currency, _TEXT_WIDTH, 300)
    return [KeepTogether([*story, _paragraph(caption, theme.SMALL), Spacer(1, 5), chart])]


def _top(report: ReportModel) -> list[Flowable]:
    count = len(report.top_rows)
    if count == 0:
        return [*_section("The best structures"), _paragraph(wording.NO_SURVIVOR, theme.BODY)]
    title = "The only survivor" if count == 1 else f"The {count} best structures"
    story = _section(title, wording.TOP.format(currency=report.currency))
    left = {2, 3, len(report.top_headings) - 1}
    right = set(range(len(report.top_headings))) - left
    rows: list[list[Any]] = [_head_cells([name for name, _ in report.top_headings], right)]
    rows += [
        [
            _cell(_in_table(value, unit), right=place in right)
            for place, (value, (_, unit)) in enumerate(zip(row, report.top_headings, strict=True))
        ]
        for row in report.top_rows
    ]
    widths = [23.0, 46.0, 40.0, 32.0, 36.0, 32.0, 36.0, 40.0, 31.0, 26.0, 40.0, 42.0, 31.0, 58.0]
    factor = _TEXT_WIDTH / sum(widths)
    return [KeepTogether([*story, _striped(rows, [width * factor for width in widths])])]


def _best(report: ReportModel) -> list[Flowable]:
    if not report.best:
        return []
    return [
        KeepTogether(
            [
                *_section("The best structure: figures", wording.BEST),
                _facts(report.best, report.currency),
            ]
        ),
        KeepTogether(
            [
                *_section("The best structure: lever settings", wording.LEVERS),
                _facts(report.best_levers, report.currency),
            ]
        ),
    ]


def _facts(facts: Sequence[Fact], currency: str) -> Table:
    """Labels and values in two columns, read down the left one first."""
    half = (len(facts) + 1) // 2
    pairs = [_fact_cells(fact, currency) for fact in facts]
    pairs += [[_cell(""), _cell("")]] * (2 * half - len(pairs))
    rows = [[*pairs[i], "", *pairs[i + half]] for i in range(half)]
    gap, label = 14, 92
    value = (_TEXT_WIDTH - gap - 2 * label) / 2
    table = Table(rows, colWidths=[label, value, gap, label, value])
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (1, -1), 0.4, theme.LINE),
                ("LINEBELOW", (3, 0), (4, -1), 0.4, theme.LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 3),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
            ]
        )
    )
    return table


def _fact_cells(fact: Fact, currency: str) -> list[Paragraph]:
    text = text_of(fact.value, fact.unit, currency)
    if fact.value is None and fact.status:
        text = f"{text} ({fact.status.replace('_', ' ').lower()})"
    return [_paragraph(fact.label, theme.LABEL), _cell(text)]


def _tile(fact: Fact, currency: str) -> list[Paragraph]:
    return [
        _paragraph(fact.label, theme.LABEL),
        _paragraph(text_of(fact.value, fact.unit, currency), theme.FIGURE),
    ]


def _in_table(value: Value, unit: Unit) -> str:
    """A figure of the top table: money in millions, units said in the heading or caption."""
    if unit == "money" and isinstance(value, (int, float)):
        return f"{value / _MONEY_UNIT:,.1f}"
    if unit == "years" and isinstance(value, (int, float)):
        return f"{value:.1f}"
    return text_of(value, unit)


def _striped(rows: list[list[Any]], widths: Sequence[float]) -> Table:
    table = Table(rows, colWidths=list(widths), repeatRows=1)
    style = [
        ("BACKGROUND", (0, 0), (-1, 0), theme.NAVY),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("LEFTPADDING", (0, 0), (-1, -1), 4),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
        ("LINEBELOW", (0, 1), (-1, -1), 0.3, theme.LINE),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [white, theme.PALE]),
    ]
    table.setStyle(TableStyle(style))
    return table


def _head_cells(names: Sequence[str], right: set[int]) -> list[Paragraph]:
    return [
        _paragraph(name, theme.HEAD_RIGHT if place in right else theme.HEAD)
        for place, name in enumerate(names)
    ]


def _cell(text: str, *, right: bool = False) -> Paragraph:
    return _paragraph(text, theme.CELL_RIGHT if right else theme.CELL)


def _section(title: str, text: str | None = None) -> list[Flowable]:
    story: list[Flowable] = [_paragraph(title, theme.SECTION)]
    if text:
        style = ParagraphStyle("under-section", theme.SMALL, spaceAfter=6, keepWithNext=1)
        story.append(_paragraph(text, style))
    return story


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(markup(text), style)


def _paragraph_with_lead(heading: str, text: str) -> Paragraph:
    style = ParagraphStyle("entry", theme.BODY, spaceAfter=4)
    return Paragraph(f"<b>{markup(heading)}.</b> {markup(text)}.", style)


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
    top = _draw(canvas, _paragraph(wording.KICKER, theme.COVER_KICKER), top) - 7 * mm
    title = shortened(report.title, 240)
    top = _draw(canvas, _paragraph(title, theme.cover_title(len(title))), top) - 3 * mm
    _draw(canvas, _paragraph(shortened(report.subtitle, 200), theme.COVER_SUBTITLE), top)


def _running_head(canvas: Canvas, report: ReportModel) -> None:
    title = _paragraph(shortened(report.title, _HEADER_LETTERS), theme.SMALL)
    _draw(canvas, title, _HEIGHT - 11 * mm)
    canvas.setFont(REGULAR, 7.6)
    canvas.setFillColor(theme.GREY)
    canvas.drawRightString(_WIDTH - theme.MARGIN, _HEIGHT - 14 * mm, "Structure search summary")
    canvas.setStrokeColor(theme.ACCENT)
    canvas.setLineWidth(0.8)
    canvas.line(theme.MARGIN, _HEIGHT - 17 * mm, _WIDTH - theme.MARGIN, _HEIGHT - 17 * mm)


def _draw(canvas: Canvas, paragraph: Paragraph, top: float) -> float:
    """Draw a paragraph with its upper edge at `top`; return its lower edge."""
    _, height = paragraph.wrap(_TEXT_WIDTH, _BAND)
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
