"""A document of the pack as a PDF: cover, contents, sections, pages turned for wide tables.

The bytes depend on the document alone: reportlab runs in its invariant mode and the date inside is
the run's.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Final

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
)

from pipeline.escape import visible
from pipeline.reports.pack.document import (
    Block,
    Bullets,
    Document,
    Fields,
    Grid,
    HeatMap,
    Prose,
    Section,
    Style,
    Tiles,
)
from pipeline.reports.pdf import grid, pages, theme
from pipeline.reports.pdf.blocks import paragraph
from pipeline.reports.pdf.contents import Contents, Entry, Heading, LeaveCover
from pipeline.reports.pdf.pieces import Room, piece_of

_MAKER: Final = "Atlas Forge"
_CONTENTS: Final = "Contents"
_SHORT: Final = 3  # pages of a document that needs no table of contents
_BEFORE_TEXT: Final = 5 * mm  # under the band of the cover
_MOST_HELD: Final = 0.2  # of a page, of paragraphs that wait for what they lead to
_TEXTS: Final = (Prose, Bullets, Tiles, Fields)


def render(document: Document) -> bytes:
    """The document as the bytes of a PDF."""
    made, count = _built(document, with_contents=len(document.sections) > 1)
    if count <= _SHORT:
        made, _ = _built(document, with_contents=False)
    return made


def _built(document: Document, *, with_contents: bool) -> tuple[bytes, int]:
    """The bytes, and how many pages they are."""
    frames = _frames_of(document)
    buffer = io.BytesIO()
    template = BaseDocTemplate(
        buffer,
        pagesize=pages.UPRIGHT,
        title=visible(f"{document.title} – {document.project}"),
        author="Atlas Forge",
        subject=visible(frames.foot),
        creator="Atlas Forge",
        lang="en",
        invariant=1,
    )
    cover = _on_page(lambda canvas: pages.cover_band(canvas, frames))
    upright = _on_page(lambda canvas: pages.running_head(canvas, frames, pages.UPRIGHT))
    turned = _on_page(lambda canvas: pages.running_head(canvas, frames, pages.TURNED))
    top = pages.BAND + _BEFORE_TEXT
    template.addPageTemplates(
        [
            PageTemplate("cover", [pages.frame(pages.UPRIGHT, top)], onPage=cover),
            PageTemplate("upright", [pages.frame(pages.UPRIGHT)], onPage=upright),
            PageTemplate(
                "turned", [pages.frame(pages.TURNED)], onPage=turned, pagesize=pages.TURNED
            ),
        ]
    )
    story = _Story(document).flowables(with_contents=with_contents)
    template.build(story, canvasmaker=pages.canvas_of(frames))
    return buffer.getvalue(), template.page


def _frames_of(document: Document) -> pages.Frames:
    foot = f"Run {document.run_id}"
    if document.subtitle:
        foot += f" · {document.subtitle}"
    return pages.Frames(
        kicker=" · ".join(dict.fromkeys((_MAKER, document.series, document.title))).upper(),
        title=document.project,
        subtitle=f"{document.title} · {document.subtitle}" if document.subtitle else document.title,
        head_left=document.project,
        head_right=document.title,
        foot=foot,
        made_at=document.made_at,
    )


def _on_page(draw: Callable[[Canvas], None]) -> Callable[[Canvas, BaseDocTemplate], None]:
    def on_page(canvas: Canvas, _document: BaseDocTemplate) -> None:
        canvas.saveState()
        draw(canvas)
        canvas.restoreState()

    return on_page


def _room_of(size: tuple[float, float], top: float = pages.TOP) -> Room:
    return Room(size[0] - 2 * theme.MARGIN, size[1] - pages.LOW - top)


class _Story:
    """Puts blocks after one another and turns pages where a table needs it."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._made: list[Flowable] = []
        self._held: list[Flowable] = []
        self._held_height = 0.0
        self._turned = False
        self._after_contents = False
        self._entries = [
            Entry(f"section-{number}", section.heading, 1 if section.level <= 1 else 2)
            for number, section in enumerate(document.sections)
        ]

    def flowables(self, *, with_contents: bool) -> list[Flowable]:
        """The whole document in order."""
        self._made = [NextPageTemplate("upright")]
        for block in self._document.summary:
            self._add(block)
        self._let_go()
        if with_contents:
            self._add_contents()
        for section, entry in zip(self._document.sections, self._outline(), strict=True):
            self._add_section(section, entry)
        return self._made

    def _outline(self) -> list[Entry]:
        """Entries with levels that never skip one, as an outline needs them."""
        made: list[Entry] = []
        for entry in self._entries:
            made.append(entry if made else entry._replace(level=1))
        return made

    def _add_contents(self) -> None:
        listed = [each for each in self._outline() if each.level == 1]
        self._made.append(CondPageBreak(60))
        self._made.append(paragraph(_CONTENTS, theme.SECTION))
        self._made.append(Contents(listed))
        self._after_contents = True

    def _add_section(self, section: Section, entry: Entry) -> None:
        turned = self._begins_turned(section.blocks)
        if self._after_contents and not turned:
            self._made.append(LeaveCover())
        else:
            self._page(turned=turned, fresh=section.new_page)
        self._after_contents = False
        heading = Heading(entry)
        self._hold([heading], heading.getSpaceBefore() + heading.getSpaceAfter())
        for number, block in enumerate(section.blocks):
            if number and not self._turned and self._is_wide(block):
                self._page(turned=True, fresh=True)
            self._add(block)
        self._let_go()

    def _add(self, block: Block) -> None:
        """A block, on a new page where its beginning would not fit together with what leads to it.

        A paragraph leads to the block after it, as a heading does.
        """
        piece = piece_of(block, self._document.style, self._room())
        if isinstance(block, Prose) and self._held_height < _MOST_HELD * self._room().height:
            self._hold(piece.flowables)
            return
        self._let_go(piece.least)
        self._made += piece.flowables

    def _hold(self, flowables: list[Flowable], space: float = 0.0) -> None:
        room = self._room()
        self._held += flowables
        self._held_height += space
        self._held_height += sum(each.wrap(room.width, room.height)[1] for each in flowables)

    def _let_go(self, least: float = 0.0) -> None:
        """What is held, on a page that has room for it and for `least` points more."""
        if self._held or least:
            needed = min(self._held_height + least, self._room().height)
            self._made += [CondPageBreak(needed), *self._held]
        self._held = []
        self._held_height = 0.0

    def _page(self, *, turned: bool, fresh: bool) -> None:
        if turned == self._turned and not fresh:
            return
        self._let_go()
        self._turned = turned
        self._made.append(NextPageTemplate("turned" if turned else "upright"))
        self._made.append(PageBreak())

    def _room(self) -> Room:
        return _room_of(pages.TURNED if self._turned else pages.UPRIGHT)

    def _begins_turned(self, blocks: Sequence[Block]) -> bool:
        """Whether the first block that is no text needs a turned page: the text goes with it."""
        for block in blocks:
            if not isinstance(block, _TEXTS):
                return self._is_wide(block)
        return False

    def _is_wide(self, block: Block) -> bool:
        return is_wide(block, self._document.style, _room_of(pages.UPRIGHT).width)


def is_wide(block: Block, style: Style, width: float) -> bool:
    """Whether a table needs a turned page: it asks for one, or would be too small to read.

    One that asks and fits an upright page with no line broken stays, so that pages are full.
    """
    if isinstance(block, HeatMap):
        size = grid.least_heat_size(block, style, width)
    elif isinstance(block, Grid):
        if block.landscape:
            return not grid.is_unbroken(block, style, width)
        size = grid.least_size(block, style, width)
    else:
        return False
    return size is None or size < grid.LEAST_UPRIGHT
