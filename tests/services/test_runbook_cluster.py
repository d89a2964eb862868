"""Do the commands of the runbook for a cluster find what they are to show, at a real API server?

The server is Kubernetes' own, over etcd; the objects are those that k8s/ installs, a DaskCluster as
a flow makes it, and the Dask operator's, each accepted by that server. No controller and no kubelet
runs: the pods of the Deployments are made here of their templates, their states are told through
the API, and what they log and use comes from a stand-in (tests/services/kube_node.py).
"""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.charts import ROOT, Object, at, dask_manifests, environment, flow_job, merged, objects
from tests.page_blocks import Block
from tests.page_claims import Typed, types
from tests.page_commands import lines_of
from tests.page_shell import Shell
from tests.services.kube_control_plane import NAMESPACE, ControlPlane
from tests.services.kube_node import NODE, Node

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

# found without its import, which takes seconds
_DASK = find_spec("dask_kubernetes")
assert _DASK is not None and _DASK.origin is not None
_OPERATOR = Path(_DASK.origin).parent / ("operator/deployment/helm/dask-kubernetes-operator")
SINCE = "2026-01-01T00:00:00Z"
# Of other programs, whose definitions are not here: objects of any content, so that the server has
# their names. What is in them is held by tests/unit/chart.
FOREIGN = {
    "monitoring.coreos.com": ("ServiceMonitor", "PrometheusRule"),
    "cert-manager.io": ("Certificate", "Issuer"),
}
# What this server, older than the chart asks for, has under another version.
OLDER = {("policy/v1", "PodDisruptionBudget"): "policy/v1beta1"}
# What a block has to show of what is told below, by its heading.
SHOWN = {
    "Rotate secrets": ["secret/atlas-forge-mongo", "prefect-worker restarted"],
    "AtlasForgeCpuHigh": ["prefect-server", "900m", "scheduler"],
    "AtlasForgeMemoryHigh": ["2900Mi", "OOMKilled"],
    "AtlasForgePartitionsSlow": ["worker", "980m"],
    "AtlasForgeRunStalled": ["daskcluster.kubernetes.dask.org/", "FailedScheduling"],
    "AtlasForgeNoWorkers": ["Insufficient cpu", "quota", "operator line 80"],
    "AtlasForgeJobFailed": ["a-run", "flow line 120"],
    "AtlasForgeRestarts": ["OOMKilled", "before it was killed"],
    "AtlasForgePodPending": ["Pending", "Insufficient cpu"],
    "AtlasForgePrefectDown": ["atlas-forge-prefect-worker", "server line 3", "worker line 3"],
}
KILLED, WAITS, JOB = "worker-killed", "worker-waits", "a-run"


