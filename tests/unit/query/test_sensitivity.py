"""Do shares of variance mean what the method page says, and do they agree with the stored rows?"""

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.cli.main import run_command
from pipeline.inputs import load_request
from pipeline.query.sensitivity import OF_SURVIVORS, sensitivity
from pipeline.query.variance import CellSums, pairs_of
from pipeline.storage.results import LocalResults
from pipeline.storage.store import open_folder
from tests.run_projects import run_here

Capture = pytest.CaptureFixture[str]
RADICES = (3, 4, 2)
GRID = np.indices(RADICES).reshape(3, -1)


def sums_of(digits: np.ndarray, values: np.ndarray, step: int = 10**6) -> CellSums:
    sums = CellSums(RADICES, pairs_of(RADICES))
    for start in range(0, len(values), step):
        sums.add(digits[:, start : start + step], values[start : start + step])
    return sums


def test_effects_that_add_up_do_not_interact() -> None:
    a, b, _ = GRID
    sums = sums_of(GRID, 3.0 * a + b)
    whole = 9 * np.var([0, 1, 2]) + np.var([0, 1, 2, 3])
    shares = [sums.main_effect(lever).share for lever in range(3)]
    assert shares == pytest.approx([9 * np.var([0, 1, 2]) / whole, 1.25 / whole, 0.0], abs=2e-9)
    assert [sums.interaction(place).share for place in range(3)] == pytest.approx([0, 0, 0])


def test_what_only_two_together_do_is_all_interaction() -> None:
    a, _, c = GRID
    sums = sums_of(GRID, np.where((a == 0) == (c == 0), 1.0, 0.0))
    mains = [sums.main_effect(lever).share or 0.0 for lever in range(3)]
    together = {pair: sums.interaction(place).share for place, pair in enumerate(sums.pairs)}
    assert sum(mains) + together[0, 2] == pytest.approx(1.0)  # type: ignore[operator]
    assert together[0, 2] > 0.8  # type: ignore[operator]
    assert together[0, 1] == together[1, 2] == pytest.approx(0.0)


def test_shares_of_uneven_cells_are_those_of_least_squares() -> None:
    draw = np.random.default_rng(4)
    digits = GRID[:, draw.integers(0, 20, 300)]
    values = digits[0] * 2.0 + digits[0] * digits[1] + draw.normal(size=300)
    sums = sums_of(digits, values)
    spread = ((values - values.mean()) ** 2).sum()

    def explained(*designs: np.ndarray) -> float:
        design = np.column_stack(designs)
        fitted = design @ np.linalg.lstsq(design, values, rcond=None)[0]
        return 1.0 - ((values - fitted) ** 2).sum() / spread

    dummies = [np.eye(radix)[row] for radix, row in zip(RADICES, digits, strict=True)]
    for lever in range(3):
        assert sums.main_effect(lever).share == pytest.approx(explained(dummies[lever]), abs=2e-9)
    for place, (i, j) in enumerate(sums.pairs):
        cells = np.eye(RADICES[i] * RADICES[j])[digits[i] * RADICES[j] + digits[j]]
        extra = explained(cells) - explained(dummies[i], dummies[j])
        assert sums.interaction(place).share == pytest.approx(extra, abs=2e-9)


def test_nulls_are_left_out_and_a_constant_has_no_shares() -> None:
    values = np.where(GRID[0] == 1, np.nan, 0.1 + GRID[1])
    sums = sums_of(GRID, values)
    assert sums.rows == 16
    assert sums.means(0) == [pytest.approx(1.6), None, pytest.approx(1.6)]
    assert sums.main_effect(1).share == pytest.approx(1.0)
    assert sums_of(GRID, np.full(24, 0.3)).main_effect(0).share is None
    assert CellSums(RADICES).main_effect(0).share is None


