"""Are a structure's figures the same bits whatever stands beside it, and the short months exact?"""

import random
from itertools import pairwise

import numpy as np
import pytest

from kernels import codes
from kernels import figures as f
from kernels import layout as x
from kernels import waterfall as w
from kernels.mezz_reserve import is_asked_for
from pipeline.engine import figures_of_inputs
from pipeline.problem import Problem
from tests.oracle.books import market, rulebook
from tests.oracle.kernel_side import input_column, problem_of, shifts_of, with_cash_rows
from tests.oracle.scenarios import anywhere, plausible, strained, with_cash

B = w.BLOCK
ROWS = 3 * B + 5
KINDS = (anywhere, plausible, strained)


@pytest.fixture(scope="module")
def setting() -> tuple[Problem, np.ndarray]:
    """Structures of every kind, each with an income, tenors and a lease of its own."""
    draw = random.Random(20260212)
    structures = [with_cash(draw, KINDS[row % len(KINDS)](draw)) for row in range(ROWS)]
    shifts = shifts_of(structures)
    books = rulebook(), market()
    columns = [
        with_cash_rows(input_column(*structure), *structure, *books, shifts)
        for structure in structures
    ]
    return problem_of(structures, *books), np.stack(columns, axis=1)


@pytest.fixture(scope="module")
def figures(setting: tuple[Problem, np.ndarray]) -> np.ndarray:
    """(N_FIGURES, ROWS) of each structure alone."""
    problem, inputs = setting
    alone = [figures_of_inputs(problem, inputs[:, [row]]) for row in range(ROWS)]
    return np.concatenate(alone, axis=1)


def assert_same_bits(found: np.ndarray, expected: np.ndarray) -> None:
    different = (found != expected) & ~(np.isnan(found) & np.isnan(expected))
    figures_of = [int(figure) for figure in np.unique(np.argwhere(different)[:, 0])]
    assert figures_of == [], "figures, by their number in kernels.figures"


def test_the_structures_are_of_every_kind(
    setting: tuple[Problem, np.ndarray], figures: np.ndarray
) -> None:
    inputs = setting[1]
    sound = figures[f.STATUS] != codes.INVALID_STRUCTURE
    assert 3 <= (~sound).sum() < B
    assert (figures[f.MEZZ_NOTIONAL, sound] > 0).sum() > 5
    assert (figures[f.UNPAID_MAX, sound] > 0).sum() > 5
    assert (figures[f.TRAP_MONTHS, sound] > 0).sum() > 5
    assert len(np.unique(inputs[x.SENIOR_TENOR_YEARS])) > 5
    assert len(np.unique(inputs[x.LEASE_YEARS])) > 5
    assert set(inputs[x.INDEXATION_MODE]) >= {x.INDEX_FLAT, x.INDEX_CPI}
    quarterly = inputs[x.QUARTERLY_PAYMENT] == 1
    reserved = (inputs[x.MEZZ_RESERVE_MONTHS] > 0) & (figures[f.MEZZ_NOTIONAL] > 0)
    for some in (quarterly, reserved):
        assert 5 < some.sum() < ROWS - 5
    assert (quarterly & reserved & sound).any()


@pytest.mark.parametrize("seed", range(3))
def test_a_structures_figures_do_not_depend_on_its_neighbours(
    setting: tuple[Problem, np.ndarray], figures: np.ndarray, seed: int
) -> None:
    problem, inputs = setting
    order = np.random.default_rng(seed).permutation(ROWS)
    order = order[: ROWS - 11 * seed]
    assert_same_bits(figures_of_inputs(problem, inputs[:, order]), figures[:, order])


def test_nor_on_its_place_among_others_of_its_like(
    setting: tuple[Problem, np.ndarray], figures: np.ndarray
) -> None:
    """Copies of three structures fill whole blocks, before and behind the others."""
    problem, inputs = setting
    sound = np.flatnonzero(figures[f.STATUS] != codes.INVALID_STRUCTURE)[:3]
    order = np.concatenate([np.repeat(sound, B), sound, np.repeat(sound[::-1], 7)])
    assert_same_bits(figures_of_inputs(problem, inputs[:, order]), figures[:, order])


OVERLAYS = (x.ZCIS_5Y_ON, x.ZCIS_10Y_ON, x.TRS_ON, x.FLOOR_ON, x.STRIP_ON)


def overlaid(inputs: np.ndarray, keep: float) -> np.ndarray:
    """Each structure with its 32 settings of overlays, of which a share `keep` is there."""
    draw = np.random.default_rng(7)
    rows = np.repeat(inputs, 32, axis=1)
    for place, overlay in enumerate(OVERLAYS):
        rows[overlay] = np.arange(rows.shape[1]) >> place & 1
    return np.ascontiguousarray(rows[:, draw.random(rows.shape[1]) < keep])


