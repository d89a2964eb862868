"""Do `show` and `compare` tell what a run holds, of survivors and of what was rejected?"""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.cli.main import run_command
from pipeline.inputs import load_request
from tests.run_projects import request_of, run_here, write_project

Capture = pytest.CaptureFixture[str]
Ask = Callable[..., dict]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run, and one that differs in its lease and one lever's values."""
    folder = tmp_path_factory.mktemp("runs")
    first = run_here(request_of(folder, limit=2_000), folder)[1]
    project = write_project(folder)
    text = project.read_text().replace("LeaseTermYears_22: 20", "LeaseTermYears_22: 18")
    project.write_text(text.replace("[4, 5, 6, 7, 8]", "[5, 6, 7, 8]"))
    return first, run_here(load_request(project), folder, max_permutations=2_000)[1]


@pytest.fixture
def ask(runs: tuple[Path, Path], capsys: Capture) -> Ask:
    def asked(*arguments: object, code: int = 0) -> dict:
        line = [*map(str, arguments), "--out", str(runs[0].parent), "--json"]
        assert run_command(line) == code
        return json.loads(capsys.readouterr().out)

    return asked


def evaluated(run: Path) -> list[dict]:
    return pq.read_table(run / "evaluated").to_pylist()


def test_a_run_shows_its_funnel_and_the_best_by_each_objective(
    runs: tuple[Path, Path], ask: Ask
) -> None:
    found = ask("show", runs[0].name)
    summary = json.loads((runs[0] / "summary.json").read_text())
    assert found["gates"] == summary["gates"]
    assert found["optimal"]["permutation_id"] == summary["optimal"]["permutation_id"]
    best = {each["objective"]: each for each in found["best"]}
    assert best["WACC"]["wacc"] == summary["best_wacc"]
    assert best["SeniorRaise"]["senior_notional"] == summary["max_senior"]
    assert best["EquityIRR"]["equity_irr"] == summary["best_irr"]
    assert best["Day1Cash"]["day1_cash"] == summary["max_day1"]
    assert best["DSCR"]["dscr_min"] == summary["best_dscr"]
    assert best["Composite"]["rank"] == 1
    assert found["provenance"]["market"]["name"] == "gbp"
    assert found["pareto_scenarios"] == summary["pareto_scenarios"] > 0


def test_a_survivor_is_shown_as_it_was_stored(runs: tuple[Path, Path], ask: Ask) -> None:
    row = pq.read_table(runs[0] / "ranked.parquet").slice(7, 1).to_pylist()[0]
    found = ask("show", runs[0].name, row["permutation_id"])
    assert found["rank"] == 8
    assert {**found["figures"], **found["levers"]} == row
    assert found["gates"]["a"]["passed"] and found["gates"]["b"]["passed"]
    assert found["day_one"][-1]["amount"] == row["day1_cash"]
    assert len(found["scenarios"]) == 18


def test_a_rejected_structure_is_computed_again(runs: tuple[Path, Path], ask: Ask) -> None:
    stored = next(row for row in evaluated(runs[0]) if row["first_reason"])
    found = ask("show", runs[0].name, stored["permutation_id"])
    assert found["rank"] is None
    assert found["source"].startswith("evaluated/part-")
    failed = [*found["gates"]["a"]["failed"], *found["gates"]["b"]["failed"]]
    assert failed[0] == stored["first_reason"]
    assert found["figures"]["capex_coverage"] == stored["capex_coverage"]


def test_a_survivor_beside_a_rejected_one(runs: tuple[Path, Path], ask: Ask) -> None:
    row = pq.read_table(runs[0] / "ranked.parquet").slice(0, 1).to_pylist()[0]
    stored = next(row for row in evaluated(runs[0]) if row["first_reason"])
    found = ask("compare", runs[0].name, row["permutation_id"], stored["permutation_id"])
    assert [each["rank"] for each in found["structures"]] == [1, None]


def test_one_outside_the_sample_says_so(runs: tuple[Path, Path], ask: Ask) -> None:
    drawn = {row["permutation_id"] for row in evaluated(runs[0])}
    outside = min(set(range(10_240)) - drawn)
    assert ask("show", runs[0].name, outside)["source"].startswith("not in the run's sample")
    problem = ask("show", runs[0].name, 10_240, code=2)["problems"][0]
    assert problem["allowed"] == "0 to 10239"


