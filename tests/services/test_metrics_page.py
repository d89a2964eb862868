"""Do the commands of docs/metrics.md give a run's metrics, where the page says?"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.page_claims import Typed, types
from tests.page_shell import Shell

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]
PAGE = "docs/metrics.md"
SERVED, GATEWAY = 9464, 9091  # the page's own


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path / "home")
    made = shell.typed("atlas-forge init my-project.yaml")
    assert made.returncode == 0, made.stderr
    return shell


def free(port: int) -> None:
    """Skips where somebody else has the page's port."""
    with socket.socket() as taken:
        if taken.connect_ex(("127.0.0.1", port)) == 0:
            pytest.skip(f"port {port} of this machine, which the page names, is taken")


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("prometheus-pushgateway")
    if program is None:
        reason = "no prometheus-pushgateway: Debian has it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    free(GATEWAY)
    address = f"127.0.0.1:{GATEWAY}"
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, f"--web.listen-address={address}"], stdout=log, stderr=log
        )
    deadline = time.monotonic() + 30
    while not _asked(f"http://{address}/-/ready"):
        assert process.poll() is None and time.monotonic() < deadline, (
            tmp_path / "log"
        ).read_text()
        time.sleep(0.1)
    yield f"http://{address}/metrics"
    process.kill()
    process.wait()


def _asked(address: str) -> str:
    try:
        return httpx.get(address, timeout=2).text
    except httpx.HTTPError:
        return ""


@types(PAGE, needs="a Prometheus")
def test_a_run_serves_its_metrics_while_it_lives(shell: Shell, typed: Typed) -> None:
    free(SERVED)
    [block] = typed
    with ThreadPoolExecutor(1) as beside:
        ended = beside.submit(shell.typed, block.text)
        told = ""
        while "permutations_processed_total{" not in told and not ended.done():
            told = _asked(f"http://127.0.0.1:{SERVED}/metrics")
            time.sleep(0.02)
        done = ended.result()
    assert done.returncode == 0, done.stderr
    assert "permutations_processed_total{" in told
    assert _asked(f"http://127.0.0.1:{SERVED}/metrics") == ""


@types(PAGE, needs="a Pushgateway")
def test_a_run_that_is_over_left_its_metrics(shell: Shell, gateway: str, typed: Typed) -> None:
    [block] = typed
    done = shell.typed(block.text)
    assert done.returncode == 0, done.stderr
    told = _asked(gateway)
    assert 'job="atlas-forge"' in told and "permutations_processed_total{" in told
