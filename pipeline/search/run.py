"""A search from beginning to end: open its folder, ask and tell until the budget is spent, write.

The optimiser is never stored. A search started again asks it the same questions in the same order;
what a kept batch answers is not evaluated again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kernels.bijection import MAX_SIZE
from pipeline.compute import Executor, open_executor
from pipeline.compute.executor import cause_of, check_fingerprints
from pipeline.compute.job import Job
from pipeline.engine import warm_up
from pipeline.escape import path_part
from pipeline.logs import LOG_PATH, run_log, told_on_stderr
from pipeline.search import BUDGET
from pipeline.search.archive import Archive
from pipeline.search.batches import Place, batch_of
from pipeline.search.compare import swept
from pipeline.search.finer import finer_request
from pipeline.search.goal import MEASURES, Goal
from pipeline.search.outcome import LIBRARIES, Story, write_outcome
from pipeline.settings import BadSettingError, Settings
from pipeline.space.levers import IntArray, LeverSpace
from pipeline.stages.contract import OUTPUT, OnProgress, Progress
from pipeline.storage import hold
from pipeline.storage.fingerprint import engine_fingerprint
from pipeline.storage.plan import PLAN_PATH, Plan, plan_bytes
from pipeline.storage.store import TEMPORARY

if TYPE_CHECKING:
    from pipeline.inputs import Request

STAGE: Final = "search"
# Rounds of questions without a new structure, before the space counts as searched through.
_NOTHING_NEW: Final = 500
_WHOLE_SPACE_ROWS: Final = 400
_ID_DIGITS: Final = 12
_NAMELESS: Final = "unnamed"
# Takes the ids asked for; says whether more may be asked.
Evaluate = Callable[[IntArray], bool]


@dataclass(frozen=True)
class Choices:
    """What is searched for, and how much may be spent.

    budget: distinct structures evaluated at most. objective: instead of the project's; None: that.
    viable: hard filters have to hold. finer: how many times finer the numeric levers are made.
    top: structures in best.parquet. against: id of a finished run to compare with, or None.
    time_limit_s: wall time after which no further batch is begun, or None.
    """

    budget: int = BUDGET
    objective: str | None = None
    viable: bool = False
    finer: int = 1
    top: int = 100
    against: str | None = None
    time_limit_s: float | None = None


def search(
    request: Request, choices: Choices, settings: Settings, on_progress: OnProgress
) -> dict[str, Any]:
    """Search the lever space of a request; returns search.json.

    Raises BadSettingError, NoSuchRunError, RunIsBusyError, PartitionsFailed, OSError.
    """
    # Importing the input models costs a third of a second that workers need not pay.
    from pipeline.inputs.encode import problem_of  # noqa: PLC0415

    started = time.perf_counter()
    request = _as_asked(request, choices, settings)
    problem = problem_of(request)
    size = LeverSpace(problem.levers).size
    plan = Plan(
        run_id=_search_id(request, choices),
        seed=request.run.seed,
        size=size,
        count=min(choices.budget, size),
        sampled=True,
        partition_rows=min(choices.budget, size),
        fingerprint=engine_fingerprint(),
        problem=problem,
    )
    sweep = swept(choices.against, Path(settings.out), problem) if choices.against else None
    archive = Archive(plan.space, Goal(problem.objective, choices.viable), plan.count)
    story = Story(request, choices, plan, archive, sweep)
    folder = Path(settings.out) / plan.run_id
    place = Place(
        plan=plan,
        address=settings.checkpoints_of(folder),
    )
    with _opened(folder, place, settings):
        warm_up(problem)
        with open_executor(settings, Job(plan.run_id)) as executor:
            check_fingerprints(executor, plan.fingerprint)
            _spend(story, place, executor, on_progress, started, settings)
        on_progress(Progress(OUTPUT, 0, 1, 0, 0, 0.0))
        story.seconds = time.perf_counter() - started
        document = write_outcome(story, folder)
        run_log(folder, settings.log_level).info(
            "search_done", evaluations=len(archive), stopped_by=story.stopped_by
        )
        on_progress(Progress(OUTPUT, 1, 1, len(archive), archive.survivors, story.seconds))
    return document


def _as_asked(request: Request, choices: Choices, settings: Settings) -> Request:
    """The request with what the choices say instead. Raises BadSettingError."""
    from pipeline.inputs.levers import MAX_VALUES  # noqa: PLC0415 - as in `search`

    objective = choices.objective or request.run.objective
    if objective not in MEASURES:
        raise BadSettingError(f"objective: {objective!r} is not one of {', '.join(MEASURES)}")
    seed = request.run.seed if settings.seed is None else settings.seed
    request = replace(request, run=replace(request.run, objective=objective, seed=seed))
    if choices.finer > 1:
        request = finer_request(request, choices.finer)
    crowded = [lever.name for lever in request.levers if len(lever.options) > MAX_VALUES]
    if crowded:
        raise BadSettingError(
            f"finer: {choices.finer} gives {', '.join(crowded)} more than {MAX_VALUES:,} values"
        )
    if request.space_size >= MAX_SIZE:
        raise BadSettingError(
            f"finer: {choices.finer} makes a space of {request.space_size:.3g} structures; "
            "ids end at 10^15"
        )
    return request


def _search_id(request: Request, choices: Choices) -> str:
    """Project id and a hash of all that can change an answer; a time limit only ends it early."""
    content = request.content()
    # a sweep's sample size is not a search's question
    content["run"].pop("max_permutations")
    question = {
        "content": content,
        "budget": choices.budget,
        "viable": choices.viable,
        "fingerprint": engine_fingerprint(),
        "code": _own_code(),
        "versions": {name: version(name) for name in LIBRARIES},
    }
    text = json.dumps(question, sort_keys=True, ensure_ascii=False)
    project_id = request.project.id if request.project else _NAMELESS
    digits = hashlib.sha256(text.encode()).hexdigest()[:_ID_DIGITS]
    return f"{path_part(project_id)}-search-{digits}"


def _own_code() -> str:
    """A hash of this folder: another way of searching is another search."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@contextmanager
