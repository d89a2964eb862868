"""Do Helm and the Kubernetes schemas of several versions take what the chart makes?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from kubernetes_validate import utils

from tests import charts

# the oldest that Chart.yaml allows, and the newer ones of the last three years
VERSIONS = ("1.29", "1.32", "1.35", "1.37")
# custom resources: no schemas of them here; tests/unit/chart/test_monitoring.py looks at the latter
CUSTOM = ("cert-manager.io/v1", "monitoring.coreos.com/v1")
VARIANTS = {
    "outside": charts.OUTSIDE,
    "fixed-size": charts.merged(charts.OUTSIDE, charts.at("dask.mode", "fixed")),
    "prefect-cloud": {
        "prefect": {
            "server": {"enabled": False},
            "external": {"apiUrl": "https://prefect.example/api", "credential": "apiKey"},
            "auth": {"existingSecret": "given-key", "key": "api-key"},
        },
        "store": {
            "url": "s3://bucket/prefix",
            "endpoint": "https://s3.example:9000",
            "caSecret": "given-ca",
        },
        "mongo": {"existingSecret": "given-mongo", "caSecret": "given-mongo-ca"},
        "flow": {
            "runs": {"existingClaim": "given-runs"},
            "env": [{"name": "MORE", "value": "x"}],
            "priorityClassName": "high",
        },
        "dask": {"tls": {"mode": "existingSecret", "existingSecret": "given-tls"}},
        "image": {"digest": f"sha256:{'0' * 64}"},
        "commonLabels": {"team": "structuring"},
        "podDisruptionBudgets": {"enabled": False},
        "networkPolicy": {
            "enabled": True,
            "wholeNamespace": True,
            "dns": {"cidrs": ["169.254.20.10/32"]},
            "extraEgress": {
                "flow": [{"to": [{"ipBlock": {"cidr": "192.0.2.1/32"}}], "ports": [{"port": 25}]}]
            },
        },
    },
}
ALL = {name: charts.environment(name) for name in charts.ENVIRONMENTS} | VARIANTS


@pytest.fixture(autouse=True, scope="module")
def _schemas_read_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, "schema_contents", cache(utils.schema_contents))
        yield


@pytest.mark.parametrize("name", ALL)
def test_lint_finds_nothing(name: str) -> None:
    from helm_python.chart import lint

    report = lint(charts.CHART, ALL[name], strict=True, namespace=charts.NAMESPACE)

    assert report["errors"] == []
    assert [each for each in report["messages"] if each["severity"] > 1] == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ALL)
def test_every_object_is_valid(name: str, version: str) -> None:
    found = charts.objects(ALL[name])

    checked = [each for each in found if each["apiVersion"] not in CUSTOM]
    for each in [*checked, charts.flow_job(found)]:
        kubernetes_validate.validate(each, version, strict=True)

    assert len(checked) > 15


@pytest.mark.parametrize("name", ALL)
def test_dask_objects_fit_the_operators_definitions(name: str, tmp_path: Path) -> None:
    made = charts.dask_manifests(charts.objects(ALL[name]), tmp_path)

    for each in made:
        _operators()[each["kind"]].validate(each["spec"])
    assert [each["kind"] for each in made] == (
        ["DaskCluster"] if name == "fixed-size" else ["DaskCluster", "DaskAutoscaler"]
    )


@cache
def _operators() -> dict[str, Any]:
    """Validators of the custom resources, by kind, from the operator's own package."""
    import dask_kubernetes
    import jsonschema

    folder = Path(dask_kubernetes.__file__).parent / "operator/deployment/helm"
    validators: dict[str, Any] = {}
    for kind in ("daskcluster", "daskautoscaler"):
        file = folder / "dask-kubernetes-operator" / "crds" / f"{kind}.yaml"
        definition = yaml.load(file.read_text(), yaml.CSafeLoader)
        [served] = definition["spec"]["versions"]
        schema = _closed(served["schema"]["openAPIV3Schema"])
        validators[definition["spec"]["names"]["kind"]] = jsonschema.Draft202012Validator(schema)
    return validators


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of `spec`, where the API server would drop a property that is not named."""

    def close(node: Any) -> Any:
        if isinstance(node, list):
            return [close(each) for each in node]
        if not isinstance(node, dict):
            return node
        if node.get("x-kubernetes-int-or-string"):
            return {"type": ["integer", "string"]}
        closed = {key: close(value) for key, value in node.items()}
        named = isinstance(node.get("properties"), dict) and node.get("type") == "object"
        if named and not node.get("x-kubernetes-preserve-unknown-fields"):
            closed.setdefault("additionalProperties", False)
        return closed

    spec: dict[str, Any] = close(schema["properties"]["spec"])
    return spec


def test_notes_say_how_to_get_in_and_what_is_missing() -> None:
    texts = charts.render(charts.environment("development"))

    [notes] = [text for path, text in texts.items() if path.endswith("NOTES.txt")]
    assert "port-forward service/forge-atlas-forge-prefect-server 4200:4200" in notes
    assert "get secret forge-atlas-forge-prefect-auth" in notes
    assert "does not know DaskCluster" in notes
