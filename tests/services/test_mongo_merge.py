"""Is a run in MongoDB exactly its ranked file, once, and whole before anybody sees it?"""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gridfs
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bson.int64 import Int64
from pymongo.errors import OperationFailure, WriteError

from pipeline.query.rows import ranked_of
from pipeline.storage import mongo_merge
from pipeline.storage.manifest import file_digest
from pipeline.storage.mongo_connect import MongoRefusedError
from pipeline.storage.mongo_documents import UnstorableRowsError, path_of
from pipeline.storage.mongo_encoding import Encoded
from pipeline.storage.mongo_merge import merge_run
from pipeline.storage.mongo_results import MongoResults
from pipeline.storage.mongo_structures import Sender
from pipeline.storage.results import NoSuchRunError
from tests.services.mongod import Mongod, stored


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongo_merge, "BATCH", 100)


def value_at(document: dict[str, Any], path: str) -> Any:
    for name in path.split("."):
        document = document[name]
    return document


@pytest.mark.usefixtures("undisturbed")
def test_every_figure_of_every_structure_is_there(mongod: Mongod, finished: Path) -> None:
    rows = pq.read_table(finished / "ranked.parquet")
    with mongod.client() as client:
        documents = client.undisturbed.structures.find().sort("rank").to_list()
    assert len(documents) == rows.num_rows > 500
    nulls = 0
    for field, column in zip(rows.schema, rows.columns, strict=True):
        found = [value_at(document, path_of(field.name)) for document in documents]
        assert found == column.to_pylist(), field.name
        nulls += found.count(None)
        if field.type == pa.int64():
            assert {type(value) for value in found} <= {Int64, type(None)}, field.name
    assert nulls > 0, "undefined figures are there, as null"
    run_id = finished.name
    assert [each["_id"] for each in documents] == [
        f"{run_id}/{number}" for number in rows["permutation_id"].to_pylist()
    ]
    assert {each["schema"] for each in documents} == {1}
    assert [each["day_one_value"] for each in documents] == rows["day1_cash"].to_pylist()


def test_files_are_in_gridfs_as_they_are_in_the_folder(
    mongod: Mongod, finished: Path, undisturbed: dict[str, list[bytes]]
) -> None:
    with mongod.client() as client:
        bucket = gridfs.GridFSBucket(client.undisturbed)
        sealed = json.loads((finished / "manifest.json").read_bytes())["outputs"]
        names = {"manifest.json", "plan.json", *sealed} - {"ranked.parquet"}
        assert {file.filename for file in bucket.find({})} == {
            f"{finished.name}/{n}" for n in names
        }
        for name in names:
            data = bucket.open_download_stream_by_name(f"{finished.name}/{name}").read()
            assert data == (finished / name).read_bytes()
    assert len(undisturbed["fs.files"]) == len(names)


def test_merging_again_changes_nothing(
    mongod: Mongod, finished: Path, undisturbed: dict[str, list[bytes]]
) -> None:
    assert merge_run(finished, mongod.uri("undisturbed")).already
    assert stored(mongod, "undisturbed") == undisturbed
    with mongod.client() as client:
        client.undisturbed.runs.update_one({}, {"$set": {"state": "merging"}})
    assert not merge_run(finished, mongod.uri("undisturbed")).already
    assert stored(mongod, "undisturbed") == undisturbed


