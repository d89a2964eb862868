"""The fonts inside a PDF, all from the `fonts` folder, so that a page looks alike in every viewer.

Liberation Sans has Latin, Greek, Cyrillic and Hebrew and is what everything is set in. The others
stand in for letters it does not have and are read only when such a letter comes: DejaVu Sans for
Arabic and symbols, Droid Sans Fallback for Han and kana, Nanum Square for hangul. A PDF holds the
letters used and no more.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import Any, Final

from reportlab.graphics.shapes import STATE_DEFAULTS
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus.tables import CellStyle

REGULAR: Final = "LiberationSans-Regular"
BOLD: Final = "LiberationSans-Bold"
_SYMBOLS: Final = {False: "DejaVuSans", True: "DejaVuSans-Bold"}
_HAN: Final = "DroidSansFallbackFull"
_HANGUL: Final = "NanumSquareR"
_FOLDER: Final = Path(__file__).parent / "fonts"
_FIRST_ASTRAL: Final = 0x10000  # reportlab's tables of letters end here
_LETTERS_PER_LINE: Final = 100  # of a table that maps codes to letters, by the PDF standard


class _Font(TTFont):  # type: ignore[misc]  # reportlab ships no types
    """A font whose joined forms of Arabic letters are read back as the letters themselves."""

    def addObjects(self, doc: Any) -> None:  # noqa: N802  # reportlab's name
        subsets = self.state[doc].subsets
        super().addObjects(doc)
        fonts = doc.idToObject["BasicFonts"].dict
        for number, letters in enumerate(subsets):
            if any(_is_joined(letter) for letter in letters):
                font = fonts[f"{doc.fontMapping[self.fontName][1:]}+{number}"]
                stream = doc.idToObject[font.ToUnicode.name]
                stream.content = _map_to_letters(stream.content, letters)


def _is_joined(code: int) -> bool:
    return 0xFB50 <= code <= 0xFDFF or 0xFE70 <= code <= 0xFEFC


def _map_to_letters(content: str, letters: list[int]) -> str:
    """reportlab's table of codes and letters with each joined form taken back to its letters.

    They stand from right to left on a page, so the letters of a ligature do as well.
    """
    head = content[: content.index("endcodespacerange")]
    tail = content[content.rindex("endbfchar") + len("endbfchar") :]
    lines = [f"<{code:02X}> <{_as_read(letter)}>" for code, letter in enumerate(letters)]
    blocks = []
    for start in range(0, len(lines), _LETTERS_PER_LINE):
        part = lines[start : start + _LETTERS_PER_LINE]
        blocks.append("\n".join([f"{len(part)} beginbfchar", *part, "endbfchar"]))
    return head + "endcodespacerange\n" + "\n".join(blocks) + tail


def _as_read(code: int) -> str:
    letters = chr(code)
    if _is_joined(code):
        letters = unicodedata.normalize("NFKC", letters)
    return letters.encode("utf-16-be").hex().upper()


@cache
def _registered(name: str) -> frozenset[int]:
    """Read a font and make it known to reportlab; the code points it has."""
    font = _Font(name, str(_FOLDER / f"{name}.ttf"))
    pdfmetrics.registerFont(font)
    return frozenset(code for code in font.face.charToGlyph if code < _FIRST_ASTRAL)


KNOWN: Final = _registered(REGULAR) & _registered(BOLD)
pdfmetrics.registerFontFamily(REGULAR, REGULAR, BOLD, REGULAR, BOLD)
# What tables and drawings begin with; theirs is Helvetica, which a file would name and not hold.
CellStyle.fontname = REGULAR
STATE_DEFAULTS["fontName"] = REGULAR


@cache
def font_of(letter: str, bold: bool = False) -> str | None:
    """Name of the registered font that has a letter; None where no font has it."""
    code = ord(letter)
    if code in KNOWN:
        return BOLD if bold else REGULAR
    for name in _chain(letter, bold):
        if code in _registered(name):
            return name
    return None


def _chain(letter: str, bold: bool) -> tuple[str, ...]:
    """Fonts to ask for a letter, the likeliest first, so that few are read."""
    if unicodedata.name(letter, "").startswith("HANGUL"):
        return (_HANGUL,)
    if unicodedata.east_asian_width(letter) in "WFH":
        return (_HAN, _HANGUL, _SYMBOLS[bold])
    return (_SYMBOLS[bold], _HAN, _HANGUL)
