"""Keeps workers of another engine out of a run that has begun."""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import logging

from distributed import Worker, WorkerPlugin

from pipeline.storage.fingerprint import engine_fingerprint

_log = logging.getLogger(__name__)


class EngineGuard(WorkerPlugin):
    """Closes a worker that runs another engine than `expected`, before it is given any work.

    Workers that are there when a run begins are asked for their engines, and a difference ends the
    run. Later ones, after a rollout in the middle of a run, are sent away, and the run goes on.
    """

    name = "atlas-forge-engine-guard"

    def __init__(self, expected: str) -> None:
        self.expected = expected

    async def setup(self, worker: Worker) -> None:
        """Runs on a worker as it registers, before the scheduler's first task reaches it."""
        found = engine_fingerprint()
        if found == self.expected:
            return
        _log.error("this worker runs engine %s, the run needs %s: leaving", found, self.expected)
        await worker.close(nanny=True, reason="another engine")
