"""The charts of the summary as vector drawings of reportlab, sized in points."""

from __future__ import annotations

from collections.abc import Sequence

from reportlab.graphics.charts.axes import XValueAxis, YValueAxis
from reportlab.graphics.shapes import Circle, Drawing, Group, Line, Polygon, Rect, String
from reportlab.lib.colors import Color, white

from pipeline.reports.numbers import money, share
from pipeline.reports.pdf.charts_parts import Key, legend_entry
from pipeline.reports.pdf.fonts import BOLD, REGULAR
from pipeline.reports.pdf.theme import BLUE, GREY, INK, LINE, NAVY, PALE, TIER_COLOURS
from pipeline.reports.run.model import FunnelStep, Point, Tier

_LEAST_BAR = 3.0


def bar(share_pct: float, full_pct: float, width: float, colour: Color = BLUE) -> Drawing:
    """One bar of a table row: `share_pct` on a scale that ends at `full_pct`."""
    drawing = Drawing(width, 7)
    drawing.add(Rect(0, 0, width, 7, fillColor=PALE, strokeColor=None))
    length = width * share_pct / full_pct
    drawing.add(Rect(0, 0, max(length, 0.7), 7, fillColor=colour, strokeColor=None))
    return drawing


def funnel(steps: Sequence[FunnelStep], width: float) -> Drawing:
    """What each gate leaves of all permutations, widths in proportion."""
    row, thick, left, right = 33, 21, 128, 104
    span = width - left - right
    height = row * len(steps)
    drawing = Drawing(width, height)
    shades = (NAVY, BLUE, Color(0.29, 0.54, 0.77), TIER_COLOURS["Gold"])
    previous: tuple[float, float] | None = None
    for number, step in enumerate(steps):
        y = height - (number + 1) * row + (row - thick) / 2
        half = max(span * step.share_pct / 200, 0.6) if step.rows else 0.0
        middle = left + span / 2
        if previous is not None and step.rows:
            upper_y, upper_half = previous
            drawing.add(
                Polygon(
                    [middle - upper_half, upper_y, middle + upper_half, upper_y,
                     middle + half, y + thick, middle - half, y + thick],
                    fillColor=PALE, strokeColor=None,
                )
            )  # fmt: skip
        if step.rows:
            colour = shades[number % 4]
            drawing.add(Rect(middle - half, y, 2 * half, thick, fillColor=colour, strokeColor=None))
        text_y = y + thick / 2 - 3
        drawing.add(String(0, text_y, step.label, fontName=REGULAR, fontSize=9, fillColor=INK))
        drawing.add(
            String(width - 48, text_y, f"{step.rows:,}", fontName=BOLD, fontSize=9,
                   textAnchor="end", fillColor=NAVY)
        )  # fmt: skip
        drawing.add(
            String(width, text_y, share(step.share_pct), fontName=REGULAR, fontSize=8.5,
                   textAnchor="end", fillColor=GREY)
        )  # fmt: skip
        previous = (y, half)
    return drawing


def tier_bar(tiers: Sequence[Tier], width: float) -> Drawing:
    """Permutations that passed the gates by tier, stacked, with a legend of all tiers."""
    drawing = Drawing(width, 32)
    passed = [tier for tier in tiers if tier.name != "Not Viable" and tier.rows]
    drawing.add(Rect(0, 18, width, 13, fillColor=PALE, strokeColor=None))
    # what is there is to be seen, so that small tiers take a little from the large ones
    total = sum(tier.rows for tier in passed)
    lengths = [max(_LEAST_BAR, width * tier.rows / total) for tier in passed]
    x = 0.0
    for tier, wanted in zip(passed, lengths, strict=True):
        length = width * wanted / sum(lengths)
        drawing.add(
            Rect(x, 18, length, 13, fillColor=TIER_COLOURS[tier.name], strokeColor=white,
                 strokeWidth=0.5)
        )  # fmt: skip
        x += length
    x = 0.0
    for tier in tiers:
        x = legend_entry(drawing, x, 3, _key(tier.name, f"{tier.name} {tier.rows:,}"))
    return drawing


def scatter(points: Sequence[Point], currency: str, width: float, height: float) -> Drawing:
    """Senior notional against cost of capital, one dot a structure, coloured by tier."""
    drawing = Drawing(width, height)
    left, bottom, top = 46, 30, 22
    scale, unit = _money_scale(points)
    across = XValueAxis()
    up = YValueAxis()
    for axis in (across, up):
        axis.strokeColor = LINE
        axis.visibleGrid = True
        axis.gridStrokeColor = PALE
        axis.gridStrokeWidth = 0.6
        axis.labels.fontName = REGULAR
        axis.labels.fontSize = 7.5
        axis.labels.fillColor = GREY
        axis.forceZero = False
        axis.rangeRound = "both"
        axis.maximumTicks = 8
    across.setPosition(left, bottom, width - left - 6)
    up.setPosition(left, bottom, height - bottom - top)
    across.labelTextFormat = _plain
    up.labelTextFormat = _plain
    across.joinAxis, across.joinAxisMode = up, "bottom"
    up.joinAxis, up.joinAxisMode = across, "left"
    xs = [point.wacc_pct for point in points]
    ys = [point.senior_notional / scale for point in points]
    across.configure([_widened(xs)])
    up.configure([_widened(ys)])
    across.gridStart, across.gridEnd = bottom, height - top
    up.gridStart, up.gridEnd = left, width - 6
    drawing.add(across)
    drawing.add(up)
    dots = Group()
    # better tiers are drawn last, so that they lie on top
    order = list(TIER_COLOURS)
    for point, x, y in sorted(
        zip(points, xs, ys, strict=True), key=lambda item: -order.index(item[0].tier)
    ):
        dots.add(
            Circle(across.scale(x), up.scale(y), 2.1, fillColor=TIER_COLOURS[point.tier],
                   strokeColor=white, strokeWidth=0.25)
        )  # fmt: skip
    drawing.add(dots)
    drawing.add(
        String(left + (width - left) / 2, 4, "WACC, %", fontName=REGULAR, fontSize=8,
               textAnchor="middle", fillColor=GREY)
    )  # fmt: skip
    drawing.add(
        String(0, height - 10, f"Senior notional, {currency} {unit}".rstrip(), fontName=REGULAR,
               fontSize=8, fillColor=GREY)
    )  # fmt: skip
    present = {point.tier for point in points}
    x = left + 150.0
    for name in order:
        if name in present:
            x = legend_entry(drawing, x, height - 11, _key(name, name))
    drawing.add(Line(left, bottom, width - 6, bottom, strokeColor=LINE, strokeWidth=0.8))
    return drawing


def _key(tier: str, text: str) -> Key:
    return Key(text, "area", TIER_COLOURS[tier])


def _money_scale(points: Sequence[Point]) -> tuple[float, str]:
    """Divisor and name of the unit that suits the largest value."""
    largest = max(point.senior_notional for point in points)
    name = money(largest).partition(" ")[2]
    return {"bn": 1e9, "m": 1e6, "k": 1e3}.get(name, 1.0), name


def _widened(values: Sequence[float]) -> list[float]:
    """Values with room at both ends, also when they are all the same."""
    low, high = min(values), max(values)
    room = 0.05 * (high - low) or 0.02 * abs(high) or 1.0
    return [*values, low - room, high + room]


def _plain(value: float) -> str:
    return f"{value:,.10g}"
