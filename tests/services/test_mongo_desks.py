"""Can a desk's people do in their own database what their role says, and nothing in another's?"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from pipeline.storage import mongo_desk
from pipeline.storage.mongo_connect import MongoRefusedError, MongoUnreachableError
from pipeline.storage.mongo_desk import prepare_desk
from pipeline.storage.mongo_doctor import mongo_diagnosis
from pipeline.storage.mongo_merge import merge_run
from pipeline.storage.mongo_removal import remove_from_mongo, superfluous
from pipeline.storage.mongo_results import MongoResults
from tests.services.certificate import write_certificate
from tests.services.mongod import Mongod, stored

UNAUTHORIZED = 13


class Desks:
    """A server with users and TLS; databases infra and energy, each with its own people."""

    def __init__(self, folder: Path) -> None:
        write_certificate(folder)
        (folder / "data").mkdir()
        more = ["--tlsMode", "preferTLS", "--tlsCertificateKeyFile", str(folder / "server.pem")]
        self.server = Mongod(folder / "data", users=True, more=more)
        self._ca = folder / "ca.pem"
        with self.server.client() as root:
            for desk in ("infra", "energy"):
                root[desk].command("createUser", "admin", pwd="secret", roles=["dbOwner"])
                self.made = prepare_desk(self.address("admin", desk))
                roles = {"writer": mongo_desk.WRITER, "reader": mongo_desk.READER}
                for name, role in roles.items():
                    root[desk].command("createUser", name, pwd="secret", roles=[role])

    def address(self, user: str, desk: str, database: str = "", **more: str) -> str:
        """The address that a user of a desk would use, of a database."""
        told = {"tls": "true", "tlsCAFile": self._ca, "authSource": desk, **more}
        uri = self.server.uri(database or desk, **told)
        return uri.replace("://", f"://{user}:secret@")


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    found = Desks(tmp_path_factory.mktemp("desks"))
    yield found
    found.server.kill()


def test_a_writer_merges_and_removes_and_changes_nothing_else(
    desks: Desks, finished: Path, undisturbed: dict[str, list[bytes]]
) -> None:
    uri = desks.address("writer", "infra")
    assert "is prepared, this user may write" in mongo_diagnosis(uri)
    merge_run(finished, uri)
    assert stored(desks.server, "infra") == undisturbed
    assert MongoResults(uri).runs() == [finished.name]
    assert superfluous(uri, None, None, True) == []
    assert remove_from_mongo(uri, finished.name) is not None
    assert MongoResults(uri).runs() == []
    merge_run(finished, uri)
    client: MongoClient[dict] = MongoClient(uri)
    forbidden = [
        client.infra.runs.drop,
        lambda: client.infra.structures.create_index("wacc"),
        lambda: client.infra.command("collMod", "runs", validator={}),
        lambda: client.infra.create_collection("other"),
        lambda: client.infra.other.insert_one({}),
        lambda: client.infra.command("createUser", "x", pwd="x", roles=["dbOwner"]),
        lambda: client.energy.runs.find_one({}),
    ]
    for number, attempt in enumerate(forbidden):
        with pytest.raises(OperationFailure) as caught:
            attempt()
        assert caught.value.code == UNAUTHORIZED, number
    assert client.list_database_names() == ["infra"]
    client.close()


def test_a_reader_reads(desks: Desks, finished: Path) -> None:
    merge_run(finished, desks.address("writer", "infra"))
    uri = desks.address("reader", "infra")
    assert "this user may only read" in mongo_diagnosis(uri)
    results = MongoResults(uri)
    assert len(results.top(finished.name, 5)) == 5
    assert results.file(finished.name, "reports/summary.pdf").startswith(b"%PDF")
    with pytest.raises(MongoRefusedError, match="lacks a right"):
        remove_from_mongo(uri, finished.name)
    with desks.server.client() as root:
        root.infra.structures.delete_one({"rank": 3})
    with pytest.raises(MongoRefusedError, match="lacks a right"):
        merge_run(finished, uri)
    assert not merge_run(finished, desks.address("writer", "infra")).already


@pytest.mark.parametrize("user", ["writer", "reader", "admin"])
def test_nobody_reads_another_desks_database(desks: Desks, finished: Path, user: str) -> None:
    merge_run(finished, desks.address("writer", "energy"))
    other = desks.address(user, "infra", database="energy")
    for attempt in (
        lambda: MongoResults(other).runs(),
        lambda: MongoResults(other).summary(finished.name),
        lambda: merge_run(finished, other),
        lambda: remove_from_mongo(other, finished.name),
        lambda: prepare_desk(other),
        lambda: mongo_diagnosis(other),
    ):
        with pytest.raises(MongoRefusedError, match="lacks a right"):
            attempt()


def test_a_server_is_known_by_its_certificate(desks: Desks) -> None:
    told = {"tls": "true", "serverSelectionTimeoutMS": 500, "authSource": "infra"}
    uri = desks.server.uri("infra", **told).replace("://", "://reader:secret@")
    with pytest.raises(MongoUnreachableError, match="certificate verify failed"):
        MongoResults(uri).runs()


def test_preparing_again_makes_what_is_missing(
    desks: Desks, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "role atlasForgeWriter" in desks.made
    assert "index project_id, timestamp of runs" in desks.made
    with desks.server.client() as root:
        root.infra.structures.drop_index("run_id_1_rank_1")
        root.infra.command("updateRole", mongo_desk.READER, privileges=[])
    with pytest.raises(MongoRefusedError, match="is not prepared"):
        mongo_diagnosis(desks.address("writer", "infra"))
    assert mongo_desk.main() == 2
    monkeypatch.setenv("ATLAS_FORGE_MONGO", desks.address("writer", "infra"))
    assert mongo_desk.main() == 1
    monkeypatch.setenv("ATLAS_FORGE_MONGO", desks.address("admin", "infra"))
    assert mongo_desk.main() == mongo_desk.main() == 0
    told = capsys.readouterr()
    assert "made: index run_id, rank of structures, role atlasForgeReader" in told.out
    assert told.out.endswith("nothing to make\n")
    assert "secret" not in told.out + told.err
