"""Loads a request: reads the project or payload, its market and rulebook, and checks it all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from pipeline.inputs import catalogue
from pipeline.inputs.catalogue import Value
from pipeline.inputs.consistency import check_consistency
from pipeline.inputs.countries import currency_of, jurisdiction_of
from pipeline.inputs.errors import Collector, InputErrors
from pipeline.inputs.levers import LeverSetting, check_levers
from pipeline.inputs.market import MarketFile
from pipeline.inputs.models import SCHEMA_VERSION, build
from pipeline.inputs.project import (
    Covenants,
    Deal,
    Parties,
    ProjectBlock,
    ProjectFacts,
    ProjectFile,
    RunSettings,
)
from pipeline.inputs.request import Request, Run
from pipeline.inputs.resolve import BUILTIN, Source, open_reference, open_source
from pipeline.inputs.rulebook import RulebookFile
from pipeline.inputs.settings import (
    SWITCHES,
    Settings,
    bounds_of,
    check_settings,
    resolved,
)
from pipeline.inputs.values import check

_REQUIRED = ("schema", "project", "market", "rulebook")
DEFAULT_RULEBOOK = BUILTIN + "v1"


def load_request(path: str | Path) -> Request:
    """The request in a project file or payload, or in `builtin:name`. Raises InputErrors."""
    from pipeline.inputs.payload import is_payload, load_payload

    text = str(path)
    source = (
        open_reference(text, "projects", Path())
        if text.startswith(BUILTIN)
        else open_source(Path(path))
    )
    if is_payload(source.document.value):
        return load_payload(source)
    return load_project(source)


def load_project(source: Source) -> Request:
    """The request in a project file. Raises InputErrors with everything wrong at once."""
    raw, collector = source.document.value, source.document.collector()
    if not isinstance(raw, dict):
        collector.error("", "has to be a mapping: this is no project file", raw)
        collector.stop_if_any()
    known = [field.alias or name for name, field in ProjectFile.model_fields.items()]
    check_top(raw, known, _REQUIRED, collector)
    facts = build(ProjectBlock, raw["project"], collector, "project") if "project" in raw else None
    covenants = build(Covenants, raw.get("covenants", {}), collector, "covenants")
    deal = build(Deal, raw.get("deal", {}), collector, "deal")
    parties = build(Parties, raw.get("parties", {}), collector, "parties")
    run = build(RunSettings, raw.get("run", {}), collector, "run")
    expected = mapping_of(raw, "expected", collector)
    market = read_market(raw.get("market"), source, collector) if "market" in raw else None
    rulebook = read_rulebook(raw.get("rulebook"), source, collector) if "rulebook" in raw else None

    base_raw, levers_raw = mapping_of(raw, "base", collector), mapping_of(raw, "levers", collector)
    bounds = bounds_of(modes_of(base_raw, levers_raw), market[0] if market else None)
    base = check_settings(base_raw, collector, "base", bounds)
    levers = check_levers(levers_raw, collector, "levers", bounds, granularity_of(base))
    check_given_once(base, levers, collector)
    if facts:
        check_rent(facts, base, levers, collector, "base")
    settled = settle_run(run or RunSettings(), raw.get("run"), base, collector, rulebook)
    local = local_currency_of(facts, collector) if facts else None
    collector_has_all = (facts, covenants, deal, parties, run, market, rulebook, settled, local)
    if any(part is None for part in collector_has_all) or not all(
        lever.options for lever in levers
    ):
        raise InputErrors(collector.errors)
    assert facts and covenants and deal and parties and market and rulebook and settled and local  # noqa: S101
    return assemble(
        collector,
        Request(
            file=source.document.file,
            project=facts,
            base=resolved(base.values, market[0], settled.weights),
            given=frozenset(base.values),
            switches=dict.fromkeys(SWITCHES, False) | dict(base.switches),
            covenants=covenants,
            deal=deal,
            parties=parties,
            levers=levers,
            run=settled,
            market=market[0],
            rulebook=rulebook[0],
            local_currency=local,
            jurisdiction="Global",
            expected=expected,
            hashes={"project": source.digest, "market": market[1], "rulebook": rulebook[1]},
        ),
        "base",
    )


def assemble(collector: Collector, draft: Request, prefix: str) -> Request:
    """The request with its jurisdiction and warnings, once it agrees with itself."""
    country = draft.project.country if draft.project else None
    currency = str(draft.base[catalogue.BY_NUMBER[1].name])
    request = replace(draft, jurisdiction=jurisdiction_of(country, currency))
    check_consistency(request, collector, prefix)
    collector.stop_if_any()
    return replace(request, warnings=tuple(collector.warnings))


def check_top(
    raw: Mapping[str, Any], known: list[str], required: tuple[str, ...], collector: Collector
) -> None:
    """The schema's version, and names at the top of a file."""
    from pipeline.inputs.errors import suggestion

    for name in raw:
        if name not in known:
            message = f"is not a field here{suggestion(name, known)}"
            collector.error(name, message, bare=True, allowed=", ".join(known))
    for name in required:
        if name not in raw:
            collector.error(name, "is missing", bare=True)
    version = raw.get("schema", SCHEMA_VERSION)
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        collector.error("schema", f"has to be {SCHEMA_VERSION}", version)
    elif version > SCHEMA_VERSION:
        message = (
            f"is newer than schema {SCHEMA_VERSION} that this version reads: "
            "install a newer atlas-forge"
        )
        collector.error("schema", message, version)


