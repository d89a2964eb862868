"""The Python API's verbs: what the command line does, from a notebook."""

from __future__ import annotations

from typing import Any

from pipeline.estimate import Estimate, estimate
from pipeline.explain.model import Explanation
from pipeline.explain.run import explain_permutation, stored_run
from pipeline.inputs import Request
from pipeline.inputs.encode import problem_of
from pipeline.places import results_of
from pipeline.runner import run_direct
from pipeline.settings import load_settings
from pipeline.stages.contract import OnProgress, Progress


def run(request: Request, on_progress: OnProgress | None = None, **settings: Any) -> dict[str, Any]:
    """Run the five stages in this process, without Prefect; returns summary.json.

    `settings` are fields of pipeline.settings.Settings, such as out="runs", workers=2, seed=7,
    max_permutations=10_000. Raises BadSettingError and what `pipeline.runner.run_direct` raises.
    """
    return run_direct(request, load_settings(**settings), on_progress or _silent)


def plan(request: Request, **settings: Any) -> Estimate:
    """Rows, partitions, time and bytes of a run, measured on a small sample; writes nothing."""
    chosen = load_settings(**settings)
    problem = problem_of(request)
    limit = chosen.max_permutations or request.run.max_permutations
    return estimate(
        problem,
        count=min(limit, request.space_size),
        seed=request.run.seed if chosen.seed is None else chosen.seed,
        rows=chosen.partition_rows or request.run.partition_rows,
        slots=chosen.slots,
    )


def top(
    run_id: str, n: int = 10, *, out: str | None = None, mongo: str | None = None
) -> list[dict[str, Any]]:
    """The best `n` structures of a finished run, all columns.

    From the folder `out` or the database `mongo`; without either from where the settings say.
    Raises NoSuchRunError, BadSettingError, MongoUnreachableError, MongoRefusedError.
    """
    return results_of(out, mongo).top(run_id, n)


def explain(
    run_id: str,
    permutation_id: int,
    scenario: str = "base",
    *,
    out: str | None = None,
    mongo: str | None = None,
) -> Explanation:
    """How every figure of a structure of a run came about, its waterfall under `scenario`.

    Any structure of the lever space; `out` and `mongo` as in `top`. Raises NoSuchRunError,
    UnreadableDocumentError, UnreadablePlanError, and ValueError for a number or a scenario that
    is none.
    """
    run = stored_run(results_of(out, mongo), run_id)
    return explain_permutation(run, permutation_id, scenario)


def _silent(_: Progress) -> None:
    pass
