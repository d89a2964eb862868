"""Are writes whole, lookups safe, and is the cache of compiled kernels named by the engine?"""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.stages.contract import PartitionTask
from pipeline.stages.partition import WrongEngineError, checkpointed
from pipeline.storage.checkpoints import (
    ANALYSIS,
    PRUNING,
    Owner,
    check_part,
    read_markers,
    read_part,
    write_part,
)
from pipeline.storage.fingerprint import engine_fingerprint
from pipeline.storage.manifest import UnreadableDocumentError, read_json, write_json
from pipeline.storage.merge import ranking
from pipeline.storage.results import LocalResults, NoSuchRunError
from pipeline.storage.store import LocalStore, open_store, write_file
from pipeline.storage.store_address import StoreAddress

OWNER = Owner("p" * 64, "f" * 16)


def test_a_local_store_gives_back_what_it_was_given(tmp_path: Path) -> None:
    store = open_store(StoreAddress(f"file://{tmp_path}"))
    assert isinstance(store, LocalStore)
    store.put("a/b/part", b"one")
    store.put("a/b/part", b"two")
    assert store.get("a/b/part") == b"two"
    assert store.names("a/b") == ["part"]
    assert store.names("nowhere") == []
    store.delete("a/b/part")
    store.delete("a/b/part")
    with pytest.raises(FileNotFoundError):
        store.get("a/b/part")


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.json"
    write_file(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.storage.store.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_part_is_vouched_for_by_its_marker(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    table = pa.table({"x": [1.5, None], "name": ["a", "b"]})
    assert check_part(store, OWNER, ANALYSIS, 3, 2).marker is None
    marker = write_part(store, OWNER, ANALYSIS, 3, table, {"survivors": 2})
    assert check_part(store, OWNER, ANALYSIS, 3, 2).marker == marker
    assert read_part(store, marker).equals(table)
    assert read_part(store, marker, ["name"]).column_names == ["name"]


def test_a_worker_with_another_engine_refuses_to_compute(tmp_path: Path) -> None:
    task = PartitionTask(ANALYSIS, 0, 1, "p" * 64, "another", StoreAddress(str(tmp_path)))
    with pytest.raises(WrongEngineError, match="the plan needs another"):
        checkpointed(task, lambda *_: pytest.fail("it computed"))


def test_documents_of_a_newer_schema_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    write_json(path, {"schema": 1, "x": 0.1})
    assert read_json(path) == {"schema": 1, "x": 0.1}
    write_json(path, {"schema": 9})
    with pytest.raises(UnreadableDocumentError, match="schema 9"):
        read_json(path)
    path.write_text("[1]")
    with pytest.raises(UnreadableDocumentError, match="schema None"):
        read_json(path)
    with pytest.raises(UnreadableDocumentError, match="cannot be read"):
        read_json(tmp_path / "none.json")
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"x": float("nan")})


@pytest.mark.parametrize("run_id", ["..", "../x", "a/b", "", "/etc", "absent"])
def test_a_run_id_cannot_leave_the_folder_of_runs(tmp_path: Path, run_id: str) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(NoSuchRunError):
        LocalResults(tmp_path / "runs").folder(run_id)


def test_no_results_yet_is_said(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/manifest.json").write_text("{}")
    results = LocalResults(tmp_path)
    assert results.runs() == ["run"]
    with pytest.raises(NoSuchRunError, match="not finished"):
        results.top("run", 5)
    with pytest.raises(NoSuchRunError, match="not finished"):
        results.summary("run")


@pytest.mark.parametrize(
    ("objective", "first"),
    [
        ("Composite", ("composite_score", "DESC")),
        ("SeniorRaise", ("senior_notional", "DESC")),
        ("WACC", ("wacc", "ASC")),
        ("EquityIRR", ("equity_irr", "DESC")),
        ("Day1Cash", ("day1_cash", "DESC")),
        ("DSCR", ("dscr_min", "DESC")),
    ],
)
def test_every_objective_gives_a_total_order(objective: str, first: tuple[str, str]) -> None:
    order = ranking(objective)
    assert order[0] == first
    assert order[-1] == ("permutation_id", "ASC")
    assert {"dscr_min", "equity_irr"} <= {column for column, _ in order}


PRINT_CACHE = (
    "import pipeline, os, numba; print(os.environ['NUMBA_CACHE_DIR'], numba.config.CACHE_DIR)"
)


def cache_folder(**environment: str) -> tuple[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", PRINT_CACHE],
        env={**kept, **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    one, other = done.stdout.split()
    return one, other


def test_compiled_kernels_are_kept_by_engine(tmp_path: Path) -> None:
    folder = str(tmp_path / engine_fingerprint())
    assert cache_folder(ATLAS_FORGE_CACHE=str(tmp_path)) == (folder, folder)
    assert cache_folder(NUMBA_CACHE_DIR=str(tmp_path)) == (folder, folder)
    assert cache_folder(NUMBA_CACHE_DIR=folder) == (folder, folder)


def test_a_folder_that_cannot_be_written_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    used, _ = cache_folder(ATLAS_FORGE_CACHE=str(tmp_path / "file"), XDG_CACHE_HOME=str(tmp_path))
    assert used == str(tmp_path / "atlas-forge" / "numba" / engine_fingerprint())


def test_markers_come_in_order_however_many_are_asked_for_at_once(tmp_path: Path) -> None:
    store, owner = LocalStore(tmp_path), OWNER
    table = pa.table({"permutation_id": pa.array([1], pa.int64())})
    for number in (0, 1, 3, 4, 6):
        write_part(store, owner, PRUNING, number, table, {"survivors": number % 2})
    one_by_one = list(read_markers(store, owner, PRUNING, 7))
    store.at_once = 4
    assert list(read_markers(store, owner, PRUNING, 7)) == one_by_one
    there = [checked.marker.number if checked.marker else None for checked in one_by_one]
    assert there == [0, 1, None, 3, 4, None, 6]
