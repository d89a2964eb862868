"""One structure in full: its figures, day-one value, sources and uses, and every stress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kernels import scenarios
from pipeline.reports.facts import Fact, facts_of, levers_of

FIGURES = (
    ("senior_notional", "Senior notional"),
    ("mezz_notional", "Mezzanine notional"),
    ("equity_notional", "Equity notional"),
    ("senior_rating", "Senior rating"),
    ("mezz_rating", "Mezzanine rating"),
    ("binding_constraint", "Senior sized by"),
    ("senior_ltv_pct", "Senior LTV"),
    ("senior_wal", "Senior WAL, scheduled"),
    ("expected_wal", "Senior WAL, expected"),
    ("wacc", "WACC"),
    ("equity_irr", "Equity IRR"),
    ("equity_multiple", "Equity multiple"),
    ("equity_cash_yield_pct", "Equity cash yield"),
    ("dscr_min", "DSCR, least"),
    ("dscr_avg", "DSCR, mean"),
    ("covenant_dscr_min", "Covenant DSCR, least"),
    ("covenant_dscr_avg", "Covenant DSCR, mean"),
    ("icr_min", "Interest cover, least"),
    ("fccr_min", "Fixed charge cover, least"),
    ("capex_coverage", "Capital coverage"),
    ("full_coverage", "Funded"),
    ("cash_coverage", "Funded with reserves"),
    ("trap_months", "Months in cash trap"),
    ("turbo_months", "Months in turbo"),
    ("repo_eligible", "Repo eligible"),
    ("call_value", "Right to call, not added"),
)
DAY_ONE = (
    ("day1_zcis_5y", "Inflation swap, 5 years"),
    ("day1_zcis_10y", "Inflation swap, 10 years"),
    ("day1_rate_option", "Rate floor, cap or collar"),
    ("day1_trs", "Total return swap"),
    ("day1_strip", "Residual strip sold"),
    ("day1_wrap", "Wrap"),
    ("day1_currency_swap", "Currency swap"),
    ("day1_fee_rebate", "Fee rebate"),
    ("day1_advance_uplift", "Advance rate uplift"),
)
SOURCES = (
    ("senior_notional", "Senior debt"),
    ("mezz_notional", "Mezzanine debt"),
    ("day1_cash", "Day-one value"),
    ("equity_cheque", "Equity cheque"),
)
COST = ("total_cost", "Cost of the project")
STRUCTURING_FEES = ("structuring_fees", "Structuring fees")  # no column: `structuring_fees`
RESERVES = (
    ("upfront_fees", "Upfront fees of the debt"),
    ("construction_insurance", "Insurance in construction"),
    ("interest_during_construction", "Interest in construction"),
    ("dsra_funding", "Debt service reserve"),
    ("rent_free_reserve", "Rent-free reserve"),
    ("working_capital", "Working capital"),
)

LABELLED_INPUTS = (
    "CPI_Scenarios_82",
    "Rate_Shock_bps_83",
    "OPEX_StressPct_84",
    "Rent_DownsidePct_85",
    "RecoveryLagMonths_87",
    "RefinanceSpreadAdd_bps_88",
    "CapexOverrunPct_89",
    "COD_DelayMonths_90",
)


@dataclass(frozen=True)
class Part:
    """A part of a sum of money, with its share of a whole in percent; null where it has none."""

    label: str
    amount: float | None
    share_pct: float | None


@dataclass(frozen=True)
class Scenario:
    """How the structure fares when one thing changes; `group` says what kind of change it is.

    `passed` is null where nothing is asked of it: the base case and the lease variants.
    """

    group: str
    label: str
    dscr_min: float | None
    dscr_avg: float | None
    equity_irr: float | None
    worst_month: int | None
    months_under_1: int | None
    rating: str | None
    passed: bool | None


@dataclass(frozen=True)
class StructureReport:
    """A structure as a report shows it. The last part of each sum is its total."""

    number: int
    rank: int
    tier: str
    figures: tuple[Fact, ...]
    levers: tuple[Fact, ...]
    warnings: tuple[str, ...]
    day_one: tuple[Part, ...]
    sources: tuple[Part, ...]
    uses: tuple[Part, ...]
    scenarios: tuple[Scenario, ...]
    stresses: int
    stresses_passed: int

    @classmethod
    def of_row(cls, row: Mapping[str, Any], request: Mapping[str, Any]) -> StructureReport:
        """From a row of `ranked.parquet` and the request in the run's manifest."""
        told = _scenarios(row, request)
        asked = [scenario for scenario in told if scenario.passed is not None]
        return cls(
            number=int(row["permutation_id"]),
            rank=int(row["rank"]),
            tier=str(row["viability_tier"]),
            figures=facts_of(row, FIGURES),
            levers=levers_of(row),
            warnings=tuple(row.get("warnings") or ()),
            day_one=_day_one(row),
            sources=_parts([(label, row[name]) for name, label in SOURCES], row["total_uses"]),
            uses=_uses(row),
            scenarios=told,
            stresses=len(asked),
            stresses_passed=sum(scenario.passed is True for scenario in asked),
        )


