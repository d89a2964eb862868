"""`atlas-forge pack`: the execution pack of a structure, or of a run's best ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from pipeline.cli.console import print_json, say, wants_json
from pipeline.cli.options import formats_of, mongo_option, out_option, settings_of
from pipeline.cli.trail import leave_a_line
from pipeline.places import results_of

if TYPE_CHECKING:
    from pipeline.explain.run import StoredRun
    from pipeline.reports.pack.bundle import WrittenPack

# Apart from reports/packs, where the pack lies that the run itself made and sealed.
FOLDER: Final = "packs"
_MOST: Final = 100  # packs of one command; each takes seconds and megabytes


@click.command(name="pack")
@click.argument("run_id")
@click.argument("permutation", required=False)
@click.option(
    "--top", "best", type=click.IntRange(1, _MOST), metavar="N", help="The best N of the ranking."
)
@click.option(
    "--formats",
    default="pdf,xlsx,docx,html",
    show_default=True,
    metavar="NAMES",
    help="Of pdf, xlsx, docx (term sheets) and html, with commas between them.",
)
@click.option(
    "--project",
    "project_file",
    metavar="FILE",
    help="Take parties and deal from this project file rather than as the run had them.",
)
@click.option("--to", "target", metavar="FOLDER", help="Rather than packs in the run's folder.")
@out_option
@mongo_option
def command(
    run_id: str,
    permutation: str | None,
    best: int | None,
    formats: str,
    project_file: str | None,
    target: str | None,
    out: str | None,
    mongo: str | None,
) -> None:
    """Write the execution pack: seven documents, the model in Excel, a contents page, one ZIP.

    PERMUTATION is the number that `top` shows, of any structure of the lever space; without it the
    pack is of the run's optimal structure. What the run does not know, such as the ISIN, is blank:
    `parties` and `deal` of the project file fill it in.

    \b
    Examples:
      atlas-forge pack small-1a2b3c4d5e6f
      atlas-forge pack small-1a2b3c4d5e6f 45598 --formats pdf
      atlas-forge pack small-1a2b3c4d5e6f --top 10 --to packs
      atlas-forge pack small-1a2b3c4d5e6f --project project.yaml
    """
    from pipeline.explain.run import stored_run
    from pipeline.reports.pack.many import Order
    from pipeline.storage.audit import EXPORT

    if permutation is not None and best is not None:
        raise click.UsageError("PERMUTATION and --top exclude each other")
    wanted = formats_of(formats)
    run = stored_run(results_of(out, mongo), run_id)
    numbers = _numbers(run, run_id, permutation, best)
    names = None if project_file is None else _names(run, project_file)
    parent = Path(target) if target else Path(settings_of(out=out).out) / run_id / FOLDER
    order = Order(run_id, parent, wanted, out, mongo, names)
    packs = []
    for pack in order.packs(numbers):
        packs.append(pack)
        leave_a_line(out, run_id, EXPORT, pack=pack.permutation_id, formats=",".join(wanted))
        if not wants_json():
            say(
                f"Structure {pack.permutation_id:,}: {len(pack.files)} files in {pack.folder}, "
                f"all in {pack.archive}"
            )
    if wants_json():
        print_json({"run_id": run_id, "packs": [_told(pack) for pack in packs]})


def _numbers(run: StoredRun, run_id: str, permutation: str | None, best: int | None) -> list[int]:
    """The structures meant. Raises click.UsageError, NoSuchRunError."""
    from pipeline.storage.results import NoSuchRunError

    if permutation is not None:
        last = run.plan.size - 1
        whole = permutation.isascii() and permutation.isdigit()
        number = int(permutation) if whole and len(permutation) <= len(str(last)) else -1
        if not 0 <= number <= last:
            raise click.UsageError(
                f"PERMUTATION {permutation!r}: has to be a whole number from 0 to {last}"
            )
        return [number]
    if best is not None:
        numbers = [int(row["permutation_id"]) for row in run.results.top(run_id, best)]
    else:
        optimal = run.results.summary(run_id)["optimal"]
        numbers = [int(optimal["permutation_id"])] if optimal else []
    if not numbers:
        raise NoSuchRunError(
            f"no structure of run {run_id} passed both gates: name one by its number, "
            "such as a near miss"
        )
    return numbers


def _names(run: StoredRun, file: str) -> dict[str, Any]:
    """Parties and deal of a project file, and its digest. Raises InputErrors, click.UsageError."""
    from pipeline.inputs import load_request

    request = load_request(file)
    project_id = request.project.id if request.project else None
    if project_id != run.manifest["project"]["id"]:
        raise click.UsageError(
            f"--project {file}: is about project {project_id!r}, the run about "
            f"{run.manifest['project']['id']!r}"
        )
    return {**request.names(), "sha256": request.document_hashes()["project"]}


def _told(pack: WrittenPack) -> dict[str, Any]:
    return {
        "permutation_id": pack.permutation_id,
        "folder": str(pack.folder),
        "archive": str(pack.archive),
        "files": list(pack.files),
    }
