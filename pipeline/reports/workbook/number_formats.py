"""Number formats of Excel for figures of documents: cells hold the raw value, formats write it."""

from __future__ import annotations

from typing import Final

from pipeline.reports.formats import is_whole, money_symbol
from pipeline.reports.pack.document import Figure, Style

# The digits and what follows them, as pipeline.reports.formats writes the same units.
_WRITTEN: Final[dict[str, tuple[int, str]]] = {
    "percent": (2, '" %"'), "ratio": (2, " %"), "share": (1, '" %"'), "times": (2, '"x"'),
    "years": (1, '" y"'), "bps": (0, '" bps"'), "months": (0, '" months"'), "days": (0, '" days"'),
    "mw": (2, '" MW"'), "notches": (0, ""), "score": (2, ""), "count": (0, ""),
}  # fmt: skip
_AS_NEEDED: Final = ("bps", "months", "days", "notches")
_WITHOUT_CENTS: Final = frozenset(("JPY",))
_DATES: Final = {"UK": r"dd\/mm\/yyyy", "EU": r"dd\/mm\/yyyy", "US": r"mm\/dd\/yyyy"}
_TERM_SHEET_DATE: Final = "[$-809]dd-mmm-yyyy"  # names of months in English everywhere
_MILLION: Final = 1e6


def number_format(
    figure: Figure, style: Style, *, millions: bool = False, more_digits: int = 0
) -> str:  # fmt: skip
    """The format of a number; a date's is `date_format`. `millions` scales what is shown."""
    value, unit = figure.value, figure.unit
    if isinstance(value, (str, bool)) or not isinstance(value, (int, float)):
        return "General"
    if unit == "money":
        return money_format(style, millions=millions)
    if unit in ("number", "text", "flag"):
        return _plain(value, grouped=unit == "number")
    digits, after = _WRITTEN[unit]
    if unit in _AS_NEEDED:
        digits, more_digits = (0, 0) if is_whole(value) else (1, more_digits)
    return _digits(digits + more_digits) + after


def money_format(style: Style, *, millions: bool = False) -> str:
    """Amounts in full with the currency's sign, or in millions without it."""
    if millions:
        return "#,##0.00,,;-#,##0.00,,"
    sign = money_symbol(style)
    gap = "" if len(sign) == 1 else " "
    number = _digits(0 if style.currency in _WITHOUT_CENTS else 2)
    return f'"{sign}{gap}"{number};-"{sign}{gap}"{number}'


def date_format(style: Style) -> str:
    """Dates as the document has them."""
    if style.term_sheet_dates:
        return _TERM_SHEET_DATE
    return _DATES.get(style.jurisdiction, _TERM_SHEET_DATE)


def _plain(value: float, *, grouped: bool) -> str:
    """Whole numbers in full, others to six digits, as text has them."""
    if isinstance(value, int):
        return "#,##0" if grouped else "0"
    if abs(value) >= _MILLION:
        return "#,##0"
    text = f"{value:.6g}"
    if "e" in text:
        return "0.00000E+00"
    return _digits(len(text.partition(".")[2]))


def _digits(count: int) -> str:
    return "#,##0" + ("." + "0" * count if count else "")
