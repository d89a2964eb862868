"""Ctrl-C and SIGTERM end a run cleanly: checkpoints whole, workers closed, exit 130."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pipeline.stages.contract import OnProgress, Progress

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class _Interrupt:
    """Raises KeyboardInterrupt at once, or between two partitions while a cluster is open.

    An exception in the middle of Dask's own code leaves its queues in pieces and its complaints
    on the terminal; the next partition is only milliseconds away. A second signal does not wait.
    """

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._waiting = False
        self._cluster_open = False

    def handle(self, _: int, __: FrameType | None) -> None:
        if self._waiting or not self._cluster_open:
            raise KeyboardInterrupt
        self._waiting = True

    def show(self, progress: Progress) -> None:
        # The runner opens the cluster after `permutation` and has closed it before `output`.
        self._cluster_open = progress.stage != "output"
        self._on_progress(progress)
        if self._waiting:
            raise KeyboardInterrupt


@contextmanager
def ending_cleanly(on_progress: OnProgress) -> Iterator[OnProgress]:
    """The callback to give a direct run instead of `on_progress`, while signals are handled."""
    interrupt = _Interrupt(on_progress)
    before = {number: signal.signal(number, interrupt.handle) for number in _SIGNALS}
    try:
        yield interrupt.show
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def sigterm_as_ctrl_c() -> Iterator[None]:
    """SIGTERM as KeyboardInterrupt, for a run whose flow engine handles Ctrl-C itself."""

    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
