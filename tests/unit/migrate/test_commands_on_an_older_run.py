"""Does every command say plainly what it can do with a run of an older engine?"""

import json
from pathlib import Path

import pytest

from pipeline.again import rank_again, report_again
from pipeline.cli.main import run_command
from pipeline.settings import load_settings
from pipeline.storage.plan import PLAN_PATH, UnreadablePlanError
from tests.older_runs import RUN_ID, digests, older_run

Capture = pytest.CaptureFixture[str]
AGAIN = "start the run again from its project file"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("older")
    older_run(folder)
    return folder


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["status", RUN_ID], AGAIN),
        (["explain", RUN_ID, "16"], AGAIN),
        (["pack", RUN_ID], AGAIN),
        (["pack", RUN_ID, "16"], AGAIN),
        (["resume", RUN_ID], AGAIN),
        (["near-misses", RUN_ID], AGAIN),
        (["sensitivity", RUN_ID], "start it again from its project file"),
        (["break-even", RUN_ID, "16"], AGAIN),
        (["show", RUN_ID, "16"], "running the project again makes it anew"),
        (["show", RUN_ID, "0"], "running the project again makes it anew"),
        (["open", RUN_ID], "the project run again has them"),
    ],
)
def test_what_needs_its_engine_says_so_in_a_sentence(
    out: Path, arguments: list[str], said: str, capsys: Capture
) -> None:
    before = digests(out)
    assert run_command([*arguments, "--out", str(out)]) == 1
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1 and said in told[0]
    assert "unexpected" not in told[0]
    assert digests(out) == before
    assert run_command([*arguments, "--out", str(out), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"] == "failed"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["runs"], RUN_ID),
        (["show", RUN_ID], "Gate A passed 8, Gate B passed 8"),
        (["top", RUN_ID], "43.4m"),
        (["top", RUN_ID, "--where", "wacc < 8", "--columns", "id,wacc"], "7.32567"),
        (["top", RUN_ID, "--list-columns"], "senior_notional"),
        (["compare", RUN_ID, RUN_ID], "came out the same"),
    ],
)
def test_what_was_stored_is_read(
    out: Path, arguments: list[str], said: str, capsys: Capture
) -> None:
    assert run_command([*arguments, "--out", str(out)]) == 0
    assert said in capsys.readouterr().out
    assert run_command([*arguments, "--out", str(out), "--json"]) == 0
    json.loads(capsys.readouterr().out)


def test_top_names_its_books_from_the_manifest(out: Path, capsys: Capture) -> None:
    assert run_command(["top", RUN_ID, "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["market"] == {"name": "gbp", "date": "2026-01-30"}
    assert found["rulebook"]["name"] == "v1"
    assert [row["permutation_id"] for row in found["rows"][:2]] == [16, 17]


def test_it_is_exported_with_its_files(out: Path, tmp_path: Path, capsys: Capture) -> None:
    table, report = tmp_path / "rows.csv", tmp_path / "summary.pdf"
    assert run_command(["export", RUN_ID, "--to", str(table), "--out", str(out)]) == 0
    assert len(table.read_text().splitlines()) == 9
    asked = ["export", RUN_ID, "--file", "reports/summary.pdf", "--to", str(report)]
    assert run_command([*asked, "--out", str(out)]) == 0
    assert report.read_bytes().startswith(b"%PDF")
    capsys.readouterr()


@pytest.mark.parametrize("again", [report_again, rank_again])
def test_neither_ranking_nor_report_is_made_anew(out: Path, again: object) -> None:
    before = digests(out)
    with pytest.raises(UnreadablePlanError, match="start the run again from its project file"):
        again(RUN_ID, load_settings(out=str(out)), lambda _: None)  # type: ignore[operator]
    assert digests(out) == before


def test_a_plan_that_was_changed_is_not_taken_for_an_older_one(
    tmp_path: Path, capsys: Capture
) -> None:
    plan = older_run(tmp_path) / PLAN_PATH
    document = json.loads(plan.read_text())
    plan.write_text(json.dumps({**document, "seed": 2}))
    assert run_command(["status", RUN_ID, "--out", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "the plan cannot be read" in told and AGAIN not in told
