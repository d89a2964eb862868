"""What an executor is told of a run: whose it is, how much work, and whom to tell of waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.compute.job import Job
from pipeline.logs import run_log

if TYPE_CHECKING:
    from pipeline.stages.contract import OnProgress, Progress, Run
    from pipeline.storage.plan import Plan


class LastTold:
    """A progress callback that can be told again where the run stands."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._last: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        self._last = progress
        self._on_progress(progress)

    def again(self) -> None:
        """Tell the last progress once more."""
        if self._last is not None:
            self._on_progress(self._last)


def job_of(run: Run, plan: Plan, progress: LastTold) -> Job:
    """The job of a planned run.

    What it waits for goes into its log once. Progress is told again every second meanwhile: that is
    when a signal is heard.
    """
    said: set[str] = set()

    def on_wait(text: str) -> None:
        if text not in said:
            said.add(text)
            run_log(run.folder, run.settings.log_level).warning("waiting", reason=text)
        progress.again()

    def slot_seconds() -> float:
        from pipeline.estimate import estimate  # noqa: PLC0415 - a second, for who sizes a cluster

        found = estimate(plan.problem, plan.count, run.seed, run.partition_rows, slots=1)
        return found.seconds

    return Job(
        name=run.run_id,
        project=str(run.about["project"]["id"]),
        desk=str(run.about.get("desk", "")),
        slot_seconds=slot_seconds,
        on_wait=on_wait,
    )
