"""How figures are written in reports: one way for each unit."""

from __future__ import annotations

from pipeline.reports.facts import Unit, Value

UNDEFINED = "–"
_MONEY_UNIT = 1e6  # tables say so in their heading or caption
_MONEY_STEPS = ((1e9, "bn"), (1e6, "m"), (1e3, "k"))
_PATTERNS: dict[Unit, str] = {
    "percent": "{:.2f} %",
    "times": "{:.2f}x",
    "years": "{:.1f} y",
    "score": "{:.2f}",
    "seconds": "{:.1f} s",
    "megawatts": "{:.2f} MW",
}


def text_of(value: Value, unit: Unit, currency: str = "") -> str:
    """A value in its unit; money scaled to thousands, millions or billions."""
    if value is None:
        return UNDEFINED
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    match unit:
        case "count":
            return f"{int(value):,}"
        case "money":
            return f"{currency} {money(value)}".strip()
        case "text" | "flag":
            return f"{value:g}"
    return _PATTERNS[unit].format(value)


def money(value: float) -> str:
    """Money without its currency, three or four leading digits."""
    for step, name in _MONEY_STEPS:
        if abs(value) >= step:
            return f"{value / step:,.2f} {name}"
    return f"{value:,.0f}"


def share(percent: float) -> str:
    """A share of all; what is there never reads as nothing."""
    return "< 0.1 %" if 0 < percent < 0.05 else f"{percent:.1f} %"


def in_table(value: Value, unit: Unit) -> str:
    """A figure of a narrow table: money in millions, units said in the heading or caption."""
    if value is None or isinstance(value, (str, bool)):
        return text_of(value, unit)
    match unit:
        case "money":
            return f"{value / _MONEY_UNIT:,.1f}"
        case "years":
            return f"{value:.1f}"
        case "percent":
            return f"{value:.2f}"
    return text_of(value, unit)


def amount(value: float | None) -> str:
    """Money in whole units, for tables whose parts differ by orders of magnitude."""
    return UNDEFINED if value is None else f"{value:,.0f}"
