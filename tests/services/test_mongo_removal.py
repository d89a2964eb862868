"""Is a run removed from a database whole, and nothing that a merge needs with it?"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson.int64 import Int64

from pipeline.cli.main import run_command
from pipeline.storage import mongo_merge, mongo_removal
from pipeline.storage.mongo_connect import MongoRefusedError
from pipeline.storage.mongo_encoding import Encoded
from pipeline.storage.mongo_merge import merge_run
from pipeline.storage.mongo_removal import remove_from_mongo
from pipeline.storage.mongo_results import MongoResults
from pipeline.storage.mongo_structures import Sender
from tests.services.mongod import Mongod, stored

Capture = pytest.CaptureFixture[str]
Documents = dict[str, list[bytes]]


def said(capsys: Capture, *arguments: str) -> tuple[int, Any, str]:
    code = run_command([*arguments, "--json"])
    told = capsys.readouterr()
    return code, json.loads(told.out), told.err


def test_a_run_is_removed_from_the_database_and_can_come_back(
    mongod: Mongod, finished: Path, undisturbed: Documents, capsys: Capture
) -> None:
    uri, run = mongod.uri("removed"), finished.name
    merge_run(finished, uri)
    assert said(capsys, "rm", "nobody", "--mongo", uri, "--yes")[0] == 2
    assert said(capsys, "rm", run, "--mongo", uri)[0] == 2, "nobody can be asked"
    assert said(capsys, "rm", run, "--database", "--yes")[0] == 2, "no database is set"
    assert stored(mongod, "removed") == undisturbed
    code, told, _ = said(capsys, "rm", run, "--mongo", uri, "--yes")
    assert code == 0
    assert told["removed"][0]["structures"] == len(undisturbed["structures"])
    assert all(found == [] for found in stored(mongod, "removed").values())
    assert finished.is_dir(), "the folder stays"
    merge_run(finished, uri)
    assert stored(mongod, "removed") == undisturbed


@pytest.mark.fault("MongoDB", "a removal is cut off after {after} of its transactions")
@pytest.mark.parametrize(
    "after", [pytest.param(0, marks=pytest.mark.full), 1, pytest.param(8, marks=pytest.mark.full)]
)
def test_a_removal_that_is_cut_off_shows_nothing_and_is_finished(
    mongod: Mongod,
    finished: Path,
    after: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    came_of_it: Callable[[str], None],
) -> None:
    uri, run, done = mongod.uri(f"cut_{after}"), finished.name, []
    merge_run(finished, uri)
    delete = mongo_removal._delete

    def cut_off(*arguments: Any) -> None:
        if len(done) == after:
            raise ConnectionError("the line is cut")
        delete(*arguments)
        done.append(arguments)

    with monkeypatch.context() as patch:
        patch.setattr(mongo_removal, "_AT_ONCE", 100)
        patch.setattr(mongo_removal, "_delete", cut_off)
        with pytest.raises(ConnectionError):
            remove_from_mongo(uri, run)
    assert said(capsys, "runs", "--mongo", uri)[1]["runs"] == []
    code, _, told = said(capsys, "top", run, "--mongo", uri)
    assert code == 2 and "being removed" in told
    assert said(capsys, "status", run, "--mongo", uri)[1]["state"] == "removing"
    monkeypatch.setattr(mongo_merge, "_PATIENCE_S", 0.3)
    with pytest.raises(MongoRefusedError, match="is being removed"):
        merge_run(finished, uri)
    there = len(stored(mongod, f"cut_{after}")["structures"])
    command = ("rm", run, "--yes") if after else ("gc",)
    assert said(capsys, *command, "--mongo", uri)[0] == 0
    assert all(found == [] for found in stored(mongod, f"cut_{after}").values())
    assert said(capsys, "gc", "--mongo", uri)[1]["items"] == []
    came_of_it(f"{there} structures left that nobody sees; `{command[0]}` finished")


def test_a_removal_takes_nothing_of_a_merge_that_began_after_it(
    mongod: Mongod, finished: Path, undisturbed: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held up half way, finished by another; the run is merged again; then the first goes on."""
    uri, run, calls = mongod.uri("overtaken"), finished.name, []
    merge_run(finished, uri)
    delete = mongo_removal._delete

    def held_up(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            other = remove_from_mongo(uri, run)
            assert other is not None and not other.by_another
            merge_run(finished, uri)
        delete(*arguments)

    monkeypatch.setattr(mongo_removal, "_AT_ONCE", 100)
    monkeypatch.setattr(mongo_removal, "_delete", held_up)
    gone = remove_from_mongo(uri, run)
    assert gone is not None and gone.by_another
    assert stored(mongod, "overtaken") == undisturbed


@pytest.mark.fault("MongoDB", "the run is removed by another process half way through its merge")
def test_a_merge_notices_that_its_run_was_removed(
    mongod: Mongod,
    finished: Path,
    undisturbed: Documents,
    monkeypatch: pytest.MonkeyPatch,
    came_of_it: Callable[[str], None],
) -> None:
    uri, send = mongod.uri("pulled"), Sender.send
    removed: list[Any] = []

    def pulled(sender: Sender, batch: Encoded) -> None:
        if batch.first_rank == 301 and not removed:
            removed.append(remove_from_mongo(uri, finished.name))
        send(sender, batch)

    monkeypatch.setattr(mongo_merge, "BATCH", 100)
    monkeypatch.setattr(Sender, "send", pulled)
    merge_run(finished, uri)
    assert removed[0].structures > 0
    assert stored(mongod, "pulled") == undisturbed
    came_of_it("the merge saw that the run was no longer its own, and began again")


def test_retention_takes_what_is_old_and_never_a_merge_that_is_alive(
    mongod: Mongod, finished: Path, tmp_path: Path, capsys: Capture
) -> None:
    uri = mongod.uri("retention")
    merge_run(finished, uri)
    old = {"title": "Old", "timestamp": datetime.now(UTC) - timedelta(days=40)}
    now, hours = datetime.now(UTC), timedelta(hours=3)
    with mongod.client() as client:
        runs, structures = client.retention.runs, client.retention.structures
        (run,) = runs.find().to_list()
        (sample,) = structures.find({"rank": 1}).to_list()
        for name, state in (("old", {**old}), ("new", {})):
            runs.insert_one({**run, **state, "_id": name, "run_id": name, "files": []})
        for name, seen in (("alive", now), ("dead", now - hours)):
            claim = {"state": "merging", "claim": {"id": "x", "seen": seen}}
            runs.insert_one({**run, **claim, "_id": name, "run_id": name, "files": []})
        for name in ("old", "alive", "dead", "nobody"):
            structures.insert_one({**sample, "_id": f"{name}/1", "run_id": name})
    gc = ("gc", "--mongo", uri)
    assert said(capsys, *gc, "--dry-run")[1]["items"] == [
        {"kind": "structures and files of no run", "run_id": "nobody"}
    ]
    code, told, _ = said(capsys, *gc, "--unfinished", "--older-than", "1h")
    kinds = {item["run_id"]: item["kind"] for item in told["items"]}
    assert code == 0
    assert kinds.pop("dead") == "merge never completed"
    assert kinds.pop("nobody") == "structures and files of no run"
    assert kinds.pop("old") == "run" and set(kinds) <= {finished.name, "new"}
    left = {"alive", "new", finished.name} - set(kinds)
    with mongod.client() as client:
        assert {run["_id"] for run in client.retention.runs.find()} == left
        assert client.retention.structures.count_documents({"run_id": "alive"}) == 1
        assert client.retention.structures.count_documents({"run_id": "nobody"}) == 0
        client.retention.runs.update_one({"_id": "alive"}, {"$set": {"rank": Int64(1)}})
    silent = now - timedelta(hours=1)
    assert remove_from_mongo(uri, "alive", silent) is None, "it was heard of after that"
    assert said(capsys, *gc, "--checkpoints")[0] == 2


def test_status_tells_what_a_database_has(mongod: Mongod, finished: Path, capsys: Capture) -> None:
    uri, run = mongod.uri("status"), finished.name
    assert said(capsys, "status", run, "--mongo", uri)[0] == 2
    merge_run(finished, uri)
    code, told, _ = said(capsys, "status", run, "--mongo", uri)
    assert (code, told["state"], told["changed"]) == (0, "complete", [])
    assert told["structures"] == told["survivors"] == MongoResults(uri).rows(run).sizes[0]
    with mongod.client() as client:
        client.status.structures.update_one({"rank": 3}, {"$set": {"wacc": 1.0}})
        client.status["fs.files"].delete_one({"metadata.path": "plan.json"})
    assert run_command(["status", run, "--mongo", uri]) == 0
    told = capsys.readouterr().out
    assert "plan.json is missing or changed" in told and "structures are missing" in told
