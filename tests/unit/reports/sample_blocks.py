"""Blocks of every kind and unit for a document, crowded ones too; the figures are made up."""

from __future__ import annotations

from datetime import date
from typing import Final, get_args

from pipeline.reports.pack.document import (
    Arrow,
    Blank,
    Box,
    Bullets,
    Cell,
    Diagram,
    Field,
    Fields,
    Figure,
    Grid,
    GridColumn,
    HeatMap,
    LineChart,
    Milestone,
    Prose,
    Series,
    StackedBars,
    Tiles,
    TimePlan,
    Tornado,
    TornadoBar,
    Unit,
    Value,
    Verdict,
    Verdicts,
)

LONG: Final = "Aldermarston & Wrexcombe Renewable Infrastructure Partners II"
ONE_WORD: Final = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunte"
ARABIC: Final = "شركة الطاقة المتجددة 2026 ش.م.ع"
CHINESE: Final = "长江基础设施融资有限公司"
JAPANESE: Final = "みずほインフラ・ファイナンス株式会社"
KOREAN: Final = "한국인프라금융 주식회사"
HOSTILE: Final = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    '=HYPERLINK("http://evil.example/","click")',
    "+1+cmd|'/C calc'!A0",
    "@SUM(1+1)",
    "../../etc/passwd",
    "{{ 7*7 }} {% raw %} ${x} %s {0}",
    "a\x00b\x07c\x1b[31md",
    "safe\u202egnp.exe",
    "]]> --> <!-- & &amp; _x0041_",
    "http://evil.example/link",
)
VALUES: Final[dict[str, Value]] = {
    "text": "Act/365",
    "flag": True,
    "count": 1_234_567,
    "number": 0.654321,
    "money": 123_456_789.126,
    "percent": 4.253,
    "share": 67.52,
    "ratio": 0.0425,
    "times": 1.3512,
    "years": 13.82,
    "months": 6.0,
    "bps": 187.0,
    "date": date(2026, 9, 15),
    "score": 81.237,
    "notches": -2.0,
    "days": 91.0,
    "mw": 49.9,
}
_CONDITIONS: Final = (
    "Satisfactory legal opinions of counsel to the issuer and to the arranger, corporate "
    "authorities, executed transaction documents, insurance in place, technical adviser's report "
    "and a model audit, each in a form that the senior lenders accept."
)
_UNITS: Final[tuple[Unit, ...]] = get_args(Unit)
_YEARS: Final = tuple(str(year) for year in range(2027, 2047))
_SCENARIOS: Final = (
    "Base", "Rates up 200 bps", "Rates down 100 bps", "Inflation up 2 %", "Rent down 10 %",
    "Opex up 15 %", "Tenant default", "Two-year void", "Combined downside",
)  # fmt: skip


def figure(value: Value, unit: Unit = "money", note: str = "") -> Figure:
    return Figure(value, unit, "row.sample", note)


def undefined(unit: Unit = "money") -> Figure:
    return figure(None, unit, "no mezzanine")


def fields(*, wide: bool) -> Fields:
    every = tuple(Field(f"A figure in {unit}", (figure(VALUES[unit], unit),)) for unit in _UNITS)
    return Fields(
        (
            *every,
            Field("Coupon", (figure(4.25, "percent"), " fixed, ", figure("quarterly", "text"))),
            Field("Trustee", (Blank("parties.trustee"),), "named before signing"),
            Field("Mezzanine", (undefined(),)),
            Field("Covenant test", (Verdicts("pass", "gate@verdict"), figure(1.35, "times"))),
            Field("Arranger", (figure(LONG, "text"),)),
            Field("One word", (figure(ONE_WORD, "text"),)),
            Field("Issuer", (figure(ARABIC, "text"),)),
            Field("Investors", (figure(CHINESE, "text"), ", ", figure(JAPANESE, "text"), ", ",
                                figure(KOREAN, "text"))),
            Field(
                "Conditions precedent",
                (_CONDITIONS,),
            ),
        ),
        title="Every unit",
        wide=wide,
    )  # fmt: skip


def grid() -> Grid:
    columns = (
        GridColumn("Year", 0.8, right=False),
        GridColumn("Revenue, £m", millions=True),
        GridColumn("Debt service"),
        GridColumn("DSCR", more_digits=2),
        GridColumn("Paid on"),
        GridColumn("Covenant", right=False),
        GridColumn("Agent", 1.4, right=False),
    )
    verdicts: tuple[Verdict, ...] = get_args(Verdict)
    rows: list[tuple[Cell, ...]] = [
        (
            year,
            figure(21_345_678.9 + 350_000.0 * number),
            figure(15_432_198.76 - 1_000.0 * number),
            undefined("times") if number == 3 else figure(1.3 + 0.01 * number, "times"),
            figure(date(2027 + number, 6, 30), "date"),
            Verdicts(verdicts[number % len(verdicts)], f"dscr[{year}]@verdict"),
            Blank("parties.agent") if number % 4 == 2 else LONG if number % 4 == 1 else "Agent",
        )
        for number, year in enumerate(_YEARS[:12])
    ]
    total = ("Total", figure(3e8), figure(1.8e8), undefined("times"), "", "", "")
    return Grid(columns, (*rows, total), "Cash by year", "Amounts in the currency of the project.",
                totals=1, groups=(5,))  # fmt: skip


