"""Whose is a run: do owner and desk stand in its manifest, part its place in the store, and change
nothing else?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.cli.main import run_command
from pipeline.settings import BadSettingError, load_settings
from pipeline.storage.identity import default_owner
from tests.run_projects import request_of, run_here, write_project

LIMIT = 600


def manifest_of(run: Path) -> dict[str, object]:
    return json.loads((run / "manifest.json").read_text())


def test_owner_and_desk_are_told_and_are_no_part_of_the_question(tmp_path: Path) -> None:
    request = request_of(tmp_path, LIMIT)
    _, plain = run_here(request, tmp_path / "plain")
    _, desks = run_here(request, tmp_path / "desks", owner="Anna Ö.", desk="infra-1")
    assert plain.name == desks.name
    assert (plain / "ranked.parquet").read_bytes() == (desks / "ranked.parquet").read_bytes()
    assert (manifest_of(plain)["owner"], manifest_of(plain)["desk"]) == (default_owner(), "")
    assert (manifest_of(desks)["owner"], manifest_of(desks)["desk"]) == ("Anna Ö.", "infra-1")

    run_here(request, tmp_path / "desks", owner="bert")
    assert manifest_of(desks)["owner"] == "Anna Ö.", "the first owner stays"
    assert manifest_of(desks)["desk"] == "infra-1"


def test_a_store_keeps_desks_apart_and_a_run_is_found_at_its_desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = tmp_path / "store"
    project, place = str(write_project(tmp_path, LIMIT)), f"file://{shared}"
    for desk in ("a", "b"):
        arguments = ["run", project, "--direct", "--out", str(tmp_path / desk), "--store", place]
        assert run_command([*arguments, "--desk", desk, "--json"]) == 0
    run_id = json.loads(capsys.readouterr().out.split("\n}\n")[0] + "}")["run_id"]
    assert sorted(path.name for path in shared.iterdir()) == ["a", "b"]
    for desk in ("a", "b"):
        assert sorted(path.name for path in (shared / desk).iterdir()) == ["audit", run_id]

    out = str(tmp_path / "a")
    for command in ("status", "sensitivity"):
        assert run_command([command, run_id, "--out", out, "--store", place, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
    assert run_command(["resume", run_id, "--out", out, "--store", place, "--json"]) == 0
    capsys.readouterr()
    assert run_command(["rm", run_id, "--out", out, "--store", place, "--yes", "--json"]) == 0
    capsys.readouterr()
    assert [path.name for path in (shared / "a").iterdir()] == ["audit"]
    assert (shared / "b" / run_id / "plan.json").is_file(), "the other desk's is left"
    assert found


@pytest.mark.parametrize("command", [["resume"], ["rm", "--yes"]])
def test_another_desks_run_is_not_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    command: list[str],
) -> None:  # fmt: skip
    _, run = run_here(request_of(tmp_path, LIMIT), tmp_path / "runs", desk="a")
    monkeypatch.setenv("ATLAS_FORGE_DESK", "b")
    name, *options = command
    assert run_command([name, run.name, "--out", str(run.parent), *options]) == 2
    told = capsys.readouterr().err
    assert f"desk: 'b', but run {run.name}" in told
    assert "belongs to desk 'a'" in told
    assert (run / "ranked.parquet").is_file()


def test_runs_shows_whose_they_are_and_those_of_one_desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, one = run_here(request_of(tmp_path, LIMIT), tmp_path / "runs", desk="a", owner="anna")
    run_here(request_of(tmp_path, LIMIT - 1), tmp_path / "runs", desk="b", owner="bert")
    assert run_command(["runs", "--out", str(tmp_path / "runs"), "--desk", "a", "--json"]) == 0
    (line,) = json.loads(capsys.readouterr().out)["runs"]
    assert (line["run_id"], line["owner"], line["desk"]) == (one.name, "anna", "a")
    assert (line["market"], line["rulebook"]) == ("gbp", "v1")
    assert run_command(["runs", "--out", str(tmp_path / "runs")]) == 0
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split()[-4:] == ["owner", "desk", "market", "rulebook"]
    assert [line.split()[-4:-2] for line in lines] == [["bert", "b"], ["anna", "a"]]


def test_a_manifest_cannot_lead_out_of_the_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, run = run_here(request_of(tmp_path, LIMIT), tmp_path / "runs", desk="a")
    manifest = manifest_of(run)
    (run / "manifest.json").write_text(json.dumps({**manifest, "desk": "../../elsewhere"}))
    place = f"file://{tmp_path / 'store'}"
    arguments = [run.name, "--out", str(run.parent), "--store", place]
    assert run_command(["status", *arguments]) == 1
    assert "desk: '../../elsewhere' is not 1 to 32 small letters" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value"),
    [("desk", "A"), ("desk", "../x"), ("desk", "a/b"), ("desk", "-a"), ("desk", "a" * 33),
     ("desk", "audit"), ("owner", " "), ("owner", "a\nb"), ("owner", "\x1b[2J"),
     ("owner", "x" * 121), ("owner", "\u202eanna")],
)  # fmt: skip
def test_names_that_could_be_something_else_are_refused(name: str, value: str) -> None:
    with pytest.raises(BadSettingError, match=f"ATLAS_FORGE_{name.upper()}: "):
        load_settings({f"ATLAS_FORGE_{name.upper()}": value})
