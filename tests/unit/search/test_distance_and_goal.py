"""Do distances and fitness say the same as the gates, the filters, the tiers and the ranking?"""

import numpy as np
import pytest

from kernels import codes
from kernels import figures as f
from pipeline.engine import figures_of_ids
from pipeline.inputs import load_request
from pipeline.inputs.encode import problem_of
from pipeline.problem import FloatArray, Problem
from pipeline.search import goal as g
from pipeline.search.distance import failed_tests, to_the_filters, to_the_gates, to_the_tiers
from pipeline.space.levers import LeverSpace
from tests.run_projects import request_of, write_rough_project

ROWS = 3_000
FILTERS = np.array(
    [
        [f.DSCR_MIN, codes.FILTER_AT_LEAST, 1.3],
        [f.SENIOR_WAL, codes.FILTER_AT_MOST, 7.0],
        [f.SENIOR_RATING, codes.FILTER_EQUAL, codes.RATING_NAMES.index("A")],
    ]
)


def some_figures(problem: Problem) -> FloatArray:
    size = LeverSpace(problem.levers).size
    ids = np.random.default_rng(4).integers(0, size, ROWS)
    return figures_of_ids(problem, ids)


@pytest.fixture(scope="module", params=["trial", "rough", "large"])
def problem(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Problem:
    folder = tmp_path_factory.mktemp("project")
    if request.param == "trial":
        return problem_of(request_of(folder))
    if request.param == "rough":
        return problem_of(load_request(write_rough_project(folder)))
    return problem_of(load_request("builtin:large"))


@pytest.fixture(scope="module")
def figures(problem: Problem) -> FloatArray:
    return some_figures(problem)


def test_a_distance_to_the_gates_is_nought_for_survivors_and_counts_failing_tests(
    figures: FloatArray,
) -> None:
    distance = to_the_gates(figures)
    failing = np.array([int(mask).bit_count() for mask in failed_tests(figures)])
    assert not np.isnan(distance).any()
    assert ((distance == 0.0) == (failing == 0)).all()
    assert (distance >= failing).all() and (distance <= 2.0 * failing).all()


def test_a_worse_figure_is_further_from_its_gate(figures: FloatArray) -> None:
    row = figures[:, :1].copy()
    row[[f.GATE_A_FAILED, f.GATE_B_FAILED]] = 0.0
    row[f.GATE_B_FAILED] = 1 << codes.DSCR_BELOW_MINIMUM
    row[f.DSCR_MIN] = 1.1
    near = to_the_gates(row)[0]
    row[f.DSCR_MIN] = 0.9
    far = to_the_gates(row)[0]
    row[f.DSCR_MIN] = np.nan
    assert near < far < to_the_gates(row)[0]


def test_a_distance_to_a_tier_is_nought_exactly_where_the_tier_is_reached(
    problem: Problem, figures: FloatArray
) -> None:
    kept = figures[:, failed_tests(figures) == 0]
    assert kept.shape[1], "no survivor would prove nothing"
    tiers = (codes.TIER_SILVER, codes.TIER_GOLD, codes.TIER_DIAMOND)
    for tier, distance in zip(tiers, to_the_tiers(kept, problem.rules.limits), strict=True):
        assert ((distance == 0.0) == (kept[f.TIER] >= tier)).all()


def test_a_distance_to_the_filters_is_nought_exactly_where_all_hold(figures: FloatArray) -> None:
    distance = to_the_filters(figures, FILTERS)
    holds = figures[f.DSCR_MIN] >= 1.3 - 1e-9
    holds &= figures[f.SENIOR_WAL] <= 7.0 + 1e-9
    holds &= figures[f.SENIOR_RATING] == codes.RATING_NAMES.index("A")
    assert ((distance == 0.0) == holds).all()
    assert (distance <= 2.0 * len(FILTERS)).all()


@pytest.mark.parametrize("objective", g.MEASURES)
@pytest.mark.parametrize("viable", [False, True])
def test_fitness_agrees_with_the_order_of_structures(
    figures: FloatArray, objective: str, viable: bool
) -> None:
    goal = g.Goal(objective, viable)
    standings = np.full((g.N_STANDING, figures.shape[1]), np.nan)
    standings[g.GATES] = to_the_gates(figures)
    kept = standings[g.GATES] == 0.0
    standings[g.FILTERS, kept] = to_the_filters(figures[:, kept], FILTERS)
    for row, figure in (
        (g.TIER, f.TIER),
        (g.OBJECTIVE, goal.measure.figure),
        (g.DSCR, f.DSCR_MIN),
        (g.IRR, f.EQUITY_IRR),
    ):
        standings[row, kept] = figures[figure, kept]
    order = goal.order(np.arange(figures.shape[1]), standings)
    # beyond 1e-9 of an objective's own size the fitness of money may round
    assert (np.diff(goal.fitness(standings, None)[order]) >= -1e-9).all()


def test_the_tier_aimed_at_is_the_one_above_the_best_seen() -> None:
    assert g.next_tier(float("nan")) == codes.TIER_SILVER
    assert g.next_tier(codes.TIER_NOT_VIABLE) == codes.TIER_SILVER
    assert g.next_tier(codes.TIER_SILVER) == codes.TIER_GOLD
    assert g.next_tier(codes.TIER_DIAMOND) is None
