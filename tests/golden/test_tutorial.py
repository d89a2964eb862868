"""Does the tutorial go as it says, typed from its beginning to its end?"""

from pathlib import Path

import pytest

from tests.page_blocks import blocks
from tests.page_claims import Typed, types
from tests.page_shell import ROOT, Shell

TUTORIAL = "docs/tutorial.md"
# what the way from paper to a signed-off pack has to lead through
STATIONS = "init validate plan run top show compare open explain break-even near-misses pack status"


@pytest.mark.timeout(600)
@types(TUTORIAL)
def test_every_command_of_the_tutorial_does_what_is_shown(tmp_path: Path, typed: Typed) -> None:
    shell = Shell(tmp_path / "home")
    for block in typed:
        assert not block.needs, f"{block.place}: the tutorial needs no service"
        shell.follow(block)


def test_the_tutorial_leads_through_every_station() -> None:
    typed = [
        line
        for block in blocks(ROOT / TUTORIAL)
        if block.is_shell
        for line in block.text.split("\n")
    ]
    commands = [line.split()[1] for line in typed if line.startswith("atlas-forge ")]
    in_order = list(dict.fromkeys(each for each in commands if each in STATIONS.split()))
    assert in_order == STATIONS.split()
