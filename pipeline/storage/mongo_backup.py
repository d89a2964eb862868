"""`python -m pipeline.storage.mongo_backup save|load FOLDER`: a database as files, and back.

The address comes from ATLAS_FORGE_MONGO or ATLAS_FORGE_MONGO_FILE. A file a collection, in the form
of mongodump (BSON documents one after the other), so that its tools read them too.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, cast

from bson import decode_file_iter
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database

from pipeline.settings import BadSettingError, load_settings
from pipeline.storage.manifest import UnreadableDocumentError
from pipeline.storage.mongo_address import mongo_address
from pipeline.storage.mongo_connect import (
    Document,
    MongoRefusedError,
    MongoUnreachableError,
    mongo_database,
)
from pipeline.storage.mongo_files import kept_file
from pipeline.storage.mongo_schema import CHUNKS, COMPLETE, FILES, RUNS, STRUCTURES, prepare
from pipeline.storage.mongo_structures import stored_digest

# A run that is complete in the first file has all it needs in the later ones.
_SAVED: Final = (RUNS, STRUCTURES, FILES, CHUNKS)
_AT_ONCE: Final = 500


def save(uri: str, folder: Path) -> dict[str, int]:
    """Write the database into a new folder; returns the bytes by collection.

    Raises FileExistsError, MongoUnreachableError, MongoRefusedError, OSError.
    """
    folder.mkdir(parents=True)
    written = {}
    with mongo_database(mongo_address(uri)) as database:
        for name in _SAVED:
            with (folder / f"{name}.bson").open("wb") as file:
                for raw in database[name].find_raw_batches():
                    file.write(cast(bytes, raw))
                written[name] = file.tell()
    return written


def load(uri: str, folder: Path) -> list[str]:
    """Bring saved collections into an empty database; returns the complete runs, each verified.

    The runs come last: what breaks off is not visible as complete. Raises UnreadableDocumentError,
    MongoUnreachableError, MongoRefusedError, OSError.
    """
    address = mongo_address(uri)
    with mongo_database(address) as database:
        prepare(database)
        taken = [name for name in _SAVED if database[name].find_one({}, {"_id": 1}) is not None]
        if taken:
            raise MongoRefusedError(f"{address.shown} is not empty: {', '.join(taken)}")
        for name in reversed(_SAVED):
            for some in _batches(folder / f"{name}.bson"):
                database[name].insert_many(some)
        runs = database[RUNS].find({"state": COMPLETE}).to_list()
        lost = [run["_id"] for run in runs if not _is_whole(database, run)]
        database[RUNS].delete_many({"_id": {"$in": lost}})
    if lost:
        names = ", ".join(sorted(lost))
        raise UnreadableDocumentError(
            f"not whole in {folder}, and not visible in the database: run {names}; "
            f"{len(runs) - len(lost)} others are complete"
        )
    return sorted(run["_id"] for run in runs)


def _is_whole(database: Database[Document], run: Document) -> bool:
    """Whether structures and files are those that the run's document tells of."""
    try:
        for told in run["files"]:
            kept_file(database, told)
    except UnreadableDocumentError:
        return False
    return stored_digest(database[STRUCTURES], run["_id"]) == str(run["documents_sha256"])


def _batches(path: Path) -> Iterator[list[Any]]:
    options: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
    with path.open("rb") as file:
        documents = decode_file_iter(file, options)
        while some := list(islice(documents, _AT_ONCE)):
            yield some


def main() -> int:
    """Command line of the module; exit codes as everywhere."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.storage.mongo_backup")
    parser.add_argument("what", choices=("save", "load"))
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    try:
        uri = load_settings().mongo
        if not uri:
            raise BadSettingError("ATLAS_FORGE_MONGO or ATLAS_FORGE_MONGO_FILE names no database")
        if options.what == "save":
            told = [f"{name}: {size:,} bytes" for name, size in save(uri, options.folder).items()]
        else:
            told = [f"{run_id}: complete" for run_id in load(uri, options.folder)]
    except BadSettingError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except (MongoUnreachableError, MongoRefusedError, UnreadableDocumentError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write("\n".join([*told, ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
