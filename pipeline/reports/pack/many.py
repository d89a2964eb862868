"""Several packs of a run, made in as many processes as there are cores.

A pack is seconds of Python that hold the interpreter's lock, so threads would not help. A process
opens the run itself; nothing but a number goes there and a list of files comes back.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.explain.run import StoredRun, stored_run
from pipeline.places import results_of
from pipeline.reports.pack.bundle import WrittenPack, write_pack
from pipeline.reports.pack.dossier import dossier_of


@dataclass(frozen=True)
class Order:
    """Packs asked for: of which run, in which formats, and where they go.

    `out` and `mongo` are as `results_of` takes them; `names` stand in for those the run was given.
    """

    run_id: str
    parent: Path
    formats: tuple[str, ...]
    out: str | None = None
    mongo: str | None = None
    names: dict[str, Any] | None = None

    def packs(self, numbers: Sequence[int]) -> Iterator[WrittenPack]:
        """Write the packs of structures, told in their order as they are done.

        Raises what `dossier_of` and `write_pack` raise, for the first structure that has a problem.
        """
        slots = min(len(numbers), len(os.sched_getaffinity(0)))
        if slots < 2:
            yield from map(self.pack, numbers)
            return
        # A fresh interpreter: a fork would copy the locks of threads that are not in it.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(slots, mp_context=context) as pool:
            try:
                yield from pool.map(self.pack, numbers)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def pack(self, number: int) -> WrittenPack:
        """Write the pack of one structure, in this process."""
        run = _opened(self.run_id, self.out, self.mongo)
        return write_pack(self.parent, dossier_of(run, number, self.names), self.formats)


@lru_cache(maxsize=1)
def _opened(run_id: str, out: str | None, mongo: str | None) -> StoredRun:
    return stored_run(results_of(out, mongo), run_id)
