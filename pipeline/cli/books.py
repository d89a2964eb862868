"""What `rulebook` and `market` share: comparing two files, and ending a check."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from pipeline.cli.console import BAD_INPUT, FAILED, note, print_json, say, wants_json
from pipeline.escape import log_text
from pipeline.inputs.errors import InputError
from pipeline.inputs.leaves import Change, Leaf


def show_changes(
    context: click.Context, old: str, new: str, changes: list[Change], exit_code: bool
) -> None:
    """Print what differs between two files; with `exit_code` a difference ends with 1."""
    if wants_json():
        told = [
            {
                "path": change.path,
                "old": change.old,
                "new": change.new,
                "concerns": [str(effect) for effect in change.effects],
            }
            for change in changes
        ]
        print_json({"schema": 1, "old": old, "new": new, "changes": told})
    elif changes:
        rows = [
            [
                change.path,
                text_of(change.old),
                text_of(change.new),
                ", ".join(str(effect) for effect in change.effects),
            ]
            for change in changes
        ]
        say(left_aligned(["key", "old", "new", "concerns (when raised)"], rows))
    else:
        say(f"{old} and {new} say the same.")
    if changes and exit_code:
        context.exit(FAILED)


def end_check(
    context: click.Context,
    file: str,
    document: dict[str, Any],
    lines: list[str],
    errors: tuple[InputError, ...],
    warnings: tuple[InputError, ...],
) -> None:
    """Print a check's findings; errors end with 2."""
    if wants_json():
        print_json(
            {
                "schema": 1,
                "file": file,
                "valid": not errors,
                **document,
                "errors": [asdict(error) for error in errors],
                "warnings": [asdict(warning) for warning in warnings],
            }
        )
    else:
        for line in lines:
            say(line)
        for warning in warnings:
            note(f"warning: {warning}")
        for error in errors:
            note(f"error: {error}")
    if errors:
        context.exit(BAD_INPUT)


def text_of(value: Leaf) -> str:
    """A leaf as a table shows it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def left_aligned(headings: list[str], rows: list[list[str]]) -> str:
    """Columns of words: each begins below its heading."""
    cells = [headings, *[[log_text(cell) for cell in row] for row in rows]]
    widths = [max(len(row[place]) for row in cells) for place in range(len(headings))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return "\n".join(lines)
