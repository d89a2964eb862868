"""Do the term sheets say of every kind of structure what the run says, and no more?"""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from kernels import codes
from pipeline.explain.run import StoredRun
from pipeline.inputs import catalogue
from pipeline.inputs.countries import JURISDICTIONS
from pipeline.reports.formats import answer_text, date_text
from pipeline.reports.pack import conventions, terms_in_words
from pipeline.reports.pack.deal_dates import deal_dates, months_later
from pipeline.reports.pack.document import (
    Blank,
    Document,
    Field,
    Fields,
    Figure,
    Grid,
    Prose,
    Section,
)
from pipeline.reports.pack.dossier import Dossier, dossier_of
from pipeline.reports.pack.term_sheet import term_sheets
from tests.unit.reports.deal_run import (
    HOSTILE,
    KINDS,
    LONG,
    PROJECT,
    assert_every_figure,
    deal_run,
    named,
    told_of,
)

DEAL = {"issue_date": "2026-08-31", "isin": "GB00B03MLX29"}


def section(document: Document, heading: str) -> Section:
    return next(each for each in document.sections if each.heading == heading)


def fields(document: Document, heading: str) -> dict[str, Field]:
    blocks = section(document, heading).blocks
    return {each.label: each for block in blocks if isinstance(block, Fields)
            for each in block.fields}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_is_the_runs(
    run: StoredRun, numbers: dict[str, int], kind: str, tmp_path: Path
) -> None:
    names = {"deal": DEAL, "parties": {"issuer": "Issuer plc"}}
    dossier = dossier_of(run, numbers[kind], names)
    told = told_of(run, numbers[kind], names, tmp_path)
    figures = assert_every_figure(term_sheets(dossier), told)
    assert figures > (100 if dossier.has_senior else 20)


@pytest.mark.parametrize("kind", KINDS)
def test_the_top_says_how_it_stands(run: StoredRun, numbers: dict[str, int], kind: str) -> None:
    document = term_sheets(dossier_of(run, numbers[kind]))
    lead = document.summary[0]
    assert isinstance(lead, Prose)
    said = answer_text(lead.pieces, document.style)
    starts = {
        "offer": "Passes both gates; tier",
        "mezzanine": "Passes both gates; tier",
        "rejected": "Not viable: fails Gate",
        "debtless": "Not viable: the project carries no senior debt",
        "unsound": "Not viable: the structure is not sound",
    }
    assert said.startswith((starts[kind], "Not fully funded: passes both gates"))
    assert said.startswith("Not viable") == (kind in ("rejected", "debtless", "unsound"))
    assert document.subtitle.startswith(
        "Terms computed, not viable" if said.startswith("Not viable") else "Indicative terms"
    )


def test_a_rejected_structure_names_every_failing_test(
    run: StoredRun, numbers: dict[str, int]
) -> None:
    dossier = dossier_of(run, numbers["rejected"])
    grid = next(each for each in term_sheets(dossier).summary if isinstance(each, Grid))
    tests = [step for step in dossier.explanation.steps() if step.id.startswith("gate_")]
    failing = [step for step in tests if step.bound and step.bound.verdict == "fail"]
    assert len(grid.rows) == len(failing) > 0
    assert [row[1] for row in grid.rows] == [step.rule for step in failing]


@pytest.mark.parametrize("kind", [each for each in KINDS if each != "unsound"])
def test_sources_meet_uses(run: StoredRun, numbers: dict[str, int], kind: str) -> None:
    document = term_sheets(dossier_of(run, numbers[kind]))
    grids = [each for each in section(document, "Sources and uses").blocks
             if isinstance(each, Grid)]  # fmt: skip
    totals = []
    for grid in grids:
        amounts = [row[1] for row in grid.rows]
        values = [each.value for each in amounts if isinstance(each, Figure)]
        assert len(values) == len(grid.rows)
        numbers_ = [float(each) for each in values if isinstance(each, float)]
        assert sum(numbers_[:-1]) == pytest.approx(numbers_[-1], rel=1e-12)
        totals.append(numbers_[-1])
    assert totals[0] == totals[1]


def test_without_names_every_name_is_a_blank(run: StoredRun, numbers: dict[str, int]) -> None:
    # an older run's manifest has no names at all
    for names in (None, {}, {"parties": {}, "deal": {}}):
        document = term_sheets(dossier_of(run, numbers["mezzanine"], names))
        blanks = {cell.source for cell in document.cells() if isinstance(cell, Blank)}
        assert {
            "parties.issuer", "parties.trustee", "parties.issuer_counsel",
            "parties.rating_agencies", "deal.isin", "deal.isin_mezzanine", "deal.issue_date",
            "deal.listing", "deal.call_protection", "deal.call_price", "deal.security",
            "deal.governing_law_text", "deal.conditions_precedent", "deal.notices",
        } <= blanks  # fmt: skip
        sources = {figure.source for figure in document.figures()}
        assert not [each for each in sources if each.startswith(("deal.", "parties."))]