def _opened(folder: Path, place: Place, settings: Settings) -> Iterator[None]:
    """The search's folder with its lock and plan; how it ends badly goes into its log."""
    folder.mkdir(parents=True, exist_ok=True)
    log = run_log(folder, settings.log_level)

    def on_event(event: str, reason: str) -> None:
        log.warning(event, reason=reason)

    terms = hold.Terms(settings.owner, settings.lease_seconds, settings.wait)
    hold.acquire(folder, place.store, terms, told_on_stderr, on_event)
    with ExitStack() as stack:
        stack.callback(hold.release, folder)
        try:
            # Whole files only ever leave this folder by a rename; what is left was cut off.
            shutil.rmtree(folder / TEMPORARY, ignore_errors=True)
            data = plan_bytes(place.plan)
            place.store.put(PLAN_PATH, data)
            if settings.store:
                (folder / PLAN_PATH).write_bytes(data)
            log.info("search_opened", search_id=place.plan.run_id, space=place.plan.size)
            yield
        except KeyboardInterrupt:
            log.info("search_interrupted")
            raise
        except Exception as error:
            log.info("search_failed", reason=cause_of(error), exc_info=True)
            error.add_note(f"the search's log is {folder / LOG_PATH}")
            raise


def _spend(
    story: Story,
    place: Place,
    executor: Executor,
    on_progress: OnProgress,
    started: float,
    settings: Settings,
) -> None:
    """Evaluate what is asked for, a batch at a time, until the budget or the space ends."""
    plan, archive = story.plan, story.archive
    log = run_log(Path(settings.out) / plan.run_id, settings.log_level)

    def evaluate(wanted: IntArray) -> bool:
        """Take in the new ones of the `wanted`; whether there is room for more."""
        story.asked += len(wanted)
        fresh = archive.new(wanted)[: plan.count - len(archive)]
        if fresh.size:
            batch = batch_of(place, story.batches, fresh, executor)
            archive.add(fresh, batch.standings)
            story.reused += len(fresh) * batch.reused
            if batch.reason:
                log.warning("batch_redone", batch=story.batches, reason=batch.reason)
            story.batches += 1
        seconds = time.perf_counter() - started
        on_progress(
            Progress(STAGE, len(archive), plan.count, len(archive), archive.survivors, seconds)
        )
        limit = story.choices.time_limit_s
        if len(archive) == plan.count:
            story.stopped_by = "whole space" if plan.count == plan.size else "budget"
        elif limit is not None and seconds >= limit:
            story.stopped_by = "time limit"
        return not story.stopped_by

    on_progress(Progress(STAGE, 0, plan.count, 0, 0, time.perf_counter() - started))
    if plan.count == plan.size:
        _ask_for_everything(plan, evaluate)
    else:
        _ask_the_islands(story, evaluate)


def _ask_for_everything(plan: Plan, evaluate: Evaluate) -> None:
    """A space within the budget needs no optimiser."""
    for start in range(0, plan.size, _WHOLE_SPACE_ROWS):
        stop = min(start + _WHOLE_SPACE_ROWS, plan.size)
        if not evaluate(np.arange(start, stop, dtype=np.int64)):
            return


def _ask_the_islands(story: Story, evaluate: Evaluate) -> None:
    # Imported here, since only a search pays for the optimiser.
    from pipeline.search.islands import ROLES, Island  # noqa: PLC0415

    plan, archive = story.plan, story.archive
    radices = plan.space.radices
    islands = [Island(number, radices, plan.seed) for number in range(len(ROLES))]
    weights = np.array(
        [int(np.prod(radices[place + 1 :], dtype=np.int64)) for place in range(len(radices))],
        dtype=np.int64,
    )
    quiet = 0
    while True:
        before = len(archive)
        asked = [island.ask(archive) @ weights for island in islands]
        if not evaluate(np.concatenate(asked)):
            break
        for island, ids in zip(islands, asked, strict=True):
            island.tell(ids, archive.fitness(ids, island.round.aim), len(archive))
        quiet = quiet + 1 if len(archive) == before else 0
        if quiet >= _NOTHING_NEW:
            story.stopped_by = "nothing new"
            break
    story.rounds = [each for island in islands for each in island.rounds]
