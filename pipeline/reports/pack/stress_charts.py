"""Charts of the stress grid: coverage by year, scenarios against metrics, sensitivities."""

from __future__ import annotations

from typing import Final

from kernels import scenarios
from pipeline.reports.pack.document import (
    Block,
    Cell,
    Figure,
    HeatMap,
    LineChart,
    Prose,
    Series,
    Tornado,
    TornadoBar,
    Unit,
)
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.stress_cells import (
    BASE,
    BY_YEAR,
    GROUPS,
    TABLE,
    label,
    names_of,
    number,
    told,
)
from pipeline.stages.written import asked_scenarios

# What is equal but for the order of a sum moves nothing.
_STILL: Final = 1e-9
# Metric, its heading, the unit, and what it takes for the full shade, from what stays unshaded.
_Scale = tuple[str, str, Unit, float, float]
_SHADED: Final[tuple[_Scale, ...]] = (
    ("dscr_min_change_pct", "Least DSCR, change", "percent", 0.0, 20.0),
    ("dscr_avg_change_pct", "Mean DSCR, change", "percent", 0.0, 20.0),
    ("equity_irr_change", "IRR, points", "percent", 0.0, 5.0),
    ("migration", "Migration", "notches", 0.0, 6.0),
    ("headroom", "Over the floor", "times", 0.0, 0.25),
    ("months_under_1", "Under 1.0x", "months", 0.0, -12.0),
    ("recovery_pct", "Recovery", "percent", 100.0, 50.0),
)
_SCALE: Final = (
    "Shades have a fixed scale, the same in every document: full red at -20 % of coverage, -5 "
    "points of return, -6 notches, 0.25x under the floor, 12 months under 1.0x and a recovery of "
    "50 %; full green at as much on the other side; nothing at the base case, at the floor, and at "
    "full recovery."
)
_SENSITIVITIES: Final = ("CPI", "Rates", "OPEX", "Rent", "Delay")


# -- coverage by year -----------------------------------------------------------------------------
def coverage_charts(dossier: Dossier) -> tuple[Block, ...]:
    """A chart a group of scenarios, those that lie on the base case named instead of drawn."""
    blocks: list[Block] = []
    for title, numbers in GROUPS:
        names = names_of(numbers)
        apart = tuple(name for name in names if not _lies_on_base(dossier, name))
        together = [label(dossier, name) for name in names if name not in apart]
        caption = f"On the line of the base case: {'; '.join(together)}." if together else ""
        if not apart:
            blocks.append(Prose((f"{title}: no scenario changes coverage. {caption}",), "small"))
            continue
        blocks.append(_chart(dossier, title, apart, caption))
    return tuple(blocks)


def _chart(dossier: Dossier, title: str, names: tuple[str, ...], caption: str) -> LineChart:
    years = dossier.keys(BY_YEAR)
    shown = (BASE, *names)
    # a refinanced balloon is tested after maturity; years that no line has are left out
    kept = [year for year in years if any(_is_told(dossier, year, name) for name in shown)]
    floor = dossier.cell(TABLE, scenarios.NAMES[scenarios.RATES_LONG], "floor")
    return LineChart(
        title=f"{title}: least DSCR by year",
        axis="Year from completion",
        places=tuple(str(year) for year in kept),
        series=tuple(
            Series(
                label(dossier, name),
                tuple(dossier.cell(BY_YEAR, year, name) for year in kept),
                dashed=name == BASE,
            )
            for name in shown
        ),
        limits=(("Floor under stress", floor),),
        caption=caption,
    )


def _is_told(dossier: Dossier, year: object, name: str) -> bool:
    return dossier.cell(BY_YEAR, year, name).value is not None


def _lies_on_base(dossier: Dossier, name: str) -> bool:
    """Whether a scenario has the base case's coverage in every year, or none in any."""
    for year in dossier.keys(BY_YEAR):
        value, base = (number(dossier.cell(BY_YEAR, year, each)) for each in (name, BASE))
        if value is None and base is None:
            continue
        if value is None or base is None or abs(value - base) > _STILL * max(1.0, abs(base)):
            return False
    return True


