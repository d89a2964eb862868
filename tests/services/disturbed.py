"""Disturbances of a merge, at a batch of one's choice."""

from collections.abc import Callable

import pytest

from pipeline.storage import mongo_merge
from pipeline.storage.mongo_encoding import Encoded
from pipeline.storage.mongo_structures import Sender


def at_batch(
    monkeypatch: pytest.MonkeyPatch, number: int, happens: Callable[[], None]
) -> list[int]:
    """Let something happen before a batch is sent; returns what a majority then had, read back."""
    monkeypatch.setattr(mongo_merge, "BATCH", 100)
    send, acknowledged = Sender.send, []

    def disturbed(sender: Sender, batch: Encoded) -> None:
        if batch.first_rank == 100 * number + 1:
            happens()
        send(sender, batch)
        acknowledged.append(len(batch.ids))

    monkeypatch.setattr(Sender, "send", disturbed)
    return acknowledged
