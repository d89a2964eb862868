"""`python -m pipeline.storage.mongo_desk`: a desk's database made ready, with its two roles.

Run once, and after an update, by who administers the database; the address comes from
ATLAS_FORGE_MONGO or ATLAS_FORGE_MONGO_FILE. After it a user with the writer's role can merge,
remove and clear runs, and can change neither collections nor validators, indexes, roles or users.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from pymongo.database import Database

from pipeline.settings import BadSettingError, load_settings
from pipeline.storage.mongo_address import mongo_address
from pipeline.storage.mongo_connect import (
    Document,
    MongoRefusedError,
    MongoUnreachableError,
    mongo_database,
)
from pipeline.storage.mongo_schema import CHUNKS, FILES, RUNS, STRUCTURES, prepare, unprepared

WRITER: Final = "atlasForgeWriter"
READER: Final = "atlasForgeReader"
_COLLECTIONS: Final = (RUNS, STRUCTURES, FILES, CHUNKS)
_ACTIONS: Final = {WRITER: ["find", "insert", "remove", "update"], READER: ["find"]}
# To see that a database is prepared.
_LOOK: Final = ["listCollections", "listIndexes"]


def prepare_desk(uri: str) -> list[str]:
    """Make what a database lacks, and its roles; returns what was made.

    Raises MongoUnreachableError, MongoRefusedError.
    """
    with mongo_database(mongo_address(uri)) as database:
        made = unprepared(database)
        prepare(database)
        return [*made, *[told for role in _ACTIONS if (told := _role(database, role))]]


def _role(database: Database[Document], role: str) -> str | None:
    """Make a role, or give it the rights of this version; None if it has them."""
    rights: list[dict[str, Any]] = [
        {"resource": {"db": database.name, "collection": name}, "actions": _ACTIONS[role]}
        for name in _COLLECTIONS
    ]
    rights.append({"resource": {"db": database.name, "collection": ""}, "actions": _LOOK})
    found = database.command("rolesInfo", role, showPrivileges=True)["roles"]
    if not found:
        database.command("createRole", role, privileges=rights, roles=[])
        return f"role {role}"
    there = found[0]["privileges"]
    extra = [each for each in there if _plain(each) not in map(_plain, rights)]
    missing = [each for each in rights if _plain(each) not in map(_plain, there)]
    # Not updateRole, which only who may revoke roles of all databases is allowed.
    if extra:
        database.command("revokePrivilegesFromRole", role, privileges=extra)
    if missing:
        database.command("grantPrivilegesToRole", role, privileges=missing)
    return f"role {role}, which had other rights" if extra or missing else None


def _plain(right: dict[str, Any]) -> tuple[str, str, tuple[str, ...]]:
    resource = right["resource"]
    return resource.get("db", ""), resource.get("collection", ""), tuple(sorted(right["actions"]))


def main() -> int:
    """Command line of the module; exit codes as everywhere."""
    try:
        uri = load_settings().mongo
        if not uri:
            raise BadSettingError("ATLAS_FORGE_MONGO or ATLAS_FORGE_MONGO_FILE names no database")
        made = prepare_desk(uri)
    except BadSettingError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except (MongoUnreachableError, MongoRefusedError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    told = f"made: {', '.join(made)}" if made else "nothing to make"
    sys.stdout.write(f"{mongo_address(uri).shown} is prepared; {told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
