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
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
# What a part may claim, so that one made to do harm is refused before it is unpacked: a row of the
# widest stage takes 2 kB.
_MOST_BYTES_A_ROW: Final = 65_536
_MOST_BYTES_BESIDE: Final = 2**20
_MOST_COUNTED: Final = 2**63
_MARKERS_HELD: Final = 512
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
    if int(found.marker.record.get("survivors", 0)) > rows:
        return Checked(None, "its marker counts more survivors than rows")
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
        except (ValueError, TypeError, RecursionError):
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
        if not _is_sound(marker):
            raise _UnusableMarkerError("holds values that no part has")
        return marker

    path = marker_path(stage, number)
    try:
        return Checked(read_twice(store, path, accept, _UnusableMarkerError), None)
    except FileNotFoundError:
        return Checked(None, None)
    except _UnusableMarkerError as error:
        return Checked(None, f"its marker {error}")


def read_markers(store: Store, owner: Owner, stage: str, parts: int) -> Iterator[Checked]:
    """The markers of parts 0 to `parts` - 1 in order, as `read_marker` finds them.

    As many are asked for at a time as pays with this store: there are thousands.
    """
    if store.at_once == 1:
        yield from (read_marker(store, owner, stage, number) for number in range(parts))
        return
    with ThreadPoolExecutor(store.at_once, "atlas-forge-markers") as readers:
        for start in range(0, parts, _MARKERS_HELD):
            numbers = range(start, min(start + _MARKERS_HELD, parts))
            yield from readers.map(lambda number: read_marker(store, owner, stage, number), numbers)


def read_part(
    store: Store,
    marker: Marker,
    columns: list[str] | None = None,
    schema: pa.Schema | None = None,
) -> pa.Table:
    """The part of `marker`, verified against its digest and its page checksums.

    What it says of its size and columns is looked at before anything is unpacked; `schema` is what
    its columns have to be. Raises DamagedPartError.
    """
    data = _verified_bytes(store, marker)
    try:
        file = pq.ParquetFile(io.BytesIO(data), page_checksum_verification=True)
        _check_what_it_says(file, marker, columns, schema)
        return file.read(columns=columns, use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DamagedPartError(f"it cannot be read as Parquet: {error}") from error


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


def _check_what_it_says(
    file: pq.ParquetFile, marker: Marker, columns: list[str] | None, schema: pa.Schema | None
) -> None:
    about = file.metadata
    if about.num_rows != marker.rows:
        raise DamagedPartError(f"it holds {about.num_rows} rows, its marker says {marker.rows}")
    groups = range(about.num_row_groups)
    unpacked = sum(about.row_group(group).total_byte_size for group in groups)
    if unpacked > marker.rows * _MOST_BYTES_A_ROW + _MOST_BYTES_BESIDE:
        raise DamagedPartError(f"it would unpack to {unpacked:,} bytes for {marker.rows} rows")
    found = file.schema_arrow
    if schema is not None and not found.equals(schema):
        raise DamagedPartError("its columns are not those of this stage")
    if missing := set(columns or ()) - set(found.names):
        raise DamagedPartError(f"it has no column {', '.join(sorted(missing))}")


def _is_sound(marker: Marker) -> bool:
    """Whether the values of a sealed marker have the types and signs they are written with."""
    if not (_is_count(marker.rows) and isinstance(marker.digest, str)):
        return False
    record: Any = marker.record
    if not isinstance(record, dict) or not all(map(_is_figure, record.values())):
        return False
    return marker.stage == SEARCH or _is_count(record.get("survivors"))


def _is_figure(value: Any) -> bool:
    """A count, a count by reason, or an extreme."""
    if isinstance(value, list):
        return all(map(_is_count, value))
    return _is_count(value) or (type(value) is float and not math.isnan(value))


def _is_count(value: Any) -> bool:
    # A truth value is a whole number to Python.
    return type(value) is int and 0 <= value < _MOST_COUNTED


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