@pytest.mark.parametrize("keep", [1.0, 0.6, 0.2, 0.05])
def test_twins_have_the_bits_that_each_has_alone(
    setting: tuple[Problem, np.ndarray], keep: float
) -> None:
    """What structures with the same debt share, whole families and torn ones."""
    problem, inputs = setting
    rows = overlaid(inputs[:, :30], keep)
    some = np.random.default_rng(3).permutation(rows.shape[1])[:40]
    alone = [figures_of_inputs(problem, rows[:, [row]]) for row in some]
    together = figures_of_inputs(problem, rows)
    assert_same_bits(together[:, some], np.concatenate(alone, axis=1))


def test_overlays_make_a_difference(setting: tuple[Problem, np.ndarray]) -> None:
    """Else the test above would pass on figures that ignore them."""
    problem, inputs = setting
    rows = overlaid(inputs[:, :30], 1.0)
    figures = figures_of_inputs(problem, rows).reshape(f.N_FIGURES, 30, 32)
    sound = figures[f.STATUS, :, 0] == codes.OK
    for figure in (f.DAY1_CASH, f.EQUITY_CAPACITY, f.EQUITY_IRR):
        values = np.nan_to_num(figures[figure, sound])
        assert (values.max(axis=1) > values.min(axis=1)).mean() > 0.5


MONTHS = 132
TOTALS = slice(w.FIRST_TOTAL * B, (w.IMBALANCE_MOST + 1) * B)
DEAD_AFTER_MATURITY = (w.TRAP_ON, w.TURBO_ON)


