"""Ctrl-C and SIGTERM end a run cleanly: checkpoints whole, workers closed, exit 130."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pipeline.stages.contract import OnProgress, Progress

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_STOPPING: Final = b"stopping after the partitions in flight; a second signal stops at once\n"


class _Interrupt:
    """Ends the run at once, or between two partitions while a cluster is open.

    An exception in the middle of Dask's own code leaves its queues in pieces and its complaints
    on the terminal; the next partition is only milliseconds away. A second signal does not wait.
    How it ends is for the handler that was there before (a flow engine's raises an exception of
    its own); without one it is a KeyboardInterrupt.
    """

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._before: dict[int, Any] = {}
        self._waiting: int | None = None
        self._cluster_open = False

    def install(self) -> None:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._handle)

    def remove(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._waiting is not None or not self._cluster_open:
            self._end(number, frame)
        self._waiting = number
        # Not by a stream: the signal may have come in the middle of one's work.
        os.write(sys.stderr.fileno(), _STOPPING)

    def _end(self, number: int, frame: FrameType | None) -> None:
        before = self._before[number]
        if callable(before):
            before(number, frame)
        raise KeyboardInterrupt

    def show(self, progress: Progress) -> None:
        # The runner opens the cluster after `permutation` and has closed it before `output`.
        self._cluster_open = progress.stage != "output"
        self._on_progress(progress)
        if self._waiting is not None:
            self._end(self._waiting, None)


@contextmanager
def ending_cleanly(on_progress: OnProgress) -> Iterator[OnProgress]:
    """The callback to give a run instead of `on_progress`, while signals are handled.

    Only the main thread gets signals: in any other nothing changes.
    """
    interrupt = _Interrupt(on_progress)
    if current_thread() is main_thread():
        interrupt.install()
    try:
        yield interrupt.show
    finally:
        interrupt.remove()


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
