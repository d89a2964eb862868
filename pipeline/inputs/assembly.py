"""Parts of loading that project files and payloads share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from pipeline.inputs import catalogue
from pipeline.inputs.catalogue import Value
from pipeline.inputs.consistency import check_consistency
from pipeline.inputs.countries import currency_of, jurisdiction_of
from pipeline.inputs.errors import Collector, InputErrors
from pipeline.inputs.levers import LeverSetting
from pipeline.inputs.market import MarketFile
from pipeline.inputs.models import StrictModel, build
from pipeline.inputs.project import ProjectFacts, RunSettings
from pipeline.inputs.request import Request, Run
from pipeline.inputs.resolve import BUILTIN, BuiltinKind, Source, open_referred
from pipeline.inputs.rulebook import RulebookFile
from pipeline.inputs.settings import SINGLE_ZCIS, Settings
from pipeline.inputs.values import check

DEFAULT_RULEBOOK = BUILTIN + "v1"
Model = TypeVar("Model", bound=StrictModel)


def assemble(collector: Collector, draft: Request, prefix: str) -> Request:
    """The request with its jurisdiction and warnings, once it agrees with itself."""
    country = draft.project.country if draft.project else None
    currency = str(draft.base[catalogue.BY_NUMBER[1].name])
    request = replace(draft, jurisdiction=jurisdiction_of(country, currency))
    check_consistency(request, collector, prefix)
    collector.stop_if_any()
    return replace(request, warnings=tuple(collector.warnings))


def mapping_of(raw: Mapping[str, Any], name: str, collector: Collector) -> dict[str, Any]:
    """A block that has to be a mapping; empty when it is left out or wrong."""
    value = raw.get(name, {})
    if isinstance(value, dict):
        return value
    collector.error(name, "has to be a mapping", value)
    return {}


def read_market(
    reference: Any, source: Source, collector: Collector
) -> tuple[MarketFile, str] | None:
    """The market file that `source` names, with its digest."""
    return _read(MarketFile, "market", "markets", reference, source, collector)


def read_rulebook(
    reference: Any, source: Source, collector: Collector
) -> tuple[RulebookFile, str] | None:
    """The rulebook that `source` names, with its digest."""
    return _read(RulebookFile, "rulebook", "rulebooks", reference, source, collector)


def _read(
    model: type[Model],
    field: str,
    kind: BuiltinKind,
    reference: Any,
    source: Source,
    collector: Collector,
) -> tuple[Model, str] | None:
    if not isinstance(reference, str) or not reference:
        collector.error(field, "has to name a file or builtin:name", reference)
        return None
    try:
        found = open_referred(source, field, reference, kind)
        inner = found.document.collector()
        content = build(model, found.document.value, inner)
        inner.stop_if_any()
    except InputErrors as errors:
        collector.error(field, "cannot be used, see below", reference)
        collector.absorb(errors)
        return None
    return (content, found.digest) if content else None


def modes_of(base: Mapping[str, Any], levers: Mapping[str, Any]) -> set[object]:
    """The modes in which OPEX_08 may be read, whether well written or not."""
    name = catalogue.BY_NUMBER[17].name
    lever = levers.get(name)
    if isinstance(lever, list):
        return {item for item in lever if isinstance(item, str)}
    mode = base.get(name, catalogue.BY_NUMBER[17].default)
    return {mode} if isinstance(mode, str) else set()


def granularity_of(base: Settings) -> Mapping[str, float]:
    """Steps of Ranges given without one: PermutationGranularity_107."""
    given = base.values.get(catalogue.BY_NUMBER[107].name, catalogue.GRANULARITY_DEFAULT)
    return cast("Mapping[str, float]", given)


def check_given_once(
    base: Settings, levers: tuple[LeverSetting, ...], collector: Collector
) -> None:
    """What is a lever cannot be set in the base as well."""
    for lever in levers:
        for name in dict.fromkeys((lever.name, *lever.names)):
            if name in base.values or name in base.switches:
                collector.error(f"base.{name}", "is a lever too: give it once", bare=True)
            elif name in ("zcis_5y", "zcis_10y") and base.zcis is not None:
                collector.error(f"base.{SINGLE_ZCIS}", f"{name} is a lever too", bare=True)


def check_rent(
    facts: ProjectFacts,
    base: Settings,
    levers: tuple[LeverSetting, ...],
    collector: Collector,
    prefix: str,
) -> None:
    """Rent is given once: by the project, in the base, or as a lever."""
    name = catalogue.BY_NUMBER[7].name
    is_lever = any(lever.name == name for lever in levers)
    if facts.rent is not None and (name in base.values or is_lever):
        place = f"levers.{name}" if is_lever else f"{prefix}.{name}"
        collector.error(place, "contradicts project.rent: give the rent once", bare=True)
    elif facts.rent is None and name not in base.values and not is_lever:
        message = f"no rent is given: {name} stands at its default {catalogue.BY_NUMBER[7].default}"
        collector.warning("project.rent", message)


def local_currency_of(facts: ProjectFacts, collector: Collector) -> str | None:
    """The project's own currency, else its country's."""
    currency = facts.local_currency or currency_of(facts.country)
    if currency is None:
        message = f"is needed: the currency of {facts.country} is none of the known ones"
        collector.error("project.local_currency", message, bare=True)
    return currency


_TWICE = {
    "max_permutations": 108,
    "objective": 109,
    "weights": 110,
    "hard_filters": 111,
}


def settle_run(
    run: RunSettings,
    raw: Any,
    base: Settings,
    collector: Collector,
    rulebook: tuple[RulebookFile, str] | None,
) -> Run | None:
    """The run's settings: its own block, else _108 to _111 of the base, else the defaults."""
    before = len(collector.errors)
    chosen: dict[str, Value] = {}
    for name, number in _TWICE.items():
        variable = catalogue.BY_NUMBER[number]
        given = raw.get(name) if isinstance(raw, dict) else None
        if given is not None and variable.name in base.values:
            message = f"is given twice: here and as {variable.name} in base"
            collector.error(f"run.{name}", message, bare=True)
        if given is not None and number in (110, 111):
            value = check(variable, given, collector, f"run.{name}")
        elif given is not None:
            value = getattr(run, name)
        elif variable.name in base.values:
            value = base.values[variable.name]
        elif number == 110 and rulebook:
            value = rulebook[0].composite.weights.model_dump()
        else:
            value = variable.default
        if value is not None:
            chosen[name] = value
    if len(collector.errors) > before or len(chosen) < len(_TWICE):
        return None
    return Run(
        seed=run.seed,
        max_permutations=int(cast("int", chosen["max_permutations"])),
        objective=str(chosen["objective"]),
        weights=cast("Mapping[str, float]", chosen["weights"]),
        hard_filters=cast("tuple[str, ...]", chosen["hard_filters"]),
        partition_rows=run.partition_rows,
    )
