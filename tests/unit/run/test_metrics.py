"""Do Prometheus and a Pushgateway get the metrics of a run, and what if they are not there?"""

from __future__ import annotations

import http.server
import json
import socket
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline import metrics
from pipeline.inputs import load_request
from pipeline.runner import run_direct
from pipeline.settings import BadSettingError, load_settings

PLAN = (
    "permutations_processed_total", "permutations_per_second", "gate_a_pruned_count",
    "gate_b_pruned_count", "avg_calculation_time_ms", "memory_usage_mb",
    "worker_utilization_pct", "queue_depth", "error_rate_pct",
)  # fmt: skip


@pytest.fixture(autouse=True)
def fresh_registry() -> None:
    """Each test its own series; a server of an earlier one keeps its own."""
    for made in (metrics._registry, metrics._series, metrics._serve):
        made.cache_clear()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def samples(text: str) -> dict[tuple[str, str], float]:
    """Value by name and stage."""
    return {
        (sample.name, sample.labels.get("stage", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def run(tmp_path: Path, **given: object) -> dict:
    settings = load_settings({}, pack="no", out=str(tmp_path), compute="serial", **given)
    return run_direct(load_request("fixtures/projects/small.yaml"), settings, lambda _: None)


def test_prometheus_reads_what_the_summary_says(tmp_path: Path) -> None:
    port = free_port()
    summary = run(tmp_path, metrics=f":{port}", max_permutations=3000)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        found = samples(answer.read().decode())
    assert {name for name, stage in found if stage == "pruning"} >= set(PLAN)
    gates = summary["gates"]
    assert found["permutations_processed_total", "pruning"] == 3000
    assert found["permutations_processed_total", "analysis"] == gates["b"]["passed"]
    assert found["gate_a_pruned_count", "pruning"] == gates["a"]["in"] - gates["a"]["passed"]
    assert found["gate_b_pruned_count", "pruning"] == gates["b"]["in"] - gates["b"]["passed"]
    assert found["queue_depth", "pruning"] == 0
    assert found["error_rate_pct", "pruning"] == 0
    assert 0 < found["permutations_per_second", "pruning"]
    assert 0 < found["memory_usage_mb", "pruning"]
    assert found["partition_seconds_count", "pruning"] == found["partitions_done_total", "pruning"]


class Gateway(http.server.BaseHTTPRequestHandler):
    """Keeps what it is handed."""

    taken: list[tuple[str, str]]

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        type(self).taken.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_gateway_is_handed_the_metrics_of_each_stage_under_the_project(tmp_path: Path) -> None:
    Gateway.taken = []
    with http.server.HTTPServer(("127.0.0.1", 0), Gateway) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        run(tmp_path, metrics_push=f"http://127.0.0.1:{server.server_port}", max_permutations=2500)
        server.shutdown()
    assert [path for path, _ in Gateway.taken] == [
        "/metrics/job/atlas-forge/desk@base64/=/project/small"
    ] * 2
    last = samples(Gateway.taken[-1][1])
    assert last["permutations_processed_total", "pruning"] == 2500
    assert ("stage_seconds", "analysis") in last


def test_a_gateway_is_handed_nothing_of_the_runs_before(tmp_path: Path) -> None:
    """A second run of a process may be of another desk or project, and even the same run."""
    Gateway.taken = []
    with http.server.HTTPServer(("127.0.0.1", 0), Gateway) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for desk in ("", "infra"):
            push = f"http://127.0.0.1:{server.server_port}"
            run(tmp_path / f"of {desk}", metrics_push=push, max_permutations=600, desk=desk)
        server.shutdown()
    path, body = Gateway.taken[-1]
    assert path.endswith("/desk/infra/project/small")
    found = {sample.labels["desk"] for family in text_string_to_metric_families(body)
             for sample in family.samples}  # fmt: skip
    assert found == {"infra"}


def test_a_gateway_that_is_not_there_costs_a_warning_and_not_the_run(tmp_path: Path) -> None:
    summary = run(tmp_path, metrics_push=f"http://127.0.0.1:{free_port()}", max_permutations=2500)
    assert summary["total_scenarios"] == 2500
    lines = (tmp_path / summary["run_id"] / "log.jsonl").read_text().splitlines()
    told = [line for line in map(json.loads, lines) if line["event"] == "metrics_not_pushed"]
    assert len(told) == 2
    assert "refused" in told[0]["reason"].lower()


def test_a_port_that_another_process_has_costs_a_warning_and_not_the_run(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        summary = run(tmp_path, metrics=address, max_permutations=2500)
    lines = (tmp_path / summary["run_id"] / "log.jsonl").read_text().splitlines()
    told = [line for line in map(json.loads, lines) if line["event"] == "metrics_not_served"]
    assert {line["stage"] for line in told} == {"pruning", "analysis"}
    assert "in use" in told[0]["reason"]


def test_a_lost_attempt_counts_and_slots_are_counted_while_they_are_there() -> None:
    from types import SimpleNamespace

    from pipeline.effort import Effort
    from pipeline.stages.contract import Outcome

    workers = SimpleNamespace(slots=1, retried=5)
    effort = Effort(workers)
    began = time.perf_counter()
    effort.took(Outcome(0, 100, {}, False, None, 0.0))
    time.sleep(0.2)
    effort.took(Outcome(1, 100, {}, True, None, 0.1))
    workers.slots, workers.retried = 2, 6
    time.sleep(0.1)
    effort.took(Outcome(2, 300, {}, False, None, 0.2))
    found = effort.utilisation_pct()
    # One slot for 0.2 s, then two for 0.1 s; the machine may have slept longer, never shorter.
    assert 100 * 0.3 / (2 * (time.perf_counter() - began)) <= found <= 100 * 0.3 / 0.4
    assert effort.calculation_ms == 0.5
    assert effort.retried == 1
    assert effort.error_rate_pct() == pytest.approx(100 / 3)
    assert effort.error_rate_pct(failed=1) == 50


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("metrics", "9464", "host:port"),
        ("metrics", ":0", "host:port"),
        ("metrics", "http://host:1", "letters that no host has"),
        ("metrics_push", "gateway:9091", "http"),
        ("metrics_push", "https://user:secret@gateway:9091", "without a user"),
    ],
)
def test_a_bad_address_is_refused_with_what_is_allowed(name: str, value: str, said: str) -> None:
    with pytest.raises(BadSettingError, match=said) as told:
        load_settings({}, pack="no", **{name: value})
    assert "secret" not in str(told.value)
