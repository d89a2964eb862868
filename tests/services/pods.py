"""Runs the containers of our Dask pods as processes of this machine: real schedulers and workers.

What a kubelet and a network would do: a pod's own address (one of 127.0.0.0/8 each, so that all
may listen on the same port), its environment with `$(NAME)` put in, its mounted secret, and names
of services instead of addresses.
"""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.compute.cluster_manifests import TLS_FOLDER

ROOT = Path(__file__).parents[2]
_INHERITED = ("PATH", "HOME", "LANG", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "ATLAS_FORGE_CACHE")


def addresses(second: int) -> Iterator[str]:
    """Loopback addresses nobody else uses: 127.<second>.x.y, beginning where this process may."""
    start = os.getpid() % 200
    for number in itertools.count(1):
        yield f"127.{second}.{(start + number // 250) % 250}.{number % 250 + 1}"


class Pod:
    """One container that runs, at an address of its own."""

    def __init__(
        self,
        container: Mapping[str, Any],
        address: str,
        tls: Path,
        folder: Path,
        names: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """`names` are host names and their addresses; `variables` what an operator adds."""
        given = {each["name"]: each["value"] for each in container["env"] if "value" in each}
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ} | {
            **given,
            "PYTHONPATH": str(ROOT),
            **(variables or {}),
        }
        here = {TLS_FOLDER: str(tls), **(names or {})}
        for name in environment:
            for there, instead in here.items():
                environment[name] = environment[name].replace(there, instead)
        environment["DASK_TEMPORARY_DIRECTORY"] = str(folder)
        arguments = [
            re.sub(r"\$\((\w+)\)", lambda found: environment[found[1]], argument)
            # every address of the pod is one here, beside other pods'
            if not argument.startswith(":")
            else address + argument
            for argument in container["args"]
        ]
        program, *rest = container["command"]
        self.address = address
        self.log = folder / f"{address}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(Path(sys.executable).with_name(program)), *rest, *arguments,
                 "--host", address],
                env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder,
            )  # fmt: skip

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """As a machine that goes away does."""
        self.process.kill()
        self.process.wait()


def stop(pods: list[Pod], patience_s: float = 3.0) -> None:
    """As Kubernetes ends pods: a signal, some patience, the end."""
    for pod in pods:
        pod.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    for pod in pods:
        try:
            pod.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            pod.kill()
