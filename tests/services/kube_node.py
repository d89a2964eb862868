"""What a node and the metrics server would answer for pods that run nowhere.

A stand-in, since a kubelet needs an administrator and a container runtime: the API server asks it
for the last lines of a container, and kubectl, through the server's aggregation, what each uses.
The questions are the real ones; the lines and figures are those that a test gives it.
"""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.services.certificate import write_certificate
from tests.services.kube_control_plane import ControlPlane

NODE = "node-1"
_METRICS = "metrics.k8s.io"
_LIST = {
    "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{_METRICS}/v1beta1",
    "resources": [
        {"name": "pods", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"],
         "singularName": ""},
    ],
}  # fmt: skip


class Node:
    """The node's port for logs, and the one for metrics; a context manager.

    `logs` is by pod, container and whether it is of the container before; `uses` by pod and
    container: milliseconds of a processor a second, MiB.
    """

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self.plane = plane
        self.logs: dict[tuple[str, str, bool], list[str]] = {}
        self.uses: dict[tuple[str, str], tuple[int, int]] = {}
        self.pods: list[tuple[str, str, dict[str, str]]] = []  # namespace, name, labels
        write_certificate(folder)
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.load_cert_chain(folder / "server.pem")
        node = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kind, body = node.answer(self.path)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: Any) -> None:
                """Nothing on the terminal of a test."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = secure.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port

    def __enter__(self) -> Node:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        plane, api = self.plane, "apiregistration.k8s.io/v1"
        plane.create("nodes", {"metadata": {"name": NODE}}, namespace="")
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self.port}},
            "conditions": [{"type": "Ready", "status": "True"}],
        }
        plane.say_status("nodes", NODE, status, namespace="")
        spec = {"type": "ExternalName", "externalName": "localhost"}
        service = {"metadata": {"name": "metrics-server"}, "spec": spec}
        plane.create("services", service, namespace="kube-system")
        plane.create(
            "apiservices",
            {
                "metadata": {"name": f"v1beta1.{_METRICS}"},
                "spec": {
                    "group": _METRICS, "version": "v1beta1", "insecureSkipTLSVerify": True,
                    "groupPriorityMinimum": 100, "versionPriority": 100,
                    "service": {"namespace": "kube-system", "name": "metrics-server",
                                "port": self.port},
                },
            },
            api=api, namespace="",
        )  # fmt: skip
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, asked: str) -> tuple[str, bytes | None]:
        """Content type and body; None where there is no such thing."""
        address = urlsplit(asked)
        given = {name: values[-1] for name, values in parse_qs(address.query).items()}
        steps = address.path.strip("/").split("/")
        if steps[0] == "containerLogs":
            lines = self.logs.get((steps[2], steps[3], given.get("previous") == "true"))
            if lines is None:
                return "text/plain", None
            last = lines[-int(given["tailLines"]) :] if "tailLines" in given else lines
            return "text/plain", "".join(f"{line}\n" for line in last).encode()
        if steps[-1] == "pods":
            chosen = given.get("labelSelector", "")
            content = {"kind": "PodMetricsList", "apiVersion": f"{_METRICS}/v1beta1",
                       "metadata": {}, "items": self._measured(steps[-2], chosen)}  # fmt: skip
            return "application/json", json.dumps(content).encode()
        if steps == ["apis", _METRICS, "v1beta1"]:
            return "application/json", json.dumps(_LIST).encode()
        return "text/plain", None

    def _measured(self, namespace: str, selector: str) -> list[dict[str, Any]]:
        wanted = dict(each.split("=") for each in selector.split(",") if each)
        return [
            {
                "metadata": {"name": pod, "namespace": namespace},
                "timestamp": "2026-01-01T00:00:00Z", "window": "30s",
                "containers": [
                    {"name": container, "usage": {"cpu": f"{busy}m", "memory": f"{memory}Mi"}}
                    for (name, container), (busy, memory) in self.uses.items() if name == pod
                ],
            }
            for of, pod, labels in self.pods
            if of == namespace and wanted.items() <= labels.items()
        ]  # fmt: skip
