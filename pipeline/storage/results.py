"""Results of finished runs: the interface, and the form that reads a run folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.storage import hold
from pipeline.storage.checkpoints import PRUNING, part_path
from pipeline.storage.manifest import (
    MANIFEST_PATH,
    UnreadableDocumentError,
    file_digest,
    read_json,
)
from pipeline.storage.plan import PLAN_PATH
from pipeline.storage.rows import ParquetRows, RowSource
from pipeline.storage.store import Store, open_folder

RANKED_PATH: Final = "ranked.parquet"
SUMMARY_PATH: Final = "summary.json"
REPORT_PATH: Final = "reports/summary.pdf"
NEAR_MISSES_PATH: Final = "reports/near_misses.parquet"
EVALUATED_PATH: Final = "evaluated"
FINISHED: Final = "finished"
RUNNING: Final = "running"
INTERRUPTED: Final = "interrupted"
_ID: Final = "permutation_id"
_ROWS_UNPACKED: Final = 2_000  # of all columns at a time, where one row is looked for

Rows = list[dict[str, Any]]


class NoSuchRunError(Exception):
    """No run of that name, or one that has not got that far."""


@dataclass(frozen=True)
class RunLine:
    """A run in a list of runs. `created_at` is UTC, to the millisecond.

    `owner` is who asked for it first; `market` and `rulebook` are the names of its books; `holder`
    is who works on it now.
    """

    run_id: str
    state: str
    created_at: str
    permutations: int
    title: str
    owner: str = ""
    desk: str = ""
    market: str = ""
    rulebook: str = ""
    holder: str = ""


class ResultsStore(Protocol):
    """What can be asked of the results of runs, wherever they are kept.

    Everything about one run raises NoSuchRunError where it is not there or not finished,
    UnreadableDocumentError and OSError where it was damaged.
    """

    where: str

    def listed(self, on_problem: Callable[[str], None]) -> list[RunLine]:
        """The runs, newest first; one that cannot be read is told to `on_problem`."""

    def manifest(self, run_id: str) -> dict[str, Any]:
        """manifest.json of a run."""

    def plan(self, run_id: str) -> dict[str, Any]:
        """plan.json of a run."""

    def rows(self, run_id: str) -> RowSource:
        """The ranked rows of a finished run."""

    def row(
        self, run_id: str, permutation_id: int, partition: int | None = None
    ) -> tuple[str, dict[str, Any]] | None:
        """Where a run keeps a permutation, and that row; None if its sample does not hold it.

        `partition` is what `Plan.partition_of` says, where that is known. Of one that a gate
        rejected the row may be empty: its figures are computed when asked for.
        """

    def summary(self, run_id: str) -> dict[str, Any]:
        """summary.json of a finished run. Raises NoSuchRunError, UnreadableDocumentError."""

    def top(self, run_id: str, rows: int) -> Rows:
        """The best `rows` survivors as plain values. Raises NoSuchRunError."""

    def files(self, run_id: str) -> dict[str, str]:
        """sha256 of each file that can be fetched, by path; ranked.parquet is not among them."""

    def file(self, run_id: str, path: str) -> bytes:
        """A file of `files`. Raises UnreadableDocumentError if it is not as it was sealed."""


class LocalResults:
    """Run folders under one folder; `store_of` says where the parts of a run's folder are."""

    def __init__(self, out: Path, store_of: Callable[[Path], Store] | None = None) -> None:
        self.out = out
        self.where = str(out)
        self._store_of = store_of or open_folder

    def runs(self) -> list[str]:
        """A run is a folder with a manifest."""
        try:
            found = [path.parent for path in self.out.glob("*/manifest.json")]
        except OSError:
            return []
        found.sort(key=lambda folder: (folder / "manifest.json").stat().st_mtime, reverse=True)
        return [folder.name for folder in found]

    def listed(self, on_problem: Callable[[str], None]) -> list[RunLine]:
        """Finished, running and interrupted runs."""
        found = []
        for run_id in self.runs():
            try:
                manifest = self.manifest(run_id)
                holder = self._holder(self.out / run_id, bool(manifest["outputs"]))
            except UnreadableDocumentError as error:
                on_problem(f"{run_id}: {error}")
                continue
            state = RUNNING if holder else FINISHED if manifest["outputs"] else INTERRUPTED
            found.append(
                RunLine(
                    run_id,
                    state,
                    manifest["created_at"],
                    manifest["permutations"],
                    manifest["project"]["title"],
                    str(manifest.get("owner", "")),
                    str(manifest.get("desk", "")),
                    str(manifest["market"]["name"]),
                    str(manifest["rulebook"]["name"]),
                    holder or "",
                )
            )
        return found

    def _holder(self, folder: Path, finished: bool) -> str | None:
        # Another machine that verifies what is finished here is no news.
        return hold.holder_of(folder, None if finished else self._store_of(folder))

    def manifest(self, run_id: str) -> dict[str, Any]:
        """manifest.json of a run folder."""
        return read_json(self.folder(run_id) / MANIFEST_PATH)

    def plan(self, run_id: str) -> dict[str, Any]:
        """plan.json of a run folder."""
        return read_json(self.folder(run_id) / PLAN_PATH)

    def rows(self, run_id: str) -> RowSource:
        """The rows of a run's ranked.parquet."""
        return ParquetRows(self._ranked(run_id))

    def row(
        self, run_id: str, permutation_id: int, partition: int | None = None
    ) -> tuple[str, dict[str, Any]] | None:
        """A row of ranked.parquet, else of evaluated/."""
        return stored_row(self.folder(run_id), permutation_id, partition)

    def folder(self, run_id: str) -> Path:
        """The folder of a run. Raises NoSuchRunError."""
        folder = self.out / run_id
        if Path(run_id).name != run_id or not (folder / "manifest.json").is_file():
            raise NoSuchRunError(f"there is no run {run_id!r} in {self.out}")
        return folder

    def summary(self, run_id: str) -> dict[str, Any]:
        """summary.json of a run folder."""
        try:
            return read_json(self.folder(run_id) / SUMMARY_PATH)
        except UnreadableDocumentError as error:
            raise NoSuchRunError(f"run {run_id} is not finished: {error}") from error

    def top(self, run_id: str, rows: int) -> Rows:
        """The first rows of a run's ranked.parquet."""
        return head(self._ranked(run_id), rows)

    def files(self, run_id: str) -> dict[str, str]:
        """What the manifest sealed; the manifest itself is taken as it is."""
        folder = self.folder(run_id)
        sealed: dict[str, str] = dict(self.manifest(run_id)["outputs"] or {})
        if not sealed:
            raise NoSuchRunError(f"run {run_id} is not finished: nothing of it is sealed")
        own = {path: file_digest(folder / path) for path in (MANIFEST_PATH, PLAN_PATH)}
        found = {path: digest for path, digest in own.items() if digest} | sealed
        return {path: digest for path, digest in found.items() if path != RANKED_PATH}

    def file(self, run_id: str, path: str) -> bytes:
        """The file, if it has the digest that the manifest sealed."""
        told = self.files(run_id)[path]
        data = (self.folder(run_id) / path).read_bytes()
        if hashlib.sha256(data).hexdigest() != told:
            raise UnreadableDocumentError(f"{path} of run {run_id} is not as it was sealed")
        return data

    def _ranked(self, run_id: str) -> Path:
        path = self.folder(run_id) / RANKED_PATH
        if not path.is_file():
            raise NoSuchRunError(f"run {run_id} is not finished: it has no {RANKED_PATH}")
        return path


