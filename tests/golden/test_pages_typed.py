"""Do runbook and how-to pages do what they say, typed as they stand there?

Blocks that need a service say so on the page, or use a program that needs one; who types these is
asked by tests/unit/test_page_claims.py, and tests/unit/test_page_commands.py holds every line of
them against what there is.
"""

import os
from importlib.metadata import distributions
from pathlib import Path

import pytest

from tests.page_blocks import Block
from tests.page_claims import Typed, types
from tests.page_commands import ROOT, shell_blocks, why_not_typed
from tests.page_shell import RUN, Shell

# what writes a project comes first, what clears runs last
_FIRST, _LAST = "write-a-project.md", "keep-order.md"
HOW_TO = [
    str(path.relative_to(ROOT))
    for path in sorted(
        (ROOT / "docs" / "how-to").glob("*.md"),
        key=lambda path: (path.name == _LAST, path.name != _FIRST, path.name),
    )
    if not all(why_not_typed(block) for block in shell_blocks(path))
]


def _installed() -> bool:
    return any(each.name == "atlas-forge" for each in distributions())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A person's folder with the repository's examples and two finished runs."""
    if not _installed() and not os.environ.get("CI"):
        pytest.skip("atlas-forge is not installed here, which `doctor` asks for: make setup")
    shell = Shell(tmp_path_factory.mktemp("pages") / "home")
    (shell.work / "fixtures").symlink_to(ROOT / "fixtures")
    (shell.work / "scenarios.jsonl").write_text('{"SeniorCoupon_38": 5.5}\n')
    for script, names in (
        ("atlas-forge run fixtures/projects/small.yaml --direct --no-pack", ("RUN_ID", "RUN_A")),
        ("atlas-forge init project.yaml", ()),
        ("atlas-forge run project.yaml --direct --no-pack", ("RUN_B",)),
    ):
        done = shell.typed(script)
        assert done.returncode == 0, done.stderr
        for name in names:
            found = RUN.search(done.stdout)
            assert found is not None
            shell.runs[name] = found[0]
    return shell


def follow(shell: Shell, typed: Typed) -> None:
    """Type blocks in their order; all that fail are told at once."""
    told = []
    for block in typed:
        try:
            shell.follow(block)
        except AssertionError as error:
            told.append(str(error))
    assert not told, "\n\n".join(told)


@pytest.mark.full
@pytest.mark.timeout(900)
@types("docs/runbook.md")
def test_the_runbook_goes_as_it_says(home: Shell, typed: Typed) -> None:
    mine = home.work / "my-project.yaml"
    mine.write_bytes((home.work / "project.yaml").read_bytes())
    try:
        follow(home, typed)
    finally:
        mine.unlink()  # how-to pages write their own


def strike(run: Path) -> Path:
    """Change a partition of a finished run and stand in the way of another; returns what stands."""
    (run / "ranked.parquet").unlink()
    with (run / "evaluated" / "part-00000.parquet").open("ab") as part:
        part.write(b"x")
    (run / "checkpoints" / "pruning" / "part-00001.json").unlink()
    path = run / "evaluated" / "part-00001.parquet"
    path.unlink()
    path.mkdir()
    (path / "in-the-way").touch()
    return path


@pytest.mark.full
@pytest.mark.timeout(900)
@types("docs/runbook.md", needs="a run")
def test_what_the_runbook_asks_of_a_run_that_failed(home: Shell, typed: Typed) -> None:
    in_the_way = strike(home.work / "runs" / home.runs["RUN_ID"])
    failed = home.typed("atlas-forge resume RUN_ID")
    assert failed.returncode == 1 and "pruning partition 1:" in failed.stderr
    told: dict[str, list[str]] = {}
    for block in typed:
        lines, resumed = _before_it_is_put_right(block)
        done = home.typed(lines)
        assert done.returncode == 0, f"{block.place}: {done.stdout}{done.stderr}"
        told.setdefault(block.heading, []).append(done.stdout)
        if resumed:
            (in_the_way / "in-the-way").unlink()
            in_the_way.rmdir()
            done = home.typed(resumed)
            assert done.returncode == 0, f"{block.place}: {done.stdout}{done.stderr}"
    assert '"event": "partition_redone"' in "".join(told["Dashboards"])
    assert '"event": "partition_failed"' in "".join(told["Dashboards"])
    assert '"partition": 1' in "".join(told["AtlasForgeErrors"])
    assert "finished" in home.typed("atlas-forge status RUN_ID").stdout


def _before_it_is_put_right(block: Block) -> tuple[str, str]:
    """A block's lines, those that go on with the run apart: first what failed is put right."""
    lines = block.text.splitlines()
    on = [line for line in lines if line.startswith("atlas-forge resume")]
    return "\n".join(line for line in lines if line not in on), "\n".join(on)


@pytest.mark.full
@pytest.mark.timeout(900)
@types(*HOW_TO)
def test_the_how_to_pages_go_as_they_say(home: Shell, typed: Typed) -> None:
    follow(home, typed)


@pytest.mark.full
@pytest.mark.timeout(900)
@types("docs/search.md", "docs/sizing.md")
def test_the_pages_of_search_and_sizing_go_as_they_say(home: Shell, typed: Typed) -> None:
    (home.work / "my-project.yaml").write_bytes((home.work / "project.yaml").read_bytes())
    large = home.typed("atlas-forge run fixtures/projects/large.yaml --direct --no-pack")
    found = RUN.search(large.stdout)
    assert found is not None, large.stderr
    home.runs["RUN_ID"] = found[0]
    follow(home, typed)
