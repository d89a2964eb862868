"""Does a run through Prefect wait for another process of the same run, and end cleanly then?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.storage import hold, lock
from pipeline.storage.store import open_folder
from tests.run_projects import request_of, run_here

pytestmark = pytest.mark.full


@pytest.mark.parametrize(("how", "code"), [(None, 0), (signal.SIGINT, 130), (signal.SIGTERM, 130)])
def test_a_run_through_prefect_waits_for_the_other(
    tmp_path: Path, how: signal.Signals | None, code: int
) -> None:
    _, run = run_here(request_of(tmp_path, 600), tmp_path / "runs")
    terms = hold.Terms("anna", 30, wait=False)
    hold.acquire(run, open_folder(run), terms, print, lambda *_: None)
    try:
        program = subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli.main", "run", str(tmp_path / "trial.yaml"),
             "--out", str(run.parent)],
            env={**os.environ, "PREFECT_HOME": str(tmp_path / "prefect")},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert program.stderr is not None
        while "waiting for it" not in (line := program.stderr.readline()):
            assert line, f"it ended with {program.wait()}"
        assert "(anna) works on" in line
        if how:
            program.send_signal(how)
            _, errors = program.communicate(timeout=60)
    finally:
        hold.release(run)
    if not how:
        _, errors = program.communicate(timeout=120)
    assert program.returncode == code, errors
    assert "Traceback" not in errors
    assert lock.holder_of(run) is None
