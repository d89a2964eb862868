"""The merge, its markers and the database for `make limits`: what one process of a run does."""

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa

from pipeline.columns import survivor_fields
from pipeline.stages.analysis import survivors_by_partition
from pipeline.stages.frontier import Frontier
from pipeline.storage.checkpoints import ANALYSIS, PRUNING, Marker, Owner, marker_bytes, read_marker
from pipeline.storage.checkpoints import marker_path as path_of
from pipeline.storage.merge import merge_ranked
from pipeline.storage.plan import Plan, read_plan
from pipeline.storage.store import open_folder
from tests.services.large_run import grown
from tests.services.mongod import Mongod
from tests.services.test_mongo_size import measured

# The first is the default; little memory makes as many sorted runs as a far larger merge has.
MEMORY_MB = (256, 32, 4, 1)
MARKERS = 100_000  # of pruning, that are read for a number each
HELD = 20_000  # of the analysis, that are kept until the merge
DOCUMENTS = 50_000
_GROUPS = 400
# A footer of many row groups, with hardly any rows in them.
_FOOTER = """\
import json, sys
import psutil, pyarrow.parquet as pq
rows = pq.ParquetFile(sys.argv[1])
table = rows.read_row_group(0).slice(0, 20)
groups, resident = int(sys.argv[3]), lambda: psutil.Process().memory_info().rss
writer = pq.ParquetWriter(sys.argv[2], table.schema, compression="lz4", write_page_checksum=True)
for _ in range(10):
    writer.write_table(table)
before = resident()
for _ in range(groups):
    writer.write_table(table)
held = resident() - before
writer.close()
peak = int(next(x for x in open("/proc/self/status") if x.startswith("VmHWM")).split()[1]) * 1024
print(json.dumps({"held": held / groups, "at_close": (peak - before) / groups}))
"""

Figures = dict[str, Any]


def measure(folder: Path, run: Path) -> Figures:
    """Everything that happens once in a run's own process, over a finished run."""
    plan = read_plan(open_folder(run))
    assert plan is not None
    return {
        "merge": [_merged(run, plan, memory) for memory in MEMORY_MB],
        "row_group": _footer(run, folder),
        "markers": _markers(folder, plan),
        "mongo": _documents(folder, run),
    }


def _merged(run: Path, plan: Plan, memory_mb: int) -> Figures:
    """`merge_ranked` alone: rows a second, and the bytes of its scratch files a row."""
    store, owner = open_folder(run), Owner(plan.plan_hash, plan.fingerprint)
    markers: list[Marker] = []
    while (found := read_marker(store, owner, ANALYSIS, len(markers)).marker) is not None:
        markers.append(found)
    with tempfile.TemporaryDirectory(dir=run.parent) as name, _Largest(Path(name)) as largest:
        began = time.perf_counter()
        rows = merge_ranked(
            store, markers, pa.schema(survivor_fields(plan.problem.levers)), plan.problem.objective,
            Path(name) / "ranked.parquet", memory_mb, lambda _: None, Frontier(),
        )  # fmt: skip
        seconds = time.perf_counter() - began
    scratch = largest.bytes / rows
    return {
        "memory_mb": memory_mb,
        "rows": rows,
        "rows_s": rows / seconds,
        "scratch_bytes_a_row": scratch,
    }


class _Largest:
    """The most bytes that files of a sort held while the block ran, its result left out."""

    def __init__(self, folder: Path) -> None:
        self.bytes = 0
        self._folder = folder
        self._over = threading.Event()
        self._watching = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            found = 0
            for path in self._folder.rglob("runs.*"):
                try:
                    found += path.stat().st_size
                except FileNotFoundError:
                    continue
            self.bytes = max(self.bytes, found)

    def __enter__(self) -> "_Largest":
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watching.join()


def _footer(run: Path, folder: Path) -> Figures:
    """Bytes of memory a row group until the file is closed, and at the most while it is."""
    done = subprocess.run(
        [sys.executable, "-c", _FOOTER, str(run / "ranked.parquet"), str(folder / "footer.parquet"),
         str(_GROUPS)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    return {"held_bytes": told["held"], "at_close_bytes": told["at_close"]}


def _markers(folder: Path, plan: Plan) -> Figures:
    """Reading the markers of a run of MARKERS partitions, as a flow does."""
    wide = replace(plan, count=MARKERS * plan.partition_rows, size=MARKERS * plan.partition_rows)
    store, owner = open_folder(folder / "wide"), Owner(plan.plan_hash, plan.fingerprint)
    _written(folder / "wide", plan)
    began = time.perf_counter()
    kept = survivors_by_partition(store, owner, wide)
    seconds = time.perf_counter() - began
    assert len(kept) == MARKERS
    before = psutil.Process().memory_info().rss
    held = [read_marker(store, owner, ANALYSIS, number).marker for number in range(HELD)]
    grown_by = psutil.Process().memory_info().rss - before
    assert all(held)
    shutil.rmtree(folder / "wide")
    return {
        "markers": MARKERS,
        "read_s": seconds,
        "read_ms_a_marker": 1e3 * seconds / MARKERS,
        "flow_bytes_a_marker": grown_by / HELD,
    }


def _written(root: Path, plan: Plan) -> None:
    """Sealed markers of both stages, without waiting for the disk."""
    records = {
        PRUNING: {"survivors": 2_200, "near_misses": 273, "gate_a_pruned": 7_000,
                  "gate_a_reasons": [0, 634, 0, 1185, 0], "gate_b_reasons": [0] * 11,
                  "first_reasons": [0] * 16, "reverse_notional_gap": 336.48},
        ANALYSIS: {"survivors": 10_000},
    }  # fmt: skip
    for (stage, record), count in zip(records.items(), (MARKERS, HELD), strict=True):
        (root / path_of(stage, 0)).parent.mkdir(parents=True)
        for number in range(count):
            marker = Marker(1, stage, number, plan.plan_hash, plan.fingerprint,
                            plan.partition_rows, "0" * 64, record)  # fmt: skip
            (root / path_of(stage, number)).write_bytes(marker_bytes(marker))


def _documents(folder: Path, run: Path) -> Figures:
    """A merge into a replica set of one, journalled: documents a second, and bytes of each."""
    (folder / "mongo").mkdir()
    server = Mongod(folder / "mongo")
    try:
        large = grown(run, folder / "grown", DOCUMENTS)
        before = server.cpu_seconds()
        found = measured(large, server.uri("limits"))
        cores = server.cpu_seconds() - before
        with server.client() as client:
            client.admin.command("fsync")
            sizes = client["limits"].command("collStats", "structures")
            files = client["limits"].command("collStats", "fs.chunks")
    finally:
        server.kill()
    count = found["structures"]
    return {
        "documents": count,
        "documents_s": count / found["seconds"],
        "mb_s": sizes["size"] / found["seconds"] / 1e6,
        "document_bytes": sizes["avgObjSize"],
        "disk_bytes_a_document": (sizes["storageSize"] + sizes["totalIndexSize"]) / count,
        "file_bytes_a_document": files["storageSize"] / count,
        "server_core_us_a_document": 1e6 * cores / count,
        "client_core_us_a_document": 1e6 * found["cpu_seconds"] / count,
        "client_pss_mb": found["pss_mb"],
    }
