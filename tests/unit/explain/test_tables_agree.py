"""Do the tables of ratings, repo legs, tiers and scenarios say what the engine decided?"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kernels import figures as f
from kernels import scenarios
from pipeline.columns import flat
from pipeline.engine import figures_of_ids, sized_figures_of_ids
from pipeline.explain.explanation import SECTIONS, explained
from pipeline.explain.model import Explanation, Table
from pipeline.inputs import load_request
from pipeline.inputs.encode import problem_of
from pipeline.problem import Problem
from pipeline.space.levers import LeverSpace
from tests.run_projects import request_of, write_rough_project

Told = tuple[Explanation, dict[str, Any]]


def told_of(problem: Problem, ids: np.ndarray) -> list[Told]:
    inputs = LeverSpace(problem.levers).fill(problem.base, ids)
    rows = [flat(column) for column in figures_of_ids(problem, ids).T]
    return [
        (explained(problem, inputs[:, place], title="", currency="GBP"), row)
        for place, row in enumerate(rows)
    ]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    """Survivors of a sound project, and structures of one whose rules reject nothing."""
    folder: Path = tmp_path_factory.mktemp("tables")
    rng = np.random.default_rng(5)
    sound = problem_of(request_of(folder))
    some = rng.choice(LeverSpace(sound.levers).size, 1_500, replace=False)
    figures = sized_figures_of_ids(sound, some)
    passed = some[(figures[f.GATE_A_FAILED] == 0.0) & (figures[f.GATE_B_FAILED] == 0.0)]
    rough = problem_of(load_request(write_rough_project(folder)))
    others = rng.choice(LeverSpace(rough.levers).size, 15, replace=False)
    return told_of(sound, passed[:25]) + told_of(rough, others)


def table_of(explanation: Explanation, name: str) -> list[dict[str, Any]]:
    tables: dict[str, Table] = {
        table.id: table for section in explanation.sections for table in section.tables
    }
    if name not in tables:
        return []
    names = [column.name for column in tables[name].columns]
    return [dict(zip(names, row, strict=True)) for row in tables[name].rows]


def test_the_sections_are_those_the_command_line_knows(told: list[Told]) -> None:
    assert {tuple(section.name for section in each.sections) for each, _ in told} == {SECTIONS}


def test_the_first_rating_whose_legs_hold_is_the_matrix_rating(told: list[Told]) -> None:
    found = set()
    for explanation, row in told:
        rows = table_of(explanation, "rating.matrix")
        for each in rows:
            rooms = [each[name] for name in ("dscr_headroom", "ltv_headroom")]
            assert each["holds"] == all(room is None or room >= -1e-9 for room in rooms)
        rating = next((each["rating"] for each in rows if each["holds"]), None)
        assert rating == row["matrix_rating"]
        found.add(rating)
    assert len(found) > 2


def test_the_legs_that_fail_are_the_repo_reasons(told: list[Told]) -> None:
    failing = set()
    for explanation, row in told:
        legs = table_of(explanation, "repo.legs")
        if legs:
            failed = [leg["leg"] for leg in legs if not leg["holds"]]
            assert sorted(failed) == sorted(row["repo_reasons"])
            failing |= set(failed)
    assert len(failing) > 2


def test_the_tier_is_the_best_whose_conditions_hold(told: list[Told]) -> None:
    found = set()
    for explanation, row in told:
        rows = table_of(explanation, "verdict.tiers")

        def holds(*tiers: str, rows: list[dict[str, Any]] = rows) -> bool:
            return all(each["holds"] for each in rows if each["tier"] in tiers)

        tier = "Not Viable"
        if holds("every tier") and row["senior_notional"] > 0.0:
            tier = "Bronze" if not holds("all but Bronze") else "Not Viable"
            best = [each for each in ("Diamond", "Gold", "Silver") if holds(each)]
            if best and holds("all but Bronze"):
                tier = best[0]
        assert tier == row["viability_tier"]
        found.add(tier)
    assert len(found) > 1


def test_the_scenarios_are_those_of_the_row(told: list[Told]) -> None:
    passes = set()
    for explanation, row in told:
        for each in table_of(explanation, "stresses.table"):
            name = each["scenario"]
            if name == scenarios.NAMES[scenarios.BASE]:
                assert each["dscr_min"] == pytest.approx(row["dscr_min"], rel=1e-9)
                continue
            for metric in ("dscr_min", "dscr_avg", "equity_irr", "worst_month", "rating"):
                assert each[metric] == row[f"{name}_{metric}"]
            if each["passed"] is not None:
                assert each["passed"] == row[f"{name}_passed"]
            if each["headroom"] is not None and name != "refinance":
                assert (each["headroom"] >= -1e-9) == each["passed"]
            passes.add(each["passed"])
    assert passes == {True, False, None}
