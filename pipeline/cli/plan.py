"""`atlas-forge plan`: what a run would take."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from pipeline.cli.console import print_json, say, wants_json
from pipeline.cli.options import execution_options, out_option, question_options
from pipeline.lean_arrow import keep_pandas_out


@click.command(name="plan")
@click.argument("project", metavar="FILE")
@out_option
@execution_options
@question_options
def command(project: str, **options: Any) -> None:
    """Say rows, partitions, time and bytes of a run before anything runs.

    Time and bytes are measured now, on a small sample of the run itself. Nothing is written.

    \b
    Examples:
      atlas-forge plan my-project.yaml
      atlas-forge plan my-project.yaml --max-permutations 1000000 --workers 8 --json
    """
    keep_pandas_out()
    from pipeline.api import plan
    from pipeline.inputs import load_request

    found = plan(load_request(project), **options)
    if wants_json():
        print_json({"schema": 1, **asdict(found)})
        return
    how = "a uniform sample of" if found.sampled else "all of"
    say(
        f"{found.rows:,} structures, {how} a space of {found.space_size:,}\n"
        f"{found.partitions:,} partitions of {found.partition_rows:,} rows\n"
        f"about {found.seconds:,.1f} s on {found.slots} workers "
        f"({found.rows_per_second:,.0f} rows/s each, measured on {found.sample_rows:,}), "
        "start-up and report on top\n"
        f"about {found.survivors:,} survivors, {found.bytes_on_disk / 1e6:,.1f} MB on disk"
    )
