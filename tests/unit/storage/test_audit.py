"""Does the audit trail tell who did what to which run, outlive it, and keep every line whole?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli.main import run_command
from pipeline.settings import load_settings
from pipeline.storage import audit
from pipeline.storage.fingerprint import engine_fingerprint
from tests.run_projects import request_of, run_here, write_project

LIMIT = 600
WRITERS, LINES = 4, 50
APPEND = """
import sys
from pathlib import Path
from pipeline.settings import Settings
from pipeline.storage import audit
folder = Path(sys.argv[1])
for number in range(int(sys.argv[2])):
    facts = {"number": number, "pad": "x" * 3000}
    event = audit.event_of(folder, Settings(), "run", "begun", facts)
    audit.append(folder / "audit.jsonl", [event])
"""


def shown(capsys: pytest.CaptureFixture[str], out: Path, *options: str) -> list[dict[str, object]]:
    capsys.readouterr()
    assert run_command(["audit", "--out", str(out), "--json", *options]) == 0
    events: list[dict[str, object]] = json.loads(capsys.readouterr().out)["events"]
    return events


def steps(events: list[dict[str, object]]) -> list[tuple[object, ...]]:
    return [(event["action"], event["outcome"], event["exit"]) for event in events]


def test_what_is_done_to_a_run_is_written_down_and_outlives_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATLAS_FORGE_OWNER", "anna")
    out = tmp_path / "runs"
    project = str(write_project(tmp_path, LIMIT))
    assert run_command(["run", project, "--direct", "--out", str(out), "--desk", "a"]) == 0
    run_id = next(out.glob("trial-*")).name
    monkeypatch.setenv("ATLAS_FORGE_OWNER", "bert")
    assert run_command(["resume", run_id, "--out", str(out)]) == 0
    target = str(tmp_path / "best.csv")
    assert run_command(["export", run_id, "--out", str(out), "--to", target, "--top", "5"]) == 0
    before = [
        ("run", "begun", None), ("run", "done", 0),
        ("resume", "begun", None), ("resume", "done", 0), ("export", "done", 0),
    ]  # fmt: skip
    events = shown(capsys, out, run_id)
    assert steps(events) == before
    assert [event["owner"] for event in events] == ["anna"] * 2 + ["bert"] * 3
    assert {(event["run_id"], event["desk"]) for event in events} == {(run_id, "a")}
    assert {event["engine"] for event in events} == {engine_fingerprint()}
    assert events[-1]["facts"] == {"format": ".csv", "rows": 5}

    assert run_command(["rm", run_id, "--out", str(out), "--yes"]) == 0
    assert not (out / run_id).exists()
    assert steps(shown(capsys, out, run_id)) == [*before, ("rm", "done", 0)]
    assert shown(capsys, out) == shown(capsys, out, run_id)


def test_a_run_that_fails_or_is_interrupted_says_so_without_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    request = request_of(tmp_path, LIMIT)
    out = tmp_path / "runs"
    _, run = run_here(request, out)
    for part in (run / "evaluated").iterdir():
        part.unlink()
        part.mkdir()  # what cannot be written over
    with pytest.raises(Exception, match="partition"):
        run_here(request, out)
    last = shown(capsys, out)[-1]
    assert steps([last]) == [("run", "failed", 1)]
    assert last["facts"] == {"error": "PartitionsFailed"}

    for part in (run / "evaluated").iterdir():
        part.rmdir()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.runner.analysis_stage", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_here(request, out)
    assert steps([shown(capsys, out)[-1]]) == [("run", "interrupted", 130)]


def test_lines_of_several_processes_at_once_stay_whole(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", APPEND, str(tmp_path), str(LINES)])
        for _ in range(WRITERS)
    ]
    assert [writer.wait(60) for writer in writers] == [0] * WRITERS
    problems: list[str] = []
    events = audit.trail(tmp_path, load_settings({}), None, problems.append)
    assert problems == []
    assert len(events) == WRITERS * LINES
    assert {event.facts["number"] for event in events} == set(range(LINES))


def test_a_torn_line_is_told_and_loses_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_here(request_of(tmp_path, LIMIT), tmp_path)
    path = next(tmp_path.glob("trial-*")) / "audit.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    run_here(request_of(tmp_path, LIMIT), tmp_path)
    assert path.read_bytes().startswith(whole)
    assert run_command(["audit", "--out", str(tmp_path), "--json"]) == 0
    told = capsys.readouterr()
    assert "line 3 is no event" in told.err
    assert len(json.loads(told.out)["events"]) == 4


def test_names_in_the_trail_cannot_act_on_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    event = audit.event_of(
        tmp_path / "run", load_settings({}), "run", "done", {"to": "\x1b]0;x\x07"}
    )
    forged = json.loads(audit._line(event)) | {"owner": "\x1b[2Janna\u202e\r\nroot"}
    (tmp_path / "audit.jsonl").write_text(json.dumps(forged) + "\n")
    assert run_command(["audit", "--out", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "anna" in text
    assert not {"\x1b", "\x07", "\r", "\u202e"} & set(text)
    assert len(text.splitlines()) == 2
