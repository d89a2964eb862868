"""Does a large merge keep its pace and its memory?"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.storage.mongo_merge import merge_run
from pipeline.storage.mongo_results import MongoResults
from tests.services.large_run import grown
from tests.services.mongod import Mongod

# Sums up what the merging process held, every 50 ms, as the operating system accounts for it.
MEASURED = """\
import json, resource, sys, threading
from pathlib import Path
import pipeline
from pipeline.storage.mongo_merge import merge_run
most, over = [0.0], threading.Event()

def watch():
    while not over.wait(0.05):
        for line in open("/proc/self/smaps_rollup"):
            if line.startswith("Pss:"):
                most[0] = max(most[0], int(line.split()[1]) / 1024)

watching = threading.Thread(target=watch)
watching.start()
merged = merge_run(Path(sys.argv[1]), sys.argv[2])
over.set()
watching.join()
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"structures": merged.structures, "seconds": merged.seconds, "pss_mb": most[0],
                  "cpu_seconds": used.ru_utime + used.ru_stime}))
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Mongod]:
    """A server of its own: gigabytes in it slow down others."""
    (tmp_path / "data").mkdir()
    found = Mongod(tmp_path / "data")
    yield found
    found.kill()
    shutil.rmtree(tmp_path / "data")


def measured(run: Path, uri: str) -> dict[str, float]:
    """A merge by a process of its own: structures, seconds, most memory held."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(run), uri], capture_output=True, text=True, check=True
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def busy_seconds() -> float:
    """What all cores of this machine have worked, for whatever."""
    first = Path("/proc/stat").read_text().splitlines()[0]
    user, nice, system, _, _, *interrupts = map(int, first.split()[1:9])
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


@pytest.mark.full
def test_ten_thousand_documents_a_second(server: Mongod, finished: Path, tmp_path: Path) -> None:
    """Written, acknowledged by a majority from its journal, and read back; the best of three.

    While others use the machine its clock tells nothing. What a document takes of the cores, of the
    merging process and the server together, has to fit into two cores for a 10,000th of a second.
    """
    run = grown(finished, tmp_path / "grown", 50_000)
    rates, costs, quiet = [], [], []
    for number in range(3):
        before, server_before = busy_seconds(), server.cpu_seconds()
        found = measured(run, server.uri(f"pace_{number}"))
        ours = found["cpu_seconds"] + server.cpu_seconds() - server_before
        rates.append(found["structures"] / found["seconds"])
        costs.append(1e6 * ours / found["structures"])
        quiet.append(busy_seconds() - before - ours < 0.2 * ours)
    assert min(costs) <= 200.0, f"microseconds of cores a document: {costs}"
    if any(quiet):
        assert max(rates) >= 10_000, rates


@pytest.mark.full
def test_four_times_the_structures_need_no_more_memory(
    server: Mongod, finished: Path, tmp_path: Path
) -> None:
    small = measured(grown(finished, tmp_path / "small", 50_000), server.uri("small"))
    run = grown(finished, tmp_path / "large", 200_000)
    large = measured(run, server.uri("large"))
    assert large["structures"] == 200_000
    assert large["pss_mb"] <= 1.2 * small["pss_mb"], (small, large)
    rows = MongoResults(server.uri("large")).rows(run.name)
    assert sum(rows.sizes) == 200_000
    assert rows.group(39, ["rank"])["rank"].to_pylist() == list(range(195_001, 200_001))
    assert merge_run(run, server.uri("large")).already
