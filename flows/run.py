"""The way into Prefect for a program that has read its request: `atlas-forge run` calls this.

Importing this module costs nothing: the server is started first, Prefect (a second) is imported
while it starts, and so are the engine and the cluster.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from threading import current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING, Any

from flows.handover import hand_over
from flows.server import NO_CALLS_HOME, EmbeddedServer
from flows.work import LOOPBACK, RunWork

if TYPE_CHECKING:
    from pipeline.inputs import Request
    from pipeline.settings import Settings
    from pipeline.stages.contract import Progress


def run_with_prefect(
    request: Request,
    settings: Settings,
    on_progress: Callable[[Progress], None],
) -> dict[str, Any]:
    """Run the five stages as a Prefect flow and return the content of summary.json.

    Uses the user's Prefect server if one is set (PREFECT_API_URL, or their Prefect profile),
    otherwise one of its own that ends with this call. Raises what the stages raise, InputErrors
    among them; ServerStartError; KeyboardInterrupt also for SIGTERM, once nothing is left running.
    """
    for name, value in NO_CALLS_HOME.items():
        os.environ.setdefault(name, value)
    with _sigterm_unwinds(), ExitStack() as resources:
        server = None if os.environ.get("PREFECT_API_URL") else EmbeddedServer()
        if server is not None:
            resources.callback(server.stop)
        from prefect.exceptions import TerminationSignal
        from prefect.settings import PREFECT_API_URL

        from flows.client import client_of
        from flows.flow import atlas_forge_run

        if server is not None and PREFECT_API_URL.value():  # a profile of the user names one
            server.stop()
            server = None
        resources.enter_context(_quiet_console(settings))
        work = resources.enter_context(RunWork(request, _with_dashboard(settings), on_progress))
        work.warm_up()
        resources.enter_context(client_of(server))
        started = server.watch_run if server is not None else None
        resources.enter_context(hand_over(work, started))
        try:
            summary: dict[str, Any] = atlas_forge_run(**parameters_of(request, settings))
        except TerminationSignal as ending:
            raise KeyboardInterrupt from ending
        return summary


def parameters_of(request: Request, settings: Settings) -> dict[str, Any]:
    """What the flow run is recorded with: plain JSON, addresses without credentials."""
    return {
        "project": request.file,
        "out": settings.out,
        "workers": settings.workers,
        "compute": settings.compute,
        "store": settings.store,
        "partition_rows": settings.partition_rows,
        "seed": settings.seed,
        "max_permutations": settings.max_permutations,
        "owner": settings.owner,
        "desk": settings.desk,
    }


def _with_dashboard(settings: Settings) -> Settings:
    """A run in Prefect links to the Dask dashboard; on this machine only, on any free port."""
    return settings if settings.dashboard else replace(settings, dashboard=f"{LOOPBACK}:0")


class _OnlyNews(logging.Filter):
    """Keeps the terminal for the progress bar and our own error messages.

    Prefect's lines of the run (tracebacks included) are in Prefect itself; Dask's chatter reaches
    the terminal only because importing Prefect gives the root logger a handler. A task that raised
    is told by the run's own message, without its traceback.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith(("prefect.flow_runs", "prefect.task_runs")):
            return False
        if record.name == "distributed.worker" and "Compute Failed" in record.getMessage():
            return False
        return record.levelno >= logging.WARNING or not record.name.startswith("distributed")


@contextmanager
def _quiet_console(settings: Settings) -> Iterator[None]:
    handlers = list(logging.getLogger().handlers)
    if settings.log_level in {"debug", "info"}:
        handlers = []
    only_news = _OnlyNews()
    for handler in handlers:
        handler.addFilter(only_news)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(only_news)


@contextmanager
def _sigterm_unwinds() -> Iterator[None]:
    """Let SIGTERM end the run the way Ctrl-C does, unless the program has its own handler.

    Prefect records the end and sends the signal again, to the handler it found.
    """
    default = signal.SIG_DFL
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGTERM) != default:
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, default)
