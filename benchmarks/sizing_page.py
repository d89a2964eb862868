"""The tables of docs/sizing.md and of the runbook's section on scale, from one record."""

import math
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.machine import ROOT
from benchmarks.sizing import (
    EXAMPLE,
    MERGE_MEMORY_MB,
    ORDERED_ROWS,
    Prices,
    Size,
    parts,
)

PAGES = ("docs/sizing.md", "docs/runbook.md")
SIZES = {10**6: 0.05, 10**7: 0.25, 10**8: 2.0, 10**9: 24.0}  # rows: hours wanted
WORST = 1.0  # share of survivors
_GIB = 2**30
# Defaults of the chart (helm/atlas-forge/values.yaml), held to it by a test.
CHART_RUNS_GIB, CHART_FLOW_GIB, QUEUE_ALERT = 10, 4, 10_000
_PATIENCE_S, _HOUR_S = 600, 3_600

Record = dict[str, Any]


def write(record: Record, root: Path = ROOT) -> list[str]:
    """Put every block of the record into its place. Raises ValueError where a mark is missing."""
    found = blocks(record)
    for page in PAGES:
        path = root / page
        path.write_text(filled(path.read_text(encoding="utf-8"), found), encoding="utf-8")
    return list(PAGES)


def filled(text: str, found: dict[str, str]) -> str:
    """A page with the text between its marks anew."""
    for name, block in found.items():
        begin, end = f"<!-- sizing {name}: begin -->", f"<!-- sizing {name}: end -->"
        if begin not in text:
            continue
        before, _, rest = text.partition(begin)
        _, mark, after = rest.partition(end)
        if not mark:
            raise ValueError(f"{name}: its end is missing")
        text = f"{before}{begin}\n\n{block}\n\n{end}{after}"
    return text


def blocks(record: Record) -> dict[str, str]:
    """All blocks by name."""
    part = parts(record)
    usual = [Size(part, rows, part.share) for rows in SIZES]
    worst = [Size(part, rows, WORST) for rows in SIZES]
    return {
        "measured": measured(record),
        "limits": limits(record),
        "merge": merge(record),
        "usual": sizes(usual),
        "worst": sizes(worst),
        "hours": by_hours(usual[-2:]),
        "bounds": bounds(usual),
        "workers": workers(usual),
        "cost": costs(usual, EXAMPLE),
        "guidance": guidance(record),
        "cost of a run": cost_of_a_run(record),
    }


def measured(record: Record) -> str:
    """When and on what, part by part."""
    head = ["part", "date", "commit", "load before", "load after"]
    rows = [
        [name, about["date"][:16].replace("T", " "), f"`{about['commit']}`",
         f"{about['load']:.1f}", f"{about['load_after']:.1f}"]
        for name, about in record["measured"].items()
    ]  # fmt: skip
    about = next(iter(record["measured"].values()))
    said = (
        f"{about['cores']} cores of an {about['processor']}, Python {about['python']}. A load well "
        "above the cores before a part began means that others used the machine: those figures are "
        "too low."
    )
    return f"{_lines(said)}\n\n{_table(head, rows, left=3)}"


