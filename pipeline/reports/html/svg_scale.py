"""Scales of drawings: even steps of an axis, room for labels, how an axis writes figures."""

from __future__ import annotations

import math
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.escape import visible
from pipeline.reports.formats import money_symbol
from pipeline.reports.html.element import Markup, element
from pipeline.reports.pack.document import Figure, Style

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_MOST_STEPS: Final = 6
_MILLION: Final = 1e6
_AFTER: Final = {"percent": "%", "ratio": "%", "share": "%", "times": "x", "years": "years",
                 "months": "months", "days": "days", "bps": "bps", "mw": "MW"}  # fmt: skip
LETTER: Final = 0.56  # width of a letter in parts of its size, on average and a little above


@dataclass(frozen=True)
class Scale:
    """Values between two places of a drawing; `ticks` are the even steps, in values."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Where a value stands."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def scale_of(
    values: Iterable[float], start: float, end: float, *, from_zero: bool = False
) -> Scale:  # fmt: skip
    """A scale that holds all values, with even ends; `from_zero` holds zero as well."""
    held = [*values, 0.0] if from_zero else list(values)
    low, high = min(held), max(held)
    if low == high:
        room = 0.1 * abs(low) or 1.0
        low, high = low - room, high + room
        if from_zero and min(held) >= 0.0:
            low = 0.0
    step = _step((high - low) / _MOST_STEPS)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(number * step, 12) for number in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], start, end, ticks)


def _step(least: float) -> float:
    size = 10.0 ** math.floor(math.log10(least))
    return next(size * each for each in _STEPS if size * each >= least * (1 - 1e-9))


@dataclass(frozen=True)
class Measure:
    """How figures of one unit stand on an axis: their multiple, and the unit's name."""

    factor: float
    unit: str

    def of(self, figure: Figure) -> float | None:
        """The figure on the axis; None where it is undefined or no number."""
        value = figure.value
        if value is None or isinstance(value, (bool, str)) or not isinstance(value, (int, float)):
            return None
        return value * self.factor


def measure_of(figures: Sequence[Figure], style: Style) -> Measure:
    """The measure of an axis, by the unit of its first figure; amounts are in millions."""
    unit = figures[0].unit if figures else "number"
    if unit == "money":
        return Measure(1 / _MILLION, f"{money_symbol(style)}m")
    return Measure(100.0 if unit == "ratio" else 1.0, _AFTER.get(unit, ""))


def tick_texts(ticks: Sequence[float]) -> tuple[str, ...]:
    """Steps of an axis with as many digits as tell them apart."""
    step = ticks[1] - ticks[0]
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    if round(step, digits) != round(step, 9):
        digits += 1
    return tuple(f"{value + 0.0:,.{digits}f}" for value in ticks)


def width_of(text: str, size: float) -> float:
    """About how wide a text is; East Asian letters are twice as wide."""
    letters = sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)
    return letters * size * LETTER


def lines_of(text: str, width: float, size: float, most: int = 0) -> list[str]:
    """A text in lines that fit a width; `most` cuts what is further, with an ellipsis."""
    clean = visible(text)
    share = len(clean) * size * LETTER / max(width_of(clean, size), 1e-9)
    letters = max(4, int(width / (size * LETTER) * share))
    lines = textwrap.wrap(clean, letters) or [""]
    if most and len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1][: letters - 1].rstrip()}…"]
    return lines


def text_at(
    x: float, y: float, text: str, *, anchor: str = "start", class_: str | None = None,
    transform: str | None = None,
) -> Markup:  # fmt: skip
    """A line of text, its foot at (x, y)."""
    return element(
        "text", text, x=x, y=y, text_anchor=None if anchor == "start" else anchor, class_=class_,
        transform=transform,
    )  # fmt: skip


def stacked_text(
    x: float, y: float, lines: Sequence[str], leading: float, *, anchor: str = "start",
    class_: str | None = None,
) -> tuple[Markup, ...]:  # fmt: skip
    """Lines of text, the foot of the first at (x, y)."""
    return tuple(
        text_at(x, y + number * leading, line, anchor=anchor, class_=class_)
        for number, line in enumerate(lines)
    )


def drawing(width: float, height: float, title: str, *children: Markup) -> Markup:
    """A picture that scales with its place; its title is told by readers of screens."""
    return element(
        "svg", element("title", title), *children, viewBox=f"0 0 {width:.0f} {height:.0f}",
        role="img", class_="wide" if width > 700 else None,
    )  # fmt: skip


def line_at(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)
