"""Every row of `make bench`: its group, name and unit. A row that is not named here is refused.

The name is what the history knows a row by: work that changes its meaning gets a new name.
"""

from benchmarks.machine import Row

PROJECTS = ("small", "medium", "large")
SAMPLES = (1_000, 10_000, 50_000, 100_000, 150_000)
HIGHER_IS_WORSE = frozenset({"s", "ms", "GB", "MB"})


def _runs() -> dict[str, str]:
    found = {}
    for name in PROJECTS:
        for workers in (1, 2):
            found[f"run --direct, {name}, {workers} worker(s)"] = "s"
            found[f"memory, {name}, {workers} worker(s)"] = "GB"
    for rows in SAMPLES:
        found[f"run of {rows:,} of large, 2 worker(s)"] = "s"
        found[f"memory, {rows:,} of large, 2 worker(s)"] = "GB"
    return found | {
        "run of 1,000 of large, 1 worker(s)": "s",
        "structures of large, 1 worker(s)": "rows/s",
        "structures of large, 2 worker(s)": "rows/s",
        "folder of 150,000 of large": "MB",
        "plan and manifest written, large": "s",
        "output stage, large": "s",
    }


GROUPS: dict[str, dict[str, str]] = {
    "End-to-end": _runs(),
    "One step at a time": {
        "project file read and checked": "ms",
        "derived inputs and lever space": "ms",
        "keys of a seed": "ms",
        "10,000 structures generated": "ms",
        "one structure through both gates": "ms",
        "1,000 structures through both gates": "ms",
        "2,500 structures through both gates": "ms",
        "2,500 structures with every figure": "ms",
        "evaluate(), one structure": "ms",
        "top(), ten best": "ms",
        "ten best of those that a condition leaves": "ms",
    },
    "Kernels, one core": {
        "multiplications and additions": "GFLOP/s",
        "months and return, 300-month lease": "rows/s",
        **{f"base case with return, {name}": "rows/s" for name in PROJECTS},
        **{
            f"{work}, large, {how}": "rows/s"
            for work in ("all scenarios", "sizing and gates")
            for how in ("as a run has them", "far apart")
        },
    },
    "Other programs": {
        "base case with return, large, beside NumPy": "rows/s",
        "base case with return, large, beside NREL-PySAM": "rows/s",
        "base case with return, large, beside waterfall-py": "rows/s",
        "return of monthly flows, beside pyxirr": "rates/s",
        "return of monthly flows, beside numpy-financial": "rates/s",
        "Bachelier floorlet, beside QuantLib": "prices/s",
    },
    "Merge": {
        "parts merged and ranked, large": "rows/s",
        "merge and ranking, large": "s",
        **{f"survivors merged, {name}": "rows/s" for name in PROJECTS},
    },
    "Pack": {"pack of one structure": "s", "packs of the best 10": "s"},
    "Start-up": {
        "start: --help": "s",
        "start: validate": "s",
        "start: plan": "s",
        "start: evaluate": "s",
        "start: top": "s",
        "start: top --where": "s",
        "start: show": "s",
        "start: explain": "s",
        "ten people at once: top, the slowest": "s",
    },
    "MongoDB": {
        "structures merged into MongoDB": "documents/s",
        "a document written, confirmed by a majority": "ms",
        "a file written to GridFS": "MB/s",
        "a structure by its number": "ms",
        "ten best of a run in MongoDB": "ms",
        "structures counted by tier": "ms",
        "all structures scanned by the server": "ms",
        "all structures of a run read": "s",
    },
}  # fmt: skip
UNITS = {name: unit for rows in GROUPS.values() for name, unit in rows.items()}


def checked(row: Row) -> Row:
    """The row, if the bench knows it. Raises ValueError."""
    if UNITS.get(row.what) != row.unit:
        raise ValueError(f"benchmarks/rows.py has no row {row.what!r} in {row.unit!r}")
    return row
