"""Files of runs in GridFS, written so that writing them again changes nothing.

Every GridFS reader finds them. Their ids come from run, path and content, and their date is the
run's, so two programs that keep the same file write the same documents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from bson import ObjectId
from bson.int64 import Int64
from gridfs import GridFSBucket
from gridfs.errors import CorruptGridFile, NoFile
from pymongo.database import Database

from pipeline.storage.manifest import UnreadableDocumentError
from pipeline.storage.mongo_connect import Document, patiently
from pipeline.storage.mongo_documents import SCHEMA
from pipeline.storage.mongo_schema import CHUNKS, FILES

_CHUNK: Final = 255 * 1024


def told_of(folder: Path, run_id: str, path: str) -> Document:
    """What a run's document says of one of its files."""
    with (folder / path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    length = Int64((folder / path).stat().st_size)
    file_id = _object_id(run_id, path, digest)
    return {"path": path, "file_id": file_id, "length": length, "sha256": digest}


def keep_file(
    database: Database[Document], run_id: str, when: datetime, source: Path, told: Mapping[str, Any]
) -> None:
    """Write a file of a run, chunks first. Raises UnreadableDocumentError if it is another now."""
    file_id = told["file_id"]
    digest = hashlib.sha256()
    chunks = database[CHUNKS]
    numbers = range(-(-told["length"] // _CHUNK))
    ours = [_object_id(str(file_id), str(number)) for number in numbers]
    patiently(lambda: chunks.delete_many({"files_id": file_id, "_id": {"$nin": ours}}))
    for number, data in enumerate(_pieces(source)):
        digest.update(data)
        chunk_id = _object_id(str(file_id), str(number))
        chunk = {"_id": chunk_id, "files_id": file_id, "n": number, "data": data}
        patiently(partial(chunks.replace_one, {"_id": chunk_id}, chunk, upsert=True))
    if digest.hexdigest() != told["sha256"]:
        raise UnreadableDocumentError(f"{told['path']} changed while it was read")
    file = {
        "_id": file_id,
        "filename": f"{run_id}/{told['path']}",
        "length": told["length"],
        "chunkSize": _CHUNK,
        "uploadDate": when,
        "metadata": {
            "schema": SCHEMA,
            "run_id": run_id,
            "path": told["path"],
            "sha256": told["sha256"],
        },
    }
    patiently(lambda: database[FILES].replace_one({"_id": file_id}, file, upsert=True))


def kept_file(database: Database[Document], told: Mapping[str, Any]) -> bytes:
    """The bytes of a file. Raises UnreadableDocumentError unless they are those written."""
    try:
        data: bytes = GridFSBucket(database).open_download_stream(told["file_id"]).read()
    except (NoFile, CorruptGridFile, KeyError) as error:
        raise UnreadableDocumentError(f"{told.get('path')} is not whole in the database") from error
    if hashlib.sha256(data).hexdigest() != told["sha256"]:
        raise UnreadableDocumentError(f"{told['path']} of the database is not as it was written")
    return data


def other_files(
    database: Database[Document], run_id: str, kept: Sequence[Mapping[str, Any]]
) -> list[ObjectId]:
    """Ids of the run's files that its document does not name: those of an earlier merge."""
    named = [told["file_id"] for told in kept]
    others = database[FILES].find({"metadata.run_id": run_id, "_id": {"$nin": named}}, {"_id": 1})
    return [file["_id"] for file in others]


def remove_files(database: Database[Document], file_ids: Sequence[ObjectId]) -> None:
    """Delete files, each before its chunks: a reader finds all of a file or nothing."""
    for file_id in file_ids:
        patiently(partial(database[FILES].delete_one, {"_id": file_id}))
        patiently(partial(database[CHUNKS].delete_many, {"files_id": file_id}))


def _pieces(source: Path) -> Iterator[bytes]:
    with source.open("rb") as file:
        while data := file.read(_CHUNK):
            yield data


def _object_id(*parts: str) -> ObjectId:
    return ObjectId(hashlib.sha256("\0".join(parts).encode()).digest()[:12])