# -- scenarios against metrics --------------------------------------------------------------------
def heat_map(dossier: Dossier) -> HeatMap:
    """Every scenario's effect on the base case, shaded on a fixed scale."""
    names = [name for _, numbers in GROUPS for name in names_of(numbers)]
    cells: list[tuple[Cell, ...]] = []
    shades: list[tuple[float | None, ...]] = []
    for name in names:
        figures = [told(dossier, name, column, unit) for column, _, unit, _, _ in _SHADED]
        cells.append(tuple(figures))
        shades.append(tuple(map(_shade, figures, _SHADED)))
    return HeatMap(
        title="What each scenario does to the base case",
        columns=tuple(heading for _, heading, _, _, _ in _SHADED),
        rows=tuple(label(dossier, name) for name in names),
        cells=tuple(cells),
        shades=tuple(shades),
        caption=_SCALE,
    )


def _shade(figure: Figure, scale: _Scale) -> float | None:
    """-1 to 1, nought at the neutral value; None where there is no figure."""
    value = number(figure)
    if value is None:
        return None
    _, _, _, neutral, full = scale
    # adding nought turns -0 into 0
    return max(-1.0, min(1.0, (value - neutral) / full)) + 0.0


# -- sensitivities --------------------------------------------------------------------------------
def sensitivities(dossier: Dossier) -> tuple[Block, ...]:
    """Tornados of coverage and return for what SensitivityExportSet_115 asks."""
    asked = dossier.manifest["request"]["written"]["SensitivityExportSet_115"]
    if not asked:
        return (Prose(("The project asks for no sensitivities (SensitivityExportSet_115).",)),)
    return (
        *_tornado(dossier, asked, "dscr_min", "Least DSCR", "Nothing of it moves the least DSCR."),
        *_tornado(dossier, asked, "equity_irr", "Equity IRR", "Nothing of it moves the IRR."),
    )


def _tornado(
    dossier: Dossier, asked: list[str], metric: str, title: str, nothing: str
) -> tuple[Block, ...]:
    base_figure = told(dossier, BASE, metric)
    base = number(base_figure)
    if base is None:
        return (Prose((f"{title}: the base case has none.",)),)
    bars: list[tuple[float, TornadoBar]] = []
    still: list[str] = []
    undefined: list[str] = []
    for name in (each for each in _SENSITIVITIES if each in asked):
        # one sensitivity at a time: the same words that the run writes its files by
        numbers = asked_scenarios({"OutputVariants_112": [], "SensitivityExportSet_115": [name]})
        known: list[tuple[float, str]] = []
        for scenario in names_of(tuple(numbers)):
            value = number(told(dossier, scenario, metric))
            if value is None:
                undefined.append(label(dossier, scenario))
            else:
                known.append((value - base, scenario))
        least = _STILL * max(1.0, abs(base))
        low, high = min(known, default=None), max(known, default=None)
        low = low if low is not None and low[0] < -least else None
        high = high if high is not None and high[0] > least else None
        ends = [end for end in (low, high) if end is not None]
        if not ends:
            still += [label(dossier, scenario) for _, scenario in known]
            continue
        width = (high[0] if high else 0.0) - (low[0] if low else 0.0)
        bars.append((width, _bar(dossier, metric, low, high)))
    bars.sort(key=lambda each: -each[0])
    caption = " ".join(
        part
        for part in (
            "Each end is the scenario that moves it furthest down or up; debt held as sized.",
            f"Without effect: {'; '.join(still)}." if still else "",
            f"Without a figure: {'; '.join(undefined)}." if undefined else "",
        )
        if part
    )
    if not bars:
        return (Prose((f"{title}: {nothing} {caption}",)),)
    return (
        Tornado(
            f"{title} under the sensitivities asked",
            base_figure,
            tuple(b for _, b in bars),
            caption,
        ),
    )


def _bar(
    dossier: Dossier,
    metric: str,
    low: tuple[float, str] | None,
    high: tuple[float, str] | None,
) -> TornadoBar:
    labels = [label(dossier, end[1]) for end in (low, high) if end is not None]
    return TornadoBar(
        " / ".join(labels),
        told(dossier, low[1], metric) if low else None,
        told(dossier, high[1], metric) if high else None,
    )
