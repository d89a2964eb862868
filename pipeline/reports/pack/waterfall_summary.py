"""The waterfall's document: by year for people, by quarter and month for the workbook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kernels import layout as x
from pipeline.explain.cash_periods import LIFE
from pipeline.reports.formats import money_symbol
from pipeline.reports.pack.deal_dates import deal_dates
from pipeline.reports.pack.document import (
    Block,
    Cell,
    Document,
    Field,
    Fields,
    Figure,
    Grid,
    GridColumn,
    LineChart,
    Prose,
    Section,
    Series,
    StackedBars,
    Tiles,
)
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.provenance import provenance
from pipeline.reports.pack.standing import standing
from pipeline.reports.pack.table_grid import column_of, rows_of, telling, title_of

KEY: Final = "4-waterfall"
_CASH: Final = "waterfall.cash"
_YEARS: Final = "waterfall.years"
_LIFE: Final = "waterfall.totals"
_SCHEDULE: Final = "senior.schedule"
_ORDER: Final = (
    "Cash is paid down this order, each step from what the ones before it leave: operating costs, "
    "insurance and tax; senior fees and wrap premium; senior interest; swaps; senior principal; "
    "repayment of the liquidity facility; debt service reserve; mezzanine interest, principal and "
    "fees; prepayment and cash traps; the total return swap; equity."
)
_FLOWS: Final = (
    "received", "facility", "put_in", "operating", "fees", "interest", "hedges", "principal",
    "facility_repaid", "mezzanine", "to_reserves", "distributed",
)  # fmt: skip
_ALWAYS: Final = ("received", "operating", "interest", "principal", "distributed")
_SENIOR: Final = (
    ("interest_paid", "Interest"), ("principal_paid", "Principal"), ("balloon_paid", "Balloon"),
    ("prepaid", "Prepaid"), ("penalty_paid", "Penalty"), ("senior_balance", "Balance"),
    ("senior_late", "Late"), ("ongoing_fee", "Fee"), ("wrap_premium", "Wrap premium"),
    ("facility_fee", "Facility fee"),
)  # fmt: skip
_RESERVES: Final = (
    ("dsra_topped_up", "DSRA funded"), ("from_dsra", "DSRA drawn"), ("dsra", "DSRA"),
    ("from_rent_free_reserve", "Rent-free reserve drawn"),
    ("rent_free_reserve", "Rent-free reserve"),
    ("mezz_reserve_topped_up", "Mezzanine reserve funded"),
    ("from_mezz_reserve", "Mezzanine reserve drawn"), ("mezz_reserve", "Mezzanine reserve"),
    ("from_facility", "Facility drawn in the year"),
    ("facility_drawn", "Facility owed"), ("trapped_in_month", "Cash trapped"),
    ("from_trapped", "Trapped cash drawn"), ("released", "Released"), ("trapped", "Trapped cash"),
)  # fmt: skip
_MEZZANINE: Final = (
    ("mezz_interest_accrued", "Interest due"), ("mezz_interest_paid", "Interest paid"),
    ("mezz_principal_paid", "Principal"), ("mezz_fees_paid", "Fees"),
    ("mezz_balance", "Balance"), ("mezz_late", "Late"),
)  # fmt: skip
_EQUITY: Final = (
    ("equity_put_in", "Put in"), ("equity_before_sales", "Before what is sold"),
    ("sold_or_refinanced", "Strip sold"), ("equity", "Equity"),
)  # fmt: skip
# What stands at the end of a year has no total.
_BALANCES: Final = (
    "senior_balance", "senior_late", "dsra", "rent_free_reserve", "mezz_reserve", "facility_drawn",
    "trapped", "mezz_balance", "mezz_late",
)  # fmt: skip


@dataclass(frozen=True)
class _Years:
    """A dossier that has a waterfall, with the years that it runs."""

    dossier: Dossier

    @property
    def keys(self) -> tuple[int, ...]:
        return self.dossier.keys(_YEARS)

    @property
    def leased(self) -> tuple[int, ...]:
        """Years of the lease and the debt: without those in which late rent alone comes in."""
        last = max(self.dossier.case.months_of(row) for row in
                   (x.LEASE_YEARS, x.SENIOR_TENOR_YEARS, x.MEZZ_TENOR_YEARS))  # fmt: skip
        return tuple(year for year in self.keys if 12 * (year - 1) < last)

    @property
    def money(self) -> str:
        return f"{money_symbol(self.dossier.style)} million"


def waterfall_summary(dossier: Dossier) -> Document:
    """The waterfall of the base case by year, with charts and what it comes to."""
    sections: list[Section] = []
    if _YEARS in dossier.tables:
        years = _Years(dossier)
        sections = [
            Section("Where the cash goes", (*_charts(years), _flows(years))),
            Section("Income, coverage and triggers", (_income(years),), new_page=True),
            *_debt(years),
            _section(years, "Equity", _EQUITY),
        ]
    return _document(dossier, KEY, "Waterfall summary", (*sections, provenance(dossier)))


def waterfall_detail(dossier: Dossier) -> Document:
    """The same by quarter and by month, for the workbook: too long for a page."""
    sections = tuple(
        Section(heading, (_all_columns(dossier, table_id),))
        for heading, table_id in (
            ("By quarter", "waterfall.quarters"),
            ("By month", "waterfall.months"),
        )
        if table_id in dossier.tables
    )
    return _document(
        dossier, f"{KEY}-detail", "Waterfall by quarter and month", sections, detail=True
    )


def _document(
    dossier: Dossier, key: str, title: str, sections: tuple[Section, ...], detail: bool = False
) -> Document:
    return Document(
        key=key,
        title=title,
        project=str(dossier.manifest["project"]["title"]),
        subtitle="Base case, months from completion; cash basis",
        run_id=dossier.run_id,
        made_at=dossier.made_at,
        style=dossier.style,
        sections=sections,
        summary=standing(dossier) if detail else (*standing(dossier), *_headline(dossier)),
    )


def _headline(dossier: Dossier) -> tuple[Block, ...]:
    """What the waterfall comes to."""
    if not dossier.case.sound:
        return ()
    step = dossier.step
    dates = deal_dates(dossier)
    tiles = Tiles(
        (
            Field("Least DSCR", (step("senior.dscr_min", "times"),)),
            Field("Mean DSCR", (step("senior.dscr_avg", "times"),)),
            Field("Average life", (step("senior.wal", "years"),)),
            Field("Equity IRR", (step("returns.equity_irr", "percent"),)),
        )
    )
    fields: list[Field] = []
    if dossier.has_senior:
        fields += [
            Field("Average life with prepayments", (step("returns.expected_wal", "years"),)),
            Field("Final maturity, months from completion", (step("senior.months", "months"),)),
            Field("Final maturity", (dates.senior_maturity,)),
            Field("Senior interest over the life", (_life(dossier, "interest_paid"),)),
            Field("Least covenant DSCR", (step("returns.covenant_min", "times"),)),
            Field("Mean covenant DSCR", (step("returns.covenant_avg", "times"),)),
            Field("Months in cash trap", (step("returns.trap_months", "count"),)),
            Field("Months in turbo", (step("returns.turbo_months", "count"),)),
        ]
    if dossier.has_mezzanine:
        interest = _life(dossier, "mezz_interest_paid")
        fields.append(Field("Mezzanine interest over the life", (interest,)))
    fields += [
        Field("Most unpaid to the senior or above", (step("returns.unpaid_max", "money"),)),
        Field("Equity multiple", (step("returns.multiple", "times"),)),
        Field("Equity cheque", (step("uses.cheque", "money"),)),
        Field("Exit at lease end", (step("returns.exit", "money"),)),
    ]
    return (tiles, Fields(tuple(fields), title="What it comes to"), Prose((_ORDER,), "small"))


def _life(dossier: Dossier, name: str) -> Figure:
    return dossier.cell(_LIFE, LIFE, name, "money")


# -- where the cash goes ---------------------------------------------------------------------------
def _charts(years: _Years) -> tuple[Block, ...]:
    dossier = years.dossier
    shown = years.leased
    places = tuple(str(year) for year in shown)
    uses = telling(dossier, _CASH, _FLOWS[3:])
    bars = StackedBars(
        "Where the cash of each year goes",
        "Year from completion",
        places,
        tuple(
            Series(title_of(dossier, _CASH, name), column_of(dossier, _CASH, name, shown))
            for name in uses
        ),
        caption="Reserves hang down in a year in which they give more than they take.",
    )
    balances = [
        Series(title_of(dossier, _YEARS, name), column_of(dossier, _YEARS, name, shown))
        for name in telling(dossier, _YEARS, ("senior_balance", "mezz_balance", "dsra", "trapped"))
    ]
    charts: list[Block] = [bars, *_coverage(years)]
    if balances:
        charts.append(
            LineChart("Balances at the end of each year", "Year from completion", places,
                      tuple(balances)))  # fmt: skip
    return tuple(charts)


def _flows(years: _Years) -> Grid:
    dossier = years.dossier
    kept = telling(dossier, _CASH, _FLOWS)
    names = tuple(name for name in _FLOWS if name in kept or name in _ALWAYS)
    left_out = [title_of(dossier, _CASH, name) for name in _FLOWS if name not in names]
    columns = tuple(
        GridColumn(title_of(dossier, _CASH, name), 1.1, millions=True) for name in names
    )
    return Grid(
        (GridColumn("Year", 0.6, right=False), *columns),
        tuple(_labelled(rows_of(dossier, _CASH, ("year", *names)))),
        title=f"Sources and uses of cash by year, {years.money}",
        caption=_left_out(
            left_out,
            "In every row received, drawn and put in equal what is paid, what reserves take and "
            "what equity gets. Years count from completion; the last months are those in which "
            "late rent comes in.",
        ),
        totals=1,
        landscape=True,
    )


def _labelled(rows: Sequence[tuple[Cell, ...]]) -> list[tuple[Cell, ...]]:
    """Rows whose last is the life's."""
    return [*rows[:-1], ("Life", *rows[-1][1:])]


