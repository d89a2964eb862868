"""Any text in a PDF: escaped for reportlab's markup, in a font that has its letters, and turned.

Arabic letters are joined and right-to-left runs turned by the Unicode algorithm, line by line,
since a PDF holds what is seen from left to right.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

from reportlab.pdfbase.pdfmetrics import stringWidth

from pipeline.escape import visible
from pipeline.reports.pdf.fonts import BOLD, KNOWN, REGULAR, font_of

_KEPT: Final = 4096  # texts whose turning is remembered: names come again on every page
_NO_FONT: Final = "?"
_TURNED: Final = ("R", "AL", "AN")  # directions of letters that go from right to left
# Only what every Arabic font has is drawn as one; vowel signs are kept.
_JOINING: Final = {"delete_harakat": False, "delete_tatweel": False, "support_ligatures": True}
_LIGATURES: Final = (
    "ARABIC LIGATURE LAM WITH ALEF", "ARABIC LIGATURE LAM WITH ALEF WITH MADDA ABOVE",
    "ARABIC LIGATURE LAM WITH ALEF WITH HAMZA ABOVE",
    "ARABIC LIGATURE LAM WITH ALEF WITH HAMZA BELOW",
)  # fmt: skip


class Run(NamedTuple):
    """Letters of one font, as they stand from left to right."""

    font: str
    text: str


def markup(text: str, *, bold: bool = False) -> str:
    """Text as reportlab paragraph markup that shows exactly these letters, for one line.

    A letter that no font has becomes a question mark. Texts with right-to-left letters that may
    fill several lines go through `lines_of` first.
    """
    if text.isascii() and text.isprintable():
        return html.escape(text, quote=False)
    return markup_of_runs(runs(text, bold=bold), bold=bold)


def markup_of_runs(pieces: Iterable[Run], *, bold: bool = False) -> str:
    """Runs as paragraph markup, those in the paragraph's own font without a tag."""
    own = BOLD if bold else REGULAR
    made = []
    for font, text in pieces:
        escaped = html.escape(text, quote=False)
        made.append(escaped if font == own else f'<font name="{font}">{escaped}</font>')
    return "".join(made)


def runs(text: str, *, bold: bool = False) -> list[Run]:
    """One line of text as runs of a font each, from left to right as they are seen."""
    clean = visible(text)
    own = BOLD if bold else REGULAR
    if KNOWN.issuperset(map(ord, clean)) and not is_turned(clean):
        return [Run(own, clean)] if clean else []
    return _in_fonts(_seen(_joined(clean), _base(clean)), bold)


def lines_of(text: str, size: float, width: float, *, bold: bool = False) -> list[list[Run]]:
    """Text with right-to-left letters broken into lines of at most `width` points."""
    clean = visible(text)
    base, joined = _base(clean), _joined(clean)
    return [_in_fonts(_seen(line, base), bold) for line in _broken(joined, size, width, bold)]


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Length of one line in points."""
    return _length(runs(text, bold=bold), size)


def fitted(text: str, size: float, width: float) -> str:
    """A text cut with an ellipsis where it is longer than one line."""
    if width_of(text, size) <= width:
        return text
    kept = len(text) - 1
    while kept > 1 and width_of(f"{text[:kept]}…", size) > width:
        kept -= 1
    return f"{text[:kept].rstrip()}…"


def is_plain(text: str) -> bool:
    """Whether it is drawn as it is: in the font of everything, left to right, on one line."""
    known = text.isascii() or (KNOWN.issuperset(map(ord, text)) and not is_turned(text))
    return known and text.replace("\u00a0", " ").isprintable()


def is_turned(text: str) -> bool:
    """Whether some of it is read from right to left."""
    return not text.isascii() and any(map(_is_turned, text))


def shortened(text: str, letters: int) -> str:
    """At most `letters` letters of the text, with an ellipsis where it was cut."""
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"


@cache
def _is_turned(letter: str) -> bool:
    return unicodedata.bidirectional(letter) in _TURNED


def _base(text: str) -> str:
    """Direction of the line as a whole: its first letter's that has one."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction == "L":
            return "L"
        if direction in ("R", "AL"):
            return "R"
    return "L"


@lru_cache(_KEPT)
def _joined(text: str) -> str:
    return str(_reshaper().reshape(text)) if is_turned(text) else text


@cache
def _reshaper() -> Any:
    """Joins letters; made only when a text asks for it, since few do and it is not light."""
    from arabic_reshaper import ArabicReshaper  # noqa: PLC0415
    from arabic_reshaper.ligatures import LIGATURES  # noqa: PLC0415

    ligatures = {name: name in _LIGATURES for name, _ in LIGATURES}
    return ArabicReshaper(configuration={**_JOINING, **ligatures})


@lru_cache(_KEPT)
def _seen(line: str, base: str) -> str:
    if not is_turned(line):
        return line
    from bidi.algorithm import get_display  # noqa: PLC0415  # mirrors brackets, as bidi itself does not

    return str(get_display(line, base_dir=base))


def _in_fonts(line: str, bold: bool) -> list[Run]:
    """Each letter in its font; a blank in that of the letter before.

    So words stay together for who reads the page by a program.
    """
    made: list[Run] = []
    own = BOLD if bold else REGULAR
    for letter in line:
        found = font_of(letter, bold)
        font, seen = (own, _NO_FONT) if found is None else (found, letter)
        if made and (letter == " " or made[-1].font == font):
            made[-1] = Run(made[-1].font, made[-1].text + seen)
        else:
            made.append(Run(font, seen))
    return made


def _length(pieces: Iterable[Run], size: float) -> float:
    return sum(float(stringWidth(text, font, size)) for font, text in pieces)


def _broken(text: str, size: float, width: float, bold: bool) -> list[str]:
    """Lines of words; a word longer than a line is cut."""

    def fits(line: str) -> bool:
        return _length(_in_fonts(line, bold), size) <= width

    lines: list[str] = []
    line = ""
    for whole in text.split(" "):
        word = whole
        if line and fits(f"{line} {word}"):
            line = f"{line} {word}"
            continue
        if line:
            lines.append(line)
        while len(word) > 1 and not fits(word):
            kept = next(n for n in range(len(word) - 1, 0, -1) if n == 1 or fits(word[:n]))
            lines.append(word[:kept])
            word = word[kept:]
        line = word
    return [*lines, line]
