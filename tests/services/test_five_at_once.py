"""Do five runs at once share a store and a database without harm, of one request and of five?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.run_projects import log_of, request_of, run_here, write_project
from tests.services.mongod import Mongod, stored
from tests.services.moto_server import BUCKET, MotoServer

pytestmark = pytest.mark.full
RUNS = 5
LIMIT = 3_000
ROWS = "100"
Tell = Callable[[str], None]


def five(folder: Path, projects: list[Path], store: str, endpoint: str, mongo: str) -> list[Path]:
    """Run all at once, each into a folder of its own; returns the run folders."""
    environment = {**os.environ, "ATLAS_FORGE_STORE_ENDPOINT": endpoint,
                   "ATLAS_FORGE_MONGO": mongo, "ATLAS_FORGE_LEASE_SECONDS": "5"}  # fmt: skip
    started = []
    for number, project in enumerate(projects):
        command = [sys.executable, "-m", "pipeline.cli.main", "run", str(project), "--direct",
                   "--json", "--out", str(folder / f"out-{number}"), "--store", store,
                   "--partition-rows", ROWS, "--workers", "1"]  # fmt: skip
        started.append(
            subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
    runs = []
    for number, process in enumerate(started):
        told, errors = process.communicate(timeout=280)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors
        runs.append(folder / f"out-{number}" / json.loads(told)["run_id"])
    return runs


def computed(run: Path) -> int:
    """Partitions of pruning that this process computed itself."""
    done = [each for each in log_of(run) if each["event"] == "stage_done"]
    return sum(each["partitions"] - each["reused"] for each in done if each["stage"] == "pruning")


@pytest.mark.fault("Two at once", "five runs of one request, on one S3 store and one database")
def test_five_of_one_request_are_one_run(
    tmp_path: Path, s3_server: MotoServer, mongod: Mongod, came_of_it: Tell
) -> None:
    _, alone = run_here(request_of(tmp_path, LIMIT), tmp_path / "alone")
    projects = [write_project(tmp_path, LIMIT)] * RUNS
    store = f"s3://{BUCKET}/{tmp_path.name}"
    runs = five(tmp_path, projects, store, s3_server.url, mongod.uri("five_same"))
    assert {run.name for run in runs} == {alone.name}
    for run in runs:
        assert (run / "ranked.parquet").read_bytes() == (alone / "ranked.parquet").read_bytes()
    found = stored(mongod, "five_same")
    survivors = json.loads((alone / "summary.json").read_text())["survivors"]
    assert (len(found["runs"]), len(found["structures"])) == (1, survivors)
    each = [computed(run) for run in runs]
    partitions = LIMIT // int(ROWS)
    assert partitions <= sum(each) < 2 * partitions
    came_of_it(
        f"{sum(each)} computations of {partitions} partitions, {each} by process; "
        f"the same rows in {RUNS} folders, one run with {survivors} structures in the database"
    )


@pytest.mark.fault("Two at once", "five runs of five requests, on one S3 store and one database")
def test_five_requests_do_not_touch_each_other(
    tmp_path: Path, s3_server: MotoServer, mongod: Mongod, came_of_it: Tell
) -> None:
    projects, alone, documents = [], {}, Counter[str]()
    for number in range(RUNS):
        folder = tmp_path / f"project-{number}"
        folder.mkdir()
        request = request_of(folder, LIMIT - number)
        projects.append(folder / "trial.yaml")
        summary, run = run_here(request, tmp_path / "alone")
        alone[run.name] = (run / "ranked.parquet").read_bytes()
        documents[run.name] = summary["survivors"]
    store = f"s3://{BUCKET}/{tmp_path.name}"
    runs = five(tmp_path, projects, store, s3_server.url, mongod.uri("five_different"))
    assert {run.name: (run / "ranked.parquet").read_bytes() for run in runs} == alone
    with mongod.client() as client:
        database = client["five_different"]
        assert {run["_id"]: run["state"] for run in database["runs"].find()} == dict.fromkeys(
            alone, "complete"
        )
        assert Counter(each["run_id"] for each in database["structures"].find()) == documents
    came_of_it(
        f"each folder with the rows of its run alone; {RUNS} complete runs with "
        f"{documents.total()} structures in the database, none missing, none twice"
    )
