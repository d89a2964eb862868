"""Does a real Prometheus, with the chart's rules, show a run as it was, wherever it computes?"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from pipeline.runner import run_direct
from pipeline.settings import load_settings
from tests import charts
from tests.faults.plain_cluster import PlainCluster
from tests.page_blocks import blocks
from tests.run_projects import request_of
from tests.services.moto_server import free_port
from tests.services.prometheus import SCRAPE_S, Prometheus, Server, program
from tests.unit.chart.test_monitoring import DASHBOARD, EVERYTHING, PAGE, series_of

pytestmark = pytest.mark.full

NAME = "forge-atlas-forge"
FLOW, SCHEDULER, WORKER = (
    f"{NAME}-{part}-metrics" for part in ("flow", "dask-scheduler", "dask-worker")
)
NAMESPACE = {"namespace": "atlas"}
LIMIT = 40_000
ROUTES = {
    "DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES": "['distributed.http.scheduler.prometheus']",
    "DASK_DISTRIBUTED__WORKER__HTTP__ROUTES": "['distributed.http.worker.prometheus']",
}


class Watched(PlainCluster):
    """A Dask scheduler and workers that serve their metrics, as the pods of a run do."""

    def __init__(self, folder: Path) -> None:
        self.ports: dict[str, list[int]] = {"scheduler": [], "worker": []}
        folder.mkdir()
        super().__init__(folder, {**os.environ, **ROUTES})

    def _start(self, *arguments: str) -> psutil.Popen:
        port = free_port()
        self.ports[arguments[0]].append(port)
        return super()._start(*arguments, "--dashboard-address", f"127.0.0.1:{port}")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("gateway"), "pushgateway")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory, gateway: Server) -> Iterator[Prometheus]:
    [rule] = [each for each in charts.objects(EVERYTHING) if each["kind"] == "PrometheusRule"]
    folder = tmp_path_factory.mktemp("prometheus")
    running = Prometheus(folder, rule["spec"], [FLOW, SCHEDULER, WORKER], gateway.url)
    yield running
    running.stop()


@dataclass
class Done:
    """A run that was watched: its id, its stages as its log tells them, and when it was."""

    run_id: str
    began: float
    ended: float
    stages: dict[str, dict[str, Any]]
    parts: dict[str, list[dict[str, Any]]]


def carried_out(
    prometheus: Prometheus, out: Path, compute: str, seed: int, strike: Any = None, **more: str
) -> Done:
    """A run by the command line, while Prometheus looks at it; `strike` is told its process."""
    port = free_port()
    prometheus.watch(FLOW, [port], NAMESPACE)
    settings = {
        "ATLAS_FORGE_METRICS": f"127.0.0.1:{port}",
        "ATLAS_FORGE_COMPUTE": compute,
        "ATLAS_FORGE_WORKERS": "2",
        "ATLAS_FORGE_PARTITION_ROWS": "400",
        "ATLAS_FORGE_LOG_LEVEL": "debug",
        **more,
    }
    began = time.time()
    running = psutil.Popen(
        [sys.executable, "-m", "pipeline.cli.main", "run", "fixtures/projects/large.yaml",
         "--direct", "--no-pack", "--out", str(out), "--seed", str(seed),
         "--max-permutations", str(LIMIT), "--json"],
        env={**os.environ, **settings}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    if strike:
        strike(running)
    printed, said = running.communicate(timeout=400)
    assert running.returncode == 0, said
    ended = time.time()
    run_id = json.loads(printed)["run_id"]
    lines = [json.loads(line) for line in (out / run_id / "log.jsonl").read_text().splitlines()]
    stages = {each["stage"]: each for each in lines if each["event"] == "stage_done"}
    parts = {
        stage: [each for each in lines if each["event"] == "partition_done"
                and each["stage"] == stage]
        for stage in ("pruning", "analysis")
    }  # fmt: skip
    return Done(run_id, began, ended, stages, parts)


def log_of(running: psutil.Popen, out: Path) -> Path:
    """The log of a run that starts, as soon as it is there."""
    while True:
        for found in out.glob("*/log.jsonl"):
            return found
        assert running.poll() is None, running.communicate()
        time.sleep(0.02)


def queries(done: Done) -> Iterator[tuple[str, str]]:
    """Title and query of the dashboard, as Grafana asks it for one run."""
    chosen = {"namespace": NAMESPACE["namespace"], "project": ".*", "run": done.run_id}
    for panel in DASHBOARD["panels"]:
        for each in panel.get("targets", []):
            yield panel["title"], re.sub(r"\$(\w+)", lambda found: chosen[found[1]], each["expr"])


def shown(prometheus: Prometheus, done: Done, dask: bool) -> None:
    """Every query of the dashboard finds series, but for those that nobody here could answer."""
    for title, query in queries(done):
        asked = series_of(query)
        kubernetes = all(name.startswith(("container_", "kube_")) for name in asked)
        of_dask = any(name.startswith("dask_") for name in asked)
        wanted = not kubernetes and (dask or not of_dask)
        assert bool(prometheus.found(query, done.began, done.ended)) == wanted, (title, query)


def as_it_was(prometheus: Prometheus, done: Done) -> None:
    """What Prometheus has last is what the log says, and what its partitions add up to."""
    labels = f'{{job="{FLOW}", run="{done.run_id}"}}'
    for name in (
        "permutations_processed_total", "permutations_per_second", "gate_a_pruned_count",
        "gate_b_pruned_count", "avg_calculation_time_ms", "memory_usage_mb",
        "worker_utilization_pct", "processor_used_pct", "error_rate_pct",
    ):  # fmt: skip
        asked = f"max by (stage) ({name}{labels})"
        found = prometheus.last(asked, done.began, done.ended)
        assert found == {
            (stage,): pytest.approx(line[name], abs=1e-3) for stage, line in done.stages.items()
        }, name
    left = prometheus.last(f"max by (stage) (queue_depth{labels})", done.began, done.ended)
    assert left == {("pruning",): 0, ("analysis",): 0}
    for stage, line in done.stages.items():
        parts = done.parts[stage]
        busy = sum(each["processing_time_ms"] for each in parts)
        rows = sum(each["rows"] for each in parts)
        assert len(parts) == line["partitions"] and rows == line["permutations_processed_total"]
        # a partition of a killed worker may have been done: who begins it again finds it
        computed = [each for each in parts if not each["reused"]]
        assert len(parts) - len(computed) == line["reused"] <= line["retried"]
        computing = sum(each["processing_time_ms"] for each in computed)
        computed_rows = sum(each["rows"] for each in computed)
        assert line["avg_calculation_time_ms"] == pytest.approx(computing / computed_rows, rel=1e-3)
        of_slots = 100 * busy / (2 * line["processing_time_ms"])
        # a worker that is replaced is no slot for a while
        assert of_slots - 1 <= line["worker_utilization_pct"] <= 100
        assert 0 < line["processor_used_pct"]
        if not line["retried"]:
            assert line["worker_utilization_pct"] == pytest.approx(of_slots, abs=5)
            assert line["error_rate_pct"] == 0


def fired(prometheus: Prometheus, done: Done) -> set[str]:
    """Alerts that somebody was told of during a run."""
    series = prometheus.found('ALERTS{alertstate="firing"}', done.began, done.ended)
    return {each["metric"]["alertname"] for each in series}


def test_every_rule_of_the_chart_is_evaluated(prometheus: Prometheus) -> None:
    deadline = time.monotonic() + 30
    while True:
        rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
        if all(rule["health"] == "ok" for rule in rules):
            break
        assert time.monotonic() < deadline, [rule.get("lastError") for rule in rules]
        time.sleep(SCRAPE_S)
    assert len(rules) == 12


def test_a_run_on_threads_is_shown_as_it_was(prometheus: Prometheus, tmp_path: Path) -> None:
    done = carried_out(prometheus, tmp_path, "threads", 1)
    shown(prometheus, done, dask=False)
    as_it_was(prometheus, done)
    assert fired(prometheus, done) == set(), "nothing to be alarmed by"


def test_lost_workers_raise_the_error_rate_while_the_run_goes_on(
    prometheus: Prometheus, tmp_path: Path
) -> None:
    def strike(running: psutil.Popen) -> None:
        log = log_of(running, tmp_path)
        while b'"stage": "pruning", "partition"' not in log.read_bytes():
            assert running.poll() is None, running.communicate()
            time.sleep(0.02)
        workers = [each for each in running.children(recursive=True)
                   if "spawn_main" in " ".join(each.cmdline())]  # fmt: skip
        for each in workers:
            each.kill()

    done = carried_out(prometheus, tmp_path, "processes", 2, strike)
    shown(prometheus, done, dask=False)
    as_it_was(prometheus, done)
    retried = sum(line["retried"] for line in done.stages.values())
    assert 1 <= retried <= 4
    counted = f'sum(partitions_retried_total{{run="{done.run_id}", job="{FLOW}"}})'
    assert prometheus.last(counted, done.began, done.ended) == {(): retried}
    asked = f'max by (stage) (error_rate_pct{{run="{done.run_id}", job="{FLOW}"}})'
    assert max(prometheus.last(asked, done.began, done.ended).values()) > 0
    assert fired(prometheus, done) == {"AtlasForgeErrors"}, "one in a hundred is the limit"


def test_a_run_on_a_dask_scheduler_is_shown_with_its_workers(
    prometheus: Prometheus, tmp_path: Path
) -> None:
    with Watched(tmp_path / "cluster") as cluster:

        def look(running: psutil.Popen) -> None:
            """In a cluster the pods have the run's id as a label from their start."""
            of_run = {**NAMESPACE, "atlas_forge_run": log_of(running, tmp_path).parent.name}
            prometheus.watch(SCHEDULER, cluster.ports["scheduler"], of_run)
            prometheus.watch(WORKER, cluster.ports["worker"], of_run)

        done = carried_out(prometheus, tmp_path, cluster.address, 3, look)
        shown(prometheus, done, dask=True)
        prometheus.watch(SCHEDULER, [], {})
        prometheus.watch(WORKER, [], {})
    as_it_was(prometheus, done)
    assert fired(prometheus, done) == set()


