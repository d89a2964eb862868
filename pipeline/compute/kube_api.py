"""The few requests a run makes of Kubernetes: make, look at, size and delete its cluster.

Custom resources directly, by kr8s: dask-kubernetes' own cluster class watches, forwards ports and
lists far more than a run's pod should be allowed to.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx
import kr8s
from kr8s.objects import Pod, Service, new_class

from pipeline.compute.cluster_manifests import API_VERSION, COMM_PORT

_GONE_SECONDS: Final = 120
_POLL_SECONDS: Final = 0.5
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409

_DaskCluster: Any = new_class("DaskCluster", API_VERSION, asyncio=False, plural="daskclusters")
_DaskAutoscaler: Any = new_class(
    "DaskAutoscaler", API_VERSION, asyncio=False, plural="daskautoscalers"
)


class KubernetesError(ConnectionError):
    """The API server refused or did not answer."""


class KubeApi:
    """One namespace of the cluster that the pod's service account or a kubeconfig names."""

    def __init__(self, namespace: str | None) -> None:
        with _told():
            self._api: Any = kr8s.api(namespace=namespace)
            self.namespace = str(namespace or self._api.namespace)

    def create_cluster(self, manifest: dict[str, Any]) -> str:
        """Make a DaskCluster and return its uid; one of the same name that was left goes first.

        Raises KubernetesError.
        """
        with _told():
            cluster = self._object(_DaskCluster, manifest)
            try:
                cluster.create()
            except kr8s.ServerError as error:
                if _status(error) != _CONFLICT:
                    raise
                # Left by an attempt that died: its scheduler knows nothing of this one.
                self.delete_cluster(manifest["metadata"]["name"])
                cluster = self._object(_DaskCluster, manifest)
                cluster.create()
            return str(cluster.metadata.uid)

    def create_autoscaler(self, manifest: dict[str, Any]) -> None:
        """Make a DaskAutoscaler. Raises KubernetesError."""
        with _told():
            self._object(_DaskAutoscaler, manifest).create()

    def set_minimum(self, name: str, workers: int) -> None:
        """Let the autoscaler of a cluster keep at least so many workers. Raises KubernetesError."""
        with _told():
            self._object(_DaskAutoscaler, name).patch({"spec": {"minimum": workers}})

    def delete_cluster(self, name: str, wait: bool = True) -> bool:
        """Delete a cluster with all it owns; whether there was one. Raises KubernetesError."""
        with _told():
            cluster = self._object(_DaskCluster, name)
            try:
                cluster.delete(propagation_policy="Foreground")
            except kr8s.NotFoundError:
                return False
            deadline = time.monotonic() + _GONE_SECONDS
            while wait and cluster.exists():
                if time.monotonic() > deadline:
                    raise KubernetesError(f"DaskCluster {name} does not go away")
                time.sleep(_POLL_SECONDS)
            return True

    def phase(self, name: str) -> str:
        """How far the operator is with a cluster; empty: it has not touched it, or it is gone."""
        with _told():
            cluster = self._object(_DaskCluster, name)
            try:
                cluster.refresh()
            except kr8s.NotFoundError:
                return ""
            return str(cluster.raw.get("status", {}).get("phase", ""))

    def scheduler_address(self, name: str) -> str | None:
        """tls://ip:port of a cluster's scheduler; None while its service has no address."""
        with _told():
            service: Any = self._object(Service, f"{name}-scheduler")
            try:
                service.refresh()
            except kr8s.NotFoundError:
                return None
            address = service.spec.get("clusterIP", "")
            return f"tls://{address}:{COMM_PORT}" if address else None

    def pods_in_trouble(self, name: str) -> list[str]:
        """Why pods of a cluster do not run: one line a reason, with the number of pods."""
        counts: dict[str, int] = {}
        with _told():
            selector = {"dask.org/cluster-name": name}
            pods: Any = Pod.list(namespace=self.namespace, label_selector=selector, api=self._api)
            for pod in pods:
                reason = _trouble(pod.raw)
                if reason:
                    counts[reason] = counts.get(reason, 0) + 1
        return [f"{reason} ({number} pods)" for reason, number in sorted(counts.items())]

    def _object(self, kind: Any, resource: Any) -> Any:
        return kind(resource, namespace=self.namespace, api=self._api)


def _trouble(pod: Any) -> str:
    """What keeps a pod from running; empty if nothing does."""
    component = pod.get("metadata", {}).get("labels", {}).get("dask.org/component", "pod")
    status = pod.get("status", {})
    for container in status.get("containerStatuses", ()):
        waiting = container.get("state", {}).get("waiting")
        if waiting and waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            return f"{component}: {waiting['reason']}"
    for condition in status.get("conditions", ()):
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"{component}: {condition.get('reason')}: {condition.get('message')}"
    return ""


def _status(error: kr8s.ServerError) -> int | None:
    return error.response.status_code if error.response is not None else None


@contextmanager
def _told() -> Iterator[None]:
    """Every way in which a request fails, as one kind with a sentence."""
    try:
        yield
    except kr8s.ServerError as error:
        what = f"the Kubernetes API refused ({_status(error)}): {error}"
        if _status(error) == _NOT_FOUND:
            what += "; is the Dask operator with its custom resources installed?"
        raise KubernetesError(what) from error
    except (httpx.HTTPError, kr8s.APITimeoutError, kr8s.ConnectionClosedError, ValueError) as error:
        line = " ".join(str(error).split()) or type(error).__name__
        raise KubernetesError(f"the Kubernetes API cannot be reached: {line}") from error