def _left_out(titles: Sequence[str], text: str) -> str:
    return f"{text} Left out, since nought throughout: {', '.join(titles)}." if titles else text


# -- income, coverage ------------------------------------------------------------------------------
def _income(years: _Years) -> Grid:
    """Accrued income, fees paid, coverage and triggers."""
    dossier = years.dossier
    scheduled = dossier.keys(_SCHEDULE)
    covered = [
        dossier.cell(_SCHEDULE, year, "dscr", "times") if year in scheduled else ""
        for year in years.keys
    ]
    shared = ("gross_income", "costs", "net_income", "fees_paid")
    paid = (*shared, "mezz_fees_paid") if dossier.has_mezzanine else shared
    names = (*paid, "covenant_dscr")
    last = len(names)
    rows: list[tuple[Cell, ...]] = []
    by_year = rows_of(dossier, _YEARS, ("year", *names))
    states = rows_of(dossier, _CASH, ("trapped", "prepaying"))
    for row, dscr, state in zip(by_year, covered, states[:-1], strict=True):
        rows.append((*row[:last], dscr, row[last], *state))
    total = rows_of(dossier, _LIFE, names)[0]
    least: Cell = dossier.step("senior.dscr_min", "times") if dossier.has_senior else ""
    rows.append(("Life", *total[:-1], least, total[-1], *states[-1]))
    return Grid(
        (
            GridColumn("Year", 0.6, right=False),
            GridColumn("Gross revenue", millions=True),
            GridColumn("Opex and power", millions=True),
            GridColumn("Net operating income", millions=True),
            GridColumn("Senior fees and wrap premium", millions=True),
            *(GridColumn("Mezzanine fees", millions=True) for _ in paid[len(shared) :]),
            GridColumn("Least DSCR", 0.8),
            GridColumn("Least covenant DSCR", 0.8),
            GridColumn("Cash trap", 0.7),
            GridColumn("Turbo", 0.7),
        ),
        tuple(rows),
        title=f"Income, coverage and triggers by year, money in {years.money}",
        caption=(
            "Income as earned; the cash comes with the collection lag. DSCR is that of sizing, "
            "tested after rent-free months; the covenant's is over twelve months and after fees. "
            "The last row has the least of both. A trigger stands where it was on in the year."
        ),
        totals=1,
        landscape=True,
    )


