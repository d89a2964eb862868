"""Are older runs migrated whose checkpoints lie on S3: read there, left there, told there?"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.main import run_command
from pipeline.storage.identity import Process
from pipeline.storage.lease import Keeper
from pipeline.storage.manifest import MANIFEST_PATH
from pipeline.storage.store import open_store
from pipeline.storage.store_address import StoreAddress
from tests.older_runs import RUN_ID, digests, older_run
from tests.services.moto_server import BUCKET, SECRET, MotoServer

pytestmark = pytest.mark.full

Capture = pytest.CaptureFixture[str]
ELSEWHERE = Process("berta", "elsewhere", 12, "another boot", "1")


@dataclass
class Stored:
    """A copy of the older run, with its checkpoints at `store`."""

    server: MotoServer
    folder: Path
    store: str

    def objects(self) -> dict[str, bytes]:
        files = self.server.files()
        found = files.find(self.store.removeprefix("s3://"))
        return {path: files.cat_file(path) for path in found}

    def migrated(self, capsys: Capture, *more: str, code: int = 0) -> list[dict[str, Any]]:
        asked = ["migrate", str(self.folder), "--store", self.store, *more, "--json"]
        assert run_command(asked) == code
        out, err = capsys.readouterr()
        assert SECRET not in out + err
        return list(json.loads(out)["documents"])


@pytest.fixture
def older(s3_server: MotoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stored:
    monkeypatch.setenv("ATLAS_FORGE_STORE_ENDPOINT", s3_server.url)
    folder = older_run(tmp_path / "runs")
    stored = Stored(s3_server, folder, f"s3://{BUCKET}/{tmp_path.name}")
    # where every version puts them: parts and plan by the run's id, nothing of them in the folder
    there = f"{stored.store.removeprefix('s3://')}/{folder.name}"
    files = s3_server.files()
    for stage in ("pruning", "analysis"):
        for path in sorted((folder / "checkpoints" / stage).iterdir()):
            files.pipe_file(f"{there}/checkpoints/{stage}/{path.name}", path.read_bytes())
        shutil.rmtree(folder / "checkpoints" / stage)
    files.pipe_file(f"{there}/plan.json", (folder / "plan.json").read_bytes())
    return stored


def test_a_run_on_s3_is_migrated_like_one_in_a_folder(older: Stored, capsys: Capture) -> None:
    before, files = older.objects(), digests(older.folder)
    [asked] = older.migrated(capsys, "--dry-run")
    assert older.objects() == before and digests(older.folder) == files
    [found] = older.migrated(capsys)
    assert found["changed"] and found["state"] == asked["state"] == "other engine"
    assert found["reads"] == ["runs", "audit", "rm", "show RUN_ID", "top", "export", "compare"]
    after = older.objects()
    assert {name: after[name] for name in before} == before, "parts and plan stay as they were"
    [line] = [json.loads(after[name]) for name in sorted(after.keys() - before.keys())]
    assert (line["action"], line["run_id"]) == ("migrate", RUN_ID), "anybody of the store sees it"
    assert not older.migrated(capsys)[0]["changed"]
    assert older.objects() == after
    line_ = ["audit", RUN_ID, "--store", older.store, "--out", str(older.folder / "none")]
    assert run_command([*line_, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["events"]) == 1
    gone = ["rm", RUN_ID, "--out", str(older.folder.parent), "--store", older.store, "--yes"]
    assert run_command(gone) == 0
    assert not [name for name in older.objects() if f"/{RUN_ID}/" in name], "rm finds its parts"


def test_one_that_another_machine_works_on_is_left_alone(older: Stored, capsys: Capture) -> None:
    place = StoreAddress(f"{older.store}/{RUN_ID}", older.server.url)
    keeper = Keeper(open_store(place), ELSEWHERE, 30, lambda *_: None)
    keeper.take()
    before = digests(older.folder)
    try:
        [found] = older.migrated(capsys, code=1)
    finally:
        keeper.release()
    assert found["state"] == "busy" and "elsewhere (berta)" in found["told"]
    after = digests(older.folder)
    assert after[MANIFEST_PATH] == before[MANIFEST_PATH]
    assert older.migrated(capsys)[0]["changed"]


def test_a_store_that_does_not_answer_is_said_and_nothing_is_written(
    older: Stored, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATLAS_FORGE_STORE_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("ATLAS_FORGE_STORE_ATTEMPTS", "1")
    before = digests(older.folder)
    [found] = older.migrated(capsys, code=1)
    assert not found["changed"] and "127.0.0.1:9" in found["told"]
    assert digests(older.folder)[MANIFEST_PATH] == before[MANIFEST_PATH]


def test_without_its_store_its_results_are_migrated_all_the_same(
    older: Stored, capsys: Capture
) -> None:
    before = older.objects()
    assert run_command(["migrate", str(older.folder), "--json"]) == 0
    [found] = json.loads(capsys.readouterr().out)["documents"]
    assert found["changed"] and "sensitivity" in found["needs_new_run"]
    assert older.objects() == before
