"""The API payload of the sources: `variables`, `base_scenario`, `mode`, … as the same request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from pipeline.inputs import assembly, catalogue
from pipeline.inputs.deal import Deal, Parties
from pipeline.inputs.errors import Collector, InputErrors
from pipeline.inputs.levers import LeverSetting, canonical_place, lever_values, lever_variable
from pipeline.inputs.models import SchemaVersion, StrictModel, Text, TupleOf, build
from pipeline.inputs.project import Covenants, ProjectFacts, RunSettings
from pipeline.inputs.request import Request
from pipeline.inputs.resolve import BUILTIN, Source
from pipeline.inputs.settings import (
    SWITCHES,
    Bounds,
    Settings,
    bounds_of,
    check_settings,
    resolved,
    without_covenants,
)
from pipeline.inputs.swaps import switches_of

Mode = Literal["all", "manual", "range", "boundary"]
_RANGE_FIELDS = ("min_value", "max_value", "step_size")
_COUNTRY = {"GBP": "GB", "EUR": "EU", "USD": "US", "JPY": "JP", "AED": "AE"}
RUN_VARIABLES: tuple[str, ...] = tuple(v.name for v in catalogue.VARIABLES if v.number >= 107)


class PayloadVariable(StrictModel):
    """A lever. `priority` is kept and orders nothing: ids have one order for everybody."""

    name: Text
    type: Literal["continuous", "discrete"]
    min_value: Any = None
    max_value: Any = None
    step_size: Any = None
    values: list[Any] | None = None
    priority: Annotated[int, Field(ge=1, le=1000)] | None = None


class Payload(StrictModel):
    """The body of a run request. Names of run variables (_107 to _116) may stand beside these.

    mode: `all` and `range` run the levers as given, `boundary` only the ends of continuous ones,
    `manual` the base scenario alone.
    """

    schema_: SchemaVersion = Field(alias="schema", default=1)
    project_id: Text
    user_email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)] | None = None
    mode: Mode = "all"
    variables: TupleOf[PayloadVariable] = Field(default=(), max_length=200)
    base_scenario: dict[str, Any] = Field(default_factory=dict)
    market: Text | None = None
    rulebook: Text = assembly.DEFAULT_RULEBOOK
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 1
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    max_workers: Annotated[int, Field(ge=1, le=10_000)] | None = None
    store_results: bool = True


def is_payload(value: Any) -> bool:
    """Whether a document is a payload rather than a project file."""
    return (
        isinstance(value, dict)
        and "project" not in value
        and not {"variables", "base_scenario", "project_id"}.isdisjoint(value)
    )


def load_payload(source: Source) -> Request:
    """The request in a payload. Raises InputErrors with everything wrong at once."""
    raw, collector = source.document.value, source.document.collector()
    own = {name: value for name, value in raw.items() if name not in RUN_VARIABLES}
    payload = build(Payload, own, collector)
    scenario_raw, covenants_raw = without_covenants(
        assembly.mapping_of(raw, "base_scenario", collector)
    )
    run_raw = {name: value for name, value in raw.items() if name in RUN_VARIABLES}
    for name in run_raw:
        if name in scenario_raw:
            message = "is given twice: here and in base_scenario"
            collector.error(name, message, bare=True)
    covenants = build(Covenants, covenants_raw, collector, "base_scenario")
    if payload is None:
        raise InputErrors(collector.errors)
    levers_named = {variable.name for variable in payload.variables}
    base_raw = {name: value for name, value in scenario_raw.items() if name not in levers_named}
    currency = str(base_raw.get(catalogue.BY_NUMBER[1].name, catalogue.BY_NUMBER[1].default))
    reference = payload.market or f"{BUILTIN}{currency.lower()}"
    market = assembly.read_market(reference, source, collector)
    rulebook = assembly.read_rulebook(payload.rulebook, source, collector)
    raw_levers = {variable.name: variable.values for variable in payload.variables}
    modes = assembly.modes_of(base_raw, raw_levers)
    bounds = bounds_of(modes, market[0] if market else None)
    of_run = check_settings(run_raw, collector, "", bounds)
    in_base = check_settings(base_raw, collector, "base_scenario", bounds)
    base = Settings({**in_base.values, **of_run.values}, in_base.switches, in_base.zcis)
    levers = _levers(payload, collector, bounds, assembly.granularity_of(base))
    run = RunSettings(seed=payload.seed, partition_rows=payload.batch_size)
    settled = assembly.settle_run(run, None, base, collector, rulebook)
    if payload.max_workers is not None:
        collector.warning("max_workers", "is not a part of the question: use --workers")
    if not (covenants and market and rulebook and settled) or collector.errors:
        raise InputErrors(collector.errors)
    facts = ProjectFacts(
        id=_identifier(payload.project_id),
        title=payload.project_id,
        country=_COUNTRY[currency],
        asset_type="data_centre",
    )
    values = resolved(base.values, market[0] if payload.market else None, settled.weights)
    switches, zcis = switches_of(base, values)
    draft = Request(
        file=source.document.file,
        project=facts,
        base=values,
        given=frozenset(base.values),
        switches=switches,
        zcis=zcis,
        covenants=covenants,
        deal=Deal(),
        parties=Parties(),
        levers=levers,
        run=settled,
        market=market[0],
        rulebook=rulebook[0],
        local_currency=currency,
        jurisdiction="Global",
        market_applies=payload.market is not None,
        hashes={"payload": source.digest, "market": market[1], "rulebook": rulebook[1]},
    )
    return assembly.assemble(collector, draft, "base_scenario")


def _levers(
    payload: Payload, collector: Collector, bounds: Bounds, granularity: Mapping[str, float]
) -> tuple[LeverSetting, ...]:
    levers: dict[str, LeverSetting] = {}
    if payload.mode == "manual" and payload.variables:
        message = "mode manual runs the base scenario alone: leave the variables out"
        collector.error("variables", message, bare=True)
        return ()
    for i, variable in enumerate(payload.variables):
        lever = _lever(variable, payload.mode, collector, f"variables[{i}]", bounds, granularity)
        if lever is None:
            continue
        if lever.name in levers:
            collector.error(f"variables[{i}].name", "is given twice", lever.name)
        levers[lever.name] = lever
    return tuple(sorted(levers.values(), key=lambda lever: canonical_place(lever.name)))


def _lever(
    given: PayloadVariable,
    mode: Mode,
    collector: Collector,
    path: str,
    bounds: Bounds,
    granularity: Mapping[str, float],
) -> LeverSetting | None:
    spread = {name: getattr(given, name) for name in _RANGE_FIELDS}
    spread = {name: value for name, value in spread.items() if value is not None}
    if given.type == "discrete" and (spread or given.values is None):
        collector.error(
            path, "discrete takes values, and no min_value, max_value, step_size", bare=True
        )
        return None
    if given.type == "continuous" and given.values is not None:
        collector.error(f"{path}.values", "continuous takes min_value and max_value", bare=True)
        return None
    if given.name in SWITCHES:
        return _switch(given, collector, path)
    variable = lever_variable(given.name, collector, f"{path}.name")
    if variable is None:
        return None
    raw: Any = given.values if given.type == "discrete" else spread
    place = f"{path}.values" if given.type == "discrete" else path
    if given.type == "continuous" and mode == "boundary" and set(_RANGE_FIELDS[:2]) <= set(spread):
        raw = {"low": given.min_value, "high": given.max_value}
    values = lever_values(variable, raw, collector, place, bounds, granularity, _RANGE_FIELDS)
    options = tuple({variable.name: value} for value in values)
    return LeverSetting(variable.name, options, given.priority)


def _switch(given: PayloadVariable, collector: Collector, path: str) -> LeverSetting | None:
    values = given.values or []
    if not all(isinstance(value, bool) for value in values) or len(set(values)) < len(values):
        collector.error(f"{path}.values", "has to list true and false, each once", given.values)
        return None
    if not values:
        collector.error(path, "is a switch: list its values", bare=True)
        return None
    return LeverSetting(given.name, tuple({given.name: value} for value in values), given.priority)


def _identifier(text: str) -> str:
    """An id of a project from a name that was none, such as proj_12345."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-") or "payload"
