"""Colours and paragraph styles that the PDF's pages and charts share."""

from __future__ import annotations

from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm

from pipeline.reports import colours
from pipeline.reports.pdf.fonts import BOLD, REGULAR

NAVY = HexColor(colours.NAVY)
BLUE = HexColor(colours.BLUE)
PALE = HexColor(colours.PALE)
LINE = HexColor(colours.LINE)
INK = HexColor(colours.INK)
GREY = HexColor(colours.GREY)
ACCENT = HexColor(colours.ACCENT)

TIER_COLOURS: dict[str, Color] = {name: HexColor(colour) for name, colour in colours.TIERS.items()}

MARGIN = 17 * mm
BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=9, leading=13, textColor=INK)
SMALL = ParagraphStyle("small", BODY, fontSize=7.6, leading=10.5, textColor=GREY)
LEAD = ParagraphStyle("lead", BODY, fontSize=11.5, leading=16.5, textColor=NAVY)
SECTION = ParagraphStyle(
    "section", fontName=BOLD, fontSize=12.5, leading=16, textColor=NAVY, spaceBefore=13,
    spaceAfter=4, keepWithNext=1,
)  # fmt: skip
CELL = ParagraphStyle("cell", BODY, fontSize=7.8, leading=9.8)
CELL_FAILED = ParagraphStyle("cell-failed", CELL, fontName=BOLD, textColor=HexColor(colours.BAD))
CELL_RIGHT = ParagraphStyle("cell-right", CELL, alignment=TA_RIGHT)
HEAD = ParagraphStyle("head", CELL, fontName=BOLD, fontSize=6.8, leading=8.4, textColor=white)
HEAD_RIGHT = ParagraphStyle("head-right", HEAD, alignment=TA_RIGHT)
LABEL = ParagraphStyle("label", BODY, fontSize=7.2, leading=9, textColor=GREY)
FIGURE = ParagraphStyle("figure", BODY, fontName=BOLD, fontSize=14.5, leading=18, textColor=NAVY)
SUBSECTION = ParagraphStyle("subsection", SECTION, fontSize=10.4, leading=13.5, spaceBefore=9)
BLOCK_TITLE = ParagraphStyle(
    "block-title", fontName=BOLD, fontSize=8.8, leading=11.5, textColor=NAVY, spaceAfter=3
)
CAPTION = ParagraphStyle("caption", SMALL, fontSize=7, leading=9.2, spaceBefore=2)
TERM = ParagraphStyle("term", BODY, fontSize=8.4, leading=11.2, textColor=GREY)
ANSWER = ParagraphStyle("answer", BODY, fontSize=8.6, leading=11.2)
ANSWER_NOTE = ParagraphStyle("answer-note", SMALL, fontSize=7.2, leading=9.2)
BULLET = ParagraphStyle(
    "bullet", BODY, leftIndent=12, bulletIndent=1, spaceAfter=2.5, leading=12.4,
    bulletFontName=REGULAR, bulletFontSize=9, bulletColor=GREY,
)  # fmt: skip
ENTRY = ParagraphStyle("entry", BODY, fontSize=9.2, leading=12)
FIGURE_LONG = ParagraphStyle("figure-long", FIGURE, fontSize=10, leading=12.5)
COVER_KICKER = ParagraphStyle(
    "kicker", fontName=BOLD, fontSize=8, leading=10, textColor=HexColor("#d8bd78")
)
COVER_SUBTITLE = ParagraphStyle(
    "subtitle", fontName=REGULAR, fontSize=10.5, leading=14.5, textColor=HexColor("#d5deea")
)

VERDICT_COLOURS: dict[str, Color] = {
    "pass": HexColor(colours.GOOD),
    "fail": HexColor(colours.BAD),
    "warn": HexColor(colours.WARN),
    "off": GREY,
    "none": GREY,
}
BLANK_INK = HexColor(colours.WARN)
BLANK_GROUND = HexColor(colours.PALE_ACCENT)


COVER_SIZES = (25.0, 19.0, 14.0, 11.0, 8.5)


def cover_title(size: float) -> ParagraphStyle:
    """Style of the title on the cover in one of its sizes."""
    return ParagraphStyle(
        "title", fontName=BOLD, fontSize=size, leading=size * 1.22, textColor=white
    )
