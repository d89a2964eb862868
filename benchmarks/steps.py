"""What a run or a question is made of, a step at a time and in one process, once compiled.

The large project's, best of several; its first structures are those of one partition.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.blocks import PROJECTS, survivors_in_a_row
from benchmarks.commands import WHERE
from benchmarks.machine import Row, best_of
from kernels.bijection import permute, round_keys
from pipeline import engine, evaluate, load_request, run, top
from pipeline.columns import survivor_fields
from pipeline.inputs.encode import problem_of
from pipeline.places import results_of
from pipeline.query.rows import ranked_of
from pipeline.space.levers import LeverSpace
from pipeline.stages.frontier import Frontier
from pipeline.storage.checkpoints import ANALYSIS, Marker, Owner, read_marker
from pipeline.storage.merge import merge_ranked
from pipeline.storage.plan import Plan, read_plan
from pipeline.storage.store import Store, open_folder

BEST_OF = 5
FILE = str(PROJECTS / "large.yaml")
_MERGE_MB = 256  # the setting's default


def measure() -> Iterator[Row]:
    """Every step, then the merge of a run's parts and questions to that run."""
    request = load_request(FILE)
    problem = problem_of(request)
    space = LeverSpace(problem.levers)
    keys = round_keys(1)

    def generated() -> None:
        ids = permute(np.arange(10_000, dtype=np.int64), space.size, keys)
        space.fill(problem.base, np.sort(ids))

    yield _step("project file read and checked", lambda: load_request(FILE), "market, rulebook too")
    yield _step("derived inputs and lever space", lambda: LeverSpace(problem_of(request).levers))
    yield _step("keys of a seed", lambda: round_keys(1))
    yield _step("10,000 structures generated", generated, "ids of a sample, and their inputs")
    first = space.size // 3
    for rows in (1, 1_000, 2_500):
        ids = np.arange(first, first + rows, dtype=np.int64)
        what = "one structure" if rows == 1 else f"{rows:,} structures"
        yield _step(
            f"{what} through both gates", lambda ids=ids: engine.sized_figures_of_ids(problem, ids)
        )
    some = survivors_in_a_row(problem, 2_500, first)
    yield _step(
        "2,500 structures with every figure",
        lambda: engine.figures_of_ids(problem, some),
        "18 scenarios of structures that pass both gates",
    )
    yield _step("evaluate(), one structure", lambda: evaluate(request))
    with tempfile.TemporaryDirectory() as out:
        run_id = run(request, workers=2, out=out)["run_id"]
        yield from _merge(Path(out) / run_id)
        yield _step("top(), ten best", lambda: top(run_id, out=out), "from the run's folder")
        yield _step(
            "ten best of those that a condition leaves",
            lambda: best_where(run_id, out),
            f"from the run's folder, {WHERE}",
        )


def best_where(run_id: str, out: str | None = None, mongo: str | None = None) -> int:
    """What `top --where` asks of a folder or a database; the number of rows that match."""
    ranked = ranked_of(results_of(out, mongo), run_id)
    places = ranked.matching(ranked.asked(where=WHERE).where)
    ranked.fetch(places[:10])
    return len(places)


def _step(what: str, work: Callable[[], object], note: str = "") -> Row:
    work()
    return Row(what, 1_000 * best_of(BEST_OF, work), "ms", note=note)


def _merge(folder: Path) -> Iterator[Row]:
    """The parts of a run into one ranked file, as its output stage does it, without the reports."""
    store = open_folder(folder)
    plan = read_plan(store)
    assert plan is not None
    markers = _markers(store, plan)
    schema = pa.schema(survivor_fields(plan.problem.levers))

    def merged() -> None:
        merge_ranked(
            store, markers, schema, plan.problem.objective, folder / "again.parquet", _MERGE_MB,
            lambda _: None, Frontier(),
        )  # fmt: skip

    seconds = best_of(3, merged)
    rows = sum(marker.rows for marker in markers)
    note = f"{rows:,} rows, {len(markers)} parts, {len(schema)} columns, with the frontier"
    yield Row("parts merged and ranked, large", rows / seconds, "rows/s", note=note)
    yield Row("merge and ranking, large", seconds, "s", note=note)


def _markers(store: Store, plan: Plan) -> list[Marker]:
    owner = Owner(plan.plan_hash, plan.fingerprint)
    found: list[Marker] = []
    while (marker := read_marker(store, owner, ANALYSIS, len(found)).marker) is not None:
        found.append(marker)
    return found
