"""A document with every block, undefined figures, blanks, long names; the figures are made up."""

from datetime import UTC, date, datetime

from pipeline.reports.pack.document import (
    Arrow,
    Blank,
    Box,
    Bullets,
    Cell,
    Diagram,
    Document,
    Field,
    Fields,
    Figure,
    Grid,
    GridColumn,
    HeatMap,
    LineChart,
    Milestone,
    Prose,
    Section,
    Series,
    StackedBars,
    Style,
    Tiles,
    TimePlan,
    Tornado,
    TornadoBar,
    Unit,
    Verdicts,
)

LONG_NAME = "Nordic Hyperscale Infrastructure Holdings (Luxembourg) S.à r"
ONE_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunte"
SECOND_POINT = (
    "A second point that is longer than the line it stands on, so that it has to be broken and "
    "set under its own beginning."
)
YEARS = tuple(str(year) for year in range(2027, 2052))


def figure(value: object, unit: Unit, note: str = "") -> Figure:
    return Figure(value, unit, "made.up", note)  # type: ignore[arg-type]


def money(value: float) -> Figure:
    return figure(value, "money")


def terms() -> Fields:
    return Fields(
        (
            Field("Issuer", (figure(LONG_NAME, "text"),)),
            Field("ISIN", (Blank("deal.isin"),)),
            Field("Issue date", (figure(date(2026, 9, 15), "date"),)),
            Field("Principal", (money(1_234_567_890_123.45),), "Drawn in full on the issue date."),
            Field("Coupon", (figure(4.25, "percent"), ", fixed, ", figure(142.5, "bps"))),
            Field("Average life, expected", (figure(13.84, "years"),)),
            Field("Mezzanine rating", (figure(None, "text", "no mezzanine"),)),
            Field("Leakage test", (Verdicts("fail", "gate@verdict"), " at ", figure(1.1, "times"))),
            Field("One word", (figure(ONE_WORD, "text"),)),
        ),
        title="Senior notes",
    )


def compact() -> Fields:
    return Fields(
        (
            Field("Senior notional", (money(48_250_000.0),)),
            Field("DSCR, least", (figure(1.354, "times"),)),
            Field("LTV", (figure(67.5, "share"),)),
            Field("Repo eligible", (figure(True, "flag"),)),
            Field("Trustee", (Blank("parties.trustee"),)),
            Field("Wrap premium", (figure(None, "bps", "no wrap"),)),
            Field("Arranger", (figure(ONE_WORD, "text"),)),
        ),
        title="At a glance",
        wide=False,
    )


def rules(count: int = 34) -> Grid:
    kinds = ("pass", "fail", "warn", "off", "none")
    rows: list[tuple[Cell, ...]] = []
    for number in range(count):
        rows.append(
            (
                f"RK-COVER-{number:03}",
                "Cover of debt service by net operating income in each year of the term, with the "
                "reserve left aside" if number % 3 else ONE_WORD,
                figure(1.25 + number / 100, "times"),
                figure(None, "times", "no senior debt") if number == 4 else figure(1.2, "times"),
                Verdicts(kinds[number % 5], f"rule{number}@verdict"),  # type: ignore[arg-type]
            )
        )  # fmt: skip
    return Grid(
        (
            GridColumn("Rule", 1.0, right=False),
            GridColumn("What it requires", 3.0, right=False),
            GridColumn("Actual", more_digits=1),
            GridColumn("Limit"),
            GridColumn("Result", right=False),
        ),
        tuple(rows),
        title="Rules",
        caption="Headroom is measured against the limit.",
        groups=(10, 20),
    )


def cash() -> Grid:
    names = (
        "Revenue", "Opex", "NOI", "Fees", "Interest", "Principal", "Balance", "Reserve",
        "Mezzanine interest", "Mezzanine balance", "Trapped", "Released", "Equity",
    )  # fmt: skip
    columns = [GridColumn("Year", 0.7, right=False)]
    columns += [GridColumn(f"{name}, £m", millions=True) for name in names]
    columns += [GridColumn("DSCR"), GridColumn("Triggers", right=False)]
    rows: list[tuple[Cell, ...]] = []
    for place, year in enumerate([*YEARS, "Total"]):
        amounts = [money((number - 3) * 1_734_567.89 * (place + 1)) for number in range(13)]
        rows.append((year, *amounts, figure(1.2 + place / 50, "times"), "Cash trap"))
    return Grid(
        tuple(columns), tuple(rows), title="Cash by year", totals=1, groups=(5, 10), landscape=True
    )