class Cluster:
    """The objects of an installation with a run that is in trouble, and a shell that sees them."""

    def __init__(self, plane: ControlPlane, node: Node, home: Path) -> None:
        self.plane, self.node = plane, node
        self.shell = Shell(home)
        (self.shell.work / "uri").write_text("mongodb://the.new.one/desk")
        plane.write_kubeconfig(home / ".kube" / "config")
        there = plane.request("GET", plane.path("namespaces", namespace=""))["items"]
        if NAMESPACE not in [each["metadata"]["name"] for each in there]:
            plane.create("namespaces", {"metadata": {"name": NAMESPACE}}, namespace="")
        self._define()
        rendered = subprocess.run(
            [plane.program("kubectl"), "kustomize", str(ROOT / "k8s" / "overlays" / "production")],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        self._install([each for each in yaml.safe_load_all(rendered) if each])
        plane.create("namespaces", {"metadata": {"name": "dask-operator"}}, namespace="")
        self._install(_operator())
        self._run_a_run(home)

    def _define(self) -> None:
        files = sorted((_OPERATOR / "crds").glob("*.yaml"))
        definitions = [yaml.load(path.read_text(), yaml.CSafeLoader) for path in files]
        definitions += [
            _any_content(group, kind) for group, kinds in FOREIGN.items() for kind in kinds
        ]
        for each in definitions:
            api = "apiextensions.k8s.io/v1"
            self.plane.create("customresourcedefinitions", each, api, namespace="")
        wanted = {(f"{each['spec']['group']}/v1", each["spec"]["names"]["kind"])
                  for each in definitions}  # fmt: skip
        deadline = time.monotonic() + 60
        while not wanted <= set(served := self.plane.served()):
            assert time.monotonic() < deadline, wanted - set(served)
            time.sleep(0.2)
        self.served = served

    def _install(self, found: list[Object]) -> None:
        for each in found:
            kind = each["kind"]
            api = each["apiVersion"]
            if (api, kind) not in self.served:
                api = OLDER[api, kind]
            plural = self.served[api, kind]
            content = {**each, "apiVersion": api}
            namespace = each["metadata"].get("namespace", "")
            self.plane.create(plural, content, api, namespace)
            if kind == "Deployment":
                self._start(each)

    def _start(self, deployment: Object) -> None:
        """A pod of a deployment, as its controller makes it, that runs."""
        metadata, template = deployment["metadata"], deployment["spec"]["template"]
        name, namespace = metadata["name"], metadata["namespace"]
        self.pod(f"{name}-7d4b9", template, _runs(template), namespace)
        status = {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1, "updatedReplicas": 1}
        self.plane.say_status("deployments", name, status, "apps/v1", namespace)

    def pod(self, name: str, template: Object, status: Object, namespace: str = NAMESPACE) -> None:
        """A pod of a template: on the node, unless it is Pending."""
        spec, labels = dict(template["spec"]), template["metadata"].get("labels", {})
        on_node = status["phase"] != "Pending"
        if on_node:
            spec["nodeName"] = NODE
            status = {"startTime": SINCE, **status}
            self.node.pods.append((namespace, name, labels))
            for each in spec["containers"]:
                self.node.uses[name, each["name"]] = (120, 300)
        content = {"metadata": {"name": name, "labels": labels}, "spec": spec}
        self.plane.create("pods", content, namespace=namespace)
        self.plane.say_status("pods", name, status, namespace=namespace)

    def _run_a_run(self, folder: Path) -> None:
        """A flow's failed job, its Dask cluster, workers that were killed and that wait."""
        node = self.node
        values = merged(environment("production"), at("dask.requireOperator", False))
        rendered = objects(values, name="atlas-forge")
        [cluster, *_] = dask_manifests(rendered, folder)
        cluster["metadata"]["namespace"] = NAMESPACE
        self._install([cluster])
        states = (
            ("scheduler", "the-scheduler", _runs),
            ("worker", KILLED, _was_killed),
            ("worker", WAITS, _waits),
        )
        for part, name, state in states:
            own = cluster["spec"][part]
            labels = {
                **cluster["metadata"]["labels"], **own.get("metadata", {}).get("labels", {}),
                "dask.org/component": part,
                "dask.org/cluster-name": cluster["metadata"]["name"],
            }  # fmt: skip
            template = {"metadata": {"labels": labels}, "spec": own["spec"]}
            self.pod(name, template, state(template))
        self._event(WAITS, "FailedScheduling", "0/1 nodes are available: 1 Insufficient cpu.")
        self._fail(flow_job(rendered))
        quota = {"metadata": {"name": "quota"}, "spec": {"hard": {"pods": "40"}}}
        self.plane.create("resourcequotas", quota)
        for pod, container in list(node.uses):
            node.logs[pod, container, False] = [f"{container} line {n}" for n in range(1, 4)]
            if "operator" in pod:
                node.logs[pod, container, False] = [f"operator line {n}" for n in range(1, 81)]
            if pod == JOB:
                node.logs[pod, container, False] = [f"flow line {n}" for n in range(1, 121)]
            if pod == KILLED:
                node.logs[pod, container, True] = ["before it was killed"]
                node.uses[pod, container] = (980, 2_900)
            if "prefect-server" in pod:
                node.uses[pod, container] = (900, 700)

    def _event(self, pod: str, reason: str, message: str) -> None:
        uid = self.plane.request("GET", f"{self.plane.path('pods')}/{pod}")["metadata"]["uid"]
        about = {"kind": "Pod", "name": pod, "namespace": NAMESPACE, "uid": uid}
        self.plane.create(
            "events",
            {
                "metadata": {"name": f"{pod}.1"}, "involvedObject": about, "type": "Warning",
                "reason": reason, "message": message, "count": 7,
                "firstTimestamp": SINCE, "lastTimestamp": SINCE,
                "source": {"component": "default-scheduler"},
            },
        )  # fmt: skip

    def _fail(self, flow: Object) -> None:
        """The job of a flow run, as Prefect's worker makes it, that did not end well."""
        api = "batch/v1"
        metadata = {"name": JOB, "labels": flow["metadata"].get("labels", {})}
        job = self.plane.create("jobs", {"metadata": metadata, "spec": flow["spec"]}, api)
        failed = {
            "startTime": SINCE,
            "failed": 1,
            "conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}],
        }
        self.plane.say_status("jobs", JOB, failed, api)
        # with the labels that the server gave it, by which its log is found
        self.pod(JOB, job["spec"]["template"], {"phase": "Failed"})

    def typed(self, block: Block, **names: str) -> str:
        """What the lines of a block print; each ends well and shows something."""
        over = threading.Event()
        beside = threading.Thread(target=self._let_go, args=(over,))
        beside.start()
        try:
            return typed_well(self.shell, block, **names)
        finally:
            over.set()
            beside.join()

    def _let_go(self, over: threading.Event) -> None:
        """Says of pods that are to be deleted that they have ended, as a kubelet does."""
        path = self.plane.path("pods")
        while not over.wait(0.3):
            for pod in self.plane.request("GET", path)["items"]:
                if "deletionTimestamp" in pod["metadata"]:
                    name = pod["metadata"]["name"]
                    self.plane.request("DELETE", f"{path}/{name}?gracePeriodSeconds=0")


def typed_well(shell: Shell, block: Block, **names: str) -> str:
    """What the lines of a block print; each ends well and shows something."""
    told = ""
    named = re.compile(rf"(?<=[\s/])({'|'.join(names) or '$^'})(?=\s|$)")
    for each in lines_of(block):
        line = named.sub(lambda found: names[found[1]], each)
        done = shell.typed(line)
        assert done.returncode == 0, f"{block.place}: {line}\n{done.stdout}{done.stderr}"
        assert done.stdout.strip(), f"{block.place}: {line}: nothing\n{done.stderr}"
        told += done.stdout
    return told


def _runs(template: Object, restarts: int = 0, **before: Any) -> Object:
    states = [
        {
            "name": each["name"], "image": each["image"], "imageID": each["image"],
            "ready": True, "restartCount": restarts, "lastState": before,
            "state": {"running": {"startedAt": SINCE}},
        }
        for each in template["spec"]["containers"]
    ]  # fmt: skip
    return {"phase": "Running", "containerStatuses": states}


def _was_killed(template: Object) -> Object:
    ended = {"exitCode": 137, "reason": "OOMKilled", "startedAt": SINCE, "finishedAt": SINCE}
    return _runs(template, restarts=3, terminated=ended)


def _waits(_: Object) -> Object:
    reason = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    return {"phase": "Pending", "conditions": [reason]}


def _operator() -> list[Object]:
    """What the Dask operator's own chart installs, under the names of docs/kubernetes.md."""
    from helm_python.chart import Chart

    texts = Chart.load(_OPERATOR).render(
        {"image": {"tag": "2026.3.0"}}, name="dask-operator", namespace="dask-operator"
    )
    found = [each for path, text in sorted(texts.items()) if not path.endswith("NOTES.txt")
             for each in yaml.safe_load_all(text) if each]  # fmt: skip
    kept = [each for each in found if each["kind"] == "Deployment"]
    for each in kept:
        each["metadata"]["namespace"] = "dask-operator"
    return kept


def _any_content(group: str, kind: str) -> Object:
    plural = f"{kind.lower()}s"
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group, "scope": "Namespaced", "names": {"kind": kind, "plural": plural},
            "versions": [{"name": "v1", "served": True, "storage": True,
                          "schema": {"openAPIV3Schema": anything}}],
        },
    }  # fmt: skip


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("plane")) as plane:
        yield plane


