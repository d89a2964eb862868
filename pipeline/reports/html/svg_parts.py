"""Text of drawings: room for labels, lines of words; straight lines."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Final

from pipeline.escape import visible
from pipeline.reports.html.element import Markup, element

LETTER: Final = 0.56  # width of a letter in parts of its size, on average and a little above


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
