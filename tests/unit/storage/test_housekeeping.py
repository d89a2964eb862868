"""Do `rm` and `gc` remove what they say, all of it, and nothing else?"""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.cli.main import run_command
from pipeline.storage import housekeeping, lock
from pipeline.storage.fingerprint import engine_fingerprint
from pipeline.storage.manifest import SCHEMA
from pipeline.storage.results import LocalResults, NoSuchRunError
from pipeline.storage.store import LocalStore
from tests.run_projects import request_of, run_here


def write_run(out: Path, name: str, days_old: float = 0.0, finished: bool = True) -> Path:
    """A run folder as far as housekeeping looks at it."""
    folder = out / name
    for part in ("checkpoints/pruning", "checkpoints/analysis", "checkpoints/tmp", "evaluated"):
        (folder / part).mkdir(parents=True)
    (folder / "checkpoints/analysis/part-00000.parquet").write_bytes(b"x" * 1_000)
    (folder / "ranked.parquet").write_bytes(b"r" * 500)
    created = (datetime.now(UTC) - timedelta(days=days_old)).isoformat()
    outputs = {"ranked.parquet": "digest"} if finished else None
    manifest = {"schema": SCHEMA, "created_at": created, "outputs": outputs}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def gc(out: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[tuple[str, str]]:
    assert run_command(["gc", "--out", str(out), "--json", *options]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["bytes"] == sum(each["bytes"] for each in document["items"])
    return [(each["kind"], Path(each["path"]).name) for each in document["items"]]


def test_rm_removes_the_run_and_its_parts_elsewhere_and_leaves_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, shared = tmp_path / "runs", tmp_path / "store"
    for name in ("one-111111111111", "two-222222222222"):
        write_run(out, name)
        LocalStore(shared / name).put("evaluated/part-00000.parquet", b"part")
    arguments = ["rm", "one-111111111111", "--out", str(out), "--store", f"file://{shared}"]
    assert run_command([*arguments, "--yes", "--json"]) == 0
    removed = json.loads(capsys.readouterr().out)["removed"]
    assert [each["run_id"] for each in removed] == ["one-111111111111"]
    assert removed[0]["bytes"] > 1_500
    assert LocalResults(out).runs() == ["two-222222222222"]
    assert not (out / "one-111111111111").exists()
    assert sorted(path.name for path in shared.iterdir()) == ["audit", "two-222222222222"]


@pytest.mark.parametrize("cut_off", [False, True])
def test_gc_takes_parts_elsewhere_along_and_finishes_a_removal_that_was_cut_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cut_off: bool
) -> None:
    out, shared = tmp_path / "runs", tmp_path / "store"
    for name in ("old-111111111111", "old-111111111112"):
        folder = write_run(out, name, days_old=60)
        path = folder / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "desk": "infra"}))
        LocalStore(shared / "infra" / name).put("evaluated/part-00000.parquet", b"part")
    if cut_off:
        path.rename(folder / "removed.json")
        gone = gc(out, capsys, "--store", f"file://{shared}")
    else:
        gone = gc(out, capsys, "--keep", "1", "--older-than", "30d", "--store", f"file://{shared}")
    assert len(gone) == 1
    kept = {"old-111111111111", "old-111111111112"} - {name for _, name in gone}
    assert {path.name for path in out.glob("old-*")} == kept
    assert {path.name for path in (shared / "infra").glob("old-*")} == kept
    assert run_command(["gc", "--checkpoints", "--store", f"file://{shared}"]) == 2


def test_rm_touches_nothing_when_a_name_is_wrong_or_nobody_can_be_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path, "one-111111111111")
    out = ["--out", str(tmp_path)]
    assert run_command(["rm", "one-111111111111", "../evil", "--yes", *out]) == 2
    assert "no run '../evil'" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", open(os.devnull))  # noqa: SIM115, PTH123
    assert run_command(["rm", "one-111111111111", *out]) == 2
    assert "--yes" in capsys.readouterr().err
    assert LocalResults(tmp_path).runs() == ["one-111111111111"]