def test_a_path_that_is_no_field_is_refused(run: StoredRun) -> None:
    dossier = dossier_of(run, 0)
    with pytest.raises(KeyError):
        dossier.name("parties.truste")
    with pytest.raises(KeyError):
        dossier.names_of("deal.securities")


@pytest.mark.parametrize("text", [HOSTILE, LONG])
def test_names_stay_what_they_are(run: StoredRun, numbers: dict[str, int], text: str) -> None:
    names = named(text)
    document = term_sheets(dossier_of(run, numbers["mezzanine"], names))
    shown = [figure for figure in document.figures() if figure.value == text]
    assert len({figure.source for figure in shown}) >= 20
    for cell in document.cells():
        assert not (isinstance(cell, str) and text[:20] in cell)


@pytest.mark.parametrize(
    ("deal", "start", "issue", "maturity"),
    [
        ({"issue_date": "2026-08-31"}, "2027-03-01", "31-Aug-2026", "31-Aug-2042"),
        ({}, "2027-02-28", "28-Feb-2027", "28-Feb-2043"),
        ({}, None, None, None),
    ],
)
def test_dates_follow_from_the_issue_date_or_the_start_of_construction(
    run: StoredRun, deal: dict[str, str], start: str | None, issue: str | None, maturity: str | None
) -> None:
    dossier = _with_start(run, deal, start, tenor=15)
    document = term_sheets(dossier)
    dates = deal_dates(dossier)
    told = fields(document, "Senior")
    if issue is None:
        assert isinstance(told["Issue date"].values[0], Blank)
        assert "after completion" in told["Maturity date"].values
        assert not dates.known
        return
    assert answer_text(told["Issue date"].values, document.style) == issue
    assert answer_text(told["Maturity date"].values, document.style) == maturity


def _with_start(run: StoredRun, deal: dict[str, Any], start: str | None, tenor: int) -> Dossier:
    """A structure of a tenor, in a run whose project has a start of construction."""
    manifest = {**run.manifest, "request": {**run.manifest["request"]}}
    manifest["request"]["project"] = {**manifest["request"]["project"], "construction_start": start}
    dated = StoredRun(run.results, run.plan, manifest)
    number = next(
        each for each in range(run.plan.size)
        if run.plan.space.labels(each)["SeniorTenorY_39"] == tenor
    )  # fmt: skip
    return dossier_of(dated, number, {"deal": deal, "parties": {}})


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (dt.date(2026, 8, 31), 6, dt.date(2027, 2, 28)),
        (dt.date(2027, 8, 31), 6, dt.date(2028, 2, 29)),
        (dt.date(2026, 12, 15), 1, dt.date(2027, 1, 15)),
        (dt.date(2026, 1, 31), 0, dt.date(2026, 1, 31)),
        (dt.date(2000, 2, 29), 12 * 8000, None),
    ],
)
def test_months_end_on_days_that_there_are(
    day: dt.date, months: int, later: dt.date | None
) -> None:
    assert months_later(day, months) == later


def test_dates_are_written_as_in_a_term_sheet(run: StoredRun, numbers: dict[str, int]) -> None:
    document = term_sheets(dossier_of(run, numbers["offer"]))
    assert date_text(dt.date(2026, 9, 15), document.style) == "15-Sep-2026"


def test_no_mezzanine_is_said(run: StoredRun, numbers: dict[str, int]) -> None:
    said = {
        "offer": "There is no mezzanine in this structure",
        "unsound": "There is no mezzanine: the structure is not sound",
    }
    for kind, starts in said.items():
        document = term_sheets(dossier_of(run, numbers[kind]))
        (only,) = section(document, "Mezzanine").blocks
        assert isinstance(only, Prose)
        assert str(only.pieces[0]).startswith(starts)


def test_the_mezzanine_has_its_terms(run: StoredRun, numbers: dict[str, int]) -> None:
    dossier = dossier_of(run, numbers["mezzanine"])
    told = fields(term_sheets(dossier), "Mezzanine")
    kind = dossier.input(48).value
    assert ("interest capitalises for" in told["PIK window"].values) == (kind == "PIKWindow")
    for label in ("Principal", "Coupon", "Expected rating", "Intercreditor style", "Ranking",
                  "Weighted average life, scheduled", "DSCR of both tranches, least"):  # fmt: skip
        assert label in told


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (40, terms_in_words.SENIOR_PROFILES),
        (48, terms_in_words.MEZZANINE_PROFILES),
        (51, terms_in_words.INTERCREDITOR),
        (57, terms_in_words.WRAPS),
        (99, terms_in_words.RESERVE_ORDER),
    ],
)
def test_every_option_of_the_catalogue_has_words(number: int, words: dict[str, str]) -> None:
    assert set(words) == set(catalogue.BY_NUMBER[number].allowed)


def test_every_leg_and_every_jurisdiction_has_words() -> None:
    assert set(terms_in_words.REPO_LEGS) == set(codes.REPO_LEG_NAMES)
    assert set(conventions.BY_JURISDICTION) == set(JURISDICTIONS)
    counts = {name: each.day_count.text for name, each in conventions.BY_JURISDICTION.items()}
    assert counts == {"UK": "Act/365 (Fixed)", "EU": "30E/360", "US": "30/360", "Global": "30/360"}


