"""Is a cluster made for a run, sized by its work, and gone afterwards, whatever happens?

The API server is a test's (tests/services/kube_api.py); the Dask operator, the schedulers and the
workers are real, and speak TLS with each other.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.cli.main import run_command
from pipeline.compute.cluster_manifests import cluster_name
from pipeline.compute.dask_executor import SchedulerLostError
from pipeline.compute.executor import open_executor
from pipeline.compute.job import Job
from pipeline.compute.kube_api import KubeApi, KubernetesError
from pipeline.compute.kubernetes import delete_cluster
from pipeline.runner import run_direct
from pipeline.settings import Settings, load_settings
from pipeline.stages.contract import Progress
from tests.run_projects import request_of, run_here, write_project
from tests.services.kube_api import NAMESPACE, KubeServer, kubeconfig_of

LIMIT = 2_000
# Each makes a cluster, which takes a busy machine some ten seconds.
pytestmark = pytest.mark.full
RESOURCES = ("daskclusters", "daskautoscalers", "daskworkergroups", "deployments", "services")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secret") / "tls"
    assert run_command(["certificates", str(folder), "--days", "1"]) == 0
    return folder


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, tls: Path) -> Iterator[KubeServer]:
    with KubeServer(tmp_path_factory.mktemp("kubernetes"), tls) as server:
        server.start_operator()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KUBECONFIG", str(server.kubeconfig))
            yield server


@pytest.fixture
def settings(tmp_path: Path, tls: Path) -> Callable[..., Settings]:
    """Settings for a cluster whose file has these blocks besides what it needs."""

    def made(**blocks: Any) -> Settings:
        file = tmp_path / "cluster.yaml"
        file.write_text(
            yaml.safe_dump({"schema": 1, "image": "none", "tls_secret": "tls", **blocks})
        )
        return load_settings(
            {}, compute="kubernetes", cluster_file=str(file), out=str(tmp_path / "runs"),
            store=str(tmp_path / "store"), partition_rows=100,
            scheduler_ca_file=str(tls / "ca.crt"), scheduler_cert_file=str(tls / "tls.crt"),
            scheduler_key_file=str(tls / "tls.key"),
        )  # fmt: skip

    return made


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def wait_until_nothing_is_left(api: KubeServer, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while left := [name for name in api.names if name[0] in (*RESOURCES, "pods")]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def test_a_run_has_a_cluster_of_its_own_and_leaves_nothing(
    api: KubeServer, tmp_path: Path, settings: Callable[..., Settings]
) -> None:
    seen: dict[str, int] = {}

    def look(progress: Progress) -> None:
        if progress.stage == "pruning" and not progress.done:
            seen.update({plural: len(api.all(plural)) for plural in RESOURCES})

    chosen = settings(workers={"minimum": 2, "maximum": 3, "target_seconds": 3_600})
    summary = run_direct(request_of(tmp_path, LIMIT), chosen, look)
    wait_until_nothing_is_left(api)
    assert seen == {"daskclusters": 1, "daskautoscalers": 1, "daskworkergroups": 1,
                    "deployments": 3, "services": 1}  # fmt: skip
    name = cluster_name(summary["run_id"])
    assert {f"daskclusters/{name}", f"daskautoscalers/{name}"} <= set(api.created)
    _, reference = run_here(request_of(tmp_path, LIMIT), tmp_path / "reference")
    found = tmp_path / "runs" / summary["run_id"] / "ranked.parquet"
    assert found.read_bytes() == (reference / "ranked.parquet").read_bytes()


def test_a_run_that_is_ended_takes_its_cluster_along(
    api: KubeServer, tmp_path: Path, settings: Callable[..., Settings]
) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.stage == "pruning" and progress.done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_direct(request_of(tmp_path, LIMIT), settings(workers={"fixed": 1}), interrupt)
    wait_until_nothing_is_left(api)


@pytest.mark.fault("Cluster", "the process of a run dies, its cluster stays; the run starts again")
def test_a_cluster_that_was_left_is_replaced_or_deleted_by_a_hook(
    api: KubeServer,
    tmp_path: Path,
    settings: Callable[..., Settings],
    came_of_it: Callable[[str], None],
) -> None:
    chosen = settings(workers={"fixed": 1})
    job = Job("left-behind")
    with open_executor(chosen, job):
        first = api.get("daskclusters", cluster_name(job.name))["metadata"]["uid"]
        with open_executor(chosen, job) as executor:
            second = api.get("daskclusters", cluster_name(job.name))["metadata"]["uid"]
            assert first != second
            assert sorted(executor.map_unordered(abs, [-1, 2], 2)) == [1, 2]
            assert delete_cluster(chosen, job.name)
            wait_until_nothing_is_left(api)
            assert not delete_cluster(chosen, job.name)
    came_of_it("a new cluster in place of the old one; the hook's function deletes it, once")


def test_a_cluster_without_workers_says_why_and_ends(
    api: KubeServer, settings: Callable[..., Settings]
) -> None:
    api.starts_pods = False
    waits: list[str] = []
    chosen = settings(workers={"fixed": 1}, limits={"start_seconds": 3})
    try:
        with (
            pytest.raises(SchedulerLostError, match="has no scheduler after 3 s"),
            open_executor(chosen, Job("waits", on_wait=waits.append)),
        ):
            pass
    finally:
        api.starts_pods = True
    assert any("no scheduler yet; waiting up to 3 s" in wait for wait in waits)
    wait_until_nothing_is_left(api)


def test_the_first_size_comes_from_the_work_ahead(
    api: KubeServer, settings: Callable[..., Settings]
) -> None:
    chosen = settings(workers={"minimum": 1, "maximum": 3, "target_seconds": 100})
    job = Job("sized", slot_seconds=lambda: 150.0)
    with open_executor(chosen, job):
        cluster = api.get("daskclusters", cluster_name(job.name))
        scaler = api.get("daskautoscalers", cluster_name(job.name))
        assert cluster["spec"]["worker"]["replicas"] == 2
        assert scaler["spec"] == {
            "cluster": cluster["metadata"]["name"], "minimum": 2, "maximum": 3,
        }  # fmt: skip
        KubeApi(NAMESPACE).set_minimum(cluster["metadata"]["name"], 3)
        # By the operator, which asks the scheduler's HTTP interface first.
        wait_until(lambda: len(api.all("deployments", **{"dask.org/component": "worker"})) == 3)
    wait_until_nothing_is_left(api)


def test_a_manifest_the_definitions_refuse_is_told(api: KubeServer) -> None:
    wrong = {"apiVersion": "kubernetes.dask.org/v1", "kind": "DaskCluster",
             "metadata": {"name": "wrong"}, "spec": {"worker": {"replicas": "many"}}}  # fmt: skip
    with pytest.raises(KubernetesError, match=r"refused \(422\).*replicas"):
        KubeApi(NAMESPACE).create_cluster(wrong)


@pytest.mark.parametrize("server", ["", "http://127.0.0.1:9"])
def test_an_api_that_is_not_there_is_told(
    settings: Callable[..., Settings], tmp_path: Path, server: str
) -> None:
    """In a process of its own: kr8s keeps the connections of this one."""
    chosen = settings(workers={"fixed": 1})
    kubeconfig = tmp_path / "kubeconfig"
    if server:
        kubeconfig.write_text(kubeconfig_of(server))
    names = ("compute", "cluster_file", "store", "scheduler_ca_file", "scheduler_cert_file",
             "scheduler_key_file")  # fmt: skip
    told = {f"ATLAS_FORGE_{name.upper()}": str(getattr(chosen, name)) for name in names}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli.main", "run", str(write_project(tmp_path, LIMIT)),
         "--direct", "--out", str(tmp_path / "runs")],
        env={**os.environ, **told, "KUBECONFIG": str(kubeconfig)},
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the Kubernetes API cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr
