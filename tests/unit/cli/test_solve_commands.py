"""Do near-misses and break-even answer in words, JSON and CSV, and tell bad input plainly?"""

import csv
import json
from pathlib import Path

import pytest

from pipeline.cli.main import run_command
from pipeline.evaluation import evaluate
from pipeline.inputs import load_request
from pipeline.storage.results import head
from tests.run_projects import run_here
from tests.unit.inputs.sound import ROOT

Capture = pytest.CaptureFixture[str]
SMALL = ROOT / "fixtures" / "projects" / "small.yaml"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    return run_here(load_request(SMALL), folder, max_permutations=3_000)[1]


def document(arguments: list[str], capsys: Capture, code: int = 0) -> dict:
    assert run_command(arguments) == code
    return json.loads(capsys.readouterr().out)


def test_the_best_near_misses_are_those_of_the_report(run: Path, capsys: Capture) -> None:
    out = ["--out", str(run.parent)]
    found = document(["near-misses", run.name, "--top", "4", "--json", *out], capsys)
    kept = head(run / "reports" / "near_misses.parquet", 4)
    assert found["counts"]["rows"] == 4
    assert sum(row["alike"] for row in found["rows"]) == 4
    first = {name: found["rows"][0][name] for name in kept[0]}
    assert first == kept[0]
    assert found["rows"][0]["levers"]["SeniorTenorY_39"] == first["tenor_base"]
    assert run_command(["near-misses", run.name, *out]) == 0
    assert "have a solution" in capsys.readouterr().out
    tenor = found["rows"][0]["tenor_base"]
    where = ["--where", f"_39 = {tenor:g} and capex_coverage < 95%", "--top", "50"]
    some = document(["near-misses", run.name, *where, "--json", *out], capsys)["rows"]
    assert some
    assert all(row["tenor_base"] == tenor and row["capex_coverage"] < 0.95 for row in some)


