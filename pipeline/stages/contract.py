"""What the stages hand each other: the run, progress, a stage's result, a partition's task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pipeline.problem import Problem
from pipeline.settings import Settings
from pipeline.stages.counts import Counts
from pipeline.storage.checkpoints import Owner
from pipeline.storage.store import Store, open_store
from pipeline.storage.store_address import StoreAddress

INPUT: Final = "input"
PERMUTATION: Final = "permutation"
OUTPUT: Final = "output"


@dataclass(frozen=True)
class Run:
    """A validated request with a home. `about` is the static part of its manifest.

    `place` is where its checkpoints are; without a store it is the folder.
    `partition_rows` is what was asked for, None for the usual size.
    """

    run_id: str
    folder: Path
    place: StoreAddress
    settings: Settings
    seed: int
    size: int
    count: int
    partition_rows: int | None
    fingerprint: str
    problem: Problem
    about: dict[str, Any] = field(repr=False)

    @property
    def shares_store(self) -> bool:
        """Whether parts go elsewhere than into the run folder."""
        return bool(self.settings.store)

    @property
    def store(self) -> Store:
        """The checkpoint store of this run."""
        return open_store(self.place)


@dataclass(frozen=True)
class Progress:
    """How far a stage is: partitions `done` of `total`, rows of these, survivors so far."""

    stage: str
    done: int
    total: int
    rows: int
    survivors: int
    elapsed_s: float


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class PartitionTask:
    """What a worker receives: a number and a reference, never data.

    `rows` is None where the worker counts them: those of a partition of ids, of which a sample took
    some. `spans` is for the analysis stage: which survivors of which pruning partitions these are.
    """

    stage: str
    number: int
    rows: int | None
    plan_hash: str
    fingerprint: str
    place: StoreAddress
    spans: tuple[tuple[int, int, int], ...] = ()

    def __str__(self) -> str:
        return f"{self.stage} partition {self.number}"

    @property
    def owner(self) -> Owner:
        """Whose checkpoint this partition's is."""
        return Owner(self.plan_hash, self.fingerprint)

    @property
    def store(self) -> Store:
        """The checkpoint store, one connection per process."""
        return open_store(self.place)


@dataclass(frozen=True)
class Outcome:
    """What comes back of a partition. `reason`: why an earlier checkpoint did not count."""

    number: int
    rows: int
    record: Counts
    reused: bool
    reason: str | None
    seconds: float


@dataclass(frozen=True)
class StageResult:
    """A finished fan-out. `counts` are the partitions' records added up; `redone` says why."""

    stage: str
    partitions: int
    reused: int
    redone: tuple[tuple[int, str], ...]
    rows: int
    survivors: int
    counts: Counts
    seconds: float
