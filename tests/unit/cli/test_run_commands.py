"""Does the command line keep its promises: exit codes, `--json` anywhere, no tracebacks?"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.cli.main import run_command
from pipeline.cli.progress import progress_display
from pipeline.stages.contract import Progress
from pipeline.storage.links import LINKS_PATH, keep_links
from tests.run_projects import request_of, run_here, write_project

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    return run_here(request_of(folder), folder)[1]


def document(arguments: list[str], capsys: Capture, code: int = 0) -> dict:
    assert run_command(arguments) == code
    return json.loads(capsys.readouterr().out)


def test_run_prints_a_summary_for_people(tmp_path: Path, capsys: Capture) -> None:
    project = str(write_project(tmp_path, limit=2_000))
    assert run_command(["run", project, "--direct", "--out", str(tmp_path), "--workers", "2"]) == 0
    out, err = capsys.readouterr()
    assert "2,000 structures" in out
    assert "Tiers: Diamond" in out
    assert "reports/summary.pdf" in out
    assert "pruning: 1 of 1 partitions, 2,000 rows" in err
    pdf = next(tmp_path.glob("trial-*/reports/summary.pdf"))
    assert pdf.read_bytes().startswith(b"%PDF")


def test_a_large_run_is_announced_with_its_time(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.cli.run.LARGE_RUN", 1_000)
    project = str(write_project(tmp_path))
    arguments = ["run", project, "--direct", "--out", str(tmp_path), "--max-permutations"]
    assert run_command([*arguments, "1001"]) == 0
    assert "warning: 1,001 structures take about" in capsys.readouterr().err
    assert run_command([*arguments, "1000"]) == 0
    assert "structures take" not in capsys.readouterr().err


def test_overrides_are_the_same_run_as_a_file_that_says_so(tmp_path: Path, capsys: Capture) -> None:
    out = ["--direct", "--out", str(tmp_path), "--json"]
    project = str(write_project(tmp_path, limit=600))
    stated = document(["run", project, *out], capsys)
    project = str(write_project(tmp_path))
    asked = document(["run", project, "--max-permutations", "600", *out], capsys)
    assert asked["run_id"] == stated["run_id"]
    assert asked == stated
    other = document(["run", project, "--max-permutations", "600", "--seed", "9", *out], capsys)
    assert other["run_id"] != stated["run_id"]


def test_plan_measures_and_writes_nothing(tmp_path: Path, capsys: Capture) -> None:
    project = write_project(tmp_path, limit=9_000)
    found = document(["--json", "plan", str(project), "--workers", "2"], capsys)
    assert (found["rows"], found["space_size"], found["partitions"]) == (9_000, 10_240, 4)
    assert found["seconds"] > 0
    assert found["bytes_on_disk"] > 100_000
    assert found["sampled"] is True
    assert list(tmp_path.iterdir()) == [project]
    assert run_command(["plan", str(project)]) == 0
    assert "a uniform sample of a space of 10,240" in capsys.readouterr().out


def test_top_shows_the_best_rows(run: Path, capsys: Capture) -> None:
    out = ["--out", str(run.parent)]
    found = document(["top", run.name, "-n", "3", "--json", *out], capsys)
    assert [row["rank"] for row in found["rows"]] == [1, 2, 3]
    assert all(0 < row["equity_irr"] < 100 for row in found["rows"])
    assert found["rows"][0]["equity_irr_status"] == "OK"
    assert found["rows"][0]["mezz_rating"] is None
    assert found["rows"][0]["mezz_rating_status"] == "NO_MEZZ"
    assert run_command(["top", run.name, "-n", "2", *out]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_top_takes_a_condition_an_order_and_columns(run: Path, capsys: Capture) -> None:
    base = ["top", run.name, "--out", str(run.parent)]
    asked = ["--where", "_38 = 5 and trs", "--sort", "wacc", "--columns", "rank,wacc,_38,trs"]
    found = document([*base, *asked, "--json"], capsys)
    assert found["matched"] > len(found["rows"]) == 10
    assert all(list(row) == ["rank", "wacc", "SeniorCoupon_38", "trs"] for row in found["rows"])
    assert all(row["SeniorCoupon_38"] == 5.0 and row["trs"] for row in found["rows"])
    assert [row["wacc"] for row in found["rows"]] == sorted(row["wacc"] for row in found["rows"])
    assert run_command([*base, *asked]) == 0
    assert f"{found['matched']:,} of" in capsys.readouterr().out
    frontier = document([*base, "--pareto", "--where", "trs", "--json"], capsys)
    assert 0 < frontier["matched"] < found["matched"]
    assert all(row["pareto"] and row["trs"] for row in frontier["rows"])
    assert run_command([*base, "--list-columns"]) == 0
    assert "SeniorCoupon_38" in capsys.readouterr().out
    problem = document([*base, "--where", "wac < 9", "--json"], capsys, code=2)["problems"][0]
    assert (problem["file"], problem["path"]) == ("--where", "position 1")
    assert "did you mean wacc?" in problem["message"]


def test_status_and_runs_say_how_far_a_run_is(run: Path, capsys: Capture) -> None:
    out = ["--out", str(run.parent)]
    status = document(["status", run.name, "--json", *out], capsys)
    assert status["state"] == "finished"
    assert [stage["done"] == stage["total"] for stage in status["stages"]] == [True, True]
    listed = document(["runs", "--json", *out], capsys)["runs"]
    assert [(each["run_id"], each["state"]) for each in listed] == [(run.name, "finished")]
    assert run_command(["status", run.name, *out]) == 0
    assert run_command(["runs", *out]) == 0
    assert run.name in capsys.readouterr().out


def test_status_says_where_a_run_is_watched(run: Path, capsys: Capture) -> None:
    links = {"dask": "http://10.0.0.7:8787/status", "prefect": "http://10.0.0.8/runs/1"}
    asked = ["status", run.name, "--out", str(run.parent)]
    keep_links(run, **links)
    try:
        assert document([*asked, "--json"], capsys)["links"] == links
        assert run_command(asked) == 0
    finally:
        (run / LINKS_PATH).unlink()
    told = capsys.readouterr().out
    assert f"Prefect: {links['prefect']}" in told
    assert links["dask"] not in told, "it ended with the run"


def test_resume_takes_a_run_or_a_file(run: Path, capsys: Capture) -> None:
    out = ["--out", str(run.parent), "--json"]
    of_run = document(["resume", run.name, *out], capsys)
    of_file = document(["resume", str(run.parent / "trial.yaml"), *out], capsys)
    assert of_run == of_file == json.loads((run / "summary.json").read_text())


def test_a_run_of_another_engine_is_not_resumed(
    run: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.stages.input.engine_fingerprint", lambda: "another")
    found = document(["resume", run.name, "--out", str(run.parent), "--json"], capsys, code=1)
    assert "start it again from its project file" in found["messages"][0]


def test_status_names_a_changed_output(run: Path, capsys: Capture) -> None:
    summary = run / "summary.json"
    text = summary.read_text()
    summary.write_text(text.replace('"survivors": ', '"survivors": 9'))
    try:
        assert run_command(["status", run.name, "--out", str(run.parent)]) == 0
    finally:
        summary.write_text(text)
    out = capsys.readouterr().out
    assert "damaged" in out
    assert "summary.json is missing or was changed" in out


def test_runs_of_an_empty_folder(tmp_path: Path, capsys: Capture) -> None:
    assert run_command(["runs", "--out", str(tmp_path / "none")]) == 0
    assert "No runs" in capsys.readouterr().out


def test_doctor_finds_everything_in_order(tmp_path: Path, capsys: Capture) -> None:
    assert run_command(["doctor", "--json", "--out", str(tmp_path / "runs")]) in (0, 1)
    found = json.loads(capsys.readouterr().out)
    checks = {check["check"]: check for check in found["checks"]}
    assert set(checks) == {
        "python", "packages", "kernels", "dask", "prefect", "merge", "store", "disk",
    }  # fmt: skip
    failing = {name for name, check in checks.items() if not check["ok"]}
    assert failing <= {"packages"}, "only an environment without the installed package may fail"
    assert found["ok"] == (not failing)
    assert list(tmp_path.iterdir()) == []


def test_doctor_fails_on_a_store_that_cannot_be_reached(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "file").write_text("")
    store = str(tmp_path / "file")
    assert run_command(["doctor", "--json", "--out", str(tmp_path), "--store", store]) == 1
    checks = {check["check"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert not checks["store"]["ok"]


BAD = {
    "no such file": ["run", "nowhere.yaml", "--direct"],
    "missing argument": ["run"],
    "unknown command": ["fly"],
    "unknown option": ["runs", "--colour"],
    "bad number": ["run", "nowhere.yaml", "--workers", "many"],
    "no such run": ["top", "absent-000000000000"],
    "run id with a path": ["status", "../../etc"],
    "neither run nor file": ["resume", "absent"],
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("place", [0, None], ids=["first", "last"])
def test_bad_input_is_exit_2_and_one_json_document(
    name: str, place: int | None, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = BAD[name].copy()
    arguments.insert(len(arguments) if place is None else place, "--json")
    assert run_command(arguments) == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["error"] == "bad input"
    assert err.startswith("error: ")
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_the_problems_of_a_file_come_all_and_in_parts(tmp_path: Path, capsys: Capture) -> None:
    project = write_project(tmp_path)
    text = (
        project.read_text().replace("per_kwh: 0.28", "per_kwh: -1").replace("_22: 20", "_22: 2000")
    )
    project.write_text(text)
    found = document(["run", str(project), "--direct", "--json"], capsys, code=2)
    paths = {problem["path"] for problem in found["problems"]}
    assert {"project.rent.per_kwh", "base.LeaseTermYears_22"} <= paths
    assert len(found["messages"]) == len(found["problems"])


def test_an_unexpected_error_is_one_line_unless_debugging(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr("pipeline.runner.permutation_stage", fail)
    arguments = ["run", str(write_project(tmp_path)), "--direct", "--out", str(tmp_path)]
    assert run_command(arguments) == 1
    err = capsys.readouterr().err
    assert "unexpected: RuntimeError: first line second line" in err
    assert "Traceback" not in err
    log = next(tmp_path.glob("trial-*/log.jsonl"))
    assert f"the run's log is {log}" in err
    assert "second line" in log.read_text()
    monkeypatch.setenv("ATLAS_FORGE_DEBUG", "1")
    assert run_command(arguments) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_failing_partition_is_exit_1_with_its_number(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise ArithmeticError("no such figure")

    monkeypatch.setattr("pipeline.stages.pruning.sized_figures_of_ids", fail)
    project = str(write_project(tmp_path))
    found = document(["run", project, "--direct", "--out", str(tmp_path), "--json"], capsys, 1)
    assert {
        "item": "pruning partition 0",
        "cause": "ArithmeticError: no such figure",
        "number": 0,
    } in (found["problems"])


def test_a_folder_that_cannot_be_written_is_exit_1(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "file").write_text("")
    project = str(write_project(tmp_path))
    out = str(tmp_path / "file" / "runs")
    assert run_command(["run", project, "--direct", "--out", out]) == 1
    assert "Not a directory" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_program(shell: str, capsys: Capture) -> None:
    assert run_command(["completion", shell]) == 0
    assert "_ATLAS_FORGE_COMPLETE" in capsys.readouterr().out


def test_completion_completes_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli.main"],
        env={**os.environ, "COMP_WORDS": "atlas-forge re", "COMP_CWORD": "1",
             "_ATLAS_FORGE_COMPLETE": "bash_complete"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["plain,resume"]


def test_help_of_every_command_has_an_example(capsys: Capture) -> None:
    assert run_command(["--help"]) == 0
    assert "Examples:" in capsys.readouterr().out
    for name in ("run", "resume", "plan", "status", "runs", "top", "doctor", "completion"):
        assert run_command([name, "--help"]) == 0
        assert f"atlas-forge {name}" in capsys.readouterr().out.split("Examples:")[1]


def test_the_command_line_starts_without_the_engine() -> None:
    heavy = ["numba", "pandas", "pyarrow", "dask", "distributed", "reportlab", "prefect"]
    code = (
        "import sys; from pipeline.cli.main import run_command; run_command(['--help']);"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_reaches_its_end(
    terminal: bool, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    with progress_display() as show:
        show(Progress("pruning", 0, 2, 0, 0, 0.0))
        show(Progress("pruning", 2, 2, 5_000, 70, 1.0))
        show(Progress("analysis", 0, 0, 0, 0, 0.0))
        show(Progress("output", 1, 1, 70, 70, 0.1))
    out, err = capsys.readouterr()
    assert out == ""
    assert "5,000 rows, 70 survivors" in err
    assert "pruning" in err


@pytest.mark.parametrize("name", ["run", "plan", "top", "load_request", "evaluate"])
def test_the_python_api_has_its_names(name: str) -> None:
    import pipeline

    found: Callable[..., object] = getattr(pipeline, name)
    assert callable(found)
    assert name in dir(pipeline)
    with pytest.raises(AttributeError):
        _ = pipeline.nothing


def test_the_python_api_plans_runs_and_reads(tmp_path: Path) -> None:
    from pipeline import load_request, plan, run, top

    request = load_request(write_project(tmp_path))
    options = {"out": str(tmp_path), "compute": "serial", "max_permutations": 1_500}
    assert plan(request, **options).rows == 1_500
    summary = run(request, **options)
    assert summary["total_scenarios"] == 1_500
    assert top(summary["run_id"], 2, out=str(tmp_path))[1]["rank"] == 2
