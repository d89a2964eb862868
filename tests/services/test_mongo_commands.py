"""Do commands answer from MongoDB as from the folder, and fail in clear lines without secrets?"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus

import pyarrow.parquet as pq
import pytest

from flows.run import parameters_of
from pipeline.api import explain, top
from pipeline.cli.main import run_command
from pipeline.inputs import load_request
from pipeline.settings import load_settings
from pipeline.storage.mongo_address import BadAddressError, mongo_address
from pipeline.storage.mongo_backup import load, save
from pipeline.storage.mongo_connect import MongoRefusedError, MongoUnreachableError
from pipeline.storage.mongo_merge import merge_run
from pipeline.storage.mongo_results import MongoResults
from tests.run_projects import log_of, request_of, run_here, write_project
from tests.services.certificate import write_certificate
from tests.services.mongod import PASSWORD, USER, Mongod, stored

SECRET = "hunter2"
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongod]:
    """A server that asks who it is; one user may write `results`, another nothing there."""
    server = Mongod(tmp_path_factory.mktemp("guarded"), users=True)
    with server.client() as client:
        rights = ["readWrite", "dbAdmin"]
        client.results.command("createUser", USER, pwd=PASSWORD, roles=rights)
        client.results.command("createUser", "guest", pwd=PASSWORD, roles=[])
    yield server
    server.kill()


def address_of(server: Mongod, user: str = USER, password: str = PASSWORD) -> str:
    login = f"{quote_plus(user)}:{quote_plus(password)}"
    return server.uri("results", serverSelectionTimeoutMS=2_000).replace("://", f"://{login}@")


def answer(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    code = run_command(list(arguments))
    told = capsys.readouterr()
    return code, told.out, told.err


def without_secret(*texts: str) -> None:
    for text in texts:
        for form in (SECRET, PASSWORD, quote_plus(PASSWORD), "Traceback"):
            assert form not in text, text


def test_both_places_answer_the_same(
    mongod: Mongod, finished: Path, capsys: Capture, tmp_path: Path
) -> None:
    uri, run = mongod.uri("same"), finished.name
    other = tmp_path / "runs" / "other-000000000000"
    for folder in (finished, other):
        if folder == other:
            shutil.copytree(finished, other)
            shutil.copytree(finished, other.parent / run)
            manifest = json.loads((other / "manifest.json").read_bytes())
            changed = {**manifest, "run_id": other.name, "created_at": "2020-01-01T00:00:00.000Z"}
            (other / "manifest.json").write_text(json.dumps(changed))
            time.sleep(0.01)
            (other.parent / run / "manifest.json").touch()
        merge_run(folder, uri)
    ids = [line["permutation_id"] for line in MongoResults(uri).top(run, 3)]
    rejected = next(number for number in range(5_000) if number not in _survivors(finished))
    questions = [
        ["runs"],
        ["top", run, "-n", "25"],
        ["top", run, "--where", "rating >= A and not trs", "--sort", "wacc:desc,dscr"],
        ["top", run, "--columns", "id,tier,wacc,_38", "-n", "100000"],
        ["top", run, "--pareto", "-n", "7"],
        ["top", run, "--list-columns"],
        ["show", run],
        ["show", run, str(ids[0])],
        ["show", run, str(rejected)],
        ["compare", run, other.name],
        ["compare", run, *map(str, ids)],
        ["explain", run, str(ids[1]), "--section", "gates"],
        ["near-misses", run, "--top", "4"],
        ["near-misses", run, "--top", "4", "--where", "wacc > 6"],
    ]
    for question in questions:
        here = answer(capsys, *question, "--json", "--out", str(other.parent))
        there = answer(capsys, *question, "--json", "--mongo", uri)
        assert here[0] == there[0] == 0, (question, here, there)
        assert json.loads(here[1]) == json.loads(there[1]), question
    code, _, err = answer(capsys, "show", run, str(10**12), "--mongo", uri)
    assert code == 2 and "is no structure of run" in err
    code, _, err = answer(capsys, "top", "nobody", "--mongo", uri)
    assert code == 2 and "there is no run 'nobody'" in err
    in_sample = sorted(_numbers(finished / "evaluated") - _survivors(finished))
    code, out, err = answer(capsys, "explain", run, str(in_sample[0]), "--mongo", uri)
    assert code == 0 and "its stored verdict is in the run's folder" in out, err
    code, _, err = answer(capsys, "near-misses", run, "--all", "--mongo", uri)
    assert code == 2 and "which no database has" in err
    here = {"out": str(other.parent)}
    assert top(run, 7, mongo=uri) == top(run, 7, **here)
    assert explain(run, ids[2], mongo=uri) == explain(run, ids[2], **here)
    for compared in ([other.name], [str(number) for number in (*ids, rejected)]):
        asked = ["compare", run, *compared, "--formats", "pdf,html", "--to"]
        place = ["--out", str(other.parent)]
        assert answer(capsys, *asked, str(tmp_path / "here"), *place)[0] == 0
        assert answer(capsys, *asked, str(tmp_path / "there"), "--mongo", uri)[0] == 0
    written = sorted((tmp_path / "here").iterdir())
    assert len(written) == 4
    for file in written:
        assert file.read_bytes() == (tmp_path / "there" / file.name).read_bytes(), file
    fetched = tmp_path / "summary.pdf"
    asked = ["export", run, "--file", "reports/summary.pdf", "--to", str(fetched)]
    assert answer(capsys, *asked, "--mongo", uri)[0] == 0
    assert fetched.read_bytes() == (finished / "reports/summary.pdf").read_bytes()
    with mongod.client() as client:
        client.same["fs.chunks"].update_many({}, {"$set": {"data": b"changed"}})
    code, _, err = answer(capsys, *asked, "--force", "--mongo", uri)
    assert code == 1 and "is not whole in the database" in err
    assert fetched.read_bytes() == (finished / "reports/summary.pdf").read_bytes()


def _survivors(finished: Path) -> set[int]:
    return _numbers(finished / "ranked.parquet")


def _numbers(rows: Path) -> set[int]:
    return set(pq.read_table(rows, columns=["permutation_id"])["permutation_id"].to_pylist())


def test_a_run_is_merged_by_its_user_and_the_password_is_nowhere(
    guarded: Mongod, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    request_of(tmp_path, limit=1_000)
    project, out, uri = str(tmp_path / "trial.yaml"), tmp_path / "runs", address_of(guarded)
    arguments = ["run", project, "--direct", "--workers", "1", "--out", str(out)]
    code, shown, told = answer(capsys, *arguments, "--mongo", address_of(guarded, password="no"))
    assert code == 1 and "refuses the user name or the password" in told
    without_secret(shown, told)
    code, shown, told = answer(capsys, *arguments, "--mongo", address_of(guarded, user="guest"))
    assert code == 1 and "the user lacks a right" in told
    without_secret(shown, told)
    (folder,) = out.iterdir()
    kept = {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")}
    (tmp_path / "address").write_text(uri + "\n")
    monkeypatch.setenv("ATLAS_FORGE_MONGO_FILE", str(tmp_path / "address"))
    code, shown, told = answer(capsys, "resume", folder.name, "--out", str(out), "--json")
    assert code == 0, told
    without_secret(shown, told)
    assert kept == {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")}
    assert [event["event"] for event in log_of(folder)][-2:] == [
        "run_verified", "run_merged_into_mongo",
    ]  # fmt: skip
    code, shown, told = answer(capsys, "runs", "--json")  # the file still names the database
    assert [each["run_id"] for each in json.loads(shown)["runs"]] == [folder.name]
    settings = load_settings(mongo=uri)
    without_secret(repr(settings), json.dumps(parameters_of(request_of(tmp_path), settings)))
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert len(written) > 8
    documents = [document for some in stored(guarded, "results").values() for document in some]
    for data in [*[path.read_bytes() for path in written], *map(bytes, documents)]:
        assert SECRET.encode() not in data


def test_a_database_out_of_reach_costs_the_run_nothing(
    mongod: Mongod, tmp_path: Path, capsys: Capture
) -> None:
    request_of(tmp_path, limit=1_000)
    project, out = str(tmp_path / "trial.yaml"), str(tmp_path / "runs")
    nobody = "mongodb://u:hunter2@127.0.0.1:9/results?serverSelectionTimeoutMS=300"
    arguments = ["run", project, "--direct", "--workers", "1", "--out", out]
    code, shown, told = answer(capsys, *arguments, "--mongo", nobody)
    assert code == 1 and "127.0.0.1:9/results does not answer" in told
    without_secret(shown, told)
    (folder,) = (tmp_path / "runs").iterdir()
    assert answer(capsys, "top", folder.name, "--out", out)[0] == 0
    code, _, told = answer(
        capsys, "resume", folder.name, "--out", out, "--mongo", mongod.uri("late")
    )
    assert code == 0, told
    assert MongoResults(mongod.uri("late")).runs() == [folder.name]
    assert [event["event"] for event in log_of(folder)].count("run_done") == 1


@pytest.mark.parametrize(
    "uri",
    [
        "postgres://u:hunter2@h/db",
        "mongodb://u:hunter2/x@host/db",
        "mongodb://u:hunter2@x@host/db",
        "mongodb://host:hunter2/db",
        "mongodb://u:hunter2@host/db?tls=perhaps",
        "mongodb://u:hunter2@host/db?tls=true&tlsCAFile=/nowhere/hunter2",
        "mongodb:// u:hunter2@host",
        "hunter2",
    ],
)
def test_a_malformed_address_is_bad_input_and_not_repeated(
    uri: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadAddressError):
        mongo_address(uri)
    code, shown, told = answer(capsys, "runs", "--mongo", uri)
    assert code == 2 and "the address" in told
    (tmp_path / "address").write_text(uri)
    monkeypatch.setenv("ATLAS_FORGE_MONGO_FILE", str(tmp_path / "address"))
    code, more, also = answer(capsys, "runs", "--json")
    assert code == 2 and "ATLAS_FORGE_MONGO_FILE" in also
    without_secret(shown, told, more, also)


def test_tls_is_by_the_options_of_the_address(tmp_path: Path, finished: Path) -> None:
    write_certificate(tmp_path)
    certificate = str(tmp_path / "server.pem")
    more = ["--tlsMode", "preferTLS", "--tlsCertificateKeyFile", certificate]
    (tmp_path / "data").mkdir()
    server = Mongod(tmp_path / "data", more=more)
    try:
        told = {"tls": "true", "serverSelectionTimeoutMS": 1_000}
        with pytest.raises(MongoUnreachableError, match="certificate verify failed"):
            merge_run(finished, server.uri("tls", **told))
        trusted = server.uri("tls", **told, tlsCAFile=tmp_path / "ca.pem")
        merge_run(finished, trusted)
        assert MongoResults(trusted).runs() == [finished.name]
    finally:
        server.kill()


def test_a_server_that_cannot_keep_promises_is_refused(tmp_path: Path) -> None:
    server = Mongod(tmp_path, replica_set=False)
    try:
        with pytest.raises(MongoRefusedError, match="not a member of a replica set"):
            MongoResults(server.uri("x")).runs()
    finally:
        server.kill()


def test_a_backup_comes_back_as_it_was_and_is_verified(
    mongod: Mongod, finished: Path, tmp_path: Path
) -> None:
    merge_run(finished, mongod.uri("original"))
    save(mongod.uri("original"), tmp_path / "backup")
    assert load(mongod.uri("restored"), tmp_path / "backup") == [finished.name]
    assert stored(mongod, "restored") == stored(mongod, "original")
    assert merge_run(finished, mongod.uri("restored")).already
    with pytest.raises(MongoRefusedError, match="is not empty"):
        load(mongod.uri("restored"), tmp_path / "backup")
    structures = tmp_path / "backup" / "structures.bson"
    data = structures.read_bytes()
    structures.write_bytes(data[int.from_bytes(data[:4], "little") :])
    module = [sys.executable, "-m", "pipeline.storage.mongo_backup", "load", str(structures.parent)]
    done = subprocess.run(
        module,
        env={"ATLAS_FORGE_MONGO": mongod.uri("damaged"), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "not whole in" in done.stderr and "Traceback" not in done.stderr
    assert MongoResults(mongod.uri("damaged")).runs() == []


def test_what_a_project_asks_to_be_written_is_there_too(
    mongod: Mongod, tmp_path: Path, capsys: Capture
) -> None:
    project = write_project(tmp_path, limit=1_000)
    asked = "{OutputVariants_112: [Flat, Stress], AuditTraceFlag_116: true, "
    project.write_text(project.read_text().replace("base: {", f"base: {asked}"))
    summary, folder = run_here(load_request(project), tmp_path / "runs", mongo=mongod.uri("asked"))
    written = summary["written"]["files"]
    assert {"reports/scenarios.parquet", "reports/trace.json"} <= set(written)
    for path in written:
        command = ["export", folder.name, "--file", path, "--to", str(tmp_path / "fetched")]
        done = answer(capsys, *command, "--force", "--mongo", mongod.uri("asked"))
        assert done[0] == 0, done[2]
        assert (tmp_path / "fetched").read_bytes() == (folder / path).read_bytes()
