"""Do the commands of the runbook do what it says, typed as they stand there?"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.storage.mongo_merge import merge_run
from tests.services.mongod import Mongod, stored

ROOT = Path(__file__).parents[2]


def commands(heading: str) -> str:
    """The shell commands under a heading of the page."""
    page = (ROOT / "docs" / "runbook.md").read_text()
    part = page.split(f"### {heading}\n")[1].split("\n### ")[0]
    return "\n".join(re.findall(r"```bash\n(.*?)```", part, re.DOTALL))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A person's home, in whose PATH `python` and `atlas-forge` are ours."""
    (tmp_path / "bin").mkdir()
    for name, module in (("python", ""), ("atlas-forge", " -m pipeline.cli.main")):
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable}{module} "$@"\n')
        program.chmod(0o755)
    return tmp_path


def typed(home: Path, script: str) -> str:
    """What a shell prints of commands; each of them has to succeed."""
    kept = {name: value for name, value in os.environ.items() if "ATLAS_FORGE" not in name}
    path = f"{home / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/bash", "-euc", script],
        env={**kept, "HOME": str(home), "PATH": path, "PYTHONPATH": str(ROOT)},
        cwd=home, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_database_is_backed_up_and_restored(mongod: Mongod, finished: Path, home: Path) -> None:
    merge_run(finished, mongod.uri("backed_up"))
    (home / ".atlas-forge-mongo").write_text(mongod.uri("backed_up"))
    (home / ".atlas-forge-mongo-restored").write_text(mongod.uri("put_back"))
    assert "structures: " in typed(home, commands("Back up"))
    with mongod.client() as client:
        before = stored(mongod, "backed_up")
        client.drop_database("backed_up")
    told = typed(home, commands("Restore"))
    assert f"{finished.name}: complete" in told and "finished" in told
    assert stored(mongod, "put_back") == before
    shutil.rmtree(home / "mongo-backup")


@pytest.mark.full
def test_a_run_is_checked_removed_and_a_desk_prepared(
    mongod: Mongod, finished: Path, home: Path
) -> None:
    (home / ".atlas-forge-mongo").write_text(mongod.uri("kept_house"))
    (home / ".atlas-forge-mongo-admin").write_text(mongod.uri("kept_house"))
    assert "role atlasForgeWriter" in typed(home, commands("A new desk"))
    merge_run(finished, mongod.uri("kept_house"))
    checked = typed(home, commands("Is a run as it was written?").replace("RUN_ID", finished.name))
    assert f"{finished.name}: complete" in checked
    cleared = typed(home, commands("Remove and clear").replace("RUN_ID", finished.name))
    assert f"removed {finished.name}" in cleared and "nothing to clear" in cleared
    assert all(found == [] for found in stored(mongod, "kept_house").values())