@pytest.fixture(scope="module")
def cluster(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    with Node(plane, folder) as node:
        yield Cluster(plane, node, folder / "home")


@types("docs/kubernetes.md", needs="an empty cluster")
def test_a_namespace_with_its_secrets_is_made(
    plane: ControlPlane, tmp_path: Path, typed: Typed
) -> None:
    shell = Shell(tmp_path / "home")
    plane.write_kubeconfig(shell.home / ".kube" / "config")
    keys = {"connection-url", "auth-string", "uri", "credentials"}
    for name in keys:
        (shell.work / name).write_text(f"of {name}")
    for block in typed:
        typed_well(shell, block)
    made = plane.request("GET", plane.path("secrets"))["items"]
    assert {key for each in made for key in each["data"]} == keys


@types("docs/runbook.md", needs="a cluster", each=True)
def test_what_an_alert_asks_of_the_cluster_is_shown(cluster: Cluster, typed: Typed) -> None:
    [block] = typed
    pod = WAITS if block.heading == "AtlasForgePodPending" else KILLED
    told = cluster.typed(block, POD=pod, JOB=JOB)
    assert [word for word in SHOWN.get(block.heading, []) if word not in told] == []


@types("docs/kubernetes.md", needs="a cluster")
def test_what_the_guide_asks_of_the_cluster_is_shown(cluster: Cluster, typed: Typed) -> None:
    for block in typed:
        assert cluster.typed(block)


def test_a_command_that_shows_nothing_would_be_found(cluster: Cluster) -> None:
    for line in ("kubectl -n atlas-forge get pods --selector dask.org/component=nothing",
                 "kubectl -n atlas-forge logs POD --previous"):  # fmt: skip
        with pytest.raises(AssertionError, match=r"page\.md:1"):
            cluster.typed(Block("page.md", 1, "", "bash", line), POD=WAITS)
