"""Blocks of a document as what reportlab lays out, with the room each needs to begin on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reportlab.graphics.shapes import Drawing
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Flowable, Paragraph, Spacer, Table, TableStyle

from pipeline.reports.formats import answer_text, money_symbol, parts_of
from pipeline.reports.pack.document import (
    Blank,
    Block,
    Bullets,
    Cell,
    Diagram,
    Field,
    Fields,
    Figure,
    Grid,
    HeatMap,
    LineChart,
    Prose,
    StackedBars,
    Style,
    Tiles,
    TimePlan,
    Tornado,
    Verdicts,
)
from pipeline.reports.pack.undefined import undefined_notes
from pipeline.reports.pdf import grid, theme
from pipeline.reports.pdf.blocks import four_columns, paragraph
from pipeline.reports.pdf.charts_diagram import diagram
from pipeline.reports.pdf.charts_plan import time_plan
from pipeline.reports.pdf.charts_series import line_chart, stacked_bars
from pipeline.reports.pdf.charts_tornado import tornado
from pipeline.reports.pdf.fonts import BOLD
from pipeline.reports.pdf.text import is_turned, markup, width_of

NOTHING: Final = "There is nothing to draw: none of the figures is defined."
_AFTER: Final = 9.0  # points under each block
_TERMS: Final = 0.31  # of the width, for the labels of a term sheet
_TILES_A_ROW: Final = 4
_TILE_GAP: Final = 16.0
_SIDE: Final = 6.0
_LEAST_FIGURE: Final = 5.5  # points, of letters that have to fit a long amount
_PROSE: Final = {"body": theme.BODY, "lead": theme.LEAD, "small": theme.SMALL}
_WHOLE_UP_TO: Final = 0.3  # of a page: a table as high as this is not split
_FIRST_ROWS: Final = 4  # of a longer one that have to be on the page where it begins


@dataclass(frozen=True)
class Room:
    """Width of the text and height of a page, in points."""

    width: float
    height: float


@dataclass(frozen=True, eq=False)
class Piece:
    """A block laid out: `least` is the height it needs to begin on a page."""

    flowables: list[Flowable]
    least: float


class _Gap(Spacer):  # type: ignore[misc]  # reportlab ships no types
    """White under a block, which never goes over to a page of its own."""

    def __init__(self, height: float) -> None:
        super().__init__(1, height)

    def wrap(self, _room: float, height: float) -> tuple[float, float]:
        frame = getattr(self, "_frame", None)
        at_top = frame is not None and frame._atTop
        return self.width, 0.0 if at_top else min(self.height, height)


def piece_of(block: Block, style: Style, room: Room) -> Piece:
    """A block as flowables for a page of this room."""
    match block:
        case Fields():
            made = [_fields(block, style, room)] if block.fields else []
            return _titled(block.title, made, "", room)
        case Grid():
            made = grid.tables(block, style, room.width, room.height)
            return _titled(block.title, made, _caption_of(block, style), room)
        case Prose():
            made = [_prose(block.pieces, style, _PROSE[block.style])]
            return _titled("", made, "", room)
        case Bullets():
            items = [
                _prose(item, style, theme.BULLET, f"{number}." if block.numbered else "•")
                for number, item in enumerate(block.items, 1)
            ]
            return _titled("", items, "", room)
        case Tiles():
            made = [_tiles(block, style, room.width)] if block.fields else []
            return _titled("", made, "", room)
        case HeatMap():
            defined = any(not isinstance(cell, Figure) or cell.value is not None
                          for row in block.cells for cell in row)  # fmt: skip
            made = grid.heat_tables(block, style, room.width, room.height) if defined else []
            return _titled(block.title, made or [_nothing()], block.caption, room)
    return _titled(block.title, _drawn(block, style, room.width) or [_nothing()], block.caption,
                   room)  # fmt: skip


def _drawn(
    chart: LineChart | StackedBars | Tornado | Diagram | TimePlan, style: Style, width: float
) -> list[Drawing]:  # fmt: skip
    match chart:
        case LineChart():
            made = line_chart(chart, style, width)
        case StackedBars():
            made = stacked_bars(chart, style, width)
        case Tornado():
            made = tornado(chart, style, width)
        case Diagram():
            made = diagram(chart, style, width)
        case TimePlan():
            return time_plan(chart, style, width)
    return [] if made is None else [made]


def _nothing() -> Flowable:
    return paragraph(NOTHING, theme.SMALL)


def _titled(title: str, made: Sequence[Flowable], caption: str, room: Room) -> Piece:
    flowables: list[Flowable] = []
    least = 0.0
    if title:
        flowables.append(paragraph(title, theme.BLOCK_TITLE))
        least += _height(flowables[0], room)
    for number, each in enumerate(made):
        flowables.append(each)
        if number < len(made) - 1 and not isinstance(each, Paragraph):
            flowables.append(_Gap(_AFTER))
    if made:
        least += _least_of(made[0], room)
    if caption:
        flowables.append(paragraph(caption, theme.CAPTION))
        if len(made) == 1 and least < _WHOLE_UP_TO * room.height:
            least += _height(flowables[-1], room)
    flowables.append(_Gap(_AFTER))
    return Piece(flowables, min(least, room.height))


def _height(flowable: Flowable, room: Room) -> float:
    return float(flowable.wrap(room.width, room.height)[1]) + float(flowable.getSpaceAfter())


def _least_of(flowable: Flowable, room: Room) -> float:
    """All of a drawing or a short table; the first rows or lines of others."""
    height = _height(flowable, room)
    if isinstance(flowable, Drawing) or height <= _WHOLE_UP_TO * room.height:
        return height
    if isinstance(flowable, Table):
        return float(sum(flowable._rowHeights[:_FIRST_ROWS]))
    return min(height, 40.0)


# -- text -----------------------------------------------------------------------------------------
def _prose(
    cells: Sequence[Cell], style: Style, look: ParagraphStyle, bullet: str | None = None
) -> Flowable:  # fmt: skip
    """A paragraph with verdicts in their colour and blanks marked."""
    parts = parts_of(cells, style, notes=True)
    text = "".join(part for _, part in parts)
    if is_turned(text) or "\n" in text:
        return paragraph(text, look, bullet)
    return Paragraph("".join(_marked(*part, look) for part in parts), look, bulletText=bullet)


def _marked(cell: Cell, text: str, look: ParagraphStyle) -> str:
    lead = " " if text.startswith(" ") else ""
    match cell:
        case Verdicts():
            colour = theme.VERDICT_COLOURS[cell.verdict].hexval()[2:]
            inner = markup(text.strip(), bold=True)
            return f'{lead}<font name="{BOLD}" color="#{colour}">{inner}</font>'
        case Blank():
            ink, ground = theme.BLANK_INK.hexval()[2:], theme.BLANK_GROUND.hexval()[2:]
            inner = markup(text.strip())
            return f'{lead}<font color="#{ink}" backColor="#{ground}">{inner}</font>'
    return markup(text, bold=look.fontName == BOLD)


# -- labelled values ------------------------------------------------------------------------------
def _fields(block: Fields, style: Style, room: Room) -> Table:
    if not block.wide:
        value = (room.width - 14) / 2 - 95
        pairs = [
            [paragraph(each.label, theme.LABEL), *_answer(each, style, theme.CELL, value)[:1]]
            for each in block.fields
        ]
        return four_columns(pairs, room.width)
    label = _TERMS * room.width
    rows = [
        [
            paragraph(each.label, theme.TERM),
            _answer(each, style, theme.ANSWER, room.width - label - 2 * _SIDE),
        ]
        for each in block.fields
    ]
    table = Table(rows, colWidths=[label, room.width - label])
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEABOVE", (0, 0), (-1, 0), 0.8, theme.NAVY),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, theme.LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), _SIDE),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    return table


def _answer(field: Field, style: Style, look: ParagraphStyle, width: float) -> list[Flowable]:
    """The values of a field, and its note under them."""
    made = [_prose(field.values, style, _fitting(field.values, style, look, width))]
    if field.note:
        made.append(paragraph(field.note, theme.ANSWER_NOTE))
    return made


def _fitting(
    cells: Sequence[Cell], style: Style, look: ParagraphStyle, width: float
) -> ParagraphStyle:  # fmt: skip
    """The style, in smaller letters where a figure would not fit a line."""
    bold = look.fontName == BOLD
    longest = max(
        (
            width_of(text.strip(), look.fontSize, bold=bold)
            for cell, text in parts_of(cells, style)
            if isinstance(cell, Figure) and not isinstance(cell.value, str)
        ),
        default=0.0,
    )
    if longest <= width:
        return look
    size = max(_LEAST_FIGURE, look.fontSize * width / longest - 0.05)
    leading = look.leading * size / look.fontSize
    return ParagraphStyle("fitting", look, fontSize=size, leading=leading)


def _tiles(block: Tiles, style: Style, width: float) -> Table:
    count = min(_TILES_A_ROW, len(block.fields))
    each = width / count
    looks = [_tile_look(field, style, each - _TILE_GAP) for field in block.fields]
    smallest = min(looks, key=lambda look: look.fontSize)
    if smallest.fontSize >= theme.FIGURE_LONG.fontSize:
        looks = [smallest] * len(looks)  # alike where none gets too small by it
    cells = [_tile(field, style, look) for field, look in zip(block.fields, looks, strict=True)]
    cells += [[]] * (-len(cells) % count)
    rows = [cells[start : start + count] for start in range(0, len(cells), count)]
    table = Table(rows, colWidths=[each] * count)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEABOVE", (0, 0), (-1, -1), 0.8, theme.LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), _TILE_GAP),
                ("TOPPADDING", (0, 0), (-1, -1), 6),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
            ]
        )
    )
    return table


def _tile_look(field: Field, style: Style, width: float) -> ParagraphStyle:
    look = _fitting(field.values, style, theme.FIGURE, width)
    text = answer_text(field.values, style)
    if look is theme.FIGURE and width_of(text, look.fontSize, bold=True) > width:
        return theme.FIGURE_LONG
    return look


def _tile(field: Field, style: Style, look: ParagraphStyle) -> list[Flowable]:
    notes = [each.note for each in field.values if isinstance(each, Figure) and each.note]
    value = paragraph(answer_text(field.values, style), look)
    made = [
        paragraph(field.label, theme.LABEL),
        value if notes else _prose(field.values, style, look),
    ]
    made += [paragraph(note, theme.ANSWER_NOTE) for note in [field.note, *notes] if note]
    return made


def _caption_of(block: Grid, style: Style) -> str:
    """Its caption, the unit of millions where no heading says it, and why figures are undefined."""
    caption = block.caption
    if any(column.millions for column in block.columns):
        unit = f"{money_symbol(style)}m"
        said = " ".join([block.title, caption, *(column.title for column in block.columns)])
        if unit not in said and "million" not in said:
            caption = f"{caption} Amounts in {unit}.".strip()
    return f"{caption} {undefined_notes(block)}".strip()
