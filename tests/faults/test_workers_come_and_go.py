"""Does a run on a Dask cluster over TLS end in the same bits whatever its workers do?

Schedulers and workers are separate processes, started by the command lines of our pods.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.compute.executor import PartitionsFailed
from pipeline.inputs import load_request
from pipeline.runner import run_direct
from pipeline.settings import load_settings
from pipeline.stages.contract import Progress
from tests.run_projects import log_of, quiet, request_of, run_here
from tests.services.dask_cluster import Churn, DaskCluster

Tell = Callable[[str], None]
AREA = "Cluster"
ROWS = 100
LIMIT = 2_000
ROOT = Path(__file__).parents[2]
MEDIUM = ROOT / "fixtures" / "projects" / "medium.yaml"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[DaskCluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    with DaskCluster(folder) as running:
        running.wait_for_scheduler()
        yield running


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("reference")
    _, run = run_here(request_of(folder, LIMIT), folder)
    return (run / "ranked.parquet").read_bytes()


def run_on(
    cluster: DaskCluster, folder: Path, on_progress: Callable[[Progress], None] = quiet
) -> Path:
    """The trial project on the cluster, whose workers begin to start; returns the run folder."""
    settings = load_settings(
        {}, pack="no", out=str(folder), partition_rows=ROWS, **cluster.settings
    )
    summary = run_direct(request_of(folder, LIMIT), settings, on_progress)
    return folder / summary["run_id"]


@pytest.mark.fault(AREA, "a worker killed and another added every second")
def test_workers_killed_and_added_every_second(
    tmp_path: Path, cluster: DaskCluster, reference: bytes, came_of_it: Tell
) -> None:
    cluster.add(3)
    with Churn(cluster, keep=3):
        run = run_on(cluster, tmp_path)
    assert cluster.killed >= 1
    assert (run / "ranked.parquet").read_bytes() == reference
    came_of_it(f"same bytes after {cluster.killed} workers killed and {cluster.added} started")


@pytest.mark.full
@pytest.mark.fault(AREA, "no worker left for seconds, then new ones")
def test_a_pool_that_shrinks_to_nothing_and_comes_back(
    tmp_path: Path, cluster: DaskCluster, reference: bytes, came_of_it: Tell
) -> None:
    cluster.add(2)
    back = threading.Timer(4.0, cluster.add, args=(2,))

    def strike(progress: Progress) -> None:
        # Progress is told again while the run waits, so once is enough.
        if progress.stage == "pruning" and progress.done == 5 and not cluster.killed:
            cluster.kill(2)
            back.start()

    run = run_on(cluster, tmp_path, strike)
    back.join()
    waits = [event["reason"] for event in log_of(run) if event["event"] == "waiting"]
    assert any(reason.startswith("no workers; waiting up to") for reason in waits)
    assert (run / "ranked.parquet").read_bytes() == reference
    came_of_it("the run said that it waits for workers, went on with the new ones, same bytes")


@pytest.fixture
def other_engine(tmp_path: Path) -> Path:
    """This project with a word more in a stage's code: another engine."""
    folder = tmp_path / "other-engine"
    for name in ("kernels", "pipeline"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / "pipeline" / "stages" / "counts.py").open("a") as code:
        code.write("# another engine\n")
    return folder


@pytest.mark.full
@pytest.mark.fault(AREA, "a worker of another engine joins in the middle of a run")
def test_a_later_worker_of_another_engine_is_sent_away(
    tmp_path: Path,
    cluster: DaskCluster,
    other_engine: Path,
    reference: bytes,
    came_of_it: Tell,
) -> None:
    cluster.add()

    def rollout(progress: Progress) -> None:
        if progress.stage == "pruning" and progress.done == 3:
            cluster.add(PYTHONPATH=str(other_engine))
            assert cluster.workers[-1].process.wait(60) is not None

    run = run_on(cluster, tmp_path, rollout)
    assert "this worker runs engine" in cluster.workers[-1].log.read_text()
    assert cluster.workers[0].runs
    assert (run / "ranked.parquet").read_bytes() == reference
    came_of_it("it closed itself before it got work and said why; same bytes")


@pytest.mark.fault(AREA, "all workers are of another engine")
def test_workers_of_another_engine_end_a_run_before_it_begins(
    tmp_path: Path, cluster: DaskCluster, other_engine: Path, came_of_it: Tell
) -> None:
    cluster.add(PYTHONPATH=str(other_engine))
    with pytest.raises(PartitionsFailed, match="the plan needs"):
        run_on(cluster, tmp_path)
    came_of_it("ended before any partition, both engines named")


@pytest.mark.full
@pytest.mark.fault(AREA, "medium project, a worker killed and another added every second")
def test_the_medium_project_while_workers_come_and_go(
    tmp_path: Path, cluster: DaskCluster, came_of_it: Tell
) -> None:
    request = load_request(MEDIUM)
    _, undisturbed = run_here(request, tmp_path / "undisturbed", compute="threads")
    cluster.add(3)
    settings = load_settings({}, pack="no", out=str(tmp_path / "disturbed"), **cluster.settings)
    with Churn(cluster, keep=3):
        summary = run_direct(request, settings, quiet)
    assert cluster.killed >= 3
    run = tmp_path / "disturbed" / summary["run_id"]
    same = (run / "ranked.parquet").read_bytes() == (undisturbed / "ranked.parquet").read_bytes()
    assert same
    came_of_it(
        f"{summary['total_scenarios']:,} permutations, {cluster.killed} workers killed and "
        f"{cluster.added} started, same bytes"
    )
