"""A Kubernetes API server for tests: objects over HTTP, and the nodes behind it.

Not Kubernetes, but the part of its protocol that a client and an operator use: discovery, create,
get, list, merge patches, watches, finalizers, owners, and the schemas of the Dask operator's own
definitions, strictly. Behind it a Deployment becomes a pod that runs here (tests/services/pods.py)
and a Service an address of this machine. The Dask operator that works on it is the real one.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import subprocess
import sys
import threading
import uuid
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

import dask_kubernetes
import jsonschema
import yaml
from aiohttp import web

from tests.services.pods import ROOT, Pod, addresses, stop

NAMESPACE = "desk-a"
_DEFINITIONS = (
    Path(dask_kubernetes.__file__).parent / "operator/deployment/helm/dask-kubernetes-operator/crds"
)
_BUILT_IN = {
    ("", "v1"): {"pods": "Pod", "services": "Service", "events": "Event",
                 "namespaces": "Namespace", "secrets": "Secret"},
    ("apps", "v1"): {"deployments": "Deployment"},
    ("events.k8s.io", "v1"): {"events": "Event"},
    ("apiextensions.k8s.io", "v1"): {"customresourcedefinitions": "CustomResourceDefinition"},
}  # fmt: skip
_CLUSTER_WIDE = {"namespaces", "customresourcedefinitions"}
_DASK = ("kubernetes.dask.org", "v1")


@cache
def definitions() -> dict[str, dict[str, Any]]:
    """The operator's custom resource definitions, by plural."""
    # Half a megabyte each: the C loader, and once.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    texts = [path.read_text() for path in sorted(_DEFINITIONS.glob("*.yaml"))]
    found = [yaml.load(text, loader) for text in texts]  # noqa: S506 - a safe loader
    return {each["spec"]["names"]["plural"]: each for each in found}


@cache
def strict_schema(plural: str) -> dict[str, Any]:
    """The definition's schema that refuses unknown fields, which a server drops without a word."""

    def closed(schema: Any) -> Any:
        if isinstance(schema, list):
            return [closed(each) for each in schema]
        if not isinstance(schema, dict):
            return schema
        inner = {key: closed(value) for key, value in schema.items()}
        if isinstance(inner.get("properties"), dict) and "additionalProperties" not in inner:
            inner["additionalProperties"] = bool(inner.get("x-kubernetes-preserve-unknown-fields"))
        if inner.get("x-kubernetes-int-or-string"):
            inner.pop("type", None)
        return inner

    spec = definitions()[plural]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][
        "spec"
    ]
    return dict(closed(spec))


def problems_of(manifest: dict[str, Any]) -> list[str]:
    """What the operator's definition says against a custom resource."""
    plural = manifest["kind"].lower() + "s"
    validator = jsonschema.Draft202012Validator(strict_schema(plural))
    return [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
        for error in validator.iter_errors(manifest["spec"])
    ]


def kubeconfig_of(server: str) -> str:
    """A kubeconfig for the API server at an address."""
    context = {"cluster": "here", "user": "me", "namespace": NAMESPACE}
    return yaml.safe_dump(
        {
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": server}}],
            "users": [{"name": "me", "user": {"token": "a-token-of-tests"}}],
            "contexts": [{"name": "here", "context": context}],
        }
    )  # fmt: skip


