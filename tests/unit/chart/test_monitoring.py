"""Does Prometheus reach what it may, and do dashboard and alerts ask for metrics that there are?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pipeline import metrics
from tests import charts
from tests.charts import OUTSIDE, Object, at, merged
from tests.unit.test_docs_links import _anchors

MONITORED = merged(OUTSIDE, at("monitoring.enabled", True))
EVERYTHING = merged(
    MONITORED,
    at("monitoring.prefectServer", {"enabled": True, "existingSecret": "given-login"}),
    at("monitoring.pushgateway.url", "http://pushgateway.monitoring:9091"),
    at("monitoring.labels", {"release": "prometheus"}),
)
VARIANTS = {
    "least": MONITORED,
    "everything": EVERYTHING,
    "production": charts.environment("production"),
}
every_variant = pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
DASHBOARD = json.loads((charts.CHART / "dashboards" / "atlas-forge.json").read_text())
PAGE = charts.ROOT / "docs" / "metrics.md"
RUNBOOK = charts.ROOT / "docs" / "runbook.md"

# What the definitions of monitoring.coreos.com/v1 say of the fields that the chart writes; the API
# server refuses or drops what is not named.
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_DURATION = {"type": "string", "pattern": "^[0-9]+(s|m|h|d)$"}


def _closed(required: list[str], **properties: Any) -> Object:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


_SECRET = _closed(["name", "key"], name={"type": "string"}, key={"type": "string"})
_ENDPOINT = _closed(
    ["port"],
    port={"type": "string"},
    path={"type": "string", "pattern": "^/"},
    interval=_DURATION,
    basicAuth=_closed(["username", "password"], username=_SECRET, password=_SECRET),
)
_RULE = _closed(
    ["alert", "expr", "for", "labels", "annotations"],
    alert={"type": "string", "pattern": "^[A-Za-z]+$"},
    expr={"type": "string", "minLength": 1},
    annotations={**_TEXTS, "required": ["summary", "description", "runbook_url"]},
    labels={**_TEXTS, "required": ["severity"]},
    **{"for": _DURATION},
)
SPECS = {
    "ServiceMonitor": _closed(
        ["selector", "endpoints"],
        selector=_closed(["matchLabels"], matchLabels=_TEXTS),
        endpoints={"type": "array", "items": _ENDPOINT, "minItems": 1},
        podTargetLabels={"type": "array", "items": {"type": "string"}},
    ),
    "PrometheusRule": _closed(
        ["groups"],
        groups={
            "type": "array",
            "items": _closed(
                ["name", "rules"],
                name={"type": "string"},
                rules={"type": "array", "items": _RULE, "minItems": 1},
            ),
        },
    ),
}


def alerts(values: Object = MONITORED) -> dict[str, Object]:
    """The alert rules that the chart makes, by name."""
    found = charts.objects(values)
    [rule] = [each for each in found if each["kind"] == "PrometheusRule"]
    rules = [each for group in rule["spec"]["groups"] for each in group["rules"]]
    assert len({each["alert"] for each in rules}) == len(rules)
    return {each["alert"]: each for each in rules}


def test_nothing_is_monitored_unless_asked_for() -> None:
    found = charts.objects(OUTSIDE)
    text = json.dumps([*found, charts.flow_job(found)])
    assert "monitoring.coreos.com" not in text
    assert "ATLAS_FORGE_METRICS" not in text and "grafana" not in text
    assert "metrics: true" not in text


@every_variant
def test_monitors_and_rules_fit_their_definitions(values: Object) -> None:
    made = [each for each in charts.objects(values) if each["kind"] in SPECS]
    for each in made:
        assert each["apiVersion"] == "monitoring.coreos.com/v1"
        jsonschema.validate(each["spec"], SPECS[each["kind"]])
    asked = values["monitoring"].get("labels", {}).items()
    assert all(asked <= each["metadata"]["labels"].items() for each in made)
    assert len(made) == (5 if "prefectServer" in values["monitoring"] else 4)


@every_variant
def test_each_monitor_reads_a_port_that_pods_serve_and_policies_open(
    values: Object, tmp_path: Path
) -> None:
    found = charts.objects(values)
    pods = dict(charts.workloads(found, tmp_path))
    policies = [each["spec"] for each in found if each["kind"] == "NetworkPolicy"]
    prometheus = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
    }
    read = {}
    for monitor in (each for each in found if each["kind"] == "ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        [service] = [
            each
            for each in found
            if each["kind"] == "Service" and wanted <= each["metadata"]["labels"].items()
        ]
        [endpoint] = monitor["spec"]["endpoints"]
        [target] = [
            port["targetPort"]
            for port in service["spec"]["ports"]
            if port["name"] == endpoint["port"]
        ]
        [(name, pod)] = [
            (name, pod)
            for name, pod in pods.items()
            if service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
        ]
        [number] = [
            port["containerPort"]
            for container in pod["spec"]["containers"]
            for port in container.get("ports", [])
            if port["name"] == target
        ]
        labels = pod["metadata"]["labels"].items()
        assert any(
            prometheus in rule["from"] and number in [port["port"] for port in rule["ports"]]
            for spec in policies
            if spec["podSelector"].get("matchLabels", {}).items() <= labels
            for rule in spec.get("ingress", [])
        ), name
        read[name] = (number, endpoint["path"])
    server = read.pop("Deployment/forge-atlas-forge-prefect-server", None)
    assert server == ((4200, "/api/metrics") if "prefectServer" in values["monitoring"] else None)
    assert read == {
        "Job/of a flow": (9464, "/metrics"),
        "DaskCluster/scheduler": (8787, "/metrics"),
        "DaskCluster/worker": (8789, "/metrics"),
    }


def test_a_flow_serves_where_prometheus_looks_and_pushes_where_it_may(tmp_path: Path) -> None:
    values = merged(EVERYTHING, at("monitoring.port", 9999))
    found = charts.objects(values)
    [container] = charts.flow_job(found)["spec"]["template"]["spec"]["containers"]
    variables = {each["name"]: each.get("value") for each in container["env"]}
    assert variables["ATLAS_FORGE_METRICS"] == "0.0.0.0:9999"
    assert variables["ATLAS_FORGE_METRICS_PUSH"] == "http://pushgateway.monitoring:9091"
    assert container["ports"] == [{"name": "metrics", "containerPort": 9999, "protocol": "TCP"}]
    policy = charts.one(found, "NetworkPolicy", "-flow")["spec"]
    assert [port["port"] for rule in policy["ingress"] for port in rule["ports"]] == [9999]
    [out] = [
        rule for rule in policy["egress"] if {"port": 9091, "protocol": "TCP"} in rule["ports"]
    ]
    [peer] = out["to"]
    assert peer["podSelector"]["matchLabels"] == {
        "app.kubernetes.io/name": "prometheus-pushgateway"
    }
    # the settings take what the chart gives
    from pipeline.settings import load_settings

    given = {name: text for name, text in variables.items() if name.startswith("ATLAS_FORGE_METR")}
    assert load_settings(given, pack="no").metrics == "0.0.0.0:9999"


# Which value decides what: another one has to change the rule.
LIMITS: dict[str, tuple[str, Any, str]] = {
    "AtlasForgeCpuHigh": ("cpu.percent", 81, "> 80"),
    "AtlasForgeMemoryHigh": ("memory.percent", 86, "> 85"),
    "AtlasForgeQueueDeep": ("queue.partitions", 10_001, "> 10000"),
    "AtlasForgeErrors": ("errors.percent", 1.5, "> 1"),
    "AtlasForgePartitionsSlow": ("partitionTime.seconds", 3, "> 2"),
    "AtlasForgeRunSlow": ("slower.percent", 51, "50 / 100"),
    "AtlasForgeRestarts": ("restarts.times", 3, "> 2"),
}
KEYS = {
    "cpu": "AtlasForgeCpuHigh", "memory": "AtlasForgeMemoryHigh", "queue": "AtlasForgeQueueDeep",
    "errors": "AtlasForgeErrors", "partitionTime": "AtlasForgePartitionsSlow",
    "stalled": "AtlasForgeRunStalled", "slower": "AtlasForgeRunSlow",
    "noWorkers": "AtlasForgeNoWorkers", "jobFailed": "AtlasForgeJobFailed",
    "restarts": "AtlasForgeRestarts", "pending": "AtlasForgePodPending",
    "prefectDown": "AtlasForgePrefectDown",
}  # fmt: skip


def test_every_limit_of_an_alert_is_a_value() -> None:
    before = alerts()
    assert set(KEYS.values()) == set(before)
    for name, (path, value, said) in LIMITS.items():
        assert said in before[name]["expr"], name
        changed = alerts(merged(MONITORED, at(f"monitoring.alerts.{path}", value)))
        assert {each for each in before if changed[each] != before[each]} == {name}
    every = {key: {"minutes": 77, "severity": "info"} for key in KEYS}
    for rule in alerts(merged(MONITORED, at("monitoring.alerts", every))).values():
        assert (rule["for"], rule["labels"]["severity"]) == ("77m", "info")


def test_the_first_limits_are_those_of_the_requirements() -> None:
    rules = alerts()
    assert rules["AtlasForgeCpuHigh"]["for"] == "5m"
    assert "0.95" in rules["AtlasForgePartitionsSlow"]["expr"]
    assert rules["AtlasForgeMemoryHigh"]["for"] != "0m"  # sustained


def test_every_alert_leads_to_its_place_in_the_runbook() -> None:
    rules = alerts(
        merged(MONITORED, at("monitoring.alerts.runbook", "https://ops.example/runbook"))
    )
    anchors = _anchors(RUNBOOK)
    for name, rule in rules.items():
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert page == "https://ops.example/runbook"
        assert anchor in anchors, name
    told = set(re.findall(r"^#+ (AtlasForge\w+)$", RUNBOOK.read_text(), re.M))
    assert told == set(rules)


def test_alerts_name_only_labels_that_their_series_have() -> None:
    for name, rule in alerts(EVERYTHING).items():
        grouped = set(re.findall(r"\w+", " ".join(re.findall(r" by \(([^)]*)\)", rule["expr"]))))
        told = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
        assert told <= grouped, name


def series_of(expression: str) -> set[str]:
    """The metrics that a PromQL expression asks for."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\boffset\s+\w+", " ", bare)
    words = re.findall(r"(?<![\w$.])([a-zA-Z_:][\w:]*)(?!\w)(?!\s*\()", bare)
    return set(words) - {"and", "or", "unless", "bool"}


