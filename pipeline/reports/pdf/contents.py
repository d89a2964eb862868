"""Headings that the outline and the table of contents know, and that table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

from reportlab.platypus import ActionFlowable, BaseDocTemplate, Flowable

from pipeline.escape import visible
from pipeline.reports.pdf import theme
from pipeline.reports.pdf.blocks import paragraph
from pipeline.reports.pdf.fonts import REGULAR
from pipeline.reports.pdf.pages import NumberedCanvas

_NUMBER_ROOM: Final = 24.0
_ROW_GAP: Final = 3.4
_ONE_COLUMN: Final = 8  # headings at most
_GUTTER: Final = 18.0
_SIZE: Final = 9.2


class Entry(NamedTuple):
    """A heading: the key of its place, its text, and how deep it stands (from 1)."""

    key: str
    heading: str
    level: int


class Heading(Flowable):  # type: ignore[misc]  # reportlab ships no types
    """A heading that is a place to go to."""

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self._entry = entry
        style = theme.SECTION if entry.level == 1 else theme.SUBSECTION
        self._text = paragraph(entry.heading, style)
        self._style = style

    def wrap(self, room: float, height: float) -> tuple[float, float]:
        self.width, self.height = self._text.wrap(room, height)
        return self.width, self.height

    def getSpaceBefore(self) -> float:  # noqa: N802  # reportlab's name
        return float(self._style.spaceBefore)

    def getSpaceAfter(self) -> float:  # noqa: N802  # reportlab's name
        return float(self._style.spaceAfter)

    def draw(self) -> None:
        canvas: NumberedCanvas = self.canv
        _, top = canvas.absolutePosition(0, self.height)
        canvas.page_of[self._entry.key] = canvas.getPageNumber()
        canvas.later(partial(_mark, entry=self._entry, top=top))
        self._text.drawOn(canvas, 0, 0)


def _mark(canvas: NumberedCanvas, entry: Entry, top: float) -> None:
    canvas.bookmarkPage(entry.key, fit="XYZ", left=0, top=top + 8, zoom=0)
    canvas.addOutlineEntry(visible(entry.heading), entry.key, entry.level - 1, closed=False)


class LeaveCover(ActionFlowable):  # type: ignore[misc]  # reportlab ships no types
    """Goes on to the next page, unless the cover is behind already."""

    def __init__(self) -> None:
        super().__init__(())

    def apply(self, doc: BaseDocTemplate) -> None:
        if doc.page == 1:
            doc.handle_pageBreak()


class Contents(Flowable):  # type: ignore[misc]  # reportlab ships no types
    """Headings with the pages they are on, each a way to go there; many stand in two columns."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__()
        self._rows = [(each, paragraph(each.heading, theme.ENTRY)) for each in entries]
        self._columns = 1 if len(entries) <= _ONE_COLUMN else 2
        self._down = math.ceil(len(entries) / self._columns)
        self._room = 0.0
        self._heights: list[float] = []

    def wrap(self, room: float, height: float) -> tuple[float, float]:
        self.width = room
        self._room = (room - (self._columns - 1) * _GUTTER) / self._columns
        heights = [text.wrap(self._room - _NUMBER_ROOM, height)[1] for _, text in self._rows]
        self._heights = [max(heights[row :: self._down]) + _ROW_GAP for row in range(self._down)]
        self.height = sum(self._heights)
        return self.width, self.height

    def split(self, _room: float, height: float) -> list[Flowable]:
        entries = [entry for entry, _ in self._rows]
        kept, taken = 0, 0.0
        while kept < self._down and taken + self._heights[kept] <= height:
            taken += self._heights[kept]
            kept += 1
        count = kept * self._columns
        return [Contents(entries[:count]), Contents(entries[count:])] if 0 < kept else []

    def draw(self) -> None:
        canvas: NumberedCanvas = self.canv
        for number, (entry, text) in enumerate(self._rows):
            column, row = divmod(number, self._down)
            x = column * (self._room + _GUTTER)
            top = self.height - sum(self._heights[:row])
            room = self._heights[row]
            foot = top - room + _ROW_GAP / 2
            canvas.setStrokeColor(theme.LINE)
            canvas.setLineWidth(0.4)
            canvas.line(x, foot, x + self._room, foot)
            left, low = canvas.absolutePosition(x, foot)
            right, high = canvas.absolutePosition(x + self._room, top)
            area = (left, low, right, high)
            canvas.later(partial(_list, entry=entry, text=text, area=area))


def _list(
    canvas: NumberedCanvas, entry: Entry, text: Flowable, area: tuple[float, float, float, float]
) -> None:  # fmt: skip
    """Heading and page in one go, since that is the order in which programs read them."""
    text.drawOn(canvas, area[0], area[1] + _ROW_GAP / 2)
    canvas.setFont(REGULAR, _SIZE)
    canvas.setFillColor(theme.NAVY)
    canvas.drawRightString(area[2], area[1] + 5.3, str(canvas.page_of[entry.key]))
    canvas.linkRect("", entry.key, area, thickness=0)
