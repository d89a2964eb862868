"""The base waterfall with its return in NumPy: months in Python, every row at once.

The month is the kernel's own (benchmarks.translate), one NumPy operation after the other: what a
careful vectorised program does without a compiler.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks import translate
from benchmarks.blocks import Block
from kernels import waterfall as w

_NEWTON_STEPS = 60
_TOLERANCE = 1e-9
_month = translate.as_numpy()


@dataclass(frozen=True)
class Rows:
    """A block's opening slots (N_SLOTS, rows) and schedules (months, rows), tiled."""

    block: Block
    opening: np.ndarray
    share: np.ndarray
    mezz_share: np.ndarray
    swap: np.ndarray
    outlay: np.ndarray
    delay: np.ndarray


def tiled(block: Block, times: int) -> Rows:
    """`block` `times` over, side by side: NumPy needs many rows to be quick."""
    opening = block.opening.reshape(w.N_SLOTS, w.BLOCK)
    wide = (opening, block.share, block.mezz_share, block.swap)
    return Rows(
        block,
        *(np.tile(array, (1, times)) for array in wide),
        np.tile(block.outlay, times),
        np.tile(block.delay, times),
    )


def run(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Equity's flows (months, rows) [money] and the monthly return (rows,)."""
    block = rows.block
    s = list(rows.opening)  # of arrays: a slot is replaced, never written into
    months, count = len(block.net), len(rows.outlay)
    income, service = np.zeros((2, months + 1, count))
    flows = np.empty((months, count))
    with np.errstate(divide="ignore", invalid="ignore"):
        for m in range(months):
            before = max(0, m + 1 - block.window)
            s[w.CASH_IN] = block.cash[m]
            s[w.COSTS] = block.gross[m] - block.net[m]
            s[w.NET] = block.net[m]
            s[w.GROSS] = block.gross[m]
            s[w.SENIOR_SHARE] = rows.share[m]
            s[w.MEZZ_SHARE] = rows.mezz_share[m]
            s[w.SWAP] = rows.swap[m]
            s[w.INCOME_BEFORE] = income[before]
            s[w.SERVICE_BEFORE] = service[before]
            year_end = float((m + 1) % 12 == 0)
            test = float((m + 1) % block.interval == 0)
            _month(s, m + 1.0, year_end, test, block.first_test)
            income[m + 1] = s[w.COVENANT_INCOME]
            service[m + 1] = s[w.COVENANT_SERVICE]
            flows[m] = s[w.EQUITY]
        return flows, _return(flows, rows.outlay, rows.delay)


def _return(flows: np.ndarray, outlay: np.ndarray, delay: np.ndarray) -> np.ndarray:
    """Monthly return by Newton on ln PV against ln v, where no flow is negative."""
    factor = np.ones_like(outlay)
    lead = delay + 1.0
    for _ in range(_NEWTON_STEPS):
        value, slope = np.zeros((2, len(outlay)))
        for month in flows[::-1]:
            slope = slope * factor + value
            value = value * factor + month
        gap = np.log(outlay / value) - lead * np.log(factor)
        step = np.clip(gap / (lead + factor * slope / value), -2.0, 2.0)
        factor *= np.exp(step)
        if np.all(np.abs(step) <= _TOLERANCE):
            break
    found = 1.0 / factor - 1.0
    found[(flows.min(axis=0) < 0.0) | (outlay <= 0.0)] = np.nan
    return found
