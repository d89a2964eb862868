"""What happens when a flow run fails, crashes or is cancelled: clean up, and tell people.

Prefect calls these in the flow run's own process after a failure, and in the worker's after a
crash or a cancellation, where that process is gone. The worker's may have its environment alone.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.logging import get_logger
from prefect.states import Cancelled
from prefect.utilities.urls import url_for

if TYPE_CHECKING:
    from prefect.flows import Flow

# TYPE/NAME of a notification block, such as slack-webhook/ops or custom-webhook/desk.
NOTIFY_VARIABLE: Final = "ATLAS_FORGE_NOTIFY"

_log = get_logger("atlas_forge.hooks")


def tell_people(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Send name, state and address of the flow run through the block that ATLAS_FORGE_NOTIFY names.

    Not the state's message: it may quote a project file. Who reads the notification is not known.
    """
    name = os.environ.get(NOTIFY_VARIABLE)
    if not name:
        return
    from prefect.blocks.core import Block

    flow_run = _as_it_is_now(flow_run)
    load: Any = Block.load  # its types know only the coroutine
    block = load(name, _sync=True)
    state = flow_run.state or state
    link = url_for("flow-run", flow_run.id) or f"flow run {flow_run.id}"
    block.notify(
        body=f"{flow.name}: {flow_run.name} is {state.name}. {link}",
        subject=f"Atlas Forge: {flow_run.name} {state.name}",
    )
    _log.info("people were told by %s that %s is %s", name, flow_run.name, state.name)


def delete_cluster(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Delete the cluster on Kubernetes that the run may have left.

    The run itself does so whenever it ends by its own; after a SIGKILL nobody has.
    """
    del flow, state  # Prefect gives them by name
    from pipeline.settings import KUBERNETES, load_settings

    asked = flow_run.parameters.get("compute")
    if (asked or os.environ.get("ATLAS_FORGE_COMPUTE")) != KUBERNETES:
        return
    from pipeline.compute.kubernetes import delete_cluster as delete

    name = _as_it_is_now(flow_run).name  # the run's id, from its input stage on
    store = flow_run.parameters.get("store") or None
    if delete(load_settings(compute=KUBERNETES, store=store), name):
        _log.info("the cluster of %s was deleted", name)


def call_it_cancelled(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """A run that somebody cancelled is Cancelled, whatever its process made of the signal.

    A worker tells the process first that the signal means a cancellation, and waits a second for
    its answer. A busy process is too late for that, and reports a crash.
    """
    del flow, state
    with get_client(sync_client=True) as client:
        states = sorted(client.read_flow_run_states(flow_run.id), key=lambda each: each.timestamp)
        if [each.type for each in states[-2:]] == [StateType.CANCELLING, StateType.CRASHED]:
            cancelled: State[Any] = Cancelled(message="The run was cancelled.")
            client.set_flow_run_state(flow_run.id, cancelled, force=True)


def _as_it_is_now(flow_run: FlowRun) -> FlowRun:
    """A worker knows a run as it was before it began, with another name."""
    with get_client(sync_client=True) as client:
        return client.read_flow_run(flow_run.id)


STATE_HOOKS: Final[dict[str, Any]] = {
    "on_failure": [delete_cluster, tell_people],
    "on_crashed": [call_it_cancelled, delete_cluster, tell_people],
    "on_cancellation": [delete_cluster, tell_people],
}
