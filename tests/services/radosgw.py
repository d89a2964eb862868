"""Ceph's S3 gateway for tests: the smallest cluster that persists, on loopback, without systemd.

One monitor, one store of objects on a sparse file, one gateway, all as children of the test and in
its folder. `scripts/install-radosgw` installs them.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import time
import uuid
from pathlib import Path
from typing import Final

import pytest

PROGRAMS: Final = (
    "ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin",
)  # fmt: skip
_START_S: Final = 120.0
_CONFIGURATION: Final = """\
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon_port}/0]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail warn = 1
mon data avail crit = 0
osd crush chooseleaf type = 0
osd objectstore = bluestore
bluestore block size = 4294967296
osd memory target = 939524096
run dir = {folder}
admin socket = {folder}/$cluster-$name.asok
log file = {folder}/$name.log
keyring = {folder}/keyring
mon data = {folder}/mon
osd data = {folder}/osd
rgw data = {folder}
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw dynamic resharding = false
rgw run sync thread = false
"""


def require_radosgw() -> None:
    """Skip with the reason where the programs are missing; in CI that is a failure."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if not missing:
        return
    reason = f"no {', '.join(missing)}: scripts/install-radosgw installs Ceph's gateway"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


class Radosgw:
    """A gateway with users; may be killed and started again over the same data."""

    def __init__(self, folder: Path) -> None:
        require_radosgw()
        self._folder = folder
        self.port = _quiet_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._running: list[subprocess.Popen[bytes]] = []
        self._make()
        self.start()

    def start(self) -> None:
        """Start all three over their data and wait until the gateway answers."""
        for daemon in (("ceph-mon", "-i", "a"), ("ceph-osd", "-i", "0"),
                       ("radosgw", "-n", "client.rgw")):  # fmt: skip
            self._run(*daemon)
        deadline = time.monotonic() + _START_S
        while not self._answers():
            assert all(each.poll() is None for each in self._running), self._said()
            assert time.monotonic() < deadline, self._said()
            time.sleep(0.1)

    def kill(self) -> None:
        """SIGKILL to all three: nothing is flushed."""
        for process in self._running:
            process.kill()
            process.wait()
        self._running.clear()

    def user(self, name: str, key: str, secret: str) -> None:
        """A user with this access key."""
        told = _done(
            "radosgw-admin", "-c", str(self._configuration), "user", "create", "--uid", name,
            "--display-name", name, "--access-key", key, "--secret-key", secret,
        )  # fmt: skip
        assert json.loads(told)["user_id"] == name

    @property
    def _configuration(self) -> Path:
        return self._folder / "ceph.conf"

    def _make(self) -> None:
        folder, fsid, mon_port = self._folder, str(uuid.uuid4()), _quiet_port()
        for name in ("mon", "osd"):
            (folder / name).mkdir()
        self._configuration.write_text(
            _CONFIGURATION.format(fsid=fsid, folder=folder, mon_port=mon_port, port=self.port)
        )
        keyring = str(folder / "keyring")
        (folder / "keyring").touch(0o600)
        for entity, *rights in (
            ("mon.", "mon", "allow *"),
            ("client.admin", "mon", "allow *", "osd", "allow *"),
            ("osd.0", "mon", "allow profile osd", "osd", "allow *"),
            ("client.rgw", "mon", "allow rw", "osd", "allow rwx"),
        ):
            caps = [each for pair in zip(rights[::2], rights[1::2], strict=True)
                    for each in ("--cap", *pair)]  # fmt: skip
            _done("ceph-authtool", keyring, "--gen-key", "-n", entity, *caps)
        monmap = str(folder / "monmap")
        _done("monmaptool", "--create", "--fsid", fsid, "--addv", "a",
              f"[v2:127.0.0.1:{mon_port}]", monmap)  # fmt: skip
        given = ("-c", str(self._configuration))
        _done("ceph-mon", *given, "--mkfs", "-i", "a", "--keyring", keyring, "--monmap", monmap)
        self._run("ceph-mon", "-i", "a")
        store = str(uuid.uuid4())
        _done("ceph", *given, "--connect-timeout", "60", "osd", "new", store)
        _done("ceph-osd", *given, "-i", "0", "--mkfs", "--osd-uuid", store)
        self.kill()

    def _run(self, program: str, *arguments: str) -> None:
        command = [program, "-c", str(self._configuration), "-f", *arguments]
        with (self._folder / f"{program}.out").open("ab") as told:
            self._running.append(subprocess.Popen(command, stdout=told, stderr=told))

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _said(self) -> str:
        return "\n".join(path.read_text()[-1_000:] for path in self._folder.glob("*.out"))


def _done(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_START_S)
    assert done.returncode == 0, f"{command[0]}: {done.stderr[-1_000:]}"
    return done.stdout


def _quiet_port() -> int:
    """A free port below those that connections get: whoever waits for one of those to answer may
    come to talk with itself, and keep the server from it."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as free:
            try:
                free.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