def _coverage(years: _Years) -> tuple[Block, ...]:
    dossier = years.dossier
    scheduled = dossier.keys(_SCHEDULE)
    if not scheduled:
        return ()
    # the years of the schedule are years of the waterfall
    covered = Series("Least DSCR of the year", column_of(dossier, _SCHEDULE, "dscr", scheduled))
    covenants = column_of(dossier, _YEARS, "covenant_dscr", scheduled)
    covenant = Series("Least covenant DSCR of the year", covenants, dashed=True)
    limits = (
        ("Target", dossier.input(x.SENIOR_TARGET_DSCR, "times")),
        ("Cash trap", dossier.cell("waterfall.months", 1, "trap_trigger", "times")),
    )
    return (
        LineChart(
            "Coverage by year",
            "Year from completion",
            tuple(str(year) for year in scheduled),
            (covered, covenant),
            limits,
        ),
    )


# -- debt, reserves, equity ------------------------------------------------------------------------
def _debt(years: _Years) -> tuple[Section, ...]:
    sections = [
        _section(years, heading, columns)
        for heading, columns, there in (
            ("Senior debt", _SENIOR, years.dossier.has_senior),
            ("Reserves, liquidity facility and cash trap", _RESERVES, years.dossier.has_senior),
            ("Mezzanine debt", _MEZZANINE, years.dossier.has_mezzanine),
        )
        if there
    ]
    return tuple(sections)


