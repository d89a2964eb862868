"""Internal rate of return of many cash-flow columns at once.

    sum over m of flow[m] v^m = 0,   v = 1 / (1 + r)

One outflow (or several in a row) followed by flows of the other sign has one root: Newton on
ln PV against ln v, which is convex and nearly straight, so that a handful of steps reach the last
bits. Anything else is searched for sign changes of PV over RATE_GRID and solved by bisection when
there is exactly one; the status says when there is none, or several. Source: the model's section 5.

A flow series that loses all but a sliver every period has no root told: see HIGHEST_FACTOR.
Flow 0 falls at close, flow m at the end of period m; r is per period.
"""

import math

import numba
import numpy as np

from kernels.numerics import exponential, natural_log

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}

CONVERGED, NONE, SEVERAL, NO_EQUITY = range(4)

BLOCK = 32
_NEWTON_STEPS = 60
_BISECTION_STEPS = 200
# Newton squares the error: after a step this small what is left is under the last bit.
_STEP_TOLERANCE = 1e-9

# The least rate told is -3/4 a period: a month that loses more has lost everything within a year,
# and 4^500 is still a float64.
HIGHEST_FACTOR = 4.0
NOTHING = 1e-9  # of an outlay: what comes back is rounding

# Discount factors searched for sign changes: v from 1/11 (r = 1000 %) to the highest, spaced
# evenly in 1/v^(1/4) - fine near r = 0, where periods are months and roots lie close together.
_GRID_POINTS = 400
_GRID_LOW = 1.0 / 11.0
_GRID_HIGH = HIGHEST_FACTOR


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
        if v >= HIGHEST_FACTOR and step > 0.0:
            return np.inf
        v = min(v * exponential(step), HIGHEST_FACTOR)
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
        status = CONVERGED if v > 0.0 and v < HIGHEST_FACTOR else NONE
    else:
        v, status = _search(flows, column, last)
    if status != CONVERGED:
        return np.nan, status
    return 1.0 / v - 1.0, CONVERGED


# Slots of the flat buffer in which a block of columns is walked: one array at constant distances
# is what lets the compiler run several columns at once.
_VALUE, _SLOPE, _FACTOR, _OUTLAY, _LEAD, _RATIO, _DURATION = range(7)
_N_WALKED = 7
_AT_ONCE = 4  # months taken between loads and stores of the sums
_LEAD_BITS = 9  # the first flow falls less than 2^9 months after close
_NEAR = 1.5  # outlay over present value within this, or its inverse, is near the root


@numba.njit(**_JIT)
def _discount_block(s, flows):
    """sum flow v^m and its derivative, m counted from the first flow, of every column of `s`."""
    b = BLOCK
    for c in range(BLOCK):
        s[_VALUE * b + c] = 0.0
        s[_SLOPE * b + c] = 0.0
    m = flows.shape[0] - 1
    while m >= _AT_ONCE - 1:
        for c in range(BLOCK):
            value = s[_VALUE * b + c]
            slope = s[_SLOPE * b + c]
            factor = s[_FACTOR * b + c]
            slope = slope * factor + value
            value = value * factor + flows[m, c]
            slope = slope * factor + value
            value = value * factor + flows[m - 1, c]
            slope = slope * factor + value
            value = value * factor + flows[m - 2, c]
            slope = slope * factor + value
            value = value * factor + flows[m - 3, c]
            s[_VALUE * b + c] = value
            s[_SLOPE * b + c] = slope
        m -= _AT_ONCE
    while m >= 0:
        for c in range(BLOCK):
            value = s[_VALUE * b + c]
            factor = s[_FACTOR * b + c]
            s[_SLOPE * b + c] = s[_SLOPE * b + c] * factor + value
            s[_VALUE * b + c] = value * factor + flows[m, c]
        m -= 1


