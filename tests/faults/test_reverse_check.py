"""Does a senior sizing that is wrong stop the run, and say for which permutation?"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kernels import codes, reverse
from kernels import figures as f
from pipeline.cli.main import run_command
from pipeline.engine import sized_figures_of_ids
from pipeline.inputs.encode import problem_of
from pipeline.problem import Problem, ReverseCheck
from pipeline.space.partitions import rows_per_partition
from pipeline.stages.counts import add_counts
from pipeline.stages.reverse_check import ReverseCheckError, compare, is_checked
from pipeline.storage.plan import Plan
from tests.run_projects import request_of, run_here, write_project

ALLOWED = ReverseCheck(rows_per_partition=16, notional_units=1000.0, dscr=0.001)
SIZED = 30e6
COVER = 1.30


def _pair(rows: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ids, figures and what bisection found, in agreement."""
    figures = np.full((f.N_FIGURES, rows), np.nan)
    figures[f.STATUS], figures[f.SENIOR_NOTIONAL], figures[f.DSCR_MIN] = codes.OK, SIZED, COVER
    found = np.array([[codes.OK], [SIZED - 400.0], [COVER]]).repeat(rows, axis=1)
    return 100 + np.arange(rows), figures, found


def test_agreement_is_recorded_with_its_largest_differences() -> None:
    ids, figures, found = _pair()
    found[reverse.DSCR, 3] += 0.0005
    record = compare(ids, figures, found, ALLOWED)
    assert record["reverse_rows"] == 4
    assert record["reverse_notional_gap"] == 400.0
    assert record["reverse_dscr_gap"] == pytest.approx(0.0005)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (f.SENIOR_NOTIONAL, SIZED + 601.0),
        (f.SENIOR_NOTIONAL, SIZED - 1401.0),
        (f.SENIOR_NOTIONAL, np.nan),
        (f.SENIOR_NOTIONAL, 0.0),
        (f.DSCR_MIN, COVER + 0.0011),
        (f.DSCR_MIN, np.nan),
    ],
)
def test_a_wrong_closed_form_is_named_with_both_figures(place: int, value: float) -> None:
    ids, figures, found = _pair()
    figures[place, 2] = value
    with pytest.raises(ReverseCheckError, match=r"^1 of 4 rows .* permutation 102:") as caught:
        compare(ids, figures, found, ALLOWED)
    for figure in (figures[f.SENIOR_NOTIONAL, 2], SIZED - 400.0):
        assert f"{figure:,.2f}" in str(caught.value)
    for figure in (figures[f.DSCR_MIN, 2], COVER):
        assert f"{figure:.6f}" in str(caught.value)


@pytest.mark.parametrize("place", [reverse.NOTIONAL, reverse.DSCR])
def test_a_bisection_without_an_answer_fails_as_well(place: int) -> None:
    ids, figures, found = _pair()
    found[place, 0] = np.nan
    with pytest.raises(ReverseCheckError, match="permutation 100"):
        compare(ids, figures, found, ALLOWED)


def test_only_invalid_structures_are_left_out_and_no_debt_has_no_coverage() -> None:
    ids, figures, found = _pair()
    figures[f.STATUS, 0], figures[f.SENIOR_NOTIONAL, 0] = codes.INVALID_STRUCTURE, np.nan
    figures[f.STATUS, 1], figures[f.SENIOR_NOTIONAL, 1] = codes.NO_DEBT, 0.0
    found[reverse.NOTIONAL, 1], found[reverse.DSCR, 1] = 0.0, np.nan
    assert compare(ids, figures, found, ALLOWED)["reverse_rows"] == 3


def _plan(problem: Problem, count: int, rows: int) -> Plan:
    return Plan("trial-0123456789ab", 7, 10_240, count, False, rows, "f" * 16, problem)


