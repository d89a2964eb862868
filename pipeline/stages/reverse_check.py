"""The run's own proof of its senior sizing: a sample sized again by bisection, and compared."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from kernels import codes, reverse
from kernels import figures as f
from pipeline.problem import FloatArray, ReverseCheck
from pipeline.space.levers import IntArray
from pipeline.space.partitions import rows_per_partition
from pipeline.stages.counts import Counts
from pipeline.storage.plan import Plan


class ReverseCheckError(Exception):
    """Closed form and bisection lie further apart than the rulebook lets them."""


def is_checked(plan: Plan, positions: IntArray) -> npt.NDArray[np.bool_]:
    """Which `positions` (rows,) of the run's sample are checked, (rows,) bool.

    Every n-th position of the run, and its last one. n gives the rulebook's rows a partition at
    the usual partition size, and depends neither on how this run is cut nor on workers; it has no
    factor in common with the space, so that it does not step over the same lever value each time.
    """
    usual = rows_per_partition(plan.count)
    stride = max(1, usual // plan.problem.reverse_check.rows_per_partition)
    while math.gcd(stride, plan.size) > 1:
        stride += 1
    checked: npt.NDArray[np.bool_] = (positions % stride == 0) | (positions == plan.count - 1)
    return checked


def compare(ids: IntArray, figures: FloatArray, found: FloatArray, allowed: ReverseCheck) -> Counts:
    """Rows compared and the largest differences. Raises ReverseCheckError.

    `ids` (rows,); `figures` (N_FIGURES, rows) as pruning has them; `found`
    (kernels.reverse.N_FOUND, rows), whose DSCR is that of the notionals in `figures`. Rows whose
    structure is invalid have no senior debt to compare.
    """
    sized = figures[f.STATUS] != codes.INVALID_STRUCTURE
    ids, figures, found = ids[sized], figures[:, sized], found[:, sized]
    notional, dscr = figures[f.SENIOR_NOTIONAL], figures[f.DSCR_MIN]
    notional_gaps = np.abs(notional - found[reverse.NOTIONAL])
    # Without debt there is no coverage to compare; an undefined notional fails by its own gap.
    dscr_gaps = np.where(notional == 0.0, 0.0, np.abs(dscr - found[reverse.DSCR]))
    # NaN is within nothing.
    apart = ~((notional_gaps <= allowed.notional_units) & (dscr_gaps <= allowed.dscr))
    if apart.any():
        row = int(np.argmax(apart))
        raise ReverseCheckError(
            f"{np.count_nonzero(apart)} of {len(ids)} rows fail the reverse check; the first is "
            f"permutation {ids[row]}: senior notional {notional[row]:,.2f} by the closed form, "
            f"{found[reverse.NOTIONAL, row]:,.2f} by bisection, which may be "
            f"{allowed.notional_units:,g} apart; least DSCR {dscr[row]:.6f} by the closed form, "
            f"{found[reverse.DSCR, row]:.6f} by its monthly schedule, {allowed.dscr:g} apart"
        )
    return {
        "reverse_rows": len(ids),
        "reverse_notional_gap": float(notional_gaps.max(initial=0.0)),
        "reverse_dscr_gap": float(dscr_gaps.max(initial=0.0)),
    }
