"""The column dictionary: every figure's name, type, unit, meaning and reason for being null.

It drives the Arrow schemas, the flat objects of `evaluate`, report headings and the docs. A figure
comes from the kernels as float64; here codes become names, bit masks lists of names, and NaN an
Arrow null with the reason in `<column>_status`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kernels import codes, scenarios
from kernels import figures as f
from pipeline.problem import FloatArray, Lever

Kind = Literal["number", "count", "flag", "code", "mask"]
IdArray = npt.NDArray[np.int64]

# Names of the statuses of kernels.irr, by code; the first is replaced by OK where a root is given.
IRR_STATUS_NAMES = ("OK", "NO_ROOT", "SEVERAL_ROOTS", "NO_EQUITY")

_ARROW_TYPES: dict[Kind, pa.DataType] = {
    "number": pa.float64(),
    "count": pa.int64(),
    "flag": pa.bool_(),
    "code": pa.string(),
    "mask": pa.list_(pa.string()),
}


@dataclass(frozen=True)
class Column:
    """One figure of a permutation.

    `figure` is its row in the kernels' output; `names` are the texts of a code or of a mask's
    bits (from bit `first_bit` on). `null_reason` says why a sound structure may lack the figure; a
    column that has one is followed by `<name>_status`. An unsound structure's reason is
    INVALID_STRUCTURE throughout. `status_figure` is a figure that tells several reasons apart, by
    its place in IRR_STATUS_NAMES.
    """

    name: str
    figure: int
    kind: Kind
    unit: str
    description: str
    names: tuple[str, ...] = ()
    first_bit: int = 0
    null_reason: str | None = None
    status_figure: int | None = None

    @property
    def status_name(self) -> str | None:
        return f"{self.name}_status" if self.null_reason else None


_NO_DEBT = codes.STATUS_NAMES[codes.NO_DEBT]
_NO_MEZZ = codes.STATUS_NAMES[codes.NO_MEZZ]
_NO_TEST = "NO_TEST_MONTH"
_INVALID = codes.STATUS_NAMES[codes.INVALID_STRUCTURE]
_GATE_A = codes.REASON_NAMES[: codes.N_GATE_A_REASONS]
_GATE_B = codes.REASON_NAMES[codes.N_GATE_A_REASONS :]
_MONEY = "project currency"


def _number(
    name: str, figure: int, unit: str, description: str, null_reason: str | None = None
) -> Column:
    return Column(name, figure, "number", unit, description, null_reason=null_reason)


_OWN_COLUMNS: tuple[Column, ...] = (
    Column("viability_tier", f.TIER, "code", "", "Diamond, Gold, Silver, Bronze or Not Viable",
           codes.TIER_NAMES),
    Column("viable", f.VIABLE, "flag", "", "Passes every hard filter"),
    _number("composite_score", f.COMPOSITE_SCORE, "0-100", "Weighted score that ranks", _NO_DEBT),
    _number("gate_b_score", f.GATE_B_SCORE, "points", "Credit score of Gate B", _NO_DEBT),
    _number("senior_notional", f.SENIOR_NOTIONAL, _MONEY, "Largest senior debt all covenants let"),
    Column("binding_constraint", f.BINDING_CONSTRAINT, "code", "", "Covenant that sized the senior",
           codes.BINDING_NAMES, null_reason=_INVALID),
    _number("dscr_min", f.DSCR_MIN, "x", "Least senior coverage of any test month", _NO_DEBT),
    _number("dscr_avg", f.DSCR_AVG, "x", "Mean senior coverage of the test months", _NO_DEBT),
    _number("dscr_tail", f.DSCR_TAIL, "x", "Least coverage of the last years", _NO_DEBT),
    Column("dscr_worst_month", f.FIRST_SCENARIO + scenarios.WORST_MONTH, "count", "month",
           "First month of the least coverage", null_reason=_NO_DEBT),
    Column("months_under_1", f.FIRST_SCENARIO + scenarios.MONTHS_UNDER_1, "count", "months",
           "Test months with coverage under 1.0x", null_reason=_NO_DEBT),
    _number("senior_wal", f.SENIOR_WAL, "years", "Weighted average life, balloon included",
            _NO_DEBT),
    _number("senior_ltv_pct", f.SENIOR_LTV_PCT, "%", "Senior notional over market cost (_15)"),
    _number("peak_balance", f.PEAK_BALANCE, _MONEY, "Highest senior balance"),
    _number("peak_ltv_pct", f.PEAK_LTV_PCT, "%", "Highest senior balance over market cost"),
    _number("balloon_pct", f.BALLOON_PCT, "%", "Senior principal due at maturity in one sum",
            _NO_DEBT),
    _number("icr_min", f.ICR_MIN, "x", "Least net income over senior interest", _NO_DEBT),
    _number("fccr_min", f.FCCR_MIN, "x", "Least net income over interest, fees and wrap premium",
            _NO_DEBT),
    Column("senior_rating", f.SENIOR_RATING, "code", "", "Rating after wrap, tenant, concentration",
           codes.RATING_NAMES, null_reason=_NO_DEBT),
    Column("matrix_rating", f.MATRIX_RATING, "code", "", "Rating by coverage and LTV alone",
           codes.RATING_NAMES, null_reason=_NO_DEBT),
    _number("mezz_notional", f.MEZZ_NOTIONAL, _MONEY, "Mezzanine debt"),
    _number("mezz_dscr_min", f.MEZZ_DSCR_MIN, "x", "Least coverage of senior and mezzanine",
            _NO_MEZZ),
    Column("mezz_rating", f.MEZZ_RATING, "code", "", "Mezzanine rating by coverage",
           codes.RATING_NAMES, null_reason=_NO_MEZZ),
    _number("equity_notional", f.EQUITY_NOTIONAL, _MONEY, "Total cost less senior and mezzanine"),
    Column("structure_rating", f.STRUCTURE_RATING, "code", "", "Notional-weighted over tranches",
           codes.RATING_NAMES, null_reason=_NO_DEBT),
    _number("wacc", f.WACC, "%", "Cost of capital weighted by notional"),
    Column("equity_irr", f.EQUITY_IRR, "number", "%", "Return to equity, a year",
           null_reason="NO_IRR", status_figure=f.IRR_STATUS),
    _number("equity_multiple", f.EQUITY_MULTIPLE, "x", "What equity gets back over what it puts in",
            "NO_EQUITY"),
    _number("equity_cash_yield_pct", f.EQUITY_CASH_YIELD_PCT, "%",
            "First-year income after interest over equity notional", "NO_EQUITY"),
    _number("day1_cash", f.DAY1_CASH, _MONEY, "Day-one value: the sum of its parts"),
    _number("day1_wrap", f.DAY1_WRAP, _MONEY, "Spread the wrap saves"),
    _number("day1_zcis_5y", f.DAY1_ZCIS_5Y, _MONEY, "Five-year inflation swap"),
    _number("day1_zcis_10y", f.DAY1_ZCIS_10Y, _MONEY, "Ten-year inflation swap"),
    _number("day1_rate_option", f.DAY1_RATE_OPTION, _MONEY, "Rate floor, cap or collar"),
    _number("day1_trs", f.DAY1_TRS, _MONEY, "Total return swap on equity"),
    _number("day1_strip", f.DAY1_STRIP, _MONEY, "Residual strip sold"),
    _number("day1_currency_swap", f.DAY1_CURRENCY_SWAP, _MONEY, "Currency swap, a cost"),
    _number("day1_fee_rebate", f.DAY1_FEE_REBATE, _MONEY, "Structuring fees paid back"),
    _number("day1_advance_uplift", f.DAY1_ADVANCE_UPLIFT, _MONEY, "Higher advance rate"),
    _number("call_value", f.CALL_VALUE, _MONEY, "Right to call the senior; paid for in the coupon"),
    _number("total_cost", f.TOTAL_COST, _MONEY, "Cost of the project by CapexBasis_21"),
    _number("equity_capacity", f.EQUITY_CAPACITY, _MONEY,
            "What equity can pay at its target return"),
    _number("required_capital", f.REQUIRED_CAPITAL, _MONEY, "Total cost and fees at close"),
    _number("capex_coverage", f.CAPEX_COVERAGE, "ratio", "Senior, mezzanine, capacity / required"),
    _number("full_coverage", f.FULL_COVERAGE, "ratio", "The same with day-one value"),
    _number("cash_coverage", f.CASH_COVERAGE, "ratio", "All sources over all uses"),
    _number("upfront_fees", f.UPFRONT_FEES, _MONEY, "Senior and mezzanine fees at close"),
    _number("construction_insurance", f.CONSTRUCTION_INSURANCE, _MONEY, "Insurance before COD"),
    _number("dsra_funding", f.DSRA_FUNDING, _MONEY, "Debt service reserve funded in cash"),
    _number("interest_during_construction", f.INTEREST_DURING_CONSTRUCTION, _MONEY,
            "Interest before COD"),
    _number("rent_free_reserve", f.RENT_FREE_RESERVE, _MONEY, "Reserve for the rent-free months"),
    _number("working_capital", f.WORKING_CAPITAL, _MONEY, "Pre-funded collection lag"),
    _number("total_uses", f.TOTAL_USES, _MONEY, "Everything to be paid at close"),
    _number("equity_cheque", f.EQUITY_CHEQUE, _MONEY, "Cash equity puts in at close"),
    _number("expected_wal", f.EXPECTED_WAL, "years", "Average life with prepayments", _NO_DEBT),
    _number("covenant_dscr_min", f.COVENANT_DSCR_MIN, "x", "Least covenant DSCR tested", _NO_TEST),
    _number("covenant_dscr_avg", f.COVENANT_DSCR_AVG, "x", "Mean covenant DSCR tested", _NO_TEST),
    Column("trap_months", f.TRAP_MONTHS, "count", "months", "Months in cash trap"),
    Column("turbo_months", f.TURBO_MONTHS, "count", "months", "Months in turbo"),
    _number("unpaid_max", f.UNPAID_MAX, _MONEY, "Most unpaid to the senior or above"),
    _number("equity_put_in", f.EQUITY_PUT_IN, _MONEY, "Equity put in later, for balloons"),
    _number("dsra_drawn", f.DSRA_DRAWN, _MONEY, "Drawn from the DSRA"),
    _number("facility_drawn", f.FACILITY_DRAWN, _MONEY, "Drawn on the liquidity facility"),
    Column("repo_eligible", f.REPO_ELIGIBLE, "flag", "", "Every leg of repo eligibility holds"),
    Column("repo_reasons", f.REPO_FAILED_LEGS, "mask", "", "Repo legs that fail",
           codes.REPO_LEG_NAMES),
    _number("repo_haircut_pct", f.REPO_HAIRCUT_PCT, "%", "Haircut by rating and tenor",
            "NOT_FINANCEABLE"),
    _number("repo_cash", f.REPO_CASH, _MONEY, "Cash a holder could raise by repo", "NOT_ELIGIBLE"),
    _number("dscr_cpi_0", f.DSCR_CPI_0, "x", "Coverage without indexation", _NO_DEBT),
    _number("dscr_rate_200", f.DSCR_RATE_200, "x", "Coverage at the long rate shock", _NO_DEBT),
    _number("dscr_combined", f.DSCR_COMBINED, "x", "Coverage under both", _NO_DEBT),
    _number("dscr_cpi_0_early", f.DSCR_CPI_0_EARLY, "x", "First years without indexation",
            "NO_TEST_MONTH"),
    _number("dscr_rate_100_early", f.DSCR_RATE_100_EARLY, "x", "First years, quick rate shock",
            "NO_TEST_MONTH"),
    _number("stress_dscr_worst", f.STRESS_DSCR_WORST, "x", "Worst Gate B stress", _NO_DEBT),
    Column("stresses_passed", f.STRESSES_PASSED, "flag", "", "All fourteen stresses pass"),
    _number("capex_coverage_stressed", f.CAPEX_COVERAGE_STRESSED, "ratio",
            "Capital coverage under the capex stress", _NO_DEBT),
    _number("dscr_default_weighted", f.DSCR_DEFAULT_WEIGHTED, "x",
            "Coverage weighted by the chance of tenant default", _NO_DEBT),
    Column("derivatives", f.DERIVATIVES, "count", "", "Derivative overlays in use"),
    Column("complexity", f.COMPLEXITY, "count", "", "Derivatives, mezzanine and wrap"),
    _number("net_it_load_mw", f.NET_IT_LOAD_MW, "MW", "Gross load / PUE"),
    _number("gross_income", f.GROSS_INCOME, _MONEY + "/year", "Twelve contract rents"),
    _number("net_income", f.NET_INCOME, _MONEY + "/year", "Gross income less opex, unindexed"),
    _number("market_costs", f.MARKET_COSTS, _MONEY, "Market capex and land (_15)"),
    _number("internal_costs", f.INTERNAL_COSTS, _MONEY, "Build cost and land (_16)"),
    _number("developer_profit", f.DEVELOPER_PROFIT, _MONEY, "Market less internal costs"),
    _number("developer_margin_pct", f.DEVELOPER_MARGIN_PCT, "%", "Profit over market costs"),
    Column("gate_a_reasons", f.GATE_A_FAILED, "mask", "", "Gate A tests that fail", _GATE_A),
    Column("gate_b_reasons", f.GATE_B_FAILED, "mask", "", "Gate B tests that fail", _GATE_B,
           first_bit=codes.N_GATE_A_REASONS),
    Column("warnings", f.WARNINGS, "mask", "", "What to look at, though it rejects nothing",
           codes.WARNING_NAMES),
)  # fmt: skip


def _scenario_columns() -> tuple[Column, ...]:
    """Seven figures of each scenario but the base case, which has its own columns above."""
    columns: list[Column] = []
    for number, scenario in enumerate(scenarios.NAMES):
        if number == scenarios.BASE:
            continue
        for metric, (kind, unit, text) in enumerate(_METRICS):
            columns.append(
                Column(
                    f"{scenario}_{scenarios.METRIC_NAMES[metric]}",
                    f.FIRST_SCENARIO + number * scenarios.N_METRICS + metric,
                    kind,
                    unit,
                    f"{text}, scenario {scenario}",
                    codes.RATING_NAMES if kind == "code" else (),
                )
            )
    return tuple(columns)


_METRICS: tuple[tuple[Kind, str, str], ...] = (
    ("number", "x", "Least coverage"),
    ("number", "x", "Mean coverage"),
    ("number", "%", "Return to equity, a year"),
    ("count", "month", "Month of the least coverage"),
    ("count", "months", "Months under 1.0x"),
    ("code", "", "Rating by coverage"),
    ("flag", "", "Passes"),
)
COLUMNS: tuple[Column, ...] = (*_OWN_COLUMNS, *_scenario_columns())
BY_NAME: dict[str, Column] = {column.name: column for column in COLUMNS}


# What the merge gives each row beside the figures of its own structure.
MERGE_COLUMNS = ("rank", "pareto")


def merge_fields() -> list[pa.Field]:
    """Fields of MERGE_COLUMNS, which stand before all others in ranked.parquet."""
    on_frontier = "No survivor is better in senior, day-one cash, DSCR, rating or WACC without loss"
    return [
        _field(MERGE_COLUMNS[0], pa.int64(), "", "1 is best", False),
        _field(MERGE_COLUMNS[1], pa.bool_(), "", on_frontier, False),
    ]


def survivor_fields(levers: Sequence[Lever]) -> list[pa.Field]:
    """Fields of an analysis part, and of ranked.parquet after MERGE_COLUMNS, in file order."""
    fields = [_field("permutation_id", pa.int64(), "", "Index in the lever space", False)]
    for column in COLUMNS:
        fields.append(
            _field(column.name, _ARROW_TYPES[column.kind], column.unit, column.description)
        )
        if column.status_name:
            fields.append(_status_field(column.status_name))
    for lever in levers:
        fields.append(_field(lever.name, _lever_type(lever), "", "Lever setting"))
    return fields


def survivor_table(
    levers: Sequence[Lever], digits: IdArray, ids: IdArray, figures: FloatArray
) -> pa.Table:
    """Rows as Arrow: `digits` (n_levers, rows), `ids` (rows,), `figures` (N_FIGURES, rows)."""
    arrays: list[pa.Array] = [pa.array(ids)]
    invalid = figures[f.STATUS] == codes.INVALID_STRUCTURE
    for column in COLUMNS:
        arrays.append(_array(column, figures[column.figure]))
        if column.null_reason:
            arrays.append(_status_array(column, figures, invalid))
    for lever, lever_digits in zip(levers, digits, strict=True):
        labels = pa.array(_lever_labels(lever), _lever_type(lever))
        arrays.append(labels.take(pa.array(lever_digits)))
    return pa.Table.from_arrays(arrays, schema=pa.schema(survivor_fields(levers)))


def flat(figures: FloatArray) -> dict[str, Any]:
    """One permutation's figures (N_FIGURES,) as plain JSON values, null where undefined."""
    invalid = figures[f.STATUS] == codes.INVALID_STRUCTURE
    result: dict[str, Any] = {}
    for column in COLUMNS:
        value = _scalar(column, float(figures[column.figure]))
        result[column.name] = value
        if column.null_reason:
            result[f"{column.name}_status"] = _status(column, figures, value is None, bool(invalid))
    return result


