"""Is a structure's pack there in under 10 s, and the best ten in under 60 s, once compiled?"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.inputs import load_request
from tests.run_projects import run_here

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    return run_here(load_request("fixtures/projects/medium.yaml"), out, compute="threads")[1]


def seconds(run: Path, *more: str) -> tuple[float, list[dict[str, object]]]:
    """Wall time of the command in a process of its own, and its packs."""
    line = [sys.executable, "-m", "pipeline.cli.main", "pack", run.name, "--out", str(run.parent)]
    started = time.perf_counter()
    done = subprocess.run([*line, *more, "--json"], check=True, capture_output=True, text=True)
    return time.perf_counter() - started, json.loads(done.stdout)["packs"]


def test_one_in_ten_seconds_and_ten_in_sixty(run: Path) -> None:
    seconds(run, "--formats", "html")  # compiles what a first explanation compiles
    one, packs = seconds(run)
    assert len(packs) == 1 and len(packs[0]["files"]) == 19
    assert one < 10.0
    ten, packs = seconds(run, "--top", "10")
    assert len(packs) == 10 and all(len(pack["files"]) == 19 for pack in packs)
    assert ten < 60.0


def test_packs_made_beside_each_other_are_those_made_alone(run: Path, tmp_path: Path) -> None:
    _, packs = seconds(run, "--top", "2", "--to", str(tmp_path / "together"))
    for pack in packs:
        seconds(run, str(pack["permutation_id"]), "--to", str(tmp_path / "alone"))
        name = Path(str(pack["archive"])).name
        alone, together = (tmp_path / place / name for place in ("alone", "together"))
        assert alone.read_bytes() == together.read_bytes()
