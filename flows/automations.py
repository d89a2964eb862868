"""`python -m flows.automations`: what a Prefect server is told once, so that it notices dead runs.

A worker reports a run whose process died. Where the worker died as well, nobody does: the run stays
Running for ever. Flow runs send heartbeats; one that sends none any more, and has not ended, is
crashed by this automation, and can then be retried. Running the command again changes it.
"""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from typing import Any, Final

from prefect.automations import Automation
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.settings import get_current_settings

NAME: Final = "atlas-forge: a run without a heartbeat has crashed"
MISSED_BEATS: Final = 3
# A run that is over, or waits to be tried again, sends no heartbeat either.
_ALSO_WELL: Final = (
    "Completed", "Failed", "Crashed", "Cancelled", "Cancelling", "Paused", "Suspended",
    "Scheduled", "Late", "AwaitingRetry", "AwaitingConcurrencySlot", "Pending",
)  # fmt: skip


def crash_the_silent(within_s: float | None = None) -> Automation:
    """Make or replace the automation; returns it.

    `within_s`: silence that counts [s]; None is three of the heartbeats that this machine's
    Prefect settings name (PREFECT_FLOWS_HEARTBEAT_FREQUENCY).
    """
    if within_s is None:
        within_s = MISSED_BEATS * (get_current_settings().flows.heartbeat_frequency or 180)
    heartbeat = "prefect.flow-run.heartbeat"
    automation = Automation(
        name=NAME,
        description="The process of the run and its worker are gone; Retry goes on from there.",
        tags=["atlas-forge"],
        trigger=EventTrigger(
            after={heartbeat},
            expect={heartbeat, *(f"prefect.flow-run.{state}" for state in _ALSO_WELL)},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            match_related={
                "prefect.resource.role": "flow",
                "prefect.resource.name": ["atlas-forge-*"],
            },
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=within_s),
        ),
        actions=[
            ChangeFlowRunState(
                name="Crashed",
                state=StateType.CRASHED,
                force=False,
                message=f"No heartbeat for {within_s:.0f} s.",
            )
        ],
    )
    kind: Any = Automation  # its types know the coroutines
    try:
        automation.id = kind.read(name=NAME).id
    except ValueError:
        automation.create()
    else:
        automation.update()
    return automation


def main() -> None:
    """Command line of the module."""
    parser = argparse.ArgumentParser(prog="python -m flows.automations", description=__doc__)
    parser.add_argument("--within", type=float, metavar="S", help="silence that counts, in seconds")
    made = crash_the_silent(parser.parse_args().within)
    print(f"{made.name}: {made.description}", file=sys.stderr)


if __name__ == "__main__":
    main()