def amounts_in_full() -> Grid:
    columns = [GridColumn("Party", 2.0, right=False)]
    columns += [GridColumn(f"Amount {number}") for number in range(1, 13)]
    row = tuple(money(-1_234_567_890_123.45 - number) for number in range(12))
    return Grid(tuple(columns), ((LONG_NAME, *row), (ONE_WORD, *row)), title="Amounts in full")


def lines(count: int = 18) -> LineChart:
    series = tuple(
        Series(
            f"Scenario {number}: rent down {number} %",
            tuple(
                figure(None if number == 3 and place in (4, 6) else 1.9 - number / 40 + place / 90,
                       "times")
                for place in range(len(YEARS))
            ),
            dashed=number % 5 == 1,
        )
        for number in range(count)
    )  # fmt: skip
    limits = (("Covenant", figure(1.2, "times")), ("Lock-up", figure(1.35, "times")))
    return LineChart("DSCR by year", "Year", YEARS, series, limits, "Base and all stresses.")


def bars() -> StackedBars:
    def series(name: str, sign: float, start: float) -> Series:
        values = tuple(money(sign * (start + 40_000.0 * place)) for place in range(len(YEARS)))
        return Series(name, values)

    ratios = tuple(figure(1.3 + place / 100, "times") for place in range(len(YEARS)))
    return StackedBars(
        "Cash by year",
        "Year",
        YEARS,
        (
            series("Senior service", 1, 2.1e6),
            series("Mezzanine service", 1, 0.4e6),
            series("Equity", 1, 0.8e6),
            series("Reserve funding", -1, 0.3e6),
        ),
        (Series("DSCR", ratios),),
        "Payments in the order of the waterfall.",
    )


def few_bars() -> StackedBars:
    places = ("Base case", "Rates up 125 bps", "No tenant for nine months", LONG_NAME, ONE_WORD)
    values = tuple(money(1e6 * number - 2e6) for number in range(5))
    return StackedBars(
        "Equity by scenario", "", places, (Series("Equity", values),),
        (Series("Target", (money(1.5e6),) * 5, dashed=True),),
    )  # fmt: skip


def heat() -> HeatMap:
    rows = tuple(f"Scenario {number}" for number in range(12))
    columns = ("DSCR, least", "DSCR, mean", "Months under 1.0x", "Recovery", "Rating", "Result")
    cells: list[tuple[Cell, ...]] = []
    shades: list[tuple[float | None, ...]] = []
    for number in range(12):
        cells.append(
            (
                figure(1.4 - number / 20, "times"),
                figure(1.5 - number / 20, "times"),
                figure(number, "count"),
                figure(None, "ratio", "no default") if number < 2 else figure(0.7, "ratio"),
                figure("BBB+", "text"),
                Verdicts("pass" if number < 8 else "fail", f"s{number}@verdict"),
            )
        )
        tone = 1 - number / 6
        shades.append((tone, tone, tone, None, tone / 2, 1.0 if number < 8 else -1.0))
    return HeatMap("Scenarios and measures", columns, rows, tuple(cells), tuple(shades),
                   "Green is better than the base case.")  # fmt: skip


def tornado() -> Tornado:
    bars = [
        TornadoBar(f"Sensitivity {number} of the rent, {LONG_NAME}" if number == 2 else
                   f"Rent {number} %", figure(1.35 - 0.03 * (9 - number), "times"),
                   figure(1.35 + 0.025 * (9 - number), "times"))
        for number in range(8)
    ]  # fmt: skip
    bars.append(TornadoBar("Only down", figure(1.31, "times"), None))
    bars.append(TornadoBar("Same side", figure(1.41, "times"), figure(1.38, "times")))
    bars.append(TornadoBar("Undefined up", figure(1.3, "times"), figure(None, "times", "none")))
    return Tornado("What moves the DSCR", figure(1.35, "times"), tuple(bars), "One at a time.")


