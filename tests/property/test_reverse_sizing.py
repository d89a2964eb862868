"""Is the senior debt the same when it is sized the other way round, by trial and bisection?"""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import codes, reverse, senior
from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from pipeline.engine import reverse_sizes, sized_figures_of_ids
from pipeline.inputs import load_request
from pipeline.inputs.encode import problem_of
from pipeline.problem import Lever, Problem
from pipeline.space.levers import LeverSpace
from pipeline.stages.counts import Counts
from pipeline.stages.reverse_check import compare
from tests.oracle import kernel_side
from tests.oracle.books import market, rulebook
from tests.oracle.scenarios import anywhere, plausible

PROFILES = (
    x.AMORT_ANNUITY,
    x.AMORT_SCULPTED,
    x.AMORT_BULLET,
    x.AMORT_STEP_DOWN,
    x.AMORT_LEVEL,
)
PROJECTS = Path(__file__).parents[2] / "fixtures" / "projects"
UNITS = 1000.0
ROUNDING = 1e-9  # relative, of two ways through some hundred months

# What a project's base case is given besides, so that every branch of the sizing is sampled.
VARIANTS: dict[str, dict[int, float]] = {
    "as it is": {},
    "covenants": {x.MAX_LTV_PCT: 45.0, x.MIN_ICR: 2.5},
    "grace and rent-free time": {x.SENIOR_GRACE_MONTHS: 18.0, x.RENT_FREE_MONTHS: 9.0},
    "rent-free time beyond grace": {x.SENIOR_GRACE_MONTHS: 6.0, x.RENT_FREE_MONTHS: 12.0},
}


def _checked(problem: Problem, ids: np.ndarray) -> tuple[np.ndarray, Counts]:
    figures = sized_figures_of_ids(problem, ids)
    found = reverse_sizes(problem, ids, figures[f.SENIOR_NOTIONAL])
    return figures, compare(ids, figures, found, problem.reverse_check)


def _varied(problem: Problem, changes: dict[int, float]) -> Problem:
    base = problem.base.copy()
    for row, value in changes.items():
        base[row] = value
    return replace(problem, base=base)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", ["small", "medium", "large"])
def test_golden_projects_are_sized_alike_both_ways(name: str, variant: str) -> None:
    problem = _varied(problem_of(load_request(str(PROJECTS / f"{name}.yaml"))), VARIANTS[variant])
    size = LeverSpace(problem.levers).size
    ids = np.unique(np.linspace(0, size - 1, 400).astype(np.int64))
    figures, record = _checked(problem, ids)
    assert record["reverse_rows"] == 400
    assert record["reverse_dscr_gap"] < 1e-9
    binding = set(figures[f.BINDING_CONSTRAINT][figures[f.SENIOR_NOTIONAL] > 0])
    assert codes.BINDING_DSCR in binding
    if variant == "covenants":
        assert binding & {codes.BINDING_LTV, codes.BINDING_ICR}


@pytest.mark.parametrize("draw_one", [plausible, anywhere])
def test_structures_from_all_over_the_catalogue_are_sized_alike_both_ways(draw_one) -> None:
    draw = random.Random(20260703)
    structures = [draw_one(draw) for _ in range(300)]
    inputs = np.stack([kernel_side.input_column(*each) for each in structures], axis=1)
    problem = kernel_side.problem_of(structures, rulebook(), market())
    # One lever that moves every input: its values are the structures.
    lever = Lever("all", tuple(range(x.N_INPUTS)), inputs.T.copy(), tuple(range(300)))
    figures, record = _checked(replace(problem, levers=(lever,)), np.arange(300))
    assert int(record["reverse_rows"]) > 150
    assert record["reverse_dscr_gap"] < 1e-6
    owing = figures[f.SENIOR_NOTIONAL] > 0
    assert set(inputs[x.SENIOR_AMORT_TYPE, owing]) == set(PROFILES)
    assert set(figures[f.BINDING_CONSTRAINT, owing]) == {0, 1, 2}
    assert (inputs[x.SENIOR_GRACE_MONTHS, owing] > 0).any()
    assert (inputs[x.RENT_FREE_MONTHS, owing] > 0).any()


