"""Does `golden` tell met from explained from failed, by its exit code and in every form?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli.golden_text import MARKS
from pipeline.cli.main import run_command
from pipeline.golden import outcomes
from pipeline.inputs.expected import Expected, ExpectedFact, ExpectedFigure
from tests.run_projects import PROJECT

MET = "permutations: {value: 600, source: count}"
EXPLAINED = 'diamond: {min: 10000, source: dream, explained: "<b>no</b> [one](x) is | there"}'
FAILED = "fully_funded: {max: 0, source: fear}"


def write(folder: Path, *claims: str, name: str = "trial") -> str:
    block = "".join(f"  {claim}\n" for claim in claims)
    path = folder / f"{name}.yaml"
    path.write_text(PROJECT.replace("LIMIT", "600") + (f"expected:\n{block}" if claims else ""))
    return str(path)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """One folder of runs: what is expected is no input, so all of them are the same run."""
    return ["--out", str(tmp_path_factory.mktemp("runs")), "--workers", "1"]


@pytest.mark.parametrize(
    ("claims", "code", "statuses"),
    [
        ([MET], 0, ["met"]),
        ([MET, EXPLAINED], 0, ["met", "explained"]),
        ([MET, FAILED, EXPLAINED], 1, ["met", "failed", "explained"]),
    ],
)
def test_only_what_is_neither_met_nor_explained_fails(
    claims, code, statuses, tmp_path, out, capsys
):
    project = write(tmp_path, *claims)
    assert run_command(["golden", project, *out, "--json"]) == code
    told = json.loads(capsys.readouterr().out)
    assert [each["status"] for each in told["projects"][0]["outcomes"]] == statuses
    assert told["met_or_explained"] is (code == 0)
    assert len(list(Path(out[1]).iterdir())) == 1


def test_words_say_why_it_is_not_met_and_what_binds(tmp_path, out, capsys):
    assert run_command(["golden", write(tmp_path, MET, FAILED, EXPLAINED), *out]) == 1
    told = capsys.readouterr().out
    assert "600 " in told
    assert "at most 0" in told
    assert "not met and not explained; what binds: " in told
    assert "is | there" in told
    assert "The optimal structure:" in told


def test_a_page_gets_the_tables_between_its_marks_and_keeps_the_rest(tmp_path, out, capsys):
    page = tmp_path / "page.md"
    page.write_text(f"# Mine\n\n{MARKS[0]}\nlast year\n{MARKS[1]}\n\nbelow\n")
    project = write(tmp_path, MET, EXPLAINED)
    for _ in range(2):
        assert run_command(["golden", project, *out, "--markdown", str(page)]) == 0
    text = page.read_text()
    assert text.startswith("# Mine\n\n")
    assert text.endswith(f"{MARKS[1]}\n\nbelow\n")
    assert "last year" not in text
    assert text.count("| Permutations evaluated | count | 600 | 600 | yes |") == 1
    assert r"&lt;b&gt;no&lt;/b&gt; \[one\](x) is \| there" in text
    capsys.readouterr()


def test_bad_input_is_told_before_anything_runs(tmp_path, capsys):
    folder = tmp_path / "runs"
    bare = tmp_path / "bare.md"
    bare.write_text("# Mine\n")
    nothing, sound = write(tmp_path, name="nothing"), write(tmp_path, MET)
    cases = [
        ([nothing, str(tmp_path / "gone.yaml")], ["expected: names no outcome", "gone.yaml"]),
        (["builtin:smal"], ["did you mean small"]),
        ([sound, "--markdown", str(bare)], ["needs the lines"]),
        ([sound, "--markdown", str(tmp_path / "gone.md")], ["cannot be read"]),
    ]
    for arguments, says in cases:
        assert run_command(["golden", *arguments, "--out", str(folder)]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert all(part in told.err for part in says)
        assert not folder.exists()


def test_it_works_without_prefect(tmp_path):
    code = (
        "import sys; from pipeline.cli.main import run_command; "
        f"code = run_command(['golden', {write(tmp_path, MET)!r}, '--out', {str(tmp_path)!r}]); "
        "sys.exit(9 if 'prefect' in sys.modules else code)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("claim", "holds", "does_not"),
    [
        ({"min": 2, "max": 3}, [2, 2.5, 3], [1.999, 3.001]),
        ({"min": 2}, [2, 1e9], [1.999]),
        ({"max": 3}, [-1e9, 3], [3.001]),
        ({"value": 2}, [2], [2.001]),
        ({"value": 2, "tolerance": 0.5}, [1.5, 2.5], [1.499, 2.501]),
    ],
)
def test_bounds_belong_to_what_is_expected(claim, holds, does_not):
    figure = ExpectedFigure(source="us", **claim)
    assert all(figure.holds(value) for value in holds)
    assert not any(figure.holds(value) for value in does_not)


def test_a_run_without_an_optimal_structure_meets_nothing_about_it():
    expected = Expected(
        optimal_dscr=ExpectedFigure(source="us", min=1),
        optimal_has_mezzanine=ExpectedFact(source="us", value=False),
        gate_b_pruned_pct=ExpectedFigure(source="us", min=0, explained="nothing came to it"),
    )
    summary = {"optimal": None, "gates": {"b": {"in": 0, "passed": 0}}}
    found = outcomes(expected, summary)
    assert [(each.measured, each.status) for each in found] == [
        (None, "failed"), (None, "failed"), (None, "explained"),
    ]  # fmt: skip


def test_every_outcome_that_can_be_expected_can_be_measured():
    every = Expected(
        **{
            name: ExpectedFact(source="us", value=True)
            if "Fact" in str(field.annotation)
            else ExpectedFigure(source="us", min=0)
            for name, field in Expected.model_fields.items()
        }
    )
    best = {
        "dscr_min": 1.3, "mezz_notional": 5.0, "senior_notional": 60.0, "equity_notional": 35.0,
        "derivatives": 2, "repo_eligible": True, "day1_cash": 8.0,
    }  # fmt: skip
    tiers = {"Diamond": 1, "Gold": 2, "Silver": 3, "Bronze": 4, "Not Viable": 90}
    summary = {
        "total_scenarios": 100, "fully_funded_scenarios": 6, "tiers": tiers, "optimal": best,
        "gates": {"a": {"in": 100, "passed": 40}, "b": {"in": 40, "passed": 10}},
        "timings": {"pruning": 1.0, "output": 0.5}, "peak_memory_mb": 512.0,
    }  # fmt: skip
    assert {each.name: each.measured for each in outcomes(every, summary)} == {
        "permutations": 100, "fully_funded": 6, "diamond": 1, "gold": 2, "gold_or_better": 3,
        "optimal_dscr": 1.3, "optimal_has_mezzanine": True, "optimal_derivatives": 2,
        "optimal_repo_eligible": True, "day_one_pct": 8.0, "gate_a_pruned_pct": 60.0,
        "gate_b_pruned_pct": 75.0, "seconds": 1.5, "peak_memory_gb": 0.512,
    }  # fmt: skip
