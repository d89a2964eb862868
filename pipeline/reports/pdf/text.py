"""Any text in a PDF: escaped for reportlab's markup and in a font that has its letters.

Liberation Sans is embedded from the `fonts` folder, so a page looks the same in every viewer; it
has Latin, Greek, Cyrillic and Hebrew. Chinese, Japanese and Korean use the viewer's own fonts by
their CID names: one embedded would weigh more than this whole program.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import groupby
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

from pipeline.escape import pdf_paragraph, visible

REGULAR = "LiberationSans-Regular"
BOLD = "LiberationSans-Bold"
_HAN, _KANA, _HANGUL = "STSong-Light", "HeiseiKakuGo-W5", "HYGothic-Medium"
_FIRST_ASTRAL = 0x10000  # CID fonts have no emoji and no rare Han letters
_FONTS = Path(__file__).parent / "fonts"


def _register() -> None:
    for name in (REGULAR, BOLD):
        pdfmetrics.registerFont(TTFont(name, str(_FONTS / f"{name}.ttf")))
    pdfmetrics.registerFontFamily(REGULAR, REGULAR, BOLD, REGULAR, BOLD)


_register()
_KNOWN = frozenset(pdfmetrics.getFont(REGULAR).face.charToGlyph)  # code points, alike in bold


def markup(text: str) -> str:
    """Text as reportlab paragraph markup that shows exactly these letters.

    A letter that no font has becomes a question mark.
    """
    clean = visible(text)
    east_asian = _east_asian_font(clean)
    runs = groupby(clean, key=lambda letter: _font_of(letter, east_asian))
    return "".join(_run(font, "".join(letters)) for font, letters in runs)


def shortened(text: str, letters: int) -> str:
    """At most `letters` letters of the text, with an ellipsis where it was cut."""
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"


def _run(font: str | None, text: str) -> str:
    if font is None:
        return pdf_paragraph(text)
    if font == "":
        return "?" * len(text)
    return f'<font name="{font}">{pdf_paragraph(text)}</font>'


def _font_of(letter: str, east_asian: str) -> str | None:
    """Font of a letter: None for the paragraph's own, an empty name when there is none."""
    if ord(letter) in _KNOWN:
        return None
    if unicodedata.east_asian_width(letter) in "WF" and ord(letter) < _FIRST_ASTRAL:
        return _registered_cid(east_asian)
    return ""


def _east_asian_font(text: str) -> str:
    """Han letters are shared by three scripts: the text's other letters tell whose they are."""
    names = {unicodedata.name(letter, "").split(" ")[0] for letter in text}
    if "HANGUL" in names:
        return _HANGUL
    return _KANA if names & {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"} else _HAN


@cache
def _registered_cid(name: str) -> str:
    pdfmetrics.registerFont(UnicodeCIDFont(name))
    return name
