"""`atlas-forge golden`: what a golden project is expected to give, beside what it gives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from pipeline.cli.console import FAILED, note, print_json, say, wants_json
from pipeline.cli.interrupts import ending_cleanly
from pipeline.cli.options import out_option, settings_of
from pipeline.cli.progress import progress_display
from pipeline.lean_arrow import keep_pandas_out

if TYPE_CHECKING:
    from pipeline.golden import Outcome
    from pipeline.inputs import Request

ALL: Final = ("small", "medium", "large")


@click.command(
    name="golden",
    epilog="Ends with 1 when an outcome is not met that the project does not explain. A project "
    "names its expected outcomes in its `expected:` block (see docs/golden.md).",
)
@click.argument("projects", nargs=-1, metavar="[NAME|FILE]...")
@click.option(
    "--markdown", "page", metavar="FILE", help="Also write the tables between FILE's golden marks."
)
@click.option("--workers", metavar="N", help="Threads (default: cores).")
@out_option
def command(projects: tuple[str, ...], page: str | None, **options: Any) -> None:
    """Hold runs of golden projects against their expected outcomes.

    Runs small, medium and large, or the projects named, without Prefect; a finished run in --out
    is not run again.

    \b
    Examples:
      atlas-forge golden
      atlas-forge golden small --json
      atlas-forge golden my-project.yaml --out /data/runs
      atlas-forge golden --markdown docs/golden.md
    """
    from pipeline.cli.golden_text import as_document, as_lines, as_page, open_page
    from pipeline.golden import outcomes
    from pipeline.runner import run_direct
    from pipeline.storage.manifest import MANIFEST_PATH, read_json

    keep_pandas_out()
    settings = settings_of(**options)
    requests = _loaded(projects or ALL)
    frame = open_page(Path(page)) if page else None
    told: list[tuple[Request, dict[str, Any], str, list[Outcome]]] = []
    for request in requests:
        for warning in request.warnings:
            note(f"warning: {warning}")
        with progress_display() as display, ending_cleanly(display) as on_progress:
            summary = run_direct(request, settings, on_progress)
        manifest = read_json(Path(settings.out) / summary["run_id"] / MANIFEST_PATH)
        measured_on = str(manifest["created_at"])[: len("2026-01-30")]
        told.append((request, summary, measured_on, outcomes(request.expected, summary)))
        say(as_lines(*told[-1]))
    if wants_json():
        print_json(as_document(told))
    if frame is not None:
        frame.write(as_page(told))
        note(f"tables written to {page}")
    if any(outcome.status == "failed" for each in told for outcome in each[-1]):
        raise click.exceptions.Exit(FAILED)


def _loaded(projects: tuple[str, ...]) -> list[Request]:
    """Requests of all projects named, each with expected outcomes.

    Raises InputErrors with what is wrong with any of them.
    """
    from pipeline.inputs import load_request
    from pipeline.inputs.errors import InputError, InputErrors
    from pipeline.inputs.resolve import BUILTIN, builtin_names

    found: list[Request] = []
    errors: list[InputError] = []
    for text in dict.fromkeys(projects):
        is_name = text in builtin_names("projects") and not Path(text).is_file()
        try:
            request = load_request(BUILTIN + text if is_name else text)
        except InputErrors as problems:
            errors += problems.errors
            continue
        if not request.expected.given():
            message = "names no outcome to hold a run against"
            errors.append(InputError(request.file, "expected", "", message))
        found.append(request)
    if errors:
        raise InputErrors(errors)
    return found
