"""Does a merge end in the same documents whatever happens to the server meanwhile?"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pymongo.errors import AutoReconnect

from pipeline.storage import mongo_merge
from pipeline.storage.mongo_connect import MongoUnreachableError
from pipeline.storage.mongo_encoding import Encoded
from pipeline.storage.mongo_merge import merge_run
from pipeline.storage.mongo_results import MongoResults
from pipeline.storage.mongo_structures import Sender
from tests.services.mongod import Mongod, stored, wait_for_primary


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongod]:
    """A server of this module's own: it is killed in between."""
    found = Mongod(tmp_path_factory.mktemp("killed"))
    yield found
    found.kill()


@pytest.fixture(scope="module")
def undisturbed(server: Mongod, finished: Path) -> dict[str, list[bytes]]:
    merge_run(finished, server.uri("undisturbed"))
    return stored(server, "undisturbed")


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


def test_a_primary_that_steps_down_is_waited_for(
    server: Mongod,
    finished: Path,
    undisturbed: dict[str, list[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terms = []

    def step_down() -> None:
        with server.client() as client:
            command = {"replSetStepDown": 1, "secondaryCatchUpPeriodSecs": 0, "force": True}
            with suppress(AutoReconnect):  # the connection may be closed with the answer
                client.admin.command(command)
            terms.append(client.admin.command("hello").get("isWritablePrimary"))

    at_batch(monkeypatch, 3, step_down)
    merge_run(finished, server.uri("stepped", retryWrites="true"))
    assert terms == [False], "it did step down"
    assert stored(server, "stepped") == undisturbed


def test_a_server_killed_half_way_loses_nothing_and_shows_nothing(
    server: Mongod,
    finished: Path,
    undisturbed: dict[str, list[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uri = server.uri("killed", serverSelectionTimeoutMS=300)
    with monkeypatch.context() as patch:
        acknowledged = at_batch(patch, 4, server.kill)
        with pytest.raises(MongoUnreachableError, match="does not answer"):
            merge_run(finished, uri)
    server.start()
    with server.client() as client:
        wait_for_primary(client)
    assert len(stored(server, "killed")["structures"]) >= sum(acknowledged) >= 300
    assert MongoResults(uri).runs() == []
    assert not merge_run(finished, uri).already
    assert stored(server, "killed") == undisturbed
    assert MongoResults(uri).runs() == [finished.name]


def test_a_merging_process_that_is_killed_leaves_nothing_wrong(
    server: Mongod, finished: Path, undisturbed: dict[str, list[bytes]]
) -> None:
    uri = server.uri("sigkill")
    code = (
        "import sys; from pathlib import Path; from pipeline.storage import mongo_merge as m; "
        "m.BATCH = 5; m.merge_run(Path(sys.argv[1]), sys.argv[2])"
    )
    with server.client() as client:
        with subprocess.Popen([sys.executable, "-c", code, str(finished), uri]) as merge:
            while client.sigkill.structures.estimated_document_count() < 50:
                assert merge.poll() is None
                time.sleep(0.005)
            merge.kill()
        there = client.sigkill.structures.count_documents({})
        assert 50 <= there < len(undisturbed["structures"])
    assert MongoResults(uri).runs() == []
    merge_run(finished, uri)
    assert stored(server, "sigkill") == undisturbed


def test_an_outage_that_ends_in_time_is_not_noticed(
    server: Mongod,
    finished: Path,
    undisturbed: dict[str, list[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def restart() -> None:
        server.kill()
        server.start()

    at_batch(monkeypatch, 2, restart)
    merge_run(finished, server.uri("restarted"))
    assert stored(server, "restarted") == undisturbed