@pytest.fixture(scope="module")
def problem(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    return problem_of(request_of(tmp_path_factory.mktemp("problem")))


@pytest.mark.parametrize("count", [1, 150, 9_001, 10_240, 174_080, 261_120])
def test_the_sample_is_of_every_partition_and_the_same_however_the_run_is_cut(
    problem: Problem, count: int
) -> None:
    everywhere = np.arange(count)
    whole = everywhere[is_checked(_plan(problem, count, count), everywhere)]
    assert whole[0] == 0 and whole[-1] == count - 1
    assert (np.diff(whole) > 0).all()
    for rows in (1_200, 1_800, 2_500):
        plan = _plan(problem, count, rows)
        parts = [
            part[is_checked(plan, part)] for part in np.split(everywhere, range(rows, count, rows))
        ]
        assert min(len(part) for part in parts) >= 1
        np.testing.assert_array_equal(np.concatenate(parts), whole)
        if rows == rows_per_partition(count):
            assert all(14 <= len(part) <= 17 for part in parts[:-1])


def test_the_sample_meets_every_value_of_every_lever(problem: Problem) -> None:
    plan = _plan(problem, 10_240, 2_500)
    everywhere = np.arange(10_240)
    digits = plan.space.digits(everywhere[is_checked(plan, everywhere)])
    for lever, values in zip(problem.levers, digits, strict=True):
        assert set(values) == set(range(len(lever.labels)))


def test_largest_differences_are_kept_and_counts_added_in_any_order() -> None:
    records = [{"rows": 3, "gap": 0.5, "each": [1, 0]}, {"rows": 4, "gap": 0.25, "each": [2, 5]}]
    for ordered in (records, records[::-1]):
        total: dict = {}
        for record in ordered:
            add_counts(total, json.loads(json.dumps(record)))
        assert total == {"rows": 7, "gap": 0.5, "each": [3, 5]}


def _wrong_for(permutation: int) -> Callable[..., np.ndarray]:
    """The engine with 0.1 % too much senior debt in one permutation."""

    def sized(problem: Problem, ids: np.ndarray) -> np.ndarray:
        figures = sized_figures_of_ids(problem, ids)
        figures[f.SENIOR_NOTIONAL, ids == permutation] *= 1.001
        return figures

    return sized


def test_a_wrong_sizing_ends_the_run_with_one_and_names_partition_and_permutation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    request = request_of(tmp_path, limit=9_001)
    plan = Plan("t", request.run.seed, 10_240, 9_001, True, 2_500, "f", problem_of(request))
    ids, positions = plan.ids_of(1)
    checked = ids[is_checked(plan, positions)]
    wrong = checked[5]
    monkeypatch.setattr("pipeline.stages.pruning.sized_figures_of_ids", _wrong_for(wrong))
    project = str(write_project(tmp_path, limit=9_001))
    code = run_command(["run", project, "--direct", "--threads", "--out", str(tmp_path), "--json"])
    assert code == 1
    out, err = capsys.readouterr()
    told = json.loads(out)["messages"][0]
    assert told.startswith(f"pruning partition 1: ReverseCheckError: 1 of {len(checked)} rows fail")
    assert f"permutation {wrong}:" in told
    notionals = [float(figure.replace(",", "")) for figure in re.findall(r"\d[\d,]+\.\d\d\b", told)]
    assert notionals[0] / notionals[1] == pytest.approx(1.001, abs=1e-4)
    assert "Traceback" not in err
    assert not list(tmp_path.glob("trial-*/ranked.parquet"))


@pytest.mark.parametrize("rows", [40, 2_500])
def test_the_summary_says_what_was_checked(tmp_path: Path, rows: int) -> None:
    summary, _ = run_here(request_of(tmp_path, limit=1_500), tmp_path, partition_rows=rows)
    checked = summary["reverse_check"]
    assert checked["rows"] == 11
    assert 0.0 < checked["largest_notional_gap"] <= 500.0 + 1e-3
    assert checked["largest_dscr_gap"] < 1e-9
