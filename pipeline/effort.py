"""What the workers of a stage did, beside the time in which they were there: the same figures for
the stage's log and for its metrics, wherever the workers are.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pipeline.stages.contract import Outcome


class Workers(Protocol):
    """What is asked of an executor: slots that are there now, and attempts lost so far."""

    slots: int
    retried: int


class Effort:
    """Counts partitions as they end. `rows` and `partitions` are those computed, not reused.

    Slots come and go, so the time that workers were there is summed up from partition to partition.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._retried_before = workers.retried
        self._looked = time.perf_counter()
        self._busy = self._computing = self._there = 0.0
        self.rows = self.partitions = 0

    def took(self, outcome: Outcome) -> None:
        """A partition ended."""
        self._look()
        self._busy += outcome.seconds
        if not outcome.reused:
            self._computing += outcome.seconds
            self.rows += outcome.rows
            self.partitions += 1

    @property
    def retried(self) -> int:
        """Attempts at a partition that were lost with their worker and begun again."""
        return self._workers.retried - self._retried_before

    def error_rate_pct(self, failed: int = 0) -> float:
        """Attempts that were lost, and `failed` partitions, of all attempts that ended [%]."""
        lost = self.retried + failed
        return 100.0 * lost / (self.partitions + lost) if lost else 0.0

    @property
    def calculation_ms(self) -> float:
        """Computing time of a permutation [ms], all workers together; 0 where none was computed."""
        return round(1_000 * self._computing / self.rows, 6) if self.rows else 0.0

    def utilisation_pct(self) -> float:
        """Time in which workers had a partition in hand, of the time that they were there [%]."""
        self._look()
        # A slot that came or went within the second is counted a moment late.
        return round(min(100.0, 100.0 * self._busy / self._there), 1) if self._there else 0.0

    def _look(self) -> None:
        now = time.perf_counter()
        self._there += self._workers.slots * (now - self._looked)
        self._looked = now
