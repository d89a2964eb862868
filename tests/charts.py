"""The Helm chart as rendered by Helm itself, and what is said of its objects in several tests."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
CHART = ROOT / "helm" / "atlas-forge"
RELEASE, NAMESPACE = "forge", "atlas"
ENVIRONMENTS = ("development", "staging", "production")
Object = dict[str, Any]

# The least that can be installed: everything outside, by existing secrets.
OUTSIDE: Object = {
    "prefect": {
        "server": {"database": {"existingSecret": "given-database"}},
        "auth": {"existingSecret": "given-auth"},
    },
    "store": {"url": "s3://bucket/prefix", "existingSecret": "given-store"},
    "mongo": {"existingSecret": "given-mongo"},
}


def environment(name: str) -> Object:
    """The values file of an environment."""
    values: Object = yaml.safe_load((CHART / f"values-{name}.yaml").read_text())
    return values


def merged(values: Object, *more: Object) -> Object:
    """`values` with `more` laid over, deeply."""
    result = copy.deepcopy(values)
    for each in more:
        for key, value in each.items():
            inner = result.get(key)
            both = isinstance(inner, dict) and isinstance(value, dict)
            result[key] = merged(inner, value) if both else copy.deepcopy(value)
    return result


def at(path: str, value: Any) -> Object:
    """Nested values from a dotted path."""
    for key in reversed(path.split(".")):
        value = {key: value}
    result: Object = value
    return result


def render(values: Object, name: str = RELEASE, **options: Any) -> dict[str, str]:
    """Text by template, as Helm renders it; its error is raised."""
    return dict(_rendered(json.dumps(values, sort_keys=True), name, json.dumps(options)))


def objects(values: Object, name: str = RELEASE, **options: Any) -> list[Object]:
    """The objects that an installation with these values makes, test and hooks included."""
    texts = render(values, name, **options)
    return [
        each
        for path, text in sorted(texts.items())
        if not path.endswith("NOTES.txt")
        for each in yaml.safe_load_all(text)
        if each
    ]


@cache
def _rendered(values: str, name: str, options: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        _chart()
        .render(json.loads(values), name=name, namespace=NAMESPACE, **json.loads(options))
        .items()
    )


@cache
def _chart() -> Any:
    from helm_python.chart import Chart

    return Chart.load(CHART)


def one(found: list[Object], kind: str, suffix: str) -> Object:
    """The one object of `kind` whose name ends so."""
    [only] = [
        each for each in found if each["kind"] == kind and each["metadata"]["name"].endswith(suffix)
    ]
    return only


def flow_job(found: list[Object]) -> Object:
    """The job of a flow run, as Prefect's worker makes it of the chart's base job template."""
    from prefect_kubernetes.worker import KubernetesWorkerJobConfiguration

    config = one(found, "ConfigMap", "-job-template")["data"]["base-job-template.json"]
    template = json.loads(config)
    values = {
        key: copy.deepcopy(each["default"])
        for key, each in template["variables"]["properties"].items()
    }
    # the command that the worker gives
    values |= {"command": "prefect flow-run execute", "name": "a-run"}
    filled = _filled(template["job_configuration"], values)
    configuration = KubernetesWorkerJobConfiguration.model_validate(filled)
    configuration._populate_command_if_not_present()
    configuration._populate_env_in_manifest()
    configuration._propagate_labels_to_pod()
    manifest: Object = configuration.job_manifest
    pod = manifest["spec"]["template"]["spec"]
    # Prefect wants these in the pod; the API server drops what a pod does not have
    assert (pod.pop("completions"), pod.pop("parallelism")) == (1, 1)
    return manifest


def _filled(template: Any, values: Object) -> Any:
    """`template` with Prefect's placeholders replaced, by Prefect."""
    from prefect.utilities.templating import apply_values

    return apply_values(template, values)


def dask_manifests(found: list[Object], folder: Path) -> list[Object]:
    """The DaskCluster and DaskAutoscaler that a flow makes of the chart's cluster file."""
    from pipeline.compute.cluster_file import load_cluster_file
    from pipeline.compute.cluster_manifests import autoscaler_manifest, cluster_manifest
    from pipeline.compute.job import Job

    path = folder / "cluster.yaml"
    path.write_text(one(found, "ConfigMap", "-dask-cluster")["data"]["cluster.yaml"])
    file = load_cluster_file(str(path))
    assert file.namespace
    job = Job("run-of-a-test", "a project", "a desk")
    cluster = cluster_manifest(file, job, file.namespace, 2)
    if file.workers.fixed:
        return [cluster]
    return [cluster, autoscaler_manifest(file, cluster, "uid-of-the-cluster", 2)]


def workloads(found: list[Object], folder: Path) -> Iterator[tuple[str, Object]]:
    """(name, {metadata, spec}) of every pod of an installation: its own, a flow's, Dask's."""
    for each in [*found, flow_job(found)]:
        name = f"{each['kind']}/{each['metadata'].get('name', 'of a flow')}"
        if each["kind"] == "Pod":
            yield name, {"metadata": each["metadata"], "spec": each["spec"]}
        elif each["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield name, each["spec"]["template"]
    cluster = dask_manifests(found, folder)[0]
    for part in ("scheduler", "worker"):
        # as the operator does: labels of the cluster and of the part, and its own
        own = cluster["spec"][part].get("metadata", {})
        labels = {
            **cluster["metadata"]["labels"],
            **own.get("labels", {}),
            "dask.org/cluster-name": cluster["metadata"]["name"],
            "dask.org/component": part,
        }
        yield (
            f"DaskCluster/{part}",
            {"metadata": {"labels": labels}, "spec": cluster["spec"][part]["spec"]},
        )


def containers(pod: Object) -> list[Object]:
    """All containers of a pod's spec, those that initialize it first."""
    return [*pod.get("initContainers", []), *pod["containers"]]