@numba.njit(**_JIT)
def _compare_with_outlay(s):
    """Outlay over present value at close, and mean time of the flows, from `_discount_block`."""
    b = BLOCK
    for c in range(BLOCK):
        factor = s[_FACTOR * b + c]
        value = s[_VALUE * b + c]
        lead = s[_LEAD * b + c]
        power = 1.0
        base = factor
        left = lead
        for _ in range(_LEAD_BITS):
            half = np.floor(0.5 * left)
            power = power * base if left > 2.0 * half else power
            base = base * base
            left = half
        s[_RATIO * b + c] = s[_OUTLAY * b + c] / (value * power)
        s[_DURATION * b + c] = lead + factor * s[_SLOPE * b + c] / value


@numba.njit(**_JIT)
def _newton_step(factor, ratio, duration):
    """(step in ln v, next v) by Newton on ln PV, whose gap to the outlay is ln `ratio`.

    Near the root ln q = 2 (q - 1) / (q + 1) and e^h = (2 + h) / (2 - h) to third order, which
    neither moves the root nor slows Newton, and saves the series of both.
    """
    if ratio > 1.0 / _NEAR and ratio < _NEAR:
        step = 2.0 * (ratio - 1.0) / ((ratio + 1.0) * duration)
        return step, factor * (2.0 + step) / (2.0 - step)
    step = max(-2.0, min(2.0, natural_log(ratio) / duration))
    return step, factor * exponential(step)


@numba.njit(**_JIT)
def irr_of_outlay(flows, width, months, delay, outlay, factor, rate, status):
    """Monthly rate and status of up to BLOCK columns: an outlay at close, then `flows`.

    flows (months, BLOCK) [money], flow m - 1 falling delay[c] + m months after close; delay, outlay
    (BLOCK,) [whole months, money]; factor (BLOCK,) holds first discount factors > 0 and is replaced
    by the roots. Fills rate, status (BLOCK,) for the first `width` columns. Columns without a
    negative flow share one Newton walk over the months, others are solved one by one; a column's
    steps depend on nothing but the column. No outlay, or nothing coming back, is NONE.
    """
    b = BLOCK
    s = np.zeros(_N_WALKED * BLOCK)
    least = np.zeros(BLOCK)
    total = np.zeros(BLOCK)
    for m in range(months):
        for c in range(BLOCK):
            total[c] += flows[m, c]
        for c in range(BLOCK):
            least[c] = min(least[c], flows[m, c])
    moving = np.zeros(BLOCK, np.bool_)
    open_columns = 0
    for c in range(BLOCK):
        s[_OUTLAY * b + c] = outlay[c]
        s[_LEAD * b + c] = delay[c] + 1.0
        s[_FACTOR * b + c] = factor[c]
    for c in range(width):
        rate[c] = np.nan
        status[c] = NONE
        returned = total[c] > NOTHING * outlay[c]
        moving[c] = least[c] == 0.0 and outlay[c] > 0.0 and returned
        open_columns += moving[c]
    for _ in range(_NEWTON_STEPS):
        if open_columns == 0:
            break
        _discount_block(s, flows)
        _compare_with_outlay(s)
        for c in range(width):
            if not moving[c]:
                continue
            v = s[_FACTOR * b + c]
            step, following = _newton_step(v, s[_RATIO * b + c], s[_DURATION * b + c])
            if v >= HIGHEST_FACTOR and step > 0.0:
                moving[c] = False
                open_columns -= 1
                continue
            v = min(following, HIGHEST_FACTOR)
            s[_FACTOR * b + c] = v
            if abs(step) <= _STEP_TOLERANCE:
                moving[c] = False
                open_columns -= 1
                factor[c] = v
                if v < HIGHEST_FACTOR:
                    rate[c] = 1.0 / v - 1.0
                    status[c] = CONVERGED
    for c in range(width):
        if least[c] < 0.0 and outlay[c] > 0.0:
            lead = int(delay[c])
            column = np.zeros((lead + months + 1, 1))
            column[0, 0] = -outlay[c]
            for m in range(months):
                column[lead + 1 + m, 0] = flows[m, c]
            rate[c], status[c] = irr(column, 0, lead + months, factor[c])