def limits(record: Record) -> str:
    """What each part can take."""
    runs, dask, store = record["runs"], record["dask"], record["store"]
    one, two, own = runs["large_threads_1"], runs["large_threads_2"], runs["finer_processes_2"]
    mongo, markers, cold = record["mongo"], record["markers"], runs["cold_start"]
    merged, group = record["merge"][0], record["row_group"]
    rows = [
        ["pruning, a core", _n(own["pruned_rows_s_core"]), "rows/s",
         (f"two worker processes; threads: {_n(one['pruned_rows_s_core'])} alone, "
         f"{_n(two['pruned_rows_s_core'])} with two")],
        ["analysis, a core", _n(own["analysed_rows_s_core"]), "rows/s",
         (f"18 scenarios a row; threads: {_n(one['analysed_rows_s_core'])} alone, "
         f"{_n(two['analysed_rows_s_core'])} with two")],
        ["output stage, one process", _n(own["output_rows_s"]), "rows/s",
         f"merge, ranks, summary, PDF of {own['survivors']:,} survivors"],
        ["merge alone", _n(merged["rows_s"]), "rows/s", f"{merged['memory_mb']} MB"],
    ]  # fmt: skip
    for name, what in (("tls_1", "TLS, 1 worker"), ("tls_2", "TLS, 2 workers"),
                       ("tls_4", "TLS, 4 workers"), ("tcp_2", "no TLS, 2 workers")):  # fmt: skip
        found = dask[name]
        rows.append(
            [f"Dask, {what}", _n(found["tasks_s"]), "tasks/s",
             (f"core a task: scheduler {found['scheduler_core_ms_a_task']:.2f} ms, flow "
             f"{found['flow_core_ms_a_task']:.2f} ms")]
        )  # fmt: skip
    wire = min(dask[name]["wire_bytes_a_task"] for name in ("tls_1", "tls_2", "tls_4"))
    rows += [
        ["Dask, on the wire", _n(wire), "bytes/task", "least of the three over TLS, both ways"],
        ["Dask, memory of the scheduler", _n(dask["scheduler_rss_mb"]), "MB",
         (f"at the end; {_n(dask['scheduler_bytes_a_task'])} bytes a task over the last "
          f"{dask['scheduler_tasks']:,}: its own records, which have an end")],
    ]  # fmt: skip
    for place, what in (("local", "local disk"), ("radosgw", "Ceph's gateway"),
                        ("moto", "moto, which is Python and a mere test server")):  # fmt: skip
        for item in ("marker", "pruning part", "analysis part"):
            alone, many = (store[place][f"{item}, {count} at once"] for count in (1, 8))
            mb = many["bytes"] * many["put_s"] / 1e6, many["bytes"] * many["get_s"] / 1e6
            rows.append(
                [f"{what}: {item}, {_bytes(many['bytes'])}",
                 f"{_n(many['put_s'])} / {_n(many['get_s'])}", "PUT/s / GET/s",
                 (f"8 at once, {_n(mb[0])} / {_n(mb[1])} MB/s; one by one {_n(alone['put_s'])} / "
                 f"{_n(alone['get_s'])}; what is not there {_n(alone['absent_s'])}/s")]
            )  # fmt: skip
    rows += [
        ["MongoDB", _n(mongo["documents_s"]), "documents/s",
         (f"{_n(mongo['mb_s'])} MB/s of {_n(mongo['document_bytes'])} bytes each; on disk with "
         f"indexes {_n(mongo['disk_bytes_a_document'])}; core: server "
         f"{_n(mongo['server_core_us_a_document'])} µs, client "
         f"{_n(mongo['client_core_us_a_document'])} µs a document")],
        ["markers read by the flow, local disk", _n(1e3 / markers["read_ms_a_marker"]), "markers/s",
         (f"{markers['markers']:,} in {_n(markers['read_s'])} s; "
         f"{_n(markers['flow_bytes_a_marker'])} bytes of memory each while they are held")],
        ["row group of ranked.parquet", _n(group["held_bytes"] / 1e3), "kB of memory",
         (f"until the file is closed; {_n(group['at_close_bytes'] / 1e3)} kB at the most while it "
         "is closed")],
        ["worker process", _n(own["worker_pss_mb"]), "MB",
         (f"PSS at the most, partitions of {runs['bytes']['partition_rows']:,} rows; the flow with "
         f"the merge {_n(own['flow_pss_mb'])} MB")],
        ["start of a worker", f"{cold['process_s']:.1f}", "s",
         (f"process to first row: imports {cold['import_s']:.1f} s, compiled kernels and first row "
         f"{cold['first_row_s']:.1f} s; joining a scheduler "
         f"{dask['tls_1']['workers_started_s']:.1f} s")],
    ]  # fmt: skip
    return _table(["part", "figure", "unit", "note"], rows, left=1)


