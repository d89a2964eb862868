"""Is a market file sound: its curve free of arbitrage, its figures in order, its dates recent.

An error is what no market can show: a discount factor that does not fall, a better rating with a
wider spread. A warning is what a person should look at: an old file, an unlikely breakeven.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise

from pipeline.inputs.errors import Collector, InputError
from pipeline.inputs.market import MarketFile, ZeroCurve
from pipeline.staleness import Age, age_of

# Further than this from current inflation, or above this volatility, is worth a second look: no
# rule of a deal, so not a matter of the rulebook.
BREAKEVEN_GAP_PCT = 3.0
UNUSUAL_VOL_BPS = 300.0
_RATINGS = ("AAA", "AA", "A", "BBB")


@dataclass(frozen=True)
class CurveNode:
    """A node of the zero curve: its discount factor, and the forward rate since the node before."""

    years: int
    zero_pct: float
    discount: float
    forward_pct: float


@dataclass(frozen=True)
class MarketFindings:
    """What a check found. `fx_age` is None where the file gives its rate no date of its own."""

    age: Age
    fx_age: Age | None
    nodes: tuple[CurveNode, ...]
    lowest_forward_pct: float
    lowest_forward_month: int
    errors: tuple[InputError, ...]
    warnings: tuple[InputError, ...]


def check_market(
    market: MarketFile, as_of: dt.date, limit_days: int, collector: Collector
) -> MarketFindings:
    """Everything to say about a market on the day `as_of`; `limit_days` is the rulebook's."""
    age = age_of(market.date, as_of, limit_days)
    fx_age = None
    if market.fx.date is not None:
        own_limit = market.fx.stale_after_days or limit_days
        fx_age = age_of(market.fx.date, as_of, own_limit)
    months = _monthly_discounts(market.zero_curve)
    lowest, month = min(
        (1200.0 * (before / after - 1.0), place)
        for place, (before, after) in enumerate(pairwise(months), 1)
    )
    _check_curve(market.zero_curve, lowest, month, collector)
    _check_spreads(market, collector)
    _check_inflation(market, collector)
    _check_dates(market, age, fx_age, collector)
    if market.volatility.normal_bps > UNUSUAL_VOL_BPS:
        collector.warning(
            "volatility.normal_bps",
            f"{market.volatility.normal_bps:g} is unusually high; the unit is basis points a year",
        )
    return MarketFindings(
        age,
        fx_age,
        tuple(_nodes(market.zero_curve)),
        lowest,
        month,
        tuple(collector.errors),
        tuple(collector.warnings),
    )


def _points(curve: ZeroCurve) -> list[tuple[int, float]]:
    return sorted((int(term), rate) for term, rate in curve.nodes.items())


def _discount(rate_pct: float, years: float) -> float:
    return float((1.0 + rate_pct / 100.0) ** -years)


def _monthly_discounts(curve: ZeroCurve) -> list[float]:
    """Factors of months 0, 1, … to the last node, as the engine's tables have them."""
    last = 12 * _points(curve)[-1][0]
    return [_discount(curve.rate_pct(m / 12.0), m / 12.0) for m in range(last + 1)]


def _nodes(curve: ZeroCurve) -> list[CurveNode]:
    found, before, start = [], 1.0, 0
    for years, rate in _points(curve):
        factor = _discount(rate, years)
        forward = 100.0 * ((before / factor) ** (1.0 / (years - start)) - 1.0)
        found.append(CurveNode(years, rate, factor, forward))
        before, start = factor, years
    return found


def _check_curve(curve: ZeroCurve, lowest: float, month: int, collector: Collector) -> None:
    falls = True
    nodes = _nodes(curve)
    for before, node in zip((None, *nodes), nodes, strict=False):
        if node.discount < (before.discount if before else 1.0):
            continue
        falls = False
        since = f"from year {before.years}" if before else "from today"
        collector.error(
            f"zero_curve.nodes.{node.years}",
            f"the discount factor does not fall {since} to year {node.years}: the forward rate "
            f"between them is {node.forward_pct:.3f} %, which is arbitrage",
            node.zero_pct,
            allowed="a higher zero rate here, or lower ones before",
        )
    if falls and lowest <= 0.0:
        collector.error(
            "zero_curve.nodes",
            f"between its nodes the curve implies a forward rate of {lowest:.3f} % in month "
            f"{month}: zero rates fall too steeply there",
            bare=True,
        )


def _check_spreads(market: MarketFile, collector: Collector) -> None:
    for better, worse in pairwise(_RATINGS):
        narrow, wide = (getattr(market.credit_spreads_bps, name) for name in (better, worse))
        if narrow > wide:
            collector.error(
                f"credit_spreads_bps.{worse}",
                f"is narrower than the {narrow:g} of {better}: a weaker rating pays more",
                wide,
                allowed=f"{narrow:g} or more",
            )


def _check_inflation(market: MarketFile, collector: Collector) -> None:
    spot = market.inflation.spot_pct
    five, ten = market.inflation.breakeven_pct.five, market.inflation.breakeven_pct.ten
    for term, rate in (("5", five), ("10", ten)):
        if abs(rate - spot) > BREAKEVEN_GAP_PCT:
            collector.warning(
                f"inflation.breakeven_pct.{term}",
                f"{rate:g} is more than {BREAKEVEN_GAP_PCT:g} points from inflation of {spot:g}",
            )
    late = 100.0 * (((1 + ten / 100) ** 10 / (1 + five / 100) ** 5) ** 0.2 - 1)
    if abs(late - spot) > BREAKEVEN_GAP_PCT:
        collector.warning(
            "inflation.breakeven_pct",
            f"years 6 to 10 imply {late:.2f}, more than {BREAKEVEN_GAP_PCT:g} points from "
            f"inflation of {spot:g}",
        )


def _check_dates(market: MarketFile, age: Age, fx_age: Age | None, collector: Collector) -> None:
    for path, told in (("date", age), ("fx.date", fx_age)):
        if told is None:
            continue
        if told.days < 0:
            collector.warning(path, f"lies {-told.days} days after {told.as_of}")
        elif told.stale:
            collector.warning(
                path,
                f"is {told.days} days before {told.as_of}: stale, the limit is "
                f"{told.limit_days} days",
            )
    if market.fx.local_currency is not None and market.fx.date is None:
        collector.warning("fx.date", "is not given: how old the exchange rate is, nobody can tell")