def test_no_bit_depends_on_how_rows_were_cut() -> None:
    values = np.random.default_rng(1).lognormal(15, 3, GRID.shape[1] * 50)
    digits = np.tile(GRID, 50)
    one, other = sums_of(digits, values), sums_of(digits, values, step=7)
    for lever in range(3):
        assert one.means(lever) == other.means(lever)
        assert one.main_effect(lever) == other.main_effect(lever)
    assert [one.interaction(p) for p in range(3)] == [other.interaction(p) for p in range(3)]


def test_a_pair_of_too_many_cells_is_left_out() -> None:
    assert pairs_of((1_000, 1_000, 2)) == ((0, 2), (1, 2))


def analysed(run: Path) -> dict:
    return sensitivity(LocalResults(run.parent), run.name, open_folder(run))


def test_it_agrees_with_the_stored_rows(run: Path) -> None:
    found = analysed(run)
    evaluated = pq.read_table(run / "evaluated").to_pylist()
    ranked = pq.read_table(run / "ranked.parquet").to_pylist()
    plan = json.loads((run / "plan.json").read_text())
    levers = [(lever["name"], lever["labels"]) for lever in plan["problem"]["levers"]]
    assert (found["evaluated"], found["survivors"]) == (len(evaluated), len(ranked))
    divisor = math.prod(len(labels) for _, labels in levers)
    for told, (name, labels) in zip(found["levers"], levers, strict=True):
        divisor //= len(labels)
        assert told["name"] == name
        rows_of = {number: [] for number in range(len(labels))}
        for row in evaluated:
            rows_of[row["permutation_id"] // divisor % len(labels)].append(row)
        for number, value in enumerate(told["values"]):
            rows = rows_of[number]
            assert value["value"] == labels[number]
            assert value["evaluated"] == len(rows)
            reasons = Counter(row["first_reason"] for row in rows if row["first_reason"])
            assert value["first_reasons"] == dict(reasons)
            assert value["survivors"] == sum(row["survivor"] for row in rows)
            assert value["failing"].get("TENOR_EXCEEDS_LIMIT", 0) == sum(
                row["reasons"] >> 1 & 1 for row in rows
            )
            kept = [row for row in ranked if row[name] == labels[number]]
            for figure, more in OF_SURVIVORS.items():
                figures = [row[figure] for row in kept if row[figure] is not None]
                best = (max if more else min)(figures, default=None)
                assert value["figures"][figure]["best"] == best
                if figures:
                    mean = math.fsum(figures) / len(figures)
                    assert value["figures"][figure]["mean"] == pytest.approx(mean, rel=1e-12)
    coupon = found["levers"][1]
    assert coupon["runs_into"][0]["rule"] == "COUPON_OUT_OF_MARKET"
    assert coupon["runs_into"][0]["most_pct"] == 100.0


def test_partitions_change_nothing(run: Path, tmp_path: Path) -> None:
    request = load_request(run.parent / "trial.yaml")
    other = run_here(request, tmp_path, partition_rows=437)[1]
    assert other.name == run.name
    assert analysed(other) == analysed(run)


def test_people_get_tables_and_one_lever_by_any_name(run: Path, capsys: Capture) -> None:
    base = ["sensitivity", run.name, "--out", str(run.parent)]
    assert run_command(base) == 0
    assert "runs into" in capsys.readouterr().out
    assert run_command([*base, "--lever", "_38"]) == 0
    assert "COUPON_OUT_OF_MARKET" in capsys.readouterr().out
    assert run_command([*base, "--lever", "seniorcoupon38", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [lever["name"] for lever in found["levers"]] == ["SeniorCoupon_38"]
    assert all("SeniorCoupon_38" in each["levers"] for each in found["interactions"])


@pytest.mark.parametrize("name", ["wacc", "_22", "SeniorCupon_38"])
def test_what_is_no_lever_is_bad_input(run: Path, capsys: Capture, name: str) -> None:
    line = ["sensitivity", run.name, "--out", str(run.parent), "--lever", name, "--json"]
    assert run_command(line) == 2
    assert "SeniorCoupon_38" in json.loads(capsys.readouterr().out)["problems"][0]["allowed"]
