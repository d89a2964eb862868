"""`make scale`: ten million structures beside one million, in time, memory and outcome.

The lever space is the large golden project's with finer coverage targets and coupons and nine
operating costs, 50 million structures; both runs are samples of it by the same seed, so that the
smaller one's structures are among the larger one's. (Of a smaller space ten million would be a
quarter or more, whose neighbours share work: they would be faster by row than one million.) The
best rows of the larger are computed a second time, straight from the ids of the sample through the
engine into a sorted list, without partitions, checkpoints or merge.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import machine
from benchmarks.blocks import PROJECTS
from benchmarks.machine import Row
from benchmarks.run import Measured, measured_in, run_measured
from kernels import figures as f
from kernels.bijection import permute, round_keys
from pipeline.columns import survivor_table
from pipeline.engine import figures_of_ids, sized_figures_of_ids
from pipeline.storage.merge import ranking
from pipeline.storage.plan import Plan, read_plan
from pipeline.storage.sorted_runs import sortable
from pipeline.storage.store import open_folder

SMALL, LARGE = 1_000_000, 10_000_000
MOST_TIME, MOST_MEMORY = 1.05, 1.2
TOP = 1_000
_AT_ONCE = 50_000
FINER = (
    ("{min: 1.15, max: 1.50, step: 0.05}", "{min: 1.15, max: 1.50, step: 0.01}"),
    (
        "{min: 3.0, max: 7.0, step: 0.25}",
        "{min: 3.0, max: 7.0, step: 0.05}\n  OPEX_08: {min: 8, max: 16, step: 1}",
    ),
    ("\n  OPEX_08: 10\n", "\n"),
    ("../markets/usd.yaml", "builtin:usd"),
    ("../rulebooks/v1.yaml", "builtin:v1"),
)


def finer(folder: Path) -> Path:
    """The project file, in a folder."""
    text = (PROJECTS / "large.yaml").read_text()
    for before, after in FINER:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path = folder / "scale.yaml"
    path.write_text(text[: text.index("\nexpected:")])
    return path


def straightforward(plan: Plan, rows: int) -> pa.Table:
    """The best `rows` of a sampled plan, by one loop over its ids."""
    keys = ranking(plan.problem.objective)
    best: pa.Table | None = None
    for start in range(0, plan.count, _AT_ONCE):
        positions = np.arange(start, min(start + _AT_ONCE, plan.count), dtype=np.int64)
        ids = np.sort(permute(positions, plan.size, round_keys(plan.seed)))
        sized = sized_figures_of_ids(plan.problem, ids)
        ids = ids[(sized[f.GATE_A_FAILED] == 0) & (sized[f.GATE_B_FAILED] == 0)]
        if not len(ids):
            continue
        digits = plan.space.digits(ids)
        table = survivor_table(plan.problem.levers, digits, ids, figures_of_ids(plan.problem, ids))
        table = table if best is None else pa.concat_tables([best, table])
        order = np.lexsort(sortable(table, keys).T[::-1])[:rows]
        best = table.take(pa.array(order))
    assert best is not None
    return best.combine_chunks()


def measure() -> Iterator[Row]:
    """Time and memory of both runs; raises AssertionError where the outcome differs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = finer(folder)
        run_measured(project, 2, ("--max-permutations", "2000"))  # compiles what is not compiled
        before = _run(project, SMALL)
        large = measured_in(folder / "runs", project, 2, ("--max-permutations", str(LARGE)))
        small = min(before, _run(project, SMALL), key=lambda run: run.seconds)
        for rows, run in ((SMALL, small), (LARGE, large)):
            stages = ", ".join(f"{stage} {took:.1f} s" for stage, took in run.stages.items())
            note = f"{run.peak / 1e6:.0f} MB, {run.survivors:,} survivors; {stages}"
            yield Row(f"{rows:,} structures", run.seconds, "s", note=note)
        linear = large.seconds / small.seconds / (LARGE / SMALL)
        yield Row("time, of linear", linear, "", note=f"at most {MOST_TIME}")
        grown = large.peak / small.peak
        yield Row("memory, of the smaller", grown, "", note=f"at most {MOST_MEMORY}")
        yield _same_top(next((folder / "runs").glob("*/plan.json")).parent)


def _run(project: Path, rows: int) -> Measured:
    return run_measured(project, 2, ("--max-permutations", str(rows)))


def _same_top(run: Path) -> Row:
    """The best rows of a run against those of the plain computation."""
    plan = read_plan(open_folder(run))
    assert plan is not None
    expected = straightforward(plan, TOP)
    ranked = pq.ParquetFile(run / "ranked.parquet").read_row_group(0).slice(0, TOP)
    found = ranked.select(expected.column_names)
    assert found.equals(expected), "the best rows differ from the plain computation"
    return Row(
        "best rows equal to a plain computation", TOP, "rows", note="every column, to the bit"
    )


def main() -> None:
    """Print the table; exit 1 where time or memory grows too much."""
    about = machine.described()
    rows = []
    for row in measure():
        sys.stderr.write(f"{row.what}: {row.cells()[1]} {row.unit} {row.note}\n")
        rows.append(row)
    about["load_after"] = round(machine.load(), 2)
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    print()
    print(machine.table(rows))
    figures = {row.what: row.figure for row in rows}
    if figures["time, of linear"] > MOST_TIME or figures["memory, of the smaller"] > MOST_MEMORY:
        sys.exit(1)


if __name__ == "__main__":
    main()
