"""Does each alert come when it should and stay away when it should not, says Prometheus itself?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import charts
from tests.charts import Object
from tests.unit.chart.test_monitoring import DASHBOARD, EVERYTHING, MONITORED

pytestmark = pytest.mark.full

RUN = {"namespace": "atlas", "project": "small", "desk": "d", "run": "small-1", "stage": "pruning"}
FLOW = {**RUN, "job": "forge-atlas-forge-flow-metrics"}
EARLIER = {**FLOW, "run": "small-0"}
SCHEDULER = {
    "namespace": "atlas", "job": "forge-atlas-forge-dask-scheduler-metrics", "pod": "s",
    "atlas_forge_run": "small-1",
}  # fmt: skip
SERVER = {"namespace": "atlas", "pod": "forge-atlas-forge-prefect-server-1", "container": "server"}
DASK = {"namespace": "atlas", "pod": "forge-small-1-default-worker-a-1", "container": "worker"}
JOB = {"namespace": "atlas", "job_name": "a-run"}
POD = {"namespace": "atlas", "pod": "p", "container": "c"}
DEPLOYMENT = {"namespace": "atlas", "deployment": "forge-atlas-forge-prefect-worker"}


def series(name: str, labels: Object, values: str) -> Object:
    """Samples a minute, in the notation of promtool."""
    inside = ", ".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f"{name}{{{inside}}}", "values": values}


def resources(labels: Object, kind: str, resource: str, amount: float) -> Object:
    name = f"kube_pod_container_resource_{kind}"
    return series(name, {**labels, "resource": resource}, f"{amount}x60")


def buckets(labels: Object, **steps: int) -> list[Object]:
    """A histogram that grows by so many observations a minute up to each limit."""
    return [
        series("partition_seconds_bucket", {**labels, "le": limit}, f"0+{step}x60")
        for limit, step in zip(("1.0", "2.0", "5.0", "+Inf"), steps.values(), strict=True)
    ]


def busy(labels: Object, seconds: float) -> list[Object]:
    """A container that asked for one core and uses so many seconds of it a minute."""
    return [
        series("container_cpu_usage_seconds_total", labels, f"0+{seconds}x60"),
        resources(labels, "requests", "cpu", 1),
    ]


def full_of(labels: Object, used: int) -> list[Object]:
    return [
        series("container_memory_working_set_bytes", labels, f"{used}x60"),
        resources(labels, "limits", "memory", 100),
    ]


def working(done: str, queue: str) -> list[Object]:
    return [
        series("partitions_done_total", FLOW, done),
        series("queue_depth", FLOW, queue),
    ]


def pace(before: str, now: str, queue: str = "5x1560") -> list[Object]:
    return [
        series("permutations_per_second", EARLIER, before),
        series("permutations_per_second", FLOW, now),
        series("queue_depth", FLOW, queue),
    ]


def scheduler_with(workers: str) -> list[Object]:
    return [
        series("dask_scheduler_workers", {**SCHEDULER, "state": "idle"}, workers),
        series("dask_scheduler_workers", {**SCHEDULER, "state": "saturated"}, "0x60"),
    ]


# alert: (series with which it fires, labels it then has), series with which it stays away
CASES: dict[str, tuple[list[Object], Object, list[list[Object]]]] = {
    "AtlasForgeCpuHigh": (
        busy(SERVER, 50), SERVER,
        [busy(SERVER, 47), busy(DASK, 60), busy({**SERVER, "namespace": "other"}, 60)],
    ),
    "AtlasForgeMemoryHigh": (full_of(DASK, 86), DASK, [full_of(DASK, 85)]),
    "AtlasForgeQueueDeep": (
        [series("queue_depth", FLOW, "10001x60")], RUN, [[series("queue_depth", FLOW, "10000x60")]],
    ),
    "AtlasForgeErrors": (
        [series("error_rate_pct", FLOW, "1.01x60")], RUN,
        [[series("error_rate_pct", FLOW, "1x60")]],
    ),
    "AtlasForgePartitionsSlow": (
        buckets(FLOW, a=90, b=94, c=100, d=100), RUN, [buckets(FLOW, a=90, b=96, c=100, d=100)],
    ),
    "AtlasForgeRunStalled": (
        working("7x60", "5x60"), RUN,
        [working("7x60", "0x60"), working("0+1x60", "5x60"), working("7x48 8x12", "5x60")],
    ),
    "AtlasForgeRunSlow": (
        pace("100x20 stale", "_x1500 49x60"), RUN,
        [pace("100x20 stale", "_x1500 50x60"), pace("100x20 stale", "_x1500 30x60", "0x1560"),
         pace("_x60", "_x1500 50x60")],
    ),
    "AtlasForgeNoWorkers": (
        scheduler_with("0x60"),
        {key: SCHEDULER[key] for key in ("namespace", "pod", "atlas_forge_run")},
        [scheduler_with("1x60"), scheduler_with("0x5 1x55")],
    ),
    "AtlasForgeJobFailed": (
        [series("kube_job_failed", {**JOB, "condition": "true"}, "0x30 1x30")], JOB,
        [[series("kube_job_failed", {**JOB, "condition": "true"}, "0x60"),
          series("kube_job_failed", {**JOB, "condition": "false"}, "1x60"),
          series("kube_job_status_failed", JOB, "1x60")]],
    ),
    "AtlasForgeRestarts": (
        [series("kube_pod_container_status_restarts_total", POD, "0+1x60")], POD,
        [[series("kube_pod_container_status_restarts_total", POD, "0x50 1x10")]],
    ),
    "AtlasForgePodPending": (
        [series("kube_pod_status_phase", {**POD, "phase": "Pending"}, "1x60")],
        {key: POD[key] for key in ("namespace", "pod")},
        [[series("kube_pod_status_phase", {**POD, "phase": "Running"}, "1x60")]],
    ),
    "AtlasForgePrefectDown": (
        [series("kube_deployment_status_replicas_available", DEPLOYMENT, "1x30 0x30")], DEPLOYMENT,
        [[series("kube_deployment_status_replicas_available", DEPLOYMENT, "1x60")]],
    ),
}  # fmt: skip
LOOKED_AT = "55m"
LATER = {"AtlasForgeRunSlow": "1555m"}  # what is usual ended a day ago


def promtool(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    found = shutil.which("promtool")
    if found is None:
        reason = "promtool is not installed (it is in Debian's package prometheus)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return subprocess.run(
        [found, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def rules_in(folder: Path, values: Object) -> dict[str, Object]:
    """Writes rules.yml as Prometheus reads it; the alerts by name."""
    [rule] = [each for each in charts.objects(values) if each["kind"] == "PrometheusRule"]
    (folder / "rules.yml").write_text(yaml.safe_dump(rule["spec"]))
    return {each["alert"]: each for group in rule["spec"]["groups"] for each in group["rules"]}


@pytest.mark.parametrize("values", [MONITORED, EVERYTHING], ids=["least", "everything"])
def test_prometheus_takes_the_rules(values: Object, tmp_path: Path) -> None:
    rules = rules_in(tmp_path, values)
    done = promtool("check", "rules", "rules.yml", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{len(rules)} rules found" in done.stdout


def test_prometheus_takes_every_query_of_the_dashboard(tmp_path: Path) -> None:
    asked = [each["expr"] for panel in DASHBOARD["panels"] for each in panel.get("targets", [])]
    rules = [
        {"record": f"query_{number}", "expr": re.sub(r"\$\w+", "x", expression)}
        for number, expression in enumerate(asked)
    ]
    groups = {"groups": [{"name": "dashboard", "rules": rules}]}
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(groups))
    done = promtool("check", "rules", "rules.yml", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{len(asked)} rules found" in done.stdout


def test_each_alert_fires_and_stays_away(tmp_path: Path) -> None:
    rules = rules_in(tmp_path, MONITORED)
    assert CASES.keys() == rules.keys()
    tests: list[Any] = []
    for name, (firing, labels, silent) in CASES.items():
        own = {**rules[name]["labels"], **labels}
        tests.append(case_of(name, f"{name} fires", firing, [own]))
        tests += [
            case_of(name, f"{name} stays away {number}", each, [])
            for number, each in enumerate(silent, start=1)
        ]
    assert verdict(tests, tmp_path) == ""


def test_an_alert_that_does_not_come_would_be_noticed(tmp_path: Path) -> None:
    rules = rules_in(tmp_path, MONITORED)
    name = "AtlasForgeQueueDeep"
    firing, labels, [silent] = CASES[name]
    own = {**rules[name]["labels"], **labels}
    assert "FAILED" in verdict([case_of(name, "not there", silent, [own])], tmp_path)
    assert "FAILED" in verdict([case_of(name, "not wanted", firing, [])], tmp_path)


def test_a_failed_run_at_the_gateway_is_told(tmp_path: Path) -> None:
    rules = rules_in(tmp_path, EVERYTHING)
    pushed = {**RUN, "job": "atlas-forge", "namespace": "monitoring"}
    own = {**rules["AtlasForgeErrors"]["labels"], **RUN, "namespace": "monitoring"}
    case = case_of("AtlasForgeErrors", "gateway", [series("error_rate_pct", pushed, "9x60")], [own])
    assert verdict([case], tmp_path) == ""


def case_of(name: str, title: str, given: list[Object], wanted: list[Object]) -> Object:
    """One of promtool's tests: these series, and the alert's labels while it fires."""
    return {
        "name": title,
        "interval": "1m",
        "input_series": given,
        "promql_expr_test": [
            {
                "expr": f'ALERTS{{alertname="{name}", alertstate="firing"}}',
                "eval_time": LATER.get(name, LOOKED_AT),
                "exp_samples": [
                    {
                        "labels": "ALERTS"
                        + series("", {"alertname": name, "alertstate": "firing", **each}, "")[
                            "series"
                        ],
                        "value": 1,
                    }
                    for each in wanted
                ],
            }
        ],
    }


def verdict(tests: list[Object], folder: Path) -> str:
    """What promtool says against the tests; empty: nothing."""
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests}
    (folder / "tests.yml").write_text(yaml.safe_dump(document))
    done = promtool("test", "rules", "tests.yml", folder=folder)
    return "" if done.returncode == 0 else done.stdout + done.stderr
