"""The flow `atlas-forge-run`: one project through the five stages, a task a stage.

Its parameters are plain JSON that Prefect shows and keeps, so no secret is among them.
"""

# No `from __future__ import annotations`: a served flow is pickled without the names that only
# annotations use, and Prefect reads its parameters' types from them in the new process.
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.runtime import flow_run as this_run
from pydantic import Field

from flows.artifacts import ProgressArtifact, show_run, show_summary
from flows.handover import handed_over_work
from flows.hooks import STATE_HOOKS
from flows.secret_block import secrets_of_block
from flows.stages import (
    analysis_task,
    input_task,
    output_task,
    permutation_task,
    pruning_task,
)
from flows.turns import turn_of
from flows.work import LOOPBACK, RunWork

if TYPE_CHECKING:
    from pipeline.inputs import Request
    from pipeline.stages.contract import Progress

FLOW_NAME: Final = "atlas-forge-run"
MAX_CHARACTERS: Final = 1_048_576

# Without user, password or query: an address with a secret in it is refused before it is kept.
StoreAddress = Annotated[str, Field(max_length=1_000, pattern=r"^([a-z0-9]+://)?[^@?#\s]*$")]
ComputePlace = Annotated[
    str,
    Field(
        max_length=300,
        pattern=r"^(|threads|processes|serial|kubernetes|(tls|tcp)://[^/@?#\s]+:[0-9]+)$",
        examples=["threads", "processes", "serial", "kubernetes", "tls://scheduler:8786"],
    ),
]
BlockName = Annotated[str, Field(max_length=100, pattern=r"^[a-z0-9-]*$")]


@flow(
    name=FLOW_NAME,
    flow_run_name="atlas-forge",
    persist_result=False,
    description="Runs one project through the five stages: input, permutation, pruning, "
    "analysis, output. The same request again does only what is missing.",
    **STATE_HOOKS,
)
def atlas_forge_run(
    project: Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)],
    market: Annotated[str, Field(max_length=MAX_CHARACTERS)] = "",
    rulebook: Annotated[str, Field(max_length=MAX_CHARACTERS)] = "",
    out: Annotated[str, Field(max_length=1_000)] = "",
    workers: Annotated[int, Field(ge=0, le=1_024)] = 0,
    compute: ComputePlace = "",
    store: StoreAddress = "",
    partition_rows: Annotated[int, Field(ge=1, le=1_000_000)] | None = None,
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None,
    max_permutations: Annotated[int, Field(ge=1, le=10**12)] | None = None,
    owner: Annotated[str, Field(max_length=120)] = "",
    desk: Annotated[str, Field(max_length=32, pattern=r"^[a-z0-9_-]*$")] = "",
    log_level: Literal["debug", "info", "warning", "error"] = "warning",
    secrets: BlockName = "",
) -> dict[str, Any]:
    """Run one project and return the content of its summary.json.

    Args:
        project: Content of a project file, or the path of one where the run is carried out.
        market: Content of the market file that the project names; empty where that is builtin:NAME.
        rulebook: Content of the rulebook file that the project names; empty where that is
            builtin:NAME.
        out: Folder that holds the run folders; empty is what ATLAS_FORGE_OUT says there, else runs.
        workers: Threads or processes that compute; 0 is what ATLAS_FORGE_WORKERS says there, else
            one per core.
        compute: threads, processes or serial on this machine, tls://host:port of a running Dask
            scheduler, or kubernetes; empty is what ATLAS_FORGE_COMPUTE says there, else threads.
        store: Where checkpoints go, such as s3://bucket/prefix; empty is what ATLAS_FORGE_STORE
            says there, else the run folder. Credentials never stand here.
        partition_rows: Permutations in a partition; empty leaves it to the project.
        seed: Seed of the sample; empty leaves it to the project.
        max_permutations: Size of the sample; empty leaves it to the project.
        owner: For whom the run is made, as its manifest and audit trail name them; empty is what
            ATLAS_FORGE_OWNER says there, else the user of the process.
        desk: Whose run it is; its parts are kept under this name. Empty is what ATLAS_FORGE_DESK
            says there, else nobody's.
        log_level: Least level of what the flow run's process prints.
        secrets: Name of a Prefect Secret block with a JSON object of environment variables
            (ATLAS_FORGE_MONGO, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN).
    """
    ready = handed_over_work()
    if ready is not None:
        if ready.started is not None:
            ready.started(str(this_run.id))
        return _through_the_stages(ready.work)
    options = {
        "out": out or None,
        "workers": workers or None,
        "compute": compute or None,
        "store": store or None,
        "partition_rows": partition_rows,
        "seed": seed,
        "max_permutations": max_permutations,
        "owner": owner or None,
        "desk": desk or None,
        "log_level": log_level,
    }
    with secrets_of_block(secrets), _work_of(project, market, rulebook, options) as work:
        return _through_the_stages(work)


@contextmanager
def _work_of(
    project: str, market: str, rulebook: str, options: dict[str, Any]
) -> Iterator[RunWork]:
    from pipeline.settings import load_settings

    settings = load_settings(dashboard=f"{LOOPBACK}:0", **options)
    request = _request_of(project, market, rulebook)
    name = request.project.id if request.project else "unnamed"
    name_this_run(name)
    with turn_of(name), RunWork(request, settings, lambda progress: None) as work:
        yield work


def _request_of(project: str, market: str, rulebook: str) -> "Request":
    from pipeline.inputs import load_request
    from pipeline.inputs.carried import CarriedProject, load_carried

    if "\n" in project or project.lstrip().startswith("{"):
        return load_carried(CarriedProject(project, market, rulebook))
    return load_request(project if project.startswith("builtin:") else Path(project))


def _through_the_stages(work: RunWork) -> dict[str, Any]:
    from pipeline.cli.interrupts import ending_cleanly
    from pipeline.run_links import told_links

    bar = ProgressArtifact()
    caller_shows = work.on_progress

    def on_progress(progress: "Progress") -> None:
        caller_shows(progress)
        bar(progress)

    with ending_cleanly(on_progress) as watched:
        work.on_progress = watched
        run_id = input_task(work)
        name_this_run(run_id)
        done = permutation_task(work, run_id)
        dashboard, page = work.executor.dashboard_link, _page_of_this_run()
        show_run(run_id, str(work.run.folder), work.executor.slots, dashboard)
        told_links(work.run, shown=("prefect",), dask=dashboard, prefect=page)
        done = pruning_task(work, done)
        done = analysis_task(work, done)
        summary: dict[str, Any] = output_task(work, done)
        show_summary(summary)
        bar.finish()
    return summary


def _page_of_this_run() -> str | None:
    """The run's page in the web interface; a server of this run alone has none."""
    from prefect.utilities.urls import url_for

    handed = handed_over_work()
    if handed is not None and handed.started is not None:
        return None
    return url_for("flow-run", this_run.id)


def name_this_run(name: str) -> None:
    """A run is listed under its project, and under its run id once the input stage knows it."""
    with get_client(sync_client=True) as client:
        client.update_flow_run(this_run.id, name=name)
