"""Input: a validated request becomes a run with an id, a folder, and compiled kernels."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.engine import warm_up
from pipeline.escape import path_part
from pipeline.logs import run_log, told_on_stderr
from pipeline.settings import Settings
from pipeline.space.levers import LeverSpace
from pipeline.stages.contract import INPUT, Run
from pipeline.stages.usage import record_stage
from pipeline.storage import hold
from pipeline.storage.desk import at_its_desk
from pipeline.storage.fingerprint import engine_fingerprint, library_versions
from pipeline.storage.identity import this_process
from pipeline.storage.manifest import (
    MANIFEST_PATH,
    SCHEMA,
    UnreadableDocumentError,
    read_json,
)
from pipeline.storage.plan import Plan, UnreadablePlanError, read_plan
from pipeline.storage.results import LocalResults, NoSuchRunError
from pipeline.storage.store import TEMPORARY, open_folder, refuse_links, remove_cut_off

if TYPE_CHECKING:
    from pipeline.inputs import Request

_ID_DIGITS = 12
# A payload may evaluate the catalogue's defaults without naming a project.
_NAMELESS = "unnamed"
# About the run's manifest, not about the question: written anew each time it is planned.
_OF_THE_PLAN = ("created_at", "plan_hash", "partition_rows", "partitions", "outputs")


class OtherEngineError(Exception):
    """The run was planned by another version of the engine; its figures could differ."""


def input_stage(request: Request, settings: Settings, say: hold.Say = told_on_stderr) -> Run:
    """Resolve a request into a run: levers, id, folders, lock; compile the kernels.

    Waits while another process works on this run, and tells `say` so. Raises RunIsBusyError where
    the settings say not to wait, OtherDeskError, OSError.
    """
    # Importing the input models costs a third of a second that `resume` need not pay.
    from pipeline.inputs.encode import problem_of  # noqa: PLC0415

    started = time.perf_counter()
    problem = problem_of(request)
    size = LeverSpace(problem.levers).size
    request = _as_asked(request, settings, size)
    seed, count = request.run.seed, request.run.max_permutations
    fingerprint = engine_fingerprint()
    content = request.content()
    project_id = request.project.id if request.project else _NAMELESS
    run_id = run_id_of(project_id, content, seed, count, fingerprint)
    folder = Path(settings.out) / run_id
    settings = at_its_desk(folder, settings)
    run = Run(
        run_id=run_id,
        folder=folder,
        place=settings.checkpoints_of(folder),
        settings=settings,
        seed=seed,
        size=size,
        count=count,
        partition_rows=settings.partition_rows or request.run.partition_rows,
        fingerprint=fingerprint,
        problem=problem,
        about={
            **_about(request, content, run_id, size, fingerprint),
            "owner": this_process(settings.owner).owner,
            "desk": settings.desk,
        },
    )
    _open(run, started, say)
    return run


def reopen(run_id: str, settings: Settings, say: hold.Say = told_on_stderr) -> Run:
    """The run of an id from its stored plan and manifest, ready for the stages after input.

    Raises NoSuchRunError, OtherEngineError, OtherDeskError, RunIsBusyError, UnreadablePlanError,
    UnreadableDocumentError, OSError.
    """
    started = time.perf_counter()
    folder, plan = stored(run_id, settings)
    manifest = read_json(folder / MANIFEST_PATH)
    _check_question(manifest, plan)
    settings = at_its_desk(folder, settings)
    run = Run(
        run_id=run_id,
        folder=folder,
        place=settings.checkpoints_of(folder),
        settings=settings,
        seed=plan.seed,
        size=plan.size,
        count=plan.count,
        partition_rows=settings.partition_rows,
        fingerprint=plan.fingerprint,
        problem=plan.problem,
        about={name: each for name, each in manifest.items() if name not in _OF_THE_PLAN},
    )
    _open(run, started, say)
    return run


def stored(run_id: str, settings: Settings) -> tuple[Path, Plan]:
    """Folder and plan of a run that this engine planned, to ask more of it; writes nothing.

    Raises NoSuchRunError, OtherEngineError, UnreadablePlanError.
    """
    folder = LocalResults(Path(settings.out)).folder(run_id)
    plan = _stored_plan(folder, run_id)
    if plan.fingerprint != engine_fingerprint():
        raise OtherEngineError(
            f"run {run_id} was planned by engine {plan.fingerprint}, this is "
            f"{engine_fingerprint()}; start it again from its project file"
        )
    return folder, plan


def _as_asked(request: Request, settings: Settings, size: int) -> Request:
    """The request with the settings' overrides, its limit cut to the space.

    So `--seed 7` is the same run as a file with that seed, and a limit beyond the space is the
    same as the whole space.
    """
    limit = settings.max_permutations or request.run.max_permutations
    run = replace(
        request.run,
        seed=request.run.seed if settings.seed is None else settings.seed,
        max_permutations=min(limit, size),
    )
    return replace(request, run=run)


def run_id_of(
    project_id: str, content: dict[str, Any], seed: int, count: int, fingerprint: str
) -> str:
    """Project id and 12 digits of a hash of all that can change a figure or a rank."""
    question = {"content": content, "seed": seed, "count": count, "fingerprint": fingerprint}
    text = json.dumps(question, sort_keys=True, ensure_ascii=False)
    return f"{path_part(project_id)}-{hashlib.sha256(text.encode()).hexdigest()[:_ID_DIGITS]}"


def _open(run: Run, started: float, say: hold.Say) -> None:
    run.folder.mkdir(parents=True, exist_ok=True)
    refuse_links(run.folder)
    if run.place.folder is not None and run.place.folder.is_dir():
        refuse_links(run.place.folder)
    log = run_log(run.folder, run.settings.log_level)

    def on_event(event: str, reason: str) -> None:
        log.warning(event, reason=reason)

    settings = run.settings
    terms = hold.Terms(settings.owner, settings.lease_seconds, settings.wait)
    before = time.perf_counter()
    hold.acquire(run.folder, run.store, terms, say, on_event)
    started += time.perf_counter() - before  # waiting is no work of this stage
    try:
        # Whole files only ever leave this folder by a rename; what is left in it was cut off.
        shutil.rmtree(run.folder / TEMPORARY, ignore_errors=True)
        for name in ("", "checkpoints", "reports"):
            remove_cut_off(run.folder / name)
        for name in (TEMPORARY, "checkpoints/pruning", "checkpoints/analysis", "evaluated"):
            (run.folder / name).mkdir(parents=True, exist_ok=True)
        warm_up(run.problem)
        log.info("run_opened", run_id=run.run_id, rows=run.count, fingerprint=run.fingerprint)
        record_stage(run.folder, INPUT, time.perf_counter() - started)
    except BaseException:
        hold.release(run.folder)
        raise


def _stored_plan(folder: Path, run_id: str) -> Plan:
    plan = read_plan(open_folder(folder))
    if plan is None:
        raise NoSuchRunError(f"run {run_id} has no plan to resume from")
    if plan.run_id != run_id:
        raise UnreadablePlanError(f"the plan in {run_id} belongs to run {plan.run_id}")
    return plan


def _check_question(manifest: dict[str, Any], plan: Plan) -> None:
    """Raise UnreadableDocumentError unless the manifest asks what the run's id stands for."""
    try:
        project_id, content = manifest["project"]["id"], manifest["request"]
        found = run_id_of(project_id, content, plan.seed, plan.count, plan.fingerprint)
    except (KeyError, TypeError):
        found = None
    if found != plan.run_id:
        raise UnreadableDocumentError(
            f"{MANIFEST_PATH} was changed after it was written: it is not that of run "
            f"{plan.run_id}; start the run again from its project file"
        )


