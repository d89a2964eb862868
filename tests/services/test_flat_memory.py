"""Does memory stay flat while a run grows, and the window of work under way bounded?

The first as a user sees it: the summed PSS of the process tree of a run of a million structures
beside one of a quarter of a million, of one and the same lever space.
"""

from pathlib import Path

import pytest

from benchmarks.run import run_measured

PROJECTS = Path(__file__).parents[2] / "fixtures" / "projects"
SMALL, LARGE = 250_000, 1_000_000
MOST = 1.2


@pytest.mark.full
@pytest.mark.timeout(1_800)
def test_a_million_structures_need_little_more_memory_than_a_quarter(tmp_path: Path) -> None:
    text = (PROJECTS / "large.yaml").read_text()
    for before, after in (
        ("{min: 3.0, max: 7.0, step: 0.25}", "{min: 3.0, max: 7.0, step: 0.05}"),
        ("../markets/usd.yaml", "builtin:usd"),
        ("../rulebooks/v1.yaml", "builtin:v1"),
    ):
        assert text.count(before) == 1
        text = text.replace(before, after)
    project = tmp_path / "finer.yaml"
    project.write_text(text)
    run_measured(project, 2, ("--max-permutations", "2000"))  # compiles, or loads what is compiled
    runs = {
        rows: run_measured(project, 2, ("--max-permutations", str(rows))) for rows in (SMALL, LARGE)
    }
    assert {rows: run.rows for rows, run in runs.items()} == {SMALL: SMALL, LARGE: LARGE}
    told = {rows: f"{run.peak / 1e6:.0f} MB, {run.seconds:.0f} s" for rows, run in runs.items()}
    assert runs[LARGE].peak <= MOST * runs[SMALL].peak, told
    # It is the rows that are flat, not a large floor that hides them.
    assert runs[LARGE].peak < 600e6, told
