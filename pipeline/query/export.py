"""Ranked rows into a file of their own: CSV, Excel or Parquet, whole or not at all.

Rows stream through: memory holds some thousands of them, however large the run. The file says
where it is from: a workbook and a Parquet file within, a CSV file in `FILE.about.json` beside it.
The same question to the same run gives the same bytes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.inputs.errors import InputError, InputErrors, shown
from pipeline.query.overview import provenance_of
from pipeline.query.rows import Question, RankedRows, ranked_of
from pipeline.query.sinks import About, CsvSink, ParquetSink, Sink
from pipeline.storage.manifest import json_bytes
from pipeline.storage.results import LocalResults, ResultsStore
from pipeline.storage.store import unfinished, write_file

FORMATS: Final = (".csv", ".xlsx", ".parquet")
EXCEL_ROWS: Final = 1_048_575  # 1,048,576 with the headings
_TO: Final = "--to"


@dataclass(frozen=True)
class Exported:
    """What was written: the file, its rows and columns, and what stands beside it."""

    file: Path
    rows: int
    columns: int
    beside: Path | None


def export(
    results: ResultsStore,
    run_id: str,
    target: Path,
    *,
    where: str | None = None,
    columns: str | None = None,
    most: int | None = None,
    force: bool = False,
) -> Exported:
    """Write the rows that match, best first, up to `most`, to `target`.

    Raises InputErrors with everything that is wrong with the request, NoSuchRunError,
    UnreadableDocumentError, OSError. What was at `target` stays as it was unless all is written.
    """
    ranked = ranked_of(results, run_id)
    problems = target_problems(results, run_id, target, force)
    question = _asked(ranked, problems, target, where, columns, most)
    fields = [ranked.fields[name] for name in question.columns or ranked.schema.names]
    origin = provenance_of(results, run_id)
    told = {"schema": 1, "run_id": run_id, "where": where, "top": most, **origin}
    about = About(told, tuple(fields))
    partial = target.with_name(unfinished(target.name))
    try:
        rows = _write(ranked, question, most, _sink(target.suffix, partial, ranked, about))
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        beside = _about_file(target)
        if beside is not None:
            write_file(beside, json_bytes({**about.document(), "rows": rows}))
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return Exported(target, rows, len(fields), beside)


def _asked(
    ranked: RankedRows,
    problems: list[InputError],
    target: Path,
    where: str | None,
    columns: str | None,
    most: int | None,
) -> Question:
    """The checked request. Raises InputErrors, with `problems` among them."""
    if target.suffix not in FORMATS:
        known = "a file ending in " + ", ".join(FORMATS)
        message = "is no file type that can be written"
        problems.append(InputError(_TO, "", shown(str(target)), message, known))
    try:
        question = ranked.asked(where=where, columns=columns)
    except InputErrors as errors:
        raise InputErrors([*problems, *errors.errors]) from errors
    if target.suffix == ".xlsx":
        matching = len(ranked.matching(question.where))
        if min(matching, matching if most is None else most) > EXCEL_ROWS:
            problems.append(
                InputError(
                    _TO, "", shown(str(target)),
                    f"a sheet of Excel holds {EXCEL_ROWS:,} rows, {matching:,} match",
                    "--top, a narrower --where, or a file ending in .csv or .parquet",
                )
            )  # fmt: skip
    if problems:
        raise InputErrors(problems)
    return question


def target_problems(
    results: ResultsStore, run_id: str, target: Path, force: bool
) -> list[InputError]:
    """Why `target` cannot be written."""
    name = shown(str(target))
    problems = []
    if not target.parent.is_dir():
        problems.append(InputError(_TO, "", name, "its folder does not exist"))
    elif target.is_dir():
        problems.append(InputError(_TO, "", name, "is a folder"))
    elif isinstance(results, LocalResults) and target.resolve().is_relative_to(
        results.folder(run_id).resolve()
    ):
        problems.append(InputError(_TO, "", name, "lies in the run's own folder", "elsewhere"))
    elif not force:
        there = [path for path in (target, _about_file(target)) if path and path.exists()]
        problems += [
            InputError(_TO, "", shown(str(path)), "exists already", "--force to replace it")
            for path in there
        ]
    return problems


def _about_file(target: Path) -> Path | None:
    return target.with_name(f"{target.name}.about.json") if target.suffix == ".csv" else None


def _sink(suffix: str, path: Path, ranked: RankedRows, about: About) -> Sink:
    schema = [ranked.schema.field(field.name) for field in about.fields]
    if suffix == ".csv":
        return CsvSink(path, schema)
    if suffix == ".parquet":
        return ParquetSink(path, schema, about)
    from pipeline.query.workbook import ExcelSink  # noqa: PLC0415 - only a workbook needs its library

    return ExcelSink(path, about)


def _write(ranked: RankedRows, question: Question, most: int | None, sink: Sink) -> int:
    written = 0
    with sink:
        for table in ranked.chosen(question.where, question.columns, most, sink.rows_at_once):
            sink.write(table)
            written += table.num_rows
    return written


def described(exported: Exported) -> dict[str, Any]:
    """The outcome as a JSON document."""
    return {
        "schema": 1,
        "file": str(exported.file),
        "rows": exported.rows,
        "columns": exported.columns,
        "bytes": exported.file.stat().st_size,
        "beside": None if exported.beside is None else str(exported.beside),
    }
