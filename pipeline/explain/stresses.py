"""Three lease variants and fourteen stresses: what each leaves, and what decides if it passes."""

from __future__ import annotations

from kernels import codes, scenarios, stress
from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from pipeline.explain.case import ROW, Case
from pipeline.explain.model import (
    MONEY,
    Bound,
    Given,
    Section,
    Step,
    Table,
    TableColumn,
    Value,
    Verdict,
)
from pipeline.explain.project import local_rate
from pipeline.explain.sources import PLAN, RULES, TREE, cited
from pipeline.explain.stress_effects import by_year_table, effects_table

_COLUMNS = (
    TableColumn("scenario", "Scenario", ""),
    TableColumn("change", "What changes", ""),
    TableColumn("dscr_min", "Least DSCR", "x"),
    TableColumn("dscr_avg", "Mean DSCR", "x"),
    TableColumn("equity_irr", "Equity IRR", "%"),
    TableColumn("worst_month", "Worst month", ""),
    TableColumn("months_under_1", "Months under 1.0x", ""),
    TableColumn("rating", "Rating", ""),
    TableColumn("floor", "Floor", "x"),
    TableColumn("headroom", "Headroom", "x"),
    TableColumn("passed", "Passes", ""),
)
_BY_RESERVES = (scenarios.DEFAULT, scenarios.DELAY)
_SOURCE = cited(10, f"{RULES} 1.1", PLAN)


def stresses_section(case: Case) -> Section:
    """The tables of all scenarios, and those that reserves decide."""
    title = "Scenarios"
    if not case.sound or case.senior <= 0.0:
        return Section("stresses", title)
    steps = (_default(case), _weighted(case), _delay(case), _capex(case), _all(case))
    tables = (_table(case), effects_table(case), by_year_table(case))
    return Section("stresses", title, steps, tables)


def changes(case: Case) -> dict[int, str]:
    """What each scenario changes, with the figures of this structure."""
    extra = case.cash_limit(r.STRESS_CPI_EXTRA_PCT)
    paths = [case.input(row) for row in (x.CPI_STRESS_1_PCT, x.CPI_STRESS_2_PCT,
                                         x.CPI_STRESS_3_PCT)]  # fmt: skip
    shock, long = case.input(x.RATE_SHOCK_BPS), case.limit(r.STRESS_RATE_BPS)
    return {
        scenarios.BASE: "nothing",
        scenarios.FLAT: "lease without indexation",
        scenarios.INDEXED: "lease indexed",
        scenarios.HYBRID: "lease indexed for ten years",
        **{scenarios.CPI_LOW + place: f"inflation {path:g} %"
           for place, path in enumerate([*paths, extra])},
        scenarios.RATES_UP: f"coupon {shock:+g} bps",
        scenarios.RATES_DOWN: f"coupon {-shock:+g} bps",
        scenarios.RATES_LONG: f"coupon {long:+g} bps",
        scenarios.OPEX: f"operating costs up {case.input(x.OPEX_STRESS_PCT):g} %",
        scenarios.RENT: f"rent down {case.input(x.RENT_DOWNSIDE_PCT):g} %",
        scenarios.DEFAULT: f"no tenant for {case.input(x.RECOVERY_LAG_MONTHS):g} months",
        scenarios.REFINANCE: f"balloon refinanced at {case.input(x.REFINANCE_SPREAD_BPS):+g} bps",
        scenarios.CAPEX: f"capex up {case.input(x.CAPEX_OVERRUN_PCT):g} %",
        scenarios.DELAY: f"completion {case.input(x.COD_DELAY_MONTHS):g} months late",
        scenarios.COMBINED: f"no indexation, coupon {long:+g} bps",
    }  # fmt: skip


def _metric(case: Case, scenario: int, metric: int) -> float | None:
    return case.figure(f.FIRST_SCENARIO + scenario * scenarios.N_METRICS + metric)


def _floor(case: Case) -> float:
    return case.limit(r.STRESS_FLOOR + int(case.number(f.SENIOR_RATING)))


def _table(case: Case) -> Table:
    rows: list[tuple[Value, ...]] = []
    told = changes(case)
    for number, name in enumerate(scenarios.NAMES):
        least = _metric(case, number, scenarios.DSCR_MIN)
        asked = number >= scenarios.FIRST_STRESS and number not in _BY_RESERVES
        floor = _floor(case) if asked else None
        rated = _metric(case, number, scenarios.RATING)
        months = [_metric(case, number, each)
                  for each in (scenarios.WORST_MONTH, scenarios.MONTHS_UNDER_1)]  # fmt: skip
        passed = _metric(case, number, scenarios.PASSED)
        rows.append((
            name, told[number], least, _metric(case, number, scenarios.DSCR_AVG),
            _metric(case, number, scenarios.EQUITY_IRR),
            *(None if each is None else int(each) for each in months),
            None if rated is None else codes.RATING_NAMES[int(rated)], floor,
            least - floor if floor is not None and least is not None else None,
            passed == 1.0 if number >= scenarios.FIRST_STRESS and passed is not None else None,
        ))  # fmt: skip
    note = "default and delay pass by reserves, see the steps; nothing is asked of the variants"
    return Table("stresses.table", "Scenarios, debt held as sized", _COLUMNS, tuple(rows), note)