def test_another_engines_rejected_structure_is_not_made_up(
    runs: tuple[Path, Path], ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = next(row for row in evaluated(runs[0]) if row["first_reason"])
    monkeypatch.setattr("pipeline.query.structures.engine_fingerprint", lambda: "another")
    told = ask("show", runs[0].name, stored["permutation_id"], code=1)
    assert "was made by engine" in told["messages"][0]


def test_runs_are_compared_leaf_by_leaf_and_structure_by_structure(
    runs: tuple[Path, Path], ask: Ask
) -> None:
    found = ask("compare", runs[0].name, runs[1].name)
    changed = {each["path"]: (each["old"], each["new"]) for each in found["inputs"]}
    assert changed["base.LeaseTermYears_22"] == (20.0, 18.0)
    assert changed["levers.SeniorCoupon_38"] == ("4, 5, 6, 7, 8", "5, 6, 7, 8")
    assert not any(path.startswith(("market", "rulebook")) for path in changed)
    levers = ["TargetDSCRSenior_37", "SeniorCoupon_38", "SeniorTenorY_39", "SeniorAmortType_40",
              "zcis_5y", "zcis_10y", "trs", "floor", "strip"]  # fmt: skip
    sides = []
    for run in runs:
        rows = pq.read_table(run / "ranked.parquet").to_pylist()
        sides.append({tuple(row[name] for name in levers): row for row in rows})
    common = sides[0].keys() & sides[1].keys()
    told = found["structures"]
    assert told["in_both"] == len(common) > 50
    assert told["only_old"] == len(sides[0]) - len(common)
    tiers = [(sides[0][key]["viability_tier"], sides[1][key]["viability_tier"]) for key in common]
    assert told["moved_tier"] == sum(old != new for old, new in tiers)
    by_number = {row["permutation_id"]: key for key, row in sides[1].items()}
    for each in told["moved"]:
        key = by_number[each["new_permutation_id"]]
        assert sides[0][key]["permutation_id"] == each["old_permutation_id"]
        assert (sides[0][key]["rank"], sides[1][key]["rank"]) == (
            each["old_rank"],
            each["new_rank"],
        )


def test_a_run_is_the_same_as_itself(runs: tuple[Path, Path], ask: Ask, capsys: Capture) -> None:
    found = ask("compare", runs[0].name, runs[0].name)
    assert found["inputs"] == found["structures"]["moved"] == []
    assert all(each["old"] == each["new"] for each in (*found["totals"], *found["gates"]))
    run_command(["compare", runs[0].name, runs[0].name, "--out", str(runs[0].parent)])
    assert "asked the same" in capsys.readouterr().out


def test_structures_stand_side_by_side(runs: tuple[Path, Path], ask: Ask, capsys: Capture) -> None:
    rows = pq.read_table(runs[0] / "ranked.parquet").slice(0, 40).to_pylist()
    chosen = [rows[0], rows[39], rows[5]]
    numbers = [row["permutation_id"] for row in chosen]
    found = ask("compare", runs[0].name, *numbers)
    for column in found["columns"]:
        assert column["values"] == [row[column["name"]] for row in chosen]
        assert column["differs"] == (len({str(value) for value in column["values"]}) > 1)
    assert (
        run_command(["compare", runs[0].name, *map(str, numbers), "--out", str(runs[0].parent)])
        == 0
    )
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == ["figure", *map(str, numbers)]
    assert "wacc [%]" in out and "combined_dscr_min" not in out


@pytest.mark.parametrize("others", [["5"], ["5", "x"], ["x", "y"], ["5", "5"], ["1", "99999"]])
def test_what_cannot_be_compared_is_bad_input(
    runs: tuple[Path, Path], ask: Ask, others: list[str]
) -> None:
    assert ask("compare", runs[0].name, *others, code=2)["messages"]


def test_people_get_tables(runs: tuple[Path, Path], capsys: Capture) -> None:
    out = ["--out", str(runs[0].parent)]
    assert run_command(["show", runs[0].name, *out]) == 0
    assert "SeniorRaise" in capsys.readouterr().out
    number = pq.read_table(runs[0] / "ranked.parquet")["permutation_id"][0].as_py()
    assert run_command(["show", runs[0].name, str(number), *out]) == 0
    assert "Inflation swap, 5 years" in capsys.readouterr().out
    assert run_command(["compare", runs[0].name, runs[1].name, *out]) == 0
    assert "base.LeaseTermYears_22" in capsys.readouterr().out
