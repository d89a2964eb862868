"""A structure as one document: levers, figures, gates, day-one value, capital, stresses."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from kernels import codes
from pipeline.query.structures import Structure
from pipeline.reports.run.structure import StructureReport

GATE_A = codes.REASON_NAMES[: codes.N_GATE_A_REASONS]
GATE_B = codes.REASON_NAMES[codes.N_GATE_A_REASONS :]


def report_of(structure: Structure, request: dict[str, Any]) -> StructureReport:
    """The parts a person reads; its rank counts for nothing where the structure has none."""
    return StructureReport.of_row({**structure.row, "rank": structure.rank or 0}, request)


def card(run_id: str, structure: Structure, request: dict[str, Any]) -> dict[str, Any]:
    """The structure as a JSON document; `request` is that of the run's manifest."""
    told = report_of(structure, request)
    row = structure.row
    return {
        "schema": 1,
        "run_id": run_id,
        "permutation_id": structure.permutation_id,
        "rank": structure.rank,
        "pareto": structure.row.get("pareto"),
        "source": structure.source,
        "viability_tier": row["viability_tier"],
        "levers": {name: row[name] for name in structure.levers},
        "gates": {
            "a": gate(row, "gate_a_reasons", GATE_A),
            "b": gate(row, "gate_b_reasons", GATE_B),
        },
        "warnings": row["warnings"],
        "day_one": [asdict(part) for part in told.day_one],
        "sources": [asdict(part) for part in told.sources],
        "uses": [asdict(part) for part in told.uses],
        "scenarios": [asdict(scenario) for scenario in told.scenarios],
        "figures": {name: value for name, value in row.items() if name not in structure.levers},
    }


def gate(row: dict[str, Any], column: str, tests: tuple[str, ...]) -> dict[str, Any]:
    """A gate's verdict: the tests in their order, those that fail among them."""
    failed = list(row[column] or ())
    return {"passed": not failed, "tests": list(tests), "failed": failed}