def wide_grid(rows: int = 70) -> Grid:
    names = ("Period", "Revenue", "Opex", "NOI", "Senior fees", "Senior interest",
             "Senior principal", "Senior balance", "Reserve funding", "Reserve balance",
             "Mezzanine interest", "Mezzanine principal", "Mezzanine balance", "Trapped",
             "Released", "Equity", "DSCR")  # fmt: skip
    columns = (
        GridColumn(names[0], right=False),
        *(GridColumn(f"{name}, £m", millions=True) for name in names[1:-1]),
        GridColumn(names[-1]),
    )
    body: list[tuple[Cell, ...]] = [
        (
            f"Month {number + 1}",
            *(figure(1_000_000.0 * (place + 1) + 12_345.6 * number) for place in range(15)),
            figure(1.2 + 0.001 * number, "times"),
        )
        for number in range(rows)
    ]
    return Grid(columns, tuple(body), "Waterfall by month", "All amounts in £m.", landscape=True)


def rules(count: int = 34) -> Grid:
    """More rows than a page has, with cells of one long word."""
    verdicts: tuple[Verdict, ...] = get_args(Verdict)
    requirement = (
        "Cover of debt service by net operating income in each year of the term, with the reserve "
        "left aside"
    )
    rows: list[tuple[Cell, ...]] = [
        (
            f"RK-COVER-{number:03}",
            requirement if number % 3 else ONE_WORD,
            figure(1.25 + number / 100, "times"),
            figure(None, "times", "no senior debt") if number == 4 else figure(1.2, "times"),
            Verdicts(verdicts[number % len(verdicts)], f"rule{number}@verdict"),
        )
        for number in range(count)
    ]
    columns = (
        GridColumn("Rule", 1.0, right=False),
        GridColumn("What it requires", 3.0, right=False),
        GridColumn("Actual", more_digits=1),
        GridColumn("Limit"),
        GridColumn("Result", right=False),
    )
    return Grid(columns, tuple(rows), "Rules", "Headroom is against the limit.", groups=(10, 20))


def amounts_in_full() -> Grid:
    """More and larger amounts than an upright page has room for."""
    columns = (GridColumn("Party", 2.0, right=False),
               *(GridColumn(f"Amount {number}") for number in range(1, 13)))  # fmt: skip
    row = tuple(figure(-1_234_567_890_123.45 - number) for number in range(12))
    return Grid(columns, ((LONG, *row), (ONE_WORD, *row)), title="Amounts in full")


def line_chart() -> LineChart:
    series = tuple(
        Series(
            name,
            tuple(
                undefined("times") if (place, number) == (7, 2)
                else figure(1.65 - 0.055 * number + 0.012 * place - 0.0009 * place * place, "times")
                for place in range(len(_YEARS))
            ),
            dashed=number == 0,
        )
        for number, name in enumerate(_SCENARIOS)
    )  # fmt: skip
    return LineChart("DSCR by year and scenario", "Year", _YEARS, series,
                     (("Covenant", figure(1.15, "times")), ("Lock-up", figure(1.25, "times"))),
                     "Lines stop where the debt is repaid.")  # fmt: skip


def stacked_bars() -> StackedBars:
    names = ("Senior interest", "Senior principal", "Reserves", "Mezzanine", "Equity")
    series = tuple(
        Series(
            name,
            tuple(
                figure((-4e5 if name == "Reserves" and place % 5 == 4 else 1e6) * (1 + number)
                       + 9e4 * place * (number - 1))
                for place in range(len(_YEARS))
            ),
        )
        for number, name in enumerate(names)
    )  # fmt: skip
    line = Series("DSCR", tuple(figure(1.3 + 0.01 * n, "times") for n in range(len(_YEARS))))
    return StackedBars("Where the cash goes", "Year", _YEARS, series, (line,), "By year.")


def many_lines(count: int = 18) -> LineChart:
    series = tuple(
        Series(
            f"Scenario {number}: rent down {number} %",
            tuple(figure(1.9 - number / 40 + place / 90, "times") for place in range(len(_YEARS))),
            dashed=number % 5 == 1,
        )
        for number in range(count)
    )
    return LineChart("All scenarios", "Year", _YEARS, series, (), "Base and all stresses.")


def few_bars() -> StackedBars:
    places = ("Base case", "Rates up 125 bps", "No tenant for nine months", LONG, ONE_WORD)
    values = tuple(figure(1e6 * number - 2e6) for number in range(5))
    target = Series("Target", (figure(1.5e6),) * 5, dashed=True)
    return StackedBars("Equity by scenario", "", places, (Series("Equity", values),), (target,))


