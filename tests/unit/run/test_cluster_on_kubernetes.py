"""Are a run's custom resources what the Dask operator takes, and what its pods may do bounded?"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.compute.cluster_file import ClusterFile, load_cluster_file
from pipeline.compute.cluster_manifests import (
    autoscaler_manifest,
    cluster_manifest,
    cluster_name,
    label_value,
)
from pipeline.compute.job import Job
from pipeline.compute.scaling import remaining_slot_seconds, workers_wanted
from pipeline.inputs.errors import InputErrors
from tests.services.kube_api import problems_of

JOB = Job("small-1a2b3c4d5e6f", project="small", desk="London & Co")
PAGE = Path(__file__).parents[3] / "docs" / "compute.md"
# Every key of docs/compute.md, as it stands there.
DOCUMENTED = re.search(r"```yaml\n(schema: 1\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def full(tmp_path: Path) -> ClusterFile:
    file = tmp_path / "cluster.yaml"
    text = DOCUMENTED[1]
    file.write_text(re.sub(r"(?m)^  fixed: .*$", "", text))
    return load_cluster_file(str(file))


def minimal(**others: Any) -> ClusterFile:
    given = {"schema": 1, "image": "i", "tls_secret": "tls", **others}
    return ClusterFile.model_validate_json(json.dumps(given))


def test_the_operators_definitions_take_what_is_made(full: ClusterFile) -> None:
    for file in (full, minimal()):
        cluster = cluster_manifest(file, JOB, "desk-a", 3)
        assert problems_of(cluster) == []
        assert problems_of(autoscaler_manifest(file, cluster, "uid", 3)) == []
    wrong = cluster_manifest(full, JOB, "desk-a", 3)
    wrong["spec"]["worker"]["spec"]["containers"][0]["securityContexts"] = {}
    assert problems_of(wrong)


def pods_of(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [manifest["spec"][part]["spec"] for part in ("scheduler", "worker")]


def test_pods_may_do_nothing_but_compute(full: ClusterFile) -> None:
    for pod in pods_of(cluster_manifest(full, JOB, "desk-a", 3)):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        (container,) = pod["containers"]
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
        assert security["capabilities"] == {"drop": ["ALL"]}
        mounts = {each["name"]: each for each in container["volumeMounts"]}
        assert mounts["tls"]["readOnly"] and "emptyDir" in pod["volumes"][1]
        variables = {each["name"]: each.get("value") for each in container["env"]}
        assert variables["DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION"] == "True"
        assert variables["ATLAS_FORGE_LOG_LEVEL"] == "info"


def test_workers_may_be_spot_while_the_scheduler_is_not(full: ClusterFile) -> None:
    scheduler, worker = pods_of(cluster_manifest(full, JOB, "desk-a", 3))
    assert "tolerations" not in scheduler
    assert worker["tolerations"] == [{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}]
    assert "envFrom" not in scheduler["containers"][0]
    assert worker["containers"][0]["envFrom"] == [{"secretRef": {"name": "atlas-forge-store"}}]
    failures = {each["name"]: each.get("value") for each in scheduler["containers"][0]["env"]}
    assert failures["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] == "16"


def test_metrics_are_served_only_where_they_are_asked_for() -> None:
    def served(metrics: bool) -> list[tuple[set[int], str, str]]:
        found = []
        for pod in pods_of(cluster_manifest(minimal(metrics=metrics), JOB, "desk-a", 3)):
            (container,) = pod["containers"]
            variables = {each["name"]: each["value"] for each in container["env"]}
            routes = [text for name, text in variables.items() if name.endswith("HTTP__ROUTES")]
            at = container["args"][container["args"].index("--dashboard-address") + 1]
            ports = {port["containerPort"] for port in container["ports"]}
            found.append((ports, at, ",".join(routes)))
        return found

    asked_scheduler, asked_worker = served(metrics=True)
    scheduler, worker = served(metrics=False)
    assert asked_scheduler[:2] == scheduler[:2] == ({8786, 8787}, ":8787")
    assert "distributed.http.scheduler.prometheus" in asked_scheduler[2]
    assert "prometheus" not in scheduler[2]
    assert asked_worker == ({8788, 8789}, ":8789", "['distributed.http.worker.prometheus']")
    assert worker == ({8788}, "127.0.0.1:0", "")


def test_a_cluster_says_whose_it_is(full: ClusterFile) -> None:
    metadata = cluster_manifest(full, JOB, "desk-a", 3)["metadata"]
    assert metadata["name"] == "forge-small-1a2b3c4d5e6f"
    assert metadata["labels"]["atlas-forge/desk"] == "London-Co"
    assert metadata["labels"]["atlas-forge/project"] == "small"
    assert metadata["labels"]["team"] == "structuring"


@pytest.mark.parametrize(
    "job", ["a", "9-lives", "UPPER_case.x", "x" * 200, "日本", "", "a" + "-" * 60 + "b", "-rf"]
)
def test_every_job_has_a_name_that_kubernetes_takes(job: str) -> None:
    assert re.fullmatch(r"[a-z]([-a-z0-9]{0,51}[a-z0-9])?", cluster_name(job))
    assert cluster_name(job) != cluster_name(job + "x")
    assert re.fullmatch(r"(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?", label_value(job))


def test_everything_wrong_in_a_cluster_file_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text(
        "schema: 1\nimage: i\nworkers: {minimum: 5, maximum: 2}\n"
        "worker: {tolerations: [{keys: spot}], threads: 0, env: [{name: A}]}\nlimit: {}\n"
    )
    with pytest.raises(InputErrors) as caught:
        load_cluster_file(str(file))
    told = {error.path: error.message for error in caught.value.errors}
    assert set(told) == {
        "tls_secret", "workers", "worker.tolerations[0].keys", "worker.threads", "worker.env[0]",
        "limit",
    }  # fmt: skip
    assert told["workers"] == "has a minimum above its maximum"
    file.write_text("schema: 1\nimage: i\ntls_secret: t\nworkers: {fixed: 2, maximum: 3}\n")
    with pytest.raises(InputErrors, match="is either fixed, or has"):
        load_cluster_file(str(file))


@pytest.mark.parametrize(
    ("slot_seconds", "threads", "wanted"),
    [(0.0, 1, 2), (599.0, 1, 2), (601.0, 1, 3), (601.0, 4, 2), (5_999.0, 1, 20), (10**9, 1, 20)],
)
def test_workers_are_remaining_work_over_target_within_bounds(
    slot_seconds: float, threads: int, wanted: int
) -> None:
    assert workers_wanted(slot_seconds, 300.0, threads, 2, 20) == wanted


def test_remaining_work_is_at_the_pace_so_far() -> None:
    # 25 of 100 items took 10 s on 4 slots: 1.6 slot-seconds each.
    assert remaining_slot_seconds(100, 25, 10.0, 4.0) == pytest.approx(75 * 1.6)
    assert remaining_slot_seconds(100, 100, 40.0, 4.0) == 0.0
    assert remaining_slot_seconds(100, 0, 5.0, 4.0) is None
