"""What stands under a table in which figures are undefined."""

from __future__ import annotations

from pipeline.reports.formats import UNDEFINED
from pipeline.reports.pack.document import Figure, Grid


def undefined_notes(grid: Grid) -> str:
    """Why figures of a table are undefined, each reason once; empty where none is."""
    notes = dict.fromkeys(
        cell.note
        for row in grid.rows
        for cell in row
        if isinstance(cell, Figure) and cell.value is None and cell.note
    )
    return f"{UNDEFINED} is undefined: {'; '.join(notes)}." if notes else ""
