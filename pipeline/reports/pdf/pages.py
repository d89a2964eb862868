"""The frame of every page: cover band, running head, footer with the number of pages, outline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Frame

from pipeline.reports.pdf import theme
from pipeline.reports.pdf.blocks import paragraph
from pipeline.reports.pdf.fonts import REGULAR
from pipeline.reports.pdf.text import fitted, runs, shortened, width_of

UPRIGHT: Final = A4
TURNED: Final = landscape(A4)
BAND: Final = 66 * mm  # height of the cover's band
LOW, TOP = 20 * mm, 23 * mm  # what footer and running head take
_HEAD_RIGHT: Final = 0.4  # of the width, at most
_EDGE_GAP: Final = 14.0
_EDGE_SIZE: Final = 7.6


@dataclass(frozen=True)
class Frames:
    """What stands on every page of a document."""

    kicker: str
    title: str
    subtitle: str
    head_left: str
    head_right: str
    foot: str
    made_at: datetime


def frame(size: tuple[float, float], top: float = TOP) -> Frame:
    """Where the text of a page goes, `top` points from its upper edge."""
    width, height = size
    room = width - 2 * theme.MARGIN
    return Frame(theme.MARGIN, LOW, room, height - LOW - top, 0, 0, 0, 0)


def cover_band(canvas: Canvas, frames: Frames) -> None:
    """The dark band of the first page with the title."""
    width, height = UPRIGHT
    canvas.setFillColor(theme.NAVY)
    canvas.rect(0, height - BAND, width, BAND, stroke=0, fill=1)
    canvas.setFillColor(theme.ACCENT)
    canvas.rect(0, height - BAND - 1.2 * mm, width, 1.2 * mm, stroke=0, fill=1)
    room = width - 2 * theme.MARGIN
    top = height - 16 * mm
    top = _draw(canvas, paragraph(frames.kicker, theme.COVER_KICKER), top, room) - 7 * mm
    under = paragraph(shortened(frames.subtitle, 200), theme.COVER_SUBTITLE)
    left = top - (height - BAND) - 3 * mm - under.wrap(room, BAND)[1] - 4 * mm
    top = _draw(canvas, _title(shortened(frames.title, 240), room, left), top, room) - 3 * mm
    _draw(canvas, under, top, room)


def _title(text: str, room: float, height: float) -> Flowable:
    """The title in the largest letters that fit; beyond the smallest it is cut."""
    for size in theme.COVER_SIZES:
        style = theme.cover_title(size)
        made = paragraph(text, style)
        if made.wrap(room, height)[1] <= height:
            break
    while made.wrap(room, height)[1] > height and len(text) > 1:
        text = shortened(text, len(text) * 3 // 4)
        made = paragraph(text, style)
    return made


def running_head(canvas: Canvas, frames: Frames, size: tuple[float, float]) -> None:
    """The line on top of every other page."""
    width, height = size
    room = width - 2 * theme.MARGIN
    right = fitted(frames.head_right, _EDGE_SIZE, _HEAD_RIGHT * room)
    length = width_of(right, _EDGE_SIZE)
    left = fitted(frames.head_left, _EDGE_SIZE, room - length - _EDGE_GAP)
    _draw_line(canvas, theme.MARGIN, height - 14 * mm, left)
    _draw_line(canvas, width - theme.MARGIN - length, height - 14 * mm, right)
    canvas.setStrokeColor(theme.ACCENT)
    canvas.setLineWidth(0.8)
    canvas.line(theme.MARGIN, height - 17 * mm, width - theme.MARGIN, height - 17 * mm)


def _draw(canvas: Canvas, text: Flowable, top: float, room: float) -> float:
    """Draw a paragraph with its upper edge at `top`; return its lower edge."""
    _, height = text.wrap(room, BAND)
    text.drawOn(canvas, theme.MARGIN, top - height)
    return float(top - height)


def _draw_line(canvas: Canvas, x: float, y: float, text: str) -> None:
    """A line in the letters of the page's edges, from `x` on."""
    canvas.setFillColor(theme.GREY)
    for font, letters in runs(text):
        canvas.setFont(font, _EDGE_SIZE)
        canvas.drawString(x, y, letters)
        x += canvas.stringWidth(letters, font, _EDGE_SIZE)


class NumberedCanvas(Canvas):  # type: ignore[misc]  # reportlab ships no types
    """A canvas that knows how many pages there are before it finishes the first.

    `later` puts off what has to know the pages of others, such as numbers of a table of contents;
    `page_of` gives them by the key of a heading.
    """

    frames: Frames  # set by the classes of `canvas_of`

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{**options, "initialFontName": REGULAR})
        self._pages: list[dict[str, Any]] = []
        self._later: list[Callable[[NumberedCanvas], None]] = []
        self.page_of: dict[str, int] = {}
        self.setDateFormatter(lambda *_: self.frames.made_at.strftime("D:%Y%m%d%H%M%SZ"))
        self.setViewerPreference("DisplayDocTitle", "true")

    def later(self, draw: Callable[[NumberedCanvas], None]) -> None:
        """Draw on this page once all are laid out."""
        self._later.append(draw)

    def showPage(self) -> None:  # noqa: N802  # reportlab's name
        self._pages.append(dict(self.__dict__))
        self._startPage()
        self._later = []

    def save(self) -> None:
        for number, page in enumerate(self._pages, 1):
            self.__dict__.update(page)
            for draw in self._later:
                draw(self)
            told = f"Page {number} of {len(self._pages)}"
            right = self._pagesize[0] - theme.MARGIN - width_of(told, _EDGE_SIZE)
            foot = fitted(self.frames.foot, _EDGE_SIZE, right - theme.MARGIN - _EDGE_GAP)
            _draw_line(self, theme.MARGIN, 11 * mm, foot)
            _draw_line(self, right, 11 * mm, told)
            super().showPage()
        super().save()


def canvas_of(frames: Frames) -> type[NumberedCanvas]:
    """The canvas of a document, as reportlab asks for it: a class."""
    return type("FramedCanvas", (NumberedCanvas,), {"frames": frames})