def names_of_mask(mask: int, names: Sequence[str], first_bit: int = 0) -> list[str]:
    """Names of the set bits, lowest first; `names[0]` belongs to bit `first_bit`."""
    return [name for bit, name in enumerate(names, first_bit) if mask >> bit & 1]


def _field(
    name: str, kind: pa.DataType, unit: str, description: str, nullable: bool = True
) -> pa.Field:
    return pa.field(name, kind, nullable, {"unit": unit, "description": description})


def _status_field(name: str) -> pa.Field:
    return _field(name, pa.string(), "", "OK, or why the figure is null", False)


def _status(column: Column, figures: FloatArray, missing: bool, invalid: bool) -> str:
    if not missing:
        return codes.STATUS_NAMES[codes.OK]
    if invalid:
        return _INVALID
    if column.status_figure is not None:
        return IRR_STATUS_NAMES[int(figures[column.status_figure])]
    return str(column.null_reason)


def _scalar(column: Column, value: float) -> Any:
    if math.isnan(value):
        return None
    match column.kind:
        case "number":
            return value
        case "count":
            return int(value)
        case "flag":
            return value == 1.0
        case "code":
            return column.names[int(value)]
        case "mask":
            return names_of_mask(int(value), column.names, column.first_bit)


def _array(column: Column, values: FloatArray) -> pa.Array:
    """Arrow array of a figure over rows (rows,); NaN becomes null."""
    missing = np.isnan(values)
    if column.kind == "number":
        return pa.array(values, pa.float64(), mask=missing)
    whole = np.where(missing, 0.0, values).astype(np.int64)
    if column.kind == "count":
        return pa.array(whole, pa.int64(), mask=missing)
    if column.kind == "flag":
        return pa.array(whole == 1, pa.bool_(), mask=missing)
    if column.kind == "code":
        return pa.array(column.names).take(pa.array(whole, mask=missing))
    distinct, place = np.unique(whole, return_inverse=True)
    texts = [names_of_mask(int(mask), column.names, column.first_bit) for mask in distinct]
    return pa.array(texts, pa.list_(pa.string())).take(pa.array(place, mask=missing))


