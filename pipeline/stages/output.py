"""Output: one ranked file, the summary, the report; written only when everything adds up."""

from __future__ import annotations

import importlib
import shutil
import threading
import time
from collections.abc import Iterator
from datetime import date, datetime
from types import ModuleType
from typing import Any

import pyarrow as pa

from pipeline.columns import survivor_fields
from pipeline.logs import run_log
from pipeline.not_modelled import NOT_MODELLED
from pipeline.solve.near_miss_run import best_near_misses, ranked_tables
from pipeline.solve.near_miss_table import counted, solutions_table
from pipeline.space.partitions import number_of_partitions, span
from pipeline.stages.contract import OUTPUT, OnProgress, Progress, Run
from pipeline.stages.counts import Counts, add_counts, extreme, whole
from pipeline.stages.frontier import Frontier
from pipeline.stages.tally import FUNDED_TIERS, Tally, binding_constraints, gates
from pipeline.stages.tier_ranks import tier_ranks
from pipeline.stages.usage import own_peak_mb, record_stage, recorded
from pipeline.stages.written import write_asked
from pipeline.staleness import age_of
from pipeline.storage import hold
from pipeline.storage.checkpoints import (
    ANALYSIS,
    PRUNING,
    Marker,
    Owner,
    parquet_bytes,
    read_markers,
)
from pipeline.storage.links import kept_links
from pipeline.storage.manifest import (
    MANIFEST_PATH,
    UnreadableDocumentError,
    file_digest,
    json_bytes,
    read_json,
    write_json,
)
from pipeline.storage.merge import MergeRefusedError, merge_ranked
from pipeline.storage.plan import Plan
from pipeline.storage.results import (
    NEAR_MISSES_PATH,
    RANKED_PATH,
    REPORT_PATH,
    SUMMARY_PATH,
    head,
    thinned,
)
from pipeline.storage.store import TEMPORARY, write_file

SCHEMA = 1
BY_CONDITIONS = "conditions"
_TOP_ROWS = 10
_NEAR_MISSES_SOLVED = 100
_SCATTER_POINTS = 20_000

Summary = dict[str, Any]


def output_stage(run: Run, plan: Plan, on_progress: OnProgress) -> Summary:
    """Merge and rank all parts, write ranked.parquet, reports and summary.json.

    A run whose outputs are there and unchanged is left as it is. Raises MergeRefusedError,
    DamagedPartError, OSError. With a database set, the sealed run is merged into it at the end,
    again if an earlier attempt failed; what `mongo_merge.merge_run` raises leaves it sealed here.
    """
    started = time.perf_counter()
    log = run_log(run.folder, run.settings.log_level)
    begun = Progress(OUTPUT, 0, 1, 0, 0, 0.0)
    on_progress(begun)
    hold.keep(run.folder, lambda: on_progress(begun))
    counts, analysis = _counts_and_markers(run, plan)
    survivors = sum(marker.rows for marker in analysis)
    summary = _finished(run)
    if summary is None:
        # Reportlab takes a third of a second to import, most of it while the merge runs elsewhere.
        threading.Thread(target=_import_report, name="atlas-forge-report").start()
        tally = Tally()
        fields = survivor_fields(plan.problem.levers)
        ranks = tier_ranks(run.store, analysis, plan.problem.tiers)
        merge_ranked(
            run.store,
            analysis,
            pa.schema(fields),
            plan.problem.objective,
            run.folder / RANKED_PATH,
            run.settings.merge_memory_mb,
            tally.add,
            Frontier(),
            ranks.settled if ranks else None,
        )
        summary = _summary(run, plan, counts, tally)
        summary["tiers_by"] = ranks.document() if ranks else {"mode": BY_CONDITIONS}
        summary.update(_books(run))
        summary["near_miss_solutions"] = _write_near_misses(run, plan)
        summary["written"] = _write_asked(run, summary)
        write_report(run, summary)
        seconds = time.perf_counter() - started
        record_stage(run.folder, OUTPUT, seconds, survivors)
        summary.update(_usage(run, plan))
        summary["links"] = kept_links(run.folder)
        # Two that share a folder must not mix summary and seal; the rest is the same from both.
        hold.keep(run.folder, lambda: on_progress(begun))
        write_json(run.folder / SUMMARY_PATH, summary)
        seal(run, summary["written"]["files"])
        # A worker that was killed while it wrote leaves what it had written.
        shutil.rmtree(run.folder / TEMPORARY, ignore_errors=True)
        (run.folder / TEMPORARY).mkdir(exist_ok=True)
        log.info("run_done", processing_time_ms=round(1_000 * seconds, 3), survivors=survivors)
    else:
        log.info("run_verified", survivors=survivors)
    if run.settings.mongo:
        _into_mongo(run)
    elapsed = time.perf_counter() - started
    on_progress(Progress(OUTPUT, 1, 1, survivors, survivors, elapsed))
    return summary