def merge(record: Record) -> str:
    """The merge with less and less memory: as many sorted runs as a larger merge has."""
    rows = []
    for found in record["merge"]:
        size = Size(parts(record), found["rows"], 1.0, found["memory_mb"])
        rows.append(
            [f"{found['memory_mb']}", f"{found['rows']:,}", _n(size.sorted_runs),
             _n(ORDERED_ROWS / size.sorted_runs), _n(found["rows_s"])]
        )  # fmt: skip
    head = ["merge_memory_mb", "rows", "sorted runs", "rows of a run at a time", "rows/s"]
    return _table(head, rows, left=0)


def sizes(found: list[Size], hours: float | None = None) -> str:
    """Workers, hours, requests, storage and memory of some sizes."""
    lines: dict[str, Callable[[Size], str]] = {
        "survivors": lambda s: _n(s.survivors),
        "rows a partition": lambda s: f"{s.partition_rows:,}",
        "partitions, pruning + analysis": lambda s: f"{s.pruning_parts:,} + {s.analysis_parts:,}",
        "time of one core, pruning": lambda s: _time(s.pruning_core_s),
        "time of one core, analysis": lambda s: _time(s.analysis_core_s),
        "in one process: markers from the store": lambda s: _time(s.markers_s),
        "in one process: output stage": lambda s: _time(s.output_s),
        "in one process: into MongoDB": lambda s: _time(s.mongo_s),
        "hours wanted, without MongoDB": lambda s: _n(_wanted(s, hours)),
        "**workers** of one core": lambda s: _workers(s, hours),
        "time on two cores": lambda s: _time(s.seconds(2)),
        "requests, GET + PUT": lambda s: f"{_n(s.requests['GET'])} + {_n(s.requests['PUT'])}",
        "checkpoints": lambda s: _bytes(s.stored["checkpoints"]),
        "scratch of the merge, while it runs": lambda s: _bytes(s.stored["scratch"]),
        "ranked.parquet": lambda s: _bytes(s.stored["ranked"]),
        "MongoDB": lambda s: _bytes(s.stored["mongo"]),
        "merge_memory_mb": lambda s: f"{s.merge_memory_mb:,}",
        "memory of the flow": lambda s: _bytes(s.flow_bytes),
    }
    head = ["structures", *(f"{size.rows:,}" for size in found)]
    return _table(head, [[name, *map(line, found)] for name, line in lines.items()], left=1)


def _wanted(size: Size, hours: float | None) -> float:
    return hours if hours is not None else SIZES.get(size.rows, 1.0)


def _workers(size: Size, hours: float | None) -> str:
    found = size.workers(_wanted(size, hours))
    return f"none: at least {_n(least_hours(size))} h" if found is None else f"{found:,}"


def least_hours(size: Size) -> float:
    """Hours with as many workers as flow and scheduler can keep busy."""
    return size.seconds(size.most_workers) / 3_600


def by_hours(found: list[Size]) -> str:
    """Workers by hours wanted."""
    hours = (1, 2, 4, 8, 12, 24)
    rows = [[f"{size.rows:,}", *(_workers(size, each) for each in hours)] for size in found]
    return _table(["structures", *(f"{each} h" for each in hours)], rows, left=1)