def queries() -> Iterator[str]:
    """Every query of dashboard and alerts."""
    yield from (rule["expr"] for rule in alerts(EVERYTHING).values())
    yield from (each["expr"] for panel in DASHBOARD["panels"] for each in panel.get("targets", []))
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield re.sub(r"label_values\((.*), \w+\)", r"\1", variable["definition"])


def exported() -> dict[str, tuple[str, str]]:
    """Kind and description of what pipeline/metrics.py exports, by the name Prometheus has."""
    kinds = {"counter": "_total"}
    return {
        family.name + kinds.get(family.type, ""): (family.type, family.documentation)
        for series in metrics._series().values()
        for family in series.collect()
    }


def test_a_query_is_read_as_prometheus_reads_it() -> None:
    asked = (
        'sum by (a, le) (rate(x_total{b="c_d", e=~"$f"}[5m])) / on (g) group_left () h:i '
        "unless avg_over_time(j[7d]) offset 1h > 2 and k == bool 0"
    )
    assert series_of(asked) == {"x_total", "h:i", "j", "k"}


def test_dashboard_and_alerts_ask_only_for_metrics_that_there_are() -> None:
    ours = exported().keys() - {"partition_seconds"} | {"partition_seconds_bucket"}
    others = set(re.findall(r"`((?:dask|container|kube)_\w+)`", PAGE.read_text()))
    asked = set().union(*(series_of(query) for query in queries()))
    assert asked - ours - others == set()
    # and the other way round: nothing is exported, or listed, that nobody looks at
    assert others <= asked
    assert ours <= asked