def test_what_is_left_at_the_gateway_is_found_with_the_runs_own_labels(
    prometheus: Prometheus, gateway: Server, tmp_path: Path
) -> None:
    more = {"ATLAS_FORGE_METRICS_PUSH": gateway.url, "ATLAS_FORGE_DESK": "infra"}
    done = carried_out(prometheus, tmp_path, "threads", 4, **more)
    time.sleep(4 * SCRAPE_S)
    asked = f'permutations_processed_total{{job="atlas-forge", run="{done.run_id}"}}'
    found = prometheus.found(asked, done.ended, time.time())
    told = [{name: each["metric"][name] for name in ("project", "desk", "stage", "namespace")}
            for each in found]  # fmt: skip
    assert sorted(told, key=lambda each: each["stage"]) == [
        {"project": "large", "desk": "infra", "stage": stage, "namespace": "monitoring"}
        for stage in ("analysis", "pruning")
    ]
    # the flow's process is gone, and with it what it served
    mine = f'permutations_processed_total{{job="{FLOW}", run="{done.run_id}"}}'
    assert not prometheus.ask("query", query=mine)["result"]


@pytest.mark.parametrize("desk", ["", "infra"])
def test_a_group_of_the_gateway_is_cleared_as_the_page_says(
    gateway: Server, tmp_path: Path, desk: str
) -> None:
    settings = load_settings(
        {}, pack="no", out=str(tmp_path), compute="serial", desk=desk, metrics_push=gateway.url
    )
    run_direct(request_of(tmp_path, 600), settings, lambda _: None)
    project = request_of(tmp_path, 600).project.id
    there = f'desk="{desk}",instance="",job="atlas-forge",project="{project}"'
    assert there in httpx.get(f"{gateway.url}/metrics").text
    [pattern] = re.findall(r"`(/metrics/job/atlas-forge/project/PROJECT/\S+)`", PAGE.read_text())
    path = pattern.replace("PROJECT", project)
    path = path.replace("desk/DESK", f"desk/{desk}" if desk else "desk@base64/=")
    assert httpx.delete(gateway.url + path).status_code == 202
    assert there not in httpx.get(f"{gateway.url}/metrics").text


def test_prometheus_takes_the_configuration_of_the_page(tmp_path: Path) -> None:
    [block] = [each for each in blocks(PAGE) if each.language == "yaml"]
    (tmp_path / "prometheus.yml").write_text(block.text)
    done = subprocess.run(
        [str(Path(program("prometheus")).with_name("promtool")), "check", "config",
         str(tmp_path / "prometheus.yml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
