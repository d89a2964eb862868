"""Single scenarios: the catalogue's defaults or a project's base, with settings on top."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from pipeline.inputs import catalogue
from pipeline.inputs.consistency import check_consistency
from pipeline.inputs.countries import jurisdiction_of
from pipeline.inputs.deal import Deal, Parties
from pipeline.inputs.errors import Collector
from pipeline.inputs.market import MarketFile
from pipeline.inputs.models import build
from pipeline.inputs.project import Covenants
from pipeline.inputs.request import Request, Run
from pipeline.inputs.resolve import BUILTIN, open_reference
from pipeline.inputs.rulebook import RulebookFile
from pipeline.inputs.settings import (
    SWITCHES,
    bounds_of,
    check_settings,
    resolved,
    without_covenants,
)
from pipeline.inputs.swaps import switches_of

DEFAULTS = "catalogue defaults"


def default_request() -> Request:
    """The catalogue's defaults in pounds, with rulebook v1 and no project."""
    rulebook = _rulebook()
    weights = rulebook.composite.weights.model_dump()
    default = {number: catalogue.BY_NUMBER[number].default for number in (1, 108, 109, 111)}
    currency = str(default[1])
    return Request(
        file=DEFAULTS,
        project=None,
        base=resolved({}, None, weights),
        given=frozenset(),
        switches=dict.fromkeys(SWITCHES, False),
        covenants=Covenants(),
        deal=Deal(),
        parties=Parties(),
        levers=(),
        run=Run(
            seed=1,
            max_permutations=cast("int", default[108]),
            objective=str(default[109]),
            weights=weights,
            hard_filters=cast("tuple[str, ...]", default[111]),
        ),
        market=_market(currency),
        rulebook=rulebook,
        local_currency=currency,
        jurisdiction=jurisdiction_of(None, currency),
        market_applies=False,
    )


def scenario_of(request: Request, overrides: Mapping[str, Any], collector: Collector) -> Request:
    """The base of `request` with `overrides` (catalogue names, switches, covenants) on top.

    Levers are left out. Problems are recorded in `collector`; what it returns then is not to be
    used. An override stands before the file, so that a rent given here replaces the project's.
    """
    settings_raw, covenants_raw = without_covenants(overrides)
    mode = catalogue.BY_NUMBER[17].name
    modes: set[object] = {settings_raw.get(mode, request.base[mode])}
    settings = check_settings(settings_raw, collector, "", bounds_of(modes, request.market))
    covenants = request.covenants
    if covenants_raw:
        given = {name: value for name, value in covenants_raw.items() if value is not None}
        checked = build(Covenants, given, collector)
        if checked is not None:
            changes = {name: getattr(checked, name) for name in covenants_raw}
            covenants = covenants.model_copy(update=changes)
    if collector.errors:
        return request
    values = {name: request.base[name] for name in request.given} | dict(settings.values)
    run = _run_of(request.run, settings.values)
    market, local = request.market, request.local_currency
    if request.project is None:
        local = str(values.get(catalogue.BY_NUMBER[1].name, request.currency))
        market = _market(local)
    applying = market if request.market_applies else None
    base = resolved(values, applying, run.weights)
    switches, zcis = switches_of(settings, base, request.switches, request.zcis)
    draft = replace(
        request,
        base=base,
        given=frozenset(values),
        switches=switches,
        zcis=zcis,
        covenants=covenants,
        levers=(),
        run=run,
        market=market,
        local_currency=local,
    )
    country = draft.project.country if draft.project else None
    scenario = replace(draft, jurisdiction=jurisdiction_of(country, draft.currency))
    _check_opex(scenario, collector)
    check_consistency(scenario, collector, "")
    return scenario


def _run_of(run: Run, values: Mapping[str, Any]) -> Run:
    changes = {
        field: values[catalogue.BY_NUMBER[number].name]
        for field, number in (("objective", 109), ("weights", 110), ("hard_filters", 111))
        if catalogue.BY_NUMBER[number].name in values
    }
    return replace(run, **changes) if changes else run


def _check_opex(request: Request, collector: Collector) -> None:
    """A figure that was a sum of money cannot be read in percent."""
    opex, mode = catalogue.BY_NUMBER[8], catalogue.BY_NUMBER[17]
    value = cast("float", request.base[opex.name])
    if request.base[mode.name] == mode.default and opex.high is not None and value > opex.high:
        message = f"is out of range for {mode.name} {mode.default}"
        collector.error(opex.name, message, value, allowed=f"0 to {opex.high:g}")


@lru_cache(maxsize=8)
def _market(currency: str) -> MarketFile:
    source = open_reference(f"{BUILTIN}{currency.lower()}", "markets", Path())
    collector = source.document.collector()
    market = build(MarketFile, source.document.value, collector)
    collector.stop_if_any()
    assert market is not None  # noqa: S101 - build records an error when it returns None
    return market


@lru_cache(maxsize=1)
def _rulebook() -> RulebookFile:
    source = open_reference(f"{BUILTIN}v1", "rulebooks", Path())
    collector = source.document.collector()
    rulebook = build(RulebookFile, source.document.value, collector)
    collector.stop_if_any()
    assert rulebook is not None  # noqa: S101 - as above
    return rulebook