def mapping_of(raw: Mapping[str, Any], name: str, collector: Collector) -> dict[str, Any]:
    value = raw.get(name, {})
    if isinstance(value, dict):
        return value
    collector.error(name, "has to be a mapping", value)
    return {}


def read_market(
    reference: Any, source: Source, collector: Collector
) -> tuple[MarketFile, str] | None:
    if not isinstance(reference, str) or not reference:
        collector.error("market", "has to name a file or builtin:name", reference)
        return None
    try:
        found = open_reference(reference, "markets", source.folder)
        inner = found.document.collector()
        market = build(MarketFile, found.document.value, inner)
        inner.stop_if_any()
    except InputErrors as errors:
        collector.error("market", "cannot be used, see below", reference)
        collector.absorb(errors)
        return None
    return (market, found.digest) if market else None


def read_rulebook(
    reference: Any, source: Source, collector: Collector
) -> tuple[RulebookFile, str] | None:
    if not isinstance(reference, str) or not reference:
        collector.error("rulebook", "has to name a file or builtin:name", reference)
        return None
    try:
        found = open_reference(reference, "rulebooks", source.folder)
        inner = found.document.collector()
        rulebook = build(RulebookFile, found.document.value, inner)
        inner.stop_if_any()
    except InputErrors as errors:
        collector.error("rulebook", "cannot be used, see below", reference)
        collector.absorb(errors)
        return None
    return (rulebook, found.digest) if rulebook else None


def modes_of(base: Mapping[str, Any], levers: Mapping[str, Any]) -> set[object]:
    """The modes in which OPEX_08 may be read, whether well written or not."""
    name = catalogue.BY_NUMBER[17].name
    lever = levers.get(name)
    if isinstance(lever, list):
        return {item for item in lever if isinstance(item, str)}
    mode = base.get(name, catalogue.BY_NUMBER[17].default)
    return {mode} if isinstance(mode, str) else set()


def granularity_of(base: Settings) -> Mapping[str, str]:
    given = base.values.get(catalogue.BY_NUMBER[107].name, catalogue.GRANULARITY_DEFAULT)
    return cast("Mapping[str, str]", given)


def check_given_once(
    base: Settings, levers: tuple[LeverSetting, ...], collector: Collector
) -> None:
    for lever in levers:
        for name in dict.fromkeys((lever.name, *lever.names)):
            if name in base.values or name in base.switches:
                collector.error(f"base.{name}", "is a lever too: give it once", bare=True)


def check_rent(
    facts: ProjectFacts,
    base: Settings,
    levers: tuple[LeverSetting, ...],
    collector: Collector,
    prefix: str,
) -> None:
    name = catalogue.BY_NUMBER[7].name
    is_lever = any(lever.name == name for lever in levers)
    if facts.rent is not None and (name in base.values or is_lever):
        place = f"levers.{name}" if is_lever else f"{prefix}.{name}"
        collector.error(place, "contradicts project.rent: give the rent once", bare=True)
    elif facts.rent is None and name not in base.values and not is_lever:
        message = f"no rent is given: {name} stands at its default {catalogue.BY_NUMBER[7].default}"
        collector.warning("project.rent", message)


def local_currency_of(facts: ProjectFacts, collector: Collector) -> str | None:
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
