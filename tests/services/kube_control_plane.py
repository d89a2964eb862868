"""A real Kubernetes API server over a real etcd, for commands that pages tell people to type.

`scripts/build-kube-apiserver` makes the server from Debian's sources. There is no node behind it
and no controller: what a kubelet would say of pods is told by tests/services/kube_node.py, and the
pods of the chart's Deployments are made by whoever uses this. What becomes of objects, fields,
labels and statuses is the real server's.
"""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import pytest
import yaml

PROGRAMS = ("etcd", "kube-apiserver", "kubectl", "openssl")
NAMESPACE = "atlas-forge"
_TOKEN = "a-token-of-tests"
_START_S = 120.0
MISSING = "no {}: scripts/build-kube-apiserver makes it, Debian has etcd-server (CONTRIBUTING.md)"


def programs() -> dict[str, str]:
    """Where the programs are, or skip with the reason; in CI their absence is a failure."""
    found = {name: shutil.which(name) for name in PROGRAMS}
    lacks = [name for name, path in found.items() if path is None]
    if lacks and os.environ.get("CI") == "true":
        pytest.fail(MISSING.format(", ".join(lacks)))
    if lacks:
        pytest.skip(MISSING.format(", ".join(lacks)))
    return {name: str(path) for name, path in found.items()}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class ControlPlane:
    """etcd and kube-apiserver on loopback, in a folder; a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._programs = programs()
        self._running: list[subprocess.Popen[bytes]] = []
        self._etcd, peers, self.port = free_port(), free_port(), free_port()
        here = f"http://127.0.0.1:{self._etcd}"
        key = folder / "service-accounts.key"
        subprocess.run(
            [self._programs["openssl"], "genrsa", "-out", str(key), "2048"],
            check=True, capture_output=True,
        )  # fmt: skip
        (folder / "tokens.csv").write_text(f"{_TOKEN},admin,admin,system:masters\n")
        self._commands = {
            "etcd": [
                "--data-dir", str(folder / "etcd"), "--log-level", "error",
                "--listen-client-urls", here, "--advertise-client-urls", here,
                "--listen-peer-urls", f"http://127.0.0.1:{peers}",
                "--initial-advertise-peer-urls", f"http://127.0.0.1:{peers}",
                "--initial-cluster", f"default=http://127.0.0.1:{peers}",
            ],
            "kube-apiserver": [
                f"--etcd-servers={here}", f"--secure-port={self.port}",
                "--bind-address=127.0.0.1", f"--cert-dir={folder / 'certificates'}",
                f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--token-auth-file={folder / 'tokens.csv'}", "--authorization-mode=RBAC",
                "--service-cluster-ip-range=10.96.0.0/16",
                "--kubelet-preferred-address-types=InternalIP",
                # tokens of service accounts are made by a controller, which there is not
                "--disable-admission-plugins=ServiceAccount",
            ],
        }  # fmt: skip

    def __enter__(self) -> ControlPlane:
        try:
            for name, arguments in self._commands.items():
                with (self.folder / f"{name}.log").open("ab") as log:
                    started = subprocess.Popen(
                        [self._programs[name], *arguments], stdout=log, stderr=log
                    )
                self._running.append(started)
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Both processes, the server first."""
        for process in reversed(self._running):
            process.kill()
            process.wait()

    def _wait(self) -> None:
        certificate = self.folder / "certificates" / "apiserver.crt"
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            for process, name in zip(self._running, self._commands, strict=True):
                log = self.folder / f"{name}.log"
                assert process.poll() is None, log.read_text()[-2_000:]
            try:
                if certificate.exists():
                    trusted = ssl.create_default_context(cafile=str(certificate))
                    self._client = httpx.Client(
                        base_url=f"https://127.0.0.1:{self.port}", verify=trusted, timeout=30,
                        headers={"Authorization": f"Bearer {_TOKEN}"},
                    )  # fmt: skip
                    if self._client.get("/readyz").text == "ok":
                        return
            except (httpx.HTTPError, ssl.SSLError):
                pass
            time.sleep(0.2)
        raise AssertionError((self.folder / "kube-apiserver.log").read_text()[-2_000:])

    def program(self, name: str) -> str:
        """Where a program is."""
        return self._programs[name]

    def write_kubeconfig(self, path: Path) -> None:
        """For kubectl, as the cluster's administrator."""
        path.parent.mkdir(parents=True, exist_ok=True)
        server = {
            "server": f"https://127.0.0.1:{self.port}",
            "certificate-authority": str(self.folder / "certificates" / "apiserver.crt"),
        }
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": server}],
            "users": [{"name": "admin", "user": {"token": _TOKEN}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "admin"}}],
        }  # fmt: skip
        path.write_text(yaml.safe_dump(config))

    def request(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """What the server answers; AssertionError with its words where it refuses."""
        answer = self._client.request(method, path, **options)
        assert answer.is_success, f"{method} {path}: {answer.text[:2_000]}"
        return dict(answer.json())

    def path(self, plural: str, api: str = "v1", namespace: str = NAMESPACE) -> str:
        group = f"/api/{api}" if "/" not in api else f"/apis/{api}"
        return f"{group}/namespaces/{namespace}/{plural}" if namespace else f"{group}/{plural}"

    def create(
        self, plural: str, content: dict[str, Any], api: str = "v1", namespace: str = NAMESPACE
    ) -> dict[str, Any]:
        """Create an object as a client does."""
        return self.request("POST", self.path(plural, api, namespace), json=content)

    def say_status(
        self, plural: str, name: str, status: dict[str, Any],
        api: str = "v1", namespace: str = NAMESPACE,
    ) -> None:  # fmt: skip
        """Set an object's status, as a kubelet or a controller does: by its own subresource."""
        path = f"{self.path(plural, api, namespace)}/{name}/status"
        kind = {"Content-Type": "application/merge-patch+json"}
        self.request("PATCH", path, json={"status": status}, headers=kind)

    def served(self) -> dict[tuple[str, str], str]:
        """By API version and kind: the plural, as the server lists it."""
        versions = ["v1"]
        for group in self.request("GET", "/apis")["groups"]:
            versions += [each["groupVersion"] for each in group["versions"]]
        found = {}
        for version in versions:
            answer = self._client.get(self.path("", version, "").rstrip("/"))
            # one that was defined a moment ago is listed before it is served
            for each in answer.json()["resources"] if answer.is_success else ():
                if "/" not in each["name"]:
                    found[version, each["kind"]] = each["name"]
        return found
