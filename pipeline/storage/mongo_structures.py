"""Structures of a run into the database, and back out of it: written, then read, byte for byte.

What has to be written is sent in batches by several threads at once. Each batch is read back as
soon as a majority has it, while the next ones are made and sent. Documents of the run that are as
they should be are never removed, so that several processes may merge the same run.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, cast

from bson.raw_bson import RawBSONDocument
from pymongo import ReplaceOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from pipeline.storage.mongo_connect import DUPLICATE_KEY, Document, patiently
from pipeline.storage.mongo_encoding import Encoded

# 5.6 MB of documents, of which a sender holds some five copies while it writes and reads back.
BATCH: Final = 1_000
SENDERS: Final = 2
# Another process may be writing the same structures, which is no reason to give up at once.
_ROUNDS: Final = 4


class OthersInTheWayError(Exception):
    """The collection does not give back what was written: something else writes there."""


class _NotAsSentError(Exception):
    """What was read back is not what was sent."""


def structures_written(
    structures: Collection[Document], run_id: str, batches: Iterable[Encoded]
) -> str:
    """Write a run's structures and read them back; returns the sha256 of their documents by rank.

    Raises OthersInTheWayError, PyMongoError and what making the batches raises.
    """
    digest = hashlib.sha256()
    sender = Sender(structures, run_id)
    rows = 0
    with ThreadPoolExecutor(SENDERS, "atlas-forge-mongo") as pool:
        sending: deque[Future[None]] = deque()
        try:
            for batch in batches:
                sending.append(pool.submit(sender.send, batch))
                digest.update(batch.data)
                rows += len(batch.ids)
                if len(sending) > SENDERS:
                    sending.popleft().result()
            while sending:
                sending.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
    _alone(structures, run_id, rows)
    return digest.hexdigest()


def stored_digest(structures: Collection[Document], run_id: str) -> str:
    """sha256 over the stored documents of a run in rank order."""
    digest = hashlib.sha256()
    for raw in structures.find_raw_batches({"run_id": run_id}, sort=[("rank", 1)]):
        digest.update(cast(bytes, raw))
    return digest.hexdigest()


def _alone(structures: Collection[Document], run_id: str, rows: int) -> None:
    """Nothing but ranks 1 to `rows`, which were just read, is there under the run's name."""
    if patiently(lambda: structures.count_documents({"run_id": run_id})) == rows:
        return
    beyond = {"run_id": run_id, "rank": {"$not": {"$gte": 1, "$lte": rows}}}
    patiently(lambda: structures.delete_many(beyond))
    if patiently(lambda: structures.count_documents({"run_id": run_id})) != rows:
        raise OthersInTheWayError


class Sender:
    """Writes batches so that writing one again changes nothing; threads may share it."""

    def __init__(self, structures: Collection[Document], run_id: str) -> None:
        self._structures = structures
        self._run_id = run_id

    def send(self, batch: Encoded) -> None:
        """Write a batch until a majority has it as it is. Raises OthersInTheWayError, PyMongoError.

        Plain inserts are more than twice as fast as upserts, and add what is missing where some of
        the batch is there. Only what is there and is something else is then replaced.
        """
        documents: list[Any] = [RawBSONDocument(each) for each in batch.documents()]
        with _duplicates_aside():
            patiently(lambda: self._structures.insert_many(documents, ordered=False))
        if self.is_stored(batch):
            return
        replace = [
            ReplaceOne({"_id": number}, document, upsert=True)
            for number, document in zip(batch.ids, documents, strict=True)
        ]
        for _ in range(_ROUNDS):
            patiently(lambda: self._structures.delete_many(self._strangers(batch)))
            with _duplicates_aside():
                patiently(lambda: self._structures.bulk_write(replace, ordered=False))
            if self.is_stored(batch):
                return
        raise OthersInTheWayError

    def is_stored(self, batch: Encoded) -> bool:
        """Whether the documents at the batch's ranks are those of the batch, to the last byte."""
        try:
            patiently(lambda: self._read(batch))
        except _NotAsSentError:
            return False
        return True

    def _read(self, batch: Encoded) -> None:
        ranks = {"$gte": batch.first_rank, "$lt": batch.first_rank + len(batch.ids)}
        wanted = {"run_id": self._run_id, "rank": ranks}
        found = self._structures.find_raw_batches(
            wanted, sort=[("rank", 1)], batch_size=len(batch.ids) + 1
        )
        place = 0
        for each in found:
            raw = cast(bytes, each)
            if bytes(batch.data[place : place + len(raw)]) != raw:
                raise _NotAsSentError
            place += len(raw)
        if place != len(batch.data):
            raise _NotAsSentError

    def _strangers(self, batch: Encoded) -> Document:
        """Documents under the run's name, at these ranks or numbers, that are none of the run's."""
        ranks = {"$gte": batch.first_rank, "$lt": batch.first_rank + len(batch.ids)}
        return {
            "run_id": self._run_id,
            "_id": {"$nin": batch.ids},
            "$or": [{"rank": ranks}, {"permutation_id": {"$in": batch.permutation_ids}}],
        }


@contextmanager
def _duplicates_aside() -> Iterator[None]:
    """Lets pass that some documents are there already: what they are is read afterwards."""
    try:
        yield
    except BulkWriteError as error:
        problems = (error.details or {}).get("writeErrors", [])
        if not problems or any(each["code"] != DUPLICATE_KEY for each in problems):
            raise
