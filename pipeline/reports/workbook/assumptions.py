"""The assumptions sheet: figures of the rulebook and the market that formulas call, with keys."""

from __future__ import annotations

import math
from typing import Final

from kernels import layout as x
from kernels import rules as r
from pipeline.explain.case import Case
from pipeline.inputs.countries import JURISDICTIONS
from pipeline.inputs.ratings import CATEGORIES, SCALE
from pipeline.reports.workbook import standing
from pipeline.reports.workbook.book import Book, Form, Sheet, Spec, Table
from pipeline.reports.workbook.inputs import NONE
from pipeline.reports.workbook.subject import Subject

# Name, label, place in the packed rulebook, unit, key.
_RULES: Final = (
    ("Long_Run_Inflation_Pct", "Long-run inflation", r.LONG_RUN_INFLATION_PCT, "%",
     "model.long_run_inflation_pct"),
    ("Core_Cpi_Discount_Pct", "Core under headline inflation", r.CORE_CPI_DISCOUNT_PCT, "%",
     "model.core_cpi_discount_pct"),
    ("Step_Weight_1", "Payment weight, first third", r.STEP_WEIGHT_FIRST, "",
     "model.step_down_weights"),
    ("Step_Weight_2", "Payment weight, second third", r.STEP_WEIGHT_SECOND, "",
     "model.step_down_weights"),
    ("Step_Weight_3", "Payment weight, last third", r.STEP_WEIGHT_THIRD, "",
     "model.step_down_weights"),
    ("Pik_Months", "Months in which mezzanine interest capitalises", r.PIK_MONTHS, "months",
     "model.pik_window_months"),
    ("Mezz_Min_Notional", "Smallest mezzanine", r.MEZZ_MIN_NOTIONAL, "money",
     "model.mezz_min_notional"),
    ("Mezz_Min_Capacity_Ratio", "Least cash for a mezzanine, share of income",
     r.MEZZ_MIN_CAPACITY_RATIO, "", "model.mezz_min_capacity_ratio"),
    ("Mezz_Max_Share", "Most mezzanine, share of what the senior leaves",
     r.MEZZ_MAX_SHARE_OF_REST, "", "rules.GATE-A-MATH"),
    ("Exit_Cap_Rate_Pct", "Exit cap rate", r.EXIT_CAP_RATE_PCT, "%", "model.exit_cap_rate_pct"),
    ("Tail_Years", "Years of the tail coverage", r.TAIL_YEARS, "years", "model.dscr_tail_years"),
    ("Enhancement_Dsra_Months", "DSRA that counts as enhancement", r.ENHANCEMENT_DSRA_MONTHS,
     "months", "rules.RK-CONC-001"),
    ("Enhancement_Tenant_Notch", "Weakest tenant that counts as enhancement, notch number",
     r.ENHANCEMENT_TENANT_NOTCH, "", "rules.RK-CONC-001"),
    ("Tenant_Share_Caps", "1: a breach caps the rating", r.TENANT_SHARE_CAPS, "",
     "rules.RK-CONC-001"),
)  # fmt: skip
_CASH: Final = (
    ("Liquidity_Fee_Bps", "Fee on the undrawn liquidity facility", r.LIQUIDITY_FEE_BPS, "bps",
     "cash.liquidity_fee_bps"),
    ("Covenant_First_Test", "First month of a covenant test", r.COVENANT_FIRST_TEST_MONTH,
     "month", "cash.covenant.first_test_month"),
    ("Covenant_Interval", "Months from test to test", r.COVENANT_TEST_INTERVAL_MONTHS, "months",
     "cash.covenant.test_interval_months"),
    ("Turbo_Year", "TimeBased: last year without turbo", r.TURBO_TIME_BASED_YEAR, "years",
     "cash.turbo.time_based_year"),
    ("Turbo_Notches", "RatingDowngrade: categories", r.TURBO_DOWNGRADE_NOTCHES, "",
     "cash.turbo.downgrade_notches"),
    ("Clean_Tests", "Clean tests that release trapped cash", r.RELEASE_CLEAN_TESTS, "",
     "cash.clean_tests"),
    ("Wrap_Years_Max", "Most years of a wrap's value", r.WRAP_VALUE_YEARS_MAX, "years",
     "day_one.wrap_years_max"),
    ("Rate_Option_Years", "Term of the option on rates", r.RATE_OPTION_YEARS, "years",
     "day_one.floor.years"),
    ("Trs_Max_Structure_Pct", "Most of a total return swap, share of financing",
     r.TRS_MAX_STRUCTURE_PCT, "%", "day_one.trs.max_structure_pct"),
    ("Trs_Term_Years", "Term of a total return swap", r.TRS_TERM_YEARS, "years",
     "day_one.trs.term_years"),
    ("Trs_Upfront_Monthly_Pct", "Upfront of a swap margined monthly", r.TRS_UPFRONT_PCT, "%",
     "day_one.trs.upfront_pct"),
    ("Trs_Upfront_Quarterly_Pct", "Upfront of a swap margined quarterly", r.TRS_UPFRONT_PCT + 1,
     "%", "day_one.trs.upfront_pct"),
    ("Strip_Share_Pct", "Share of distributions sold", r.STRIP_SHARE_PCT, "%",
     "day_one.strip.share_pct"),
    ("Strip_After_Years", "Sold after so many years", r.STRIP_AFTER_YEARS, "years",
     "day_one.strip.after_years"),
    ("Strip_After_Years_Long", "The same for a long lease", r.STRIP_AFTER_YEARS_LONG, "years",
     "day_one.strip.after_years_long"),
    ("Strip_Long_Lease_Years", "A lease is long beyond", r.STRIP_LONG_LEASE_YEARS, "years",
     "day_one.strip.long_lease_years"),
    ("Reinvestment_Off_Pct", "Yield on reserves: Off", r.REINVESTMENT_PCT, "%",
     "cash.reinvestment_pct"),
    ("Reinvestment_LeaseBacked_Pct", "Yield on reserves: LeaseBacked", r.REINVESTMENT_PCT + 1,
     "%", "cash.reinvestment_pct"),
    ("Reinvestment_Limited_Pct", "Yield on reserves: Limited", r.REINVESTMENT_PCT + 2, "%",
     "cash.reinvestment_pct"),
    ("Trap_Share_MezzBlock", "Cash a trap keeps: MezzBlock", r.TRAP_SHARE, "", "cash.trap_share"),
    ("Trap_Share_EquityBlock", "Cash a trap keeps: EquityBlock", r.TRAP_SHARE + 1, "",
     "cash.trap_share"),
    ("Trap_Share_SweepPct", "Cash a trap keeps: SweepPct", r.TRAP_SHARE + 2, "",
     "cash.trap_share"),
)  # fmt: skip
_SHIFTS: Final = ("RA_Conservative", "RA_Base", "Internal_Base")
_SUPPORT: Final = ("TwoWay", "OneWay", "Threshold")
RATINGS: Final = tuple(range(x.RATING_AAA, x.RATING_B - 1, -1))


