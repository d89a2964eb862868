"""Does a merge leave the same documents whatever happens to server, line and process?"""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pymongo.errors import AutoReconnect

from pipeline.storage.mongo_connect import MongoUnreachableError
from pipeline.storage.mongo_merge import merge_run
from pipeline.storage.mongo_results import MongoResults
from tests.services.cut_proxy import CutProxy
from tests.services.disturbed import at_batch
from tests.services.mongod import Mongod, stored, wait_for_primary

Tell = Callable[[str], None]
Documents = dict[str, list[bytes]]
# A merge in batches so small that it takes a while to kill it in.
SLOWLY = (
    "import sys; from pathlib import Path; from pipeline.storage import mongo_merge as m; "
    "m.BATCH = 5; print('begun', flush=True); m.merge_run(Path(sys.argv[1]), sys.argv[2])"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongod]:
    """A server of this module's own: it is killed in between."""
    found = Mongod(tmp_path_factory.mktemp("killed"))
    yield found
    found.kill()


@pytest.mark.full
@pytest.mark.fault("MongoDB", "the only member steps down half way through a merge")
def test_a_primary_that_steps_down_is_waited_for(
    server: Mongod,
    finished: Path,
    undisturbed: Documents,
    monkeypatch: pytest.MonkeyPatch,
    came_of_it: Tell,
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
    came_of_it("waited for, not noticed")


@pytest.mark.fault("MongoDB", "mongod is killed (SIGKILL) half way through a merge, and stays away")
def test_a_server_killed_half_way_loses_nothing_and_shows_nothing(
    server: Mongod,
    finished: Path,
    undisturbed: Documents,
    monkeypatch: pytest.MonkeyPatch,
    came_of_it: Tell,
) -> None:
    uri = server.uri("killed", serverSelectionTimeoutMS=300)
    with monkeypatch.context() as patch:
        acknowledged = at_batch(patch, 4, server.kill)
        with pytest.raises(MongoUnreachableError, match="does not answer"):
            merge_run(finished, uri)
    server.start()
    with server.client() as client:
        wait_for_primary(client)
    there = stored(server, "killed")["structures"]
    assert len(there) >= sum(acknowledged) >= 300
    assert MongoResults(uri).runs() == []
    assert not merge_run(finished, uri).already
    assert stored(server, "killed") == undisturbed
    assert MongoResults(uri).runs() == [finished.name]
    came_of_it(
        f"exit 1, nothing visible, {len(there)} of {len(undisturbed['structures'])} structures "
        "kept; the next merge finished"
    )


@pytest.mark.full
@pytest.mark.fault("MongoDB", "mongod is killed half way through a merge and started again at once")
def test_an_outage_that_ends_in_time_is_not_noticed(
    server: Mongod,
    finished: Path,
    undisturbed: Documents,
    monkeypatch: pytest.MonkeyPatch,
    came_of_it: Tell,
) -> None:
    def restart() -> None:
        server.kill()
        server.start()

    at_batch(monkeypatch, 2, restart)
    merge_run(finished, server.uri("restarted"))
    assert stored(server, "restarted") == undisturbed
    came_of_it("waited for, not noticed")


def killed_after(seconds: float, finished: Path, uri: str) -> bool:
    """A merging process, killed so long after it began; False if it was done before."""
    command = [sys.executable, "-c", SLOWLY, str(finished), uri]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as merge:
        assert merge.stdout is not None
        merge.stdout.readline()
        with suppress(subprocess.TimeoutExpired):
            merge.wait(seconds)
        merge.kill()
    return merge.returncode != 0


@pytest.mark.fault("MongoDB", "the merging process is killed (SIGKILL) half way")
def test_a_merging_process_that_is_killed_leaves_nothing_wrong(
    server: Mongod, finished: Path, undisturbed: Documents, came_of_it: Tell
) -> None:
    uri = server.uri("sigkill")
    command = [sys.executable, "-c", SLOWLY, str(finished), uri]
    with server.client() as client:
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as merge:
            while client.sigkill.structures.estimated_document_count() < 50:
                assert merge.poll() is None
                time.sleep(0.005)
            merge.kill()
        there = client.sigkill.structures.count_documents({})
        assert 50 <= there < len(undisturbed["structures"])
    assert MongoResults(uri).runs() == []
    merge_run(finished, uri)
    assert stored(server, "sigkill") == undisturbed
    came_of_it(
        f"nothing visible with {there} of {len(undisturbed['structures'])} structures there; "
        "the next merge finished"
    )


@pytest.mark.full
@pytest.mark.fault(
    "MongoDB", "merging processes are killed at 10 random moments, one after another"
)
def test_processes_killed_at_any_moment_leave_nothing_wrong(
    server: Mongod, finished: Path, undisturbed: Documents, came_of_it: Tell
) -> None:
    uri, moments = server.uri("moments"), random.Random(20261121)
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", SLOWLY, str(finished), server.uri("timed")], check=True)
    whole = time.monotonic() - begun
    with server.client() as client:
        killed, there = 0, []
        while killed < 10:
            killed += killed_after(moments.uniform(0, whole), finished, uri)
            there.append(client.moments.structures.count_documents({}))
            if MongoResults(uri).runs():
                assert stored(server, "moments") == undisturbed, "visible means whole"
                client.drop_database("moments")
    merge_run(finished, uri)
    assert stored(server, "moments") == undisturbed
    came_of_it(
        f"{killed} killed with {min(there)} to {max(there)} structures there; never half seen"
    )


LINES = {
    "is cut once, early": [20_000],
    "is cut once, in the middle of a batch": [1_500_000],
    "is cut four times": [100_000, 700_000, 400_000, 1_000_000],
}


@pytest.mark.fault("MongoDB", "the connection to the server {told}")
@pytest.mark.parametrize(
    "told",
    [
        pytest.param("is cut once, early", marks=pytest.mark.full),
        pytest.param("is cut once, in the middle of a batch", marks=pytest.mark.full),
        "is cut four times",
    ],
)
def test_a_line_that_is_cut_is_taken_up_again(
    server: Mongod, finished: Path, undisturbed: Documents, told: str, came_of_it: Tell
) -> None:
    line = CutProxy(server.port, LINES[told])
    name = f"cut_{len(LINES[told])}_{LINES[told][0]}"
    uri = server.uri(name, directConnection="true").replace(str(server.port), str(line.port))
    merge_run(finished, uri)
    assert line.cuts == len(LINES[told])
    line.close()
    assert stored(server, name) == undisturbed
    came_of_it("the batch was sent again; the same merge finished")
