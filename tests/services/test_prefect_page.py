"""Do the pages' commands for a Prefect server do what they say, typed at a real one?"""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.page_claims import Typed, types
from tests.page_commands import lines_of
from tests.page_shell import Shell
from tests.run_projects import PROJECT

if TYPE_CHECKING:
    from tests.services.prefect_site import Site

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]
_RUN = re.compile(r"\b(RUN_ID|small-1a2b3c4d5e6f)\b")  # what the pages call it


@types("docs/prefect.md", "docs/how-to/run-by-prefect.md", needs="prefect", each=True)
def test_a_run_is_asked_for_and_cancelled(site: Site, tmp_path: Path, typed: Typed) -> None:
    [block] = typed
    shell = Shell(tmp_path / "home")
    (shell.work / "my-project.yaml").write_text(PROJECT.replace("LIMIT", "300"))
    ours = {name: each for name, each in site.environment.items() if os.environ.get(name) != each}
    settings = "".join(f"export {name}={shlex.quote(each)}\n" for name, each in ours.items())

    def typed_well(line: str) -> str:
        done = shell.typed(settings + line)
        assert done.returncode == 0, f"{block.place}: {line}\n{done.stdout}{done.stderr}"
        return done.stdout

    asks = [line for line in lines_of(block) if line.startswith("atlas-forge submit")]
    cancels = [line for line in lines_of(block) if line.startswith("atlas-forge cancel")]
    assert len(asks) + len(cancels) == len(lines_of(block)) and cancels
    with site.working():
        for line in asks:
            assert typed_well(line)
    for line in cancels:  # of a run that waits, since no worker is there any more
        waits = json.loads(typed_well(f"{asks[0]} --json"))["flow_run"]["id"]
        typed_well(_RUN.sub(waits, line))
        assert site.ended(waits).state_name == "Cancelled"
