"""Is an older run completed without touching what it sealed, whatever state it is in?"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.main import run_command
from pipeline.migrate import runs
from pipeline.storage import fingerprint, lock
from pipeline.storage.identity import this_process
from pipeline.storage.lease import Keeper
from pipeline.storage.manifest import MANIFEST_PATH, file_digest
from pipeline.storage.results import LocalResults
from pipeline.storage.store import open_folder
from tests.older_runs import OLDER_RUN, RUN_ID, digests, older_run
from tests.run_projects import request_of, run_here

Capture = pytest.CaptureFixture[str]
BACKUP = "manifest.json.before-migrate"
ADDED = {"market.sha256", "market.currency", "rulebook.sha256", "owner", "desk", "names"}


def migrated(capsys: Capture, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    assert run_command(["migrate", *arguments, "--json"]) == code
    out, err = capsys.readouterr()
    assert "Traceback" not in err and "unexpected" not in out
    return list(json.loads(out)["documents"])


def manifest_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / MANIFEST_PATH).read_text()))


def test_the_manifest_is_completed_and_nothing_else_is_touched(
    tmp_path: Path, capsys: Capture
) -> None:
    folder = older_run(tmp_path)
    before, old = digests(folder), manifest_of(folder)
    [found] = migrated(capsys, "--out", str(tmp_path))
    assert found["state"] == "other engine" and found["schema"] == 1 and found["changed"]
    assert set(found["missing"]) == ADDED
    after, new = digests(folder), manifest_of(folder)
    assert {name for name in after if after[name] != before.get(name)} == {
        MANIFEST_PATH, BACKUP, "audit.jsonl"
    }  # fmt: skip
    assert after[BACKUP] == before[MANIFEST_PATH]
    assert {name: new[name] for name in old if name not in ("market", "rulebook")} == {
        name: old[name] for name in old if name not in ("market", "rulebook")
    }
    assert new["market"] == old["market"] | {
        "sha256": old["documents"]["market"], "currency": "GBP"
    }  # fmt: skip
    assert all(file_digest(folder / name) == told for name, told in new["outputs"].items())
    assert LocalResults(tmp_path).files(RUN_ID).keys() > {"summary.json", "plan.json"}


def test_a_second_time_there_is_nothing_to_do(tmp_path: Path, capsys: Capture) -> None:
    folder = older_run(tmp_path)
    migrated(capsys, str(folder))
    before = digests(folder)
    [found] = migrated(capsys, str(folder))
    assert not found["changed"] and found["missing"] == [] and found["backup"] == ""
    assert digests(folder) == before


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: Capture) -> None:
    folder = older_run(tmp_path)
    before = digests(folder)
    [found] = migrated(capsys, RUN_ID, "--out", str(tmp_path), "--dry-run")
    assert set(found["missing"]) == ADDED and not found["changed"]
    assert digests(folder) == before


def test_it_is_in_the_audit_trail(tmp_path: Path, capsys: Capture) -> None:
    older_run(tmp_path)
    migrated(capsys, "--out", str(tmp_path))
    assert run_command(["audit", "--out", str(tmp_path), "--json"]) == 0
    [event] = json.loads(capsys.readouterr().out)["events"]
    assert (event["action"], event["outcome"], event["run_id"]) == ("migrate", "done", RUN_ID)
    assert "names" in event["facts"]["added"]


def asked_as_told(found: dict[str, Any], out: Path, number: str) -> None:
    """Hold every command that `migrate` names against what it does."""
    run_id = Path(found["path"]).name
    more = {"compare": [run_id], "explain": [number], "break-even": [number]}
    more["pack"] = [number, "--formats", "pdf", "--to", str(out / "packs")]
    typed = {
        "runs": ["runs"],
        "audit": ["audit", run_id],
        "show RUN_ID STRUCTURE": ["show", run_id, number],
        "export": ["export", run_id, "--to", str(out / "x.csv")],
        "open": ["open", run_id, "--print-path"],
        "rm": ["rm", run_id, "--yes"],
    }
    for code, names in ((1, found["needs_new_run"]), (0, sorted(found["reads"], key="rm".__eq__))):
        for name in names:
            word = name.split()[0]
            line = typed.get(name, [word, run_id, *more.get(word, [])])
            assert run_command([*line, "--out", str(out)]) == code, name


def test_commands_that_are_named_do_what_is_said(tmp_path: Path, capsys: Capture) -> None:
    older_run(tmp_path)
    [found] = migrated(capsys, "--out", str(tmp_path))
    assert found["reads"] == ["runs", "audit", "rm", "show RUN_ID", "top", "export", "compare"]
    asked_as_told(found, tmp_path, "16")
    capsys.readouterr()


def test_of_another_engine_with_the_same_inputs_more_can_be_asked(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary, folder = run_here(request_of(tmp_path, limit=600), tmp_path)
    before = digests(folder)
    [found] = migrated(capsys, "--out", str(tmp_path))
    assert found["state"] == "whole" and found["needs_new_run"] == []
    assert digests(folder) == before, "a run of this version lacks nothing"
    original = fingerprint.engine_fingerprint
    for module in list(sys.modules.values()):
        if getattr(module, "engine_fingerprint", None) is original:
            monkeypatch.setattr(module, "engine_fingerprint", lambda: "0123456789abcdef")
    [found] = migrated(capsys, "--out", str(tmp_path))
    assert found["state"] == "other engine"
    assert found["needs_new_run"] == ["near-misses", "break-even", "resume"]
    asked_as_told(found, tmp_path, str(summary["optimal"]["permutation_id"]))
    capsys.readouterr()


@pytest.mark.parametrize("which", [1, 2])
def test_what_is_cut_off_half_way_is_safely_done_again(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    folder, straight = older_run(tmp_path / "cut"), older_run(tmp_path / "straight")
    original, writes = runs.write_file, []

    def cut(path: Path, data: bytes) -> None:
        writes.append(path)
        if len(writes) == which:
            path.with_name(f".{path.name}.1-cut.tmp").write_bytes(data[:100])
            raise KeyboardInterrupt
        original(path, data)

    monkeypatch.setattr(runs, "write_file", cut)
    assert run_command(["migrate", str(folder)]) == 130
    monkeypatch.undo()
    assert file_digest(folder / MANIFEST_PATH) == file_digest(OLDER_RUN / MANIFEST_PATH)
    for each in (folder, straight):
        assert migrated(capsys, str(each))[0]["changed"]
    ours, theirs = digests(folder), digests(straight)
    assert ours.keys() == theirs.keys(), "nothing half written is left"
    assert {name for name in ours if ours[name] != theirs[name]} == {"audit.jsonl"}


def test_a_run_that_somebody_works_on_is_left_alone(tmp_path: Path, capsys: Capture) -> None:
    folder = older_run(tmp_path)
    code = (
        "import sys; from pathlib import Path; from pipeline.storage import lock;"
        "lock.acquire(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        [found] = migrated(capsys, str(folder), code=1)
        assert found["state"] == "busy" and str(holder.pid) in found["told"]
    finally:
        holder.communicate("")
    assert file_digest(folder / MANIFEST_PATH) == file_digest(OLDER_RUN / MANIFEST_PATH)
    assert lock.holder_of(folder) is None
    assert migrated(capsys, str(folder))[0]["changed"]


def test_a_run_under_a_lease_is_left_alone(tmp_path: Path, capsys: Capture) -> None:
    folder = older_run(tmp_path)
    keeper = Keeper(open_folder(folder), this_process("anna"), 30, lambda *_: None)
    keeper.take()
    try:
        [found] = migrated(capsys, str(folder), code=1)
        assert found["state"] == "busy" and "(anna) works on" in found["told"]
    finally:
        keeper.release()
    assert file_digest(folder / MANIFEST_PATH) == file_digest(OLDER_RUN / MANIFEST_PATH)


def test_a_full_disk_leaves_the_manifest_as_it_was(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = older_run(tmp_path)

    def full(path: Path, _: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(runs, "write_file", full)
    before = digests(folder)
    [found] = migrated(capsys, str(folder), code=1)
    assert found["state"] == "not written" and not found["changed"]
    assert "No space left on device" in found["told"]
    assert digests(folder) == before


def _spoilt(text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / MANIFEST_PATH).write_text(text) and None


def _with(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / MANIFEST_PATH).write_text(json.dumps(manifest_of(folder) | changes))

    return change


def _linked(folder: Path) -> None:
    (folder / MANIFEST_PATH).rename(folder.parent / "elsewhere.json")
    (folder / MANIFEST_PATH).symlink_to(folder.parent / "elsewhere.json")


@pytest.mark.parametrize(
    ("spoil", "state", "said"),
    [
        (_with(schema=2), "newer", "install a newer atlas-forge"),
        (_with(schema="1"), "damaged", "no whole number"),
        (_with(market="gbp"), "damaged", "does not find in it what it expects"),
        (_with(request={}), "damaged", "does not find in it what it expects"),
        (_with(request=None), "damaged", "does not find"),
        (_with(fingerprint=""), "damaged", "lacks fingerprint"),
        (_with(project=[]), "damaged", "lacks project"),
        (_with(desk="../up"), "damaged", "desk"),
        (_spoilt("{"), "damaged", "cannot be read"),
        (_spoilt("[" * 100_000), "damaged", "cannot be read"),
        (_spoilt('{"schema": 1, "a": ' + '{"a":' * 400 + "1" + "}" * 401), "damaged", ""),
        (_spoilt("[]"), "damaged", "is no manifest"),
        (_spoilt('{"schema": 1, "seed": NaN}'), "damaged", "cannot be read"),
        (_spoilt("{}"), "damaged", "names no schema"),
        (_linked, "damaged", "is a link"),
    ],
)
def test_what_is_hostile_or_damaged_is_told_and_left(
    tmp_path: Path, capsys: Capture, spoil: Callable[[Path], None], state: str, said: str
) -> None:
    folder = older_run(tmp_path)
    spoil(folder)
    before = digests(tmp_path)
    [found] = migrated(capsys, "--out", str(tmp_path), code=1)
    assert found["state"] == state and said in found["told"]
    assert digests(tmp_path) == before


def test_the_other_runs_are_done_where_one_cannot_be(tmp_path: Path, capsys: Capture) -> None:
    folder = older_run(tmp_path)
    other = tmp_path / "other-0123456789ab"
    other.mkdir()
    (other / MANIFEST_PATH).write_text("{")
    (tmp_path / "link-0123456789ab").symlink_to(folder)
    states = {
        Path(each["path"]).name: each["state"]
        for each in migrated(capsys, "--out", str(tmp_path), code=1)
    }
    assert states == {other.name: "damaged", RUN_ID: "other engine", "link-0123456789ab": "damaged"}
    assert "names" in manifest_of(folder)


def test_a_pipe_in_the_place_of_a_document_is_not_waited_for(
    tmp_path: Path, capsys: Capture
) -> None:
    folder = older_run(tmp_path)
    for name in ("plan.json", "summary.json"):
        (folder / name).unlink()
        os.mkfifo(folder / name)
    [found] = migrated(capsys, str(folder))
    assert "explain" in found["needs_new_run"]


def test_bad_paths_are_all_named_and_nothing_is_written(tmp_path: Path, capsys: Capture) -> None:
    folder = older_run(tmp_path / "runs")
    (tmp_path / "empty").mkdir()
    before = digests(folder)
    asked = [str(folder), str(tmp_path / "none"), str(tmp_path / "empty")]
    assert run_command(["migrate", *asked]) == 2
    told = capsys.readouterr().err
    assert "no such file" in told and "holds no run" in told
    assert digests(folder) == before
    assert run_command(["migrate", "--out", str(tmp_path / "none")]) == 0
    assert "Nothing to migrate" in capsys.readouterr().out


def test_people_are_told_in_lines(tmp_path: Path, capsys: Capture) -> None:
    folder = older_run(tmp_path)
    assert run_command(["migrate", str(folder)]) == 0
    told = capsys.readouterr().out
    assert f"run {folder}: other engine, made by engine 727786572a5b5486" in told
    assert f"as it was: {folder}/{BACKUP}" in told
    assert "needs a new run: status, explain" in told
    assert "start the run again from its project file" in told
