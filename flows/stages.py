"""The five stages as Prefect tasks.

No result of a task is cached or kept by Prefect: the run's checkpoints are the one truth for what
is done, so a flow run that is retried carries out every task again and each finds its checkpoints.
A stage is tried again only when its infrastructure failed (connection, store, scheduler); bad input
and failing partitions are not cured by repetition.
"""

# No `from __future__ import annotations`: a served flow is pickled without the names that only
# annotations use, and Prefect reads its parameters' types from them in the new process.
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.logging import get_run_logger

from flows.work import RunWork

if TYPE_CHECKING:
    from pipeline.stages.contract import StageResult


def infrastructure_failed(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether a stage failed for a reason that may pass: only then is it worth another try."""
    try:
        state.result(raise_on_failure=True)
    except (ConnectionError, TimeoutError):
        return True
    except OSError as error:
        # Dask's closed connections and fsspec's network errors are plain OSErrors without errno;
        # a full disk or a missing permission has one and will not pass by itself
        return error.errno is None
    except BaseException:  # noqa: BLE001 - asked what it was, not handling it
        return False
    return False


_STAGE: Final[dict[str, Any]] = {
    "cache_policy": NO_CACHE,
    "persist_result": False,
    "retries": 2,
    "retry_delay_seconds": [1, 5],
    "retry_condition_fn": infrastructure_failed,
}


def _tell(result: "StageResult") -> None:
    """What a stage did, in the log of its task: a retry shows there what it found done."""
    get_run_logger().info(
        "%s: %d of %d partitions reused, %d redone after damage",
        result.stage,
        result.reused,
        result.partitions,
        len(result.redone),
    )


@task(name="input", task_run_name="input", **_STAGE)
def input_task(work: RunWork) -> str:
    """Validate, resolve, name the run; wait, if another process works on it."""
    from pipeline.logs import told_on_stderr

    log = get_run_logger()

    def say(text: str) -> None:
        told_on_stderr(text)
        log.warning("%s", text)

    return str(work.input(say).run_id)


@task(name="permutation", task_run_name="permutation", **_STAGE)
def permutation_task(work: RunWork, after: str) -> str:
    """Write the plan."""
    work.permutation()
    return after


@task(name="pruning", task_run_name="pruning", **_STAGE)
def pruning_task(work: RunWork, after: str) -> str:
    """Size every permutation and put it through the gates."""
    with _fresh_cluster_after_failure(work):
        _tell(work.pruning())
    return after


@task(name="analysis", task_run_name="analysis", **_STAGE)
def analysis_task(work: RunWork, after: str) -> str:
    """Compute every figure of the survivors."""
    with _fresh_cluster_after_failure(work):
        _tell(work.analysis())
    return after


@task(name="output", task_run_name="output", **_STAGE)
def output_task(work: RunWork, after: str) -> dict[str, Any]:
    """Merge, rank, report."""
    return work.output()


@contextmanager
def _fresh_cluster_after_failure(work: RunWork) -> Iterator[None]:
    try:
        yield
    except Exception:
        work.close_executor()
        raise
