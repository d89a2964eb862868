"""Is a person's file edited only where asked for, in one line, and then read whole?"""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.main import run_command
from pipeline.inputs.resolve import builtin_folder
from tests.older_runs import OLDER_RUN

Capture = pytest.CaptureFixture[str]
PROJECT = (OLDER_RUN.parent / "project.yaml").read_text()
BODY = PROJECT.removeprefix("schema: 1\n")


def migrated(capsys: Capture, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    assert run_command(["migrate", *arguments, "--json"]) == code
    return list(json.loads(capsys.readouterr().out)["documents"])


def test_files_of_today_are_read_whole(tmp_path: Path, capsys: Capture) -> None:
    payload = tmp_path / "payload.json"
    payload.write_text(json.dumps({"project_id": "p", "base_scenario": {}}))
    files = {
        "payload": payload,
        "project": builtin_folder("projects") / "small.yaml",
        "market": builtin_folder("markets") / "gbp.yaml",
        "rulebook": builtin_folder("rulebooks") / "v1.yaml",
    }
    found = migrated(capsys, *map(str, files.values()))
    assert [(each["kind"], each["state"], each["missing"]) for each in found] == [
        (kind, "whole", []) for kind in files
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (BODY, PROJECT, 1),
        ("# ours\n\n" + BODY, "# ours\n\nschema: 1\n" + BODY, 3),
        ("schema: 0   # first\n" + BODY, "schema: 1   # first\n" + BODY, 1),
        (BODY + "schema:  0\n", BODY + "schema:  1\n", 1 + BODY.count("\n")),
        (BODY.replace("\n", "\r\n"), PROJECT.replace("\n", "\r\n"), 1),
        ("\ufeff# ours\n" + BODY, "\ufeff# ours\nschema: 1\n" + BODY, 2),
        ("---\n" + BODY, "---\nschema: 1\n" + BODY, 2),
    ],
)
def test_one_line_is_edited_and_only_with_write(
    tmp_path: Path, capsys: Capture, old: str, new: str, line: int
) -> None:
    file = tmp_path / "project.yaml"
    file.write_bytes(old.encode())
    file.chmod(0o640)
    [found] = migrated(capsys, str(file))
    assert found["state"] == "older" and not found["changed"]
    assert f"line {line} becomes schema: 1; --write does it" in found["by_hand"][0]
    assert file.read_bytes() == old.encode()
    migrated(capsys, str(file), "--write", "--dry-run")
    assert [path.name for path in tmp_path.iterdir()] == ["project.yaml"]
    [found] = migrated(capsys, str(file), "--write")
    assert (found["state"], found["changed"]) == ("whole", True)
    assert file.read_bytes() == new.encode()
    assert (tmp_path / "project.yaml.before-migrate").read_bytes() == old.encode()
    assert file.stat().st_mode & 0o777 == 0o640
    [found] = migrated(capsys, str(file), "--write")
    assert not found["changed"] and file.read_bytes() == new.encode()


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"project": {"id": "x"}, "market": "builtin:gbp"}),
        "{project: {id: x}, market: 'builtin:gbp'}\n",
        "'schema': 0\n" + BODY,
    ],
)
def test_what_no_line_of_its_own_can_say_is_left_to_the_person(
    tmp_path: Path, capsys: Capture, text: str
) -> None:
    file = tmp_path / "project.yaml"
    file.write_text(text)
    assert run_command(["migrate", str(file), "--write"]) == 0
    assert "write schema: 1 at the top of the file" in capsys.readouterr().out
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("text", "code", "state", "said"),
    [
        ("schema: 2\n" + BODY, 1, "newer", "install a newer atlas-forge"),
        ("schema: one\n" + BODY, 2, "invalid", "no whole number"),
        ("schema: 1\nproject: {id: x}\nmarket: builtin:gbp\n", 2, "invalid", "rulebook"),
    ],
)
def test_what_this_version_does_not_read_is_told(
    tmp_path: Path, capsys: Capture, text: str, code: int, state: str, said: str
) -> None:
    file = tmp_path / "project.yaml"
    file.write_text(text)
    [found] = migrated(capsys, str(file), "--write", code=code)
    assert found["state"] == state and said in found["told"]
    assert [path.name for path in tmp_path.iterdir()] == ["project.yaml"]
    assert file.read_text() == text


@pytest.mark.parametrize("text", ["[1, 2]", "just words", "a: [", "\0", "a: &a [*a]"])
def test_what_is_none_of_ours_is_bad_input(tmp_path: Path, capsys: Capture, text: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text)
    assert run_command(["migrate", str(file), "--write"]) == 2
    told = capsys.readouterr().err
    assert str(file) in told and "unexpected" not in told
    assert file.read_text() == text


def test_a_link_is_not_followed(tmp_path: Path, capsys: Capture) -> None:
    file, link = tmp_path / "project.yaml", tmp_path / "link.yaml"
    file.write_text(BODY)
    link.symlink_to(file)
    assert run_command(["migrate", str(link), "--write"]) == 2
    assert "is a link" in capsys.readouterr().err
    assert file.read_text() == BODY and link.is_symlink()
