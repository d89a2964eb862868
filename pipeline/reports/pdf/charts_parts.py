"""What charts are drawn from: lines of text in any script, legends, shapes of one call each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from reportlab.graphics.shapes import Circle, Group, Line, PolyLine, Rect, String
from reportlab.lib.colors import Color, HexColor, white
from reportlab.pdfbase.pdfmetrics import stringWidth

from pipeline.reports import colours
from pipeline.reports.pdf.text import Run, fitted, lines_of, runs, width_of
from pipeline.reports.pdf.theme import INK

SIZE: Final = 7.5
LEADING: Final = 9.2
DASHES: Final = (3, 2)
_KEY: Final = 16.0  # width of the sample before a legend's name
_BETWEEN: Final = 14.0  # between two names of a legend
_LEGEND_ROW: Final = 11.0
Anchor = Literal["start", "middle", "end"]


class Key(NamedTuple):
    """An entry of a legend: how the thing it names is drawn."""

    name: str
    kind: Literal["line", "area"]
    colour: Color
    dashes: tuple[float, ...] | None = None


def series_colour(number: int) -> Color:
    """Colour of a series by its place."""
    return HexColor(colours.SERIES[number % len(colours.SERIES)])


def dashes_of(number: int, dashed: bool) -> tuple[float, ...] | None:
    """Dashes of a series; those that repeat a colour are dotted, so that each is its own."""
    if dashed:
        return DASHES
    return (1, 1.6) if number >= len(colours.SERIES) else None


def write(
    shape: Group, x: float, y: float, text: str, *, size: float = SIZE, colour: Color = INK,
    bold: bool = False, anchor: Anchor = "start",
) -> None:  # fmt: skip
    """A line of text, its foot at (x, y)."""
    write_runs(shape, x, y, runs(text, bold=bold), size=size, colour=colour, anchor=anchor)


def write_runs(
    shape: Group, x: float, y: float, pieces: Sequence[Run], *, size: float = SIZE,
    colour: Color = INK, anchor: Anchor = "start",
) -> None:  # fmt: skip
    """The same of text that is in its fonts already."""
    lengths = [float(stringWidth(text, font, size)) for font, text in pieces]
    x -= {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * sum(lengths)
    for (font, text), length in zip(pieces, lengths, strict=True):
        shape.add(String(x, y, text, fontName=font, fontSize=size, fillColor=colour))
        x += length


def write_lines(
    shape: Group, x: float, top: float, lines: Sequence[Sequence[Run]], *, size: float = SIZE,
    leading: float = LEADING, colour: Color = INK, anchor: Anchor = "start",
) -> None:  # fmt: skip
    """Lines of text under one another, the upper edge of the first at `top`."""
    for number, line in enumerate(lines):
        y = top - 0.8 * size - number * leading
        write_runs(shape, x, y, line, size=size, colour=colour, anchor=anchor)


def centred_lines(
    shape: Group, x: float, middle: float, lines: Sequence[Sequence[Run]], *,
    size: float = SIZE, leading: float = LEADING, colour: Color = INK, anchor: Anchor = "start",
) -> None:  # fmt: skip
    """The same around the height of `middle`."""
    top = middle + (len(lines) * leading - (leading - size)) / 2
    write_lines(shape, x, top, lines, size=size, leading=leading, colour=colour, anchor=anchor)


def broken(
    text: str, width: float, *, size: float = SIZE, bold: bool = False
) -> list[list[Run]]:  # fmt: skip
    """A text in lines of at most `width` points."""
    return lines_of(text, size, width, bold=bold)


def rule(
    shape: Group, x1: float, y1: float, x2: float, y2: float, colour: Color, *,
    width: float = 0.6, dashes: Sequence[float] | None = None,
) -> None:  # fmt: skip
    """A straight line."""
    shape.add(
        Line(x1, y1, x2, y2, strokeColor=colour, strokeWidth=width, strokeDashArray=dashes)
    )  # fmt: skip


def area(
    shape: Group, x: float, y: float, width: float, height: float, colour: Color, *,
    edge: Color | None = None, edge_width: float = 0.4, corner: float = 0.0,
) -> None:  # fmt: skip
    """A filled rectangle."""
    shape.add(
        Rect(x, y, width, height, fillColor=colour, strokeColor=edge, strokeWidth=edge_width,
             rx=corner, ry=corner)
    )  # fmt: skip


def path(
    shape: Group, points: Sequence[tuple[float, float]], colour: Color, *, width: float = 1.3,
    dashes: Sequence[float] | None = None,
) -> None:  # fmt: skip
    """A line through points; one point alone is a dot."""
    if len(points) == 1:
        dot(shape, *points[0], colour)
        return
    flat = [coordinate for point in points for coordinate in point]
    shape.add(
        PolyLine(flat, strokeColor=colour, strokeWidth=width, strokeDashArray=dashes,
                 strokeLineJoin=1)
    )  # fmt: skip


def dot(shape: Group, x: float, y: float, colour: Color, radius: float = 1.9) -> None:
    """A small circle."""
    shape.add(Circle(x, y, radius, fillColor=colour, strokeColor=white, strokeWidth=0.3))


def legend_rows(keys: Sequence[Key], width: float) -> list[list[tuple[float, Key]]]:
    """Entries with their places, in as many rows as they need."""
    rows: list[list[tuple[float, Key]]] = []
    x = width + 1.0
    for key in keys:
        name = fitted(key.name, SIZE, width - _KEY)
        length = _KEY + width_of(name, SIZE)
        if x + length > width:
            rows.append([])
            x = 0.0
        rows[-1].append((x, key._replace(name=name)))
        x += length + _BETWEEN
    return rows


def legend_height(keys: Sequence[Key], width: float) -> float:
    """What `legend` takes."""
    return _LEGEND_ROW * len(legend_rows(keys, width))


def legend(shape: Group, x: float, top: float, keys: Sequence[Key], width: float) -> None:
    """Samples and names, its upper edge at `top`."""
    for number, row in enumerate(legend_rows(keys, width)):
        y = top - number * _LEGEND_ROW - 8.0
        for offset, key in row:
            legend_entry(shape, x + offset, y, key)


def legend_entry(shape: Group, x: float, y: float, key: Key) -> float:
    """One entry with the foot of its name at `y`; the place of the next one."""
    if key.kind == "area":
        area(shape, x + 3, y - 0.6, 7, 7, key.colour)
    else:
        rule(shape, x, y + 2.6, x + 12, y + 2.6, key.colour, width=1.6, dashes=key.dashes)
    write(shape, x + _KEY, y, key.name)
    return x + _KEY + width_of(key.name, SIZE) + _BETWEEN
