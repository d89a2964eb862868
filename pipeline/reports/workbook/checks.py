"""Figures of the engine beside those the formulas give, and what always has to hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kernels import layout as x
from pipeline.columns import BY_NAME, IRR_STATUS_NAMES
from pipeline.reports.workbook.book import LABEL, Book, Cell, Meaning, Named, Sheet, Table, letters
from pipeline.reports.workbook.expression import (
    Node,
    at_place,
    choice,
    distance,
    either,
    every,
    joined,
    most,
    same,
    size,
)
from pipeline.reports.workbook.inputs import Inputs
from pipeline.reports.workbook.recorded import LIVE
from pipeline.reports.workbook.returns import LATE_MONTHS, MOST_CONSTRUCTION
from pipeline.reports.workbook.subject import Subject

HOLDS: Final = "OK"
FAILS: Final = "FAIL"
MONEY_TOLERANCE: Final = 0.01
RELATIVE_TOLERANCE: Final = 1e-9
RATE_TOLERANCE: Final = 1e-4  # IRR: spreadsheets stop at 0.00001 % a month
_MONEY: Final = "project currency"

# The thirteen KPIs of the sources, by column; then every other figure that formulas recompute.
KPIS: Final = (
    "senior_notional", "dscr_min", "dscr_avg", "senior_rating", "equity_irr", "wacc", "day1_cash",
    "senior_wal", "repo_eligible", "mezz_notional", "equity_notional", "composite_score", "viable",
)  # fmt: skip
RECOMPUTED: Final = {
    "senior_notional": "Senior_Notional", "dscr_min": "Dscr_Min", "dscr_avg": "Dscr_Avg",
    "senior_rating": "Senior_Rating", "equity_irr": "Equity_Irr", "wacc": "Wacc",
    "day1_cash": "Day1_Cash", "senior_wal": "Senior_Wal",
    "repo_eligible": "Repo_Eligible", "composite_score": "Composite_Score", "viable": "Viable",
    "repo_haircut_pct": "Repo_Haircut_Pct", "repo_cash": "Repo_Cash",
    "binding_constraint": "Binding_Constraint", "dscr_tail": "Dscr_Tail",
    "months_under_1": "Months_Under_1", "senior_ltv_pct": "Senior_Ltv_Pct",
    "peak_balance": "Peak_Balance", "peak_ltv_pct": "Peak_Ltv_Pct", "balloon_pct": "Balloon_Pct",
    "icr_min": "Icr_Min", "fccr_min": "Fccr_Min", "matrix_rating": "Matrix_Rating",
    "mezz_notional": "Mezz_Notional", "mezz_dscr_min": "Mezz_Dscr_Min",
    "mezz_rating": "Mezz_Rating", "equity_notional": "Equity_Notional",
    "structure_rating": "Structure_Rating", "equity_multiple": "Equity_Multiple",
    "equity_cash_yield_pct": "Equity_Cash_Yield_Pct", "day1_wrap": "Day1_Wrap",
    "day1_zcis_5y": "Day1_Zcis_5y", "day1_zcis_10y": "Day1_Zcis_10y",
    "day1_rate_option": "Day1_Rate_Option", "day1_trs": "Day1_Trs", "day1_strip": "Day1_Strip",
    "day1_currency_swap": "Day1_Currency_Swap", "day1_fee_rebate": "Day1_Fee_Rebate",
    "day1_advance_uplift": "Day1_Advance_Uplift", "total_cost": "Total_Cost",
    "equity_capacity": "Equity_Capacity", "required_capital": "Required_Capital",
    "capex_coverage": "Capex_Coverage", "full_coverage": "Full_Coverage",
    "cash_coverage": "Cash_Coverage", "upfront_fees": "Upfront_Fees",
    "construction_insurance": "Construction_Insurance", "dsra_funding": "Dsra_Funding",
    "interest_during_construction": "Interest_To_Cod", "rent_free_reserve": "Rent_Free_Reserve",
    "working_capital": "Working_Capital", "total_uses": "Total_Uses",
    "equity_cheque": "Equity_Cheque", "expected_wal": "Expected_Wal",
    "covenant_dscr_min": "Covenant_Dscr_Min", "covenant_dscr_avg": "Covenant_Dscr_Avg",
    "trap_months": "Trap_Months", "turbo_months": "Turbo_Months", "unpaid_max": "Unpaid_Max",
    "equity_put_in": "Equity_Put_In", "dsra_drawn": "Dsra_Drawn",
    "facility_drawn": "Facility_Drawn", "net_it_load_mw": "NetITLoad_09",
    "gross_income": "GrossIncome_10", "net_income": "NetIncome_11",
    "market_costs": "TotalProjectMarketCosts_15", "internal_costs": "TotalProjectInternalCosts_16",
    "developer_profit": "DeveloperProfit_12", "developer_margin_pct": "DeveloperMargin_13",
}  # fmt: skip
RECORDED_ONLY: Final = (
    "viability_tier", "gate_b_score", "dscr_worst_month", "call_value", "repo_reasons",
    "dscr_cpi_0", "dscr_rate_200", "dscr_combined",
    "dscr_cpi_0_early", "dscr_rate_100_early", "stress_dscr_worst", "stresses_passed",
    "capex_coverage_stressed", "dscr_default_weighted", "derivatives", "complexity",
    "gate_a_reasons", "gate_b_reasons", "warnings",
)  # fmt: skip
_BY_QUARTER: Final = ("trap_months", "turbo_months")  # the engine counts months between dates too

_HEADS: Final = ("Figure", "Unit", "Engine", "Recomputed", "Difference", "Tolerance", "Agrees",
                 "Column of ranked.parquet")  # fmt: skip
_WIDTHS: Final = (58.0, 18.0, 22.0, 22.0, 16.0, 14.0, 12.0, 40.0)
_MEANINGS: Final = (
    "what is compared", "unit of the figure", "value that the engine computed; empty if undefined",
    "cell of the model that recomputes it", "recomputed less engine", "most it may differ by",
    "OK where it does not differ by more, else FAIL", "where the run keeps it",
)  # fmt: skip
_FIGURE, _UNIT, _ENGINE, _OURS, _APART, _ALLOWED, _AGREES, _COLUMN = range(8)


@dataclass
class _Rows:
    """Check rows that are being put down."""

    book: Book
    sheet: Sheet
    row: int
    agrees: list[str]

    def heading(self, text: str) -> None:
        self.row += 1
        for column in range(len(_HEADS)):
            self.sheet.put(self.row, column, text if column == 0 else None, "group")
        self.row += 1

    def figure(self, title: str, unit: str, engine: object, ours: Node | None, column: str,
               allowed: float) -> None:  # fmt: skip
        """A figure of the engine beside its cell; without a cell it is recorded only."""
        row, sheet = self.row, self.sheet
        sheet.put(row, _FIGURE, title, "label")
        sheet.put(row, _UNIT, unit, "unit")
        shown = engine if isinstance(engine, (str, int, float)) else None
        if isinstance(shown, bool):
            shown = "Yes" if shown else "No"
        told = "undefined" if shown is None else shown
        sheet.cells[row, _ENGINE] = Cell(told, "recorded", unit)
        sheet.put(row, _COLUMN, column, "note")
        if ours is None:
            sheet.put(row, _OURS, "recorded only", "note")
        else:
            self._compare(told, ours, unit, allowed)
        self.row += 1

    def _compare(self, told: float | str, ours: Node, unit: str, allowed: float) -> None:
        row, sheet = self.row, self.sheet
        value = ours.reader()(0)
        if isinstance(value, list):
            raise TypeError("a figure is a single cell")
        address = {place: f"{letters(place)}{row + 1}" for place in range(len(_HEADS))}
        sheet.cells[row, _OURS] = Cell(value, "formula", unit, ours.text(0, sheet))
        engine, mine = address[_ENGINE], address[_OURS]
        numbers = isinstance(told, (int, float)) and isinstance(value, (int, float))
        apart = float(value) - float(told) if numbers else 0.0
        gap = f"IF(AND(ISNUMBER({engine}),ISNUMBER({mine})),{mine}-{engine},0)"
        sheet.cells[row, _APART] = Cell(apart, "formula", "gap", gap)
        sheet.put(row, _ALLOWED, allowed, "fact", "gap")
        # an undefined figure is a text here, and a text has to stand against it
        gap_holds = f"ABS({address[_APART]})<={address[_ALLOWED]}"
        undefined = f'IF({engine}="undefined",NOT(ISNUMBER({mine})),{engine}={mine})'
        within = f"IF(ISNUMBER({engine}),IF(ISNUMBER({mine}),{gap_holds},FALSE),{undefined})"
        if numbers:
            holds = abs(apart) <= allowed
        else:
            holds = not isinstance(value, (int, float)) if told == "undefined" else told == value
        sheet.cells[row, _AGREES] = _verdict(holds, within)
        self.agrees.append(address[_AGREES])

    def test(self, title: str, formula: Node) -> None:
        """Something that holds whatever the inputs are."""
        row, sheet = self.row, self.sheet
        sheet.put(row, _FIGURE, title, "label")
        value = formula.reader()(0)
        sheet.cells[row, _AGREES] = _verdict(bool(value), formula.text(0, sheet))
        self.agrees.append(f"{letters(_AGREES)}{row + 1}")
        self.row += 1


def fill_checks(
    book: Book,
    sheet: Sheet,
    inputs: Inputs,
    subject: Subject,
    tables: tuple[Table, Table, Table],
) -> None:
    """Every check, and the cells that count those which fail; schedule, waterfall, recorded."""
    schedule, cash, recorded = tables
    for column, (head, width) in enumerate(zip(_HEADS, _WIDTHS, strict=True)):
        sheet.widths[column] = width
        sheet.put(6, column, head, "head")
        book.meanings.append(Meaning(sheet.name, letters(column), head, "", "text",
                                     _MEANINGS[column]))  # fmt: skip
    sheet.frozen, sheet.repeated = (7, 1), (6, 6)
    rows = _Rows(book, sheet, 6, [])
    rows.heading("Key figures: the thirteen KPIs of a structure")
    for name in KPIS:
        _figure(rows, subject, name)
    rows.heading("Every other figure that the formulas recompute")
    for name in RECOMPUTED:
        if name not in KPIS:
            _figure(rows, subject, name)
    rows.heading("Waterfall: live columns against the months the engine recorded, summed gaps")
    for name, key in LIVE.items():
        gap = distance(cash[key].all, recorded[name].all)
        rows.figure(f"Waterfall: {recorded[name].spec.title}", recorded[name].spec.unit, 0.0, gap,
                    f"waterfall.months {name}", MONEY_TOLERANCE)  # fmt: skip
    agreement = list(rows.agrees)
    rows.agrees.clear()
    rows.heading("Recorded only: what the formulas do not recompute")
    for name in RECORDED_ONLY:
        _figure(rows, subject, name, live=False)
    rows.heading("Always: what holds whatever the inputs are")
    _tests(rows, inputs, cash, schedule)
    _counts(book, sheet, agreement, rows.agrees)


def _verdict(holds: bool, formula: str) -> Cell:
    """OK or FAIL in words."""
    return Cell(HOLDS if holds else FAILS, "check", "", f'IF({formula},"{HOLDS}","{FAILS}")')


def _figure(rows: _Rows, subject: Subject, name: str, *, live: bool = True) -> None:
    column = BY_NAME[name]
    value = subject.figures[name]
    cell = RECOMPUTED.get(name) if live else None
    status = subject.figures.get(f"{name}_status")
    if subject.by_quarter and name in _BY_QUARTER:
        cell = None
    # a spreadsheet stops at the first of several returns, where the engine looks for all of them
    if name == "equity_irr" and status in IRR_STATUS_NAMES[1:3]:
        cell = None
    unit = column.unit.replace(_MONEY, "money")
    if isinstance(value, list):
        value = ", ".join(str(each) for each in value) or "none"
    allowed = RELATIVE_TOLERANCE
    if name == "equity_irr":
        allowed = RATE_TOLERANCE
    elif unit.startswith("money"):
        allowed = MONEY_TOLERANCE
    ours: Node | None = None if cell is None else rows.book[cell]
    title = column.description
    if cell is not None:
        named = rows.book[cell]
        title = str(named.sheet.cells[named.row, LABEL].content)
    kept = name if value is not None or status is None else f"{name}: {status}"
    rows.figure(title, unit, value, ours, kept, allowed)


def _tests(rows: _Rows, inputs: Inputs, cash: Table, schedule: Table) -> None:
    book, i = rows.book, inputs
    life = cash.rows - 1
    rows.test("Sources equal uses",
              size(book["Total_Sources"] - book["Total_Uses"]) <= MONEY_TOLERANCE)  # fmt: skip
    rows.test("Tranches add up to the cost that is financed",
              size(book["Financing"] - book["Total_Cost"]) <= MONEY_TOLERANCE)  # fmt: skip
    rows.test("Cash in equals cash out in every month",
              most(cash["imbalance"].all) <= MONEY_TOLERANCE)  # fmt: skip
    rows.test("The senior schedule repays all of it by maturity",
              either(same(i[x.SENIOR_AMORT_TYPE], "Bullet"), same(book["Senior_Notional"], 0),
                     size(at_place(schedule["unit_balance"].all, book["Senior_Months"]))
                     <= RELATIVE_TOLERANCE))  # fmt: skip
    rows.test("The sheets have room for lease and tenors",
              every(book["Lease_Months"] + LATE_MONTHS <= life, book["Senior_Months"] <= life,
                    book["Mezz_Months"] <= life))  # fmt: skip
    rows.test("Construction fits the table of equity's flows",
              i[x.CONSTRUCTION_MONTHS] <= MOST_CONSTRUCTION)  # fmt: skip
    rows.test("The senior has months to repay in, and months that are tested",
              every(book["Senior_Start"] < book["Senior_Months"],
                    i[x.RENT_FREE_MONTHS] < book["Senior_Months"]))  # fmt: skip
    rows.test("The floor of the index is not above its cap",
              i[x.CPI_FLOOR_PCT] <= i[x.CPI_CAP_PCT])  # fmt: skip
    rows.test("The mezzanine has months to repay in",
              book["Mezz_Window"] < book["Mezz_Life_Months"])  # fmt: skip


def _counts(book: Book, sheet: Sheet, agreement: list[str], always: list[str]) -> None:
    """How many fail, how many inputs were changed, and the verdict."""

    def failing(name: str, row: int, label: str, cells: list[str]) -> Named:
        # both kinds stand in one column, with nothing but checks between the first and last
        span = f"{cells[0]}:{cells[-1]}"
        count = sum(sheet.cells[int(cell[1:]) - 1, _AGREES].content == FAILS for cell in cells)
        sheet.put(row, 0, label, "label")
        sheet.cells[row, _ENGINE] = Cell(count, "formula", "", f'COUNTIF({span},"{FAILS}")')
        return book.named(name, sheet, row, _ENGINE, count)

    first = failing("Checks_Failing", 2, "Figures that do not agree with the engine", agreement)
    second = failing("Tests_Failing", 3, "Tests that fail", always)
    sheet.put(4, 0, "Inputs that were changed since the export", "label")
    changed = book["Inputs_Changed"]
    sheet.cells[4, _ENGINE] = Cell(changed.value, "formula", "", changed.text(0, sheet))
    verdict = choice(
        second > 0, joined(second, " TESTS FAIL"),
        choice(changed > 0, "INPUTS CHANGED: FIGURES ARE NO LONGER THE ENGINE'S",
               choice(first > 0, joined(first, " CHECKS FAIL"), "ALL CHECKS PASS")))  # fmt: skip
    sheet.put(1, 0, "Verdict", "label")
    value = verdict.reader()(0)
    sheet.cells[1, _ENGINE] = Cell(str(value), "check", "", verdict.text(0, sheet))
    book.named("Verdict", sheet, 1, _ENGINE, str(value))
