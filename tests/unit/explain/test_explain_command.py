"""Does `explain` tell any structure of a run from the run's own folder, equal to what is stored?"""

import csv
import json
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kernels import figures as f
from pipeline.api import explain
from pipeline.cli.main import run_command
from pipeline.engine import figures_of_ids
from pipeline.explain.document import csv_text
from pipeline.explain.model import Setting, Table, TableColumn
from pipeline.explain.run import StoredRun, compared, explain_permutation, open_run
from pipeline.explain.text import document_text
from pipeline.inputs import load_request
from pipeline.storage.plan import plan_bytes
from pipeline.storage.results import RANKED_PATH, LocalResults, head, stored_row
from tests.run_projects import ROUGH_ROWS, SPACE, request_of, run_here, write_rough_project

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    """A run over a whole space, in a folder that is not the one it was computed in."""
    folder = tmp_path_factory.mktemp("explained")
    _, made = run_here(request_of(folder), folder)
    (folder / "trial.yaml").unlink()
    moved = folder / "elsewhere" / made.name
    shutil.move(made, moved)
    return open_run(moved.parent, moved.name)


@pytest.fixture(scope="module")
def rough(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    """A sample of which every structure is a survivor, with all columns stored."""
    folder = tmp_path_factory.mktemp("rough")
    _, made = run_here(load_request(write_rough_project(folder)), folder)
    return open_run(folder, made.name)


def folder_of(run: StoredRun) -> Path:
    assert isinstance(run.results, LocalResults)
    return run.results.folder(run.manifest["run_id"])


@pytest.mark.parametrize("count", [200, pytest.param(1_000, marks=pytest.mark.full)])
def test_random_structures_are_their_stored_rows(
    run: StoredRun, rough: StoredRun, count: int
) -> None:
    rng = np.random.default_rng(20261121)
    survivors = [row["permutation_id"] for row in head(folder_of(rough) / RANKED_PATH, ROUGH_ROWS)]
    chosen = [(run, int(each)) for each in rng.choice(SPACE, count * 6 // 10, replace=False)]
    chosen += [(rough, int(each)) for each in rng.choice(survivors, count * 4 // 10, replace=False)]
    files = set()
    for of_run, number in chosen:
        kept = stored_row(folder_of(of_run), number, of_run.plan.partition_of(number))
        assert kept is not None, number
        files.add(kept[0].partition("/")[0])
        assert compared(of_run.plan, number, *kept).differing == ()
    assert len(chosen) == count
    assert files == {RANKED_PATH, "evaluated"}


def test_what_the_steps_show_are_the_stored_columns(rough: StoredRun) -> None:
    columns: set[str] = set()
    for stored in head(folder_of(rough) / RANKED_PATH, ROUGH_ROWS)[::80]:
        told = explain_permutation(rough, stored["permutation_id"])
        assert told.stored is not None and told.stored.equal
        shown = {step.column: step.result for step in told.steps() if step.bound is None}
        held = {name: shown[name] for name in shown if name in stored}
        assert held == {name: stored[name] for name in held}
        columns |= set(held)
    assert len(columns) > 65


def test_a_part_is_found_without_looking_through_all(rough: StoredRun, run: StoredRun) -> None:
    for of_run, numbers in ((rough, range(0, 9_000, 97)), (run, (0, SPACE - 1))):
        for number in numbers:
            partition = of_run.plan.partition_of(number)
            looked_for = stored_row(folder_of(of_run), number)
            assert (looked_for is None) == (partition is None)
            if partition is not None:
                assert stored_row(folder_of(of_run), number, partition) == looked_for


def test_a_stored_row_that_differs_is_told(run: StoredRun) -> None:
    ranked = head(folder_of(run) / RANKED_PATH, 1)[0]
    number = ranked["permutation_id"]
    ranked["wacc"] = np.nextafter(ranked["wacc"], 100.0)
    ranked["a_column_of_another_engine"] = 1
    told = compared(run.plan, number, RANKED_PATH, ranked)
    assert told.differing == ("wacc", "a_column_of_another_engine")
    assert not told.equal


def test_any_structure_is_explained_within_a_second(run: StoredRun, rough: StoredRun) -> None:
    explain_permutation(run, 0)
    slowest = 0.0
    for of_run, number in ((run, 17), (run, SPACE - 1), (rough, 5), (rough, 4_000)):
        started = time.perf_counter()
        told = explain_permutation(of_run, number, "combined")
        slowest = max(slowest, time.perf_counter() - started)
        figures = figures_of_ids(of_run.plan.problem, np.array([number]))[:, 0]
        steps = {step.id: step.result for step in told.steps()}
        assert steps.get("senior.notional") == figures[f.SENIOR_NOTIONAL]
    assert slowest < 1.0


def said(arguments: list[str], capsys: Capture, code: int = 0) -> str:
    assert run_command(arguments) == code
    captured = capsys.readouterr()
    return captured.out if code == 0 else captured.err


def document(arguments: list[str], capsys: Capture) -> dict[str, Any]:
    found = json.loads(said([*arguments, "--json"], capsys))
    assert isinstance(found, dict)
    return found


def where(run: StoredRun) -> list[str]:
    return ["--out", str(folder_of(run).parent)]


def test_a_survivor_is_told_with_rank_formulas_and_gates(run: StoredRun, capsys: Capture) -> None:
    number = head(folder_of(run) / RANKED_PATH, 1)[0]["permutation_id"]
    text = said(["explain", folder_of(run).name, str(number), *where(run)], capsys)
    assert f"permutation {number}, rank 1, tier" in text
    assert "stored row in ranked.parquet: equal to the last bit" in text
    assert "S_DSCR = D ÷ u" in text
    assert "Gate" in text and "PASS by" in text
    assert "Waterfall by year, scenario base" in text


def test_one_document_holds_what_was_asked(run: StoredRun, capsys: Capture) -> None:
    arguments = ["explain", folder_of(run).name, "4711", *where(run), "--section", "gates"]
    found = document([*arguments, "--section", "waterfall", "--month", "12:14"], capsys)
    assert found["schema"] == 1
    assert found["facts"]["permutation"] == 4711
    assert found["stored"]["equal"] is True
    assert [section["name"] for section in found["sections"]] == ["gates", "waterfall"]
    table = found["sections"][1]["tables"][0]
    assert [row[0] for row in table["rows"]] == [12, 13, 14]
    tests = [step["bound"] for step in found["sections"][0]["steps"]]
    assert {"rule", "actual", "limit", "headroom", "verdict", "reason", "action"} <= set(tests[0])


def test_the_waterfall_goes_to_a_csv(run: StoredRun, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "months.csv"
    arguments = ["explain", folder_of(run).name, "17", *where(run), "--csv", str(path)]
    assert str(path) in said([*arguments, "--scenario", "rate_200"], capsys)
    rows = list(csv.DictReader(path.open(encoding="utf-8")))
    assert [row["month"] for row in rows[:3]] == ["1", "2", "3"]
    assert rows[0]["covenant_dscr"] == "" and float(rows[11]["covenant_dscr"]) > 0.0
    assert float(rows[0]["trap_trigger"]) == 1.2
    assert {"interest_due", "interest_paid", "senior_balance", "dsra", "equity"} <= set(rows[0])


def test_another_engine_and_a_run_that_is_not_done_are_said(
    run: StoredRun, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.explain.run.engine_fingerprint", lambda: "f" * 16)
    folder = tmp_path / folder_of(run).name
    folder.mkdir()
    for name in ("manifest.json", "plan.json"):
        shutil.copy(folder_of(run) / name, folder / name)
    text = said(["explain", folder.name, "5", "--out", str(tmp_path)], capsys)
    assert f"computed by engine {run.plan.fingerprint}, this is {'f' * 16}" in text
    assert "the run has not got to it" in text
    assert "gate_b.dscr_below_minimum" in text


def test_a_structure_outside_the_sample_is_explained_and_said_to_be(
    rough: StoredRun, capsys: Capture
) -> None:
    inside = {row["permutation_id"] for row in head(folder_of(rough) / RANKED_PATH, ROUGH_ROWS)}
    outside = next(each for each in range(rough.plan.size) if each not in inside)
    found = document(["explain", folder_of(rough).name, str(outside), *where(rough)], capsys)
    assert found["stored"] is None
    assert "not part of the run's sample of 2,600" in found["notes"][0]
    assert len(found["sections"]) == 15


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["10240"], "has to be a whole number from 0 to 10239"),
        (["1.5"], "has to be a whole number from 0 to 10239"),
        (["9" * 5000], "has to be a whole number from 0 to 10239"),
        (["1", "--section", "tax"], "has to be one of project, income, senior"),
        (["1", "--scenario", "boom"], "has to be one of base, flat, indexed"),
        (["1", "--month", "b"], "has to be A:B"),
        (["1", "--month", "3:2"], "first month first"),
        (["1", "--month", "900"], "this waterfall has months 1 to 244"),
        (["1", "--csv", "no-such-folder/x.csv"], "has to be a file in a folder that is there"),
    ],
)
def test_bad_input_is_told_with_what_is_allowed(
    run: StoredRun, arguments: list[str], told: str, capsys: Capture
) -> None:
    command = ["explain", folder_of(run).name, *arguments, *where(run)]
    assert told in said(command, capsys, code=2)


def test_an_unknown_run_and_a_damaged_plan_are_errors(
    run: StoredRun, tmp_path: Path, capsys: Capture
) -> None:
    assert "there is no run 'nope'" in said(["explain", "nope", "1", *where(run)], capsys, code=2)
    folder = tmp_path / folder_of(run).name
    folder.mkdir()
    shutil.copy(folder_of(run) / "manifest.json", folder)
    arguments = ["explain", folder.name, "1", "--out", str(tmp_path)]
    assert "plan.json of run" in said(arguments, capsys, code=1)
    (folder / "plan.json").write_text('{"schema": 1}')
    assert "the plan cannot be read" in said(arguments, capsys, code=1)
    shorter = replace(run.plan.problem, base=run.plan.problem.base[:-1])
    (folder / "plan.json").write_bytes(plan_bytes(replace(run.plan, problem=shorter)))
    told = said(arguments, capsys, code=1)
    assert "was written by engine" in told and "start the run again" in told


def test_python_gives_the_same_explanation(run: StoredRun) -> None:
    out = str(folder_of(run).parent)
    assert explain(folder_of(run).name, 17, "rent", out=out) == explain_permutation(run, 17, "rent")
    for number, scenario in ((-1, "base"), (SPACE, "base"), (0, "boom")):
        with pytest.raises(ValueError, match="has to be"):
            explain(folder_of(run).name, number, scenario, out=out)


def test_evaluate_explains_a_single_scenario(tmp_path: Path, capsys: Capture) -> None:
    trace = ["--set", "TargetDSCRSenior_37=1.35", "--set", "SeniorCoupon_38=5.5"]
    text = said(["evaluate", *trace, "--explain", "--section", "senior"], capsys)
    assert "= (1 − (1 + 0.004583333333)^(−300)) ÷ 0.004583333333" in text
    assert "= 162.8432451" in text
    assert "= 226,171,173.71" in text
    assert "needs --explain" not in text
    for arguments in (["--section", "senior"], ["--explain", "--format", "json"]):
        assert "--explain" in said(["evaluate", *arguments], capsys, code=2)
    assert "SeniorCoupon_38" in said(
        ["evaluate", "--explain", "--set", "SeniorCoupon_38=99"], capsys, code=2
    )
    assert list(tmp_path.iterdir()) == []


def test_text_that_looks_like_markup_or_a_formula_stays_text(run: StoredRun) -> None:
    odd = "=1+1 <b>\x1b[31m\u202e\n"
    told = replace(
        explain_permutation(run, 3), title=odd, settings=(Setting(odd, odd),), notes=(odd,)
    )
    text = document_text(replace(told, sections=()))
    assert "\x1b" not in text and "\u202e" not in text
    assert text.count("=1+1 <b>[31m") == 4
    table = Table("odd", "Odd", (TableColumn("name", "Name", ""),), ((odd,), (None,), (True,)))
    assert csv_text(table) == 'name\n\'=1+1 <b>[31m \n""\ntrue\n'
