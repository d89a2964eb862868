"""Do a ranking and a report made again give what was there, and only of a run that has them?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.again import RunNotFinishedError, rank_again, report_again
from pipeline.settings import Settings, load_settings
from pipeline.storage.lock import holder_of
from pipeline.storage.manifest import MANIFEST_PATH, read_json, write_json
from pipeline.storage.results import NoSuchRunError
from tests.run_projects import quiet, request_of, run_here


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    return run_here(request_of(folder, limit=600), folder / "runs")[1]


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of a finished run that nobody holds afterwards."""
    folder = tmp_path / made.name
    shutil.copytree(made, folder)
    yield folder
    assert holder_of(folder) is None


def settings_of(run: Path, **given: Any) -> Settings:
    return load_settings({}, pack="no", out=str(run.parent), compute="serial", **given)


def test_a_lost_ranking_is_made_again_from_the_checkpoints(run: Path, made: Path) -> None:
    (run / "ranked.parquet").unlink()
    summary = rank_again(run.name, settings_of(run), quiet)
    assert summary["run_id"] == run.name
    ranked = pq.read_table(run / "ranked.parquet")
    assert ranked.equals(pq.read_table(made / "ranked.parquet"))
    assert set(read_json(run / MANIFEST_PATH)["outputs"]) == set(
        read_json(made / MANIFEST_PATH)["outputs"]
    )


def test_a_report_is_made_again_and_nothing_else(run: Path) -> None:
    report, ranked = run / "reports" / "summary.pdf", run / "ranked.parquet"
    before, kept = report.stat().st_mtime_ns, ranked.stat().st_mtime_ns
    report_again(run.name, settings_of(run), quiet)
    assert report.stat().st_mtime_ns > before
    assert ranked.stat().st_mtime_ns == kept


def test_an_unfinished_run_has_no_report(run: Path) -> None:
    manifest = read_json(run / MANIFEST_PATH)
    del manifest["outputs"]
    write_json(run / MANIFEST_PATH, manifest)
    with pytest.raises(RunNotFinishedError, match="resume it first"):
        report_again(run.name, settings_of(run), quiet)


@pytest.mark.parametrize("again", [rank_again, report_again])
def test_a_run_that_is_not_there_is_named(again: Any, tmp_path: Path) -> None:
    settings = load_settings({}, pack="no", out=str(tmp_path), compute="serial")
    with pytest.raises(NoSuchRunError, match="trial-000000000000"):
        again("trial-000000000000", settings, quiet)
