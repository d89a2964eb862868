"""Is a database of an earlier version brought up to this one without touching its structures?"""

import json
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.main import run_command
from pipeline.storage.mongo_merge import merge_run
from pipeline.storage.mongo_results import MongoResults
from pipeline.storage.mongo_schema import TOLD, unprepared
from tests.older_runs import OLDER_RUN, RUN_ID
from tests.services.mongod import Mongod, stored

Capture = pytest.CaptureFixture[str]


def migrated(
    capsys: Capture, uri: str, out: Path, *options: str, code: int = 0
) -> list[dict[str, Any]]:
    asked = ["migrate", "--mongo", uri, "--out", str(out), *options, "--json"]
    assert run_command(asked) == code
    return list(json.loads(capsys.readouterr().out)["documents"])


def made_older(mongod: Mongod, name: str) -> None:
    """What a version before owners and desks left: no such fields, rule or index."""
    with mongod.client() as client:
        database = client[name]
        [each] = database.list_collections(filter={"name": "runs"})
        rule = deepcopy(each["options"]["validator"])
        for field in TOLD:
            del rule["$jsonSchema"]["properties"][field]
        database.command("collMod", "runs", validator=rule)
        database.runs.drop_index("desk_1_timestamp_-1")
        database.runs.update_many({}, {"$unset": dict.fromkeys(TOLD, "")})


def test_documents_and_collections_are_completed_and_structures_stay(
    mongod: Mongod, finished: Path, tmp_path: Path, capsys: Capture
) -> None:
    uri = mongod.uri("older")
    merge_run(finished, uri)
    with mongod.client() as client:
        whole = client.older.runs.find_one({})
    before = stored(mongod, "older")
    made_older(mongod, "older")
    asked = migrated(capsys, uri, tmp_path, "--dry-run")
    assert [each["state"] for each in asked] == ["older", "older"]
    with mongod.client() as client:
        assert len(unprepared(client.older)) == 2, "a dry run writes nothing"
        assert "owner" not in (client.older.runs.find_one({}) or {})
    database, run = migrated(capsys, uri, tmp_path)
    assert database["changed"] and set(database["missing"]) == {
        "validator of runs", "index desk, timestamp of runs"
    }  # fmt: skip
    assert run["changed"] and set(run["missing"]) == {"owner", "market", "rulebook"}
    with mongod.client() as client:
        assert client.older.runs.find_one({}) == whole
        assert unprepared(client.older) == []
    after = stored(mongod, "older")
    assert {name for name in after if after[name] != before[name]} <= {"runs"}
    assert not any(each["changed"] for each in migrated(capsys, uri, tmp_path))
    assert merge_run(finished, uri).already, "a merge finds nothing to put right"
    assert run_command(["audit", finished.name, "--out", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["events"][0]["action"] == "migrate"


@pytest.mark.full
def test_what_is_newer_under_way_or_damaged_is_told_and_left(
    mongod: Mongod, finished: Path, tmp_path: Path, capsys: Capture
) -> None:
    uri = mongod.uri("mixed")
    merge_run(finished, uri)
    made_older(mongod, "mixed")
    with mongod.client() as client:
        runs = client.mixed.runs
        first = runs.find_one({}) or {}
        client.mixed.command("collMod", "runs", validator={})
        for name, change in {
            "a-newer": {"schema": 2},
            "b-merging": {"state": "merging"},
            "c-damaged": {"files": []},
            "d-odd": {"files": 7},
        }.items():
            runs.insert_one(first | {"_id": name, "run_id": name} | change)
        before = {each["_id"]: each for each in runs.find({"_id": {"$ne": finished.name}})}
    found = {each["path"]: each for each in migrated(capsys, uri, tmp_path, code=1)}
    assert {name: found[name]["state"] for name in before} == {
        "a-newer": "newer", "b-merging": "busy", "c-damaged": "damaged", "d-odd": "damaged",
    }  # fmt: skip
    assert found[finished.name]["changed"]
    with mongod.client() as client:
        runs = client.mixed.runs
        assert {each["_id"]: each for each in runs.find({"_id": {"$in": list(before)}})} == before


@pytest.mark.full
def test_a_database_of_a_newer_version_is_refused(
    mongod: Mongod, tmp_path: Path, capsys: Capture
) -> None:
    with mongod.client() as client:
        rule = {"$jsonSchema": {"title": "Atlas Forge runs 2"}}
        client.later.create_collection("runs", validator=rule)
    uri = mongod.uri("later")
    assert run_command(["migrate", "--mongo", uri, "--out", str(tmp_path)]) == 1
    assert "collection runs has schema 2, this version writes 1" in capsys.readouterr().err
    with mongod.client() as client:
        assert client.later.list_collection_names() == ["runs"]


@pytest.mark.full
def test_a_run_of_an_older_version_is_read_from_the_database(
    mongod: Mongod, tmp_path: Path, capsys: Capture
) -> None:
    folder = Path(shutil.copytree(OLDER_RUN, tmp_path / RUN_ID))
    uri = mongod.uri("stored")
    merge_run(folder, uri)
    assert MongoResults(uri).runs() == [RUN_ID]
    for line, code in (
        (["top", RUN_ID], 0),
        (["show", RUN_ID], 0),
        (["explain", RUN_ID, "16"], 1),
        (["pack", RUN_ID], 1),
    ):
        assert run_command([*line, "--mongo", uri]) == code
        assert "unexpected" not in capsys.readouterr().err
