"""Does the embedded Prefect server start, answer only its owner, and leave no process behind?

Real processes throughout: a parent is started, its server's process id is read, the parent ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from flows.server import EmbeddedServer, ServerStartError

GONE_WITHIN_S = 10.0

PARENT = """
import sys, time
from pathlib import Path
from flows.server import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
if sys.argv[2] == "ready":
    server.wait_ready()
print(server.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prefect-home")


def wait_until(happened: Callable[[], bool], within_s: float = GONE_WITHIN_S) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.05)
    return happened()


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def parent_with_server(home: Path, moment: str) -> tuple[subprocess.Popen[str], int]:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(home), moment],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert parent.stdout is not None
    return parent, int(parent.stdout.readline())


def test_server_answers_its_owner_only_and_is_gone_after_stop(home: Path) -> None:
    with EmbeddedServer(home) as server:
        address = server.wait_ready()
        pid = server.pid
        assert psutil.Process(pid).is_running()
        assert httpx.get(f"{address}/admin/version").status_code == 401
        secret = server.client_environment()["PREFECT_API_AUTH_STRING"]
        user, _, password = secret.partition(":")
        assert httpx.get(f"{address}/admin/version", auth=(user, password)).status_code == 200
        listening = [c for c in psutil.Process(pid).net_connections("tcp") if c.status == "LISTEN"]
        assert {c.laddr.ip for c in listening} == {"127.0.0.1"}
        assert (home / "prefect.db").exists()
    assert is_gone(pid)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/health")


@pytest.mark.parametrize(
    ("moment", "how"),
    [("ready", signal.SIGKILL), ("starting", signal.SIGKILL), ("starting", signal.SIGTERM)],
)
def test_server_is_gone_after_its_parent_is_killed(
    home: Path, moment: str, how: signal.Signals
) -> None:
    parent, server_pid = parent_with_server(home, moment)
    assert not is_gone(server_pid)
    os.kill(parent.pid, how)
    parent.wait(10)
    assert wait_until(lambda: is_gone(server_pid)), f"server {server_pid} outlived its parent"


def test_server_that_cannot_start_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "prefect.db").write_bytes(b"this is not a database, whatever its name says " * 40)
    server = EmbeddedServer(tmp_path)
    with pytest.raises(ServerStartError, match=r"(?s)ended while starting.*not a database"):
        server.wait_ready()
    assert is_gone(server.pid)


def test_server_over_its_limit_is_ended(home: Path) -> None:
    server = EmbeddedServer(home)
    with pytest.raises(ServerStartError, match="start-up limit"):
        server.wait_ready(limit_s=0.05)
    assert is_gone(server.pid)
