"""How a program that has read its request hands it to the flow it calls.

A flow's parameters are recorded by Prefect and stay plain JSON; a request, an open cluster and a
progress display are not JSON. They pass beside the parameters, within the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from flows.work import RunWork


@dataclass(frozen=True)
class HandOver:
    """Work that is ready to run, and whom to tell the id of its flow run."""

    work: RunWork
    started: Callable[[str], None] | None = None


_current: ContextVar[HandOver | None] = ContextVar("atlas_forge_hand_over", default=None)


@contextmanager
def hand_over(work: RunWork, started: Callable[[str], None] | None = None) -> Iterator[None]:
    """A flow called in this block takes `work` and reports the id of its flow run to `started`."""
    token = _current.set(HandOver(work, started))
    try:
        yield
    finally:
        _current.reset(token)


def handed_over_work() -> HandOver | None:
    """What the caller of this flow handed over; None when the flow has only its parameters.

    A function of a module of its own, since a served flow is pickled with the globals it names and
    a context variable cannot be.
    """
    return _current.get()
