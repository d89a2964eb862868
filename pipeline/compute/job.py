"""What an executor is opened for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

_log = logging.getLogger(__name__)


def _say(text: str) -> None:
    _log.warning("%s", text)


def _unknown() -> None:
    return None


@dataclass(frozen=True)
class Job:
    """Names a cluster that is made for it, says how large it has to be, and hears of waiting.

    name: the run, or the command and the run.
    project, desk: whose it is; labels of the cluster.
    slot_seconds: the work ahead in seconds of one slot, or None; asked once, by who needs it.
    on_wait: called about once a second, in the thread that computes, while nothing can go on, with
        what is waited for. It may raise to end the run.
    """

    name: str = "atlas-forge"
    project: str = ""
    desk: str = ""
    slot_seconds: Callable[[], float | None] = _unknown
    on_wait: Callable[[str], None] = _say