def heat_map() -> HeatMap:
    columns = ("DSCR, least", "DSCR, mean", "Recovery", "Migration", "Result")
    cells: list[tuple[Cell, ...]] = []
    shades: list[tuple[float | None, ...]] = []
    for number, _ in enumerate(_SCENARIOS):
        verdict: Verdict = "pass" if number < 6 else "fail"
        cells.append((
            figure(1.5 - 0.07 * number, "times"), figure(1.8 - 0.05 * number, "times"),
            figure(98.0 - 3 * number, "share"), figure(-number // 2, "notches"),
            Verdicts(verdict, "stress@verdict"),
        ))  # fmt: skip
        shades.append((1 - number / 4, 0.9 - number / 5, 0.0, -number / 8, None))
    return HeatMap("Scenarios by metric", columns, _SCENARIOS, tuple(cells), tuple(shades),
                   "Green is better than the base case.")  # fmt: skip


def tornado() -> Tornado:
    bars = (
        TornadoBar("Rent, 10 % down and up", figure(1.12, "times"), figure(1.58, "times")),
        TornadoBar("Interest rate, 100 bps down and up", figure(1.44, "times"),
                   figure(1.26, "times")),
        TornadoBar(f"Operating costs of {LONG}", figure(1.40, "times"), figure(1.30, "times")),
        TornadoBar("Inflation, one way", None, figure(1.38, "times")),
        TornadoBar("Both above the base", figure(1.41, "times"), figure(1.38, "times")),
        TornadoBar("Undefined above", figure(1.30, "times"), undefined("times")),
    )  # fmt: skip
    return Tornado("What moves the least DSCR", figure(1.35, "times"), bars, "Widest first.")


def diagram() -> Diagram:
    boxes = (
        Box("Tenant", ("Pays rent",), 0, 1),
        Box("Asset", ("Wind farm, ", figure(49.9, "mw")), 0, 0, "asset"),
        Box(LONG, ("Issuer of the notes",), 1, 1, "issuer"),
        Box("Senior noteholders", (figure(250e6), " at ", figure(4.25, "percent")), 2, 0, "debt"),
        Box("Mezzanine lenders", (figure(35e6),), 2, 1, "debt"),
        Box("Equity", (figure(60e6),), 2, 2, "equity"),
        Box("Swap counterparty", ("Inflation swap",), 1, 0, "hedge"),
        Box("Trustee", (Blank("parties.trustee"),), 1, 2),
    )
    arrows = (
        Arrow("Tenant", LONG, "Rent"), Arrow("Tenant", "Asset", "Uses"),
        Arrow("Senior noteholders", LONG, "Principal"),
        Arrow(LONG, "Senior noteholders", "Interest and repayment"),
        Arrow(LONG, "Mezzanine lenders", "Interest"), Arrow(LONG, "Equity", "Distributions"),
        Arrow(LONG, "Swap counterparty", "Inflation leg"),
        Arrow("Swap counterparty", LONG, "Fixed leg"), Arrow("Trustee", LONG, "Security"),
        Arrow("Tenant", "Equity", "A guarantee that goes round everything else"),
    )  # fmt: skip
    return Diagram("Structure", boxes, arrows, "Who pays whom.")


def time_plan() -> TimePlan:
    names = ("Mandate of the arranger", "Due diligence", "Rating process", "Documentation",
             f"Credit approval by {LONG}", "Marketing", "Pricing", "Closing")  # fmt: skip
    tasks = tuple(
        Milestone(
            name,
            figure(date(2026, 9 + number // 3, 1 + 7 * (number % 3)), "date"),
            figure(date(2026, 9 + (number + 1) // 3, 8 + 7 * ((number + 1) % 3)), "date"),
            critical=number in (0, 1, 3, 7),
        )
        for number, name in enumerate(names)
    )
    return TimePlan("From mandate to closing", tasks, "Working days of the jurisdiction.")


def prose() -> Prose:
    life, coupon, issuer = figure(13.8, "years"), figure(4.25, "percent"), figure(ARABIC, "text")
    pieces = ("The notes have a life of ", life, " and pay ", coupon, ", by ", issuer, ".")
    return Prose(pieces, "lead")


def bullets(*, numbered: bool) -> Bullets:
    return Bullets(
        (("Cover of ", figure(1.35, "times"), " at the least."), ("Paid to ", Blank("deal.isin"))),
        numbered,
    )


def tiles() -> Tiles:
    return Tiles(
        (
            Field("Senior notional", (figure(250_000_000.0),), "at closing"),
            Field("Rating", (figure("A-", "text"),)),
            Field("DSCR, least", (figure(1.35, "times"),)),
            Field("Mezzanine", (undefined(),)),
        )
    )