def fill_assumptions(form: Form, case: Case) -> None:
    """Single figures of the rulebook and the market."""
    form.heading("Rulebook")
    for name, label, place, unit, key in _RULES:
        form.value(name, label, case.limit(place), unit, f"rulebook {key}")
    for place, jurisdiction in enumerate(JURISDICTIONS):
        form.value(f"Tax_Rate_{jurisdiction}_Pct", f"Corporate tax, {jurisdiction}",
                   case.limit(r.TAX_RATE_PCT + place), "%",
                   "rulebook model.tax_rate_pct")  # fmt: skip
    for place, name in enumerate(_SHIFTS):
        form.value(f"Matrix_Shift_{name}", f"Shift of the coverage legs, {name}",
                   case.limit(r.MATRIX_SHIFT + place), "x",
                   "rulebook ratings.dscr_shift")  # fmt: skip
    form.heading("Rulebook: cash, day-one value")
    for name, label, place, unit, key in _CASH:
        form.value(name, label, case.cash_limit(place), unit, f"rulebook {key}")
    for place, name in enumerate(_SUPPORT):
        for rating in (x.RATING_AAA, x.RATING_AA, x.RATING_A, x.RATING_BBB):
            form.value(f"Zcis_Credit_{name}_{CATEGORIES[rating]}_Bps",
                       f"Credit charge of an inflation swap, {name}, {CATEGORIES[rating]}",
                       case.cash_limit(r.ZCIS_CREDIT_BPS + 7 * place + rating), "bps",
                       "rulebook day_one.zcis_credit_bps")  # fmt: skip
    for rating in (x.RATING_BB, x.RATING_B):
        form.value(f"Spread_{CATEGORIES[rating]}_Bps", f"Credit spread, {CATEGORIES[rating]}",
                   case.cash_limit(r.LOW_SPREAD_BPS + rating), "bps",
                   "rulebook day_one.low_rating_spread_bps")  # fmt: skip
    standing.fill_assumptions(form, case)
    form.heading("Market")
    for name, label, place in (
        ("Power_Spot", "Spot power price", r.POWER_SPOT_PER_MWH),
        ("Power_Swap", "Power swap price", r.POWER_SWAP_PER_MWH),
    ):
        form.value(name, label, float(case.books.market[place]), "local currency/MWh",
                   "market file power")  # fmt: skip
    form.value("Normal_Vol", "Normal volatility of rates",
               float(case.books.market[r.NORMAL_VOL]), "decimal",
               "market file volatility")  # fmt: skip
    form.heading("How the engine tests")
    form.value("Tolerance", "Slack of a test of coverage, LTV or life", 1e-9, "", "method 1")


