"""Asks a Prefect server for runs of a deployment, watches them and cancels them.

`atlas-forge submit` and `cancel` call this, and so does the inbox flow. The content of the project
travels as a parameter: the worker needs no file of the asking machine.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import httpx

from flows.server import NO_CALLS_HOME
from pipeline.redaction import redacted_text

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

    from pipeline.inputs.carried import CarriedProject

DEPLOYMENT: Final = "atlas-forge-run/run"
PROJECT_TAG: Final = "project:"
POLL_S: Final = 2.0
PATIENCE_S: Final = 300.0
_BAD_INPUT: Final = ("InputErrors", "BadSettingError", "BadSecretBlockError", "ParameterTypeError")
_WAITING: Final = ("SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING")


class AskingError(Exception):
    """The server cannot be asked, or said no; the text says why and what to do."""


@dataclass(frozen=True)
class Asked:
    """A flow run: id, name, name of its state, message of it, and its page in the web interface."""

    id: str
    name: str
    state: str
    message: str
    url: str

    @property
    def is_over(self) -> bool:
        """Whether it ended, well or not."""
        return self.state in ("Completed", "Failed", "Crashed", "Cancelled", "TimedOut")

    @property
    def exit_code(self) -> int:
        """What `atlas-forge run` would have ended with: 0 done, 1 failed, 2 bad input, 130."""
        if self.state == "Completed":
            return 0
        if self.state == "Cancelled":
            return 130
        bad = self.state == "Failed" and any(f": {kind}" in self.message for kind in _BAD_INPUT)
        return 2 if bad else 1


def submit(
    carried: CarriedProject,
    project_id: str,
    parameters: dict[str, Any],
    deployment: str = DEPLOYMENT,
    key: str | None = None,
) -> Asked:
    """Ask for a run; `parameters` are the flow's besides the project. Returns at once.

    One `key` is one run, however often it is asked for. Raises AskingError.
    """
    from prefect.exceptions import ObjectNotFound

    texts = {"project": carried.project, **carried.attached()}
    with _server() as client:
        try:
            found = client.read_deployment_by_name(deployment)
        except (ObjectNotFound, ValueError):
            raise AskingError(
                f"there is no deployment {deployment!r} at {client.api_url}; `prefect deploy --all`"
                " or `python -m flows.deploy` makes some, `prefect deployment ls` lists them"
            ) from None
        run = client.create_flow_run_from_deployment(
            found.id,
            parameters={**texts, **parameters},
            name=project_id,
            tags=[f"{PROJECT_TAG}{project_id}"],
            idempotency_key=key,
        )
        return _asked(run)


def watch(run_id: str, show: Callable[[float, str], None], poll_s: float = POLL_S) -> Asked:
    """Wait for the end of a flow run; `show` hears its progress in percent, in words.

    A server that does not answer is asked for five more minutes. Raises AskingError.
    """
    told = ""
    answered = time.monotonic()
    while True:
        try:
            with _server() as client:
                run = _asked(client.read_flow_run(UUID(run_id)))
                percent, words = _progress(client, run_id)
        except AskingError:
            if time.monotonic() - answered > PATIENCE_S:
                raise
            time.sleep(poll_s)
            continue
        answered = time.monotonic()
        line = f"{run.name}: {run.state}" + (f", {words}" if words else "")
        if line != told:
            show(percent, line)
            told = line
        if run.is_over:
            return run
        time.sleep(poll_s)


def cancel(which: str) -> Asked:
    """Cancel the flow run of this id, or the one under way that has this name (a run id).

    What it computes is finished and kept; the same request goes on from there. Raises AskingError.
    """
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.exceptions import ObjectNotFound
    from prefect.states import Cancelling

    with _server() as client:
        try:
            run = client.read_flow_run(UUID(which))
        except ObjectNotFound:
            raise AskingError(f"there is no flow run {which} at {client.api_url}") from None
        except ValueError:  # no id of a flow run: its name
            chosen = {"name": {"any_": [which]}, "state": {"type": {"any_": list(_WAITING)}}}
            runs = client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(chosen))
            if len(runs) != 1:
                many = ", ".join(str(each.id) for each in runs)
                raise AskingError(
                    f"several flow runs are called {which}: {many}; cancel one by its id"
                    if runs
                    else f"no flow run called {which} is under way at {client.api_url}"
                ) from None
            (run,) = runs
        if not _asked(run).is_over:
            client.set_flow_run_state(run.id, Cancelling())
        return _asked(client.read_flow_run(run.id))


@contextmanager
def _server() -> Iterator[SyncPrefectClient]:
    """A client of the server that PREFECT_API_URL or the person's Prefect profile names."""
    for name, value in NO_CALLS_HOME.items():
        os.environ.setdefault(name, value)
    from prefect.client.orchestration import get_client
    from prefect.exceptions import PrefectHTTPStatusError
    from prefect.settings import PREFECT_API_URL

    url = PREFECT_API_URL.value()
    if not url:
        raise AskingError("PREFECT_API_URL is not set: this needs the address of a Prefect server")
    try:
        with get_client(sync_client=True) as client:
            yield client
    except PrefectHTTPStatusError as error:
        answer = error.response
        if answer.status_code in (401, 403):
            said = "it takes no request without its credential (PREFECT_API_AUTH_STRING)"
        else:
            said = " ".join(answer.text.split())[:2_000]
        raise AskingError(
            redacted_text(f"the Prefect server at {url} refused ({answer.status_code}): {said}")
        ) from None
    except httpx.HTTPError as error:
        text = str(error) or type(error).__name__
        raise AskingError(
            redacted_text(f"the Prefect server at {url} does not answer: {text}")
        ) from None


def _asked(run: FlowRun) -> Asked:
    from prefect.utilities.urls import url_for

    message = run.state.message if run.state and run.state.message else ""
    url = url_for("flow-run", run.id) or ""
    return Asked(str(run.id), run.name, str(run.state_name), message, url)


def _progress(client: SyncPrefectClient, run_id: str) -> tuple[float, str]:
    """Percent and words of a run's progress bar; nothing before it has one."""
    from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter

    found = client.read_artifacts(
        flow_run_filter=FlowRunFilter.model_validate({"id": {"any_": [run_id]}}),
        artifact_filter=ArtifactFilter.model_validate({"type": {"any_": ["progress"]}}),
    )
    if not found:
        return 0.0, ""
    last = max(found, key=lambda each: str(each.updated))  # a retried run has one an attempt
    return float(str(last.data)), last.description or ""