def test_the_page_of_metrics_tells_what_is_exported() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (gauge|counter|histogram) \| (.*) \|$", PAGE.read_text(), re.M
    )
    assert {name: (kind, about) for name, kind, about in rows} == exported()
    page = PAGE.read_text()
    assert all(f"`{label}`" in page for label in metrics.LABELS)


def test_the_dashboard_is_where_grafana_looks_and_has_no_panel_over_another() -> None:
    config = charts.one(charts.objects(MONITORED), "ConfigMap", "-dashboard")
    assert config["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(config["data"]["atlas-forge.json"]) == DASHBOARD
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at_ = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at_["x"], at_["x"] + at_["w"])
            for y in range(at_["y"], at_["y"] + at_["h"])
        }
        assert at_["x"] + at_["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
        assert panel["type"] == "row" or (panel["targets"] and panel["description"]), panel["title"]
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    without = charts.objects(merged(MONITORED, at("monitoring.dashboard.enabled", False)))
    assert not [each for each in without if each["metadata"]["name"].endswith("-dashboard")]
    assert "http" not in json.dumps(DASHBOARD)  # nothing from outside


@pytest.mark.full
def test_dask_has_the_metrics_that_the_page_lists() -> None:
    import urllib.request

    from distributed import LocalCluster

    listed = set(re.findall(r"`(dask_\w+)`", PAGE.read_text()))
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False,
        dashboard_address="127.0.0.1:0", worker_dashboard_address="127.0.0.1:0",
    ) as cluster:  # fmt: skip
        ports = [cluster.scheduler.http_server.port]
        ports += [each.http_server.port for each in cluster.workers.values()]
        text = ""
        for port in ports:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                text += answer.read().decode()
    assert listed - set(re.findall(r"^# TYPE (\w+) ", text, re.M)) == set()
