"""`atlas-forge compare`: two runs, or structures of one run, side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from pipeline.cli.console import print_json, say, table, wants_json
from pipeline.cli.options import formats_of, mongo_option, out_option, settings_of
from pipeline.cli.trail import leave_a_line
from pipeline.places import results_of

if TYPE_CHECKING:
    from pipeline.reports.pack.document import Document
    from pipeline.storage.results import ResultsStore

Found = dict[str, Any]
# What was found, how it is printed, and how its document is made.
Comparison = tuple[Found, Callable[[Found, bool], None], Callable[[], "Document"]]
_SHOWN_INPUTS = 60
_FOLDER: Final = "reports/compare"


@click.command(name="compare")
@click.argument("run_id")
@click.argument("others", nargs=-1, required=True, metavar="RUN_ID | PERMUTATION PERMUTATION …")
@click.option("--all", "everything", is_flag=True, help="What is equal, and every scenario, too.")
@click.option(
    "--formats", metavar="NAMES", help="Documents of it: pdf, xlsx, docx, html, with commas."
)
@click.option("--to", "target", metavar="FOLDER", help=f"Rather than {_FOLDER} of the run.")
@click.option("--force", is_flag=True, help="Replace files that hold something else.")
@out_option
@mongo_option
def command(
    run_id: str,
    others: tuple[str, ...],
    everything: bool,
    formats: str | None,
    target: str | None,
    force: bool,
    out: str | None,
    mongo: str | None,
) -> None:
    """Compare two runs, or up to twelve structures of one run.

    Of two runs: inputs, market and rulebook figures that differ, funnel and tiers, and the
    structures that moved most. Of structures: their levers and figures side by side; `*` marks
    what differs. With --formats the same is written as documents with charts, whole.

    \b
    Examples:
      atlas-forge compare small-1a2b3c4d5e6f small-0f1e2d3c4b5a
      atlas-forge compare small-1a2b3c4d5e6f 46238 46239 46254
      atlas-forge compare small-1a2b3c4d5e6f 46238 46239 --all --json
      atlas-forge compare small-1a2b3c4d5e6f 46238 46239 --formats pdf,xlsx --to papers
    """
    if formats is None and (target is not None or force):
        raise click.UsageError("--to and --force belong to --formats")
    wanted = formats_of(formats) if formats is not None else ()
    results = results_of(out, mongo)
    numbers = [text.isascii() and text.isdigit() and len(text) < 17 for text in others]
    if all(numbers) and len(others) > 1:
        found, text, document = _structures(results, run_id, [int(text) for text in others])
    elif len(others) == 1 and not numbers[0]:
        found, text, document = _runs(results, run_id, others[0])
    else:
        raise click.UsageError(
            "name one other run, or two and more structures of this run by their numbers"
        )
    files: list[str] = []
    if wanted:
        from pipeline.storage.audit import EXPORT

        folder = Path(target) if target else Path(settings_of(out=out).out) / run_id / _FOLDER
        files = _write(document(), folder, wanted, force)
        leave_a_line(out, run_id, EXPORT, comparison=Path(files[0]).stem, formats=",".join(wanted))
    if wants_json():
        print_json({**found, "files": files} if wanted else found)
        return
    text(found, everything)
    for file in files:
        say(f"Written: {file}")


def _write(document: Document, folder: Path, wanted: tuple[str, ...], force: bool) -> list[str]:
    from pipeline.reports.pack.files import write_document

    return [str(file) for file in write_document(document, folder, wanted, force=force)]


def _structures(results: ResultsStore, run_id: str, numbers: list[int]) -> Comparison:
    from pipeline.query.beside import beside, structures_beside

    structures = structures_beside(results, run_id, numbers)

    def document() -> Document:
        from pipeline.reports.pack import structures_beside as documents

        return documents.structures_beside(structures, results.manifest(run_id))

    return beside(run_id, structures), _structures_text, document


def _structures_text(found: Found, everything: bool) -> None:
    ranks = ["-" if each["rank"] is None else f"{each['rank']:,}" for each in found["structures"]]
    rows = [["rank", *ranks, ""]]
    for column in found["columns"]:
        if everything or column["lever"] or (column["differs"] and _of_the_base_case(column)):
            rows += _rows_of(column)
    headings = ["figure", *[str(each["permutation_id"]) for each in found["structures"]], ""]
    say(table(headings, rows))
    if not everything:
        say("Levers, and figures that differ; --all shows the rest and every scenario.")


def _of_the_base_case(column: dict[str, Any]) -> bool:
    """Whether it is a figure, no status, and not one of a scenario's."""
    from kernels import scenarios

    of_scenarios = {
        f"{scenario}_{metric}" for scenario in scenarios.NAMES for metric in scenarios.METRIC_NAMES
    }
    name: str = column["name"]
    return not name.endswith("_status") and name not in of_scenarios


