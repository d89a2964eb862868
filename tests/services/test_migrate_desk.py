"""Who of a desk may bring its database up to this version, and what are the others told?"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.cli.main import run_command
from pipeline.storage.mongo_desk import prepare_desk
from pipeline.storage.mongo_merge import merge_run
from pipeline.storage.mongo_schema import TOLD
from tests.services.test_migrate_database import made_older
from tests.services.test_mongo_desks import Desks

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    found = Desks(tmp_path_factory.mktemp("desks"))
    yield found
    found.server.kill()


def test_an_administrator_prepares_then_a_writer_migrates_and_a_reader_cannot(
    desks: Desks, finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    merge_run(finished, desks.address("writer", "infra"))
    with desks.server.client() as root:
        whole = root.infra.runs.find_one({})
    made_older(desks.server, "infra")

    def asked(user: str, *more: str) -> tuple[int, str]:
        uri = desks.address(user, "infra")
        place = ["--mongo", uri, "--out", str(tmp_path)]
        code = run_command(["migrate", *place, *more])
        out, err = capsys.readouterr()
        assert "secret" not in out + err and "Traceback" not in err
        return code, out + err

    code, told = asked("writer")
    assert code == 1 and "lacks a right" in told, "collections are the administrator's"
    with desks.server.client() as root:
        assert "owner" not in (root.infra.runs.find_one({}) or {})
    for user in ("writer", "reader"):  # to look, everybody may
        code, told = asked(user, "--dry-run")
        assert code == 0 and "would add: validator of runs" in told

    assert prepare_desk(desks.address("admin", "infra"))
    code, told = asked("reader")
    assert code == 1 and "lacks a right" in told
    code, told = asked("writer")
    assert code == 0 and all(f"{name}" in told for name in TOLD if name in (whole or {}))
    with desks.server.client() as root:
        assert root.infra.runs.find_one({}) == whole
    code, told = asked("reader", "--json")
    assert code == 0, "nothing is left to do"
    assert not any(each["changed"] for each in json.loads(told)["documents"])