def _about(
    request: Request, content: dict[str, Any], run_id: str, size: int, fingerprint: str
) -> dict[str, Any]:
    project, market, rulebook = request.project, request.market, request.rulebook
    tenant = project.tenant if project else None
    hashes = request.document_hashes()
    return {
        "schema": SCHEMA,
        "run_id": run_id,
        "project": {
            "id": project.id if project else _NAMELESS,
            "title": project.title if project else "Without a project file",
            "country": project.country if project else request.jurisdiction,
            "asset_type": project.asset_type if project else "data_centre",
            "currency": request.base["Currency_01"],
            "tenant": tenant.model_dump(mode="json") if tenant else None,
        },
        "market": {
            "name": market.name,
            "date": str(market.date),
            "currency": market.currency,
            "sha256": hashes.get("market"),
            "stale_after_days": rulebook.market.stale_after_days,
        },
        "rulebook": {
            "name": rulebook.name,
            "version": rulebook.version,
            "date": str(rulebook.date),
            "sha256": hashes.get("rulebook"),
        },
        "documents": hashes,
        "names": request.names(),
        "objective": request.run.objective,
        "seed": request.run.seed,
        "space_size": size,
        "permutations": request.run.max_permutations,
        "fingerprint": fingerprint,
        "versions": library_versions(),
        "request": content,
    }
