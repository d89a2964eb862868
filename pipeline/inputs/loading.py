"""Loads a request: reads the project or payload, its market and rulebook, and checks it all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.inputs import assembly
from pipeline.inputs.deal import Deal, Parties
from pipeline.inputs.errors import Collector, InputErrors, suggestion
from pipeline.inputs.expected import Expected
from pipeline.inputs.levers import check_levers
from pipeline.inputs.models import SCHEMA_VERSION, build
from pipeline.inputs.payload import is_payload, load_payload
from pipeline.inputs.project import (
    Covenants,
    ProjectBlock,
    ProjectFile,
    RunSettings,
)
from pipeline.inputs.request import Request
from pipeline.inputs.resolve import BUILTIN, Source, open_reference, open_source
from pipeline.inputs.settings import bounds_of, check_settings, resolved
from pipeline.inputs.swaps import switches_of

_REQUIRED = ("schema", "project", "market", "rulebook")


def load_request(path: str | Path) -> Request:
    """The request in a project file or payload, or in `builtin:name`. Raises InputErrors."""
    text = str(path)
    source = (
        open_reference(text, "projects", Path())
        if text.startswith(BUILTIN)
        else open_source(Path(path))
    )
    return load_source(source)


def load_source(source: Source) -> Request:
    """The request in a document. Raises InputErrors."""
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
    _check_top(raw, known, _REQUIRED, collector)
    facts = build(ProjectBlock, raw["project"], collector, "project") if "project" in raw else None
    covenants = build(Covenants, raw.get("covenants", {}), collector, "covenants")
    deal = build(Deal, raw.get("deal", {}), collector, "deal")
    parties = build(Parties, raw.get("parties", {}), collector, "parties")
    run = build(RunSettings, raw.get("run", {}), collector, "run")
    expected = build(Expected, raw.get("expected", {}), collector, "expected")
    market = assembly.read_market(raw.get("market"), source, collector) if "market" in raw else None
    rulebook = (
        assembly.read_rulebook(raw.get("rulebook"), source, collector)
        if "rulebook" in raw
        else None
    )

    base_raw, levers_raw = (
        assembly.mapping_of(raw, "base", collector),
        assembly.mapping_of(raw, "levers", collector),
    )
    bounds = bounds_of(assembly.modes_of(base_raw, levers_raw), market[0] if market else None)
    base = check_settings(base_raw, collector, "base", bounds)
    levers = check_levers(levers_raw, collector, "levers", bounds, assembly.granularity_of(base))
    assembly.check_given_once(base, levers, collector)
    if facts:
        assembly.check_rent(facts, base, levers, collector, "base")
    settled = assembly.settle_run(run or RunSettings(), raw.get("run"), base, collector, rulebook)
    local = assembly.local_currency_of(facts, collector) if facts else None
    sound = all(lever.options for lever in levers)
    if not (
        facts
        and covenants
        and deal
        and parties
        and run
        and expected
        and market
        and rulebook
        and settled
        and local
        and sound
    ):
        raise InputErrors(collector.errors)
    values = resolved(base.values, market[0], settled.weights)
    switches, zcis = switches_of(base, values)
    return assembly.assemble(
        collector,
        Request(
            file=source.document.file,
            project=facts,
            base=values,
            given=frozenset(base.values),
            switches=switches,
            zcis=zcis,
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


def _check_top(
    raw: Mapping[str, Any], known: list[str], required: tuple[str, ...], collector: Collector
) -> None:
    """The schema's version, and names at the top of a file."""
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
