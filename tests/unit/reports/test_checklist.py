"""Does the checklist have the days that dates and calendar give, and the critical path?"""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from pipeline.explain.run import StoredRun
from pipeline.inputs.timetable import TASKS
from pipeline.reports.formats import answer_text
from pipeline.reports.html import svg_pictures
from pipeline.reports.pack.checklist import checklist
from pipeline.reports.pack.document import (
    Blank,
    Document,
    Fields,
    Figure,
    Grid,
    Prose,
    Section,
    TimePlan,
)
from pipeline.reports.pack.dossier import Dossier, dossier_of
from pipeline.reports.pack.timetable import timetable_of
from pipeline.reports.pack.working_days import calendar_of
from pipeline.reports.pdf import charts_plan
from tests.unit.reports.deal_run import (
    HOSTILE,
    KINDS,
    LONG,
    assert_every_figure,
    named,
    told_of,
)

DEALS: dict[str, dict[str, Any]] = {
    "no date": {},
    "start": {"start_date": "2026-02-14"},
    "close": {"target_close_date": "2026-12-27"},
    "issue": {"issue_date": "2026-09-15"},
    "early": {"start_date": "2026-02-02", "target_close_date": "2026-12-01"},
    "late": {"start_date": "2026-02-02", "issue_date": "2026-03-02"},
    "own lengths": {
        "start_date": "2026-02-02",
        "milestone_days": {"rating_review": 90, "closing": 0, "mandate": 0, "pricing": 7},
    },
}


def with_deal(run: StoredRun, number: int, deal: dict[str, Any]) -> Dossier:
    return dossier_of(run, number, {"deal": deal, "parties": {}})


def section(document: Document, heading: str) -> Section:
    return next(each for each in document.sections if each.heading == heading)


def rows(document: Document, heading: str) -> tuple[tuple[Any, ...], ...]:
    return next(each for each in section(document, heading).blocks if isinstance(each, Grid)).rows


def said(document: Document) -> str:
    prose = [each for each in document.summary if isinstance(each, Prose)]
    return " ".join(answer_text(each.pieces, document.style) for each in prose)


@pytest.mark.parametrize("deal", DEALS)
@pytest.mark.parametrize("kind", ["mezzanine", "unsound"])
def test_every_figure_is_what_the_dates_give(
    run: StoredRun, numbers: dict[str, int], kind: str, deal: str, tmp_path: Path
) -> None:
    names = {"deal": DEALS[deal], "parties": {}}
    document = checklist(dossier_of(run, numbers[kind], names))
    assert assert_every_figure(document, told_of(run, numbers[kind], names, tmp_path)) > 100


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_written_for_every_kind(run: StoredRun, numbers: dict[str, int], kind: str) -> None:
    document = checklist(dossier_of(run, numbers[kind]))
    assert document.key == "6-checklist"
    tasks = {row[1] for row in rows(document, "Milestones")}
    needed = {"Mezzanine and intercreditor terms agreed": kind == "mezzanine"}
    for title, there in needed.items():
        assert (title in tasks) == there
    starts = ("rejected", "debtless", "unsound")
    assert said(document).startswith("Not viable") == (kind in starts)


@pytest.mark.parametrize("deal", DEALS)
def test_the_critical_path_fills_the_plan(
    run: StoredRun, numbers: dict[str, int], deal: str
) -> None:
    plan = timetable_of(with_deal(run, numbers["mezzanine"], DEALS[deal]))
    lengths = [plan.milestone(task).days for task in plan.path]
    assert sum(lengths) == plan.days
    assert all(plan.milestone(task).times.critical for task in plan.path)
    for before, after in zip(plan.path, plan.path[1:], strict=False):
        assert before in plan.milestone(after).after
    for each in plan.milestones:
        if each.start is None or each.end is None:
            continue
        worked = [
            each.start + dt.timedelta(days=n) for n in range((each.end - each.start).days + 1)
        ]
        assert sum(map(plan.calendar.is_working, worked)) == max(1, each.days)
        for name in each.after:
            ended = plan.milestone(name).end
            assert ended is not None and ended <= each.start


def test_the_last_day_is_the_close_asked_for(run: StoredRun, numbers: dict[str, int]) -> None:
    # 25 and 28 December 2026 are bank holidays, 26 and 27 a weekend
    plan = timetable_of(with_deal(run, numbers["offer"], {"target_close_date": "2026-12-28"}))
    assert plan.end("closing").value == dt.date(2026, 12, 24)
    assert plan.given == "deal.target_close_date"


def test_whether_the_plan_fits_is_said(run: StoredRun, numbers: dict[str, int]) -> None:
    early = checklist(with_deal(run, numbers["offer"], DEALS["early"]))
    late = checklist(with_deal(run, numbers["offer"], DEALS["late"]))
    none = checklist(with_deal(run, numbers["offer"], DEALS["start"]))
    assert "working days before the date asked for" in said(early)
    assert "The plan does not fit: it ends" in said(late)
    assert "asked for" not in said(none) and "does not fit" not in said(none)


