"""One run on its way through the five stages: what each stage leaves for the next.

Kept out of the tasks' parameters: Prefect walks through parameters and stores them, and a run
holds tables and an open cluster. Every stage can be asked for again after a failure; the
checkpoints decide what is left to do.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from pipeline.redaction import errors_without_secrets

if TYPE_CHECKING:
    from pipeline.compute.executor import Executor
    from pipeline.compute.job import Job
    from pipeline.inputs import Request
    from pipeline.run_job import LastTold
    from pipeline.settings import Settings
    from pipeline.stages.contract import Progress, Run, StageResult
    from pipeline.storage.plan import Plan

LOOPBACK: Final = "127.0.0.1"


class RunWork:
    """The stages of one run, in order: each needs those before it."""

    def __init__(
        self, request: Request, settings: Settings, on_progress: Callable[[Progress], None]
    ) -> None:
        self.request = request
        self.settings = settings
        self.on_progress = on_progress
        self._executor: Executor | None = None
        self._open = ExitStack()
        self._run: Run | None = None
        self._plan: Plan | None = None

    @property
    def executor(self) -> Executor:
        """Where partitions run; opened on first use."""
        if self._executor is None:
            from pipeline.compute.executor import open_executor

            if self.settings.dashboard.startswith(LOOPBACK):
                import dask

                # Dask names the machine's public address, where this dashboard does not listen
                link = {"distributed.dashboard.link": f"http://{LOOPBACK}:{{port}}/status"}
                self._open.enter_context(dask.config.set(link))
            self._executor = self._open.enter_context(open_executor(self.settings, self._job()))
        return self._executor

    @cached_property
    def _progress(self) -> LastTold:
        from pipeline.run_job import LastTold

        def shown(progress: Progress) -> None:
            self.on_progress(progress)  # by then it may be the flow's own

        return LastTold(shown)

    def _job(self) -> Job | None:
        """What an executor is told of the run, once it is planned."""
        from pipeline.run_job import job_of

        if self._run is None or self._plan is None:
            return None
        return job_of(self._run, self._plan, self._progress)

    @property
    def run(self) -> Run:
        """What the input stage made."""
        if self._run is None:
            raise RuntimeError("the input stage has not run")
        return self._run

    @property
    def plan(self) -> Plan:
        """What the permutation stage made."""
        if self._plan is None:
            raise RuntimeError("the permutation stage has not run")
        return self._plan

    def warm_up(self) -> None:
        """The slow first times (imports, compiled kernels, the cluster), while a server starts."""
        from pipeline.engine import warm_up
        from pipeline.inputs.encode import problem_of
        from pipeline.settings import KUBERNETES

        warm_up(problem_of(self.request))
        # A cluster of the run's own is made once the run is planned: it is named and sized by it.
        if self.settings.compute != KUBERNETES:
            _ = self.executor

    @errors_without_secrets()
    def input(self, say: Callable[[str], None]) -> Run:
        """Validate and resolve; the run id is known from here on. `say` hears of waiting."""
        from pipeline.compute.executor import check_place
        from pipeline.logs import in_stage
        from pipeline.run_trail import opened
        from pipeline.stages.contract import INPUT
        from pipeline.stages.input import input_stage
        from pipeline.storage.audit import RUN

        opened_before = self._run is not None  # this is another try
        check_place(self.settings)
        with in_stage(INPUT):
            self._run = input_stage(self.request, self.settings, say)
        if not opened_before:
            opened(self._run, RUN)
        return self._run

    @errors_without_secrets()
    def permutation(self) -> Plan:
        """Write the plan."""
        from pipeline.run_trail import stage_told
        from pipeline.stages.contract import PERMUTATION
        from pipeline.stages.permutation import permutation_stage

        with stage_told(self.run, PERMUTATION):
            self._plan = permutation_stage(self.run)
        return self._plan

    @errors_without_secrets()
    def pruning(self) -> StageResult:
        """Generate, size and gate every permutation."""
        from pipeline.run_trail import stage_told
        from pipeline.stages.pruning import pruning_stage
        from pipeline.storage.checkpoints import PRUNING

        with stage_told(self.run, PRUNING):
            return pruning_stage(self.run, self.plan, self.executor, self._progress)

    @errors_without_secrets()
    def analysis(self) -> StageResult:
        """Compute every figure of the survivors."""
        from pipeline.run_trail import stage_told
        from pipeline.stages.analysis import analysis_stage
        from pipeline.storage.checkpoints import ANALYSIS

        with stage_told(self.run, ANALYSIS):
            return analysis_stage(self.run, self.plan, self.executor, self._progress)

    @errors_without_secrets()
    def output(self) -> dict[str, Any]:
        """Merge, rank, report; gives the summary. The cluster's memory is free by then."""
        from pipeline.run_trail import stage_told
        from pipeline.stages.contract import OUTPUT
        from pipeline.stages.output import output_stage

        self.close_executor()
        with stage_told(self.run, OUTPUT):
            return output_stage(self.run, self.plan, self.on_progress)

    def close_executor(self) -> None:
        """Close the cluster; the next use opens a new one (a retry does not trust the old one)."""
        self._executor = None
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        from pipeline.run_trail import closed
        from pipeline.storage.audit import RUN

        self.close_executor()
        if self._run is not None:
            closed(self._run, RUN, error)
