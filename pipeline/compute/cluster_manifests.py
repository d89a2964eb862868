"""The custom resources of a run's cluster: a DaskCluster, and a DaskAutoscaler beside it.

Pure functions from the cluster file and the run to plain documents; nothing here talks to anyone.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from pydantic import BaseModel

from pipeline.compute.cluster_file import ClusterFile, PodTemplate
from pipeline.compute.job import Job

API_VERSION: Final = "kubernetes.dask.org/v1"
COMM_PORT: Final = 8786
HTTP_PORT: Final = 8787
WORKER_PORT: Final = 8788
WORKER_METRICS_PORT: Final = 8789
TLS_FOLDER: Final = "/etc/atlas-forge/tls"
# A service's name begins with a letter and has 63 characters, `-scheduler` among them.
_PREFIX: Final = "forge-"
_LONGEST_NAME: Final = 53
_LONGEST_LABEL: Final = 63
_HASH_DIGITS: Final = 8

_CONTAINER_SECURITY: Final = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def cluster_name(job_name: str) -> str:
    """The name of a job's cluster: the same for the same job, different for different ones."""
    plain = re.sub(r"[^a-z0-9]+", "-", job_name.lower()).strip("-")
    name = (_PREFIX + plain).rstrip("-")
    if plain == job_name and len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(job_name.encode()).hexdigest()[:_HASH_DIGITS]
    return f"{name[: _LONGEST_NAME - _HASH_DIGITS - 1].rstrip('-')}-{digest}"


