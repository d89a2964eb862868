"""Internal rate of return by trial, and what equity makes of its money."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

LEAST_RATE, MOST_RATE = -0.75, 10.0  # searched where flows change sign more than once
GRID = 20_001
FLOOR_RATE, CEILING_RATE = -0.999999, 1e9  # searched where they change sign once
LEAST_TOLD = -3 / 4  # a loss of more a period has no rate worth telling


def worth(flows: Sequence[float], rate: float) -> float:
    """Value of flows 0, 1, 2 … at the time of flow 0."""
    value = 0.0
    for flow in reversed(flows):
        value = value / (1 + rate) + flow
    return value


def sign_changes(flows: Sequence[float]) -> int:
    signs = [flow > 0 for flow in flows if flow != 0]
    return sum(one != other for one, other in pairwise(signs))


def halved(flows: Sequence[float], low: float, high: float) -> float:
    """The rate between two at which the worth has opposite signs.

    The middle is taken on the logarithm of the growth factor, so that a range of many powers of
    ten closes as fast as a narrow one.
    """
    rising = worth(flows, low) < 0
    for _ in range(300):
        middle = ((1 + low) * (1 + high)) ** 0.5 - 1
        if not low < middle < high:
            break
        if (worth(flows, middle) < 0) == rising:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def irr(flows: Sequence[float]) -> tuple[float | None, str]:
    """Rate per period and its status: converged, none or several."""
    # Flows before the first that is not nought only shift time.
    start = next((m for m, flow in enumerate(flows) if flow != 0), len(flows))
    flows = flows[start:]
    changes = sign_changes(flows)
    if changes == 0:
        return None, "none"
    if changes == 1:
        ends = (FLOOR_RATE, CEILING_RATE)
        # At the lowest rate the last flows are beyond float64: begin where they are not.
        while not np.isfinite(at_low := worth(flows, ends[0])):
            ends = ((1 + ends[0]) ** 0.95 - 1, ends[1])
        if (at_low > 0) == (worth(flows, ends[1]) > 0):
            return None, "none"
        rate = halved(flows, *ends)
        return (rate, "converged") if rate > LEAST_TOLD else (None, "none")
    growth = np.geomspace(1 + LEAST_RATE, 1 + MOST_RATE, GRID)
    with np.errstate(over="ignore", invalid="ignore"):
        # Worth at the first flow where growth is over 1, at the last elsewhere: neither overflows.
        early, late = np.zeros(GRID), np.zeros(GRID)
        for flow in reversed(flows):
            early = early / growth + flow
        for flow in flows:
            late = late * growth + flow
        value = np.where(growth >= 1, early, late)
    crossed = [n for n in range(1, GRID) if (value[n] > 0) != (value[n - 1] > 0)]
    if not crossed:
        return None, "none"
    if len(crossed) > 1:
        return None, "several"
    (place,) = crossed
    low, high = (float(growth[n]) - 1 for n in (place - 1, place))
    return halved(flows, low, high), "converged"


def yearly_pct(monthly: float | None) -> float | None:
    return None if monthly is None else 100 * ((1 + monthly) ** 12 - 1)


def equity_flows(
    cheque: float, paid_out: Sequence[float], built: int, lease: int, exit_value: float
) -> list[float]:
    """By month from close. `paid_out` by operating month (index 0 unused), negative where equity
    puts money in; `built` is the months from close to COD.
    """
    flows = [0.0] * (built + len(paid_out))
    flows[0] = -cheque
    for m, paid in enumerate(paid_out[1:], 1):
        flows[built + m] += paid
    flows[built + lease] += exit_value
    return flows


def equity_return(
    cheque: float,
    paid_out: Sequence[float],
    built: int,
    lease: int,
    exit_value: float,
    put_in: float = 0.0,
) -> dict[str, object]:
    """Yearly IRR in percent with its status, and the multiple, of `equity_flows`.

    `put_in` is what equity adds to its cheque in operation, already taken off `paid_out`.
    """
    if cheque <= 0:
        return {"equity_irr": None, "irr_status": "NO_EQUITY", "equity_multiple": None}
    rate, status = irr(equity_flows(cheque, paid_out, built, lease, exit_value))
    received = sum(paid for paid in paid_out[1:] if paid > 0) + exit_value
    return {
        "equity_irr": yearly_pct(rate),
        "irr_status": status,
        "equity_multiple": received / (cheque + put_in),
    }
