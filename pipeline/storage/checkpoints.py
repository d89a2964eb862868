"""Checkpoints: a part of a stage and the marker that vouches for it.

The part is written first, then its marker. A part counts as done only if its marker names this
plan, engine, stage and number, and the part's bytes have the marker's digest. Everything else
(missing, half written, truncated, flipped, swapped, from another plan or engine) is done again,
and why is said. The marker carries a digest of itself, since the totals of a run are added up from
the records in the markers.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.storage.store import Store, read_twice

SCHEMA: Final = 1
PRUNING: Final = "pruning"
ANALYSIS: Final = "analysis"
SEARCH: Final = "search"
_SEAL: Final = "seal"
# Pruning's parts are a result of their own, with nothing but Parquet in their folder.
_PART_FOLDERS: Final = {
    PRUNING: "evaluated",
    ANALYSIS: "checkpoints/analysis",
    SEARCH: "checkpoints/search",
}


@dataclass(frozen=True)
class Owner:
    """Whose checkpoint it is: the plan (64 hexadecimal digits) and the engine's fingerprint."""

    plan_hash: str
    fingerprint: str


@dataclass(frozen=True)
class Marker:
    """What stands beside a finished part. `digest` is the sha256 of the part's bytes."""

    schema: int
    stage: str
    number: int
    plan_hash: str
    fingerprint: str
    rows: int
    digest: str
    record: dict[str, Any]


@dataclass(frozen=True)
class Checked:
    """A finished part's marker, or why there is none. Both None: it was never begun."""

    marker: Marker | None
    reason: str | None


class DamagedPartError(Exception):
    """A part that should be there and is not what its marker says."""


class _UnusableMarkerError(Exception):
    """A marker that does not count; the text says why."""


def part_path(stage: str, number: int) -> str:
    """Where part `number` of `stage` lies, relative to the run."""
    return f"{_PART_FOLDERS[stage]}/part-{number:05d}.parquet"


def marker_path(stage: str, number: int) -> str:
    """Where its marker lies."""
    return f"checkpoints/{stage}/part-{number:05d}.json"


def write_part(
    store: Store, owner: Owner, stage: str, number: int, table: pa.Table, record: dict[str, Any]
) -> Marker:
    """Write a part, then its marker. `record` is what the flow wants to know of the part."""
    data = parquet_bytes(table)
    marker = Marker(
        schema=SCHEMA,
        stage=stage,
        number=number,
        plan_hash=owner.plan_hash,
        fingerprint=owner.fingerprint,
        rows=table.num_rows,
        digest=hashlib.sha256(data).hexdigest(),
        record=record,
    )
    store.put(part_path(stage, number), data)
    store.put(marker_path(stage, number), marker_bytes(marker))
    return marker


def marker_bytes(marker: Marker) -> bytes:
    """The marker as a JSON document, with a digest of itself."""
    told = asdict(marker)
    return json.dumps({**told, _SEAL: _seal(told)}).encode()


def remove_beyond(store: Store, stage: str, parts: int) -> int:
    """Remove markers and parts of `stage` numbered `parts` and up; returns how many parts.

    They are of an earlier plan that was cut finer: whoever reads the folder would count rows twice.
    """
    wanted = {path(stage, number) for path in (marker_path, part_path) for number in range(parts)}
    folders = {path(stage, 0).rpartition("/")[0] for path in (marker_path, part_path)}
    found = [
        f"{folder}/{name}"
        for folder in sorted(folders)
        for name in store.names(folder)
        if name.startswith("part-") and f"{folder}/{name}" not in wanted
    ]
    for path in sorted(found, key=lambda each: not each.endswith(".json")):
        store.delete(path)
    return sum(path.endswith(".parquet") for path in found)


def check_part(store: Store, owner: Owner, stage: str, number: int, rows: int) -> Checked:
    """Whether part `number` is done, with `rows` rows; reads its bytes."""
    found = read_marker(store, owner, stage, number)
    if found.marker is None:
        return found
    if found.marker.rows != rows:
        return Checked(None, f"its marker counts {found.marker.rows} rows, the plan {rows}")
    try:
        _verified_bytes(store, found.marker)
    except DamagedPartError as damage:
        return Checked(None, str(damage))
    return found


def read_marker(store: Store, owner: Owner, stage: str, number: int) -> Checked:
    """The marker of a part, if it is this plan's and this engine's; the part is not read."""

    def accept(data: bytes) -> Marker:
        try:
            told = dict(json.loads(data))
            seal = told.pop(_SEAL, None)
            marker = Marker(**told)
        except (ValueError, TypeError):
            raise _UnusableMarkerError("cannot be read") from None
        if marker.schema != SCHEMA:
            raise _UnusableMarkerError(f"has schema {marker.schema}, this version reads {SCHEMA}")
        if (marker.stage, marker.number) != (stage, number):
            raise _UnusableMarkerError(f"belongs to {marker.stage} part {marker.number}")
        if marker.plan_hash != owner.plan_hash:
            raise _UnusableMarkerError("belongs to another plan")
        if marker.fingerprint != owner.fingerprint:
            raise _UnusableMarkerError("belongs to another version of the engine")
        if seal != _seal(told):
            raise _UnusableMarkerError("was changed after it was written")
        return marker

    path = marker_path(stage, number)
    try:
        return Checked(read_twice(store, path, accept, _UnusableMarkerError), None)
    except FileNotFoundError:
        return Checked(None, None)
    except _UnusableMarkerError as error:
        return Checked(None, f"its marker {error}")


def read_part(store: Store, marker: Marker, columns: list[str] | None = None) -> pa.Table:
    """The part of `marker`, verified against its digest and its page checksums.

    Raises DamagedPartError.
    """
    data = _verified_bytes(store, marker)
    table = pq.ParquetFile(io.BytesIO(data), page_checksum_verification=True).read(
        columns=columns, use_threads=False
    )
    if table.num_rows != marker.rows:
        raise DamagedPartError(f"it holds {table.num_rows} rows, its marker says {marker.rows}")
    return table


def parquet_bytes(table: pa.Table) -> bytes:
    """`table` as one Parquet file in memory: lz4, page checksums, floats without dictionary.

    Dictionary encoding of float columns makes writing four times slower and saves nothing.
    """
    buffer = io.BytesIO()
    pq.write_table(
        table,
        buffer,
        compression="lz4",
        use_dictionary=text_columns(table.schema),
        write_page_checksum=True,
        write_statistics=False,
    )
    return buffer.getvalue()


def text_columns(schema: pa.Schema) -> list[str]:
    """Names of the columns worth a dictionary: those of text."""
    return [field.name for field in schema if pa.types.is_string(field.type)]


def _seal(told: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _verified_bytes(store: Store, marker: Marker) -> bytes:
    def accept(data: bytes) -> bytes:
        if hashlib.sha256(data).hexdigest() != marker.digest:
            raise DamagedPartError("its bytes do not have the digest its marker names")
        return data

    try:
        return read_twice(store, part_path(marker.stage, marker.number), accept, DamagedPartError)
    except FileNotFoundError:
        raise DamagedPartError("its marker is there, the part is not") from None
