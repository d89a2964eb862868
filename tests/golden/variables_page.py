"""docs/variables.md from the table of tests: `python -m tests.golden.variables_page`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.inputs import catalogue
from tests.golden.variables import MOVES, OF_A_RUN, Move

PAGE = Path(__file__).resolve().parents[2] / "docs" / "variables.md"
_HEAD = """\
# What every input moves

Made from `tests/golden/variables.py` by `python -m tests.golden.variables_page`; do not edit.
`tests/golden/test_every_variable_is_alive.py` moves each input as told here and holds the engine to
what follows: + more, − less, ~ other, = the same. The number before the colon is the section of the
model that says so.

| input | from → to | what follows | because |
|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    rows = []
    for variable in catalogue.VARIABLES:
        moves = [move for move in MOVES if move.what == variable.number]
        name = f"`{variable.name}`"
        if variable.computed:
            rows.append((name, "", "computed; setting it is an error", variable.description))
        elif variable.number in OF_A_RUN:
            rows.append((name, "", "no figure of a structure", OF_A_RUN[variable.number]))
        rows += [_told(name, move) for move in moves]
    rows += [_told(f"`{move.what}`", move) for move in MOVES if isinstance(move.what, str)]
    return _HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _told(name: str, move: Move) -> tuple[str, str, str, str]:
    effects = ", ".join(f"{e[:-1]} {e[-1]}".replace("-", "−") for e in move.effects.split())
    return name, f"{_value(move.low)} → {_value(move.high)}", effects, move.text.replace("|", "\\|")


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:,.10g}"
    return str(value).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
