"""How figures of documents are written: one way for each unit, money and dates as a country does.

Money comes from Babel's tables, with the symbol first in every currency: £1,234,567.89,
€1.234.567,89, ¥1,234,567, AED 1,234,567.89. Dates of term sheets are 15-Sep-2026; other documents
have 15/09/2026 in Europe and 09/15/2026 in the United States. Rates, ratios and lives look the same
everywhere: 4.25 %, 1.35x, 13.8 y.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Final

from babel.core import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, get_currency_symbol

from pipeline.reports.pack.document import Blank, Cell, Figure, Style, Verdicts

UNDEFINED: Final = "–"
BLANK: Final = "[to be completed]"
VERDICTS: Final = {"pass": "Pass", "fail": "Fail", "warn": "Warning", "off": "Off", "none": "–"}
_MILLION: Final = 1e6
# The locale whose separators a currency is written with.
_LOCALES: Final = {"GBP": "en_GB", "EUR": "de_DE", "USD": "en_US", "JPY": "en_US", "AED": "en_US"}
_NO_BREAK: Final = "\u00a0"
_TERM_SHEET_DATE: Final = "dd-MMM-yyyy"
_DATES: Final = {"UK": "dd/MM/yyyy", "EU": "dd/MM/yyyy", "US": "MM/dd/yyyy"}
# Digits after the point, and what follows the number.
_WRITTEN: Final[dict[str, tuple[int, str]]] = {
    "percent": (2, f"{_NO_BREAK}%"),
    "ratio": (2, f"{_NO_BREAK}%"),
    "share": (1, f"{_NO_BREAK}%"),
    "times": (2, "x"),
    "years": (1, f"{_NO_BREAK}y"),
    "bps": (0, f"{_NO_BREAK}bps"),
    "months": (0, f"{_NO_BREAK}months"),
    "days": (0, f"{_NO_BREAK}days"),
    "mw": (2, f"{_NO_BREAK}MW"),
    "notches": (0, ""),
    "score": (2, ""),
    "count": (0, ""),
}
# Between these and a neighbour no space is put in.
_OPENING: Final = (" ", "\u00a0", "(", "/", "[", "–")
_CLOSING: Final = (" ", "\u00a0", ",", ".", ";", ":", ")", "/", "]", "%")
_AS_NEEDED: Final = ("bps", "months", "days", "notches")


def text_of(cell: Cell, style: Style, *, millions: bool = False, more_digits: int = 0) -> str:
    """What a cell says. `millions` writes money without its sign, in a column that says so."""
    match cell:
        case str():
            return cell
        case Blank():
            return BLANK
        case Verdicts():
            return VERDICTS[cell.verdict]
    return _figure_text(cell, style, millions, more_digits)


def text_with_note(cell: Cell, style: Style) -> str:
    """The same where there is room: an undefined figure says why."""
    text = text_of(cell, style)
    if isinstance(cell, Figure) and cell.note:
        return f"{text} ({cell.note})"
    return text


def money_symbol(style: Style) -> str:
    """The sign of the currency, as headings of tables in millions have it."""
    return _symbol(style.currency)


@cache
def _symbol(currency: str) -> str:
    return str(get_currency_symbol(currency, locale=_locale(currency)))


@cache
def _locale(currency: str) -> Locale:
    """Babel would read a locale's name anew for every figure."""
    return Locale.parse(_LOCALES.get(currency, "en_US"))


def _figure_text(figure: Figure, style: Style, millions: bool, more_digits: int) -> str:
    value, unit = figure.value, figure.unit
    if value is None:
        return UNDEFINED
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, date):
        return date_text(value, style)
    if isinstance(value, str):
        return value
    if unit == "money":
        return _in_millions(value, style) if millions else money_text(value, style)
    if unit in ("number", "text", "flag"):
        return _plain(value, grouped=unit == "number")
    digits, after = _WRITTEN[unit]
    if unit == "ratio":
        value = 100.0 * value
    if unit in _AS_NEEDED:
        # what is whole needs no digits, however close it stands to a limit
        digits, more_digits = (0, 0) if is_whole(value) else (1, more_digits)
    return _rounded(value, digits + more_digits) + after


def is_whole(value: float) -> bool:
    """Whether a number is whole but for the rounding of what it came from."""
    return math.isclose(value, round(value), abs_tol=1e-9)


def money_text(value: float, style: Style) -> str:
    """An amount in full, to the smallest coin of its currency."""
    gap = "" if len(money_symbol(style)) == 1 else _NO_BREAK
    pattern = f"¤{gap}#,##0.00"
    text = format_currency(value, style.currency, pattern, locale=_locale(style.currency))
    if not any(digit in text for digit in "123456789"):
        text = text.removeprefix("-")
    return str(text)


def date_text(value: date, style: Style) -> str:
    """A date as the document has it."""
    pattern = _TERM_SHEET_DATE
    if not style.term_sheet_dates:
        pattern = _DATES.get(style.jurisdiction, _TERM_SHEET_DATE)
    return str(format_date(value, pattern, locale="en_US"))


def parts_of(
    cells: Sequence[Cell], style: Style, *, notes: bool = False
) -> tuple[tuple[Cell, str], ...]:
    """Cells that make one answer, each with its text; a space stands where two would touch.

    Nothing is put before closing punctuation, nor after an opening one or a space. With `notes`
    an undefined figure says why.
    """
    parts: list[tuple[Cell, str]] = []
    before = ""
    for cell in cells:
        text = text_with_note(cell, style) if notes else text_of(cell, style)
        if not text:
            continue
        apart = before and not before.endswith(_OPENING) and not text.startswith(_CLOSING)
        parts.append((cell, f" {text}" if apart else text))
        before = text
    return tuple(parts)


def answer_text(cells: Sequence[Cell], style: Style, *, notes: bool = False) -> str:
    """Cells that make one answer, as one text."""
    return "".join(text for _, text in parts_of(cells, style, notes=notes))


def _plain(value: float, *, grouped: bool) -> str:
    """A bare number: whole ones in full, others to six digits; identifiers without commas."""
    if isinstance(value, int):
        return f"{value:,}" if grouped else str(value)
    if not math.isfinite(value):
        raise ValueError(f"{value} is no figure")
    if abs(value) >= _MILLION:
        return _rounded(value, 0)
    return f"{value + 0.0:,.6g}"


def _in_millions(value: float, style: Style) -> str:
    rounded = round(value / _MILLION, 2) + 0.0
    return str(format_decimal(rounded, "#,##0.00", locale=_locale(style.currency)))


def _rounded(value: float, digits: int) -> str:
    if not math.isfinite(value):
        raise ValueError(f"{value} is no figure")
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0.0 else text
