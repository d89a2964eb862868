"""Untrusted text stays text: one helper for each kind of output.

Titles and names come from files anybody may have written. Each helper returns text that its output
shows and cannot act on.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

# Characters that turn the reading direction and can disguise what follows.
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FORMULA_START: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_UNSAFE_IN_PATH = re.compile(r"[^A-Za-z0-9._-]+")
_MARKDOWN = re.compile(r"[\\`*_\[\]|#!~]")
_LONGEST_PATH_PART: Final = 80


def visible(text: str) -> str:
    """`text` without control characters and direction overrides; line breaks become spaces."""
    kept = []
    for character in text:
        if character in "\t\n\r\u2028\u2029":
            kept.append(" ")
        elif character not in _BIDI and unicodedata.category(character) not in ("Cc", "Cs"):
            kept.append(character)
    return "".join(kept)


def pdf_paragraph(text: str) -> str:
    """For a reportlab Paragraph, which reads markup."""
    return html.escape(visible(text), quote=False)


def html_text(text: str) -> str:
    """For HTML text and quoted attributes."""
    return html.escape(visible(text), quote=True)


def markdown_cell(text: str) -> str:
    """For a cell or a line of Markdown: no markup, no HTML, no end of the cell."""
    return _MARKDOWN.sub(r"\\\g<0>", html.escape(visible(text), quote=False))


def spreadsheet_cell(text: str) -> str:
    """For a cell of a workbook or CSV file: never a formula (a leading apostrophe marks text)."""
    return f"'{visible(text)}" if text.startswith(_FORMULA_START) else visible(text)


def path_part(text: str) -> str:
    """For one part of a file path: ASCII letters, digits, dot, dash and underscore; never empty.

    Never `.` or `..`, and at most 80 characters.
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    cleaned = _UNSAFE_IN_PATH.sub("-", ascii_text).strip("-.")[:_LONGEST_PATH_PART]
    return cleaned or "unnamed"


def log_text(text: str) -> str:
    """For a line of a log or a terminal: one line, no escape sequences."""
    return visible(text)
