"""Settings that contradict each other, though each is right by itself.

Where a lever moves one of two settings, the combination is left to the engine, which marks the
rows that cannot be built; only what no lever touches is an input error.
"""

from __future__ import annotations

from pipeline.inputs import catalogue
from pipeline.inputs.catalogue import Value
from pipeline.inputs.errors import Collector
from pipeline.inputs.request import Request
from pipeline.inputs.swaps import BY_TERM, ROUTING, TERM, routed

_WARN_ABOVE = 1_000_000
_ROWS_PER_SECOND_ASSUMED = 50_000
MAX_SPACE = 10**15


def check_consistency(request: Request, collector: Collector, prefix: str) -> None:
    """Records contradictions of the base case, of currencies, and of the space's size."""
    _check_structure(request, collector, prefix)
    _check_currencies(request, collector, prefix)
    _check_swaps(request, collector, prefix)
    _check_space(request, collector)


def _check_structure(request: Request, collector: Collector, prefix: str) -> None:
    moved = {name for lever in request.levers for name in lever.names}

    def fixed(*numbers: int) -> bool:
        return all(catalogue.BY_NUMBER[n].name not in moved for n in numbers)

    def figure(number: int) -> float:
        value = value_of(request, number)
        assert isinstance(value, (int, float))  # noqa: S101 - asked of numbers only
        return float(value)

    def at(number: int) -> str:
        name = catalogue.BY_NUMBER[number].name
        return f"{prefix}.{name}" if prefix else name

    if fixed(63, 64) and figure(63) > figure(64):
        message = f"the floor {figure(63):g} is above CPI_CapPct_64 {figure(64):g}"
        collector.error(at(63), message, bare=True)
    tenor = 12 * figure(39)
    if fixed(39, 41) and figure(41) >= tenor:
        message = f"{figure(41):g} months of grace leave no time to repay: the tenor is {tenor:g}"
        collector.error(at(41), message, bare=True)
    window = request.rulebook.model.pik_window_months
    mezz_on = request.switches["mezz"] and "mezz" not in moved
    pik = value_of(request, 48) == "PIKWindow"
    if mezz_on and fixed(47, 48) and pik and window >= 12 * figure(47):
        message = f"interest capitalises {window} months, the whole tenor of the mezzanine"
        collector.error(at(47), message, bare=True)


def value_of(request: Request, number: int) -> Value:
    """Value in the base case of the variable with a catalogue number."""
    return request.base[catalogue.BY_NUMBER[number].name]


def _check_currencies(request: Request, collector: Collector, prefix: str) -> None:
    name = catalogue.BY_NUMBER[1].name
    at = f"{prefix}.{name}" if prefix else name
    currencies = {str(request.base[name])}
    for lever in request.levers:
        if lever.name == name:
            at = f"levers.{name}"
            currencies = {str(option[name]) for option in lever.options}
    other = sorted(currencies - {request.market.currency})
    if other:
        message = f"{', '.join(other)}: the market file is in {request.market.currency}"
        collector.error(at, message, bare=True)
    local, market = request.local_currency, request.market
    if local == request.market.currency or other:
        return
    fx = catalogue.BY_NUMBER[35].name
    by_market = request.market_applies and market.fx.local_currency == local
    moved = any(lever.name == fx for lever in request.levers)
    if not by_market and not moved and fx not in request.given:
        message = (
            f"is needed: {local} is converted to {market.currency}, and the market file has "
            f"no rate for it (fx.local_currency: {local}, fx.spot)"
        )
        collector.error(f"{prefix}.{fx}" if prefix else fx, message, bare=True)
    if by_market and market.fx.date and market.fx.stale_after_days:
        age = (market.date - market.fx.date).days
        if age > market.fx.stale_after_days:
            collector.warning("market", f"the exchange rate is {age} days older than the market")


def _check_swaps(request: Request, collector: Collector, prefix: str) -> None:
    """Warns of a term that no swap has, and of swaps that no routed counterparty takes."""
    levers = {lever.name for lever in request.levers}
    if TERM in levers and not request.zcis:
        message = "moves nothing: it is the term of the single swap, zcis: true in the base"
        collector.warning(f"levers.{TERM}", message)
    if not request.base[ROUTING]:
        return
    moved = request.zcis and TERM in levers
    for term, name in BY_TERM:
        used = request.switches[name] or name in levers or moved
        if used and not routed(request, int(term)):
            at = f"{prefix}.{ROUTING}" if prefix else ROUTING
            collector.warning(
                at, f"nobody takes the {term}-year swap: it stays with the hedge counterparty"
            )


def _check_space(request: Request, collector: Collector) -> None:
    size = request.space_size
    if size > MAX_SPACE:
        message = f"the lever space has {size:.3g} permutations; ids end at 10^15"
        collector.error("levers", message, bare=True)
        return
    rows = min(size, request.run.max_permutations)
    if request.run.max_permutations > _WARN_ABOVE:
        minutes = rows / _ROWS_PER_SECOND_ASSUMED / 60
        collector.warning(
            "run.max_permutations",
            f"is above {_WARN_ABOVE:,}: {rows:,} permutations take about {minutes:,.0f} minutes at "
            f"{_ROWS_PER_SECOND_ASSUMED:,} a second",
        )
