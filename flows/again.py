"""Flows for single stages of a run that is there: rank it again, report it again."""

# No `from __future__ import annotations`: see flows/flow.py
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

from prefect import flow
from pydantic import Field

from flows.artifacts import ProgressArtifact, show_summary
from flows.flow import BlockName, ComputePlace, StoreAddress, name_this_run
from flows.hooks import STATE_HOOKS
from flows.secret_block import secrets_of_block

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from pipeline.stages.contract import OnProgress

RunId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=80,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        examples=["small-1a2b3c4d5e6f"],
    ),
]
Folder = Annotated[str, Field(max_length=1_000)]
LogLevel = Literal["debug", "info", "warning", "error"]


@flow(
    name="atlas-forge-rank-again",
    flow_run_name="{run_id}",
    persist_result=False,
    description="Merges and ranks the checkpoints of a run anew and writes all its outputs. "
    "Missing partitions are computed.",
    **STATE_HOOKS,
)
def rank_again(
    run_id: RunId,
    out: Folder = "",
    compute: ComputePlace = "",
    store: StoreAddress = "",
    log_level: LogLevel = "warning",
    secrets: BlockName = "",
) -> dict[str, Any]:
    """Rank a run again and return the content of its summary.json.

    Args:
        run_id: The run, as its folder is called.
        out: Folder that holds the run folders; empty is what ATLAS_FORGE_OUT says there, else runs.
        compute: Where missing partitions are computed; empty is what ATLAS_FORGE_COMPUTE says.
        store: Where its checkpoints are; empty is what ATLAS_FORGE_STORE says there.
        log_level: Least level of what the flow run's process prints.
        secrets: Name of a Prefect Secret block with a JSON object of environment variables.
    """
    from pipeline.again import rank_again as carry_out

    options = {"out": out, "compute": compute, "store": store, "log_level": log_level}
    with secrets_of_block(secrets), _shown(run_id) as on_progress:
        summary = carry_out(run_id, _settings(options), on_progress)
        show_summary(summary)
    return summary


@flow(
    name="atlas-forge-report-again",
    flow_run_name="{run_id}",
    persist_result=False,
    description="Writes the report of a finished run anew, and brings it into the database.",
    **STATE_HOOKS,
)
def report_again(
    run_id: RunId,
    out: Folder = "",
    store: StoreAddress = "",
    log_level: LogLevel = "warning",
    secrets: BlockName = "",
) -> dict[str, Any]:
    """Report a run again and return the content of its summary.json.

    Args:
        run_id: The run, as its folder is called.
        out: Folder that holds the run folders; empty is what ATLAS_FORGE_OUT says there, else runs.
        store: Where its checkpoints are; empty is what ATLAS_FORGE_STORE says there.
        log_level: Least level of what the flow run's process prints.
        secrets: Name of a Prefect Secret block with a JSON object of environment variables.
    """
    from pipeline.again import report_again as carry_out

    options = {"out": out, "store": store, "log_level": log_level}
    with secrets_of_block(secrets), _shown(run_id) as on_progress:
        summary = carry_out(run_id, _settings(options), on_progress)
        show_summary(summary)
    return summary


def _settings(options: dict[str, Any]) -> "Settings":
    from pipeline.settings import load_settings

    return load_settings(**{name: value or None for name, value in options.items()})


@contextmanager
def _shown(run_id: str) -> Iterator["OnProgress"]:
    from pipeline.cli.interrupts import ending_cleanly
    from pipeline.redaction import errors_without_secrets

    name_this_run(run_id)
    bar = ProgressArtifact()
    with errors_without_secrets(), ending_cleanly(bar) as on_progress:
        yield on_progress
        bar.finish()
