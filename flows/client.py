"""Prefect's client side: which server it talks to, and that everything has arrived there."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from flows.server import EmbeddedServer

FLUSH_LIMIT_S: Final = 5.0


@contextmanager
def client_of(server: EmbeddedServer | None) -> Iterator[None]:
    """Everything Prefect does in the block goes to `server` and has arrived when it ends.

    None: the server that Prefect's own settings name.
    """
    values = server.client_environment() if server is not None else {}
    keys = (PREFECT_API_URL, PREFECT_API_AUTH_STRING)
    with temporary_settings({key: values[key.name] for key in keys if key.name in values}):
        try:
            yield
        finally:
            hand_in_the_rest()


def hand_in_the_rest() -> None:
    """Task states travel as events on a background thread, and so do log lines.

    A server that stops before they have arrived lacks them, and Prefect's threads then hold the
    exit of the program back while they look for it.
    """
    # in a thread of its own: beside a running event loop (a notebook) these would only return
    # something to await
    with ThreadPoolExecutor(1) as aside:
        for worker in (EventsWorker, APILogWorker):
            aside.submit(worker.drain_all, timeout=FLUSH_LIMIT_S).result()
