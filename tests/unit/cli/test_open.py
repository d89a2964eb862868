"""Does `open` make a run's page when it has to, and hand it to the browser?"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.cli.main import run_command
from tests.run_projects import request_of, run_here

Capture = pytest.CaptureFixture[str]
Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("open")
    return run_here(request_of(folder, limit=300), folder / "runs")[1]


@pytest.fixture
def ask(run: Path, capsys: Capture) -> Ask:
    def asked(*arguments: str) -> tuple[int, str, str]:
        code = run_command(["open", *arguments, "--out", str(run.parent)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return asked


def test_open_makes_the_page_once(run: Path, ask: Ask) -> None:
    path = run / "reports" / "report.html"
    path.unlink(missing_ok=True)
    code, out, _ = ask(run.name, "--json")
    first = json.loads(out)
    assert code == 0 and first["made"] is True and Path(first["path"]) == path
    assert first["bytes"] == path.stat().st_size
    assert json.loads(ask(run.name, "--json")[1])["made"] is False
    assert json.loads(ask(run.name, "--json", "--again")[1])["made"] is True
    assert ask(run.name, "--print-path") == (0, f"{path}\n", "")


def test_open_refuses_what_is_no_finished_run(run: Path, ask: Ask) -> None:
    assert ask("nosuch")[0] == 2
    assert ask("../runs")[0] == 2
    unfinished = run.parent / "unfinished-1"
    unfinished.mkdir()
    manifest = json.loads((run / "manifest.json").read_text()) | {"outputs": None}
    (unfinished / "manifest.json").write_text(json.dumps(manifest))
    code, out, told = ask("unfinished-1")
    assert (code, out) == (2, "")
    assert told == ("error: run unfinished-1 is not finished: atlas-forge resume unfinished-1\n")
    assert not (unfinished / "reports").exists()


def test_open_hands_the_page_to_the_browser(run: Path, tmp_path: Path) -> None:
    """BROWSER names the program, as Python's webbrowser takes it: here one that writes down."""
    told = tmp_path / "told"
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > "{told}"\n')
    program.chmod(0o755)
    line = [sys.executable, "-m", "pipeline.cli.main", "open", run.name, "--out", str(run.parent)]
    found = subprocess.run(
        line, env={**os.environ, "BROWSER": f"{program} %s"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    path = run / "reports" / "report.html"
    assert (found.stdout, found.stderr) == (f"{path}\n", "")
    assert told.read_text() == path.as_uri()


def test_open_says_the_path_where_there_is_no_browser(run: Path) -> None:
    line = [sys.executable, "-m", "pipeline.cli.main", "open", run.name, "--out", str(run.parent)]
    nothing = {"PATH": "", "BROWSER": "/nowhere/at-all"}
    left = {name: value for name, value in os.environ.items() if "DISPLAY" not in name}
    found = subprocess.run(line, env=left | nothing, capture_output=True, text=True, check=True)
    assert found.stdout == f"{run / 'reports' / 'report.html'}\n"
    assert found.stderr == "no browser could be opened here; the file above opens in any\n"
