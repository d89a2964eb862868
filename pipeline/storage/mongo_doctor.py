"""Is a database of results fit for a run: reached, a replica set, prepared, with the rights?"""

from __future__ import annotations

from typing import Any, Final

from pymongo.database import Database

from pipeline.storage.mongo_address import mongo_address
from pipeline.storage.mongo_connect import Document, MongoRefusedError, mongo_database
from pipeline.storage.mongo_schema import CHUNKS, FILES, RUNS, STRUCTURES, unprepared

_COLLECTIONS: Final = (RUNS, STRUCTURES, FILES, CHUNKS)
_READS: Final = {"find"}
_WRITES: Final = {"find", "insert", "update", "remove"}
_PREPARES: Final = {"createCollection", "createIndex"}
_UPDATES: Final = {"collMod"}


def mongo_diagnosis(uri: str) -> str:
    """What was found, in a line. Raises MongoUnreachableError, MongoRefusedError that says what is
    wrong."""
    address = mongo_address(uri)
    with mongo_database(address) as database:
        hello = database.client.admin.command("hello")
        members = len(hello.get("hosts", ())) or 1
        rights = _rights(database)
        missing = unprepared(database)
        needed = _UPDATES if any(each.startswith("validator") for each in missing) else set()
        if missing and not (rights is None or rights >= _PREPARES | needed):
            raise MongoRefusedError(
                f"{address.shown} is not prepared ({', '.join(missing)}), and this user may not; "
                "`python -m pipeline.storage.mongo_desk` does, as an administrator of the database"
            )
        if rights is not None and not rights >= _READS:
            raise MongoRefusedError(f"{address.shown}: this user may not read the database")
    may = "write" if rights is None or rights >= _WRITES else "only read"
    prepared = "is made by the first merge" if missing else "is prepared"
    return f"{address.shown}: replica set of {members}, {prepared}, this user may {may}"


def _rights(database: Database[Document]) -> set[str] | None:
    """What the user may do with all four collections; None: the server asks nobody who he is."""
    status = database.command("connectionStatus", showPrivileges=True)["authInfo"]
    if not status["authenticatedUsers"]:
        return None
    by_collection: list[set[str]] = []
    for name in _COLLECTIONS:
        actions: set[str] = set()
        for each in status["authenticatedUserPrivileges"]:
            if _covers(each["resource"], database.name, name):
                actions |= set(each["actions"])
        by_collection.append(actions)
    return set.intersection(*by_collection)


def _covers(resource: dict[str, Any], database: str, collection: str) -> bool:
    if resource.get("anyResource"):
        return True
    if "db" not in resource:
        return False
    return resource["db"] in ("", database) and resource["collection"] in ("", collection)