def _into_mongo(run: Run) -> None:
    from pipeline.storage.mongo_merge import merge_run  # noqa: PLC0415 - only who asks pays for it

    merged = merge_run(run.folder, run.settings.mongo)
    run_log(run.folder, run.settings.log_level).info(
        "run_already_in_mongo" if merged.already else "run_merged_into_mongo",
        address=merged.address,
        structures=merged.structures,
        processing_time_ms=round(1_000 * merged.seconds, 3),
    )


def _counts_and_markers(run: Run, plan: Plan) -> tuple[Counts, list[Marker]]:
    """Pruning's counts and analysis's markers.

    Raises MergeRefusedError unless the rows of both fan-outs add up to the plan.
    """
    counts: Counts = {}
    rows = []
    for marker in _stage_markers(run, plan, PRUNING, plan.partitions):
        add_counts(counts, marker.record)
        rows.append(marker.rows)
    # Each one's rows were held against the plan by the worker that wrote it, or found it sound;
    # counting them all again takes a third of a second a million.
    if sum(rows) != plan.count:
        for number, found in enumerate(rows):
            _check_rows(PRUNING, number, found, plan.rows_of(number))
    kept = whole(counts, "survivors")
    analysis = []
    parts = number_of_partitions(kept, plan.partition_rows)
    for marker in _stage_markers(run, plan, ANALYSIS, parts):
        start, stop = span(marker.number, kept, plan.partition_rows)
        _check_rows(ANALYSIS, marker.number, marker.rows, stop - start)
        analysis.append(marker)
    return counts, analysis


def _check_rows(stage: str, number: int, found: int, expected: int) -> None:
    if found != expected:
        raise MergeRefusedError(f"{stage} part {number} has {found} rows, the plan {expected}")


def _stage_markers(run: Run, plan: Plan, stage: str, parts: int) -> Iterator[Marker]:
    owner = Owner(plan.plan_hash, plan.fingerprint)
    for number, checked in enumerate(read_markers(run.store, owner, stage, parts)):
        if checked.marker is None:
            raise MergeRefusedError(f"{stage} part {number}: {checked.reason or 'it is missing'}")
        yield checked.marker


def _summary(run: Run, plan: Plan, counts: Counts, tally: Tally) -> Summary:
    total = plan.count
    tiers = tally.tiers(total)
    viable = whole(counts, "viable") + tally.viable
    return {
        "schema": SCHEMA,
        "run_id": run.run_id,
        "seed": plan.seed,
        "fingerprint": plan.fingerprint,
        "total_scenarios": total,
        "viable_scenarios": viable,
        "viability_rate": 100.0 * viable / total,
        **tally.figures(),
        "survivors": tally.survivors,
        "fully_funded_scenarios": sum(tiers[name] for name in FUNDED_TIERS),
        "near_misses": whole(counts, "near_misses"),
        "pareto_scenarios": tally.pareto,
        "gates": gates(counts, total),
        "tiers": tiers,
        "binding_constraints": binding_constraints(counts, total),
        "reverse_check": {
            "rows": whole(counts, "reverse_rows"),
            "largest_notional_gap": extreme(counts, "reverse_notional_gap"),
            "largest_dscr_gap": extreme(counts, "reverse_dscr_gap"),
        },
        "objective": plan.problem.objective,
        "optimal": tally.optimal,
        "not_modelled": list(NOT_MODELLED),
    }