class KubeServer(threading.Thread):
    """The server, in a thread of its own; a context manager. `tls` is the secret's folder."""

    def __init__(self, folder: Path, tls: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.tls = folder, tls
        self.objects: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.pods: dict[str, Pod] = {}
        self.created: list[str] = []
        self.starts_pods = True
        self._services = addresses(78)
        self._pods = addresses(79)
        self._scheduler_addresses: dict[str, str] = {}
        self._events: list[tuple[int, str, str, dict[str, Any]]] = []
        self._version = 0
        self._ready = threading.Event()
        self._lock = threading.RLock()
        self._operator: subprocess.Popen[bytes] | None = None
        self.port = 0

    # -- life ------------------------------------------------------------------------------------

    def __enter__(self) -> KubeServer:
        self.start()
        assert self._ready.wait(20)
        for plural, definition in definitions().items():
            self.put("customresourcedefinitions", copy.deepcopy(definition), name=plural)
        self.put("namespaces", {"metadata": {"name": NAMESPACE}})
        self.kubeconfig = self.folder / "kubeconfig"
        self.kubeconfig.write_text(kubeconfig_of(f"http://127.0.0.1:{self.port}"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._operator is not None:
            self._operator.kill()
            self._operator.wait()
        for pod in self.pods.values():
            pod.kill()
        self._loop.call_soon_threadsafe(self._over.set)
        self.join(10)

    def start_operator(self) -> None:
        """The real Dask operator, in a process of its own."""
        log = (self.folder / "operator.log").open("ab")
        self._operator = subprocess.Popen(
            [sys.executable, "-m", "tests.services.dask_operator", NAMESPACE],
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig), "PYTHONPATH": str(ROOT)},
            stdout=log, stderr=log, cwd=ROOT,
        )  # fmt: skip
        log.close()

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self._changed = asyncio.Event()
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        kubelet = asyncio.create_task(self._kubelet())
        self._ready.set()
        await self._over.wait()
        kubelet.cancel()
        await runner.cleanup()

    # -- objects ---------------------------------------------------------------------------------

    def put(self, plural: str, content: dict[str, Any], name: str = "") -> dict[str, Any]:
        """Store an object as new."""
        metadata = content.setdefault("metadata", {})
        metadata.setdefault("name", name or f"{metadata.get('generateName', '')}{uuid.uuid4().hex}")
        if plural not in _CLUSTER_WIDE:
            metadata.setdefault("namespace", NAMESPACE)
        metadata.update(uid=str(uuid.uuid4()), creationTimestamp="2026-01-01T00:00:00Z")
        with self._lock:
            self.objects[self._key(plural, metadata["name"])] = content
            self.created.append(f"{plural}/{metadata['name']}")
            self._tell(plural, "ADDED", content)
        return content

    def _key(self, plural: str, name: str) -> tuple[str, str, str]:
        return (plural, NAMESPACE if plural not in _CLUSTER_WIDE else "", name)

    @property
    def names(self) -> list[tuple[str, str, str]]:
        """Plural, namespace and name of everything there is."""
        with self._lock:
            return list(self.objects)

    def get(self, plural: str, name: str) -> dict[str, Any] | None:
        return self.objects.get(self._key(plural, name))

    def all(self, plural: str, **labels: str) -> list[dict[str, Any]]:
        with self._lock:
            found = [each for key, each in self.objects.items() if key[0] == plural]
        return [
            each for each in found
            if labels.items() <= each["metadata"].get("labels", {}).items()
        ]  # fmt: skip

    def _tell(self, plural: str, kind: str, content: dict[str, Any]) -> None:
        self._version += 1
        content["metadata"]["resourceVersion"] = str(self._version)
        self._events.append((self._version, plural, kind, json.loads(json.dumps(content))))
        self._loop.call_soon_threadsafe(self._changed.set)

    def _patch(self, plural: str, name: str, patch: Any) -> dict[str, Any]:
        with self._lock:
            content = self.objects[self._key(plural, name)]
            before = json.dumps(content, sort_keys=True)
            if isinstance(patch, list):
                _apply(content, patch)
            else:
                _merge(content, patch)
            metadata = content["metadata"]
            if json.dumps(content, sort_keys=True) == before:
                return content
            if metadata.get("deletionTimestamp") and not metadata.get("finalizers"):
                self._remove(plural, name)
            else:
                self._tell(plural, "MODIFIED", content)
            return content

    def delete(self, plural: str, name: str) -> None:
        """Delete as a server does: owned things too, finalizers first."""
        with self._lock:
            content = self.objects[self._key(plural, name)]
            if content["metadata"].get("finalizers"):
                if "deletionTimestamp" not in content["metadata"]:
                    content["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
                    self._tell(plural, "MODIFIED", content)
                return
            self._remove(plural, name)

    def _remove(self, plural: str, name: str) -> None:
        content = self.objects.pop(self._key(plural, name))
        self._tell(plural, "DELETED", content)
        for (of, _, owned), each in list(self.objects.items()):
            owners = each["metadata"].get("ownerReferences", ())
            if any(owner["uid"] == content["metadata"]["uid"] for owner in owners):
                self.delete(of, owned)

    # -- nodes -----------------------------------------------------------------------------------

    async def _kubelet(self) -> None:
        while True:
            await asyncio.to_thread(self._reconcile)
            await asyncio.sleep(0.1)

    def _reconcile(self) -> None:
        for service in self.all("services"):
            if "clusterIP" not in service["spec"]:
                address = self.address_of(service["metadata"]["name"])
                found = {"spec": {"clusterIP": address}, "status": {"loadBalancer": {}}}
                self._patch("services", service["metadata"]["name"], found)
        wanted = {each["metadata"]["name"]: each for each in self.all("deployments")}
        for name, deployment in wanted.items():
            if self.starts_pods and (name not in self.pods or not self.pods[name].runs):
                self._start(name, deployment)
        unwanted = [name for name in self.pods if name not in wanted]
        stop([self.pods.pop(name) for name in unwanted])
        for name in unwanted:
            if self.get("pods", name):
                self.delete("pods", name)

    def _start(self, name: str, deployment: dict[str, Any]) -> None:
        template = deployment["spec"]["template"]
        container = template["spec"]["containers"][0]
        scheduler = template["metadata"]["labels"]["dask.org/component"] == "scheduler"
        names = {
            f"{each['metadata']['name']}.{NAMESPACE}.svc": self.address_of(each["metadata"]["name"])
            for each in self.all("services")
        }
        address = self.address_of(name) if scheduler else next(self._pods)
        self.pods[name] = Pod(container, address, self.tls, self.folder, names)
        ready = {"type": "Ready", "status": "True"}
        status = {"phase": "Running", "podIP": address, "conditions": [
            ready, {**ready, "type": "ContainersReady"},
        ]}  # fmt: skip
        if self.get("pods", name):
            self._patch("pods", name, {"status": status})
            return
        self.put("pods", {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": template["metadata"]["labels"]},
            "spec": template["spec"], "status": status,
        })  # fmt: skip

    def address_of(self, service: str) -> str:
        """The address that stands for a service."""
        with self._lock:
            if service not in self._scheduler_addresses:
                self._scheduler_addresses[service] = next(self._services)
            return self._scheduler_addresses[service]

    # -- requests --------------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        steps = request.path.strip("/").split("/")
        document = _discovery(steps)
        if document is not None:
            return web.json_response(document)
        rest = steps[2:] if steps[0] == "api" else steps[3:]
        if rest[0] == "namespaces" and len(rest) > 2:
            rest = rest[2:]
        plural, name = rest[0], rest[1] if len(rest) > 1 else ""
        if request.method == "GET" and not name:
            if request.query.get("watch") in ("true", "True", "1"):
                return await self._watch(request, plural)
            return web.json_response(self._list(request, plural))
        if request.method == "POST":
            return self._create(plural, await request.json())
        if self._key(plural, name) not in self.objects:
            return _refused(404, f'{plural} "{name}" not found')
        if request.method == "PATCH":
            try:
                return web.json_response(self._patch(plural, name, await request.json()))
            except ValueError as error:
                return _refused(422, str(error))
        if request.method == "DELETE":
            self.delete(plural, name)
            return web.json_response({"kind": "Status", "status": "Success"})
        return web.json_response(self.objects[self._key(plural, name)])

    def _create(self, plural: str, content: dict[str, Any]) -> web.Response:
        if plural == "events":
            return web.json_response(content, status=201)
        name = content["metadata"].get("name", "")
        if self._key(plural, name) in self.objects:
            return _refused(409, f'{plural} "{name}" already exists')
        if plural in definitions() and (problems := problems_of(content)):
            return _refused(422, "; ".join(problems))
        return web.json_response(self.put(plural, content), status=201)

    def _list(self, request: web.Request, plural: str) -> dict[str, Any]:
        with self._lock:
            items = [each for each in self.all(plural) if _selected(each, request)]
            return {
                "apiVersion": "v1", "kind": "List", "items": items,
                "metadata": {"resourceVersion": str(self._version)},
            }  # fmt: skip

    async def _watch(self, request: web.Request, plural: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        since = int(request.query.get("resourceVersion") or self._version)
        while not self._over.is_set():
            changed = self._changed
            for version, of, kind, content in list(self._events):
                if version > since and of == plural and _selected(content, request):
                    line = json.dumps({"type": kind, "object": content})
                    await response.write(line.encode() + b"\n")
                since = max(since, version)
            try:
                await asyncio.wait_for(changed.wait(), 0.5)
                changed.clear()
            except TimeoutError:
                continue
        return response


def _discovery(steps: list[str]) -> dict[str, Any] | None:
    """The documents by which clients learn what there is."""
    groups = {**_BUILT_IN, _DASK: {
        plural: each["spec"]["names"]["kind"] for plural, each in definitions().items()
    }}  # fmt: skip
    match steps:
        case ["version"]:
            return {"major": "1", "minor": "34", "gitVersion": "v1.34.0"}
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"]}
        case ["apis"]:
            return {"kind": "APIGroupList", "groups": [
                {"name": group, "versions": [{"groupVersion": f"{group}/{v}", "version": v}],
                 "preferredVersion": {"groupVersion": f"{group}/{v}", "version": v}}
                for group, v in groups if group
            ]}  # fmt: skip
        case ["api", version]:
            found = groups[("", version)]
        case ["apis", group, version]:
            found = groups.get((group, version), {})
        case _:
            return None
    verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
    return {"kind": "APIResourceList", "groupVersion": "/".join(steps[1:]), "resources": [
        {"name": plural, "singularName": kind.lower(), "kind": kind, "verbs": verbs,
         "namespaced": plural not in _CLUSTER_WIDE, "categories": [], "shortNames": []}
        for plural, kind in found.items()
    ]}  # fmt: skip


def _selected(content: dict[str, Any], request: web.Request) -> bool:
    metadata = content["metadata"]
    labels = metadata.get("labels", {})
    for part in filter(None, request.query.get("labelSelector", "").split(",")):
        name, _, value = part.replace("==", "=").partition("=")
        if labels.get(name) != value:
            return False
    for part in filter(None, request.query.get("fieldSelector", "").split(",")):
        name, _, value = part.partition("=")
        if name == "metadata.name" and metadata["name"] != value:
            return False
    return True


def _merge(content: dict[str, Any], patch: dict[str, Any]) -> None:
    """A JSON merge patch."""
    for key, value in patch.items():
        if value is None:
            content.pop(key, None)
        elif isinstance(value, dict):
            if not isinstance(content.get(key), dict):
                content[key] = {}
            _merge(content[key], value)
        else:
            content[key] = value


def _apply(content: Any, operations: list[dict[str, Any]]) -> None:
    """A JSON patch. Raises ValueError where a test in it does not hold."""
    for operation in operations:
        *way, last = [
            step.replace("~1", "/").replace("~0", "~")
            for step in operation["path"].strip("/").split("/")
        ]
        place = content
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        if isinstance(place, list) and last != "-":
            last = int(last)
        match operation["op"]:
            case "test":
                found = place[last] if isinstance(place, list) else place.get(last)
                if found != operation["value"]:
                    raise ValueError(f"{operation['path']} is {found!r}")
            case "remove":
                del place[last]
            case "add" if isinstance(place, list):
                place.insert(len(place) if last == "-" else last, operation["value"])
            case "add" | "replace":
                place[last] = operation["value"]


def _refused(status: int, message: str) -> web.Response:
    document = {"kind": "Status", "status": "Failure", "message": message, "code": status}
    return web.json_response(document, status=status)
