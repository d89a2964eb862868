"""Does every line of a run's log say the run, and its stage and partition where it has them?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.compute.executor import PartitionsFailed
from pipeline.inputs import load_request
from pipeline.logs import in_stage, run_log
from pipeline.runner import resume_direct, run_direct
from pipeline.settings import load_settings
from pipeline.storage.links import LINKS_PATH, keep_links, kept_links
from tests.run_projects import log_of, quiet, run_here

SMALL = "fixtures/projects/small.yaml"


def lines_of(folder: Path, event: str) -> list[dict[str, Any]]:
    return [line for line in log_of(folder) if line["event"] == event]


def test_every_line_of_a_run_names_it_and_its_stage(tmp_path: Path) -> None:
    asked = {"max_permutations": 2500, "partition_rows": 1000, "log_level": "debug"}
    _, folder = run_here(load_request(SMALL), tmp_path, **asked)
    lines = log_of(folder)
    assert {line["run_id"] for line in lines} == {folder.name}
    others = [line for line in lines if line["event"] != "partition_done"]
    assert [(line["event"], line["stage"]) for line in others] == [
        ("run_opened", "input"),
        ("stage_done", "pruning"),
        ("stage_done", "analysis"),
        ("run_done", "output"),
    ]
    partitions = lines_of(folder, "partition_done")
    pruned = [line["partition"] for line in partitions if line["stage"] == "pruning"]
    assert sorted(pruned) == [0, 1, 2]


def test_a_partition_that_fails_is_named_with_its_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ArithmeticError("no such figure")

    settings = load_settings({}, pack="no", out=str(tmp_path), compute="serial",
                             max_permutations=2500)  # fmt: skip
    monkeypatch.setattr("pipeline.stages.pruning.sized_figures_of_ids", fail)
    with pytest.raises(PartitionsFailed):
        run_direct(load_request(SMALL), settings, quiet)
    [folder] = [path for path in tmp_path.iterdir() if path.is_dir()]
    [told] = lines_of(folder, "partition_failed")
    assert (told["stage"], told["partition"]) == ("pruning", 0)
    assert told["reason"] == "ArithmeticError: no such figure"
    assert lines_of(folder, "run_failed")[0]["run_id"] == folder.name
    monkeypatch.undo()
    resume_direct(folder.name, settings, quiet)
    assert lines_of(folder, "run_done")[0]["stage"] == "output"


def test_a_stage_that_fails_otherwise_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.stages.output.write_report", full)
    with pytest.raises(OSError, match="No space"):
        run_here(load_request(SMALL), tmp_path, max_permutations=2500)
    [folder] = [path for path in tmp_path.iterdir() if path.is_dir()]
    [told] = lines_of(folder, "stage_failed")
    assert told["stage"] == "output" and "No space left" in told["reason"]


def test_people_at_the_terminal_are_not_told_the_run_in_every_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = run_log(tmp_path / "a-run", "warning")
    with in_stage("pruning"):
        log.warning("partition_redone", partition=3)
    log.warning("later")
    assert capsys.readouterr().err == (
        "warning: partition_redone partition=3 stage=pruning\nwarning: later\n"
    )
    first, later = log_of(tmp_path / "a-run")
    assert (first["run_id"], first["stage"], first["partition"]) == ("a-run", "pruning", 3)
    assert "stage" not in later


def test_links_are_logged_and_shown_to_who_can_follow_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary, folder = run_here(
        load_request(SMALL), tmp_path, max_permutations=2500,
        compute="threads", dashboard=":0",
    )  # fmt: skip
    [links] = lines_of(folder, "links")
    assert summary["links"] == {"dask": links["dask"], "prefect": None} == kept_links(folder)
    assert re.fullmatch(r"http://[\d.]+:\d+/status", links["dask"])
    assert f"Dask dashboard: {links['dask']}\n" in capsys.readouterr().err
    summary, other = run_here(load_request(SMALL), tmp_path / "none", max_permutations=2500)
    assert summary["links"] == {"dask": None, "prefect": None}
    assert lines_of(other, "links") == [] and "Dask" not in capsys.readouterr().err


def test_links_are_those_of_the_last_attempt_without_passwords(tmp_path: Path) -> None:
    dashboard = "http://10.0.0.7:8787/status"
    keep_links(tmp_path, dask=dashboard, prefect=None)
    assert kept_links(tmp_path) == {"dask": dashboard, "prefect": None}
    kept = keep_links(
        tmp_path, dask=None, prefect="https://ann:hunter22@prefect/runs/1?token=abc123&tab=logs"
    )
    assert kept == kept_links(tmp_path)
    assert kept == {"dask": None, "prefect": "https://***@prefect/runs/1?token=***&tab=logs"}
    for damaged in ("", "[]", '{"dask": 7}'):
        (tmp_path / LINKS_PATH).write_text(damaged)
        assert kept_links(tmp_path) == {"dask": None, "prefect": None}
