"""The cover, the annual waterfall and the data dictionary of a model workbook."""

from __future__ import annotations

import datetime as dt
from typing import Final

from pipeline.escape import visible
from pipeline.reports.workbook.book import Book, Cell, Sheet, Spec, Table
from pipeline.reports.workbook.expression import least, sum_where
from pipeline.reports.workbook.subject import Subject
from pipeline.staleness import age_of

NOT_MODELLED: Final = ("floating coupons",)
_LIVE: Final = (
    "Change a blue input (rent, coupon, tenor, profile, reserve, …) and all black figures follow:"
    " index, rent, costs and power by month; senior debt of every profile; mezzanine; capital and"
    " coverage; ratings; day-one value; the waterfall with its draws, trap, turbo and reserves;"
    " equity's flows, return and multiple."
)
_RECORDED: Final = (
    "Grey figures are the engine's as recorded and stay: gates, tier, credit score,"
    " stresses and lease variants, value of the call, a rule of Gate B that takes the rating down,"
    " the window of the covenant, and discount factors and option prices of the market's curve"
    " (sheet Curves, at this structure's curve shift). Grey inputs move none of the formulas."
)
_QUARTERLY: Final = (
    "This structure pays debt by the quarter: its waterfall is the engine's as recorded, by month;"
    " what the waterfall gives (return, covenant, strip) follows from those months, and does not"
    " move with the inputs."
)


def fill_cover(book: Book, sheet: Sheet, subject: Subject) -> None:
    """Which structure this is, where it comes from, what is live, and what the colours say."""
    manifest = subject.manifest
    project, market, rulebook = manifest["project"], manifest["market"], manifest["rulebook"]
    sheet.widths.update({0: 34.0, 1: 70.0, 2: 40.0})
    sheet.wrapped |= {1, 2}
    sheet.landscape = False
    verdict = book["Verdict"]
    row = 2

    def line(label: str, value: object, kind: str = "text") -> None:
        nonlocal row
        sheet.put(row, 0, label, "label")
        words = {True: "Yes", False: "No"}
        told = words[value] if isinstance(value, bool) else visible(str(value))
        sheet.put(row, 1, told, "fact" if kind == "fact" else "text")
        row += 1

    def heading(text: str) -> None:
        nonlocal row
        row += 1
        for column in range(3):
            sheet.put(row, column, text if column == 0 else None, "group")
        row += 1

    sheet.put(1, 0, "Financial model of one structure, with live formulas", "lead")
    sheet.put(row, 0, "Checks", "label")
    sheet.cells[row, 1] = Cell(str(verdict.value), "check", "", verdict.text(0, sheet))
    row += 1
    heading("Structure")
    line("Project", project["title"])
    line("Run", manifest["run_id"])
    line("Permutation", subject.permutation_id)
    line("Currency", subject.currency)
    for name, value in subject.levers.items():
        line(f"Lever {name}", "none" if value is None else value)
    heading("Where it comes from")
    line("Planned", f"{subject.made_at:%Y-%m-%d %H:%M} UTC")
    line("Seed", manifest["seed"])
    for name, digest in manifest["documents"].items():
        line(f"SHA-256 of the {name} file", digest)
    line("Rulebook", f"{rulebook['name']} {rulebook['version']} of {rulebook['date']}")
    line("Market", f"{market['name']} of {market['date']}, {_staleness(subject)}")
    line("Engine", f"fingerprint {manifest['fingerprint']}")
    line("Not modelled", "; ".join(NOT_MODELLED))
    heading("What is live")
    line("Live", _LIVE)
    line("Recorded", _RECORDED)
    if subject.by_quarter:
        line("Payment by the quarter", _QUARTERLY)
    line("Months", "count from completion (COD); payments fall at month end; Equity counts from"
         " financial close")  # fmt: skip
    line("Undefined figures", "stand as words (no debt, no equity, …), never as 0")
    heading("Colours")
    for content, kind, text in (
        (1.0, "input", "an input: change it"),
        (1.0, "formula", "a formula: follows the inputs"),
        (1.0, "recorded", "recorded by the engine: stays as it is"),
        ("OK", "check", "a check that holds is green, one that fails is red"),
    ):
        sheet.cells[row, 0] = Cell(content, kind, "x")  # type: ignore[arg-type]
        sheet.put(row, 1, text, "text")
        row += 1
    heading("Sheets")
    for each in book.sheets:
        if each is not sheet:
            line(each.name, each.title)


