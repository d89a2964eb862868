"""Do the commands of docs/storage.md for a database do what they say, typed at a real one?"""

from pathlib import Path

import pytest

from tests.page_claims import Typed, types
from tests.page_commands import lines_of
from tests.page_shell import RUN, Shell
from tests.services.mongod import Mongod

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]
_FILE = "export ATLAS_FORGE_MONGO_FILE=~/.atlas-forge-mongo"


@types("docs/storage.md", needs="mongo")
def test_a_run_goes_into_the_database_and_out_again(
    mongod: Mongod, tmp_path: Path, typed: Typed
) -> None:
    shell = Shell(tmp_path / "home")
    (shell.home / ".atlas-forge-mongo").write_text(mongod.uri("of_the_page"))
    assert shell.typed("atlas-forge init my-project.yaml").returncode == 0
    told: dict[str, str] = {}
    for block in typed:
        for line in lines_of(block):
            done = shell.typed(f"{_FILE}\n{line}")
            assert done.returncode == 0, f"{block.place}: {line}\n{done.stdout}{done.stderr}"
            told[line] = done.stdout
            if line == "atlas-forge run my-project.yaml":
                found = RUN.search(done.stdout)
                assert found is not None, done.stdout
                shell.runs["RUN_ID"] = found[0]
    run = shell.runs["RUN_ID"]
    assert run in told["atlas-forge runs"]
    assert "complete" in told["atlas-forge status RUN_ID --database"]
    assert (shell.work / "summary.pdf").read_bytes().startswith(b"%PDF")
    with mongod.client() as client:
        assert client.of_the_page.structures.count_documents({}) == 0
