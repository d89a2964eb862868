"""What the pages of a PDF are set from: text, tables of facts, striped tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from reportlab.lib.colors import white
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Flowable, Paragraph, Table, TableStyle

from pipeline.reports.facts import Fact
from pipeline.reports.numbers import text_of
from pipeline.reports.pdf import theme
from pipeline.reports.pdf.fonts import BOLD
from pipeline.reports.pdf.text import is_turned, lines_of, markup, markup_of_runs

TEXT_WIDTH = A4[0] - 2 * theme.MARGIN
_ROUNDING = 0.01  # points, so that a line that just fits is not broken again


def fact_table(facts: Sequence[Fact], currency: str) -> Table:
    """Labels and values in two columns, read down the left one first."""
    return four_columns([_fact_cells(fact, currency) for fact in facts], TEXT_WIDTH)


def four_columns(pairs: Sequence[Sequence[Flowable]], width: float) -> Table:
    """Labels and values, two pairs a row, read down the left one first."""
    half = (len(pairs) + 1) // 2
    filled = [*pairs, *[[cell(""), cell("")]] * (2 * half - len(pairs))]
    rows = [[*filled[i], "", *filled[i + half]] for i in range(half)]
    gap, label = 14, 92 * width / TEXT_WIDTH
    value = (width - gap - 2 * label) / 2
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


def _fact_cells(fact: Fact, currency: str) -> list[Flowable]:
    text = text_of(fact.value, fact.unit, currency)
    if fact.value is None and fact.status:
        text = f"{text} ({fact.status.replace('_', ' ').lower()})"
    return [paragraph(fact.label, theme.LABEL), cell(text)]


def striped(rows: list[list[Any]], widths: Sequence[float]) -> Table:
    """A table with a dark head, repeated on every page, and pale every second row."""
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


def head_cells(names: Sequence[str], right: Collection[int]) -> list[Flowable]:
    """Cells of a table's head; `right` are the places of the columns set to the right."""
    return [
        paragraph(name, theme.HEAD_RIGHT if place in right else theme.HEAD)
        for place, name in enumerate(names)
    ]


def cell(text: str, *, right: bool = False) -> Flowable:
    """One cell of a table."""
    return paragraph(text, theme.CELL_RIGHT if right else theme.CELL)


def section(title: str, text: str | None = None) -> list[Flowable]:
    """The heading of a section, and what has to be known to read it."""
    story: list[Flowable] = [paragraph(title, theme.SECTION)]
    if text:
        style = ParagraphStyle("under-section", theme.SMALL, spaceAfter=6, keepWithNext=1)
        story.append(paragraph(text, style))
    return story


def paragraph(text: str, style: ParagraphStyle, bullet: str | None = None) -> Flowable:
    """Any text, whatever is in it, in a style; its line breaks are kept."""
    if is_turned(text):
        return _Turned(text, style, bullet)
    bold = style.fontName == BOLD
    lines = (markup(line, bold=bold) for line in text.split("\n"))
    return Paragraph("<br/>".join(lines), style, bulletText=bullet)


def paragraph_with_lead(heading: str, text: str) -> Paragraph:
    """A sentence after its subject in bold."""
    style = ParagraphStyle("entry", theme.BODY, fontSize=8, leading=10.8, spaceAfter=3)
    return Paragraph(f"<b>{markup(heading, bold=True)}.</b> {markup(text)}.", style)


class _Turned(Flowable):  # type: ignore[misc]  # reportlab ships no types
    """A paragraph with right-to-left letters: broken into lines first, each line then turned."""

    def __init__(self, text: str, style: ParagraphStyle, bullet: str | None) -> None:
        super().__init__()
        self._bullet = bullet
        self._text = text
        self._style = style
        self._set: Paragraph | None = None

    def wrap(self, room: float, height: float) -> tuple[float, float]:
        style = self._style
        bold = style.fontName == BOLD
        inner = room - style.leftIndent - style.rightIndent - _ROUNDING
        lines = [
            markup_of_runs(line, bold=bold)
            for part in self._text.split("\n")
            for line in lines_of(part, style.fontSize, inner, bold=bold)
        ]
        self._set = Paragraph("<br/>".join(lines), style, bulletText=self._bullet)
        self.width, self.height = self._set.wrap(room, height)
        return self.width, self.height

    def split(self, room: float, height: float) -> list[Flowable]:
        self.wrap(room, height)
        return list(self._set.split(room, height)) if self._set is not None else []

    def draw(self) -> None:
        if self._set is not None:
            self._set.drawOn(self.canv, 0, 0)

    def getSpaceBefore(self) -> float:  # noqa: N802  # reportlab's name
        return float(self._style.spaceBefore)

    def getSpaceAfter(self) -> float:  # noqa: N802  # reportlab's name
        return float(self._style.spaceAfter)

    def getKeepWithNext(self) -> int:  # noqa: N802  # reportlab's name
        return int(getattr(self._style, "keepWithNext", 0))