@pytest.mark.usefixtures("small_batches")
def test_a_merge_cut_off_half_way_is_invisible_and_goes_on(
    mongod: Mongod,
    finished: Path,
    undisturbed: dict[str, list[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uri, send = mongod.uri("cut_off"), Sender.send

    def failing(sender: Sender, batch: Encoded) -> None:
        if batch.first_rank == 301:
            raise ConnectionError("the line is cut")
        send(sender, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Sender, "send", failing)
        with pytest.raises(ConnectionError, match="cut"):
            merge_run(finished, uri)
    there = stored(mongod, "cut_off")["structures"]
    assert 200 <= len(there) < len(undisturbed["structures"])
    assert set(there) < set(undisturbed["structures"])
    results = MongoResults(uri)
    assert results.runs() == []
    for question in (
        results.summary,
        results.rows,
        results.manifest,
        lambda run: results.top(run, 5),
    ):
        with pytest.raises(NoSuchRunError, match="not complete"):
            question(finished.name)
    (line,) = MongoResults(uri, everything=True).listed(pytest.fail)
    assert (line.run_id, line.state) == (finished.name, "merging")
    merge_run(finished, uri)
    assert stored(mongod, "cut_off") == undisturbed
    assert MongoResults(uri).runs() == [finished.name]


def test_two_processes_may_merge_the_same_run(
    mongod: Mongod, finished: Path, undisturbed: dict[str, list[bytes]], tmp_path: Path
) -> None:
    """The second did the same work elsewhere: another manifest, the same ranked file."""
    shutil.copytree(finished, tmp_path / finished.name)
    manifest = json.loads((finished / "manifest.json").read_bytes())
    manifest["created_at"] = "2030-01-01T00:00:00.000Z"
    (tmp_path / finished.name / "manifest.json").write_text(json.dumps(manifest))
    code = (
        "import sys; from pathlib import Path; from pipeline.storage import mongo_merge as m; "
        "m.BATCH = 50; m.merge_run(Path(sys.argv[1]), sys.argv[2])"
    )
    uri = mongod.uri("both")
    folders = (finished, tmp_path / finished.name)
    merges = [
        subprocess.Popen([sys.executable, "-c", code, str(folder), uri], stderr=subprocess.PIPE)
        for folder in folders
    ]
    told = [merge.communicate(timeout=120)[1].decode() for merge in merges]
    assert [merge.returncode for merge in merges] == [0, 0], told
    found = stored(mongod, "both")
    assert found["structures"] == undisturbed["structures"]
    results = MongoResults(uri)
    assert results.runs() == [finished.name]
    assert results.manifest(finished.name)["created_at"] in (
        manifest["created_at"],
        json.loads((finished / "manifest.json").read_bytes())["created_at"],
    )
    assert results.summary(finished.name)["run_id"] == finished.name
    # a third call tidies what the loser left, if anything, and finds all whole
    assert merge_run(finished, uri).already


def test_five_runs_at_once_into_one_database(
    mongod: Mongod, finished: Path, undisturbed: dict[str, list[bytes]], tmp_path: Path
) -> None:
    names = [f"run-{number}" for number in range(5)]
    for name in names:
        shutil.copytree(finished, tmp_path / name)
        manifest = json.loads((finished / "manifest.json").read_bytes())
        (tmp_path / name / "manifest.json").write_text(json.dumps({**manifest, "run_id": name}))
    uri = mongod.uri("five")
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda name: merge_run(tmp_path / name, uri), names))
    results = MongoResults(uri)
    assert sorted(results.runs()) == names
    assert len(stored(mongod, "five")["structures"]) == 5 * len(undisturbed["structures"])
    best = MongoResults(mongod.uri("undisturbed")).top(finished.name, 3)
    assert all(results.top(name, 3) == best for name in names)


@pytest.mark.usefixtures("undisturbed")
def test_validators_refuse_what_this_program_did_not_write(mongod: Mongod) -> None:
    with mongod.client() as client:
        database = client.undisturbed
        sound = database.structures.find_one({"rank": 1})
        assert sound is not None
        foreign: list[tuple[str, dict[str, Any]]] = [
            ("structures", {"hello": "world"}),
            ("structures", {**sound, "schema": Int64(2)}),
            ("structures", {**sound, "rank": Int64(0)}),
            ("structures", {**sound, "wacc": float("nan")}),
            ("structures", {**sound, "dscr_min": float("inf")}),
            ("structures", {**sound, "permutation_id": 7}),
            ("structures", {**sound, "viability_tier": "Platinum"}),
            ("runs", {"_id": "x", "state": "complete"}),
            ("fs.files", {"filename": "x", "length": Int64(1)}),
        ]
        for name, document in foreign:
            with pytest.raises(WriteError) as caught:
                database[name].insert_one({**document, "_id": "foreign"})
            assert caught.value.code == 121, document
        run = database.runs.find_one({})
        assert run is not None
        with pytest.raises(OperationFailure):
            database.runs.update_one({"_id": run["_id"]}, {"$set": {"state": "nearly"}})


@pytest.mark.usefixtures("undisturbed")
def test_indexes_serve_the_questions_they_are_for(mongod: Mongod, finished: Path) -> None:
    with mongod.client() as client:
        database = client.undisturbed
        unique = {
            tuple(index["key"]): index.get("unique", False)
            for index in database.structures.index_information().values()
            for index in [{**index, "key": [name for name, _ in index["key"]]}]
        }
        assert unique[("run_id", "permutation_id")] is True
        questions = {
            "project_id_1_timestamp_-1": database.runs.find({"project_id": "trial"}).sort(
                "timestamp", -1
            ),
            "viability_tier_1_day_one_value_-1": database.structures.find(
                {"viability_tier": "Gold", "day_one_value": {"$gt": 0.0}}
            ).sort("day_one_value", -1),
            "run_id_1_permutation_id_1": database.structures.find(
                {"run_id": finished.name, "permutation_id": Int64(5)}
            ),
            "run_id_1_rank_1": database.structures.find({"run_id": finished.name}).sort("rank", 1),
        }
        for index, question in questions.items():
            plan = question.explain()["queryPlanner"]["winningPlan"]
            assert index in json.dumps(plan, default=str), plan
            assert '"SORT"' not in json.dumps(plan, default=str)


def altered(finished: Path, folder: Path, table: pa.Table) -> Path:
    """A copy of the run whose ranked file is another, sealed as if it were right."""
    run = folder / finished.name
    shutil.copytree(finished, run)
    pq.write_table(table, run / "ranked.parquet", write_page_checksum=True)
    manifest = json.loads((run / "manifest.json").read_bytes())
    manifest["outputs"]["ranked.parquet"] = file_digest(run / "ranked.parquet")
    (run / "manifest.json").write_text(json.dumps(manifest))
    return run


@pytest.mark.parametrize("name", ["$where", "a.b", "_id", "scenarios", "", "nul\0"])
def test_a_hostile_name_never_becomes_a_field(
    mongod: Mongod, finished: Path, tmp_path: Path, name: str
) -> None:
    table = pq.read_table(finished / "ranked.parquet")
    names = [name if each == "trs" else each for each in table.schema.names]
    run = altered(finished, tmp_path, table.rename_columns(names))
    with pytest.raises(UnstorableRowsError, match="cannot be the name of a field"):
        merge_run(run, mongod.uri("hostile"))


def test_a_figure_that_is_no_number_is_not_written(
    mongod: Mongod, finished: Path, tmp_path: Path
) -> None:
    table = pq.read_table(finished / "ranked.parquet")
    place = table.schema.get_field_index("wacc")
    values = [float("nan"), *table["wacc"].to_pylist()[1:]]
    nan = table.set_column(place, table.schema.field("wacc"), pa.array(values, pa.float64()))
    with pytest.raises(UnstorableRowsError, match="wacc"):
        merge_run(altered(finished, tmp_path, nan), mongod.uri("nan"))
    assert MongoResults(mongod.uri("nan")).runs() == []


def test_hostile_text_stays_a_value(mongod: Mongod, finished: Path, tmp_path: Path) -> None:
    run = tmp_path / finished.name
    shutil.copytree(finished, run)
    manifest = json.loads((run / "manifest.json").read_bytes())
    hostile = '{"$gt": ""} $where: sleep(9) a.b\u202e'
    manifest["project"]["title"] = hostile
    manifest["project"]["id"] = "$ne"
    (run / "manifest.json").write_text(json.dumps(manifest))
    uri = mongod.uri("text")
    merge_run(run, uri)
    with mongod.client() as client:
        document = client.text.runs.find_one({"project_id": "$ne"})
        assert document is not None and document["title"] == hostile
    results = MongoResults(uri)
    asked: Any = {"$ne": ""}
    for run_id in ("$ne", '{"$gt": ""}', asked):
        with pytest.raises((NoSuchRunError, TypeError)):
            results.summary(run_id)


def test_a_run_without_survivors_is_complete_too(
    mongod: Mongod, finished: Path, tmp_path: Path
) -> None:
    uri = mongod.uri("none")
    run = altered(finished, tmp_path, pq.read_schema(finished / "ranked.parquet").empty_table())
    summary = json.loads((run / "summary.json").read_bytes()) | {"survivors": 0}
    (run / "summary.json").write_text(json.dumps(summary))
    manifest = json.loads((run / "manifest.json").read_bytes())
    manifest["outputs"]["summary.json"] = file_digest(run / "summary.json")
    (run / "manifest.json").write_text(json.dumps(manifest))
    merge_run(run, uri)
    assert merge_run(run, uri).already
    assert MongoResults(uri).top(run.name, 5) == []
    assert ranked_of(MongoResults(uri), run.name).fetch(np.empty(0, np.int64)).num_rows == 0


def test_a_newer_database_is_left_alone(mongod: Mongod, finished: Path) -> None:
    uri = mongod.uri("newer")
    with mongod.client() as client:
        rule = {"$jsonSchema": {"title": "Atlas Forge runs 2", "bsonType": "object"}}
        client.newer.create_collection("runs", validator=rule)
        with pytest.raises(MongoRefusedError, match="schema 2"):
            merge_run(finished, uri)
        assert client.newer.runs.count_documents({}) == 0
