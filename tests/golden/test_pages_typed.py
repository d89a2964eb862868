"""Do runbook and how-to pages do what they say, typed as they stand there?

Blocks that need a service say so on the page, or use a program that needs one: for these there is a
reason instead, and tests/unit/test_page_commands.py holds every line of them against what there is.
"""

import os
from importlib.metadata import distributions
from pathlib import Path

import pytest

from tests.page_blocks import Block
from tests.page_commands import NOT_TYPED, ROOT, shell_blocks, why_not_typed
from tests.page_shell import RUN, Shell
from tests.services.test_runbook import TYPED

RUNBOOK = ROOT / "docs" / "runbook.md"
HOW_TO = sorted((ROOT / "docs" / "how-to").glob("*.md"))
# what a page may say that it needs, and where that is brought along
NEEDS = {
    "mongo": "tests/services/test_runbook.py types it",
    "s3": "tests/services types such commands at a server of its own",
    "a cluster": "no Kubernetes in a test",
    "a run": "one with failures; typed below at a run that has none",
    "prefect": "tests/services types such commands at a server of its own",
    "admin": "an administrator's rights",
}
# a run without failures has no lines about them: no fault of the command
FINDS_NOTHING = 'grep() { command grep "$@" || [ $? -eq 1 ]; }'


def not_typed(path: Path) -> dict[str, str]:
    """By place: why a block of a page is not typed."""
    return {block.place: why for block in shell_blocks(path) if (why := why_not_typed(block))}


@pytest.mark.parametrize("path", [RUNBOOK, *HOW_TO], ids=lambda path: path.name)
def test_what_is_not_typed_has_a_reason(path: Path) -> None:
    known = {*NEEDS, *NOT_TYPED.values()}
    assert {place: why for place, why in not_typed(path).items() if why not in known} == {}


def test_what_needs_a_database_is_typed_at_one() -> None:
    asked = {block.heading for block in shell_blocks(RUNBOOK) if block.needs == "mongo"}
    assert asked == set(TYPED)


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


def follow(shell: Shell, path: Path) -> list[Block]:
    """Type the blocks of a page that can be typed; all that fail are told at once."""
    told = []
    typed = [block for block in shell_blocks(path) if not why_not_typed(block)]
    for block in typed:
        try:
            shell.follow(block)
        except AssertionError as error:
            told.append(str(error))
    assert not told, "\n\n".join(told)
    return typed


@pytest.mark.full
@pytest.mark.timeout(900)
def test_the_runbook_goes_as_it_says(home: Shell) -> None:
    mine = home.work / "my-project.yaml"
    mine.write_bytes((home.work / "project.yaml").read_bytes())
    try:
        assert follow(home, RUNBOOK)
    finally:
        mine.unlink()  # how-to pages write their own
    of_a_run = [block for block in shell_blocks(RUNBOOK) if block.needs == "a run"]
    assert of_a_run
    for block in of_a_run:
        done = home.typed(f"{FINDS_NOTHING}\n{block.text}")
        assert done.returncode == 0, f"{block.place}: {done.stderr}"


@pytest.mark.full
@pytest.mark.timeout(900)
def test_the_how_to_pages_go_as_they_say(home: Shell) -> None:
    # what writes a project comes first, what clears runs last
    first, last = "write-a-project.md", "keep-order.md"
    order = sorted(HOW_TO, key=lambda path: (path.name == last, path.name != first, path.name))
    typed = [block for path in order for block in follow(home, path)]
    assert {block.page for block in typed} == {path.name for path in HOW_TO} - {"README.md"}
