"""The same work by other programs, each in the same minute and on one core.

What each does and does not do stands in the row's note. Whether their figures are ours is told in
docs/peers.md; here it is speed alone. Libraries that are called for one case at a time are held
beside our own function called so from Python, and the note has what its compiled loop does.
"""

import json
import timeit
from collections.abc import Callable, Iterator
from datetime import date
from importlib.metadata import version
from typing import Any

import numba
import numpy as np

from benchmarks import blocks, numpy_waterfall, sam
from benchmarks.machine import ROOT, Row
from kernels import irr
from kernels import waterfall as w
from kernels.normal import normal_option

BEST_OF = 3
ROWS = 1_200
_LOOPED = 2_000
_JIT = {"error_model": "numpy", "cache": True}
_MISSING = "not installed: make peers"


def measure(base: blocks.Base, block: blocks.Block) -> Iterator[Row]:
    """Every row of the group, those of programs that are not installed without a figure."""
    rows = base.inputs.shape[1]
    kernel = rows * _a_second(lambda: blocks.rates(base))
    yield _numpy(kernel, block)
    for program, work, note in (("NREL-PySAM", _sam, _SAM), ("waterfall-py", _waterfall_py, _DEAL)):
        what = f"base case with return, large, beside {program}"
        try:
            theirs = work(len(block.net))
        except ImportError:
            yield Row(what, kernel, "rows/s", note=_MISSING)
            continue
        limit = _a_second(theirs)
        yield Row(what, kernel, "rows/s", limit, note, f"{program} {version(program)}")
    blocks.life(block, 1)
    flows = np.concatenate([[-block.outlay[0]], block.flows[:, 0]])
    yield from _returns(flows)
    yield _floorlet()


_SAM = (
    "theirs: one project by year, 25 years, sculpts, IRR and its own taxes and dispatch hours; "
    "no months, mezzanine, triggers, traps or late cash"
)
_DEAL = (
    "theirs: one deal by month in Python, level senior, bullet mezzanine, reserve, one covenant, "
    "every period checked and logged; debt is given, no sizing, sculpting, tax, swaps or return"
)


def _numpy(kernel: float, block: blocks.Block) -> Row:
    tiled = numpy_waterfall.tiled(block, ROWS // w.BLOCK)
    flows, found = numpy_waterfall.run(tiled)
    ours = blocks.life(block, 1)
    np.testing.assert_array_equal(flows[:, : w.BLOCK], block.flows)
    np.testing.assert_allclose(found[: w.BLOCK], ours, rtol=1e-9)
    limit = flows.shape[1] * _a_second(lambda: numpy_waterfall.run(tiled))
    return Row(
        "base case with return, large, beside NumPy", kernel, "rows/s", limit,
        "theirs: months and return from ready schedules, to the same bits; no schedules or terms",
        f"NumPy {np.__version__}",
    )  # fmt: skip


def _sam(_: int) -> Callable[[], object]:
    file = ROOT / "tests" / "oracle" / "reference" / "pysam_sculpted.json"
    model = sam.model(json.loads(file.read_text(encoding="utf-8"))["cases"][0]["inputs"])
    return lambda: model.execute(0)


def _waterfall_py(months: int) -> Callable[[], object]:
    import waterfall  # noqa: PLC0415  -- there with the peers extra only

    term = months - 60
    common: dict[str, Any] = {"day_count": "30/360", "term_periods": term}
    deal = waterfall.Deal(
        deal_close_date=date(2026, 1, 1),
        operations_start_date=date(2026, 1, 1),
        period_frequency="M",
        deal_type="PF",
        tranches=[
            waterfall.Tranche(name="senior", tranche_type="senior", principal=10_000_000.0,
                              coupon=0.06, amort_type="fully_amortizing", **common),
            waterfall.Tranche(name="mezzanine", tranche_type="mezzanine", principal=2_000_000.0,
                              coupon=0.10, amort_type="bullet", **common),
            waterfall.Tranche(name="equity", tranche_type="equity", principal=3_000_000.0),
        ],
        cfads_stream=[120_000.0] * months,
        data_currency="USD",
        reporting_basis="calendar",
        reserves=[waterfall.ReserveConfig(reserve_type="DSRA", months_dsra=6,
                                          opening_balance=430_000.0)],
        covenants=[waterfall.CovenantConfig(metric="DSCR", trap=1.10, default=1.00)],
    )  # fmt: skip
    return lambda: waterfall.run(deal)


@numba.njit(**_JIT)
def _rates(flows, times):
    total = 0.0
    for _ in range(times):
        total += irr.irr(flows, 0, len(flows) - 1, 1.0)[0]
    return total


@numba.njit(**_JIT)
def _prices(gap, spread, times):
    total = 0.0
    for n in range(times):
        total += normal_option(gap + 1e-9 * n, spread)
    return total


def _returns(flows: np.ndarray) -> Iterator[Row]:
    column = np.ascontiguousarray(flows[:, None])
    rate = irr.irr(column, 0, len(flows) - 1, 1.0)[0]
    ours = _a_second(lambda: irr.irr(column, 0, len(flows) - 1, 1.0))
    looped = _LOOPED * _a_second(lambda: _rates(column, _LOOPED))
    note = f"{len(flows)} flows, one call a rate from Python; our compiled loop {looped:,.0f}"
    for program, module in (("pyxirr", "pyxirr"), ("numpy-financial", "numpy_financial")):
        what = f"return of monthly flows, beside {program}"
        try:
            solve = __import__(module).irr
        except ImportError:
            yield Row(what, ours, "rates/s", note=_MISSING)
            continue
        np.testing.assert_allclose(solve(flows), rate, rtol=1e-6)
        limit = _a_second(lambda solve=solve: solve(flows))
        yield Row(what, ours, "rates/s", limit, note, f"{program} {version(program)}")


def _floorlet() -> Row:
    what = "Bachelier floorlet, beside QuantLib"
    strike, forward, spread = 0.035, 0.032, 0.008
    ours = _a_second(lambda: normal_option(strike - forward, spread))
    try:
        import QuantLib as ql  # noqa: N813, PLC0415  -- there with the peers extra only
    except ImportError:
        return Row(what, ours, "prices/s", note=_MISSING)
    side = ql.Option.Put
    np.testing.assert_allclose(
        ql.bachelierBlackFormula(side, strike, forward, spread),
        normal_option(strike - forward, spread),
        rtol=1e-9,
    )
    limit = _a_second(lambda: ql.bachelierBlackFormula(side, strike, forward, spread))
    many = 100 * _LOOPED
    looped = many * _a_second(lambda: _prices(strike - forward, spread, many))
    return Row(
        what, ours, "prices/s", limit,
        f"one call a price from Python, its bridge included; our compiled loop {looped:,.0f}",
        f"QuantLib {version('QuantLib')}",
    )  # fmt: skip


def _a_second(work: Callable[[], object]) -> float:
    """Calls a second, the best of three of at least 0.2 s: each is measured for as long."""
    work()
    timer = timeit.Timer(work)
    number, seconds = timer.autorange()
    return number / min(seconds, *timer.repeat(BEST_OF - 1, number))