def test_all_near_misses_go_to_a_file_row_by_row(
    run: Path, tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "near.csv"
    arguments = ["near-misses", run.name, "--all", "--top", "3", "--csv", str(file), "--json"]
    found = document([*arguments, "--out", str(run.parent), "--workers", "2"], capsys)
    counts = found["counts"]
    assert counts["rows"] == json.loads((run / "summary.json").read_text())["near_misses"]
    assert sum(counts["by_change"].values()) == counts["solved"] <= counts["rows"]
    with file.open(newline="") as text:
        rows = list(csv.DictReader(text))
    assert len(rows) == counts["rows"]
    ids = [int(row["permutation_id"]) for row in rows]
    assert ids == sorted(set(ids))
    assert len(found["rows"]) == 3
    passing = [
        abs(float(r["solution_change_pct"])) for r in rows if r["passes_all_gates"] == "True"
    ]
    assert abs(found["rows"][0]["solution_change_pct"]) == min(passing)
    assert list(tmp_path.iterdir()) == [file]


def test_a_structure_of_a_run_is_solved_without_its_project_file(
    run: Path, capsys: Capture
) -> None:
    (best,) = head(run / "ranked.parquet", 1)
    number = str(best["permutation_id"])
    found = document(["break-even", run.name, number, "--json", "--out", str(run.parent)], capsys)
    assert (found["run_id"], found["permutation_id"]) == (run.name, best["permutation_id"])
    assert (found["condition"], found["holds"]) == ("passes both gates", True)
    assert [each["name"] for each in found["inputs"]] == ["rent", "opex", "capex", "coupon"]
    coupon = found["inputs"][3]
    assert coupon["base"] == best["SeniorCoupon_38"]
    over = coupon["over"]
    assert over["margin"] == over["value"] - coupon["base"] > 0
    assert over["margin_pct"] == pytest.approx(100 * over["margin"] / coupon["base"])
    assert over["inside"]["gate_a_reasons"] + over["inside"]["gate_b_reasons"] == []
    assert (
        over["changed"][0] in over["outside"]["gate_a_reasons"] + over["outside"]["gate_b_reasons"]
    )
    assert over["outside"]["senior_notional"] == pytest.approx(over["inside"]["senior_notional"])
    assert run_command(["break-even", run.name, number, "--out", str(run.parent)]) == 0
    assert over["changed"][0] in capsys.readouterr().out


def test_a_project_is_taken_as_evaluate_takes_it(capsys: Capture) -> None:
    settings = {"SeniorTenorY_39": 10, "TargetDSCRSenior_37": 1.5}
    texts = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    arguments = ["break-even", "--project", str(SMALL), *texts, "--json", "--input", "rent"]
    found = document([*arguments, "--reach", "capex_coverage>=1"], capsys, code=2)
    assert "is not a figure that can be filtered" in found["messages"][0]
    found = document([*arguments, "--reach", "SeniorNotional>=20000000"], capsys)
    (rent,) = found["inputs"]
    (base,) = [evaluate(load_request(SMALL), settings)["senior_notional"]]
    assert found["holds"] == (base >= 20e6)
    value = rent["over" if base < 20e6 else "under"]["value"]
    # Debt sized on percentages of rent is in proportion to it.
    assert value == pytest.approx(0.12 * 20e6 / base, rel=1e-9)
    assert run_command(["break-even", "--set", "SeniorTenorY_39=10", "--gate", "MATH_ERROR"]) == 0
    assert "catalogue defaults: 'no MATH_ERROR' holds" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "told"), [
    (["RUN"], "which structure of the run"),
    (["RUN", "999999999"], "is no structure of this run"),
    (["RUN", "1", "--set", "SeniorTenorY_39=10"], "no --project, no --set"),
    (["RUN", "1", "--gate", "ICR_BELOW"], "did you mean ICR_BELOW_MINIMUM?"),
    (["RUN", "1", "--gate", "MATH_ERROR", "--keep", "tier"], "give one of"),
    (["RUN", "1", "--input", "SeniorAmortType_40"], "no number"),
    (["RUN", "1", "--input", "SeniorCupon_38"], "did you mean SeniorCoupon_38?"),
    (["no-such-run", "1"], "there is no run"),
    (["--project", "nowhere.yaml"], "nowhere.yaml"),
    (["--set", "SeniorTenorY_39=99"], "is out of range"),
])  # fmt: skip
def test_bad_questions_are_told_and_exit_2(
    arguments: list[str], told: str, run: Path, capsys: Capture
) -> None:
    given = [run.name if each == "RUN" else each for each in arguments]
    assert run_command(["break-even", *given, "--out", str(run.parent)]) == 2
    out, err = capsys.readouterr()
    assert told in err
    assert "Traceback" not in err + out


def test_near_misses_of_what_is_not_there(run: Path, tmp_path: Path, capsys: Capture) -> None:
    out = ["--out", str(run.parent)]
    assert run_command(["near-misses", "no-such-run", *out]) == 2
    assert "there is no run" in capsys.readouterr().err
    assert run_command(["near-misses", run.name, "--csv", f"{tmp_path}/no/near.csv", *out]) == 2
    assert "there is no such folder" in capsys.readouterr().err
    assert run_command(["near-misses", run.name, "--where", "tenr = 3", *out]) == 2
    assert run_command(["near-misses", run.name, "--all", "--where", "_39 = 5", *out]) == 2
    assert "not with --all" in capsys.readouterr().err


def test_an_unfinished_run_says_what_it_lacks(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_here(load_request(SMALL), tmp_path, max_permutations=600)[1]
    (folder / "ranked.parquet").unlink()
    out = ["--out", str(tmp_path)]
    assert run_command(["near-misses", folder.name, *out]) == 2
    assert "is not finished" in capsys.readouterr().err
    (folder / "checkpoints" / "pruning" / "part-00000.json").unlink()
    assert run_command(["near-misses", folder.name, "--all", *out]) == 1
    assert "resume the run first" in capsys.readouterr().err
    monkeypatch.setattr("pipeline.stages.input.engine_fingerprint", lambda: "another")
    assert run_command(["break-even", folder.name, "1", *out]) == 1
    assert "start it again from its project file" in capsys.readouterr().err
