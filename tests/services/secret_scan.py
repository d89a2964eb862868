"""Looks for secrets in whatever was written: in every form they take, inside every file format."""

from __future__ import annotations

import base64
import gzip
import io
import json
import sqlite3
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote, quote_plus

import pyarrow as pa
import pyarrow.parquet as pq
import pypdf

_NESTED = 3


def forms(secret: str) -> set[bytes]:
    """A secret as programs write it: plain, for URLs, JSON and repr, base64 at any place, hex."""
    raw = secret.encode()
    found = {
        secret, quote(secret), quote(secret, safe=""), quote_plus(secret),
        json.dumps(secret)[1:-1], repr(secret)[1:-1], raw.hex(), raw.hex().upper(),
    }  # fmt: skip
    for before in range(3):
        # In a longer text it stands at one of three places; the letters at its ends are others.
        written = base64.b64encode(b"\0" * before + raw).decode()
        middle = written[(0, 2, 3)[before] : len(written) // 4 * 4 - 4]
        found |= {middle, middle.replace("+", "-").replace("/", "_")}
    return {form.encode() for form in found}


def found_in(blobs: Iterable[tuple[str, bytes]], secrets: Mapping[str, str]) -> list[str]:
    """Where which secret stands, in `blobs` of (place, bytes)."""
    wanted = [(name, form) for name, secret in secrets.items() for form in forms(secret)]
    return sorted(
        {
            f"{name} in {place}"
            for outer, data in blobs
            for place, inner in unpacked(outer, data)
            for name, form in wanted
            if form in inner
        }
    )


def files_below(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Every file's path and bytes; of a file's name as well, since a name is written too."""
    for folder in folders:
        assert folder.is_dir(), folder
        for path in folder.rglob("*"):
            yield "a name", path.name.encode()
            if path.is_file():
                with suppress(FileNotFoundError):
                    yield str(path), path.read_bytes()


def unpacked(place: str, data: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """`data`, and what is packed in it: values of tables, streams of a PDF, members of archives."""
    yield place, data
    if depth == _NESTED:
        return
    for inner, part in _parts(place, data):
        yield from unpacked(inner, part, depth + 1)


def _parts(place: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    if data.startswith(b"%PDF"):
        with pypdf.PdfReader(io.BytesIO(data)) as reader:
            yield f"{place} (facts)", repr(reader.metadata).encode()
            for page in reader.pages:
                yield f"{place} (page)", page.extract_text().encode()
                yield f"{place} (stream)", page.get_contents().get_data()  # type: ignore[union-attr]
    elif data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield f"{place} ({name})", archive.read(name)
    elif data.startswith(b"PAR1") and data.endswith(b"PAR1"):
        table = pq.read_table(io.BytesIO(data))
        yield f"{place} (schema)", repr(table.schema.to_string(truncate_metadata=False)).encode()
        yield f"{place} (metadata)", repr(table.schema.metadata).encode()
        texts = [column for column in table.columns if pa.types.is_string(column.type)]
        words = {word for column in texts for word in column.unique().to_pylist() if word}
        yield f"{place} (values)", "\n".join(sorted(words)).encode()
    elif data.startswith(b"\x1f\x8b"):
        with suppress(OSError, EOFError, zlib.error):
            yield f"{place} (gzip)", gzip.decompress(data)
    elif data[:1] == b"\x78":
        with suppress(zlib.error):
            yield f"{place} (zlib)", zlib.decompress(data)
    elif data.startswith(b"SQLite format 3\0"):
        with closing(sqlite3.connect(":memory:")) as database, suppress(sqlite3.DatabaseError):
            database.deserialize(data)
            yield f"{place} (rows)", "\n".join(database.iterdump()).encode()
