"""What do the blocks `deal` and `parties` take, and what of them moves a run's id?"""

import json

import pytest

from pipeline.inputs import InputErrors
from pipeline.inputs.deal import DEAL_TERMS, Deal, Parties
from pipeline.inputs.project import ProjectFile
from pipeline.inputs.timetable import PAPER_IDS, PAPERS, TASK_IDS, TASKS
from tests.unit.inputs.sound import loaded, project
from tests.unit.inputs.test_schema import problems

FULL = {
    "deal": {
        "name": "Project Heron",
        "start_date": "2026-02-02",
        "target_close_date": "2026-09-15",
        "issue_date": "2026-09-15",
        "form": "Registered notes",
        "denomination": "100,000",
        "listing": "None",
        "clearing": "Euroclear",
        "isin": "GB00B03MLX29",
        "isin_mezzanine": "US0378331005",
        "governing_law_text": "English law",
        "call_protection": "Non-call for five years",
        "call_price": "Make-whole",
        "withholding_tax": "Gross-up",
        "transfer_restrictions": "Qualified buyers",
        "inflation_index": "CPIH",
        "index_base_level": "134.6, December 2025",
        "security": ["Fixed charge over the site", "Assignment of the lease"],
        "conditions_precedent": ["Planning permission"],
        "notices": ["1 High Street"],
        "milestone_days": {"pricing": 2, "closing": 0},
        "documents": {"term_sheet": {"status": "agreed", "owner": "A", "deadline": "2026-03-01"}},
    },
    "parties": {
        **{name: name.title() for name in Parties.model_fields if not name.endswith("rating")},
        "rating_agencies": ["One", "Two"],
    },
}
MISTAKES = {
    "deal.name": ("a\x07b", "holds control characters"),
    "deal.form": (5, "has to be text"),
    "deal.listing": ("", "is too short"),
    "deal.governing_law_text": ("x" * 1001, "at most 1000 characters"),
    "deal.issue_date": ("15-Sep-2026", "has to be a date, year-month-day"),
    "deal.start_date": ("1999-12-31", "has to be from 2000-01-01 to 2100-12-31"),
    "deal.isin": ("GB00B03MLX28", "its check digit is wrong"),
    "deal.isin_mezzanine": ("GB00", "pattern"),
    "deal.security": (["x"] * 21, "at most 20 items"),
    "deal.milestone_days": ({"pricing": -1, "signing": True, "closing": 999, "prising": 1}, "less"),
    "deal.documents": ({"term_sheet": {"status": "done"}, "term_shet": {}}, "'open', 'draft'"),
    "parties.rating_agencies": (["A", "B", "C", "D", "E"], "at most 4 items"),
    "parties.trustee": ("x" * 201, "at most 200 characters"),
    "parties.arranger": (["A"], "has to be text"),
}


def blocks(mistakes):
    found = {"deal": {}, "parties": {}}
    for path, (value, _) in mistakes.items():
        block, field = path.split(".")
        found[block][field] = value
    return found


def test_every_name_and_text_is_read_and_only_stands_in_documents(tmp_path):
    plain, named = loaded(tmp_path, project()), loaded(tmp_path, project(**FULL))
    assert named.content() == plain.content()
    names = named.names()
    assert set(names["deal"]) == set(Deal.model_fields) - set(DEAL_TERMS)
    assert all(value for value in names["deal"].values())
    assert {name for name, value in names["parties"].items() if value is None} == {
        "insurer_rating", "hedge_counterparty_rating",
    }  # fmt: skip
    assert json.loads(json.dumps(names)) == names


def test_terms_and_ratings_move_the_run(tmp_path):
    plain = loaded(tmp_path, project()).content()
    assert loaded(tmp_path, project(deal={"rule_144a": False})).content() != plain
    assert loaded(tmp_path, project(parties={"insurer_rating": "AAA"})).content() != plain


def test_all_mistakes_are_told_at_once_with_field_and_what_is_allowed(tmp_path):
    with pytest.raises(InputErrors) as raised:
        loaded(tmp_path, project(**blocks(MISTAKES)))
    told = str(raised.value)
    for path, (_, message) in MISTAKES.items():
        assert any(path in line and message in line for line in told.splitlines()), path
    assert f"allowed: {', '.join(TASK_IDS)}" in told
    assert f"allowed: {', '.join(PAPER_IDS)}" in told


def test_a_close_before_the_start_is_refused(tmp_path):
    dates = {"start_date": "2026-05-01", "target_close_date": "2026-04-30"}
    with pytest.raises(InputErrors, match="target_close_date 2026-04-30 lies before start_date"):
        loaded(tmp_path, project(deal=dates))


def test_editors_see_the_same_fields():
    assert problems("project", project(**FULL)) == []
    for wrong in ({"milestone_days": {"prising": 1}}, {"documents": {"term_shet": {}}}):
        assert problems("project", project(deal=wrong))
    assert set(ProjectFile.model_json_schema()["$defs"]["Deal"]["properties"]) == set(
        Deal.model_fields
    )


def test_the_timetable_names_tasks_papers_and_parties_that_there_are():
    seen: set[str] = set()
    for task in TASKS:
        assert set(task.after) <= seen, "a task comes after those it waits for"
        seen.add(task.id)
    assert len(seen) == len(TASKS)
    assert len(set(PAPER_IDS)) == len(PAPERS)
    assert {paper.due for paper in PAPERS} <= seen
    assert {each.owner for each in (*TASKS, *PAPERS)} <= set(Parties.model_fields)
