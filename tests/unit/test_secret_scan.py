"""Does the scan for secrets find one, however it was written? (It must, or it proves nothing.)"""

import base64
import gzip
import io
import json
import sqlite3
import zipfile
import zlib
from pathlib import Path
from urllib.parse import quote_plus

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reportlab.pdfgen.canvas import Canvas

from tests.services.secret_scan import files_below, found_in

SECRET = "Zq7/p@ss w+rd-4411"


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", f"<t>{SECRET}</t>")
    return buffer.getvalue()


def _parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": ["x" * 99, SECRET] * 50}), buffer, compression="zstd")
    return buffer.getvalue()


def _pdf() -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pageCompression=1)
    canvas.drawString(50, 50, SECRET)
    canvas.save()
    return buffer.getvalue()


def _sqlite(folder: Path) -> bytes:
    with sqlite3.connect(folder / "x.db") as database:
        database.execute("create table t (a)")
        database.execute("insert into t values (?)", (gzip.compress(b"no") + SECRET.encode(),))
    return (folder / "x.db").read_bytes()


@pytest.mark.parametrize(
    "data",
    [
        SECRET.encode(), f"mongodb://u:{quote_plus(SECRET)}@h".encode(),
        json.dumps({"a": SECRET}).encode(), SECRET.encode().hex().encode(),
        *(base64.b64encode(b"u:"[:n] + SECRET.encode() + b"tail") for n in range(3)),
        gzip.compress(SECRET.encode()), zlib.compress(SECRET.encode()), gzip.compress(_zip()),
        _zip(), _parquet(), _pdf(),
    ],
    ids=["plain", "url", "json", "hex", "base64", "base64+1", "base64+2", "gzip", "zlib",
         "zip in gzip", "zip", "parquet", "pdf"],
)  # fmt: skip
def test_a_secret_is_found(data: bytes) -> None:
    assert found_in([("it", data)], {"password": SECRET})
    assert found_in([("it", data)], {"password": "another-one-9931"}) == []


def test_files_names_and_databases_are_looked_through(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "secret-4411.txt").write_bytes(b"nothing")
    assert found_in(files_below(tmp_path), {"key": "secret-4411"}) == ["key in a name"]
    assert found_in([("db", _sqlite(tmp_path))], {"password": SECRET})