def _status_array(column: Column, figures: FloatArray, invalid: npt.NDArray[np.bool_]) -> pa.Array:
    missing = np.isnan(figures[column.figure])
    reasons: tuple[str, ...] = (str(column.null_reason),)
    reason = np.zeros(len(missing), dtype=np.int64)
    if column.status_figure is not None:
        reasons = IRR_STATUS_NAMES
        reason = np.where(missing & ~invalid, figures[column.status_figure], 0.0).astype(np.int64)
    names = pa.array([codes.STATUS_NAMES[codes.OK], _INVALID, *reasons])
    place = np.where(missing, np.where(invalid, 1, reason + 2), 0)
    return names.take(pa.array(place))


def _lever_type(lever: Lever) -> pa.DataType:
    """Numbers stay numbers and switches switches; anything mixed is text."""
    if all(isinstance(label, bool) for label in lever.labels):
        return pa.bool_()
    if all(type(label) in (int, float) for label in lever.labels):
        return pa.float64()
    return pa.string()


def _lever_labels(lever: Lever) -> list[Any]:
    kind = _lever_type(lever)
    if kind == pa.float64():
        return [float(label) for label in lever.labels if label is not None]
    if kind == pa.bool_():
        return list(lever.labels)
    return [None if label is None else str(label) for label in lever.labels]