def test_without_a_date_times_are_working_days_from_the_start(
    run: StoredRun, numbers: dict[str, int]
) -> None:
    document = checklist(with_deal(run, numbers["offer"], {}))
    assert "The project file gives no date" in said(document)
    first = rows(document, "Milestones")[0]
    assert first[2].value == 0 and first[3].value == TASKS[0].days - 1
    grid = next(each for each in section(document, "Milestones").blocks if isinstance(each, Grid))
    assert grid.columns[2].title == "Start, T+"


def test_the_chart_draws_every_task(run: StoredRun, numbers: dict[str, int]) -> None:
    document = checklist(with_deal(run, numbers["offer"], DEALS["start"]))
    chart = next(each for each in document.blocks() if isinstance(each, TimePlan))
    table = rows(document, "Milestones")
    assert [each.name for each in chart.milestones] == [row[1] for row in table]
    assert [each.critical for each in chart.milestones] == [row[7] == "yes" for row in table]


@pytest.mark.parametrize("deal", ["no date", "start"])
def test_a_plan_is_drawn_with_and_without_dates(
    run: StoredRun, numbers: dict[str, int], deal: str
) -> None:
    document = checklist(with_deal(run, numbers["offer"], DEALS[deal]))
    chart = next(each for each in document.blocks() if isinstance(each, TimePlan))
    drawn = svg_pictures.time_plan(chart, document.style)
    assert drawn is not None
    assert str(drawn).count("<rect") == len(chart.milestones)
    assert ("T+20" in str(drawn)) == (deal == "no date")
    assert charts_plan.time_plan(chart, document.style, 500.0)


def test_lengths_of_the_project_file_are_taken_and_said(
    run: StoredRun, numbers: dict[str, int]
) -> None:
    document = checklist(with_deal(run, numbers["offer"], DEALS["own lengths"]))
    lengths = {row[1]: row[4] for row in rows(document, "Milestones")}
    review = lengths["Review and presale by the rating agencies"]
    assert review == Figure(90, "count", "deal.milestone_days.rating_review")
    assert "The project file sets the length of: Mandate" in said(document)
    assert "our assumption" in said(document)


def test_papers_have_status_owner_and_deadline(run: StoredRun, numbers: dict[str, int]) -> None:
    states = {"term_sheet": {"status": "agreed", "owner": "Us", "deadline": "2026-03-02"},
              "valuation_report": {"status": "draft"}}  # fmt: skip
    names = {"deal": {"documents": states}, "parties": {"valuer": "Valuer LLP"}}
    document = checklist(dossier_of(run, numbers["offer"], names))
    found = {row[0]: row[1:] for row in rows(document, "Documents")}
    assert [each.value for each in found["Term sheets"]] == ["agreed", "Us", dt.date(2026, 3, 2)]
    status, owner, deadline = found["Valuation report"]
    assert (status.value, owner.value) == ("draft", "Valuer LLP")
    assert deadline.source == "plan.milestones[valuation].end"
    assert found["Mandate letter"][0] == Blank("deal.documents.mandate_letter.status")
    assert found["Mandate letter"][1] == "Arranger"
    assert "Mezzanine agreement" not in found


@pytest.mark.parametrize("text", [HOSTILE, LONG])
def test_names_stay_what_they_are(run: StoredRun, numbers: dict[str, int], text: str) -> None:
    document = checklist(dossier_of(run, numbers["mezzanine"], named(text)))
    providers = [row[1] for row in rows(document, "Providers")]
    assert all(each.value == text for each in providers) and len(providers) >= 12
    for cell in document.cells():
        assert not (isinstance(cell, str) and text[:20] in cell)
    labels = [each.label for block in document.blocks() if isinstance(block, Fields)
              for each in block.fields]  # fmt: skip
    assert not any(text[:20] in label for label in labels)


@pytest.mark.parametrize(
    ("jurisdiction", "closed", "opened"),
    [
        ("UK", "2026-08-31", "2026-07-03"),  # late summer bank holiday; Independence Day, observed
        ("EU", "2026-05-01", "2026-08-31"),  # Labour Day is a TARGET closing day
        ("US", "2026-07-03", "2026-05-01"),
        ("Global", "2026-08-30", "2026-12-25"),  # a Sunday; no holidays
    ],
)
def test_each_jurisdiction_has_its_working_days(
    jurisdiction: str, closed: str, opened: str
) -> None:
    calendar = calendar_of(jurisdiction)
    assert not calendar.is_working(dt.date.fromisoformat(closed))
    assert calendar.is_working(dt.date.fromisoformat(opened))


@pytest.mark.parametrize("jurisdiction", ["UK", "EU", "US", "Global"])
def test_shifting_and_counting_are_the_same_thing(jurisdiction: str) -> None:
    calendar = calendar_of(jurisdiction)
    day = calendar.on_or_after(dt.date(2026, 1, 1))
    for days in range(-260, 261, 13):
        shifted = calendar.shifted(day, days)
        assert calendar.is_working(shifted)
        assert calendar.between(day, shifted) == days
    assert calendar.on_or_before(dt.date(2026, 12, 27)).weekday() < 5
