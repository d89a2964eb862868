"""One block's buffers of the base case, as kernels.outcome fills them: what the yardsticks run on.

`base_case` does the whole of a survivor's base case from sized figures; `life` only the months and
the return, from buffers that are ready.
"""

from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np

from kernels import cashflow, closing, dayone, irr, mezzanine, scenarios, schedule
from kernels import figures as f
from kernels import income as inc
from kernels import layout as x
from kernels import rules as r
from kernels import waterfall as w
from pipeline import engine
from pipeline.inputs import load_request
from pipeline.inputs.encode import problem_of
from pipeline.problem import Problem
from pipeline.space.levers import LeverSpace

_JIT = {"nogil": True, "error_model": "numpy", "cache": True}
B = w.BLOCK
PROJECTS = Path(__file__).resolve().parents[1] / "fixtures" / "projects"


def project(name: str) -> Problem:
    """A golden project as a problem."""
    return problem_of(load_request(str(PROJECTS / f"{name}.yaml")))


def survivors(problem: Problem, wanted: int, sample: int = 60_000) -> np.ndarray:
    """Ids of up to `wanted` structures that pass both gates, spread over the space."""
    size = LeverSpace(problem.levers).size
    ids = np.unique(np.linspace(0, size - 1, min(size, sample)).astype(np.int64))
    out = engine.sized_figures_of_ids(problem, ids)
    passing = ids[(out[f.GATE_A_FAILED] == 0) & (out[f.GATE_B_FAILED] == 0)]
    return passing[:: max(1, len(passing) // wanted)][:wanted]


def survivors_in_a_row(problem: Problem, wanted: int, first: int) -> np.ndarray:
    """Ids of `wanted` structures from `first` on that pass both gates, as a run analyses them."""
    found: list[np.ndarray] = []
    size = LeverSpace(problem.levers).size
    while sum(map(len, found)) < wanted and first < size:
        ids = np.arange(first, min(first + 5_000, size), dtype=np.int64)
        out = engine.sized_figures_of_ids(problem, ids)
        found.append(ids[(out[f.GATE_A_FAILED] == 0) & (out[f.GATE_B_FAILED] == 0)])
        first += len(ids)
    return np.concatenate(found)[:wanted]


@dataclass(frozen=True)
class Base:
    """Inputs (N_INPUTS, rows) of some rows, their sized figures and income."""

    inputs: np.ndarray
    out: np.ndarray
    curve_of_row: np.ndarray
    cash: np.ndarray
    gross: np.ndarray
    net: np.ndarray
    capital: np.ndarray
    rules: np.ndarray
    cash_rules: np.ndarray


def base_of(problem: Problem, ids: np.ndarray) -> Base:
    """What the base case of permutations `ids` is computed from, in the engine's order."""
    inputs = LeverSpace(problem.levers).fill(problem.base, ids)
    order = np.lexsort((inputs[x.MEZZ_ON], inputs[x.SENIOR_TENOR_YEARS]))
    return _base(problem, np.ascontiguousarray(inputs[:, order]), ids[order])


def _base(problem: Problem, inputs: np.ndarray, ids: np.ndarray) -> Base:
    out = engine.figures_of_ids(problem, ids)
    years = inputs[[x.LEASE_YEARS, x.SENIOR_TENOR_YEARS, x.MEZZ_TENOR_YEARS]].max()
    months = int(np.ceil(12 * years)) + cashflow.LATE_MONTHS
    rules, cash_rules = r.packed_rules(problem.rules), r.packed_cash_rules(problem.cash)
    gross, net, cash = np.empty((3, months, 1))
    first = np.ascontiguousarray(inputs[:, :1])
    inc.income_curves(
        first, rules, cash_rules[r.STRESS_CPI_EXTRA_PCT], cash_rules[r.STRESS_DEFAULT_MONTH],
        r.packed_market(problem.market, problem.curves), inc.AS_IS, gross, net,
    )  # fmt: skip
    capital = cashflow.receipts(first, gross, gross, cash)
    rows = inputs.shape[1]
    return Base(inputs, out, np.zeros(rows, np.int64), cash, gross, net, capital, rules, cash_rules)


@numba.njit(**_JIT)
def fill_block(
    inputs, rows, out, curve_of_row, net, rules, cash_rules, block_net, service, balance, share,
    mezz_service, mezz_balance, mezz_interest, mezz_share, mezz_terms, s, outlay,
):  # fmt: skip
    """Schedules, terms and opening accounts of a block's base case, cheque as it was found."""
    months = net.shape[0]
    for m in range(months):
        for c in range(B):
            block_net[m, c] = net[m, curve_of_row[rows[c]]]
    schedule.schedule(inputs, rows, block_net, np.zeros(B), rules, service, balance, share)
    s[:] = 0.0
    mezz_share[:] = 0.0
    for c in range(B):
        row = rows[c]
        senior = out[f.SENIOR_NOTIONAL, row]
        total = out[f.TOTAL_COST, row]
        mezzanine.size(inputs, row, c, block_net, service, senior, total, rules, mezz_terms)
        walked = mezzanine.walk(
            mezz_terms, c, block_net, service, senior, mezz_service, mezz_balance, mezz_interest
        )
        for m in range(int(mezz_terms[mezzanine.WINDOW, c]), walked):
            repaid = mezz_service[m, c] - mezz_interest[m, c]
            mezz_share[m, c] = repaid / mezz_balance[m, c]
        if walked > 0 and mezz_terms[mezzanine.BULLET, c] == 0.0:
            mezz_share[walked - 1, c] = 1.0
        equity = out[f.EQUITY_NOTIONAL, row]
        trs_fee = dayone.trs_fee(inputs, row, equity, total, cash_rules)
        costs = (out[f.MARKET_COSTS, row], out[f.INTERNAL_COSTS, row], total,
                 senior * service[0, c], trs_fee)  # fmt: skip
        monthly = inputs[x.SENIOR_COUPON_PCT, row] / 1200.0
        cashflow.set_terms(inputs, row, c, c, s, monthly, mezz_terms, costs, rules, cash_rules)
        cashflow.set_turbo_on_downgrade(inputs, row, c, s, out, rules, cash_rules)
        cashflow.open_accounts(
            c, s, senior, out[f.MEZZ_NOTIONAL, row], out[f.DSRA_FUNDING, row], 0.0,
            out[f.RENT_FREE_RESERVE, row],
        )  # fmt: skip
        outlay[c] = out[f.EQUITY_CHEQUE, row]


@numba.njit(**_JIT)
def close_block(
    inputs, rows, out, net, curve_of_row, flows, tax, owed, rules, cash_rules, delay
):  # fmt: skip
    """Take the sold strip out of a block's flows and put the exit in."""
    for c in range(B):
        row = rows[c]
        closing.sell_strip(inputs, row, c, out, flows, tax, c, cash_rules)
        lease = int(12.0 * inputs[x.LEASE_YEARS, row] + 0.5)
        value = closing.exit_value(inputs, row, net, curve_of_row[row], owed[c], rules)
        flows[lease - 1, c] += value
        delay[c] = inputs[x.CONSTRUCTION_MONTHS, row]


@numba.njit(**_JIT)
def base_case(inputs, out, curve_of_row, cash, gross, net, rules, cash_rules, rate_of_row):
    """Base case with its return of every row, from sized figures: schedules, waterfall, IRR.

    Fills rate_of_row (rows,) [a month]; NaN where there is none.
    """
    rows, months = inputs.shape[1], net.shape[0]
    arrays = np.zeros((12, months, B))
    block_net, service, balance, share = arrays[0], arrays[1], arrays[2], arrays[3]
    mezz_service, mezz_balance, mezz_interest = arrays[4], arrays[5], arrays[6]
    mezz_share, swap, flows, tax = arrays[7], arrays[8], arrays[9], arrays[10]
    mezz_terms = np.zeros((mezzanine.N_TERMS, B))
    history = np.zeros((2, months + 1, B))
    s = np.zeros(w.N_SLOTS * B)
    block = np.zeros((5, B))
    outlay, owed, delay, rate, status = block[0], block[1], block[2], block[3], block[4]
    column_rows = np.zeros(B, np.int64)
    for first in range(0, rows, B):
        width = min(B, rows - first)
        for c in range(B):
            column_rows[c] = first + min(c, width - 1)
        fill_block(
            inputs, column_rows, out, curve_of_row, net, rules, cash_rules, block_net, service,
            balance, share, mezz_service, mezz_balance, mezz_interest, mezz_share, mezz_terms, s,
            outlay,
        )  # fmt: skip
        cashflow.run(
            s, curve_of_row, column_rows, cash, gross, net, share, mezz_share, swap, cash_rules,
            history, flows, tax, owed, True,
        )  # fmt: skip
        close_block(
            inputs, column_rows, out, net, curve_of_row, flows, tax, owed, rules, cash_rules, delay
        )
        factor = np.ones(B)
        irr.irr_of_outlay(flows, width, months, delay, outlay, factor, rate, status)
        rate_of_row[first : first + width] = rate[:width]


def rates(base: Base) -> np.ndarray:
    """Monthly returns (rows,) of every row's base case."""
    found = np.empty(base.inputs.shape[1])
    base_case(
        base.inputs, base.out, base.curve_of_row, base.cash, base.gross, base.net, base.rules,
        base.cash_rules, found,
    )  # fmt: skip
    return found


@dataclass(frozen=True)
class Block:
    """Buffers of one block, ready to run: opening s, income (months,), schedules (months, B)."""

    opening: np.ndarray
    cash: np.ndarray
    gross: np.ndarray
    net: np.ndarray
    share: np.ndarray
    mezz_share: np.ndarray
    swap: np.ndarray
    history: np.ndarray
    flows: np.ndarray
    outlay: np.ndarray
    delay: np.ndarray
    rules: np.ndarray
    window: int
    interval: int
    first_test: float


def block_of(base: Base) -> Block:
    """The first BLOCK rows of `base` as buffers."""
    months = len(base.net)
    arrays = np.zeros((11, months, B))
    mezz_terms = np.zeros((mezzanine.N_TERMS, B))
    s, outlay = np.zeros(w.N_SLOTS * B), np.zeros(B)
    rows = np.arange(B) % base.inputs.shape[1]
    fill_block(
        base.inputs, rows, base.out, base.curve_of_row, base.net, base.rules, base.cash_rules,
        *arrays[:4], *arrays[4:7], arrays[7], mezz_terms, s, outlay,
    )  # fmt: skip
    limits = base.cash_rules
    return Block(
        s, base.cash[:, 0].copy(), base.gross[:, 0].copy(), base.net[:, 0].copy(), arrays[3],
        arrays[7], arrays[8], np.zeros((2, months + 1, B)), arrays[9], outlay,
        base.inputs[x.CONSTRUCTION_MONTHS, rows].copy(), limits,
        int(limits[r.COVENANT_WINDOW_MONTHS]), int(limits[r.COVENANT_TEST_INTERVAL_MONTHS]),
        float(limits[r.COVENANT_FIRST_TEST_MONTH]),
    )  # fmt: skip


@numba.njit(**_JIT)
def _life(opening, cash, gross, net, share, mezz_share, swap, limits, history, flows, tax, owed,
          outlay, delay, times):  # fmt: skip
    rows = np.zeros(B, np.int64)
    curve = np.zeros(1, np.int64)
    s = np.zeros(w.N_SLOTS * B)
    rate, status, factor = np.zeros(B), np.zeros(B), np.zeros(B)
    for _ in range(times):
        s[:] = opening
        cashflow.run(
            s, curve, rows, cash, gross, net, share, mezz_share, swap, limits, history, flows, tax,
            owed, True,
        )  # fmt: skip
        factor[:] = 1.0
        irr.irr_of_outlay(flows, B, len(flows), delay, outlay, factor, rate, status)
    return rate


def life(block: Block, times: int) -> np.ndarray:
    """Months and return of a block, `times` over; fills block.flows, gives the monthly rates."""
    return _life(
        block.opening, block.cash[:, None], block.gross[:, None], block.net[:, None], block.share,
        block.mezz_share, block.swap, block.rules, block.history, block.flows,
        np.empty_like(block.flows), np.empty(B), block.outlay, block.delay, times,
    )  # fmt: skip


N_WATERFALLS = scenarios.N_SCENARIOS