def _section(years: _Years, heading: str, columns: tuple[tuple[str, str], ...]) -> Section:
    """Columns of the years that tell something, with what they come to over the life."""
    dossier = years.dossier
    kept = telling(dossier, _YEARS, [name for name, _ in columns])
    if not kept:
        return Section(heading, (Prose(("Nothing in any year.",)),))
    left_out = [title for name, title in columns if name not in kept]
    rows = rows_of(dossier, _YEARS, ("year", *kept))
    last = max(place for place, row in enumerate(rows, 1) if any(map(_tells, row[1:])))
    ending = f" Nothing after year {last}." if last < len(rows) else ""
    over = rows_of(dossier, _LIFE, kept)[0]
    total = ("Life", *("" if name in _BALANCES else cell
                       for name, cell in zip(kept, over, strict=True)))  # fmt: skip
    titles = dict(columns)
    return Section(
        heading,
        (
            Grid(
                (
                    GridColumn("Year", 0.6, right=False),
                    *(GridColumn(titles[name], millions=True) for name in kept),
                ),
                (*rows[:last], total),
                title=f"{heading} by year, {years.money}",
                caption=_left_out(left_out, f"Payments of the year, balances at its end.{ending}"),
                totals=1,
                landscape=True,
            ),
        ),
    )


def _tells(cell: Cell) -> bool:
    return isinstance(cell, Figure) and bool(cell.value)


# -- quarters and months ---------------------------------------------------------------------------
def _all_columns(dossier: Dossier, table_id: str) -> Grid:
    table = dossier.tables[table_id]
    first, *rest = (column.name for column in table.columns)
    names = (first, *telling(dossier, table_id, rest))
    left_out = [title_of(dossier, table_id, name) for name in rest if name not in names]
    return Grid(
        tuple(GridColumn(title_of(dossier, table_id, name)) for name in names),
        rows_of(dossier, table_id, names),
        title=f"{table.title}, {dossier.currency}",
        caption=_left_out(left_out, table.note),
        landscape=True,
    )
