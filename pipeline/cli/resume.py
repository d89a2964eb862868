"""`atlas-forge resume`: go on with a run that was interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipeline.cli.interrupts import ending_cleanly
from pipeline.cli.options import execution_options, out_option, settings_of
from pipeline.cli.progress import progress_display
from pipeline.cli.run import tell
from pipeline.lean_arrow import keep_pandas_out


@click.command(name="resume")
@click.argument("run_or_file", metavar="RUN_ID|FILE")
@out_option
@execution_options
def command(run_or_file: str, **options: Any) -> None:
    """Do what is missing of a run, without Prefect.

    With a RUN_ID the stored plan is the question and no project file is needed; with a project
    FILE it is the same as `run --direct`.

    \b
    Examples:
      atlas-forge resume small-1a2b3c4d5e6f
      atlas-forge resume my-project.yaml --processes
    """
    from pipeline.runner import resume_direct, run_direct
    from pipeline.storage.results import LocalResults, NoSuchRunError

    keep_pandas_out()
    settings = settings_of(**options)
    out = Path(settings.out)
    stored = True
    try:
        LocalResults(out).folder(run_or_file)
    except NoSuchRunError:
        if not Path(run_or_file).is_file():
            raise
        stored = False
    with progress_display() as display, ending_cleanly(display) as on_progress:
        if stored:
            summary = resume_direct(run_or_file, settings, on_progress)
        else:
            from pipeline.inputs import load_request

            summary = run_direct(load_request(run_or_file), settings, on_progress)
    tell(summary, out)
