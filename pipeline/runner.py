"""A run from beginning to end in this process, without a flow engine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.compute import open_executor
from pipeline.compute.executor import cause_of, check_place
from pipeline.logs import LOG_PATH, in_stage, run_log
from pipeline.run_job import LastTold, job_of
from pipeline.run_links import told_links
from pipeline.run_trail import on_the_trail, stage_told
from pipeline.settings import Settings
from pipeline.stages.analysis import analysis_stage
from pipeline.stages.contract import INPUT, OUTPUT, PERMUTATION, OnProgress, Progress, Run
from pipeline.stages.input import input_stage, reopen
from pipeline.stages.output import Summary, output_stage
from pipeline.stages.permutation import permutation_stage
from pipeline.stages.pruning import pruning_stage
from pipeline.storage import audit
from pipeline.storage.checkpoints import ANALYSIS, PRUNING

if TYPE_CHECKING:
    from pipeline.inputs import Request


def run_direct(request: Request, settings: Settings, on_progress: OnProgress) -> Summary:
    """All five stages over a request; returns summary.json.

    What has a sound checkpoint is not computed again. Raises RunIsBusyError, PartitionsFailed,
    MergeRefusedError, DamagedPartError, OSError.
    """
    check_place(settings)
    with in_stage(INPUT):
        run = input_stage(request, settings)
    return _after_input(run, audit.RUN, on_progress)


def resume_direct(run_id: str, settings: Settings, on_progress: OnProgress) -> Summary:
    """The stages after input over a stored plan. Raises what `reopen` and `run_direct` do."""
    with in_stage(INPUT):
        run = reopen(run_id, settings)
    return _after_input(run, audit.RESUME, on_progress)


def _after_input(run: Run, action: str, on_progress: OnProgress) -> Summary:
    with on_the_trail(run, action), _told_in_the_log(run):
        started = time.perf_counter()
        with stage_told(run, PERMUTATION):
            plan = permutation_stage(run)
        elapsed = time.perf_counter() - started
        progress = LastTold(on_progress)
        progress(Progress(PERMUTATION, 1, 1, plan.count, 0, elapsed))
        with open_executor(run.settings, job_of(run, plan, progress)) as executor:
            told_links(run, shown=("dask",), dask=executor.dashboard_link)
            with stage_told(run, PRUNING):
                pruning_stage(run, plan, executor, progress)
            with stage_told(run, ANALYSIS):
                analysis_stage(run, plan, executor, progress)
        with stage_told(run, OUTPUT):
            return output_stage(run, plan, progress)


@contextmanager
def _told_in_the_log(run: Run) -> Iterator[None]:
    """How a run ends badly goes into its log; the error carries a pointer there."""
    log = run_log(run.folder, run.settings.log_level)
    try:
        yield
    except KeyboardInterrupt:
        log.info("run_interrupted")
        raise
    except Exception as error:
        log.info("run_failed", reason=cause_of(error), exc_info=True)
        error.add_note(f"the run's log is {run.folder / LOG_PATH}")
        raise
