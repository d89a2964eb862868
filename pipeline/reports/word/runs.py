"""Text in Word: runs by script, so that names in any letters show, and blanks a person fills in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from pipeline.escape import visible
from pipeline.reports import colours
from pipeline.reports.formats import parts_of
from pipeline.reports.pack.document import Blank, Cell, Style, Verdict, Verdicts

LATIN: Final = "Arial"
_HAN, _KANA, _HANGUL = "Microsoft YaHei", "Yu Gothic", "Malgun Gothic"
_TURNED: Final = frozenset(("R", "AL"))
# What stands between two right-to-left letters goes their way.
_NEUTRAL: Final = frozenset(("ON", "WS", "CS", "ES", "ET", "NSM", "EN", "AN", "BN"))
_NOT_XML: Final = re.compile("[\ufffe\uffff]")
BLANK_GROUND: Final = colours.PALE_ACCENT.lstrip("#").upper()
VERDICT_COLOURS: Final[dict[Verdict, str]] = {
    "pass": colours.GOOD, "fail": colours.BAD, "warn": colours.WARN,
    "off": colours.GREY, "none": colours.GREY,
}  # fmt: skip


def styled(paragraph: Paragraph, style: str) -> Paragraph:
    """The paragraph in a style by its name.

    Its id is the name without spaces; python-docx would search all styles for it each time.
    """
    paragraph._p.style = style.replace(" ", "")
    return paragraph


def write_cells(
    paragraph: Paragraph, cells: Sequence[Cell], style: Style, *, notes: bool = True
) -> None:  # fmt: skip
    """Cells that make one answer, each in its look."""
    parts = parts_of(cells, style, notes=notes)
    for cell, text in parts:
        write_cell(paragraph, cell, text)
    if parts and turned("".join(text for _, text in parts)):
        turn(paragraph)


def write_cell(paragraph: Paragraph, cell: Cell, text: str) -> None:
    """One cell with its text: a blank as a field to fill in, a verdict in its colour."""
    match cell:
        case Blank():
            if text.startswith(" "):
                paragraph.add_run(" ")
            paragraph._p.append(_content_control(cell.source, text.strip()))
        case Verdicts():
            for run in write_text(paragraph, text):
                run.bold = cell.verdict in ("pass", "fail", "warn")
                colour(run, VERDICT_COLOURS[cell.verdict])
        case _:
            write_text(paragraph, text)


def write_text(paragraph: Paragraph, text: str) -> list[Run]:
    """Plain text, in a run for each direction and each East Asian script; lines stay lines."""
    runs: list[Run] = []
    for number, line in enumerate(text.split("\n")):
        if number:
            paragraph.add_run().add_break()
        clean = plain(line)
        asian = _east_asian_font(clean)
        for right_to_left, piece in _by_direction(clean):
            run = paragraph.add_run(piece)
            if right_to_left:
                _append(run, "w:rtl")
            elif asian:
                fonts = run._r.get_or_add_rPr().get_or_add_rFonts()
                fonts.set(qn("w:eastAsia"), asian)
                fonts.set(qn("w:hint"), "eastAsia")
            runs.append(run)
    return runs


def plain(text: str) -> str:
    """Text as XML can hold it and a person can see it."""
    return _NOT_XML.sub("", visible(text))


def turned(text: str) -> bool:
    """Whether a text is read from the right: its first letter with a direction says so."""
    for letter in visible(text):
        direction = unicodedata.bidirectional(letter)
        if direction in _TURNED or direction == "L":
            return direction in _TURNED
    return False


def turn(paragraph: Paragraph) -> None:
    """Set a paragraph from right to left, still at the side where its column is."""
    properties = paragraph._p.get_or_add_pPr()
    properties.insert_element_before(OxmlElement("w:bidi"), *_AFTER_BIDI)
    aligned = OxmlElement("w:jc")
    # with `bidi`, "end" is the left edge
    aligned.set(qn("w:val"), "end")
    for old in properties.findall(qn("w:jc")):
        properties.remove(old)
    properties.insert_element_before(aligned, *_AFTER_JC)


_AFTER_JC: Final = (
    "w:textDirection", "w:textAlignment", "w:textboxTightWrap", "w:outlineLvl", "w:divId",
    "w:cnfStyle", "w:rPr", "w:sectPr", "w:pPrChange",
)  # fmt: skip
_AFTER_BIDI: Final = (
    "w:adjustRightInd", "w:snapToGrid", "w:spacing", "w:ind", "w:contextualSpacing",
    "w:mirrorIndents", "w:suppressOverlap", "w:jc", *_AFTER_JC,
)  # fmt: skip


def colour(run: Run, hexadecimal: str) -> None:
    """Letters in a colour of `pipeline.reports.colours`."""
    properties = run._r.get_or_add_rPr()
    properties.get_or_add_color().set(qn("w:val"), hexadecimal.lstrip("#").upper())


def _append(run: Run, tag: str) -> None:
    run._r.get_or_add_rPr().append(OxmlElement(tag))


def _by_direction(text: str) -> list[tuple[bool, str]]:
    """Pieces of a text by direction; what is neutral within a right-to-left piece stays in it."""
    turned_to: list[bool] = []
    kinds = [unicodedata.bidirectional(letter) for letter in text]
    last = -1  # place of the last right-to-left letter, while nothing ended its piece
    for place, kind in enumerate(kinds):
        turned_to.append(kind in _TURNED)
        if kind in _TURNED:
            if last >= 0:
                turned_to[last : place + 1] = [True] * (place + 1 - last)
            last = place
        elif kind not in _NEUTRAL:
            last = -1
    pieces = groupby(zip(turned_to, text, strict=True), key=lambda pair: pair[0])
    return [(way, "".join(letter for _, letter in pairs)) for way, pairs in pieces]


def _east_asian_font(text: str) -> str:
    """Han letters are shared by three scripts: the text's other letters tell whose they are."""
    if not any(unicodedata.east_asian_width(letter) in "WF" for letter in text):
        return ""
    names = {unicodedata.name(letter, "").split(" ")[0] for letter in text}
    if "HANGUL" in names:
        return _HANGUL
    return _KANA if names & {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"} else _HAN


def _content_control(source: str, text: str) -> BaseOxmlElement:
    """A field that Word lets a person click and type over; its tag is the project file's field."""
    control = OxmlElement("w:sdt")
    properties = OxmlElement("w:sdtPr")
    for tag, value in (("w:alias", source), ("w:tag", source)):
        named = OxmlElement(tag)
        named.set(qn("w:val"), plain(value)[:64])
        properties.append(named)
    properties.append(OxmlElement("w:showingPlcHdr"))
    content = OxmlElement("w:sdtContent")
    run = OxmlElement("w:r")
    look = OxmlElement("w:rPr")
    named_style = OxmlElement("w:rStyle")
    named_style.set(qn("w:val"), "Blank")
    look.append(named_style)
    ground = OxmlElement("w:shd")  # said again here: not every program takes it from the style
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", BLANK_GROUND)):
        ground.set(qn(f"w:{name}"), value)
    look.append(ground)
    letters = OxmlElement("w:t")
    letters.text = text
    run.append(look)
    run.append(letters)
    content.append(run)
    control.append(properties)
    control.append(content)
    return control
