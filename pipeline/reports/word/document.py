"""A document of the pack in Word, to be filled in and negotiated.

Word has no vector drawing here that every program shows alike: a chart stands as its figures in a
table, with its title and caption. Headings make the navigation pane and the list of contents;
blanks are fields to type over. The same document gives the same bytes.
"""

from __future__ import annotations

import io
from typing import Final

import docx
from docx.document import Document as WordDocument
from docx.enum.section import WD_SECTION
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

from pipeline.reports.formats import date_text
from pipeline.reports.pack.chart_tables import tables_of
from pipeline.reports.pack.document import (
    Block,
    Bullets,
    Chart,
    Document,
    Fields,
    Grid,
    HeatMap,
    Prose,
    Section,
    Tiles,
)
from pipeline.reports.pack.undefined import undefined_notes
from pipeline.reports.word.package import settled
from pipeline.reports.word.runs import plain, styled, turn, turned, write_cells, write_text
from pipeline.reports.word.styles import orient, prepare, text_width_mm
from pipeline.reports.word.tables import Shades, write_fields, write_grid, write_tiles

_PROSE: Final = {"body": "Normal", "lead": "Lead", "small": "Small"}
_LISTED: Final = 3  # so many sections have a list of contents


def render(document: Document) -> bytes:
    """The document as a .docx file. Raises ValueError for a figure that is no number."""
    word = docx.Document()
    prepare(word, document)
    _Writer(word, document).write()
    buffer = io.BytesIO()
    word.save(buffer)
    return settled(buffer.getvalue(), document.made_at)


class _Writer:
    """Writes sections one after another and knows which way the page lies."""

    def __init__(self, word: WordDocument, document: Document) -> None:
        self._word, self._document, self._style = word, document, document.style
        self._landscape = False

    @property
    def _width(self) -> float:
        return text_width_mm(landscape=self._landscape)

    def write(self) -> None:
        """The whole document."""
        document = self._document
        self._paragraph("Kicker", document.project)
        self._paragraph("Title", document.title)
        if document.subtitle:
            self._paragraph("Subtitle", document.subtitle)
        made = date_text(document.made_at.date(), self._style)
        self._paragraph("Small", f"Run {document.run_id}, made {made}")
        for block in document.summary:
            self._block(block)
        if sum(each.level == 1 for each in document.sections) >= _LISTED:
            self._contents()
        for number, section in enumerate(document.sections, 1):
            self._section(section, number)

    def _contents(self) -> None:
        """A list of the sections with links within the document, as Word itself makes it."""
        self._paragraph("Heading 3", "Contents")
        listed = [
            (number, section.heading)
            for number, section in enumerate(self._document.sections, 1)
            if section.level == 1
        ]
        for place, (number, heading) in enumerate(listed):
            paragraph = self._word.add_paragraph()
            paragraph.paragraph_format.space_after = 0
            if place == 0:
                _mark(paragraph, "begin", ' TOC \\o "1-1" \\n \\h \\z \\u ')
                _mark(paragraph, "separate")
            link = OxmlElement("w:hyperlink")
            link.set(qn("w:anchor"), _bookmark(number))
            for run in write_text(paragraph, heading):
                link.append(run._r)
            paragraph._p.append(link)
            if place == len(listed) - 1:
                _mark(paragraph, "end")

    def _section(self, section: Section, number: int) -> None:
        first = section.blocks[0] if section.blocks else None
        turned_page = self._lie(first) if first is not None else False
        heading = self._paragraph(f"Heading {min(section.level, 2)}", section.heading)
        if section.new_page and not turned_page:
            heading.paragraph_format.page_break_before = True
        start, end = OxmlElement("w:bookmarkStart"), OxmlElement("w:bookmarkEnd")
        start.set(qn("w:id"), str(number))
        start.set(qn("w:name"), _bookmark(number))
        end.set(qn("w:id"), str(number))
        heading._p.append(start)
        heading._p.append(end)
        for block in section.blocks:
            self._lie(block)
            self._block(block)

    def _lie(self, block: Block) -> bool:
        """Turn the page where a block needs it; whether a new page was begun."""
        wanted = _is_landscape(block, self._document)
        if wanted == self._landscape:
            return False
        self._landscape = wanted
        orient(self._word.add_section(WD_SECTION.NEW_PAGE), landscape=wanted)
        return True

    def _block(self, block: Block) -> None:
        match block:
            case Fields():
                self._title(block.title)
                if block.fields:
                    write_fields(self._word, block, self._style, self._width)
                    self._gap()
            case Tiles():
                if block.fields:
                    write_tiles(self._word, block, self._style, self._width)
                    self._gap()
            case Grid():
                self._grid(block)
            case Prose():
                paragraph = styled(self._word.add_paragraph(), _PROSE[block.style])
                write_cells(paragraph, block.pieces, self._style)
            case Bullets():
                self._bullets(block)
            case _:
                self._chart(block)

    def _grid(self, grid: Grid, shades: Shades | None = None) -> None:
        self._title(grid.title)
        write_grid(self._word, grid, self._style, self._width, shades)
        notes = [each for each in (grid.caption, undefined_notes(grid)) if each]
        for note in notes:
            self._paragraph("Small", note)
        if not notes:
            self._gap()

    def _bullets(self, block: Bullets) -> None:
        number = _new_list(self._word) if block.numbered else None
        for item in block.items:
            style = "List Number" if block.numbered else "List Bullet"
            paragraph = styled(self._word.add_paragraph(), style)
            if number is not None:
                properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
                properties.get_or_add_ilvl().val = 0
                properties.get_or_add_numId().val = number
            write_cells(paragraph, item, self._style)

    def _chart(self, chart: Chart) -> None:
        self._title(chart.title)
        shades: Shades | None = None
        if isinstance(chart, HeatMap):
            shades = [(None, *row) for row in chart.shades]
        for grid in tables_of(chart, self._style):
            self._grid(grid, shades)
        if chart.caption:
            self._paragraph("Small", chart.caption)

    def _title(self, text: str) -> None:
        if text:
            self._paragraph("Heading 3", text)

    def _paragraph(self, style: str, text: str) -> Paragraph:
        paragraph = styled(self._word.add_paragraph(), style)
        write_text(paragraph, text)
        if turned(plain(text)):
            turn(paragraph)
        return paragraph

    def _gap(self) -> None:
        """Tables that follow one another would grow together."""
        self._word.add_paragraph().paragraph_format.space_after = 0


def _is_landscape(block: Block, document: Document) -> bool:
    match block:
        case Grid():
            return block.landscape
        case Fields() | Tiles() | Prose() | Bullets():
            return False
        case _:
            return any(grid.landscape for grid in tables_of(block, document.style))


def _new_list(word: WordDocument) -> int:
    """A list of its own, counted from one."""
    numbering = word.part.numbering_part.element
    style = word.styles["List Number"].element
    used = style.pPr.numPr.numId.val
    abstract = next(each for each in numbering.num_lst if each.numId == used).abstractNumId.val
    made = numbering.add_num(abstract)
    made.add_lvlOverride(0).add_startOverride(1)
    return int(made.numId)


def _bookmark(number: int) -> str:
    return f"_Toc{number:08d}"


def _mark(paragraph: Paragraph, kind: str, instruction: str = "") -> None:
    """A part of a field that spans paragraphs."""
    mark = OxmlElement("w:fldChar")
    mark.set(qn("w:fldCharType"), kind)
    paragraph.add_run()._r.append(mark)
    if instruction:
        code = OxmlElement("w:instrText")
        code.set(qn("xml:space"), "preserve")
        code.text = instruction
        paragraph.add_run()._r.append(code)
