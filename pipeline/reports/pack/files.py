"""One document as files in a folder, never in place of something else unasked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.inputs.errors import InputError, InputErrors, shown
from pipeline.reports.pack.document import Document
from pipeline.reports.pack.rendering import rendered
from pipeline.storage.store import write_file


def write_document(
    document: Document, folder: Path, formats: Sequence[str], *, force: bool = False
) -> list[Path]:
    """Write a document in each format; the same document leaves its files as they are.

    The folder is made. Raises InputErrors, with nothing written, where a file of that name holds
    something else and `force` is false; OSError.
    """
    files = {folder / f"{document.key}.{each}": rendered(document, each) for each in formats}
    problems = (
        [] if force else [_problem(path) for path, data in files.items() if _other(path, data)]
    )
    if problems:
        raise InputErrors(problems)
    for path, data in files.items():
        write_file(path, data)
    return list(files)


def _other(path: Path, data: bytes) -> bool:
    """Whether something else is there."""
    return path.exists() and (not path.is_file() or path.read_bytes() != data)


def _problem(path: Path) -> InputError:
    allowed = "--force to replace it, or another folder"
    return InputError("--to", "", shown(str(path)), "holds something else already", allowed)
