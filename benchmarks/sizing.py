"""How large a run is: workers, hours, requests, storage, memory, cost, from limits.json.

`python -m benchmarks.sizing` prints it, for rows, hours and prices of your own; with `--write` it
makes the tables of docs/sizing.md and of the runbook's section on scale.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.space.partitions import MOST_ROWS, number_of_partitions, rows_per_partition

RECORD = Path(__file__).with_name("limits.json")

# A sort's run is this part of merge_memory_mb (pipeline/storage/sorted_runs.py).
RUN_SHARE = 8
# Rows that the merge puts in order at a time, and of a row group (pipeline/storage/merge.py).
ORDERED_ROWS, ROW_GROUP = 10_000, 30_000
MERGE_MEMORY_MB = 256  # the default
MOST_RUNS = 1_000  # that the sizes here allow a merge: about as far as it was measured
LISTED = 1_000  # names that one listing gives
FLOW_AND_SCHEDULER = 2  # cores that are there for as long as a run is


@dataclass(frozen=True)
class Part:
    """What each part of a run was measured to take; `*_s` are rates, `*_bytes` bytes of one."""

    share: float
    pruned_s: float
    analysed_s: float
    output_s: float
    merge_s: tuple[tuple[float, float], ...]  # sorted runs, and rows a second with so many
    documents_s: float
    tasks_s: float
    dispatch_core_s: float
    marker_local_s: float
    marker_store_s: float
    store_put_s: float
    pruning_bytes: float
    analysis_bytes: float
    marker_bytes: float
    ranked_bytes: float
    scratch_bytes: float
    document_bytes: float
    group_bytes: float
    group_close_bytes: float
    flow_marker_bytes: float
    flow_bytes: float
    worker_bytes: float


def runs_of(rows: float, memory_mb: int, row_bytes: float) -> float:
    """Sorted runs of a merge of `rows` records."""
    return rows / (memory_mb * 2**20 / RUN_SHARE / row_bytes)


def parts(record: dict[str, Any]) -> Part:
    """The figures of a record that sizes are computed from. Raises KeyError."""
    runs, dask, store = record["runs"], record["dask"], record["store"]
    run, sizes, merges = runs["finer_processes_2"], runs["bytes"], record["merge"]
    merge = merges[0]
    tls, gateway = dask["tls_2"], store["radosgw"]
    return Part(
        share=runs["large_threads_2"]["survivors"] / runs["large_threads_2"]["rows"],
        pruned_s=run["pruned_rows_s_core"],
        analysed_s=run["analysed_rows_s_core"],
        output_s=run["output_rows_s"],
        merge_s=tuple(
            (runs_of(each["rows"], each["memory_mb"], merge["scratch_bytes_a_row"]), each["rows_s"])
            for each in merges
        ),
        documents_s=record["mongo"]["documents_s"],
        tasks_s=tls["tasks_s"],
        dispatch_core_s=max(tls["scheduler_core_ms_a_task"], tls["flow_core_ms_a_task"]) / 1e3,
        marker_local_s=record["markers"]["read_ms_a_marker"] / 1e3,
        marker_store_s=1 / gateway["marker, 8 at once"]["get_s"],
        store_put_s=gateway["pruning part, 8 at once"]["put_s"],
        pruning_bytes=sizes["pruning_part_a_row"],
        analysis_bytes=sizes["analysis_part_a_survivor"],
        marker_bytes=sizes["pruning_marker"],
        ranked_bytes=sizes["ranked_a_survivor"],
        scratch_bytes=merge["scratch_bytes_a_row"],
        document_bytes=record["mongo"]["disk_bytes_a_document"],
        group_bytes=record["row_group"]["held_bytes"],
        group_close_bytes=record["row_group"]["at_close_bytes"],
        flow_marker_bytes=record["markers"]["flow_bytes_a_marker"],
        flow_bytes=1e6 * run["flow_pss_mb"],
        worker_bytes=1e6 * run["worker_pss_mb"],
    )


@dataclass(frozen=True)
class Size:
    """A run of `rows` structures, of which `share` survive, by what was measured in `part`."""

    part: Part
    rows: int
    share: float
    merge_mb: int | None = None  # merge_memory_mb; else as much as keeps MOST_RUNS
    cut: int | None = None  # partition_rows, where somebody asks for them

    @property
    def survivors(self) -> int:
        return round(self.rows * self.share)

    @property
    def partition_rows(self) -> int:
        return rows_per_partition(self.rows, self.cut)

    @property
    def pruning_parts(self) -> int:
        return number_of_partitions(self.rows, self.partition_rows)

    @property
    def analysis_parts(self) -> int:
        return number_of_partitions(self.survivors, self.partition_rows)

    @property
    def pruning_core_s(self) -> float:
        return self.rows / self.part.pruned_s

    @property
    def analysis_core_s(self) -> float:
        return self.survivors / self.part.analysed_s

    @property
    def spread_core_s(self) -> float:
        """Core seconds that workers share."""
        return self.pruning_core_s + self.analysis_core_s

    @property
    def partition_s(self) -> float:
        """Core seconds of a partition, over both fan-outs."""
        return self.spread_core_s / (self.pruning_parts + self.analysis_parts)

    @property
    def markers_read(self) -> int:
        """Markers that the flow reads, several at once: before the analysis, and at the output."""
        return 2 * self.pruning_parts + self.analysis_parts

    @property
    def markers_s(self) -> float:
        """Seconds of that from the measured gateway."""
        return self.markers_read * self.part.marker_store_s

    @property
    def merge_memory_mb(self) -> int:
        """The default, or as many times it doubled as keeps the sorted runs at MOST_RUNS."""
        if self.merge_mb is not None:
            return self.merge_mb
        memory = MERGE_MEMORY_MB
        while runs_of(self.survivors, memory, self.part.scratch_bytes) > MOST_RUNS:
            memory *= 2
        return memory

    @property
    def output_s(self) -> float:
        """Seconds of the output stage, one process: as measured, and slower with more runs."""
        found = sorted(self.part.merge_s)
        places = [math.log(runs) for runs, _ in found]
        costs = [1 / rate for _, rate in found]
        here = float(np.interp(math.log(max(1, self.sorted_runs)), places, costs))
        return self.survivors * (1 / self.part.output_s + max(0.0, here - costs[0]))

    @property
    def mongo_s(self) -> float:
        """Seconds of a merge into MongoDB, one process and one server."""
        return self.survivors / self.part.documents_s

    @property
    def alone_s(self) -> float:
        """Seconds that no worker shortens, without MongoDB."""
        return self.markers_s + self.output_s

    @property
    def most_workers(self) -> int:
        """Workers beyond which the flow or the scheduler, a core each, cannot keep up."""
        return max(1, int(self.partition_s / self.part.dispatch_core_s))

    def seconds(self, workers: int) -> float:
        """Wall seconds of the run."""
        return self.spread_core_s / workers + self.alone_s

    def workers(self, hours: float) -> int | None:
        """Workers of a core each that end it within `hours`; None: no number does."""
        left = 3_600 * hours - self.alone_s
        if left <= 0:
            return None
        wanted = max(1, math.ceil(self.spread_core_s / left))
        return wanted if wanted <= self.most_workers else None

    @property
    def requests(self) -> dict[str, int]:
        """Requests to a store, at most: pruning's parts are read in as many spans as can be."""
        p, a = self.pruning_parts, self.analysis_parts
        spans = max(0, p + a - 1) if a else 0
        listings = 2 * -(-p // LISTED) + -(-a // LISTED)
        return {"GET": 3 * p + 3 * a + 2 * spans, "PUT": 2 * (p + a), "LIST": listings}

    @property
    def stored(self) -> dict[str, float]:
        """Bytes by where they lie."""
        return {
            "checkpoints": self.rows * self.part.pruning_bytes
            + self.survivors * self.part.analysis_bytes
            + (self.pruning_parts + self.analysis_parts) * self.part.marker_bytes,
            "scratch": self.survivors * self.part.scratch_bytes,
            "ranked": self.survivors * self.part.ranked_bytes,
            "mongo": self.survivors * self.part.document_bytes,
        }

    @property
    def sorted_runs(self) -> int:
        """Sorted runs of the merge."""
        return math.ceil(runs_of(self.survivors, self.merge_memory_mb, self.part.scratch_bytes))

    @property
    def flow_bytes(self) -> float:
        """Memory of the flow at the end: what was measured, and what grows with the run."""
        groups = self.survivors / ROW_GROUP
        return (
            self.part.flow_bytes
            + (self.merge_memory_mb - MERGE_MEMORY_MB) * 2**20
            + groups * self.part.group_close_bytes
            + self.analysis_parts * self.part.flow_marker_bytes
        )

    def vcpu_hours(self, workers: int) -> float:
        """Of workers while they compute, and of flow and scheduler to the end."""
        return (self.spread_core_s + FLOW_AND_SCHEDULER * self.seconds(workers)) / 3_600

    def kept_gb(self) -> float:
        """What stays after a run, without MongoDB [GB]."""
        return (self.stored["checkpoints"] + self.stored["ranked"]) / 1e9


@dataclass(frozen=True)
class Prices:
    """What a user pays, in one currency."""

    vcpu_hour: float
    gb_month: float
    thousand_requests: float

    def cost(self, size: Size, workers: int, months: float = 1.0) -> dict[str, float]:
        """Of a run whose files are kept so long."""
        return {
            "compute": size.vcpu_hours(workers) * self.vcpu_hour,
            "storage": size.kept_gb() * months * self.gb_month,
            "requests": sum(size.requests.values()) / 1_000 * self.thousand_requests,
        }


# Round numbers to show the arithmetic; nobody's prices.
EXAMPLE = Prices(vcpu_hour=0.10, gb_month=0.10, thousand_requests=0.01)


def record() -> dict[str, Any]:
    """The measured record. Raises FileNotFoundError."""
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def _number(low: float, high: float) -> Callable[[str], float]:
    def checked(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")
        return value

    return checked


def main(arguments: list[str]) -> int:
    from benchmarks import sizing_page  # noqa: PLC0415 - it imports this

    parser = argparse.ArgumentParser(prog="python -m benchmarks.sizing", description=__doc__)
    parser.add_argument("--write", action="store_true", help="make the tables of the pages")
    parser.add_argument("--rows", type=_number(1, 1e12), help="structures; else 10^6 to 10^9")
    parser.add_argument("--share", type=_number(0, 1), help="of them that survive (0 to 1)")
    parser.add_argument("--partition-rows", type=_number(1, MOST_ROWS), help="else as runs do")
    parser.add_argument("--hours", type=_number(0.01, 10_000), help="wanted")
    for name, what in (
        ("vcpu-hour", "an hour of one core"),
        ("gb-month", "a GB stored for a month"),
        ("thousand-requests", "1,000 requests to the store"),
    ):
        parser.add_argument(f"--{name}", type=_number(0, 1e6), default=0.0, help=f"price of {what}")
    options = parser.parse_args(arguments)
    found = record()
    if options.write:
        for path in sizing_page.write(found):
            print(f"{path}: written")
        return 0
    prices = Prices(options.vcpu_hour, options.gb_month, options.thousand_requests)
    rows = [int(options.rows)] if options.rows else list(sizing_page.SIZES)
    share = parts(found).share if options.share is None else options.share
    cut = int(options.partition_rows) if options.partition_rows else None
    sizes = [Size(parts(found), each, share, cut=cut) for each in rows]
    print(sizing_page.sizes(sizes, options.hours))
    print()
    print(sizing_page.costs(sizes, prices, options.hours))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
