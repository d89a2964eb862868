"""Do the commands of the runbook for a database do what it says, typed as they stand there?"""

import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import pymongo
import pytest
from pymongo.errors import OperationFailure

from pipeline.storage.mongo_merge import merge_run
from tests.page_blocks import blocks
from tests.page_claims import MONGOSH, Typed, types
from tests.page_shell import ROOT, Shell
from tests.services.mongod import Mongod, stored

RUNBOOK = "docs/runbook.md"
PASSWORDS = {"infra-admin": "of-the-admin", "ann": "of-ann", "auditor": "of-the-auditor"}


def typed_well(shell: Shell, script: str, answers: str = "") -> str:
    """What a shell prints of commands; each of them has to succeed."""
    given = f"cd ~\n{script}"
    if answers:  # as if pasted at the terminal: what the commands read
        given = f"exec <<'PASTED'\n{answers}\nPASTED\n{given}"
    done = shell.typed(given)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@types(RUNBOOK, needs="mongo", under=("Back up", "Restore"))
def test_a_database_is_backed_up_and_restored(
    mongod: Mongod, finished: Path, shell: Shell, typed: Typed
) -> None:
    merge_run(finished, mongod.uri("backed_up"))
    (shell.home / ".atlas-forge-mongo").write_text(mongod.uri("backed_up"))
    (shell.home / ".atlas-forge-mongo-restored").write_text(mongod.uri("put_back"))
    assert "structures: " in typed_well(shell, typed.script("Back up"))
    with mongod.client() as client:
        before = stored(mongod, "backed_up")
        client.drop_database("backed_up")
    told = typed_well(shell, typed.script("Restore"))
    assert f"{finished.name}: complete" in told and "finished" in told
    assert stored(mongod, "put_back") == before
    shutil.rmtree(shell.home / "mongo-backup")


@pytest.mark.full
@types(
    RUNBOOK, needs="mongo", under=("A new desk", "Is a run as it was written?", "Remove and clear")
)
def test_a_run_is_checked_removed_and_a_desk_prepared(
    mongod: Mongod, finished: Path, shell: Shell, typed: Typed
) -> None:
    shell.runs["RUN_ID"] = finished.name
    (shell.home / ".atlas-forge-mongo").write_text(mongod.uri("kept_house"))
    (shell.home / ".atlas-forge-mongo-admin").write_text(mongod.uri("kept_house"))
    assert "role atlasForgeWriter" in typed_well(shell, typed.script("A new desk"))
    merge_run(finished, mongod.uri("kept_house"))
    checked = typed_well(shell, typed.script("Is a run as it was written?"))
    assert f"{finished.name}: complete" in checked
    cleared = typed_well(shell, typed.script("Remove and clear"))
    assert f"removed {finished.name}" in cleared and "nothing to clear" in cleared
    assert all(found == [] for found in stored(mongod, "kept_house").values())


@pytest.mark.full
@types(RUNBOOK, needs="a new secret")
def test_a_secret_is_rotated(mongod: Mongod, shell: Shell, typed: Typed) -> None:
    address = shell.home / ".atlas-forge-mongo"
    address.write_text("mongodb://127.0.0.1:1/the_old_one")
    told = typed_well(shell, typed.script("Rotate secrets"), mongod.uri("the_new_one"))
    assert address.read_text().strip() == mongod.uri("the_new_one")
    assert address.stat().st_mode & 0o777 == 0o600
    assert "the_new_one" in told or "replica set" in told


class MongoShell:
    """mongosh at a terminal, and a person who answers when it asks for a password."""

    def __init__(self, address: str) -> None:
        program = shutil.which("mongosh")
        if program is None:
            reason = "no mongosh: npm install --global mongosh"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        self._terminal, inside = pty.openpty()
        self._process = subprocess.Popen(
            [program, address, "--quiet", "--norc"], stdin=inside, stdout=inside, stderr=inside,
            env={**os.environ, "TERM": "dumb"}, start_new_session=True,
        )  # fmt: skip
        os.close(inside)
        self.wait_for(r"> $")

    def wait_for(self, pattern: str, seconds: float = 60) -> str:
        """What it prints until that."""
        told, deadline = "", time.monotonic() + seconds
        while not re.search(pattern, told):
            left = deadline - time.monotonic()
            assert left > 0, f"mongosh did not print {pattern}:\n{told}"
            if select.select([self._terminal], [], [], left)[0]:
                got = os.read(self._terminal, 65_536).decode(errors="replace")
                told += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", got)
        return told

    def type(self, line: str, password: str = "") -> str:
        os.write(self._terminal, f"{line}\r".encode())
        if password:
            self.wait_for("Enter password")
            os.write(self._terminal, f"{password}\r".encode())
        return self.wait_for(r"> $")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)


@pytest.mark.full
@pytest.mark.timeout(300)
@types(RUNBOOK, language=MONGOSH)
def test_administrator_and_people_of_a_desk_are_made(
    tmp_path: Path, shell: Shell, finished: Path, typed: Typed
) -> None:
    """The blocks of mongosh, with that of the shell between them."""
    folder = tmp_path / "with-users"
    folder.mkdir()
    server = Mongod(folder, users=True)
    try:
        [prepare] = [
            each.text for each in blocks(ROOT / RUNBOOK)
            if each.heading == "A new desk" and each.is_shell
        ]  # fmt: skip
        where = f"127.0.0.1:{server.port}"
        as_root = f"mongodb://root:root@{where}/?authSource=admin&directConnection=true"
        as_admin = f"mongodb://infra-admin:{PASSWORDS['infra-admin']}@{where}/infra"
        addresses = iter((as_root, as_root))
        for number, block in enumerate(typed):
            mongosh = MongoShell(next(addresses))
            try:
                for line in block.text.splitlines():
                    user = re.search(r'user: "([^"]+)"', line)
                    told = mongosh.type(line, PASSWORDS[user[1]] if user else "")
                    assert ("ok: 1" if user else "switched to db infra") in told
            finally:
                mongosh.close()
            if not number:
                (shell.home / ".atlas-forge-mongo-admin").write_text(f"{as_admin}?replicaSet=rs0")
                assert "role atlasForgeWriter" in typed_well(shell, prepare)
        address = f"mongodb://{{}}:{{}}@{where}/infra?replicaSet=rs0"
        merge_run(finished, address.format("ann", PASSWORDS["ann"]))
        reader = address.format("auditor", PASSWORDS["auditor"])
        with pymongo.MongoClient[dict[str, object]](reader) as client:
            assert client.infra.runs.count_documents({}) == 1
            with pytest.raises(OperationFailure, match="not authorized"):
                client.infra.runs.delete_many({})
    finally:
        server.kill()