def scratch(draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Terms and accounts (N_SLOTS, B) and the months' streams (MONTHS, streams, B) of loans.

    Loans run two to seven years under leases of nine, some too large for their income.
    """
    s = np.zeros((w.N_SLOTS, B))
    uniform, choice = draw.uniform, draw.choice
    for slot, low, high in (
        (w.COUPON, 0.002, 0.008), (w.SENIOR_FEE, 0.0, 0.0005), (w.MEZZ_COUPON, 0.005, 0.01),
        (w.MEZZ_FEE, 0.0, 0.0005), (w.INSURANCE, 0.0, 0.1), (w.MAINTENANCE, 0.0, 0.05),
        (w.DEPRECIATION, 0.2, 0.8), (w.REINVESTMENT, 0.0, 0.002), (w.FACILITY, 0.0, 6.0),
        (w.FACILITY_FEE, 0.0, 0.0005), (w.TRAP_BELOW, 1.0, 1.4), (w.TURBO_BELOW, 0.9, 1.2),
        (w.VALUE, 80.0, 200.0), (w.SENIOR_OWED, 40.0, 80.0), (w.DSRA, 0.0, 6.0),
        (w.RENT_FREE_RESERVE, 0.0, 2.0), (w.TRS_FEE, 0.0, 0.05), (w.HEDGE, 0.0, 0.0003),
    ):  # fmt: skip
        s[slot] = uniform(low, high, B)
    for slot, values in (
        (w.BALLOON, (0.0, 1.0)), (w.MEZZ_BALLOON, (0.0, 1.0)), (w.FEES_SHARED, (0.0, 1.0)),
        (w.MEZZ_NEEDS_CURRENT, (0.0, 1.0)), (w.MEZZ_NEEDS_COVER, (0.0, 1.0)),
        (w.RESERVE_FIRST, (0.0, 1.0)),
        (w.TRAP_AHEAD_OF_MEZZ, (0.0, 1.0)), (w.EXCESS_PAYS_DOWN, (0.0, 1.0)),
        (w.TRAP_SHARE, (0.5, 1.0)), (w.CLEAN_TESTS, (1.0, 2.0)), (w.PENALTY, (0.0, 0.01)),
        (w.TAX_RATE, (0.0, 0.25)), (w.DSRA_MONTHS, (0.0, 3.0, 6.0)), (w.TRS_MONTHS, (0.0, 60.0)),
        (w.MATURITY, (24.0, 60.0, 84.0)), (w.LEASE, (108.0, 117.0, 128.0)),
        (w.MEZZ_OWED, (0.0, 15.0)), (w.OC_FLOOR, (0.05, 0.3)), (w.TURBO_FROM, (np.inf, 40.0)),
        (w.MEZZ_RESERVE_MONTHS, (0.0, 6.0)),
    ):  # fmt: skip
        s[slot] = choice(values, B)
    s[w.MEZZ_MATURITY] = np.where(s[w.MEZZ_OWED] > 0, choice((36.0, 72.0), B), 0.0)
    s[w.MEZZ_WINDOW] = np.where(s[w.MEZZ_OWED] > 0, 12.0, 0.0)
    s[w.FACILITY_RATE] = s[w.COUPON]
    s[w.PREPAID_PER_CASH] = 1.0 / (1.0 + s[w.PENALTY])
    s[w.COVENANT_MIN] = np.inf
    month = np.arange(1, MONTHS + 1)[:, None]
    streams = np.zeros((MONTHS, 7, B))
    level = s[w.SENIOR_OWED] / s[w.MATURITY] + s[w.COUPON] * s[w.SENIOR_OWED]
    leased = month <= s[w.LEASE]
    gross = level * uniform(1.05, 2.2, B) * uniform(0.7, 1.2, (MONTHS, B)) * leased
    costs = 0.2 * gross
    streams[:, 0], streams[:, 1] = gross, costs
    streams[:, 2], streams[:, 3] = gross - costs, gross
    for place, maturity, balloon in (
        (4, s[w.MATURITY], s[w.BALLOON]),
        (5, s[w.MEZZ_MATURITY], s[w.MEZZ_BALLOON]),
    ):
        left = np.maximum(1.0, maturity - month + 1.0)
        streams[:, place] = np.where((month <= maturity) & (balloon == 0), 1.0 / left, 0.0)
    streams[:, 6] = uniform(-0.1, 0.1, (MONTHS, B)) * (month <= s[w.MATURITY]) * (month % 12 == 0)
    return s.ravel(), streams


def lived(s: np.ndarray, streams: np.ndarray) -> list[tuple[np.ndarray, bool]]:
    """Run a block, adding up; each month's scratch before it, and whether debt is gone by then."""
    months = []
    sums = [np.zeros((2, B))]
    slots = (w.CASH_IN, w.COSTS, w.NET, w.GROSS, w.SENIOR_SHARE, w.MEZZ_SHARE, w.SWAP)
    for m in range(1, MONTHS + 1):
        table = s.reshape(-1, B)
        table[list(slots)] = streams[m - 1]
        table[[w.INCOME_BEFORE, w.SERVICE_BEFORE]] = sums[max(0, m - 12)]
        months.append((s.copy(), bool(w.debt_is_gone(s, float(m)))))
        w.pay_month(s, float(m), float(m % 12 == 0), float(m % 3 == 0), 12.0, is_asked_for(s))
        w.add_up(s, float(m))
        sums.append(table[[w.COVENANT_INCOME, w.COVENANT_SERVICE]].copy())
    months.append((s.copy(), True))
    return months


@pytest.fixture(scope="module", params=range(12))
def life(request: pytest.FixtureRequest) -> list[tuple[np.ndarray, bool]]:
    return lived(*scratch(np.random.default_rng(request.param)))


def assert_same_accounts(found: np.ndarray, expected: np.ndarray, but: tuple[int, ...]) -> None:
    slots = [k for k in range(w.SENIOR_OWED, w.COVENANT_SERVICE + 1) if k not in but]
    slots += [w.EQUITY, w.TAX]
    mine, theirs = found.reshape(-1, B)[slots], expected.reshape(-1, B)[slots]
    np.testing.assert_array_equal(mine.view(np.int64), theirs.view(np.int64))


def test_a_month_that_is_not_added_up_leaves_the_same_accounts_and_equity(
    life: list[tuple[np.ndarray, bool]],
) -> None:
    for m, ((before, _), (after, _)) in enumerate(pairwise(life), 1):
        s = before.copy()
        w.pay_month(s, float(m), float(m % 12 == 0), float(m % 3 == 0), 12.0, is_asked_for(s))
        assert_same_accounts(s, after, ())
        np.testing.assert_array_equal(s[TOTALS], before[TOTALS])


def test_every_month_adds_up(life: list[tuple[np.ndarray, bool]]) -> None:
    last = life[-1][0].reshape(-1, B)
    assert (last[w.PRINCIPAL_PAID] > 30).all()
    assert (last[w.IMBALANCE_MOST] < 1e-11).all()


def test_a_month_without_debt_leaves_what_a_whole_month_leaves(
    life: list[tuple[np.ndarray, bool]],
) -> None:
    for m, ((before, gone), (after, _)) in enumerate(pairwise(life), 1):
        if gone:
            s = before.copy()
            w.pay_debt_free_month(s, float(m), float(m % 12 == 0))
            assert_same_accounts(s, after, DEAD_AFTER_MATURITY)


def test_debt_is_gone_for_good_and_not_before_its_time(
    life: list[tuple[np.ndarray, bool]],
) -> None:
    gone = [flag for _, flag in life[:-1]]
    assert gone == sorted(gone)
    terms = life[0][0].reshape(-1, B)
    last = max(terms[slot].max() for slot in (w.MATURITY, w.MEZZ_MATURITY, w.TRS_MONTHS))
    assert not any(gone[: int(last)])


def test_some_blocks_are_free_of_debt_and_some_never() -> None:
    free = [
        sum(flag for _, flag in lived(*scratch(np.random.default_rng(seed)))[:-1])
        for seed in range(12)
    ]
    assert min(free) == 0
    assert sum(free) > 100
