"""Does the notebook run from its first cell to its last, and does it hold nothing but its text?"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
CELLS = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]


def test_the_notebook_runs(tmp_path: Path) -> None:
    """As plain Python in a process of its own; `make docs` runs it in Jupyter."""
    cells = ["".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"]
    shown = 'print("pictures:", plt.get_fignums(), "survivors:", len(survivors))\n'
    script = tmp_path / "notebook.py"
    script.write_text("\n\n".join([*cells, shown]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"},
        cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Senior notional: S = max(0, S_DSCR) = " in done.stdout
    assert "pictures: [1] survivors: 368" in done.stdout
    assert len(list(tmp_path.glob("runs/small-*/ranked.parquet"))) == 1


def test_the_notebook_holds_no_outputs_of_a_machine() -> None:
    code = [cell for cell in CELLS if cell["cell_type"] == "code"]
    assert len(code) > 5
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
