"""Internal rate of return of many cash-flow columns at once.

    sum over m of flow[m] v^m = 0,   v = 1 / (1 + r)

One outflow (or several in a row) followed by flows of the other sign has one root: Newton on
ln PV against ln v, which is convex and nearly straight, so that a handful of steps reach the last
bits. Anything else is searched for sign changes of PV over RATE_GRID and solved by bisection when
there is exactly one; the status says when there is none, or several. Source: the model's section 5.

Flow 0 falls at close, flow m at the end of period m; r is per period.
"""

import math

import numba
import numpy as np

from kernels.numerics import exponential, natural_log

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}

CONVERGED, NONE, SEVERAL = range(3)

_NEWTON_STEPS = 60
_BISECTION_STEPS = 200
_STEP_TOLERANCE = 1e-15

# Discount factors searched for sign changes: v from 1/11 (r = 1000 %) to 20 (r = -95 %), spaced
# evenly in 1/v^(1/4) - fine near r = 0, where periods are months and roots lie close together.
_GRID_POINTS = 2000
_GRID_LOW = 1.0 / 11.0
_GRID_HIGH = 20.0


@numba.njit(**_JIT)
def present_value(flows, column, last, v):
    """Sum of flow[m] v^m over m = 0 … last of one column."""
    total = 0.0
    for m in range(last, -1, -1):
        total = total * v + flows[m, column]
    return total


@numba.njit(**_JIT)
def _sign_changes(flows, column, last):
    """Number of sign changes between successive non-zero flows."""
    changes = 0
    sign = 0.0
    for m in range(last + 1):
        flow = flows[m, column]
        if flow != 0.0:
            here = 1.0 if flow > 0.0 else -1.0
            if sign != 0.0 and here != sign:
                changes += 1
            sign = here
    return changes


@numba.njit(**_JIT)
def _solve_monotone(flows, column, last, v):
    """Discount factor of a column with one sign change, by Newton on ln PV from `v` > 0.

    Outflows and inflows are discounted apart; with one sign change ln(in) - ln(out) grows with
    ln v by the difference of their mean times, which is positive.
    """
    for _ in range(_NEWTON_STEPS):
        inflow = 0.0
        outflow = 0.0
        inflow_time = 0.0
        outflow_time = 0.0
        for m in range(last, -1, -1):
            inflow_time = inflow_time * v + inflow
            outflow_time = outflow_time * v + outflow
            flow = flows[m, column]
            inflow = inflow * v + max(flow, 0.0)
            outflow = outflow * v + max(-flow, 0.0)
        duration = v * inflow_time / inflow - v * outflow_time / outflow
        step = (natural_log(outflow) - natural_log(inflow)) / duration
        step = max(-2.0, min(2.0, step))
        v *= exponential(step)
        if abs(step) <= _STEP_TOLERANCE:
            break
    return v


@numba.njit(**_JIT)
def _bisect(flows, column, last, low, high):
    """Root between `low` and `high`, at which PV has opposite signs."""
    at_low = present_value(flows, column, last, low)
    for _ in range(_BISECTION_STEPS):
        middle = 0.5 * (low + high)
        if middle <= low or middle >= high:
            break
        here = present_value(flows, column, last, middle)
        if (here > 0.0) == (at_low > 0.0):
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@numba.njit(**_JIT)
def _search(flows, column, last):
    """(discount factor, status) where flows change sign more than once."""
    roots = 0
    root_low = 0.0
    root_high = 0.0
    previous = _GRID_LOW
    value_before = present_value(flows, column, last, previous)
    start = math.sqrt(math.sqrt(1.0 / _GRID_LOW))
    end = math.sqrt(math.sqrt(1.0 / _GRID_HIGH))
    for point in range(1, _GRID_POINTS + 1):
        quarter = start + (end - start) * point / _GRID_POINTS
        v = 1.0 / (quarter * quarter * quarter * quarter)
        value = present_value(flows, column, last, v)
        if (value > 0.0) != (value_before > 0.0):
            roots += 1
            root_low = previous
            root_high = v
        previous = v
        value_before = value
    if roots == 0:
        return np.nan, NONE
    if roots > 1:
        return np.nan, SEVERAL
    return _bisect(flows, column, last, root_low, root_high), CONVERGED


@numba.njit(**_JIT)
def irr(flows, column, last, guess):
    """(rate per period, status) of flows[0 … last, column]; the rate is NaN without one root.

    flows (periods + 1, columns) [money]; `guess` > 0 is a first discount factor, 1.0 if nothing
    better is known. Never raises; a column of zeros, or of one sign, has status NONE.
    """
    changes = _sign_changes(flows, column, last)
    if changes == 0:
        return np.nan, NONE
    if changes == 1:
        v = _solve_monotone(flows, column, last, guess)
        status = CONVERGED if v > 0.0 and v < np.inf else NONE
    else:
        v, status = _search(flows, column, last)
    if status != CONVERGED:
        return np.nan, status
    return 1.0 / v - 1.0, CONVERGED
