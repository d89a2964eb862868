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
from pipeline.reports.pdf.text import markup

TEXT_WIDTH = A4[0] - 2 * theme.MARGIN


def fact_table(facts: Sequence[Fact], currency: str) -> Table:
    """Labels and values in two columns, read down the left one first."""
    half = (len(facts) + 1) // 2
    pairs = [_fact_cells(fact, currency) for fact in facts]
    pairs += [[cell(""), cell("")]] * (2 * half - len(pairs))
    rows = [[*pairs[i], "", *pairs[i + half]] for i in range(half)]
    gap, label = 14, 92
    value = (TEXT_WIDTH - gap - 2 * label) / 2
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


def head_cells(names: Sequence[str], right: Collection[int]) -> list[Paragraph]:
    """Cells of a table's head; `right` are the places of the columns set to the right."""
    return [
        paragraph(name, theme.HEAD_RIGHT if place in right else theme.HEAD)
        for place, name in enumerate(names)
    ]


def cell(text: str, *, right: bool = False) -> Paragraph:
    """One cell of a table."""
    return paragraph(text, theme.CELL_RIGHT if right else theme.CELL)


def section(title: str, text: str | None = None) -> list[Flowable]:
    """The heading of a section, and what has to be known to read it."""
    story: list[Flowable] = [paragraph(title, theme.SECTION)]
    if text:
        style = ParagraphStyle("under-section", theme.SMALL, spaceAfter=6, keepWithNext=1)
        story.append(paragraph(text, style))
    return story


def paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    """Any text, whatever is in it, in a style."""
    return Paragraph(markup(text), style)


def paragraph_with_lead(heading: str, text: str) -> Paragraph:
    """A sentence after its subject in bold."""
    style = ParagraphStyle("entry", theme.BODY, fontSize=8, leading=10.8, spaceAfter=3)
    return Paragraph(f"<b>{markup(heading)}.</b> {markup(text)}.", style)
