"""Is docs/reliability.md of tests that exist, and is a failure published as one?"""

import ast
import json
import re
from pathlib import Path

import pytest

from benchmarks import reliability

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"


def faults_in(file: Path) -> set[str]:
    """Names of the test functions of a file that carry the mark `fault`."""
    functions = [
        each for each in ast.walk(ast.parse(file.read_text())) if isinstance(each, ast.FunctionDef)
    ]
    marks = {each.name: " ".join(map(ast.unparse, each.decorator_list)) for each in functions}
    return {name for name, mark in marks.items() if "pytest.mark.fault(" in mark}


def test_each_row_of_the_page_is_a_test_that_exists() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)", PAGE.read_text(encoding="utf-8")))
    assert named, "nothing was published"
    for file, test in sorted(named):
        assert test in faults_in(ROOT / file), f"{file}::{test} is no test of the matrix any more"


def test_a_failed_row_is_published_as_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "docs" / "reliability.md"
    page.parent.mkdir()
    page.write_text(f"before\n{reliability.BEGIN}old{reliability.END}\nafter\n")
    monkeypatch.setattr(reliability, "ROOT", tmp_path)
    monkeypatch.setattr(reliability, "REPORT", page)
    row = {"area": "Disk", "fault": "a | of *it*", "outcome": "", "seconds": 1.25}
    rows = [
        row | {"test": "tests/x.py::test_a", "result": "failed"},
        row | {"test": "tests/x.py::test_a", "result": "passed", "outcome": "same <b>"},
        row | {"test": "tests/x.py::test_b", "result": "failed"},
    ]
    table = tmp_path / "faults.jsonl"
    table.write_text("".join(json.dumps(each) + "\n" for each in rows))
    assert reliability.main([str(table)]) == 1
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    assert "### Disk: 1 of 2 held" in text
    assert "| a \\| of \\*it\\* | same &lt;b> | 1.2 | held | `tests/x.py::test_a` |" in text
    assert "| - | 1.2 | **FAILED** | `tests/x.py::test_b` |" in text
    assert "tests/x.py::test_b" in capsys.readouterr().out
