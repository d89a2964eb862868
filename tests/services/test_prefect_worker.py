"""Does a run on a worker of a process work pool go on from its checkpoints when it is retried or
asked for again, whatever ended it, and does it leave nothing behind?

A real Prefect server, the deployments of prefect.yaml, and a real worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import pytest
from prefect.client.schemas.filters import FlowRunFilter

from tests.run_projects import PROJECT, SPACE, request_of, run_here
from tests.services.prefect_site import Site, all_quiet, engine_of, prefect_site, wait_for

RUN = "atlas-forge-run/run"
PARTS = 200
ASKED: dict[str, Any] = {
    "project": PROJECT.replace("LIMIT", str(SPACE)),
    "workers": 2,
    "partition_rows": SPACE // PARTS,
}
STAGES = ["input", "permutation", "pruning", "analysis", "output"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with prefect_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ranked.parquet of the same request, run without Prefect."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return run_here(request_of(folder), folder / "runs")[1] / "ranked.parquet"


def pruned(out: Path) -> int:
    return len(list(out.glob("*/checkpoints/pruning/*.json")))


def in_pruning(out: Path) -> None:
    """Wait until a run has begun and is far from its end."""
    wait_for(lambda: pruned(out) >= 5)
    assert pruned(out) < PARTS - 20


def task_runs(site: Site, run: UUID) -> list[tuple[str, str]]:
    found = site.client.read_task_runs(flow_run_filter=FlowRunFilter(id={"any_": [run]}))
    return [(str(each.name), str(each.state_name)) for each in found]


def reused_in(log: str) -> int:
    """Partitions of pruning that the last attempt found done."""
    line = [line for line in log.splitlines() if "pruning:" in line][-1]
    return int(line.split("pruning: ")[1].split()[0])


def same_rows(out: Path, undisturbed: Path) -> bool:
    (ranked,) = out.glob("*/ranked.parquet")
    return bool(pq.read_table(ranked).equals(pq.read_table(undisturbed)))


@pytest.mark.fault("Prefect", "SIGKILL of the flow run's process, then Retry in the web interface")
def test_a_killed_run_goes_on_when_it_is_retried(
    site: Site, tmp_path: Path, undisturbed: Path, came_of_it: Callable[[str], None]
) -> None:
    # a killed run's turn would be taken for another minute
    with site.working(ATLAS_FORGE_RUNS_PER_PROJECT="0") as worker:
        run = site.start(RUN, **ASKED, out=str(tmp_path))
        in_pruning(tmp_path)
        engine_of(worker).kill()
        crashed = site.ended(run)
        assert crashed.state_name == "Crashed"
        done = pruned(tmp_path)
        all_quiet(worker)
        site.retry(run)
        wait_for(lambda: site.state(run) != "AwaitingRetry")
        assert site.ended(run).state_name == "Completed"
    reused = reused_in(site.log())
    assert 5 <= reused <= done
    assert sorted(name for name, state in task_runs(site, run) if state == "Completed") == sorted(
        [*STAGES, "input", "permutation"]  # those are quick, and done in both attempts
    )
    assert same_rows(tmp_path, undisturbed)
    came_of_it(f"retried, {reused} of {PARTS} pruned partitions reused, same ranked rows")
