"""Structures of one run side by side, column by column, differences marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.columns import BY_NAME, MERGE_COLUMNS
from pipeline.inputs.errors import InputError, InputErrors
from pipeline.query.structures import Structure, structure_of
from pipeline.storage.results import ResultsStore

MOST = 12


def structures_beside(
    results: ResultsStore, run_id: str, numbers: Sequence[int]
) -> list[Structure]:
    """The structures asked for. Raises InputErrors with everything that is wrong with them."""
    problems: list[InputError] = []
    found: list[Structure] = []
    if len(numbers) > MOST:
        allowed = f"up to {MOST}"
        problems.append(InputError("PERMUTATION", "", str(len(numbers)), "are too many", allowed))
    for number in dict.fromkeys(numbers[:MOST]):
        try:
            found.append(structure_of(results, run_id, number))
        except InputErrors as errors:
            problems += errors.errors
    if len(found) < len(numbers[:MOST]) and not problems:
        problems.append(InputError("PERMUTATION", "", "", "the same structure is given twice"))
    if problems:
        raise InputErrors(problems)
    return found


def beside(run_id: str, structures: Sequence[Structure]) -> dict[str, Any]:
    """One JSON document: every column with its values and whether they differ."""
    levers = structures[0].levers
    names = [*levers, *[name for name in structures[0].row if name not in levers]]
    columns = []
    for name in names:
        if name in (*MERGE_COLUMNS, "permutation_id"):
            continue
        values = [structure.row[name] for structure in structures]
        known = BY_NAME.get(name)
        columns.append(
            {
                "name": name,
                "unit": known.unit if known else "",
                "lever": name in levers,
                "values": values,
                "differs": any(value != values[0] for value in values[1:]),
            }
        )
    return {
        "schema": 1,
        "run_id": run_id,
        "structures": [
            {"permutation_id": each.permutation_id, "rank": each.rank, "source": each.source}
            for each in structures
        ],
        "columns": columns,
    }
