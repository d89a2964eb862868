"""Output: one ranked file, the summary, the report; written only when everything adds up."""

from __future__ import annotations

import time
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from pipeline.columns import survivor_fields
from pipeline.logs import run_log
from pipeline.space.partitions import number_of_partitions, span
from pipeline.stages.contract import OUTPUT, OnProgress, Progress, Run
from pipeline.stages.counts import Counts, add_counts, extreme, whole
from pipeline.stages.tally import FUNDED_TIERS, Tally, binding_constraints, gates
from pipeline.stages.tier_ranks import tier_ranks
from pipeline.stages.usage import own_peak_mb, record_stage, recorded
from pipeline.staleness import age_of
from pipeline.storage.checkpoints import ANALYSIS, PRUNING, Marker, Owner, read_marker
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
from pipeline.storage.results import RANKED_PATH, REPORT_PATH, SUMMARY_PATH, head, thinned

SCHEMA = 1
BY_CONDITIONS = "conditions"
NOT_MODELLED = (
    "floating coupons",
    "quarterly payment",
    "mezzanine reserve (no input sizes one)",
)
_TOP_ROWS = 10
_SCATTER_POINTS = 20_000

Summary = dict[str, Any]


def output_stage(run: Run, plan: Plan, on_progress: OnProgress) -> Summary:
    """Merge and rank all parts, write ranked.parquet, reports and summary.json.

    A run whose outputs are there and unchanged is left as it is. Raises MergeRefusedError,
    DamagedPartError, OSError.
    """
    started = time.perf_counter()
    log = run_log(run.folder, run.settings.log_level)
    on_progress(Progress(OUTPUT, 0, 1, 0, 0, 0.0))
    pruning, analysis = _markers(run, plan)
    counts = _totals(pruning)
    survivors = sum(marker.rows for marker in analysis)
    summary = _finished(run)
    if summary is None:
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
            ranks.settled if ranks else None,
        )
        summary = _summary(run, plan, counts, tally)
        summary["tiers_by"] = ranks.document() if ranks else {"mode": BY_CONDITIONS}
        summary.update(_books(run))
        _write_report(run, summary)
        seconds = time.perf_counter() - started
        record_stage(run.folder, OUTPUT, seconds, survivors)
        summary.update(_usage(run, plan))
        write_json(run.folder / SUMMARY_PATH, summary)
        _seal(run)
        log.info("run_done", processing_time_ms=round(1_000 * seconds, 3), survivors=survivors)
    else:
        log.info("run_verified", survivors=survivors)
    elapsed = time.perf_counter() - started
    on_progress(Progress(OUTPUT, 1, 1, survivors, survivors, elapsed))
    return summary


def _markers(run: Run, plan: Plan) -> tuple[list[Marker], list[Marker]]:
    """Markers of both fan-outs. Raises MergeRefusedError unless their rows add up to the plan."""
    pruning = _stage_markers(run, plan, PRUNING, plan.count)
    kept = sum(int(marker.record["survivors"]) for marker in pruning)
    return pruning, _stage_markers(run, plan, ANALYSIS, kept)


def _stage_markers(run: Run, plan: Plan, stage: str, rows: int) -> list[Marker]:
    owner = Owner(plan.plan_hash, plan.fingerprint)
    markers = []
    for number in range(number_of_partitions(rows, plan.partition_rows)):
        checked = read_marker(run.store, owner, stage, number)
        if checked.marker is None:
            raise MergeRefusedError(f"{stage} part {number}: {checked.reason or 'it is missing'}")
        start, stop = span(number, rows, plan.partition_rows)
        if checked.marker.rows != stop - start:
            raise MergeRefusedError(
                f"{stage} part {number} has {checked.marker.rows} rows, the plan {stop - start}"
            )
        markers.append(checked.marker)
    return markers


def _totals(pruning: list[Marker]) -> Counts:
    counts: Counts = {}
    for marker in pruning:
        add_counts(counts, marker.record)
    return counts


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


def _write_report(run: Run, summary: Summary) -> None:
    # Reportlab costs a third of a second to import; only this stage draws.
    from pipeline.reports.summary import write_summary_pdf  # noqa: PLC0415

    ranked = run.folder / RANKED_PATH
    points = thinned(ranked, ["senior_notional", "wacc", "viability_tier"], _SCATTER_POINTS)
    write_summary_pdf(
        run.folder,
        summary,
        read_json(run.folder / MANIFEST_PATH),
        head(ranked, _TOP_ROWS),
        [(point["senior_notional"], point["wacc"], point["viability_tier"]) for point in points],
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


def _seal(run: Run) -> None:
    """Name the outputs and their digests in the manifest: from here on the run is finished."""
    manifest = read_json(run.folder / MANIFEST_PATH)
    manifest["outputs"] = {
        name: file_digest(run.folder / name) for name in (RANKED_PATH, SUMMARY_PATH, REPORT_PATH)
    }
    write_json(run.folder / MANIFEST_PATH, manifest)
    if run.shares_store:
        run.store.put(MANIFEST_PATH, json_bytes(manifest))
