"""The base case: which value each of the variables has, and where it comes from.

Precedence: request, then the market file (_29 to _36 and _93), then the rulebook (_110), then the
catalogue's default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from pipeline.inputs import catalogue
from pipeline.inputs.catalogue import Value
from pipeline.inputs.errors import Collector
from pipeline.inputs.market import MarketFile
from pipeline.inputs.values import OPEX_ABSOLUTE_HIGH, check

OVERLAYS: tuple[str, ...] = ("zcis_5y", "zcis_10y", "trs", "floor", "strip")
SWITCHES: tuple[str, ...] = ("mezz", *OVERLAYS)
SINGLE_ZCIS = "zcis"  # on by the term of ZCiS_TermY_92
MEZZ_FIELDS: tuple[str, ...] = tuple(catalogue.BY_NUMBER[n].name for n in range(45, 52))
Bounds = Mapping[int, tuple[float, float]]


@dataclass(frozen=True)
class Settings:
    """What a block of settings says: catalogue values and switches, both checked.

    `zcis` is the single inflation swap whose term is ZCiS_TermY_92; None where it is left out.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    switches: Mapping[str, bool] = field(default_factory=dict)
    zcis: bool | None = None


def bounds_of(modes: set[object], market: MarketFile | None) -> Bounds:
    """Ranges that other settings move: OPEX_08 by its modes, FXSpot_35 by the market file."""
    bounds: dict[int, tuple[float, float]] = {}
    if modes and modes <= {"Absolute", "Absolute£"}:
        bounds[8] = (0.0, OPEX_ABSOLUTE_HIGH)
    if market is not None:
        bounds[35] = market.fx.bounds
    return bounds


def check_settings(
    raw: Mapping[str, Any], collector: Collector, prefix: str, bounds: Bounds
) -> Settings:
    """Checks `name: value` pairs; every problem is recorded under `prefix`."""
    values: dict[str, Value] = {}
    switches: dict[str, bool] = {}
    seen: dict[str, str] = {}
    for name, given in raw.items():
        path = f"{prefix}.{name}" if prefix else name
        if name in SWITCHES or name == SINGLE_ZCIS:
            _check_switch(name, given, collector, path, values, switches, seen)
            continue
        variable = catalogue.find(name)
        if variable is None:
            hint = catalogue.suggest(name, (*SWITCHES, SINGLE_ZCIS))
            collector.error(path, f"is not a variable of the catalogue{hint}", bare=True)
            continue
        if variable.computed:
            collector.error(path, f"is computed ({variable.description}) and cannot be set", given)
            continue
        if _seen_before(variable.name, name, seen, collector, path):
            continue
        value = check(variable, given, collector, path, bounds=bounds.get(variable.number))
        if value is not None:
            values[variable.name] = value
    single = switches.pop(SINGLE_ZCIS, None)
    if single is not None and ("zcis_5y" in switches or "zcis_10y" in switches):
        path = f"{prefix}.{SINGLE_ZCIS}" if prefix else SINGLE_ZCIS
        collector.error(path, "cannot be given beside zcis_5y or zcis_10y", bare=True)
    return Settings(values, switches, single)


def _seen_before(
    canonical: str, name: str, seen: dict[str, str], collector: Collector, path: str
) -> bool:
    if canonical in seen:
        collector.error(path, f"is given twice, as {seen[canonical]} and as {name}", bare=True)
        return True
    seen[canonical] = name
    return False


def _check_switch(
    name: str,
    given: Any,
    collector: Collector,
    path: str,
    values: dict[str, Value],
    switches: dict[str, bool],
    seen: dict[str, str],
) -> None:
    if name == "mezz" and isinstance(given, Mapping):
        option = check_mezz(given, collector, path)
        values |= {
            canonical: value
            for canonical, value in option.items()
            if not _seen_before(canonical, f"mezz.{canonical}", seen, collector, path)
        }
        switches[name] = True
    elif isinstance(given, bool):
        switches[name] = given
    else:
        allowed = "true, false" + (", or its settings" if name == "mezz" else "")
        collector.error(path, "has to be true or false", given, allowed=allowed)


def check_mezz(given: Mapping[str, Any], collector: Collector, path: str) -> dict[str, Value]:
    """Settings of the mezzanine, catalogue numbers 45 to 51."""
    option: dict[str, Value] = {}
    for name, raw in given.items():
        inside = f"{path}.{name}"
        variable = catalogue.find(name)
        if variable is None or variable.name not in MEZZ_FIELDS:
            hint = catalogue.suggest(name) if variable is None else ""
            message = f"is not a setting of the mezzanine{hint}"
            collector.error(inside, message, bare=True, allowed=", ".join(MEZZ_FIELDS))
            continue
        value = check(variable, raw, collector, inside)
        if value is not None:
            option[variable.name] = value
    return option


def market_values(market: MarketFile, term_years: str) -> dict[str, Value]:
    """What the market file says of catalogue variables; `term_years` is ZCiS_TermY_92."""
    spreads, inflation, fx = market.credit_spreads_bps, market.inflation, market.fx
    breakeven = inflation.breakeven_pct
    by_number: dict[int, Value] = {
        29: spreads.AAA,
        30: spreads.AA,
        31: spreads.A,
        32: spreads.BBB,
        33: inflation.spot_pct,
        35: fx.spot,
        36: fx.hedge_cost_bps,
        93: breakeven.five if term_years == "5" else breakeven.ten,
    }
    if inflation.forward_term is not None:
        by_number[34] = inflation.forward_term
    return {catalogue.BY_NUMBER[number].name: value for number, value in by_number.items()}


def zcis_implied_pct(
    base: Mapping[str, Value], given: frozenset[str], market: MarketFile | None, term_years: str
) -> float:
    """Breakeven of a `term_years` swap: the request's, else the market's, else the catalogue's."""
    name = catalogue.BY_NUMBER[93].name
    if name in given or market is None:
        return float(cast("float", base[name]))
    return float(cast("float", market_values(market, term_years)[name]))


def resolved(
    given: Mapping[str, Value],
    market: MarketFile | None,
    weights: Mapping[str, float],
) -> dict[str, Value]:
    """Every variable that can be set, at its value, in catalogue order.

    `market` is None where the catalogue's own market figures are asked for.
    """
    term = str(given.get("ZCiS_TermY_92", catalogue.BY_NUMBER[92].default))
    from_market = market_values(market, term) if market else {}
    values: dict[str, Value] = {}
    for variable in catalogue.settable():
        name, default = variable.name, variable.default
        assert default is not None  # noqa: S101 - only computed variables have no default
        if variable.number == 110:
            default = weights
        values[name] = given.get(name, from_market.get(name, default))
    return values


COVENANTS: tuple[str, ...] = ("max_ltv_pct", "min_icr")


def without_covenants(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(settings, covenants) of a flat mapping that holds both, as scenarios and payloads do."""
    settings = {name: value for name, value in raw.items() if name not in COVENANTS}
    return settings, {name: raw[name] for name in COVENANTS if name in raw}
