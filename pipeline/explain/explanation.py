"""All sections of one structure, put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from kernels import codes, scenarios
from kernels import figures as f
from pipeline.explain import waterfall
from pipeline.explain.capital import capital_section
from pipeline.explain.case import Case
from pipeline.explain.closing import returns_section, uses_section
from pipeline.explain.compliance import compliance_section
from pipeline.explain.day_one import day_one_section
from pipeline.explain.gates import gates_section
from pipeline.explain.income import income_section
from pipeline.explain.mezzanine import mezzanine_section
from pipeline.explain.model import Comparison, Explanation, Section, Setting
from pipeline.explain.one_percent import one_percent_section
from pipeline.explain.project import project_section
from pipeline.explain.rating import rating_section
from pipeline.explain.senior import senior_section
from pipeline.explain.stresses import stresses_section
from pipeline.explain.verdict import verdict_section
from pipeline.problem import FloatArray, Problem

SCENARIOS: Final = scenarios.NAMES
SECTIONS: Final = (
    "project", "income", "senior", "mezzanine", "capital", "rating", "day_one", "uses", "returns",
    "stresses", "gates", "compliance", "one_percent", "verdict", "waterfall",
)  # fmt: skip


def explained(
    problem: Problem,
    inputs: FloatArray,
    *,
    title: str,
    currency: str,
    facts: Sequence[Setting] = (),
    settings: Sequence[Setting] = (),
    notes: Sequence[str] = (),
    stored: Comparison | None = None,
    scenario: str = SCENARIOS[scenarios.BASE],
) -> Explanation:
    """The explanation of `inputs` (N_INPUTS,) under a problem; `scenario` is the waterfall's.

    `facts` say which structure this is; how it ended follows them. Raises ValueError for a scenario
    that is none.
    """
    case = Case(problem, np.ascontiguousarray(inputs.reshape(-1, 1)), currency)
    return explained_case(
        case,
        title=title,
        facts=facts,
        settings=settings,
        notes=notes,
        stored=stored,
        scenario=scenario,
    )


def explained_case(
    case: Case,
    *,
    title: str,
    facts: Sequence[Setting] = (),
    settings: Sequence[Setting] = (),
    notes: Sequence[str] = (),
    stored: Comparison | None = None,
    scenario: str = SCENARIOS[scenarios.BASE],
) -> Explanation:
    """The explanation of a case that its maker goes on with. Raises as `explained` does."""
    if scenario not in SCENARIOS:
        raise ValueError(f"scenario {scenario!r}: has to be one of {', '.join(SCENARIOS)}")
    number = SCENARIOS.index(scenario)
    base = waterfall.record(case, scenarios.BASE) if case.sound else None
    months: Section = Section("waterfall", "Waterfall")
    if base is not None:
        recording = base if number == scenarios.BASE else waterfall.record(case, number)
        table = waterfall.table(recording, number)
        months = Section("waterfall", table.title, (), (table,))
    ratings, gates = rating_section(case), gates_section(case)
    compliance = compliance_section(case, ratings, gates)
    return Explanation(
        title=title,
        currency=case.currency,
        facts=(*facts, *_ending(case)),
        settings=tuple(settings),
        sections=(
            project_section(case),
            income_section(case),
            senior_section(case),
            mezzanine_section(case),
            capital_section(case),
            ratings,
            day_one_section(case),
            uses_section(case),
            returns_section(case, base),
            stresses_section(case),
            gates,
            compliance,
            one_percent_section(case, compliance, gates),
            verdict_section(case),
            months,
        ),
        notes=tuple(notes),
        stored=stored,
    )


def _ending(case: Case) -> tuple[Setting, ...]:
    failed = int(case.number(f.GATE_A_FAILED)) | int(case.number(f.GATE_B_FAILED))
    reasons = [name for bit, name in enumerate(codes.REASON_NAMES) if failed >> bit & 1]
    return (
        Setting("tier", codes.TIER_NAMES[int(case.number(f.TIER))]),
        Setting("survivor", failed == 0),
        Setting("first_reason", reasons[0] if reasons else None),
        Setting("reasons", ", ".join(reasons) or None),
    )
