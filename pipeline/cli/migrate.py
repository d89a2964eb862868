"""`atlas-forge migrate`: documents of earlier versions brought up to this one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.console import BAD_INPUT, FAILED, note, print_json, say, wants_json
from pipeline.cli.options import database_of, database_options, out_option, settings_of
from pipeline.cli.trail import leave_a_line
from pipeline.escape import log_text

if TYPE_CHECKING:
    from pipeline.inputs.resolve import Source
    from pipeline.migrate.finding import Finding
    from pipeline.settings import Settings


@click.command(name="migrate")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@out_option
@click.option("--store", metavar="URL", help="Where the runs' checkpoints are, if not beside them.")
@click.option("--write", is_flag=True, help="Edit project, market and rulebook files too.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@database_options
@click.pass_context
def command(
    context: click.Context,
    paths: tuple[str, ...],
    out: str | None,
    store: str | None,
    write: bool,
    dry_run: bool,
    database: bool,
    mongo: str | None,
) -> None:
    """Bring documents of earlier versions up to this one, and say what can be done with them.

    PATH is a run folder, a run of --out by its id, a folder of runs, or a project, payload, market
    or rulebook file; without one all runs of --out. Of a run only manifest.json is completed; what
    it sealed stays. Files are edited only with --write. What is changed is kept beside it, under
    its name and .before-migrate. With --database or --mongo: the database and its runs.

    \b
    Examples:
      atlas-forge migrate --dry-run
      atlas-forge migrate small-1a2b3c4d5e6f
      atlas-forge migrate my-project.yaml --write
      atlas-forge migrate --database
    """
    uri = database_of(database, mongo)
    if uri is not None:
        if paths or write:
            raise click.UsageError("--database and --mongo: not with PATH or --write")
        findings = _of_database(uri, out, dry_run)
    else:
        settings = settings_of(out=out, store=store, desk="")  # whose it is, its manifest says
        findings = _of_paths(paths, settings, write and not dry_run, dry_run)
    _tell(findings, dry_run)
    context.exit(_code(findings))


def _of_database(uri: str, out: str | None, dry_run: bool) -> list[Finding]:
    from pipeline.migrate.database import RUN, migrate_database
    from pipeline.storage.audit import MIGRATE
    from pipeline.storage.mongo_address import mongo_address

    findings = migrate_database(uri, dry_run)
    for each in findings:
        if each.kind == RUN and each.changed:
            where = mongo_address(uri).shown
            leave_a_line(out, each.path, MIGRATE, database=where, added=", ".join(each.missing))
    return findings


def _of_paths(
    paths: tuple[str, ...], settings: Settings, write: bool, dry_run: bool
) -> list[Finding]:
    from pipeline.migrate.files import migrate_file
    from pipeline.migrate.runs import migrate_run
    from pipeline.storage.audit import MIGRATE

    findings = []
    for path, source in _found(paths, Path(settings.out)):
        if source is not None:
            findings.append(migrate_file(path, source, write))
            continue
        finding = migrate_run(path, settings, dry_run, note)
        findings.append(finding)
        if finding.changed:
            added = ", ".join(finding.missing)
            leave_a_line(
                str(path.parent), path.name, MIGRATE, store=settings.store or None, added=added
            )
    return findings


def _found(paths: tuple[str, ...], out: Path) -> list[tuple[Path, Source | None]]:
    """Run folders and opened files that are meant, each once. Raises InputErrors of all PATHs."""
    from pipeline.inputs.errors import InputError, InputErrors
    from pipeline.migrate.files import opened

    errors: list[InputError] = []
    found: dict[Path, Source | None] = {}
    for text in paths or (str(out),):
        path = Path(text)
        if path.name == text and not path.exists() and (out / text).is_dir():
            path = out / text
        if (path / "manifest.json").is_file():
            found[path] = None
        elif path.is_dir():
            runs = sorted(each.parent for each in path.glob("*/manifest.json"))
            found |= dict.fromkeys(runs)
            if not runs and paths:
                errors.append(InputError(text, "", "", "holds no run"))
        elif paths:
            try:
                found[path] = opened(path)
            except InputErrors as wrong:
                errors += wrong.errors
    if errors:
        raise InputErrors(errors)
    return list(found.items())


def _code(findings: list[Finding]) -> int:
    from pipeline.migrate.finding import FAILURES, INVALID

    states = {each.state for each in findings}
    if INVALID in states:
        return BAD_INPUT
    return FAILED if states & FAILURES else 0


def _tell(findings: list[Finding], dry_run: bool) -> None:
    if wants_json():
        documents: list[dict[str, Any]] = [asdict(each) for each in findings]
        print_json({"schema": 1, "dry_run": dry_run, "documents": documents})
        return
    for each in findings:
        say("\n".join(map(log_text, _lines(each, dry_run))))
    if not findings:
        say("Nothing to migrate.")


def _lines(each: Finding, dry_run: bool) -> list[str]:
    lines = [f"{each.kind} {each.path}: {each.state}, {each.told}"]
    if each.missing:
        would = "would add" if dry_run else "lacks"
        lines.append(f"  {'added' if each.changed else would}: {', '.join(each.missing)}")
    if each.backup:
        lines.append(f"  as it was: {each.backup}")
    if each.needs_new_run:
        lines.append(f"  can be asked: {', '.join(each.reads)}")
        lines.append(f"  needs a new run: {', '.join(each.needs_new_run)}")
    return [*lines, *[f"  {told}" for told in each.by_hand]]
