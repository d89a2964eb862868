"""Is any secret in anything a run writes, says or stores: when it works, and when it fails?

Every kind of secret has a value of its own, new in each session. Runs are started as a user starts
them, at log level debug and with tracebacks on, so that nothing is hidden by saying little. Then
every file below the working folder, what was printed, the objects and the database are looked
through (secret_scan.py says for which forms and inside which formats).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from urllib.parse import quote_plus

import httpx
import psutil
import pytest

from flows.server import EmbeddedServer
from tests.run_projects import write_project
from tests.services.dask_cluster import DaskCluster
from tests.services.mongod import Mongod
from tests.services.moto_server import BUCKET, MotoServer, free_port
from tests.services.secret_scan import files_below, found_in

ROOT = Path(__file__).parents[2]
CLI = [sys.executable, "-m", "pipeline.cli.main"]
USER = "forge@desk"

# A library that quotes all it knows in its error, at the worst moment.
CRASH = """
import os, sys
from pipeline.stages import output
from pipeline.storage.mongo_address import mongo_address
def fail(run_store, *rest):
    raise RuntimeError(f"login failed: {dict(os.environ)} {mongo_address(os.environ['X_URI'])!r}") \
        from ValueError(os.environ["X_URI"])
output.merge_ranked = fail
from pipeline.cli.main import main
main(sys.argv[1:])
"""


@dataclass
class Place:
    """A working folder, the secrets, the servers, and what was said so far."""

    folder: Path
    store: MotoServer
    mongod: Mongod
    secrets: dict[str, str]
    said: list[tuple[str, bytes]] = field(default_factory=list)
    arguments: set[str] = field(default_factory=set)

    @property
    def out(self) -> Path:
        return self.folder / "runs"

    def mongo(self, password: str, port: int | None = None) -> str:
        login = f"{quote_plus(USER)}:{quote_plus(password)}"
        uri = self.mongod.uri("results", serverSelectionTimeoutMS=500)
        uri = uri.replace(f":{self.mongod.port}/", f":{port or self.mongod.port}/")
        return uri.replace("://", f"://{login}@")

    def environment(self, **more: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "PREFECT_", "ATLAS_FORGE_"))
        }
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "PREFECT_HOME": str(self.folder / "prefect"),
            "ATLAS_FORGE_LOG_LEVEL": "debug",
            "ATLAS_FORGE_DEBUG": "1",
            "ATLAS_FORGE_STORE": f"s3://{BUCKET}/secrets",
            "ATLAS_FORGE_STORE_ENDPOINT": self.store.url,
            "ATLAS_FORGE_STORE_ATTEMPTS": "1",
            "ATLAS_FORGE_STORE_TIMEOUT_S": "5",
            "AWS_ACCESS_KEY_ID": self.secrets["key id"],
            "AWS_SECRET_ACCESS_KEY": self.secrets["secret key"],
            "AWS_SESSION_TOKEN": self.secrets["session token"],
            "PREFECT_API_KEY": self.secrets["Prefect key"],
            **more,
        }

    def atlas_forge(self, *arguments: str, program: list[str] = CLI, **more: str) -> int:
        """Run a command; keeps what it says, and the command lines of all its processes."""
        said = self.folder / "tmp" / f"said-{token_hex(4)}"
        with (
            said.open("wb") as out,
            subprocess.Popen(
                [*program, *arguments],
                cwd=self.folder, env=self.environment(**more), stdout=out, stderr=out,
            ) as process,
        ):  # fmt: skip
            me = psutil.Process(process.pid)
            while process.poll() is None:
                try:
                    for each in [me, *me.children(recursive=True)]:
                        self.arguments.add("\0".join(each.cmdline()))
                except psutil.Error:
                    pass
                time.sleep(0.05)
        self.said.append((f"{arguments}", said.read_bytes()))
        return process.returncode

    def written(self) -> Iterator[tuple[str, bytes]]:
        """Everything there is to look through."""
        yield from self.said
        yield "command lines", "\n".join(self.arguments).encode()
        yield from files_below(self.folder, Path(os.environ["NUMBA_CACHE_DIR"]))
        files = self.store.files()
        for path in files.find(BUCKET):
            yield f"s3://{path}", files.cat_file(path)
            yield f"s3://{path} (about)", repr((files.info(path), files.metadata(path))).encode()
        with self.mongod.client() as client:
            for name in client.results.list_collection_names():
                for document in client.results[name].find_raw_batches():
                    yield f"mongo {name}", document
            yield "mongo settings", repr(client.results.command("collStats", "runs")).encode()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, s3_server: MotoServer) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("no-secrets")
    secrets = {
        "key id": f"AKIA{token_hex(8).upper()}",
        "secret key": f"wJ/{token_hex(12)}+x=",
        "session token": f"FwoG/{token_hex(20)}==",
        "key id of the file": f"AKIB{token_hex(8).upper()}",
        "secret key of the file": f"zR+{token_hex(12)}/q",
        "password": f"p@ss/w:rd%{token_hex(6)} &x",
        "wrong password": f"wr?ng#{token_hex(6)}",
        "misplaced password": f"misplaced-{token_hex(6)}",
        "Prefect key": f"pnu_{token_hex(12)}",
    }
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    server = Mongod(tmp_path_factory.mktemp("mongod-users"), users=True)
    with server.client() as client:
        client.results.command(
            "createUser", USER, pwd=secrets["password"], roles=["readWrite", "dbAdmin"]
        )
    write_project(folder, limit=400)
    yield Place(folder, s3_server, server, secrets)
    server.kill()


def test_nothing_written_holds_a_secret(place: Place, tmp_path: Path) -> None:
    # What a person keeps secrets in lies outside the folder that is looked through.
    address, keys = tmp_path / "address", tmp_path / "keys"
    address.write_text(place.mongo(place.secrets["password"]))
    keys.write_text(
        f"[default]\naws_access_key_id = {place.secrets['key id of the file']}\n"
        f"aws_secret_access_key = {place.secrets['secret key of the file']}\n"
    )
    for file in (address, keys):
        file.chmod(0o600)
    run = ("run", "trial.yaml", "--direct", "--out", str(place.out), "--partition-rows", "100")
    by_file = {"ATLAS_FORGE_MONGO_FILE": str(address), "ATLAS_FORGE_STORE_SECRET_FILE": str(keys)}

    assert place.atlas_forge(*run, "--processes", "--workers", "1", **by_file) == 0, place.said
    (run_id,) = [path.name for path in place.out.iterdir()]
    there = ("--out", str(place.out))
    exports = ("--to", str(place.folder / "all.xlsx"), "--top", "20")
    assert place.atlas_forge("export", run_id, *exports, *there) == 0, place.said

    wrong = place.mongo(place.secrets["wrong password"])
    silent = place.mongo(place.secrets["password"], port=free_port())
    for uri, words in ((wrong, b"refuses the user name"), (silent, b"does not answer")):
        assert place.atlas_forge("resume", run_id, *there, ATLAS_FORGE_MONGO=uri) == 1
        assert words in place.said[-1][1]
    unreachable = {"ATLAS_FORGE_STORE_ENDPOINT": f"http://127.0.0.1:{free_port()}", **by_file}
    assert place.atlas_forge(*run, "--seed", "2", **unreachable) == 1
    assert b"cannot be reached" in place.said[-1][1]

    word = place.secrets["misplaced password"]
    misplaced = {
        "ATLAS_FORGE_STORE": f"s3://key:{word}@{BUCKET}/x",
        "ATLAS_FORGE_STORE_ENDPOINT": f"http://key:{word}@localhost",
        "ATLAS_FORGE_MONGO": f"mongodb://user:a {word}@localhost/x",
        "ATLAS_FORGE_COMPUTE": f"tls://user:{word}@localhost:8786",
    }
    assert place.atlas_forge("plan", "trial.yaml", **misplaced) == 2
    for name in misplaced:
        assert f"{name}:".encode() in place.said[-1][1]

    crash = [sys.executable, "-c", CRASH]
    uri = place.mongo(place.secrets["password"])
    assert place.atlas_forge(*run, "--seed", "3", program=crash, X_URI=uri) == 1
    assert b"login failed" in place.said[-1][1] and b"Traceback" in place.said[-1][1]

    written = list(place.written())
    assert any("spawn_main" in line for line in place.arguments), "a worker process was seen"
    assert sum(where.startswith("s3://") for where, _ in written) > 10
    assert sum(where.startswith("mongo ") for where, _ in written) > 3
    assert sum(where.endswith("log.jsonl") for where, _ in written) == 3
    assert found_in(written, place.secrets) == []


BLOCK = """
import json, sys
from prefect.blocks.system import Secret
Secret(value=json.dumps({"ATLAS_FORGE_MONGO": sys.stdin.readline()})).save("secret-scan")
"""
# What Prefect's server tells everybody who may ask it.
TOLD = ("flow_runs", "task_runs", "logs", "artifacts", "block_documents",
        "deployments", "variables", "events")  # fmt: skip
BY_BLOCK = """
import sys
from flows.flow import atlas_forge_run
atlas_forge_run(project=sys.argv[1], out=sys.argv[2], secrets="secret-scan", log_level="debug")
"""


@pytest.mark.full
@pytest.mark.timeout(1_200)
def test_neither_prefect_nor_dask_over_tls_keeps_a_secret(place: Place, tmp_path: Path) -> None:
    """Runs on workers behind TLS, recorded by a Prefect server with a credential."""
    out = place.folder / "recorded"
    run = ("run", "trial.yaml", "--out", str(out), "--partition-rows", "100")
    uri = place.mongo(place.secrets["password"])
    (tmp_path / "address").write_text(uri)
    with (
        DaskCluster(tmp_path / "dask") as cluster,
        EmbeddedServer(place.folder / "prefect") as server,
    ):
        cluster.wait_for_scheduler()
        cluster.add(1)
        environment = {
            **server.client_environment(),
            "PREFECT_API_KEY": "",
            "PREFECT_LOGGING_LEVEL": "DEBUG",
            "ATLAS_FORGE_STORE": "",
            **{f"ATLAS_FORGE_{name.upper()}": value for name, value in cluster.settings.items()},
        }
        key = (cluster.tls / "tls.key").read_text().splitlines()[1:-1]
        secrets = {
            **place.secrets,
            "Prefect's credential": environment["PREFECT_API_AUTH_STRING"].partition(":")[2],
            **{f"line {number} of the TLS key": line for number, line in enumerate(key)},
            "any private key": "PRIVATE KEY-----",
        }
        by_file = {**environment, "ATLAS_FORGE_MONGO_FILE": str(tmp_path / "address")}
        assert place.atlas_forge(*run, **by_file) == 0, place.said[-1]
        crash = [sys.executable, "-c", CRASH]
        assert place.atlas_forge(*run, "--seed", "3", program=crash, X_URI=uri, **environment) == 1
        assert b"login failed" in place.said[-1][1]

        here = {**environment, "ATLAS_FORGE_COMPUTE": "serial"}
        subprocess.run(
            [sys.executable, "-c", BLOCK],
            env=place.environment(**here), input=uri, text=True, check=True,
        )  # fmt: skip
        arguments = (str(place.folder / "trial.yaml"), str(out))
        program = [sys.executable, "-c", BY_BLOCK]
        assert place.atlas_forge(*arguments, program=program, **here) == 0, place.said[-1]
        user, _, word = environment["PREFECT_API_AUTH_STRING"].partition(":")
        with httpx.Client(base_url=environment["PREFECT_API_URL"], auth=(user, word)) as api:
            for name in TOLD:
                answer = api.post(f"/{name}/filter", json={})
                assert answer.status_code == 200, (name, answer.text)
                place.said.append((f"API {name}", answer.content))
        place.said.append(("workers", (cluster.workers[0].log.read_bytes())))
        place.said.append(("scheduler", (cluster.scheduler.log.read_bytes())))
    written = list(place.written())
    (database,) = [data for where, data in written if where.endswith("prefect.db")]
    assert b"login failed" in database, "Prefect recorded the crash"
    assert b"secret-scan" in database, "and the block"
    assert found_in(written, secrets) == []