def test_a_run_that_another_process_works_on_stays(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "one-111111111111", days_old=90)
    (folder / "checkpoints/tmp/half").write_bytes(b"being written")
    held = (
        "import sys, time, pathlib; from pipeline.storage import lock; "
        "lock.acquire(pathlib.Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", held, str(folder)], stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"held\n"
        with pytest.raises(lock.RunIsBusyError):
            housekeeping.remove_run(tmp_path, folder.name)
        assert not list(housekeeping.leftovers(tmp_path))
        assert not list(housekeeping.parts_of_finished(tmp_path))
        assert housekeeping.expired_runs(tmp_path, timedelta(days=1), None, True) == []
        worker.kill()
    assert (folder / "ranked.parquet").exists()
    assert housekeeping.expired_runs(tmp_path, timedelta(days=1), None, True) == [folder.name]


def test_a_removal_that_was_cut_off_is_no_run_and_is_finished_by_gc(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_run(tmp_path, "one-111111111111")
    (tmp_path / "somebody else's").mkdir()

    def cut_off(self: LocalStore) -> None:
        raise OSError("the store is gone")

    monkeypatch.setattr(LocalStore, "clear", cut_off)
    with pytest.raises(OSError, match="store is gone"):
        housekeeping.remove_run(tmp_path, folder.name, LocalStore(tmp_path / "store"))
    assert LocalResults(tmp_path).runs() == []
    with pytest.raises(NoSuchRunError):
        LocalResults(tmp_path).folder(folder.name)
    assert gc(tmp_path, capsys, "--dry-run") == [("removal cut off", folder.name)]
    assert folder.exists()
    assert gc(tmp_path, capsys) == [("removal cut off", folder.name)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["audit.jsonl", "somebody else's"]
    assert gc(tmp_path, capsys) == []


def test_retention_takes_what_is_beyond_both_limits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ages = {"new-000000000000": 1, "mid-000000000000": 20, "old-000000000000": 40}
    for name, days in ages.items():
        write_run(tmp_path, name, days_old=days)
    write_run(tmp_path, "cut-000000000000", days_old=60, finished=False)
    assert gc(tmp_path, capsys, "--dry-run", "--keep", "1") == [
        ("run", "mid-000000000000"), ("run", "old-000000000000"),
    ]  # fmt: skip
    assert gc(tmp_path, capsys, "--dry-run", "--older-than", "10d", "--keep", "2") == [
        ("run", "old-000000000000")
    ]
    assert gc(tmp_path, capsys, "--older-than", "4w", "--unfinished") == [
        ("run", "old-000000000000"), ("run", "cut-000000000000"),
    ]  # fmt: skip
    assert set(LocalResults(tmp_path).runs()) == {"new-000000000000", "mid-000000000000"}
    assert run_command(["gc", "--older-than", "soon", "--out", str(tmp_path)]) == 2
    assert "such as 30d" in capsys.readouterr().err


def test_kernels_of_other_engines_go_when_nothing_used_them(tmp_path: Path) -> None:
    long_ago = time.time() - 90 * 86_400
    for name, used in (("a" * 16, long_ago), ("b" * 16, time.time()), ("mine", long_ago)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kernel.nbi").write_bytes(b"k")
        os.utime(tmp_path / name / "kernel.nbi", (used, used))
    own = tmp_path / engine_fingerprint()
    own.mkdir()
    found = list(housekeeping.old_kernels(own, timedelta(days=30)))
    assert [each.path.name for each in found] == ["a" * 16]


def test_a_run_without_its_checkpoints_answers_and_computes_the_same_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = request_of(tmp_path, limit=1_500)
    summary, _ = run_here(request, tmp_path)
    folder = tmp_path / summary["run_id"]
    ranked = (folder / "ranked.parquet").read_bytes()
    assert {name for _, name in gc(tmp_path, capsys, "--checkpoints")} == {"pruning", "analysis"}
    assert run_command(["top", folder.name, "--out", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["rank"] == 1
    again, _ = run_here(request, tmp_path)
    assert again["run_id"] == summary["run_id"]
    assert (folder / "ranked.parquet").read_bytes() == ranked
