"""Figures of single scenarios, whatever the gates say.

    evaluate()                                              the catalogue's defaults
    evaluate(overrides={"SeniorCoupon_38": 5.5})            with settings on top
    evaluate(load_request("project.yaml"), {"mezz": True})  a project's base
    evaluate_many(None, [{...}, {...}])                     many at once, in order

Settings are catalogue names, `mezz` (true, or its settings), the overlays, `max_ltv_pct` and
`min_icr`. Each result is a flat dict of plain values; what is undefined or not modelled yet is None
beside a `<name>_status`. Raises InputErrors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pipeline.columns import flat
from pipeline.engine import figures_of_inputs
from pipeline.inputs.encode import base_of, problem_of, shifts_of
from pipeline.inputs.errors import Collector, InputError, InputErrors
from pipeline.inputs.request import Request
from pipeline.inputs.scenarios import default_request, scenario_of


def evaluate(
    request: Request | None = None, overrides: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Every figure of one scenario. `request` None: the catalogue's defaults."""
    return evaluate_many(request, [overrides or {}])[0]


def evaluate_many(
    request: Request | None, scenarios: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Every figure of each scenario, in order; nothing is computed if one of them is wrong."""
    numbered = list(enumerate(scenarios, 1))
    return figures_of(checked(request or default_request(), numbered, "scenarios"))


def checked(
    request: Request, numbered: Sequence[tuple[int | None, Mapping[str, Any]]], file: str
) -> list[Request]:
    """The scenario of each (line number or None, settings). Raises InputErrors naming the lines."""
    found: list[Request] = []
    errors: list[InputError] = []
    for number, overrides in numbered:
        collector = Collector(file)
        found.append(scenario_of(request, overrides, collector))
        errors.extend(replace(error, line=number) for error in collector.errors)
    if errors:
        raise InputErrors(errors)
    return found


def figures_of(scenarios: Sequence[Request]) -> list[dict[str, Any]]:
    """Figures of scenarios, computed together where they share rulebook, market and filters."""
    results: list[dict[str, Any]] = [{} for _ in scenarios]
    groups: dict[object, list[int]] = {}
    for place, scenario in enumerate(scenarios):
        groups.setdefault(_question(scenario), []).append(place)
    for places in groups.values():
        problem = problem_of(scenarios[places[0]])
        inputs = np.stack([base_of(scenarios[place]) for place in places], axis=1)
        figures = figures_of_inputs(problem, inputs)
        for column, place in enumerate(places):
            results[place] = flat(figures[:, column])
    return results


def _question(scenario: Request) -> object:
    """What scenarios have to share to be computed in one call."""
    run = scenario.run
    return (
        id(scenario.rulebook),
        id(scenario.market),
        shifts_of(scenario),
        tuple(run.weights.items()),
        run.hard_filters,
        run.objective,
    )