def bounds(usual: list[Size]) -> str:
    """What is reached as runs grow, the first first, and what is changed then."""
    part, share = usual[0].part, usual[0].share
    large = usual[-2:]
    found: list[tuple[str, Callable[[Size], float], float, Callable[[float], str], str]] = [
        ("flow's `/runs` volume, chart's default", lambda s: s.stored["scratch"]
         + s.stored["ranked"], CHART_RUNS_GIB * _GIB, _bytes,
         "`flow.runs.existingClaim`: a claim as large as scratch and ranked.parquet together"),
        ("markers from the measured gateway, 8 at once", lambda s: s.markers_s, _PATIENCE_S,
         _time, "`partition_rows` 100,000 makes them a tenth"),
        ("markers from a local disk", lambda s: s.markers_read
         * part.marker_local_s, _PATIENCE_S, _time, "as above"),
        ("output stage, one process", lambda s: s.output_s, _HOUR_S, _time,
         ("tighter gates, so that fewer survive; several runs over parts of the space, compared by "
         "`compare`; a merge by several processes would have to be built")),
        ("merge into MongoDB, one process", lambda s: s.mongo_s, _HOUR_S, _time,
         "leave MongoDB out, read the folder; several writers would have to be built"),
        ("partitions that wait: AtlasForgeQueueDeep speaks", lambda s: float(s.pruning_parts),
         QUEUE_ALERT, _n, "larger `partition_rows`, or `monitoring.alerts.queue.partitions`"),
        ("memory of the flow, chart's limit", lambda s: s.flow_bytes, CHART_FLOW_GIB * _GIB, _bytes,
         ("`flow.resources.limits.memory`; a smaller footer of ranked.parquet would have to be "
         "built")),
        ("sorted runs of the merge: one row of each at a time", lambda s: float(s.sorted_runs),
         ORDERED_ROWS, _n, (f"`ATLAS_FORGE_MERGE_MEMORY_MB` above {MERGE_MEMORY_MB}: runs become "
         "fewer in proportion")),
    ]  # fmt: skip

    def usual_memory(rows: int) -> Size:
        return Size(part, rows, share, MERGE_MEMORY_MB)

    rows = []
    for what, value, limit, shown, then in found:
        reached = _reached(lambda rows, value=value: value(usual_memory(rows)), limit)
        there = [shown(value(usual_memory(size.rows))) for size in large]
        rows.append((reached, [what, shown(limit), _n(reached), *there, then]))
    rows.sort(key=lambda each: each[0])
    head = ["what", "bound", "reached at", *(f"at {_n(size.rows)}" for size in large),
            "what is changed then"]  # fmt: skip
    return _table(head, [row for _, row in rows], left=1, last_left=True)


def _reached(value: Callable[[int], float], limit: float) -> int:
    """Least rows, to a percent, at which a growing figure is over its bound."""
    low, high = 1, 10**13
    while high > 1.005 * low + 1:
        middle = math.isqrt(low * high)
        low, high = (low, middle) if value(middle) > limit else (middle, high)
    return high


def workers(usual: list[Size]) -> str:
    """Where more workers stop to help."""
    rows = []
    for size in usual:
        larger = size.part.dispatch_core_s / (size.partition_s / size.partition_rows)
        puts = 2 / size.partition_s
        rows.append(
            [f"{size.rows:,}", f"{size.partition_rows:,}", f"{size.partition_s:.2f}",
             f"{size.most_workers:,}", f"{_n(size.part.store_put_s / puts)}",
             f"{_n(100 * larger)}"]
        )  # fmt: skip
    head = ["structures", "rows a partition", "seconds of a partition",
            "workers: flow or scheduler busy", "workers: the measured gateway's PUTs",
            "rows a partition for 100 workers"]  # fmt: skip
    return _table(head, rows, left=0)


def costs(found: list[Size], prices: Prices, hours: float | None = None) -> str:
    """Quantities times prices."""
    rows = []
    for size in found:
        count = size.workers(_wanted(size, hours))
        if count is None:
            rows.append([f"{size.rows:,}", _workers(size, hours), *[""] * 6])
            continue
        cost = prices.cost(size, count)
        rows.append(
            [f"{size.rows:,}", f"{count:,}", _n(size.vcpu_hours(count)), _n(size.kept_gb()),
             _n(sum(size.requests.values()) / 1_000), f"{cost['compute']:,.2f}",
             f"{cost['storage']:,.2f}", f"{cost['requests']:,.2f}"]
        )  # fmt: skip
    head = ["structures", "workers", "vCPU-hours", "GB kept a month", "thousand requests",
            f"compute, at {prices.vcpu_hour:g}", f"storage, at {prices.gb_month:g}",
            f"requests, at {prices.thousand_requests:g}"]  # fmt: skip
    return _table(head, rows, left=0)