def _staleness(subject: Subject) -> str:
    market = subject.manifest["market"]
    date = dt.date.fromisoformat(str(market["date"]))
    age = age_of(date, subject.made_at.date(), int(market["stale_after_days"]))
    state = "stale" if age.stale else "not stale"
    return f"{age.days} days old when the run was planned ({state}: limit {age.limit_days} days)"


# Title, column of the waterfall, whether it is a balance at the end of the period.
_PERIOD: Final = (
    ("Gross income", "gross", False), ("Operating costs and power", "costs", False),
    ("Net income", "net", False), ("Operating paid", "operating_paid", False),
    ("Senior fees paid", "fees_paid", False), ("Senior interest paid", "interest_paid", False),
    ("Senior principal paid", "principal_paid", False), ("Senior balloon", "balloon", False),
    ("Senior prepaid", "prepaid", False), ("Senior balance", "owed", True),
    ("DSRA topped up", "dsra_topped", False), ("DSRA", "dsra", True),
    ("Facility drawn", "facility", True),
    ("Mezzanine interest paid", "mezz_interest_paid", False),
    ("Mezzanine principal paid", "mezz_principal_paid", False),
    ("Mezzanine balance", "mezz_owed", True), ("Cash trapped", "to_trap", False),
    ("Trapped cash", "trapped", True), ("Released", "released", False),
    ("Put in by equity", "equity_in", False), ("Equity", "flow", False),
)  # fmt: skip


def fill_periods(book: Book, sheet: Sheet, cash: Table, months: int, title: str) -> None:
    """The waterfall by periods of some months: flows added up, balances at the end."""
    life = cash.rows - 1
    count = -(-life // months)
    table = Table(book, sheet, count, top=3)

    def flow(key: str, balance: bool) -> Spec:
        name = next(head for head, each, _ in _PERIOD if each == key)
        keys = cash["month"] if balance else cash["year" if months == 12 else "quarter"]

        def make(t: Table) -> object:
            wanted = least(t["last"], life) if balance else t["period"]
            return sum_where(keys.all, wanted, cash[key].all)

        return Spec(key, name, "money", "at the end of the period" if balance else "summed",
                    make, group="Balance at end" if balance else "Flow")  # type: ignore[arg-type]  # fmt: skip

    table.add((
        Spec("period", title, title.lower(), "from COD", recorded=list(range(1, count + 1)),
             kind="label", group="Time", width=9),
        Spec("last", "Last month", "month", "", recorded=[months * n for n in range(1, count + 1)],
             kind="label", group="Time", width=11),
        *(flow(key, balance) for _, key, balance in _PERIOD),
    ))  # fmt: skip


# Where the figures of a sheet come from; sections are those of docs/method.md.
_SOURCES: Final = {
    "Checks": "ranked.parquet and explain, beside cells of this file",
    "Inputs": "project file, market file, catalogue, levers of the run",
    "Assumptions": "rulebook and market file",
    "Ratings": "rulebook; method 9",
    "Curves": "market file's zero curve and volatility; method 7",
    "Sizing": "method 2 to 5, 8 and 9",
    "Index": "method 2",
    "Schedule": "method 2, 3, 4 and 7",
    "Capacity": "method 5",
    "Waterfall": "method 6",
    "Annual": "sheet Waterfall",
    "Quarterly": "sheet Waterfall",
    "DayOne": "method 7, 8, 9 and 11",
    "Equity": "method 8",
    "Recorded": "explain, section waterfall, scenario base",
    "Scenarios": "explain, section stresses; method 10",
}


def fill_dictionary(book: Book, sheet: Sheet) -> None:
    """Every column of every sheet: name, unit, meaning, and what it is."""
    heads = ("Sheet", "Column", "Name", "Unit", "Meaning", "Kind", "Source")
    for column, (head, width) in enumerate(zip(heads, (14, 9, 44, 22, 72, 12, 54), strict=True)):
        sheet.widths[column] = float(width)
        sheet.put(2, column, head, "head")
    sheet.frozen, sheet.repeated = (3, 0), (2, 2)
    sheet.wrapped.add(4)
    order = {each.name: place for place, each in enumerate(book.sheets)}
    for row, each in enumerate(sorted(book.meanings, key=lambda each: order[each.sheet]), 3):
        kind = {"formula": "formula", "recorded": "recorded", "input": "assumption",
                "label": "key"}.get(each.kind, "text")  # fmt: skip
        told = (each.sheet, each.column, each.title, each.unit, each.text or each.title, kind,
                _SOURCES[each.sheet])  # fmt: skip
        for column, content in enumerate(told):
            sheet.put(row, column, content, "text")