def _by_reserves(
    case: Case, scenario: int, title: str, formula: str, inputs: tuple[Given, ...],
    actual: float, limit: float, unit: str,
) -> Step:  # fmt: skip
    passed = _metric(case, scenario, scenarios.PASSED) == 1.0
    headroom = actual - limit
    name = scenarios.NAMES[scenario]
    verdict: Verdict = "pass" if passed else "fail"
    bound = Bound(f"stress {name}", ">=", actual, limit, headroom, verdict)
    return Step(f"stresses.{name}", title, formula, inputs, headroom, unit, _SOURCE,
                column=f"{name}_passed", bound=bound)  # fmt: skip


def _default(case: Case) -> Step:
    held, lag = case.input(x.DSRA_MONTHS) + case.input(x.LIQUIDITY_MONTHS), case.input(
        x.RECOVERY_LAG_MONTHS)  # fmt: skip
    return _by_reserves(
        case, scenarios.DEFAULT, "Months that reserves last beyond a tenant's default",
        "headroom = dsra + facility − months",
        (case.setting("dsra", x.DSRA_MONTHS), case.setting("facility", x.LIQUIDITY_MONTHS),
         case.setting("months", x.RECOVERY_LAG_MONTHS)),
        held, lag, "months",
    )  # fmt: skip


def _weighted(case: Case) -> Step:
    stressed = _metric(case, scenarios.DEFAULT, scenarios.DSCR_MIN)
    return Step(
        "stresses.default_weighted", "Coverage weighted by the odds of a default",
        "DSCR = (1 − p ÷ 100) × base + p ÷ 100 × default",
        (case.setting("p", x.TENANT_DEFAULT_PCT),
         Given("base", "least coverage", case.figure(f.DSCR_MIN), "x", "senior.dscr_min"),
         Given("default", "least coverage without the tenant", stressed, "x")),
        case.figure(f.DSCR_DEFAULT_WEIGHTED), "x", cited(10, TREE),
        column="dscr_default_weighted", closed=stressed is not None,
    )  # fmt: skip


def _delay(case: Case) -> Step:
    cost = float(stress.delay_cost(case.inputs, ROW, case.figures))
    first = case.senior * float(case.schedule().service[0, 0])
    backed = case.input(x.LIQUIDITY_MONTHS)
    if case.input(x.DSRA_LETTER_OF_CREDIT) == 1.0:
        backed += case.input(x.DSRA_MONTHS)
    facility = backed * first
    dsra = case.number(f.DSRA_FUNDING)
    return _by_reserves(
        case, scenarios.DELAY, "Reserves beyond the interest of a late completion",
        "headroom = dsra + facility − interest",
        (Given("dsra", "debt service reserve", dsra, MONEY, "uses.dsra"),
         Given("facility", f"liquidity facility, {backed:g} months of first service", facility,
               MONEY, "LiquidityFacilityMonths_60"),
         Given("interest", "interest of the months late", cost, MONEY, "COD_DelayMonths_90")),
        dsra + facility, cost, MONEY,
    )  # fmt: skip


def _capex(case: Case) -> Step:
    times_fx, fx = local_rate(case)
    return Step(
        "stresses.capex_coverage", "Capital coverage when capex overruns",
        f"coverage = covered × R ÷ (R + overrun ÷ 100 × (TC − land{times_fx}))",
        (Given("covered", "capital coverage", case.figure(f.CAPEX_COVERAGE), "ratio",
               "capital.capex_coverage"),
         Given("R", "capital required", case.figure(f.REQUIRED_CAPITAL), MONEY,
               "capital.required"),
         case.setting("overrun", x.CAPEX_OVERRUN_PCT),
         Given("TC", "cost that is financed", case.number(f.TOTAL_COST), MONEY,
               "project.total_cost"),
         case.setting("land", x.LAND_FEES), *fx),
        case.figure(f.CAPEX_COVERAGE_STRESSED), "ratio", _SOURCE,
        column="capex_coverage_stressed",
    )  # fmt: skip


def _all(case: Case) -> Step:
    failed = [
        scenarios.NAMES[number]
        for number in range(scenarios.FIRST_STRESS, scenarios.N_SCENARIOS)
        if _metric(case, number, scenarios.PASSED) != 1.0
    ]
    asked = scenarios.N_SCENARIOS - scenarios.FIRST_STRESS
    return Step(
        "stresses.passed", "All stresses passed", "every stress passes",
        (Given("held", "stresses that pass", asked - len(failed)),
         Given("asked", "stresses", asked)),
        case.figure(f.STRESSES_PASSED) == 1.0, "", _SOURCE, column="stresses_passed",
        closed=False, note=f"fails: {', '.join(failed)}" if failed else "",
    )  # fmt: skip