def label_value(text: str) -> str:
    """`text` as the value of a label: what is not allowed there becomes a dash."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text)[:_LONGEST_LABEL].strip("-_.")


def cluster_manifest(file: ClusterFile, job: Job, namespace: str, workers: int) -> dict[str, Any]:
    """The DaskCluster of `job` with `workers` workers to begin with."""
    name = cluster_name(job.name)
    labels = {
        **file.labels,
        "app.kubernetes.io/name": "atlas-forge",
        "atlas-forge/run": label_value(job.name),
        "atlas-forge/project": label_value(job.project),
        "atlas-forge/desk": label_value(job.desk),
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "DaskCluster",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels,
            "annotations": dict(file.annotations),
        },
        "spec": {
            "idleTimeout": file.limits.idle_seconds,
            "scheduler": {
                "metadata": _metadata(file.scheduler),
                "service": _service(name),
                "spec": _scheduler_pod(file),
            },
            "worker": {
                "replicas": workers,
                "metadata": _metadata(file.worker),
                "spec": _worker_pod(file, f"tls://{name}-scheduler.{namespace}.svc:{COMM_PORT}"),
            },
        },
    }


def autoscaler_manifest(
    file: ClusterFile, cluster: dict[str, Any], uid: str, workers: int
) -> dict[str, Any]:
    """The DaskAutoscaler of a made cluster, which owns it: they go together."""
    metadata = cluster["metadata"]
    return {
        "apiVersion": API_VERSION,
        "kind": "DaskAutoscaler",
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "labels": metadata["labels"],
            "ownerReferences": [
                {
                    "apiVersion": API_VERSION,
                    "kind": "DaskCluster",
                    "name": metadata["name"],
                    "uid": uid,
                }
            ],
        },
        "spec": {
            "cluster": metadata["name"],
            "minimum": workers,
            "maximum": file.workers.maximum,
        },
    }


def _metadata(template: PodTemplate) -> dict[str, Any]:
    return {"labels": dict(template.labels), "annotations": dict(template.annotations)}


def _service(name: str) -> dict[str, Any]:
    def port(named: str, number: int) -> dict[str, Any]:
        return {"name": named, "port": number, "targetPort": named, "protocol": "TCP"}

    return {
        "type": "ClusterIP",
        "selector": {"dask.org/cluster-name": name, "dask.org/component": "scheduler"},
        # the names by which the operator finds them
        "ports": [port("tcp-comm", COMM_PORT), port("http-dashboard", HTTP_PORT)],
    }


def _scheduler_pod(file: ClusterFile) -> dict[str, Any]:
    # what the operator asks: who is idle, how many are wanted, who may be retired
    routes = ["distributed.http.health", "distributed.http.scheduler.api"]
    if file.metrics:
        routes.append("distributed.http.scheduler.prometheus")

    def health(**timing: int) -> dict[str, Any]:
        return {"httpGet": {"path": "/health", "port": "http-dashboard"}, **timing}

    container: dict[str, Any] = {
        "name": "scheduler",
        "command": ["dask", "scheduler"],
        "args": [
            "--protocol", "tls", "--port", str(COMM_PORT),
            "--no-dashboard", "--dashboard-address", f":{HTTP_PORT}",
        ],
        "ports": [_port("tcp-comm", COMM_PORT), _port("http-dashboard", HTTP_PORT)],
        "readinessProbe": health(periodSeconds=2, timeoutSeconds=5),
        "livenessProbe": health(
            initialDelaySeconds=30, periodSeconds=20, timeoutSeconds=10, failureThreshold=6
        ),
        "env": _environment(file, {
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(file.limits.allowed_failures),
            "DASK_DISTRIBUTED__SCHEDULER__WORKER_SATURATION": "1.0",
            "DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES": str(routes),
        }),
    }  # fmt: skip
    return _pod(file, file.scheduler, container, volumes=[])


def _worker_pod(file: ClusterFile, scheduler: str) -> dict[str, Any]:
    worker = file.worker
    http, ports, own = "127.0.0.1:0", [_port("worker", WORKER_PORT)], {}
    if file.metrics:
        http = f":{WORKER_METRICS_PORT}"
        ports.append(_port("http-metrics", WORKER_METRICS_PORT))
        own["DASK_DISTRIBUTED__WORKER__HTTP__ROUTES"] = "['distributed.http.worker.prometheus']"
    container: dict[str, Any] = {
        "name": "worker",
        "command": ["dask", "worker"],
        "args": [
            # Kubernetes puts in the name that the operator gave, by which it retires workers.
            "--name", "$(DASK_WORKER_NAME)", "--protocol", "tls",
            "--worker-port", str(WORKER_PORT), "--no-nanny",
            "--nworkers", "1", "--nthreads", str(worker.threads),
            # The pod's limit holds; Dask's own would pause workers that only have cached pages.
            "--memory-limit", "0", "--death-timeout", "60",
            "--no-dashboard", "--dashboard-address", http,
        ],
        "ports": ports,
        "env": _environment(file, {
            "DASK_SCHEDULER_ADDRESS": scheduler,
            "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
            **own,
        }) + [_plain(each) for each in worker.env],
        "envFrom": [_plain(each) for each in worker.env_from],
    }  # fmt: skip
    pod = _pod(file, worker, container, volumes=list(worker.volumes))
    container["volumeMounts"] += list(worker.volume_mounts)
    pod["terminationGracePeriodSeconds"] = worker.termination_seconds
    if worker.topology_spread:
        pod["topologySpreadConstraints"] = list(worker.topology_spread)
    return pod


def _port(name: str, number: int) -> dict[str, Any]:
    return {"name": name, "containerPort": number, "protocol": "TCP"}


def _environment(file: ClusterFile, own: dict[str, str]) -> list[dict[str, Any]]:
    """TLS in every role, `own`, and what the file adds."""
    tls = {"DASK_DISTRIBUTED__COMM__TLS__CA_FILE": f"{TLS_FOLDER}/ca.crt"}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        tls[f"DASK_DISTRIBUTED__COMM__TLS__{role}__CERT"] = f"{TLS_FOLDER}/tls.crt"
        tls[f"DASK_DISTRIBUTED__COMM__TLS__{role}__KEY"] = f"{TLS_FOLDER}/tls.key"
    values = {
        **tls,
        "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True",
        "DASK_TEMPORARY_DIRECTORY": "/tmp",  # noqa: S108 - a volume of this pod's own
        **own,
    }
    entries: list[dict[str, Any]] = [{"name": name, "value": text} for name, text in values.items()]
    return entries + [_plain(each) for each in file.env]


def _pod(
    file: ClusterFile,
    template: PodTemplate,
    container: dict[str, Any],
    volumes: list[dict[str, Any]],
) -> dict[str, Any]:
    """A pod that may do nothing but compute: no root, no writing, no token."""
    container |= {
        "image": file.image,
        "securityContext": _CONTAINER_SECURITY,
        "resources": _plain(template.resources),
        "volumeMounts": [
            {"name": "tls", "mountPath": TLS_FOLDER, "readOnly": True},
            {"name": "temporary", "mountPath": "/tmp"},  # noqa: S108 - as above
        ],
    }
    if file.image_pull_policy:
        container["imagePullPolicy"] = file.image_pull_policy
    pod: dict[str, Any] = {
        "containers": [container],
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "fsGroup": file.fs_group,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [
            {"name": "tls", "secret": {"secretName": file.tls_secret, "defaultMode": 0o440}},
            {"name": "temporary", "emptyDir": {"sizeLimit": str(file.limits.temporary_storage)}},
            *volumes,
        ],
        "restartPolicy": "Always",
    }
    optional = {
        "serviceAccountName": file.service_account,
        "imagePullSecrets": [{"name": name} for name in file.image_pull_secrets],
        "nodeSelector": dict(template.node_selector),
        "tolerations": [_plain(each) for each in template.tolerations],
        "affinity": _plain(template.affinity),
        "priorityClassName": template.priority_class,
    }
    return pod | {name: value for name, value in optional.items() if value}


def _plain(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
