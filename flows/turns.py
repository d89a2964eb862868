"""Runs of one project take turns: a concurrency limit of Prefect a project.

The limit is made when a project is first seen, with as many slots as ATLAS_FORGE_RUNS_PER_PROJECT
says (default 1; 0: runs take no turns); `prefect gcl update` changes it from then on. A slot is
held by a lease that the run renews, so that a killed run holds its slot for a minute at most.
Correctness never rests on it: two processes on one run settle that between themselves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.logging import get_run_logger

from pipeline.settings import BadSettingError

LIMIT_PREFIX: Final = "atlas-forge-project-"
SLOTS_VARIABLE: Final = "ATLAS_FORGE_RUNS_PER_PROJECT"
MOST_SLOTS: Final = 1_000
LEASE_S: Final = 60  # the least that Prefect's server takes


@contextmanager
def turn_of(project_id: str) -> Iterator[None]:
    """One run of `project_id` after the other, as the project's limit allows."""
    slots = slots_of_a_project()
    if not slots:
        yield
        return
    name = limit_of(project_id)
    _make_limit(name, slots)
    log = get_run_logger()
    log.info("waiting for a turn of %s", name)
    with concurrency(name, lease_duration=LEASE_S, raise_on_lease_renewal_failure=False):
        log.info("it is this run's turn")
        yield


def limit_of(project_id: str) -> str:
    """Name of a project's limit. Project ids are plain letters, digits and dashes."""
    return f"{LIMIT_PREFIX}{project_id}"


def slots_of_a_project() -> int:
    """Runs of one project at a time. Raises BadSettingError."""
    text = os.environ.get(SLOTS_VARIABLE) or "1"
    if not (text.isdecimal() and int(text) <= MOST_SLOTS):
        raise BadSettingError(f"{SLOTS_VARIABLE}: {text!r} is not from 0 to {MOST_SLOTS}")
    return int(text)


def _make_limit(name: str, slots: int) -> None:
    with get_client(sync_client=True) as client:
        try:
            client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            limit = GlobalConcurrencyLimitCreate(name=name, limit=slots, active=True)
            try:
                client.create_global_concurrency_limit(limit)
            except ObjectAlreadyExists:  # another run of the project was faster
                return
