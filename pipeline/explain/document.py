"""An explanation as a JSON document, and a table of it as CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from typing import Any, Final

from pipeline.escape import spreadsheet_cell
from pipeline.explain.model import Explanation, Table, Value

SCHEMA: Final = 1


def document(explanation: Explanation) -> dict[str, Any]:
    """Plain JSON values: every step with its inputs, every table with its columns and rows."""
    plain = asdict(explanation)
    for name in ("facts", "settings"):
        plain[name] = {each["name"]: each["value"] for each in plain[name]}
    return {"schema": SCHEMA, **plain}


def csv_text(table: Table) -> str:
    """A table as CSV: names of columns, then rows; floats in full, an empty cell for None."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows([[_cell(value) for value in row] for row in table.rows])
    return out.getvalue()


def _cell(value: Value) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return spreadsheet_cell(value) if isinstance(value, str) else value