def diagram() -> Diagram:
    def box(name: str, column: int, row: int, kind: str, *text: Cell) -> Box:
        return Box(name, text, column, row, kind)  # type: ignore[arg-type]

    return Diagram(
        "Structure",
        (
            box("Tenant", 0, 0, "party", "Northern Compute plc"),
            box("Data centre", 1, 0, "asset", figure(24.0, "mw")),
            box("Hedge provider", 2, 0, "hedge", "Inflation swap ", money(12_500_000.0)),
            box("Trustee", 0, 1, "party", Blank("parties.trustee")),
            box("Issuer SPV", 1, 1, "issuer", figure(LONG_NAME, "text")),
            box("Repo desk", 2, 1, "party"),
            box("Senior notes", 0, 2, "debt", money(48_250_000.0), figure(4.25, "percent")),
            box("Mezzanine", 1, 2, "debt", money(5_000_000.0)),
            box("Equity", 2, 2, "equity", figure(None, "money", "no equity")),
        ),
        (
            Arrow("Tenant", "Data centre", "Rent"),
            Arrow("Data centre", "Issuer SPV", "Net operating income"),
            Arrow("Issuer SPV", "Hedge provider", "Fixed leg"),
            Arrow("Hedge provider", "Issuer SPV", "Indexed leg and the day-one value"),
            Arrow("Issuer SPV", "Senior notes", "Interest and principal"),
            Arrow("Senior notes", "Issuer SPV", "Proceeds"),
            Arrow("Issuer SPV", "Mezzanine", "Interest"),
            Arrow("Issuer SPV", "Equity", "Distributions"),
            Arrow("Trustee", "Issuer SPV", "Holds security"),
            Arrow("Tenant", "Equity", "A guarantee that goes round everything else"),
            Arrow("Trustee", "Repo desk", "Reports"),
        ),
        "Who pays whom.",
    )


def plan(count: int = 14) -> TimePlan:
    return TimePlan(
        "Time plan",
        tuple(
            Milestone(
                LONG_NAME if number == 3 else f"Task {number}",
                figure(date(2026, 9 + number // 6, 1 + 4 * (number % 6)), "date"),
                figure(date(2026, 9 + number // 6, 3 + 4 * (number % 6)), "date"),
                critical=number % 3 == 0,
            )
            for number in range(count)
        ),
        "Working days of the United Kingdom.",
    )


def document(title: str = "Example Data Centre", **changes: object) -> Document:
    """Every block once or more, in sections of both levels."""
    sections = (
        Section("Terms", (terms(), Prose(("The coupon is ", figure(4.25, "percent"), ", and ",
                Verdicts("pass", "x@verdict"), " is the verdict on ", Blank("deal.series"), ".")))),
        Section("At a glance", (compact(), Bullets((("Cover of ", figure(1.35, "times"), "."),
                (SECOND_POINT,)), numbered=True)), level=2),
        Section("Rules", (Prose(("Every rule with its limit.",)), rules())),
        Section("Cash", (Prose(("By year.",)), cash(), amounts_in_full()), new_page=True),
        Section("Charts", (lines(), bars(), few_bars())),
        Section("Stresses", (heat(), tornado())),
        Section("Who and when", (diagram(), plan(), Bullets((("Not modelled: tax.",),)),
                                 Prose(("Made from a run.",), "small"))),
    )  # fmt: skip
    tiles = Tiles(
        (
            Field("Senior notional", (money(48_250_000.0),)),
            Field("Rating", (figure("BBB+", "text"),)),
            Field("Day-one value", (money(1_234_567_890_123.0),)),
            Field("Equity IRR", (figure(None, "percent", "no equity"),)),
            Field("Tier", (figure("Silver", "text"),)),
        )
    )
    made = {
        "key": "9-example", "title": "Investor pack", "project": title,
        "subtitle": "Structure 45,598", "run_id": "small-6f557d46a249",
        "made_at": datetime(2026, 2, 3, 9, 15, tzinfo=UTC),
        "style": Style("GBP", "UK", term_sheet_dates=True), "sections": sections,
        "summary": (tiles, Prose(("The structure funds all of its uses.",), "lead")),
    }  # fmt: skip
    return Document(**{**made, **changes})  # type: ignore[arg-type]