def head(path: Path, rows: int) -> Rows:
    """The first `rows` rows of a Parquet file; reads no more than it needs.

    Raises OSError if its page checksums do not match.
    """
    table = pa.Table.from_batches(_batches(path, rows), schema=pq.read_schema(path))
    return cast(Rows, table.slice(0, rows).to_pylist())


def stored_row(
    folder: Path, permutation_id: int, partition: int | None = None
) -> tuple[str, dict[str, Any]] | None:
    """Where a run keeps a permutation, and that row: of ranked.parquet, else of evaluated/.

    `folder` is the run's; `partition` is what `Plan.partition_of` says, without which every part
    is looked through. None where the run has not got to it or its sample does not hold it. Raises
    OSError if page checksums do not match.
    """
    parts = (
        [folder / part_path(PRUNING, partition)]
        if partition is not None
        else sorted((folder / EVALUATED_PATH).glob("*.parquet"))
    )
    for path in [folder / RANKED_PATH, *parts]:
        if path.is_file() and (row := _row_of(path, permutation_id)) is not None:
            return path.relative_to(folder).as_posix(), row
    return None


def _row_of(path: Path, permutation_id: int) -> dict[str, Any] | None:
    """A permutation's row of one file; only groups that may hold it are read, ids first."""
    file = pq.ParquetFile(path, page_checksum_verification=True)
    place = file.schema_arrow.get_field_index(_ID)
    for group in range(file.num_row_groups):
        told = file.metadata.row_group(group).column(place).statistics
        if told is not None and told.has_min_max and not told.min <= permutation_id <= told.max:
            continue
        ids = file.read_row_group(group, columns=[_ID], use_threads=False)[_ID].to_numpy()
        found = np.flatnonzero(ids == permutation_id)
        if len(found):
            # A group of all columns is 60 MB unpacked, and the row may be among its first.
            row, start = int(found[0]), 0
            for batch in file.iter_batches(_ROWS_UNPACKED, row_groups=[group], use_threads=False):
                if row < start + batch.num_rows:
                    return cast("dict[str, Any]", batch.slice(row - start, 1).to_pylist()[0])
                start += batch.num_rows
    return None


def thinned(path: Path, columns: list[str], most: int) -> Rows:
    """Up to `most` rows spread evenly over a Parquet file, `columns` only, in file order."""
    file = pq.ParquetFile(path, page_checksum_verification=True)
    step = max(1, -(-file.metadata.num_rows // most))
    found: Rows = []
    start = 0
    for group in range(file.num_row_groups):
        table = file.read_row_group(group, columns=columns, use_threads=False)
        places = range(-start % step, table.num_rows, step)
        found += table.take(pa.array(places, pa.int64())).to_pylist()
        start += table.num_rows
    return found


def _batches(path: Path, rows: int) -> Iterator[pa.RecordBatch]:
    file = pq.ParquetFile(path, page_checksum_verification=True)
    read = 0
    for batch in file.iter_batches(batch_size=max(1, min(rows, 10_000)), use_threads=False):
        yield batch
        read += batch.num_rows
        if read >= rows:
            return