def fill_scales(book: Book, sheet: Sheet, subject: Subject, top: int) -> tuple[Table, Table, Table]:
    """Ratings (AAA first) with matrix, wrap and haircuts; central banks; notches."""
    case = subject.case
    ratings = Table(book, sheet, len(RATINGS), top=top)

    def of(place: int) -> tuple[float | str, ...]:
        found = (case.limit(place + rating) for rating in RATINGS)
        return tuple(value if math.isfinite(value) else NONE for value in found)

    def column(key: str, title: str, unit: str, meaning: str, place: int) -> Spec:
        return Spec(key, title, unit, meaning, recorded=of(place), kind="input", group="Rulebook")

    ratings.add((
        Spec("rating", "Rating", "", "category", recorded=[CATEGORIES[n] for n in RATINGS],
             kind="label", group="Ratings"),
        Spec("number", "Number", "", "AAA 6 to B 1: higher is better",
             recorded=[float(n) for n in RATINGS], kind="fact", group="Ratings"),
        column("min_dscr", "Least DSCR", "x", "coverage leg of the matrix, before its shift",
               r.MATRIX_DSCR),
        column("max_ltv", "Most LTV", "%", "LTV leg of the matrix", r.MATRIX_LTV_PCT),
        column("notch", "Middle notch", "", "notch number in the middle of the category", r.NOTCH),
        column("insurer", "Weakest insurer", "", "notch number that RK-WRAP-001 lets, 0: no wrap",
               r.WRAP_INSURER_NOTCH),
        column("relief", "Wrap relief", "x", "what a wrap takes off the coverage leg",
               r.WRAP_RELIEF),
        column("tenant_share", "Most tenant share", "%", "RK-CONC-001", r.CONCENTRATION_MAX_PCT),
        column("tenant_notch", "Weakest tenant", "", "notch number of RK-CONC-001",
               r.CONCENTRATION_TENANT_NOTCH),
        *standing.rating_columns(case, RATINGS),
    ))  # fmt: skip
    banks = standing.fill_banks(book, sheet, case, top + 6 + len(RATINGS))
    notches = Table(book, sheet, len(SCALE), top=top + 18 + len(RATINGS))
    notches.add((
        Spec("name", "Notch", "", "rating with its notch", recorded=SCALE, kind="label",
             group="Notches"),
        Spec("number", "Number", "", "1 is AAA: lower is better",
             recorded=[float(n + 1) for n in range(len(SCALE))], kind="fact", group="Notches"),
    ))  # fmt: skip
    return ratings, banks, notches


def fill_curves(book: Book, sheet: Sheet, subject: Subject, months: int) -> Table:
    """Discount factors and option prices by month after close, from the market's curve."""
    case = subject.case
    tables = case.books.curves[int(case.input(x.CURVE_TABLE))]
    table = Table(book, sheet, months, top=3)

    def column(key: str, title: str, meaning: str, place: int, group: str) -> Spec:
        return Spec(key, title, "", meaning, recorded=[float(v) for v in tables[place, :months]],
                    kind="input", group=group)  # fmt: skip

    table.add((
        Spec("month", "Month after close", "month", "0 is financial close",
             recorded=list(range(months)), kind="label", group="Time"),
        column("discount", "Discount factor", "zero curve, with the structure's shift",
               r.CURVE_DISCOUNT, "Market curve"),
        column("floor", "Floorlet", "price at close of a floorlet on a year's rate",
               r.CURVE_FLOOR, "Market curve"),
        column("cap", "Caplet", "price at close of a caplet on a year's rate", r.CURVE_CAP,
               "Market curve"),
        *(column(f"strip_{number}", f"Strip, {CATEGORIES[number]}",
                 "discount factor with the residual strip's spread at this senior rating",
                 r.CURVE_STRIP + number, "Residual strip")
          for number in RATINGS),
    ))  # fmt: skip
    return table
