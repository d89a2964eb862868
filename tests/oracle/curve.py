"""Discounting on the market's zero curve, and options in the normal (Bachelier) model."""

import math
from typing import Any

from .gates import zero_rate_pct


def zero_pct(values: dict[str, Any], market: dict[str, Any], years: float) -> float:
    """Zero rate in percent, annual compounding, with the request's shift."""
    return zero_rate_pct(market, years) + values["BaseCurveShift_bps_28"] / 100


def discount(values: dict[str, Any], market: dict[str, Any], years: float) -> float:
    """Worth at close of one paid `years` after close."""
    return math.pow(1 + zero_pct(values, market, years) / 100, -years)


def density(x: float) -> float:
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def below(x: float) -> float:
    """Probability of less than x under the standard normal law."""
    return (1 + math.erf(x / math.sqrt(2))) / 2


def right_to_receive(strike: float, forward: float, sigma: float, years: float) -> float:
    """Undiscounted worth of max(0, strike - rate), the rate normal around `forward`."""
    spread = sigma * math.sqrt(years)
    if spread == 0:
        return max(0.0, strike - forward)
    d = (strike - forward) / spread
    return (strike - forward) * below(d) + spread * density(d)


def right_to_pay(strike: float, forward: float, sigma: float, years: float) -> float:
    """Undiscounted worth of max(0, rate - strike)."""
    return right_to_receive(-strike, -forward, sigma, years)
