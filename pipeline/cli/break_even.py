"""`atlas-forge break-even`: how far an input may move before a structure fails, or passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.console import print_json, say, table, wants_json
from pipeline.cli.evaluate import overrides_of
from pipeline.cli.options import out_option, settings_of

if TYPE_CHECKING:
    from pipeline.inputs.errors import Collector
    from pipeline.problem import FloatArray, Problem
    from pipeline.solve.break_even import BreakEven, Condition, Side
    from pipeline.solve.changes import Change


@click.command(name="break-even")
@click.argument("run_id", required=False)
@click.argument("permutation", required=False, type=click.IntRange(min=0))
@click.option("--project", metavar="FILE", help="A project's base instead of a run's structure.")
@click.option(
    "--set", "texts", multiple=True, metavar="NAME=VALUE",
    help="A setting on top of the project's base; repeatable.",
)  # fmt: skip
@click.option(
    "--input", "names", multiple=True, metavar="NAME",
    help="Another numeric input of the catalogue, or one of the four; repeatable.",
)  # fmt: skip
@click.option(
    "--keep",
    type=click.Choice(["gates", "tier", "viable"]),
    help="What is to be kept: both gates (default), the tier, the hard filters.",
)
@click.option("--gate", metavar="REASON", help="One test only, such as ICR_BELOW_MINIMUM.")
@click.option("--reach", metavar="FILTER", help="A figure's floor or ceiling: 'DSCR>=1.30'.")
@out_option
def command(
    run_id: str | None,
    permutation: int | None,
    project: str | None,
    texts: tuple[str, ...],
    names: tuple[str, ...],
    keep: str | None,
    gate: str | None,
    reach: str | None,
    out: str | None,
) -> None:
    """Show the values of rent, opex, capex and coupon at which a structure just passes.

    Each input is moved alone, both ways, the nearest crossing is found on either side, and the
    figures just before and just after it are its proof (--json). A structure of a run is
    recomputed from the run's own plan; without RUN_ID a project's base is asked, or the
    catalogue's defaults. With --input only the inputs named are moved.

    \b
    Examples:
      atlas-forge break-even small-1a2b3c4d5e6f 81470
      atlas-forge break-even small-1a2b3c4d5e6f 81470 --keep tier --input EquityIRRTarget_55
      atlas-forge break-even --project project.yaml --set SeniorTenorY_39=12 --reach 'DSCR>=1.40'
      atlas-forge break-even --set SeniorCoupon_38=5.5 --gate ICR_BELOW_MINIMUM --json
    """
    from pipeline.inputs.errors import Collector
    from pipeline.solve.break_even import break_evens
    from pipeline.solve.inputs import USUAL, changes_of

    if run_id is None:
        problem, inputs, about = _of_project(project, texts)
    elif project or texts:
        raise click.UsageError("a run's structure is as its plan says: no --project, no --set")
    elif permutation is None:
        raise click.UsageError("which structure of the run? Give its PERMUTATION number as well")
    else:
        problem, inputs, about = _of_run(run_id, permutation, out)
    collector = Collector("break-even")
    condition = _condition(problem, inputs, keep, gate, reach, collector)
    changes = changes_of(names or USUAL, inputs, collector)
    collector.stop_if_any()
    assert condition is not None  # noqa: S101 - an error was recorded otherwise
    holds, found = break_evens(problem, inputs, condition, changes)
    if wants_json():
        document = {
            "schema": 1,
            **about,
            "condition": condition.text,
            "holds": holds,
            "inputs": [_document(each, holds=holds) for each in found],
        }
        print_json(document)
    else:
        say(_text(about, condition, found, holds=holds))


def _of_run(
    run_id: str, permutation: int, out: str | None
) -> tuple[Problem, FloatArray, dict[str, Any]]:
    import numpy as np

    from pipeline.inputs.errors import InputError, InputErrors
    from pipeline.stages.input import stored

    plan = stored(run_id, settings_of(out=out))[1]
    if permutation >= plan.size:
        raise InputErrors(
            [
                InputError(run_id, "PERMUTATION", str(permutation), "is no structure of this run",
                           f"0 to {plan.size - 1}")
            ]
        )  # fmt: skip
    inputs = plan.space.fill(plan.problem.base, np.array([permutation], dtype=np.int64))
    levers = plan.space.labels(permutation)
    return plan.problem, inputs, {
        "run_id": run_id, "permutation_id": permutation, "levers": levers,
    }  # fmt: skip


def _of_project(
    file: str | None, texts: tuple[str, ...]
) -> tuple[Problem, FloatArray, dict[str, Any]]:
    from pipeline.evaluation import checked
    from pipeline.inputs.encode import base_of, problem_of
    from pipeline.inputs.loading import load_request
    from pipeline.inputs.scenarios import DEFAULTS, default_request

    request = load_request(file) if file else default_request()
    (scenario,) = checked(request, [(None, overrides_of(texts))], "--set")
    return problem_of(scenario), base_of(scenario).reshape(-1, 1), {"file": file or DEFAULTS}


def _condition(
    problem: Problem,
    inputs: FloatArray,
    keep: str | None,
    gate: str | None,
    reach: str | None,
    collector: Collector,
) -> Condition | None:
    from kernels import codes
    from pipeline.engine import figures_of_inputs
    from pipeline.inputs.errors import suggestion
    from pipeline.inputs.filters import parsed
    from pipeline.solve import break_even as conditions

    if sum(each is not None for each in (keep, gate, reach)) > 1:
        raise click.UsageError("give one of --keep, --gate and --reach")
    if gate is not None:
        if gate in codes.REASON_NAMES:
            return conditions.passes_test(gate)
        message = f"is no reason of a gate{suggestion(gate, codes.REASON_NAMES)}"
        collector.error("--gate", message, gate, allowed=", ".join(codes.REASON_NAMES))
        return None
    if reach is not None:
        try:
            return conditions.keeps_figure(reach, *parsed(reach))
        except ValueError as error:
            collector.error("--reach", str(error), reach)
            return None
    if keep == "tier":
        return conditions.keeps_tier(figures_of_inputs(problem, inputs))
    return conditions.passes_filters() if keep == "viable" else conditions.passes_gates()


def _document(found: BreakEven, *, holds: bool) -> dict[str, Any]:
    return {
        "name": found.change.name,
        "unit": found.change.unit,
        "base": found.base,
        "under": _side(found.under, found.base, holds=holds),
        "over": _side(found.over, found.base, holds=holds),
    }


def _side(side: Side, base: float, *, holds: bool) -> dict[str, Any]:
    value = side.last if holds else side.first
    margin = None if value is None else value - base
    return {
        "value": value,
        "status": "OK" if value is not None else "NOT_WITHIN_BOUNDS",
        "margin": margin,
        "margin_pct": None if margin is None or base == 0.0 else 100.0 * margin / abs(base),
        "looked_to": side.limit,
        "last": side.last,
        "first": side.first,
        "changed": list(side.changed),
        "inside": side.inside,
        "outside": side.outside,
    }


def _text(
    about: dict[str, Any], condition: Condition, found: list[BreakEven], *, holds: bool
) -> str:
    subject = f"Structure {about['permutation_id']}" if "run_id" in about else about["file"]
    state = "holds" if holds else "does not hold"
    headings = ["input", "is", "side", "holds to" if holds else "holds from", "margin", "%", "then"]
    rows = [
        _row(each.change, each.base, name, side, holds=holds)
        for each in found
        for name, side in (("under", each.under), ("over", each.over))
    ]
    return f"{subject}: '{condition.text}' {state}\n{table(headings, rows)}"


def _row(change: Change, base: float, name: str, side: Side, *, holds: bool) -> list[str]:
    told = _side(side, base, holds=holds)
    label = f"{change.name} [{change.unit}]" if change.unit else change.name
    if told["value"] is None:
        return [label, f"{base:,.6g}", name, f"all to {side.limit:,.6g}" if holds else
                f"none to {side.limit:,.6g}", "-", "-", "-"]  # fmt: skip
    percent = told["margin_pct"]
    return [
        label,
        f"{base:,.6g}",
        name,
        f"{told['value']:,.8g}",
        f"{told['margin']:+,.6g}",
        "-" if percent is None else f"{percent:+,.2f}",
        told["changed"][0] if told["changed"] else "-",
    ]
