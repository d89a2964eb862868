"""`atlas-forge explain`: how every figure of one structure of a run came about."""

from __future__ import annotations

from typing import Any

import click

from pipeline.cli.explanation import explanation_options, show, shown_of
from pipeline.cli.options import mongo_option, out_option
from pipeline.places import results_of


@click.command(name="explain")
@click.argument("run_id")
@click.argument("permutation")
@explanation_options
@out_option
@mongo_option
def command(
    run_id: str, permutation: str, out: str | None, mongo: str | None, **options: Any
) -> None:
    """Explain a structure of a run: each calculation, the waterfall, every gate's headroom.

    PERMUTATION is the number that `top` shows, of any structure of the lever space. Everything is
    computed again from the run's own plan and held beside the stored row. The waterfall is told by
    year; --section waterfall, --month and --csv tell it by month. Sections: project, income,
    senior, mezzanine, capital, rating, day_one, uses, returns, stresses, gates, compliance,
    one_percent, verdict, waterfall.

    \b
    Examples:
      atlas-forge explain small-1a2b3c4d5e6f 4711
      atlas-forge explain small-1a2b3c4d5e6f 4711 --section gates
      atlas-forge explain small-1a2b3c4d5e6f 4711 --scenario rate_200 --month 1:24
      atlas-forge explain small-1a2b3c4d5e6f 4711 --csv waterfall.csv --json
    """
    from pipeline.explain.run import explain_permutation, stored_run

    shown = shown_of(**options)
    run = stored_run(results_of(out, mongo), run_id)
    last = run.plan.size - 1
    whole = permutation.isascii() and permutation.isdigit() and len(permutation) <= len(str(last))
    number = int(permutation) if whole else -1
    if not 0 <= number <= last:
        raise click.UsageError(
            f"PERMUTATION {permutation!r}: has to be a whole number from 0 to {last}"
        )
    show(explain_permutation(run, number, shown.scenario), shown)
