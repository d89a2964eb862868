"""The model of one structure as a workbook: which sheets there are, and in what order they fill.

Sheets are made in the order in which they are read; they fill in the order in which one figure
needs another. `model_workbook` gives the file, `model_book` what is in it. An unsound structure has
its inputs and nothing that could be computed of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.reports.workbook import (
    assumptions,
    capital,
    cash,
    cash_equity,
    checks,
    cover,
    day_one,
    income,
    mezzanine,
    rating,
    recorded,
    returns,
    senior,
    standing,
)
from pipeline.reports.workbook import inputs as given
from pipeline.reports.workbook.book import Book, Cell, Form, Meaning, Sheet, Spec, Table, letters
from pipeline.reports.workbook.expression import whole
from pipeline.reports.workbook.inputs import Inputs
from pipeline.reports.workbook.subject import Subject, subject_of
from pipeline.reports.workbook.writer import written

if TYPE_CHECKING:
    from pipeline.reports.pack.dossier import Dossier

_NAVY, _BLUE, _GREEN, _GREY = "#0B2341", "#2563A8", "#2E7D4F", "#8A94A3"
_SHEETS = (
    ("Cover", "Model of one structure", _NAVY),
    ("Checks", "Key figures and checks", _GREEN),
    ("Inputs", "Inputs", _BLUE),
    ("Assumptions", "Rulebook and market", _BLUE),
    ("Ratings", "Ratings, matrix and notches", _BLUE),
    ("Curves", "Market curve by month after close", _BLUE),
    ("Sizing", "Debt, capital, rating and uses", _NAVY),
    ("Index", "Inflation and indices by year", _NAVY),
    ("Schedule", "Income and debt by month", _NAVY),
    ("Capacity", "Charges and what equity can pay, by month", _NAVY),
    ("Waterfall", "Cash waterfall by month", _NAVY),
    ("Annual", "Waterfall by year", _NAVY),
    ("Quarterly", "Waterfall by quarter", _NAVY),
    ("DayOne", "Day-one value, sources, returns, repo, score", _NAVY),
    ("Equity", "Equity's flows by month after close", _NAVY),
    ("Recorded", "Waterfall as the engine recorded it, by month", _GREY),
    ("Scenarios", "Variants and stresses as the engine recorded them", _GREY),
    ("Dictionary", "Data dictionary", _GREY),
)
_MOST_YEARS = 11  # the longest inflation swap looks up the eleventh year


def model_workbook(dossier: Dossier) -> bytes:
    """The model of a dossier's structure, as an Excel file."""
    return model_file(subject_of(dossier.run, dossier.permutation_id, dossier.case))


def model_file(subject: Subject) -> bytes:
    """The model of a structure, as an Excel file. Equal subjects give equal bytes."""
    return written(model_book(subject), subject)