def _books(run: Run) -> dict[str, Any]:
    """Market and rulebook of the run; how old the market was when the run was planned."""
    manifest = read_json(run.folder / MANIFEST_PATH)
    market, rulebook = manifest["market"], manifest["rulebook"]
    planned = datetime.fromisoformat(manifest["created_at"]).date()
    age = age_of(date.fromisoformat(market["date"]), planned, market["stale_after_days"])
    return {"market": {**market, "age_days": age.days, "stale": age.stale}, "rulebook": rulebook}


def _write_near_misses(run: Run, plan: Plan) -> dict[str, Any]:
    """The best near misses that passed both gates, solved, best first; returns their counts."""
    ids = best_near_misses(ranked_tables(run.folder / RANKED_PATH), plan, _NEAR_MISSES_SOLVED)
    table = solutions_table(plan, ids)
    write_file(run.folder / NEAR_MISSES_PATH, parquet_bytes(table))
    return counted(table)


def _write_asked(run: Run, summary: Summary) -> dict[str, Any]:
    """Variants, sensitivities, traces and documents that the request asks for."""
    asked = read_json(run.folder / MANIFEST_PATH)["request"]["written"]
    optimal = summary["optimal"]
    number = optimal["permutation_id"] if optimal else None
    return write_asked(run.folder, run.folder / RANKED_PATH, asked, number, pack=run.settings.pack)


def _usage(run: Run, plan: Plan) -> dict[str, Any]:
    """What the run took: seconds by stage, pruning's rate, peak memory of the process tree."""
    kept = recorded(run.folder)
    pruning = kept.get(PRUNING, {"seconds": 0.0, "rows": 0})
    seconds, rows = pruning["seconds"], pruning["rows"]
    peaks = [stage["peak_memory_mb"] for stage in kept.values()]
    return {
        "timings": {stage: figures["seconds"] for stage, figures in kept.items()},
        "rows_per_second": round(rows / seconds, 1) if seconds else None,
        "peak_memory_mb": round(max([own_peak_mb(), *peaks]), 1),
    }


def _import_report() -> ModuleType:
    return importlib.import_module("pipeline.reports.run.summary")


def write_report(run: Run, summary: Summary) -> None:
    """The PDF of a ranked run. Raises OSError."""
    ranked = run.folder / RANKED_PATH
    points = thinned(ranked, ["senior_notional", "wacc", "viability_tier"], _SCATTER_POINTS)
    near_misses = head(run.folder / NEAR_MISSES_PATH, _NEAR_MISSES_SOLVED)
    _import_report().write_summary_pdf(
        run.folder,
        summary,
        read_json(run.folder / MANIFEST_PATH),
        head(ranked, _TOP_ROWS),
        [(point["senior_notional"], point["wacc"], point["viability_tier"]) for point in points],
        near_misses,
    )


def _finished(run: Run) -> Summary | None:
    """The stored summary, if every output has the digest the manifest sealed."""
    outputs = read_json(run.folder / MANIFEST_PATH).get("outputs")
    if not outputs:
        return None
    if any(file_digest(run.folder / name) != digest for name, digest in outputs.items()):
        log = run_log(run.folder, run.settings.log_level)
        log.warning("outputs_redone", reason="an output is missing or was changed")
        return None
    try:
        return read_json(run.folder / SUMMARY_PATH)
    except UnreadableDocumentError:
        return None


def seal(run: Run, files: list[str]) -> None:
    """Name the outputs and their digests in the manifest: from here on the run is finished."""
    manifest = read_json(run.folder / MANIFEST_PATH)
    manifest["outputs"] = {
        name: file_digest(run.folder / name)
        for name in (RANKED_PATH, SUMMARY_PATH, REPORT_PATH, NEAR_MISSES_PATH, *files)
    }
    write_json(run.folder / MANIFEST_PATH, manifest)
    if run.shares_store:
        run.store.put(MANIFEST_PATH, json_bytes(manifest))
