"""Do names that only documents show leave a run what it is, and reach its manifest?"""

from __future__ import annotations

from pathlib import Path

import yaml

from pipeline.inputs import load_request
from pipeline.storage.manifest import read_json
from tests.run_projects import run_here
from tests.unit.reports.deal_run import PROJECT

FIXED = ("run_id", "created_at", "request", "plan_hash", "owner")


def run(folder: Path, **blocks: object) -> tuple[dict, dict, list[str]]:
    """Summary, manifest, and what the log says, of the project with more blocks."""
    path = folder / "kinds.yaml"
    path.write_text(yaml.safe_dump({**PROJECT, **blocks}))
    summary, made = run_here(load_request(path), folder / "out")
    return summary, read_json(made / "manifest.json"), (made / "log.jsonl").read_text().splitlines()


def test_other_names_make_the_outputs_again_and_nothing_else(tmp_path: Path) -> None:
    _, first, _ = run(tmp_path)
    assert first["names"]["parties"]["trustee"] is None
    _, second, log = run(tmp_path, parties={"trustee": "Trustee plc"})
    assert [second[name] for name in FIXED] == [first[name] for name in FIXED]
    assert second["names"]["parties"]["trustee"] == "Trustee plc"
    assert second["outputs"]["ranked.parquet"] == first["outputs"]["ranked.parquet"]
    assert any('"manifest_rewritten"' in line and "names in the documents" in line for line in log)
    stages = [line for line in log if '"stage_done"' in line]
    assert len(stages) == 4
    assert all('"reused": 0' not in line for line in stages[2:])


def test_the_same_names_leave_everything_as_it_is(tmp_path: Path) -> None:
    run(tmp_path, parties={"trustee": "Trustee plc"})
    _, again, log = run(tmp_path, parties={"trustee": "Trustee plc"})
    assert not any('"manifest_rewritten"' in line for line in log)
    assert '"run_verified"' in log[-1]
    assert again["names"]["parties"]["trustee"] == "Trustee plc"
