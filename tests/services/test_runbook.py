"""Do the commands of the runbook do what it says, typed as they stand there?"""

import shutil
from pathlib import Path

import pytest

from pipeline.storage.mongo_merge import merge_run
from tests.page_blocks import blocks
from tests.page_shell import ROOT, Shell
from tests.services.mongod import Mongod, stored

BLOCKS = [block for block in blocks(ROOT / "docs" / "runbook.md") if block.is_shell]
# the sections typed here; tests/golden/test_pages_typed.py types what needs no database
TYPED = ("A new desk", "Back up", "Restore", "Is a run as it was written?", "Remove and clear")


def commands(heading: str) -> str:
    """The shell commands under a heading of the page."""
    assert heading in TYPED
    return "\n".join(block.text for block in BLOCKS if block.heading == heading)


def typed(shell: Shell, script: str) -> str:
    """What a shell prints of commands; each of them has to succeed."""
    done = shell.typed(f"cd ~\n{script}")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_a_database_is_backed_up_and_restored(mongod: Mongod, finished: Path, shell: Shell) -> None:
    merge_run(finished, mongod.uri("backed_up"))
    (shell.home / ".atlas-forge-mongo").write_text(mongod.uri("backed_up"))
    (shell.home / ".atlas-forge-mongo-restored").write_text(mongod.uri("put_back"))
    assert "structures: " in typed(shell, commands("Back up"))
    with mongod.client() as client:
        before = stored(mongod, "backed_up")
        client.drop_database("backed_up")
    told = typed(shell, commands("Restore"))
    assert f"{finished.name}: complete" in told and "finished" in told
    assert stored(mongod, "put_back") == before
    shutil.rmtree(shell.home / "mongo-backup")


@pytest.mark.full
def test_a_run_is_checked_removed_and_a_desk_prepared(
    mongod: Mongod, finished: Path, shell: Shell
) -> None:
    (shell.home / ".atlas-forge-mongo").write_text(mongod.uri("kept_house"))
    (shell.home / ".atlas-forge-mongo-admin").write_text(mongod.uri("kept_house"))
    assert "role atlasForgeWriter" in typed(shell, commands("A new desk"))
    merge_run(finished, mongod.uri("kept_house"))
    checked = typed(shell, commands("Is a run as it was written?").replace("RUN_ID", finished.name))
    assert f"{finished.name}: complete" in checked
    cleared = typed(shell, commands("Remove and clear").replace("RUN_ID", finished.name))
    assert f"removed {finished.name}" in cleared and "nothing to clear" in cleared
    assert all(found == [] for found in stored(mongod, "kept_house").values())
