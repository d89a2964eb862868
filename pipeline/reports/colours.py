"""Colours of every document and page, as hexadecimal text that each renderer makes its own."""

from __future__ import annotations

from typing import Final

NAVY: Final = "#0b2341"
BLUE: Final = "#2563a8"
PALE: Final = "#e9eef5"
LINE: Final = "#c9d3e0"
INK: Final = "#1c2733"
GREY: Final = "#5c6b7d"
ACCENT: Final = "#b08d3c"
PALE_ACCENT: Final = "#faf5e6"

# Of verdicts and of shaded cells, dark enough on white and pale enough under black text.
GOOD: Final = "#1d6b3c"
BAD: Final = "#a32020"
WARN: Final = "#8a5a00"
PALE_GOOD: Final = "#dff0e4"
PALE_BAD: Final = "#f9e0de"
PALE_WARN: Final = "#fbeecb"
# Shades of heat maps reach these at 1 and -1.
SHADE_GOOD: Final = "#8fc9a3"
SHADE_BAD: Final = "#e79a94"

# Of lines and bars, in the order they are given out; neighbours differ in lightness as well, so
# that they can be told apart in grey print.
SERIES: Final = (
    "#0b2341", "#c99a1c", "#2563a8", "#3f8f5f", "#a8653a", "#7d8fa6", "#7a4b94", "#1f9bcf",
    "#b23a48", "#5c6b7d", "#8fae3c", "#d08770", "#3b6ea5", "#9a7d2e", "#48a9a6", "#6d597a",
)  # fmt: skip

# What stands in a structure diagram, by kind.
BOXES: Final = {
    "party": "#7d8fa6",
    "issuer": "#0b2341",
    "debt": "#2563a8",
    "equity": "#b08d3c",
    "hedge": "#7a4b94",
    "asset": "#3f8f5f",
}

TIERS: Final = {
    "Diamond": "#1f9bcf",
    "Gold": "#c99a1c",
    "Silver": "#7d8fa6",
    "Bronze": "#a8653a",
    "Not Viable": "#d9dee6",
}


def mixed(colour: str, share: float, ground: str = "#ffffff") -> str:
    """A colour on a ground, `share` of it between 0 and 1."""
    parts = []
    for start in (1, 3, 5):
        low, high = int(ground[start : start + 2], 16), int(colour[start : start + 2], 16)
        parts.append(round(low + (high - low) * share))
    return "#" + "".join(f"{part:02x}" for part in parts)


def shade(value: float | None) -> str | None:
    """Ground of a heat map's cell: -1 bad … 0 white … 1 good; None where it has none."""
    if value is None:
        return None
    clipped = max(-1.0, min(1.0, value))
    return mixed(SHADE_GOOD if clipped > 0 else SHADE_BAD, abs(clipped))