def model_book(subject: Subject) -> Book:
    """What the workbook holds."""
    book = Book()
    sheets = {name: book.sheet(name, title, colour) for name, title, colour in _SHEETS}
    case = subject.case
    form = Form(book, sheets["Inputs"], "Blue cells are inputs: change them and the model follows.")
    inputs = given.fill_inputs(book, form, subject)
    rules = Form(book, sheets["Assumptions"],
                 "Figures of the rulebook and the market file that formulas call.")  # fmt: skip
    assumptions.fill_assumptions(rules, case)
    _count_changes(book, sheets)
    if not case.sound:
        _say_unsound(book, sheets)
        cover.fill_cover(book, sheets["Cover"], subject)
        return book
    ratings, banks, notches = assumptions.fill_scales(book, sheets["Ratings"], subject, 3)
    sheets["Ratings"].frozen = (0, 1)
    months = case.months
    life = months + returns.MOST_CONSTRUCTION + 1
    curves = assumptions.fill_curves(
        book, sheets["Curves"], subject, max(life, day_one.CURVE_MONTHS)
    )

    sizing = Form(book, sheets["Sizing"], "From rent and cost to debt, capital, rating and uses.")
    income.fill_project(sizing, inputs)
    income.fill_terms(sizing, inputs)
    years = max(_MOST_YEARS, -(-months // 12))
    index = income.fill_index(book, sheets["Index"], inputs, years)
    schedule = Table(book, sheets["Schedule"], months, top=3, opens=True)
    income.fill_income(book, schedule, index, inputs)
    schedule.add([income.last_year_column(book)])
    senior.fill_terms(sizing, inputs)
    senior.fill_unit_schedule(sizing, schedule, inputs)
    senior.fill_size(sizing, inputs, schedule)
    senior.fill_schedule(book, schedule, inputs)
    senior.fill_coverage(sizing, inputs, schedule)
    mezzanine.fill_mezzanine(sizing, inputs, schedule)
    capital.fill_stack(sizing, inputs, schedule)
    capacity = Table(book, sheets["Capacity"], months, top=3, opens=True)
    sizing.heading("What equity can pay")
    capital.fill_capacity(sizing, inputs, capacity, schedule)
    capital.fill_uses(sizing, inputs, capacity, schedule)
    rating.fill_rating(sizing, inputs, ratings, notches, case)
    cash.fill_terms(sizing, inputs)

    table = _waterfall(book, sheets["Waterfall"], sizing, inputs, subject, schedule)
    closing = Form(book, sheets["DayOne"], "What comes in at close, what equity pays and gets.")
    day_one.fill_options(book, schedule, curves, inputs)
    day_one.fill_day_one(closing, inputs, index, curves, schedule)
    table.add([day_one.strip_worth(book, curves, inputs, table)])
    day_one.fill_total(closing, table)
    returns.fill_sources(closing)
    returns.fill_exit(closing, table)
    flows = returns.fill_flows(book, sheets["Equity"], inputs, table)
    returns.fill_returns(closing, inputs, flows, table)
    standing.fill_repo(closing, inputs, ratings, banks, case)
    standing.fill_score(closing, ratings, case)
    cover.fill_periods(book, sheets["Annual"], table, 12, "Year")
    cover.fill_periods(book, sheets["Quarterly"], table, 3, "Quarter")
    kept = recorded.fill_recorded(book, sheets["Recorded"], subject)
    recorded.fill_scenarios(book, sheets["Scenarios"], subject)
    checks.fill_checks(book, sheets["Checks"], inputs, subject, (schedule, table, kept))
    cover.fill_cover(book, sheets["Cover"], subject)
    cover.fill_dictionary(book, sheets["Dictionary"])
    _grey_unread(book, sheets)
    return book


def _say_unsound(book: Book, sheets: dict[str, Sheet]) -> None:
    """Leave the sheets of inputs, and a verdict in words."""
    book.sheets = [sheets[name] for name in ("Cover", "Checks", "Inputs", "Assumptions")]
    sheet, verdict = sheets["Checks"], "INVALID STRUCTURE: NOTHING CAN BE COMPUTED"
    sheet.widths.update({0: 58.0, 2: 60.0})
    sheet.put(1, 0, "Verdict", "label")
    sheet.put(1, 2, verdict, "check")
    sheet.put(3, 0, "A grace or rent-free time as long as the loan, an index floor above its cap,"
              " or a mezzanine that capitalises to its end has no schedule.", "note")  # fmt: skip
    book.named("Verdict", sheet, 1, 2, verdict)


def _waterfall(
    book: Book, sheet: Sheet, form: Form, inputs: Inputs, subject: Subject, schedule: Table
) -> Table:
    """The waterfall: live, or the engine's where debt is paid by the quarter."""
    table = Table(book, sheet, subject.case.months, top=3, opens=True)
    specs = (
        recorded.recorded_cash(subject, schedule)
        if subject.by_quarter
        else [
            *cash.due_specs(form, inputs, schedule),
            *cash.paid_specs(form, inputs, schedule),
            *cash_equity.covenant_specs(form, inputs, subject, schedule),
            *cash_equity.mezz_specs(form, inputs, schedule),
            *cash_equity.reserve_specs(form, inputs),
            *cash_equity.equity_specs(form, inputs),
        ]
    )
    quarter = Spec("quarter", "Quarter", "quarter", "from COD",
                   lambda t: whole((t["month"] - 1) / 3) + 1, opening=0, group="Time",
                   width=9)  # fmt: skip
    table.add([*specs[:2], quarter, *specs[2:], *cash_equity.outcome_specs(form)])
    return table


_EXPORTED, _CHANGED = 5, 6


def _count_changes(book: Book, sheets: dict[str, Sheet]) -> None:
    """Beside each input what it was at the export, and whether it was changed."""
    counts = []
    for name in ("Inputs", "Assumptions"):
        sheet = sheets[name]
        head = next(row for (row, column), cell in sheet.cells.items()
                    if column == 0 and cell.kind == "head")  # fmt: skip
        for column, text, width, meaning in (
            (_EXPORTED, "At export", 20.0, "what the value was when the file was written"),
            (_CHANGED, "Changed", 10.0, "1 where the value is another now"),
        ):
            sheet.put(head, column, text, "head")
            sheet.widths[column] = width
            book.meanings.append(Meaning(name, letters(column), text, "", "text", meaning))
        rows = [row for (row, column), cell in sheet.cells.items()
                if column == 1 and cell.kind == "input"]  # fmt: skip
        for row in rows:
            cell = sheet.cells[row, 1]
            sheet.put(row, _EXPORTED, cell.content, "recorded", cell.unit)
            formula = f"IF(B{row + 1}={letters(_EXPORTED)}{row + 1},0,1)"
            sheet.cells[row, _CHANGED] = Cell(0, "formula", "", formula)
        marks = letters(_CHANGED)
        counts.append(f"SUM({name}!${marks}${rows[0] + 1}:${marks}${rows[-1] + 1})")
    sheet = sheets["Assumptions"]
    row = max(row for row, _ in sheet.cells) + 2
    sheet.put(row, 0, "Inputs that were changed since the export", "label")
    sheet.cells[row, 1] = Cell(0, "formula", "", "+".join(counts))
    sheet.put(row, 3, "Inputs_Changed", "note")
    book.named("Inputs_Changed", sheet, row, 1, 0)


def _grey_unread(book: Book, sheets: dict[str, Sheet]) -> None:
    """Inputs that no formula reads are no inputs of this model: they are shown as recorded."""
    text = "\n".join(
        cell.formula for sheet in book.sheets for cell in sheet.cells.values() if cell.formula
    )
    words = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text))
    for name, cell in book.names.items():
        where = cell.sheet.cells[cell.row, cell.column]
        if where.kind == "input" and name not in words:
            cell.sheet.cells[cell.row, cell.column] = Cell(where.content, "recorded", where.unit)