@settings(max_examples=150)
@given(
    profile=st.sampled_from(PROFILES),
    coupon=st.floats(0.5, 12.0),
    years=st.integers(1, 30),
    grace=st.integers(0, 30),
    rent_free=st.integers(0, 24),
    target=st.floats(1.0, 2.5),
    max_ltv=st.sampled_from([np.inf, 30.0, 75.0]),
    min_icr=st.sampled_from([0.0, 1.5, 4.0]),
    scale=st.floats(2.0, 9.0),
    seed=st.integers(0, 2**32 - 1),
    loss=st.booleans(),
)
def test_any_income_gives_the_notional_of_the_closed_form(
    profile: int,
    coupon: float,
    years: int,
    grace: int,
    rent_free: int,
    target: float,
    max_ltv: float,
    min_icr: float,
    scale: float,
    seed: int,
    loss: bool,
) -> None:
    months = 12 * years
    noise = np.random.default_rng(seed)
    net = 10.0**scale * noise.uniform(0.4, 1.6, (months, 1))
    if loss:
        net[noise.integers(months)] = -1.0
    inputs = np.zeros((x.N_INPUTS, 1))
    inputs[x.SENIOR_AMORT_TYPE] = profile
    inputs[x.SENIOR_COUPON_PCT] = coupon
    inputs[x.SENIOR_TENOR_YEARS] = years
    inputs[x.SENIOR_GRACE_MONTHS] = grace
    inputs[x.RENT_FREE_MONTHS] = rent_free
    inputs[x.SENIOR_TARGET_DSCR] = target
    inputs[x.MAX_LTV_PCT] = max_ltv
    inputs[x.MIN_ICR] = min_icr
    inputs[x.GROSS_IT_LOAD_MW] = 2.0
    inputs[x.CAPEX_MARKET_PER_MW] = 40.0 * 10.0**scale
    inputs[x.LAND_FEES] = 5.0 * 10.0**scale
    closed, cover = _closed(inputs, net, 85.0 * 10.0**scale)
    found = np.empty((reverse.N_FOUND, 1))
    reverse.size(inputs, np.zeros(1, np.int64), net, _limits(), UNITS, np.array([closed]), found)
    if np.isnan(closed):
        assert found[reverse.STATUS, 0] == codes.INVALID_STRUCTURE
        assert np.isnan(found[reverse.NOTIONAL, 0])
        return
    shortfall = closed - found[reverse.NOTIONAL, 0]
    assert -ROUNDING * closed <= shortfall <= UNITS + ROUNDING * closed
    assert found[reverse.STATUS, 0] == (
        codes.OK if found[reverse.NOTIONAL, 0] > 0 else codes.NO_DEBT
    )
    if closed > 0:
        assert found[reverse.DSCR, 0] == pytest.approx(cover / closed, rel=1e-8)
    else:
        assert np.isnan(found[reverse.DSCR, 0])


def _limits() -> np.ndarray:
    limits = np.zeros(r.N_LIMITS)
    limits[r.STEP_WEIGHT_FIRST : r.STEP_WEIGHT_THIRD + 1] = (1.2, 1.0, 0.8)
    limits[r.TAIL_YEARS] = 3.0
    return limits


def _closed(inputs: np.ndarray, net: np.ndarray, market_cost: float) -> tuple[float, float]:
    """Notional and unit cover of the closed form; NaN where there is no structure."""
    terms = np.zeros((senior.N_TERMS, 1))
    covers = np.zeros((senior.N_COVERS, 1))
    service, balance = np.zeros((2, *net.shape))
    senior.set_terms(inputs, np.zeros(1, np.int64), 1, net, _limits(), terms)
    if terms[senior.MONTHS, 0] == 0.0:
        return np.nan, np.nan
    senior.walk(terms, 1, len(net), net, net, _limits(), service, balance, covers)
    notional, _ = senior.size(
        covers[senior.COVER, 0],
        covers[senior.LEAST_INCOME, 0],
        terms[senior.RATE, 0],
        inputs[x.SENIOR_TARGET_DSCR, 0],
        market_cost,
        inputs[x.MAX_LTV_PCT, 0],
        inputs[x.MIN_ICR, 0],
    )
    return notional, covers[senior.COVER, 0]