def guidance(record: Record) -> str:
    """The runbook's sizing in a few lines."""
    part = parts(record)
    own, large = record["runs"]["finer_processes_2"], record["large_partitions"]
    rows = [
        ["pruning", f"{_n(part.pruned_s)} rows/s a core"],
        ["analysis", f"{_n(part.analysed_s)} rows/s a core, of the survivors alone"],
        ["output, in the flow alone", f"{_n(part.output_s)} survivors/s"],
        ["memory of a worker", (f"{_n(own['worker_pss_mb'])} MB with partitions of 10,000 rows, "
         f"{_n(large['worker_pss_mb'])} MB with {large['partition_rows']:,}")],
        ["memory of the flow", (f"{_n(own['flow_pss_mb'])} MB at a million structures; what grows "
         f"with the run reaches {_bytes(Size(part, 10**8, part.share).flow_bytes)} at 10^8")],
        ["disk beside the flow", (f"{_n(part.scratch_bytes + part.ranked_bytes)} bytes a survivor "
         "while it merges")],
        ["survivors", (f"{100 * part.share:.0f} % in the large golden project; "
         "`atlas-forge plan` estimates a project's own")],
    ]  # fmt: skip
    return f"{_where(record, 'runs')}\n\n{_table(['part', 'measured'], rows, left=2)}"


def cost_of_a_run(record: Record) -> str:
    """The golden large run's core seconds as a price."""
    run = record["runs"]["large_threads_2"]
    hours = run["core_seconds"] / 3_600
    return _lines(
        f"{_where(record, 'runs')} The large golden project, {run['rows']:,} structures on "
        f"two cores, took {run['seconds']:.1f} s and {run['core_seconds']:.1f} core-seconds, "
        "start and report "
        f"included: {hours:.5f} vCPU-hours. At a price of "
        f"{EXAMPLE.vcpu_hour:.2f} a vCPU-hour, which is example input and nobody's price, that is "
        f"{hours * EXAMPLE.vcpu_hour:.5f}; a million such structures "
        f"{1e6 / run['rows'] * hours * EXAMPLE.vcpu_hour:.4f}."
    )


def _lines(text: str) -> str:
    """Text in lines as long as the pages have them."""
    return "\n".join(textwrap.wrap(text, 138, break_long_words=False, break_on_hyphens=False))


def _where(record: Record, part: str) -> str:
    about = record["measured"][part]
    return (
        f"Measured {about['date'][:10]} at commit `{about['commit']}` on {about['cores']} cores of "
        f"an {about['processor']}, load {about['load']:.1f} before and {about['load_after']:.1f} "
        "after."
    )


def _table(head: list[str], rows: list[list[str]], left: int, last_left: bool = True) -> str:
    """A Markdown table whose columns from `left` on are figures, but for a last one of words."""
    words = last_left and head[-1] in ("note", "what is changed then", "measured")
    rule = ["---" if n < left or (words and n == len(head) - 1) else "--:"
            for n in range(len(head))]  # fmt: skip
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, rule, *rows])


def _n(value: float) -> str:
    """A figure with three digits."""
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    return f"{rounded:,.{max(0, digits)}f}"


def _bytes(value: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1_000:
            return f"{_n(value)} {unit}"
        value /= 1_000
    return f"{_n(value)} TB"


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{_n(seconds)} s"
    return f"{_n(seconds / 60)} min" if seconds < 6_000 else f"{_n(seconds / 3_600)} h"
