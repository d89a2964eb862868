"""The flow `atlas-forge-run`: one task a stage over the plain stage functions of the pipeline.

No result of a task is cached or kept by Prefect: the run's checkpoints are the one truth for what
is done. A stage is tried again only when its infrastructure failed (connection, store, scheduler);
bad input and failing partitions are not cured by repetition.
"""

# No `from __future__ import annotations`: a served flow is pickled without the names that only
# annotations use, and Prefect reads its parameters' types from them in the new process.
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from prefect import Task, flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State, TaskRun
from prefect.runtime import flow_run as this_run
from pydantic import Field

from flows.artifacts import ProgressArtifact, show_run, show_summary
from flows.handover import handed_over_work
from flows.work import LOOPBACK, RunWork

if TYPE_CHECKING:
    from pipeline.stages.contract import Progress

FLOW_NAME: Final = "atlas-forge-run"


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


@task(name="input", task_run_name="input", **_STAGE)
def input_task(work: RunWork) -> str:
    """Validate, resolve, name the run."""
    return str(work.input().run_id)


@task(name="permutation", task_run_name="permutation", **_STAGE)
def permutation_task(work: RunWork, after: str) -> str:
    """Write the plan."""
    work.permutation()
    return after


@task(name="pruning", task_run_name="pruning", **_STAGE)
def pruning_task(work: RunWork, after: str) -> str:
    """Size every permutation and put it through the gates."""
    with _fresh_cluster_after_failure(work):
        work.pruning()
    return after


@task(name="analysis", task_run_name="analysis", **_STAGE)
def analysis_task(work: RunWork, after: str) -> str:
    """Compute every figure of the survivors."""
    with _fresh_cluster_after_failure(work):
        work.analysis()
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


@flow(
    name=FLOW_NAME,
    flow_run_name="atlas-forge",
    persist_result=False,
    description="Runs one project through the five stages: input, permutation, pruning, "
    "analysis, output. The same request again does only what is missing.",
)
def atlas_forge_run(
    project: Annotated[str, Field(min_length=1, max_length=1_048_576)],
    out: Annotated[str, Field(min_length=1)] = "runs",
    workers: Annotated[int, Field(ge=0, le=1_024)] = 0,
    compute: Annotated[str, Field(max_length=300)] = "",
    store: str = "",
    partition_rows: Annotated[int, Field(ge=1, le=1_000_000)] | None = None,
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None,
    max_permutations: Annotated[int, Field(ge=1, le=10**12)] | None = None,
) -> dict[str, Any]:
    """Run one project and return the content of its summary.json.

    Args:
        project: Path of a project file where the run is carried out, or the content of one (its
            references are then builtin: names or absolute paths).
        out: Folder that holds the run folders.
        workers: Threads or processes that compute; 0 is one per core.
        compute: threads, processes or serial on this machine, tls://host:port of a running Dask
            scheduler, or kubernetes; empty is what ATLAS_FORGE_COMPUTE says there, else threads.
        store: Where checkpoints go, such as s3://bucket/prefix; empty is what ATLAS_FORGE_STORE
            says there, else the run folder.
        partition_rows: Permutations in a partition; empty leaves it to the project.
        seed: Seed of the sample; empty leaves it to the project.
        max_permutations: Size of the sample; empty leaves it to the project.
    """
    ready = handed_over_work()
    if ready is not None:
        if ready.started is not None:
            ready.started(str(this_run.id))
        return _through_the_stages(ready.work)
    options = {
        "out": out,
        "workers": workers,
        "compute": compute or None,
        "store": store or None,
        "partition_rows": partition_rows,
        "seed": seed,
        "max_permutations": max_permutations,
    }
    with _work_of(project, options) as work:
        return _through_the_stages(work)


@contextmanager
def _work_of(project: str, options: dict[str, Any]) -> Iterator[RunWork]:
    from pipeline.inputs import load_request
    from pipeline.settings import load_settings

    settings = load_settings(dashboard=f"{LOOPBACK}:0", **options)
    with tempfile.TemporaryDirectory(prefix="atlas-forge-") as folder:
        place = project
        if "\n" in project:
            place = str(Path(folder, "project.yaml"))
            Path(place).write_text(project, encoding="utf-8")
        with RunWork(load_request(place), settings, lambda progress: None) as work:
            yield work


def _through_the_stages(work: RunWork) -> dict[str, Any]:
    bar = ProgressArtifact()
    caller_shows = work.on_progress

    def on_progress(progress: "Progress") -> None:
        caller_shows(progress)
        bar(progress)

    work.on_progress = on_progress
    run_id = input_task(work)
    _name_this_run(run_id)
    done = permutation_task(work, run_id)
    show_run(run_id, str(work.run.folder), work.executor.slots, work.executor.dashboard_link)
    done = pruning_task(work, done)
    done = analysis_task(work, done)
    summary: dict[str, Any] = output_task(work, done)
    show_summary(summary)
    bar.finish()
    return summary


def _name_this_run(name: str) -> None:
    """A run id begins with its project's id; it is known once the input stage has resolved all."""
    with get_client(sync_client=True) as client:
        client.update_flow_run(this_run.id, name=name)
