"""What commands share: whether JSON is wanted, how things are printed, how an error ends."""

from __future__ import annotations

import json
from typing import Any

import click

from pipeline.escape import log_text
from pipeline.redaction import redacted_text

OK, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def wants_json() -> bool:
    """Whether `--json` was given, wherever on the command line."""
    context = click.get_current_context(silent=True)
    found = context.find_root().obj if context else None
    return bool(found and found.get("json"))


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def say(text: str) -> None:
    """A line for people, on stdout; nothing when JSON is wanted."""
    if not wants_json():
        click.echo(text)


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