def _total(*amounts: float | None) -> float | None:
    """Sum of amounts; null when one is undefined."""
    return None if None in amounts else sum(a for a in amounts if a is not None)


def _share(amount: float | None, whole: float | None) -> float | None:
    return 100.0 * amount / whole if amount is not None and whole else None


def _parts(amounts: list[tuple[str, float | None]], total: float | None) -> tuple[Part, ...]:
    parts = [Part(label, amount, _share(amount, total)) for label, amount in amounts]
    return (*parts, Part("Total", total, _share(total, total)))


def _day_one(row: Mapping[str, Any]) -> tuple[Part, ...]:
    """Parts and sum, each with its share of financing: senior, mezzanine and equity."""
    financing = _total(row["senior_notional"], row["mezz_notional"], row["equity_notional"])
    names = (*DAY_ONE, ("day1_cash", "Total"))
    return tuple(Part(label, row[name], _share(row[name], financing)) for name, label in names)


def structuring_fees(row: Mapping[str, Any]) -> float | None:
    """Fees at close that are not the debt's; null when a part is undefined."""
    held = _total(row["total_cost"], row["upfront_fees"])
    # a difference of large sums: what is under a hundredth is their rounding
    return None if held is None else round(row["required_capital"] - held, 2) + 0.0


def _uses(row: Mapping[str, Any]) -> tuple[Part, ...]:
    amounts = [(COST[1], row[COST[0]]), (STRUCTURING_FEES[1], structuring_fees(row))]
    amounts += [(label, row[name]) for name, label in RESERVES]
    return _parts(amounts, row["total_uses"])


def _scenarios(row: Mapping[str, Any], request: Mapping[str, Any]) -> tuple[Scenario, ...]:
    base = Scenario(
        "As it is",
        "Base case",
        row["dscr_min"],
        row["dscr_avg"],
        row["equity_irr"],
        None,
        None,
        row["matrix_rating"],
        None,
    )
    labels = scenario_labels({**request["base"], **row}, request["rulebook"])
    variants = scenarios.FIRST_STRESS
    return (
        base,
        *(
            Scenario(
                "Lease" if number < variants else "Stress",
                labels[number],
                row[f"{name}_dscr_min"],
                row[f"{name}_dscr_avg"],
                row[f"{name}_equity_irr"],
                row[f"{name}_worst_month"],
                row[f"{name}_months_under_1"],
                row[f"{name}_rating"],
                None if number < variants else row[f"{name}_passed"],
            )
            for number, name in enumerate(scenarios.NAMES)
            if number != scenarios.BASE
        ),
    )


def scenario_labels(inputs: Mapping[str, Any], rulebook: Mapping[str, Any]) -> dict[int, str]:
    """What each scenario but the base case changes, with the figures this run used.

    Of `inputs` only `LABELLED_INPUTS` are read.
    """
    # a list in the base case, its text where a lever sets it
    listed = str(inputs["CPI_Scenarios_82"]).strip("()[]").split(",")
    paths = [*(float(path) for path in listed), rulebook["stress"]["cpi_extra_pct"]]
    shock = inputs["Rate_Shock_bps_83"]
    long_shock = rulebook["rules"]["RK-DSCR-002"]["rate_shock_bps"]
    return {
        scenarios.FLAT: "Lease without indexation",
        scenarios.INDEXED: "Lease indexed",
        scenarios.HYBRID: "Lease indexed for ten years",
        **{scenarios.CPI_LOW + place: f"Inflation {path:g} %" for place, path in enumerate(paths)},
        scenarios.RATES_UP: f"Rates up {shock:g} bps",
        scenarios.RATES_DOWN: f"Rates down {shock:g} bps",
        scenarios.RATES_LONG: f"Rates up {long_shock:g} bps",
        scenarios.OPEX: f"Operating costs up {inputs['OPEX_StressPct_84']:g} %",
        scenarios.RENT: f"Rent down {inputs['Rent_DownsidePct_85']:g} %",
        scenarios.DEFAULT: f"No tenant for {inputs['RecoveryLagMonths_87']:g} months",
        scenarios.REFINANCE: f"Balloon refinanced at +{inputs['RefinanceSpreadAdd_bps_88']:g} bps",
        scenarios.CAPEX: f"Capex up {inputs['CapexOverrunPct_89']:g} %",
        scenarios.DELAY: f"Completion {inputs['COD_DelayMonths_90']:g} months late",
        scenarios.COMBINED: f"No indexation, rates up {long_shock:g} bps",
    }
