"""A file of a run, out of its folder or its database, as it was sealed or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.inputs.errors import InputError, InputErrors, shown, suggestion
from pipeline.query.export import target_problems
from pipeline.storage.results import ResultsStore
from pipeline.storage.store import write_file


def fetch_file(
    results: ResultsStore, run_id: str, path: str, target: Path, *, force: bool = False
) -> dict[str, Any]:
    """Write a file of the run to `target`; returns what was written as a JSON document.

    Raises InputErrors with everything that is wrong with the request, NoSuchRunError,
    UnreadableDocumentError if the file is not as it was sealed, OSError.
    """
    problems = target_problems(results, run_id, target, force)
    there = results.files(run_id)
    if path not in there:
        message = f"is no file of run {run_id}{suggestion(path, tuple(there))}"
        problems.append(InputError("--file", "", shown(path), message, ", ".join(sorted(there))))
    if problems:
        raise InputErrors(problems)
    data = results.file(run_id, path)
    write_file(target, data)
    told = {"schema": 1, "run_id": run_id, "path": path, "file": str(target)}
    return {**told, "bytes": len(data), "sha256": there[path]}
