"""Do the generated pages of the reference say what the program says?"""

import subprocess
import sys
from pathlib import Path

import click

from pipeline.cli.main import cli
from pipeline.columns import COLUMNS
from pipeline.inputs.catalogue import VARIABLES

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


def test_the_reference_is_that_of_this_program() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/reference", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_nothing_is_left_out_of_the_reference() -> None:
    catalogue = (REFERENCE / "catalogue.md").read_text()
    assert [each.name for each in VARIABLES if f"| `{each.name}`" not in catalogue] == []
    columns = (REFERENCE / "columns.md").read_text()
    assert [each.name for each in COLUMNS if f"| `{each.name}` |" not in columns] == []
    commands = (REFERENCE / "commands.md").read_text()
    names = cli.list_commands(click.Context(cli))
    assert len(names) > 30
    assert [name for name in names if f"\n## {name}\n" not in commands] == []