def test_where_the_day_count_is_by_days_the_difference_is_said(
    run: StoredRun, numbers: dict[str, int]
) -> None:
    told = fields(term_sheets(dossier_of(run, numbers["offer"])), "Senior")["Day count"]
    assert told.values == ("Act/365 (Fixed)",)
    assert "twelve equal months" in told.note and "31 days costs more" in told.note


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    """A run over the options of the waterfall that a term sheet puts in words."""
    levers = {
        "CashTrapRules_102": ["MezzBlock", "EquityBlock", "SweepPct"],
        "AmortSwitchRules_103": ["TurboOnTrap", "TimeBased", "RatingDowngrade"],
        "ExcessSpreadUse_104": ["PayDown", "Reserve", "DistToEquity"],
    }
    covenants = {"dsra_funding": "LetterOfCredit", "payment_frequency": "Quarterly",
                 "interest_during_construction": False, "max_ltv_pct": 60}  # fmt: skip
    base = {**PROJECT["base"], "OPEX_08": 2e6, "SeniorTenorY_39": 15, "CallOptionYears_56": 15}
    folder = tmp_path_factory.mktemp("options")
    return deal_run(folder, base=base, levers=levers, covenants=covenants)


def with_options(run: StoredRun, **wanted: str) -> Dossier:
    """The first structure with these options."""
    number = next(
        each for each in range(run.plan.size)
        if wanted.items() <= run.plan.space.labels(each).items()
    )  # fmt: skip
    return dossier_of(run, number)


def figures_in(cells: tuple[Any, ...]) -> list[Any]:
    return [cell.value for cell in cells if isinstance(cell, Figure)]


def test_every_figure_of_every_option_is_the_runs(options: StoredRun, tmp_path: Path) -> None:
    size = options.plan.size
    for number in (0, size // 2, size - 1):  # each option of each lever once
        dossier = dossier_of(options, number)
        told = told_of(options, number, {"deal": {}, "parties": {}}, tmp_path)
        assert assert_every_figure(term_sheets(dossier), told) > 100


def test_the_trap_is_told_as_the_waterfall_has_it(options: StoredRun) -> None:
    shares = options.manifest["request"]["rulebook"]["cash"]["trap_share"]
    for rule in ("EquityBlock", "SweepPct"):
        cells = terms_in_words.trap(with_options(options, CashTrapRules_102=rule))
        assert figures_in(cells) == [1.20, shares[rule]]
    cells = terms_in_words.trap(with_options(options, CashTrapRules_102="MezzBlock"))
    assert figures_in(cells) == [1.20]
    assert "after the senior and its reserve" in str(cells[-1])


def test_the_turbo_is_told_as_the_waterfall_has_it(options: StoredRun) -> None:
    request = options.manifest["request"]
    trap = with_options(options, AmortSwitchRules_103="TurboOnTrap")
    assert figures_in(terms_in_words.turbo(trap)) == [1.05]

    timed = with_options(options, AmortSwitchRules_103="TimeBased")
    (years,) = figures_in(terms_in_words.turbo(timed))
    months = timed.tables["waterfall.months"]
    place = [column.name for column in months.columns].index("turbo_on")
    first = next(row[0] for row in months.rows if row[place])
    # a quarter's payment date stands for its three months
    assert years == 10 and first == 12 * years + 3

    lower = with_options(options, AmortSwitchRules_103="RatingDowngrade")
    level, notches = figures_in(terms_in_words.turbo(lower))
    scale = list(request["rulebook"]["ratings"]["matrix"])
    below = scale[scale.index(str(lower.step("rating.senior").value)) + notches]
    assert level == request["rulebook"]["ratings"]["matrix"][below]["min_dscr"]


def test_trapped_cash_is_told_by_its_use(options: StoredRun) -> None:
    said = {
        use: str(terms_in_words.use_of_trapped_cash(with_options(options, ExcessSpreadUse_104=use)))
        for use in catalogue.BY_NUMBER[104].allowed
    }
    assert "prepays the senior at every covenant test" in said["PayDown"]
    assert "clean tests in a row" in said["Reserve"]
    assert "one clean test" in said["DistToEquity"]


def test_a_letter_of_credit_and_quarters_are_said(options: StoredRun) -> None:
    dossier = dossier_of(options, 0)
    told = fields(term_sheets(dossier), "Senior")
    assert told["Held as"].values == ("letter of credit",)
    assert figures_in(told["Cash at close"].values) == [0.0]
    assert figures_in(told["Payment frequency"].values) == ["Quarterly"]
    assert told["Interest before completion"].values == ("not charged in the run",)
    assert told["First call"].values == ("none before maturity",)
    grid = next(each for each in section(term_sheets(dossier), "Senior").blocks
                if isinstance(each, Grid))  # fmt: skip
    assert "paid by the quarter, interest is a little more" in grid.caption