def _rows_of(column: dict[str, Any]) -> list[list[str]]:
    """A row a column; of lists, a row for each name that one of them holds."""
    from pipeline.cli.report import plain

    values: list[Any] = column["values"]
    if any(isinstance(value, list) for value in values):
        names = sorted({name for value in values for name in value or ()})
        held = [[name in (value or ()) for value in values] for name in names]
        return [
            [f"{column['name']}: {name}", *map(plain, row), "" if len({*row}) == 1 else "*"]
            for name, row in zip(names, held, strict=True)
        ]
    unit = f" [{column['unit']}]" if column["unit"] else ""
    mark = "*" if column["differs"] else ""
    return [[column["name"] + unit, *map(plain, values), mark]]


def _runs(results: ResultsStore, old: str, new: str) -> Comparison:
    from pipeline.query.comparison import compare_runs

    found = compare_runs(results, old, new)

    def document() -> Document:
        from pipeline.reports.pack.runs_compared import runs_compared

        return runs_compared(found, (results.manifest(old), results.manifest(new)))

    return found, _runs_text, document


def _runs_text(found: Found, everything: bool) -> None:
    from pipeline.cli.books import left_aligned, text_of

    old, new = found["old"], found["new"]
    inputs = found["inputs"]
    if inputs:
        shown = inputs if everything else inputs[:_SHOWN_INPUTS]
        rows = [[each["path"], text_of(each["old"]), text_of(each["new"])] for each in shown]
        say(left_aligned(["input", old, new], rows))
        if len(shown) < len(inputs):
            say(f"… and {len(inputs) - len(shown):,} more; --all shows them")
    else:
        say("The two runs were asked the same.")
    counted = [*found["totals"], *found["tiers"], *found["gates"]]
    rows = [
        [
            each["name"],
            _figure(each["old"]),
            _figure(each["new"]),
            _figure(each["change"], sign=True),
        ]
        for each in counted
        if everything or each["old"] != each["new"]
    ]
    if rows:
        say("\n" + table(["outcome", old, new, "change"], rows))
    else:
        say("\nThey came out the same.")
    say("\n" + _moved_text(found["structures"]))


def _moved_text(structures: dict[str, Any]) -> str:
    if not structures["comparable"]:
        return "The runs vary different levers: their structures cannot be matched."
    only = f"{structures['only_old']:,} only in the first, {structures['only_new']:,} in the second"
    both = f"{structures['in_both']:,} structures survived in both"
    lines = [f"{both}, {only}; {structures['moved_tier']:,} changed tier."]
    if structures["moved"]:
        rows = [
            [
                _moved(str(each["old_permutation_id"]), str(each["new_permutation_id"])),
                _moved(each["old_tier"], each["new_tier"]),
                _moved(f"{each['old_rank']:,}", f"{each['new_rank']:,}"),
            ]
            for each in structures["moved"]
        ]
        lines.append(table(["moved most", "tier", "rank"], rows))
    return "\n".join(lines)


def _moved(old: str, new: str) -> str:
    return old if old == new else f"{old} > {new}"


def _figure(value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return "-"
    plus = "+" if sign else ""
    return f"{value:{plus},}" if isinstance(value, int) else f"{value:{plus},.4f}"
