"""`atlas-forge open`: the page of a finished run in the browser."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from pipeline.cli.console import note, print_json, say, wants_json
from pipeline.cli.options import out_option, settings_of


@click.command(name="open")
@click.argument("run_id")
@click.option("--print-path", is_flag=True, help="Only make the page and print where it is.")
@click.option("--again", is_flag=True, help="Make the page anew, also where it is up to date.")
@out_option
def command(run_id: str, print_path: bool, again: bool, out: str | None) -> None:
    """Open the report of a finished run in the browser: one file that needs no network.

    The page is reports/report.html in the run's folder, made when it is not there, not whole, or
    not of this run and version. It has a ranking to sort and filter, the gates, debt against cost
    of capital, sensitivity, a tier map, near misses, and a page for each structure. Where no
    browser can be opened the path is said; with --json nothing is opened.

    \b
    Examples:
      atlas-forge open small-1a2b3c4d5e6f
      atlas-forge open small-1a2b3c4d5e6f --print-path
      atlas-forge open small-1a2b3c4d5e6f --json
    """
    from pipeline.reports.html.run_page import PAGE_PATH, is_current, write_run_html
    from pipeline.storage.results import LocalResults, NoSuchRunError

    results = LocalResults(Path(settings_of(out=out, desk="").out))
    folder = results.folder(run_id)
    if not results.manifest(run_id)["outputs"]:
        raise NoSuchRunError(f"run {run_id} is not finished: atlas-forge resume {run_id}")
    made = again or not is_current(folder)
    path = (write_run_html(folder) if made else folder / PAGE_PATH).absolute()
    if wants_json():
        size = path.stat().st_size
        print_json({"schema": 1, "run_id": run_id, "path": str(path), "made": made, "bytes": size})
        return
    say(str(path))
    if not print_path and not _opened(path):
        note("no browser could be opened here; the file above opens in any")


def _opened(path: Path) -> bool:
    try:
        return webbrowser.open(path.as_uri())
    except (webbrowser.Error, OSError):
        return False
