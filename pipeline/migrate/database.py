"""A database of results of an earlier version: collections as today's, documents of runs completed.

What the documents lack is read from the manifest that the database keeps of each run. Structures
and files are not touched, nor is a run that is being merged or removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from pymongo.database import Database

from pipeline.escape import visible
from pipeline.migrate.finding import BUSY, DAMAGED, NEWER, OLDER, WHOLE, Finding
from pipeline.storage.manifest import MANIFEST_PATH, UnreadableDocumentError, json_document
from pipeline.storage.mongo_address import mongo_address
from pipeline.storage.mongo_connect import Document, mongo_database, patiently
from pipeline.storage.mongo_documents import SCHEMA
from pipeline.storage.mongo_files import kept_file
from pipeline.storage.mongo_merge import told_by
from pipeline.storage.mongo_schema import COMPLETE, RUNS, TOLD, prepare, unprepared

DATABASE, RUN = "database", "run in the database"
_READ: Final = ("schema", "state", "files", *TOLD)


def migrate_database(uri: str, dry_run: bool) -> list[Finding]:
    """Bring a database and its documents of runs up to date, unless `dry_run`.

    Raises MongoUnreachableError, MongoRefusedError (also for a database of a newer version).
    """
    address = mongo_address(uri)
    with mongo_database(address) as database:
        lacking = tuple(unprepared(database))
        if lacking and not dry_run:
            prepare(database)
        findings = [
            Finding(
                DATABASE,
                address.shown,
                OLDER if lacking and dry_run else WHOLE,
                f"lacks {', '.join(lacking)}" if lacking else "prepared for this version",
                schema=SCHEMA,
                missing=lacking,
                changed=bool(lacking) and not dry_run,
            )
        ]
        found = patiently(
            lambda: database[RUNS].find({}, dict.fromkeys(_READ, 1)).sort("_id").to_list()
        )
        findings += [_run(database, run, dry_run) for run in found]
    return findings


def _run(database: Database[Document], run: Document, dry_run: bool) -> Finding:
    name, schema = visible(str(run["_id"])), run.get("schema")
    if schema != SCHEMA:
        newer = isinstance(schema, int) and schema > SCHEMA
        told = f"it has schema {schema}, this version reads {SCHEMA}"
        return Finding(RUN, name, NEWER if newer else DAMAGED, told)
    if run.get("state") != COMPLETE:
        told = f"it is {run.get('state')}: left alone until it is complete or gone"
        return Finding(RUN, name, BUSY, told, schema=SCHEMA)
    try:
        lacking = _lacking(database, run)
    except (UnreadableDocumentError, KeyError, TypeError, AttributeError) as error:
        told = f"its manifest cannot be read: {visible(str(error))}"
        return Finding(RUN, name, DAMAGED, told, schema=SCHEMA)
    changed = bool(lacking) and not dry_run
    if changed:
        still = {"_id": {"$eq": run["_id"]}, "state": COMPLETE}
        patiently(partial(database[RUNS].update_one, still, {"$set": lacking}))
    return Finding(
        RUN, name, OLDER if lacking and dry_run else WHOLE,
        f"its document lacks {', '.join(lacking)}" if lacking else "its document is whole",
        schema=SCHEMA, missing=tuple(lacking), changed=changed,
    )  # fmt: skip


def _lacking(database: Database[Document], run: Mapping[str, Any]) -> dict[str, str]:
    """Fields that the run's document lacks and its manifest tells."""
    if all(name in run for name in TOLD):
        return {}
    told = next((each for each in run["files"] if each["path"] == MANIFEST_PATH), None)
    if told is None:
        raise UnreadableDocumentError(f"the database keeps no {MANIFEST_PATH} of it")
    data = patiently(partial(kept_file, database, told))
    manifest = json_document(data, MANIFEST_PATH)
    return {name: text for name in TOLD if name not in run and (text := told_by(manifest, name))}
