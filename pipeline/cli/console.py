"""What commands share: whether JSON is wanted, how things are printed, how an error ends."""

from __future__ import annotations

import json
import re
from typing import Any

import click

from pipeline.escape import log_text
from pipeline.redaction import redacted_text

OK, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

# JSON itself escapes what is below the blank. These turn the direction of reading, end a line, or
# begin a command of a terminal.
_ACTING = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def wants_json() -> bool:
    """Whether `--json` was given, wherever on the command line."""
    context = click.get_current_context(silent=True)
    found = context.find_root().obj if context else None
    return bool(found and found.get("json"))


def print_json(document: Any) -> None:
    """One JSON document on stdout; what a terminal would act on is written as \\uXXXX."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    click.echo(_ACTING.sub(lambda found: f"\\u{ord(found.group()):04x}", text))


def say(text: str) -> None:
    """Lines for people, on stdout; nothing when JSON is wanted. No line acts on a terminal."""
    if not wants_json():
        click.echo("\n".join(map(log_text, text.split("\n"))))


def note(text: str) -> None:
    """A line for people, on stderr."""
    click.echo(log_text(redacted_text(text)), err=True)


def table(headings: list[str], rows: list[list[str]]) -> str:
    """Columns aligned with spaces; all but the first to the right."""
    cells = [headings, *[[log_text(cell) for cell in row] for row in rows]]
    widths = [max(len(row[place]) for row in cells) for place in range(len(headings))]
    lines = []
    for row in cells:
        first = row[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([first, *rest]).rstrip())
    return "\n".join(lines)


def money(value: float | None) -> str:
    """Money in millions with its unit; a dash where there is none."""
    return "-" if value is None else f"{value / 1e6:,.1f}m"


def number(value: float | None, places: int = 2, unit: str = "") -> str:
    """A figure with its unit; a dash where it is undefined."""
    return "-" if value is None else f"{value:,.{places}f}{unit}"
