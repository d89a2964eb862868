"""What does one machine see of another that works on the same S3 store: its holder, its trail?"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipeline.cli.main import run_command
from pipeline.storage.identity import Process
from pipeline.storage.lease import Keeper
from pipeline.storage.store import open_store
from pipeline.storage.store_address import StoreAddress
from tests.run_projects import request_of, run_here
from tests.services.moto_server import BUCKET, SECRET, MotoServer

ELSEWHERE = Process("berta", "elsewhere", 12, "another boot", "1")
LIMIT = 600


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    capsys.readouterr()
    assert run_command([*arguments, "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def shared(
    s3_server: MotoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, Path]:
    """The address of a store, and a folder with a run of the desk infra on it."""
    monkeypatch.setenv("ATLAS_FORGE_STORE_ENDPOINT", s3_server.url)
    store = f"s3://{BUCKET}/{tmp_path.name}"
    _, run = run_here(
        request_of(tmp_path, LIMIT), tmp_path / "runs", store=store,
        store_endpoint=s3_server.url, desk="infra", owner="anna",
    )  # fmt: skip
    return store, run


def test_the_trail_of_a_store_is_seen_from_anywhere_and_outlives_the_run(
    shared: tuple[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, run = shared
    place = ["--store", store, "--desk", "infra"]
    elsewhere = ["audit", run.name, "--out", str(tmp_path / "nothing here"), *place]
    here = ["audit", run.name, "--out", str(run.parent), *place]
    events = asked(capsys, *elsewhere)
    assert [(each["action"], each["outcome"]) for each in events["events"]] == [
        ("run", "begun"), ("run", "done"),
    ]  # fmt: skip
    assert asked(capsys, *here) == events, "each event once, though it is in two places"
    assert asked(capsys, "audit", "--store", store, "--out", str(tmp_path / "no"))["events"] == []

    asked(capsys, "rm", run.name, "--out", str(run.parent), "--store", store, "--yes")
    after = asked(capsys, *elsewhere)
    assert after["events"][-1]["action"] == "rm"
    assert asked(capsys, *here) == after
    assert SECRET not in json.dumps(after)


def test_runs_and_status_name_who_works_elsewhere(
    shared: tuple[str, Path], s3_server: MotoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    store, run = shared
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps({**manifest, "outputs": {}}))
    parts = open_store(StoreAddress(f"{store}/infra/{run.name}", s3_server.url))
    keeper = Keeper(parts, ELSEWHERE, 30, lambda *_: None)
    keeper.take()
    try:
        place = ["--out", str(run.parent), "--store", store]
        (line,) = asked(capsys, "runs", *place)["runs"]
        status = asked(capsys, "status", run.name, *place)
        for told in (line, status):
            assert told["state"] == "running"
            assert told["holder"].startswith("process 12 on elsewhere (berta), last heard of at ")
            assert (told["owner"], told["desk"]) == ("anna", "infra")
        (line,) = asked(capsys, "runs", "--out", str(run.parent))["runs"]
        assert line["state"] == "interrupted", "without the store nothing is known of it"
    finally:
        keeper.release()
    shutil.rmtree(run.parent)
