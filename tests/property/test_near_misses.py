"""Does every solution fund its structure, just, and is it the same whatever is solved beside it?"""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from kernels import figures as f
from pipeline.compute import SerialExecutor
from pipeline.engine import sized_figures_of_inputs
from pipeline.inputs import load_request
from pipeline.settings import load_settings
from pipeline.solve import near_miss_run
from pipeline.solve.near_miss_run import near_miss_ids, solved_tables
from pipeline.solve.near_miss_table import counted
from pipeline.solve.near_misses import NOT_REACHED, SOLVED, Solutions, failed_of, solve
from pipeline.storage.plan import read_plan
from pipeline.storage.store import open_folder
from tests.run_projects import quiet, run_here
from tests.unit.inputs.sound import ROOT
from tests.unit.solve.near import near_misses

PROJECTS = [("small", 61), ("medium", 199), ("large", 199)]


@pytest.fixture(scope="module", params=PROJECTS, ids=lambda each: each[0])
def solved(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    problem, _, inputs = near_misses(*request.param)
    return problem, inputs, solve(problem, inputs)


def test_each_change_funds_and_slightly_less_of_it_does_not(solved) -> None:  # type: ignore[no-untyped-def]
    problem, inputs, found = solved
    before = failed_of(sized_figures_of_inputs(problem, inputs))
    checked = 0
    for each in found.changes:
        rows = np.flatnonzero(each.status != NOT_REACHED)
        base, value = each.base[rows], each.value[rows]
        changed = sized_figures_of_inputs(problem, each.change.moved(inputs[:, rows], value))
        assert (changed[f.CAPEX_COVERAGE] >= 1.0).all()
        assert (failed_of(changed) == each.failed[rows]).all()
        assert (each.new[rows] == each.failed[rows] & ~before[rows]).all()
        assert each.change_pct[rows] == pytest.approx(100.0 * (value / base - 1.0), abs=1e-9)
        if each.change.per_unit is not None:
            continue
        less = base + (value - base) * (1.0 - 1e-6)
        figures = sized_figures_of_inputs(problem, each.change.moved(inputs[:, rows], less))
        # A clean value may begin where another test begins to pass, not where funding does.
        trades = (failed_of(figures) & ~before[rows]) != 0
        assert ((figures[f.CAPEX_COVERAGE] < 1.0 - 1e-12) | trades).all()
        checked += len(rows)
    assert checked > 200


def test_less_money_is_enough_only_for_rows_that_were_not_short(solved) -> None:  # type: ignore[no-untyped-def]
    """Rent only up, capex only down: nothing is funded by getting poorer."""
    _, _, found = solved
    rent, capex = found.changes[:2]
    assert (rent.change_pct[rent.status == SOLVED] > 0).all()
    assert (capex.change_pct[capex.status == SOLVED] < 0).all()


def same(one: Solutions, other: Solutions) -> bool:
    return (one.best == other.best).all() and all(
        np.array_equal(getattr(mine, name), getattr(theirs, name), equal_nan=True)
        for mine, theirs in zip(one.changes, other.changes, strict=True)
        for name in ("base", "status", "value", "change_pct", "failed", "new")
    )


def test_a_row_has_the_same_solution_in_any_company(solved) -> None:  # type: ignore[no-untyped-def]
    problem, inputs, found = solved
    draw = np.random.default_rng(5)
    order = draw.permutation(inputs.shape[1])
    assert same(solve(problem, inputs[:, order]), found.taken(order))
    some = order[:17]
    for row in some:
        assert same(solve(problem, inputs[:, [row]]), found.taken(np.array([row])))


def test_a_runs_near_misses_are_the_same_however_they_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = load_request(ROOT / "fixtures" / "projects" / "small.yaml")
    tables = []
    for rows, partition_rows in ((2_000, 2_500), (37, 700)):
        out = tmp_path / str(rows)
        out.mkdir()
        cut = {"max_permutations": 3_001, "partition_rows": partition_rows}
        summary, folder = run_here(request, out, **cut)
        store = open_folder(folder)
        plan = read_plan(store)
        assert plan is not None
        ids = near_miss_ids(store, plan)
        assert len(ids) == summary["near_misses"] > 50
        monkeypatch.setattr(near_miss_run, "ROWS_A_TASK", rows)
        place = load_settings({}, pack="no", out=str(out)).checkpoints_of(folder)
        found = solved_tables(plan, place, ids, SerialExecutor(), quiet)
        tables.append([row for table in found for row in table.to_pylist()])
        kept = pq.read_table(folder / "reports" / "near_misses.parquet")
        assert counted(kept) == summary["near_miss_solutions"]
        by_id = {row["permutation_id"]: row for row in tables[-1]}
        assert all(by_id[row["permutation_id"]] == row for row in kept.to_pylist())
        assert 0 < kept.num_rows <= 100
    assert tables[0] == tables[1]
