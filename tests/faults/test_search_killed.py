"""Does a search that was killed, or stopped by hand, go on to the same answer?"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.run_projects import write_project

COMMAND = [sys.executable, "-m", "pipeline.cli.main", "search"]
BUDGET = ["--budget", "3000", "--seed", "5", "--workers", "1"]


def finished(project: Path, out: Path) -> dict:
    ended = subprocess.run(
        [*COMMAND, str(project), *BUDGET, "--out", str(out), "--json"],
        capture_output=True, check=True, timeout=240,
    )  # fmt: skip
    found: dict = json.loads(ended.stdout)
    return found


@pytest.mark.parametrize(
    "how",
    [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.full)],
    ids=lambda each: each.name,
)
@pytest.mark.fault("Processes", "a search of 3,000 structures: {how.name} after five batches")
def test_a_search_goes_on_where_it_was_struck(
    tmp_path: Path, how: signal.Signals, came_of_it: Callable[[str], None]
) -> None:
    project = write_project(tmp_path)
    with subprocess.Popen(
        [*COMMAND, str(project), *BUDGET, "--out", str(tmp_path)],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 120
        while len(list(tmp_path.glob("trial-search-*/checkpoints/search/*.json"))) < 5:
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.send_signal(how)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == (130 if how is signal.SIGINT else -how)
    assert "Traceback" not in errors
    folder = next(tmp_path.glob("trial-search-*"))
    assert not (folder / "search.json").exists()

    resumed = finished(project, tmp_path)
    kept = resumed["measured"]["from_kept_batches"]
    assert 0 < kept < 3_000
    whole = finished(project, tmp_path / "whole")
    assert resumed.pop("measured")["evaluated_now"] < whole.pop("measured")["evaluated_now"]
    assert resumed == whole
    best = f"{whole['search_id']}/best.parquet"
    assert (tmp_path / best).read_bytes() == (tmp_path / "whole" / best).read_bytes()
    came_of_it(f"{kept:,} structures not evaluated again; the same answer")
