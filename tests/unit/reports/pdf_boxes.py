"""Where the letters of a PDF stand: read from the content of its pages, without another program."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, NamedTuple

from pypdf import PageObject, PdfReader
from pypdf.generic import ContentStream

Matrix = tuple[float, float, float, float, float, float]
_ONE: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_DEPTH, _HEIGHT = 0.12, 0.66  # of most letters, in parts of their size


class Box(NamedTuple):
    """Letters shown at once, from their lower left to their upper right corner, in points."""

    page: int
    left: float
    low: float
    right: float
    high: float
    tilted: bool

    def covers(self, other: Box, least: float = 0.8) -> bool:
        """Whether letters of one stand on letters of the other, by more than a hair."""
        return (
            self.page == other.page
            and min(self.right, other.right) - max(self.left, other.left) > least
            and min(self.high, other.high) - max(self.low, other.low) > least
        )


def boxes_of(pdf: bytes) -> list[Box]:
    """Every piece of text of every page."""
    reader = PdfReader(io.BytesIO(pdf))
    return [
        box for number, page in enumerate(reader.pages, 1) for box in _on_page(page, number, reader)
    ]


def outside(pdf: bytes, margin: float) -> list[Box]:
    """Letters nearer to an edge than `margin`, at the left or right, or beyond the page."""
    reader = PdfReader(io.BytesIO(pdf))
    sizes = [(float(page.mediabox.width), float(page.mediabox.height)) for page in reader.pages]
    return [
        box
        for box in boxes_of(pdf)
        if box.left < margin - 0.5
        or box.right > sizes[box.page - 1][0] - margin + 0.5
        or box.low < 20
        or box.high > sizes[box.page - 1][1] - 15
    ]


def overlaps(pdf: bytes) -> list[tuple[Box, Box]]:
    """Level pieces of text that cover one another."""
    boxes = [box for box in boxes_of(pdf) if not box.tilted]
    return [
        (box, other)
        for place, box in enumerate(boxes)
        for other in boxes[place + 1 :]
        if box.page == other.page and box.covers(other)
    ]


def _on_page(page: PageObject, number: int, reader: PdfReader) -> Iterator[Box]:
    widths = {name: _widths(font.get_object()) for name, font in _fonts(page).items()}
    matrix, kept = _ONE, []
    line = text = _ONE
    font, size, leading, spacing = "", 0.0, 0.0, 0.0
    for operands, operator in ContentStream(page.get_contents(), reader).operations:
        match operator:
            case b"q":
                kept.append(matrix)
            case b"Q":
                matrix = kept.pop()
            case b"cm":
                matrix = _times(_numbers(operands), matrix)
            case b"BT":
                line = text = _ONE
            case b"Tm":
                line = text = _numbers(operands)
            case b"Td":
                line = text = _times((1, 0, 0, 1, *map(float, operands)), line)
            case b"T*":
                line = text = _times((1, 0, 0, 1, 0, -leading), line)
            case b"TL":
                leading = float(operands[0])
            case b"Tf":
                font, size = str(operands[0]), float(operands[1])
            case b"Tj":
                codes = operands[0].original_bytes
                length = sum(widths[font].get(code, 0.0) for code in codes) * size / 1000
                length += codes.count(b" ") * spacing
                if codes.strip():
                    yield _box(number, _times(text, matrix), length, size)
                text = _times((1, 0, 0, 1, length, 0), text)
            case b"Tw":
                spacing = float(operands[0])
            case b"TJ" | b"'" | b'"' | b"Tc" | b"Tz":
                raise NotImplementedError(operator)


def _fonts(page: PageObject) -> dict[str, Any]:
    return dict(page["/Resources"]["/Font"])  # type: ignore[index, call-overload]


def _widths(font: Any) -> dict[int, float]:
    first = int(font["/FirstChar"])
    return {first + place: float(width) for place, width in enumerate(font["/Widths"])}


def _box(page: int, matrix: Matrix, length: float, size: float) -> Box:
    corners = [
        _point(matrix, x, y)
        for x in (0.0, length)
        for y in (-_DEPTH * size, _HEIGHT * size)
    ]  # fmt: skip
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return Box(page, min(xs), min(ys), max(xs), max(ys), abs(matrix[1]) > 1e-6)


def _numbers(operands: list[Any]) -> Matrix:
    a, b, c, d, e, f = map(float, operands)
    return a, b, c, d, e, f


def _point(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _times(first: Any, then: Matrix) -> Matrix:
    a, b, c, d, e, f = map(float, first)
    x, y = _point(then, e, f)
    return (
        a * then[0] + b * then[2], a * then[1] + b * then[3],
        c * then[0] + d * then[2], c * then[1] + d * then[3], x, y,
    )  # fmt: skip
