"""A MongoDB database, opened the one way results need it, and its errors in words of ours.

Writes are acknowledged by a majority of the replica set, from its journals; reads see only what a
majority has. No error text holds the address's password.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    CursorNotFound,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteConcernError,
)

from pipeline.storage.mongo_address import MongoAddress

Document = dict[str, Any]
Result = TypeVar("Result")

_APPLICATION: Final = "atlas-forge"
_MAJORITY_MS: Final = 60_000
_ANSWER_MS: Final = 300_000
# A primary steps down, or restarts, in seconds; every write and read here may be repeated.
_ATTEMPTS: Final = 5
_FIRST_PAUSE_S: Final = 0.5

DUPLICATE_KEY: Final = 11000
_AUTHENTICATION_FAILED: Final = frozenset({18, 8000})
_UNAUTHORIZED: Final = 13
_VALIDATION_FAILED: Final = 121


class MongoUnreachableError(ConnectionError):
    """The database does not answer, or has no primary; it may in a while."""


class MongoRefusedError(Exception):
    """The database answered, and will not do it; asking again does not help."""


@contextmanager
def mongo_database(address: MongoAddress) -> Iterator[Database[Document]]:
    """The database, on a replica set that answers; closed when the block ends.

    What goes wrong in the block is raised as MongoUnreachableError or MongoRefusedError.
    """
    with in_our_words(address), connected(address) as client:
        yield client[address.database]


def connected(address: MongoAddress) -> MongoClient[Document]:
    """A client of a replica set that answers. Raises PyMongoError and errors of ours."""
    client: MongoClient[Document] = MongoClient(
        address.uri,
        appname=_APPLICATION,
        w="majority",
        journal=True,
        wTimeoutMS=_MAJORITY_MS,
        socketTimeoutMS=_ANSWER_MS,
        readConcernLevel="majority",
        readPreference="primary",
        retryWrites=True,
        tz_aware=True,
    )
    try:
        _check_replica_set(client, address)
    except BaseException:
        client.close()
        raise
    return client


def patiently(work: Callable[[], Result]) -> Result:
    """The result of `work`, which may safely be done again, over a change of primary."""
    for attempt in range(_ATTEMPTS - 1):
        try:
            return work()
        except ServerSelectionTimeoutError:
            raise  # the driver itself has waited for a server
        except (ConnectionFailure, CursorNotFound):
            pass
        except OperationFailure as error:
            if not (_unconfirmed(error) or error.has_error_label("RetryableWriteError")):
                raise
        time.sleep(_FIRST_PAUSE_S * 2**attempt)
    return work()


def _unconfirmed(error: OperationFailure) -> bool:
    """Whether everything was written, but not confirmed by a majority."""
    if isinstance(error, BulkWriteError):
        return not (error.details or {}).get("writeErrors")
    return isinstance(error, WriteConcernError)


def _check_replica_set(client: MongoClient[Document], address: MongoAddress) -> None:
    hello = patiently(lambda: client.admin.command("hello"))
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise MongoRefusedError(
            f"{address.shown} is a single server, not a member of a replica set: a majority that "
            "keeps what was written needs one (one member is enough)"
        )
    if "setName" in hello and not hello.get("isWritablePrimary"):
        raise MongoUnreachableError(
            f"{address.shown} is not the primary of its replica set, which alone takes writes; "
            "name the whole set, without directConnection"
        )


@contextmanager
def in_our_words(address: MongoAddress) -> Iterator[None]:
    """PyMongoErrors of the block as MongoUnreachableError or MongoRefusedError."""
    try:
        yield
    except PyMongoError as error:
        raise _told(error, address) from None


def _told(error: PyMongoError, address: MongoAddress) -> Exception:
    """An error that says what happened. The driver's own may quote documents and addresses."""
    where = address.shown
    if isinstance(error, ServerSelectionTimeoutError):
        # "<cause per server> (configured timeouts: …), Timeout: 30s, Topology Description: …"
        cause = str(error).split(", Timeout:", maxsplit=1)[0].split(" (configured")[0]
        return MongoUnreachableError(f"{where} does not answer: {address.scrubbed(cause)}")
    if isinstance(error, OperationFailure):
        if _unconfirmed(error):
            return MongoUnreachableError(f"{where}: no majority confirmed a write in time")
        return _refusal(error, address)
    if isinstance(error, ConnectionFailure):
        return MongoUnreachableError(f"{where}: connection lost: {address.scrubbed(str(error))}")
    if isinstance(error, ConfigurationError):
        text = address.scrubbed(str(error))
        return MongoRefusedError(f"{where} cannot be used as it is given: {text}")
    return MongoRefusedError(f"{where}: {type(error).__name__}: {address.scrubbed(str(error))}")


def _refusal(error: OperationFailure, address: MongoAddress) -> Exception:
    where = address.shown
    details = error.details or {}
    first = (details.get("writeErrors") or [details])[0]
    code = first.get("code", error.code)
    if code in _AUTHENTICATION_FAILED:
        return MongoRefusedError(f"{where} refuses the user name or the password")
    if code == _UNAUTHORIZED:
        return MongoRefusedError(
            f"{where}: the user lacks a right (or none was named); role atlasForgeWriter of a "
            "prepared database allows what runs need, readWrite and dbAdmin to prepare it as well"
        )
    if code == _VALIDATION_FAILED:
        return MongoRefusedError(
            f"{where}: a validator of the database refuses a document; it was changed, or made for "
            "another version"
        )
    text = address.scrubbed(str(first.get("errmsg", error)))
    return MongoRefusedError(f"{where}: error {code}: {text}")
