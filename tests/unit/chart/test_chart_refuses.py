"""Does the chart refuse every value it cannot work with, and say which and why?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import charts
from tests.charts import OUTSIDE, Object, at, merged


def refusal(*values: Object) -> str:
    from helm_python.errors import HelmError

    with pytest.raises(HelmError) as error:
        charts.render(merged({}, *values))
    return str(error.value)


# value by value: what values.schema.json says of it
BAD_VALUES: list[tuple[str, Any, str]] = [
    ("nosuch", 1, "additional properties 'nosuch' not allowed"),
    ("nameOverride", "Upper", "'Upper' does not match pattern"),
    ("fullnameOverride", "x" * 41, "does not match pattern"),
    ("commonLabels", {"team": "not a label"}, "'not a label' does not match pattern"),
    ("commonLabels", {"no key": "x"}, "invalid propertyName 'no key'"),
    ("image.repository", "", "minLength"),
    ("image.tag", "1.0 beta", "does not match pattern"),
    ("image.digest", "sha256:12", "does not match pattern"),
    ("image.pullPolicy", "Sometimes", "'IfNotPresent', 'Always', 'Never'"),
    ("image.pullSecrets", ["Not A Name"], "does not match pattern"),
    ("prefect.pool", "two words", "does not match pattern"),
    ("prefect.server.enabled", "yes", "got string, want boolean"),
    ("prefect.server.database.existingSecret", "Not A Name", "does not match pattern"),
    ("prefect.server.database.key", "a/b", "does not match pattern"),
    ("prefect.server.logLevel", "chatty", "'DEBUG', 'INFO', 'WARNING', 'ERROR'"),
    ("prefect.server.replicas", 2, "additional properties 'replicas' not allowed"),
    ("prefect.server.ingress.host", "https://x", "does not match pattern"),
    ("prefect.server.resources.limits.gpu", "1", "additional properties 'gpu' not allowed"),
    ("prefect.server.resources.limits.memory", 1024, "got number, want string"),
    ("prefect.server.resources.limits.memory", "1 GB", "does not match pattern"),
    ("prefect.external.apiUrl", "prefect.example", "does not match pattern"),
    ("prefect.external.apiUrl", "https://me:secret@prefect.example/api", "not match pattern"),
    ("prefect.external.credential", "password", "'authString', 'apiKey', 'none'"),
    ("prefect.worker.replicas", 0, "minimum: got 0, want 1"),
    ("prefect.worker.concurrentRuns", 0, "minimum: got 0, want 1"),
    ("prefect.register.deadlineSeconds", 5, "minimum: got 5, want 60"),
    ("flow.temporaryStorage", "much", "does not match pattern"),
    ("flow.runs.size", "0Gi", "does not match pattern"),
    ("flow.env", [{"value": "x"}], "missing property 'name'"),
    ("flow.env", [{"name": "a-b", "value": "x"}], "does not match pattern"),
    ("flow.logLevel", "INFO", "'debug', 'info', 'warning', 'error'"),
    ("flow.finishedJobSeconds", 1, "minimum: got 1, want 60"),
    ("flow.terminationSeconds", 1, "minimum: got 1, want 10"),
    ("flow.tolerations", [{"key": "a", "effect": "Maybe"}], "'NoSchedule'"),
    ("flow.affinity", {"nodes": {}}, "additional properties 'nodes' not allowed"),
    ("flow.nodeSelector", {"a": 1}, "got number, want string"),
    ("dask.mode", "many", "'autoscale', 'fixed'"),
    ("dask.fixedWorkers", 0, "minimum: got 0, want 1"),
    ("dask.autoscale.minimum", 0, "minimum: got 0, want 1"),
    ("dask.autoscale.maximum", 5000, "maximum: got 5,000, want 1,024"),
    ("dask.autoscale.targetSeconds", 0, "minimum: got 0, want 1"),
    ("dask.limits.idleSeconds", 1, "minimum: got 1, want 30"),
    ("dask.limits.startSeconds", 1, "minimum: got 1, want 30"),
    ("dask.limits.noWorkersSeconds", 90_000, "maximum: got 90,000, want 86,400"),
    ("dask.limits.allowedFailures", -1, "minimum: got -1, want 0"),
    ("dask.limits.temporaryStorage", "1", "does not match pattern"),
    ("dask.worker.threads", 0, "minimum: got 0, want 1"),
    ("dask.worker.topologySpread", [{"maxSkew": 1}], "missing properties"),
    ("dask.tls.mode", "none", "'generate', 'certManager', 'existingSecret'"),
    ("store.url", "https://bucket", "does not match pattern"),
    ("store.url", "s3://key:secret@bucket/x", "does not match pattern"),
    ("store.endpoint", "https://s3.example/path", "does not match pattern"),
    ("store.region", "eu central", "does not match pattern"),
    ("mongo.uri", "mongodb://me:secret@x", "additional properties 'uri' not allowed"),
    ("serviceAccounts.everyone", {}, "additional properties 'everyone' not allowed"),
    ("monitoring.enabled", "yes", "got string, want boolean"),
    ("monitoring.alert", {}, "additional properties 'alert' not allowed"),
    ("monitoring.port", 80, "minimum: got 80, want 1,024"),
    ("monitoring.scrapeSeconds", 60, "maximum: got 60, want 30"),
    ("monitoring.labels", {"release": "not a label"}, "does not match pattern"),
    ("monitoring.prometheus.cidrs", [], "additional properties 'cidrs' not allowed"),
    ("monitoring.pushgateway.url", "gateway:9091", "does not match pattern"),
    ("monitoring.pushgateway.url", "http://me:secret@gateway:9091", "does not match pattern"),
    ("monitoring.dashboard.labels", {"a": 1}, "got number, want string"),
    ("monitoring.alerts.runbook", "a#b", "does not match pattern"),
    ("monitoring.alerts.cpu", {"threshold": 5}, "additional properties 'threshold' not allowed"),
    ("monitoring.alerts.memory.percent", 120, "maximum: got 120, want 100"),
    ("monitoring.alerts.queue.partitions", 0, "minimum: got 0, want 1"),
    ("monitoring.alerts.errors.severity", "page", "'info', 'warning', 'critical'"),
    ("monitoring.alerts.stalled.minutes", -1, "minimum: got -1, want 0"),
    ("monitoring.alerts.slower.days", 0, "minimum: got 0, want 1"),
    ("networkPolicy.apiServer.cidrs", [], "minItems: got 0, want 1"),
    ("networkPolicy.store.cidrs", ["anywhere"], "does not match pattern"),
    ("networkPolicy.mongo.ports", [70_000], "maximum: got 70,000, want 65,535"),
    ("networkPolicy.serverClients", [{"pods": {}}], "additional properties 'pods' not allowed"),
    ("networkPolicy.serverClients", [{}], "minProperties"),
    ("networkPolicy.extraEgress.flow", [{"ports": []}], "missing property 'to'"),
    ("networkPolicy.extraEgress.flow", [{"to": []}], "minItems: got 0, want 1"),
    ("podDisruptionBudgets.daskWorkers", "many", "does not match pattern"),
    ("trial.postgres.image", "postgres:latest", "'not' failed"),
    ("trial.postgres.image", "postgres", "does not match pattern"),
    ("trial.s3.storage.size", "20", "does not match pattern"),
]


@pytest.mark.parametrize(("path", "value", "said"), BAD_VALUES)
def test_a_value_against_the_schema_is_named(path: str, value: Any, said: str) -> None:
    text = refusal(OUTSIDE, at(path, value))

    assert "values don't meet the specifications of the schema" in text
    assert said in text
    parent = path.rpartition(".")[0]
    assert f"/{parent.replace('.', '/')}" in text or not parent


NO_SERVER = at("prefect.server.enabled", False)
# values that need or exclude each other, and what templates/_validate.tpl says of them
BAD_TOGETHER: dict[str, tuple[list[Object], str]] = {
    "latest": ([at("image.tag", "latest")], "image.tag: latest is refused"),
    "tag in repository": (
        [at("image.repository", "registry.example/forge:1")],
        'image.repository: "registry.example/forge:1" has a tag or digest',
    ),
    "two servers": (
        [at("prefect.external.apiUrl", "https://prefect.example/api")],
        "prefect.external.apiUrl: is set while prefect.server.enabled is true",
    ),
    "no server": ([NO_SERVER], "prefect.external.apiUrl: is needed"),
    "no credential": (
        [
            NO_SERVER,
            at("prefect.external.apiUrl", "https://prefect.example/api"),
            at("prefect.auth.existingSecret", ""),
        ],
        "prefect.auth.existingSecret: is needed for prefect.external",
    ),
    "no database": (
        [at("prefect.server.database.existingSecret", "")],
        "prefect.server.database.existingSecret: is needed",
    ),
    "two databases": ([at("trial.postgres.enabled", True)], "trial.postgres.enabled: is true"),
    "database without server": (
        [NO_SERVER, at("trial.postgres.enabled", True)],
        "trial.postgres.enabled: is for prefect.server.enabled",
    ),
    "ingress without server": (
        [NO_SERVER, at("prefect.server.ingress.enabled", True)],
        "prefect.server.ingress.enabled: is for prefect.server.enabled",
    ),
    "ingress without host": (
        [at("prefect.server.ingress.enabled", True)],
        "prefect.server.ingress.host: is needed",
    ),
    "ingress without TLS": (
        [at("prefect.server.ingress.enabled", True)],
        "prefect.server.ingress.tlsSecret: is needed",
    ),
    "ingress that nobody reaches": (
        [at("prefect.server.ingress.enabled", True)],
        "networkPolicy.serverClients: has to let the ingress controller in",
    ),
    "no store": ([at("store.url", "")], "store.url: is needed"),
    "two stores": ([at("trial.s3.enabled", True)], "trial.s3.enabled: is true while store.url"),
    "trial store with a secret": (
        [at("store.url", ""), at("trial.s3.enabled", True)],
        "store: endpoint, existingSecret and caSecret are of a store of your own",
    ),
    "two Mongos": ([at("trial.mongo.enabled", True)], "trial.mongo.enabled: is true while mongo"),
    "no results": ([at("mongo.existingSecret", "")], "mongo.existingSecret: is needed"),
    "minimum above maximum": (
        [at("dask.autoscale", {"minimum": 9, "maximum": 3})],
        "dask.autoscale.minimum: 9 is more than maximum, 3",
    ),
    "TLS secret missing": (
        [at("dask.tls.mode", "existingSecret")],
        "dask.tls.existingSecret: is needed",
    ),
    "TLS secret without use": (
        [at("dask.tls.existingSecret", "mine")],
        "dask.tls.existingSecret: is set while dask.tls.mode is generate",
    ),
    "no operator": (
        [at("dask.requireOperator", True)],
        "dask.requireOperator: this cluster does not know DaskCluster",
    ),
    "no memory limit": (
        [at("flow.resources.limits.memory", None)],
        "flow.resources.limits.memory: is needed",
    ),
    "no request": (
        [at("dask.worker.resources.requests.cpu", None)],
        "dask.worker.resources.requests.cpu: is needed",
    ),
    "server's metrics without their login": (
        [at("monitoring.enabled", True), at("monitoring.prefectServer.enabled", True)],
        "monitoring.prefectServer.existingSecret: is needed",
    ),
    "metrics of no server": (
        [NO_SERVER, at("monitoring", {"enabled": True, "prefectServer": {"enabled": True}})],
        "monitoring.prefectServer.enabled: is for prefect.server.enabled",
    ),
    "gateway without monitoring": (
        [at("monitoring.pushgateway.url", "http://gateway:9091")],
        "monitoring.enabled: is false while monitoring.prefectServer or monitoring.pushgateway",
    ),
    "metrics for everybody": (
        [
            at("monitoring.enabled", True),
            at("monitoring.prometheus.podLabels", {"app.kubernetes.io/name": None}),
        ],
        "monitoring.prometheus: namespaceLabels and podLabels are needed",
    ),
    "metrics set twice": (
        [
            at("monitoring.enabled", True),
            at("flow.env", [{"name": "ATLAS_FORGE_METRICS", "value": ":1"}]),
        ],
        "flow.env: ATLAS_FORGE_METRICS is set by monitoring.port",
    ),
    "label of the chart": (
        [at("commonLabels", {"app.kubernetes.io/name": "mine"})],
        'commonLabels: "app.kubernetes.io/name" is one of the chart\'s own',
    ),
}


@pytest.mark.parametrize("case", BAD_TOGETHER)
def test_values_that_do_not_go_together_are_named(case: str) -> None:
    values, said = BAD_TOGETHER[case]

    text = refusal(OUTSIDE, *values)

    assert "atlas-forge cannot be installed with these values:" in text
    assert f"- {said}" in text


def test_all_that_is_missing_is_said_at_once() -> None:
    text = refusal({})

    for path in ("prefect.server.database.existingSecret", "store.url", "mongo.existingSecret"):
        assert f"- {path}: is needed" in text


def test_no_object_of_the_schema_takes_unknown_keys() -> None:
    import json

    schema = json.loads((charts.CHART / "values.schema.json").read_text())
    open_on_purpose = {
        # Kubernetes' own types, and what Helm hands to subcharts
        "nodeAffinity", "podAffinity", "podAntiAffinity", "namespaceSelector", "podSelector",
        "ipBlock", "valueFrom", "topologySpread", "global",
    }  # fmt: skip

    def open_objects(node: Any, name: str) -> Iterator[str]:
        if isinstance(node, list):
            for each in node:
                yield from open_objects(each, name)
        if isinstance(node, dict):
            if node.get("type") == "object" and "additionalProperties" not in node:
                yield name
            for key, value in node.items():
                yield from open_objects(value, name if key in ("properties", "items") else key)

    assert set(open_objects(schema, "values")) == open_on_purpose


def test_values_and_schema_name_the_same_keys() -> None:
    import json

    import yaml

    schema = json.loads((charts.CHART / "values.schema.json").read_text())
    values = yaml.safe_load((charts.CHART / "values.yaml").read_text())
    free = {"labels", "annotations", "amounts", "affinity"}

    def compare(value: Any, node: Any, path: str) -> Iterator[str]:
        reference = node.get("$ref", "").rpartition("/")[2]
        if reference in free:
            return
        node = schema["$defs"][reference] if reference else node
        if not isinstance(value, dict):
            return
        properties = node.get("properties", {})
        yield from (f"{path}.{key}" for key in properties.keys() ^ value.keys())
        for key in properties.keys() & value.keys():
            yield from compare(value[key], properties[key], f"{path}.{key}")

    assert list(compare(values, schema, "")) == [".global"]
