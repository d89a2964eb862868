"""Does the fault matrix tell each test's outcome, also a failure's?"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest

@pytest.mark.fault("disk", "{part} of a file is gone")
@pytest.mark.parametrize("part", ["half", "all"])
def test_gone(part, came_of_it):
    assert part == "half"
    came_of_it("redone")

def test_no_fault():
    pass
"""


def test_each_row_of_the_matrix_is_written_once(tmp_path: Path) -> None:
    (tmp_path / "test_rows.py").write_text(TESTS)
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.fault_table", "-p", "no:cacheprovider",
         "--rootdir", str(tmp_path), "--fault-table", "table/faults.jsonl", "--basetemp",
         str(tmp_path / "base"), str(tmp_path)],
        check=False, capture_output=True, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, timeout=60,
    )  # fmt: skip
    lines = (tmp_path / "table/faults.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [(row["fault"], row["result"], row["outcome"]) for row in rows] == [
        ("half of a file is gone", "passed", "redone"),
        ("all of a file is gone", "failed", ""),
    ]
