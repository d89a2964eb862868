"""What each scenario does to the base case: changes, migration, recovery, coverage by year.

Coverage is the sizing coverage month by month, from the arrays that the kernels fill: the least of
all its years is the stored figure to the last bit.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from kernels import scenarios, stress
from kernels.numerics import annuity_factor
from pipeline.explain.case import ROW, Case
from pipeline.explain.model import MONEY, Table, TableColumn, Value
from pipeline.problem import FloatArray
from pipeline.space.levers import IntArray

_YEAR: Final = 12
_EFFECTS = (
    TableColumn("scenario", "Scenario", ""),
    TableColumn("dscr_min_change_pct", "Least DSCR, change", "%"),
    TableColumn("dscr_avg_change_pct", "Mean DSCR, change", "%"),
    TableColumn("equity_irr_change", "Equity IRR, change in points", "%"),
    TableColumn("migration", "Rating migration, down is negative", "notches"),
    TableColumn("worst_month", "Worst month", ""),
    TableColumn("owed", "Senior owed then", MONEY),
    TableColumn("value", "Value of the project then", MONEY),
    TableColumn("reserve", "DSRA", MONEY),
    TableColumn("asset_cover", "Both over what is owed", "x"),
    TableColumn("recovery_pct", "Senior recovery", "%"),
    TableColumn("shortfall", "Shortfall of the test months", MONEY),
    TableColumn("reserves_cover_pct", "Covered by reserves", "%"),
)
_BY_YEAR = (
    TableColumn("year", "Year from COD", ""),
    *(TableColumn(name, name, "x") for name in scenarios.NAMES),
)


class Tested(NamedTuple):
    """Months in which a scenario's coverage is tested, (n,) each, counted from COD.

    net and service of the month and the senior owed at its start [project currency].
    """

    months: IntArray
    net: FloatArray
    service: FloatArray
    owed: FloatArray

    @property
    def covers(self) -> FloatArray:
        """Net income over debt service [x]."""
        return self.net / self.service


def tested(case: Case, scenario: int) -> Tested:
    """The test months of `scenario` (kernels.scenarios) of a structure that carries senior debt."""
    which, rate = scenarios.TABLE[scenario]
    net = case.income(which).net[:, 0]
    bullet = case.input(x.SENIOR_AMORT_TYPE) == x.AMORT_BULLET
    if scenario == scenarios.REFINANCE and bullet:
        return _refinanced(case, net)
    months = np.arange(case.test_months.start, case.test_months.stop)
    schedule = case.schedule(rate)
    service = case.senior * schedule.service[months - 1, 0]
    # a sculpted loan may be repaid before its last month; nothing due is no test
    months, service = months[service > 0.0], service[service > 0.0]
    owed = case.senior * schedule.balance[months - 1, 0]
    return Tested(months, net[months - 1], service, owed)


def _refinanced(case: Case, net: FloatArray) -> Tested:
    """The months of the loan that pays a balloon: from maturity to the end of the lease."""
    maturity, lease = case.months_of(x.SENIOR_TENOR_YEARS), case.months_of(x.LEASE_YEARS)
    months = np.arange(maturity + 1, lease + 1)
    if len(months) == 0:
        return Tested(months, *np.empty((3, 0)))
    coupon = case.input(x.SENIOR_COUPON_PCT) + case.input(x.REFINANCE_SPREAD_BPS) / 100.0
    monthly = coupon / 1200.0
    payment = case.senior / annuity_factor(monthly, lease - maturity)
    left = [annuity_factor(monthly, int(lease - month + 1)) for month in months]
    owed = payment * np.array(left)
    return Tested(months, net[months - 1], np.full(len(months), payment), owed)


def by_year_table(case: Case) -> Table:
    """Least coverage of the test months of each year, under every scenario."""
    found = [_by_year(tested(case, number)) for number in range(scenarios.N_SCENARIOS)]
    last = max((year for years in found for year in years), default=0)
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (year, *(years.get(year) for years in found)) for year in range(1, last + 1)
    )
    note = "least of the year's test months; a year without one has none"
    return Table("stresses.by_year", "Least DSCR by year", _BY_YEAR, rows, note)


def _by_year(of_scenario: Tested) -> dict[int, float]:
    least: dict[int, float] = {}
    for month, cover in zip(of_scenario.months, of_scenario.covers, strict=True):
        year = (int(month) - 1) // _YEAR + 1
        least[year] = min(float(cover), least.get(year, np.inf))
    return least


def effects_table(case: Case) -> Table:
    """Changes against the base case, and what the senior gets back at the worst month."""
    rows = tuple(_effects(case, number) for number in range(scenarios.N_SCENARIOS))
    cap = case.limit(r.EXIT_CAP_RATE_PCT)
    note = (
        "recovery: value and DSRA over what is owed at the start of the worst month, at most 100 %;"
        f" value: net income of the twelve months from then on over {cap:g} %; covered by reserves:"
        " DSRA and liquidity facility over the shortfall, at most 100 %"
    )
    return Table("stresses.effects", "Effects on the base case", _EFFECTS, rows, note)


def _effects(case: Case, scenario: int) -> tuple[Value, ...]:
    def metric(which: int, of: int = scenario) -> float | None:
        return case.figure(f.FIRST_SCENARIO + of * scenarios.N_METRICS + which)

    def change_pct(which: int) -> float | None:
        base, value = metric(which, scenarios.BASE), metric(which)
        if base is None or value is None or base <= 0.0:
            return None
        return 100.0 * (value / base - 1.0)

    irr, base_irr = metric(scenarios.EQUITY_IRR), metric(scenarios.EQUITY_IRR, scenarios.BASE)
    rated, base_rated = metric(scenarios.RATING), metric(scenarios.RATING, scenarios.BASE)
    month = metric(scenarios.WORST_MONTH)
    notches = None
    if rated is not None and base_rated is not None:
        notches = case.limit(r.NOTCH + int(base_rated)) - case.limit(r.NOTCH + int(rated))
    return (
        scenarios.NAMES[scenario],
        change_pct(scenarios.DSCR_MIN),
        change_pct(scenarios.DSCR_AVG),
        irr - base_irr if irr is not None and base_irr is not None else None,
        notches,
        None if month is None else int(month),
        *_recovery(case, scenario, None if month is None else int(month)),
    )


def _recovery(case: Case, scenario: int, month: int | None) -> tuple[float | None, ...]:
    """Owed, value, DSRA, both over owed, recovery, shortfall, share that reserves cover."""
    if month is None:
        return (None,) * 7
    of_scenario = tested(case, scenario)
    owed = float(of_scenario.owed[of_scenario.months == month][0])
    value = _value(case, scenario, month)
    reserve, facility = _reserves(case, scenario)
    cover = (value + reserve) / owed if owed > 0.0 else None
    recovery = 100.0 * min(1.0, cover) if cover is not None else None
    missing = np.maximum(0.0, of_scenario.service - of_scenario.net)
    # coverage of 1.0x but for rounding lacks nothing
    short = float(np.sum(missing[missing > 1e-9 * of_scenario.service]))
    covered = 100.0 * min(1.0, (reserve + facility) / short) if short > 0.0 else None
    return owed, value, reserve, cover, recovery, short, covered


def _value(case: Case, scenario: int, month: int) -> float:
    """What the exit's rule gives for the project at the start of `month` [project currency]."""
    lease = case.months_of(x.LEASE_YEARS)
    first = max(1, min(month, lease - _YEAR + 1)) if month <= lease else month
    income = case.income(scenarios.TABLE[scenario][0]).net[:, 0]
    ahead = float(np.sum(income[first - 1 : first - 1 + _YEAR]))
    return max(0.0, ahead) / (case.limit(r.EXIT_CAP_RATE_PCT) / 100.0)


def _reserves(case: Case, scenario: int) -> tuple[float, float]:
    """DSRA and liquidity facility as operation begins [project currency]."""
    backed = case.input(x.LIQUIDITY_MONTHS)
    if case.input(x.DSRA_LETTER_OF_CREDIT) == 1.0:
        backed += case.input(x.DSRA_MONTHS)
    facility = backed * case.senior * float(case.schedule().service[0, 0])
    reserve = case.number(f.DSRA_FUNDING)
    late = 0.0
    if scenario == scenarios.DELAY:
        # interest of the months late is paid from the reserve, then from the facility
        late = float(stress.delay_cost(case.inputs, ROW, case.figures))
    drawn = min(facility, max(0.0, late - reserve))
    return max(0.0, reserve - late), facility - drawn
