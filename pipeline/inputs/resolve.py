"""Finds the files that a project names: relative to the project, or `builtin:name`.

Built-in files are those of `fixtures/`: package data of an installed wheel, the folder itself in
a source tree.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from pipeline.inputs.errors import InputError, InputErrors, shown, suggestion
from pipeline.inputs.project import ID_PATTERN
from pipeline.inputs.yaml_reader import MAX_BYTES, Document, parse, read_text

BUILTIN = "builtin:"
BuiltinKind = Literal["projects", "markets", "rulebooks"]


@dataclass(frozen=True)
class Source:
    """A document; relative references in it start from `folder`.

    `attached` holds what came along with a document from elsewhere, by the field that refers to
    it. Such a document opens no file of this machine.
    """

    document: Document
    digest: str
    folder: Path
    attached: Mapping[str, str] | None = None


def builtin_folder(kind: BuiltinKind) -> Path:
    """Where the built-in files of a kind are."""
    try:
        packaged = Path(str(resources.files("pipeline"))) / "builtin" / kind
        if packaged.is_dir():
            return packaged
    except ModuleNotFoundError:
        pass
    return Path(__file__).resolve().parents[2] / "fixtures" / kind


def builtin_names(kind: BuiltinKind) -> tuple[str, ...]:
    """Names that `builtin:` knows."""
    return tuple(sorted(path.stem for path in builtin_folder(kind).glob("*.yaml")))


def open_source(path: Path, name: str | None = None) -> Source:
    """Reads and parses a file. Raises InputErrors."""
    file = name or str(path)
    text = read_text(path, name=file)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Source(parse(text, file), digest, path.parent)


def source_of(text: str, name: str, attached: Mapping[str, str] | None = None) -> Source:
    """Parses a text that is in no file. Raises InputErrors."""
    if len(text.encode()) > MAX_BYTES:
        raise InputErrors([InputError(name, "", "", f"is larger than {MAX_BYTES:,} bytes")])
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Source(parse(text, name), digest, Path(), attached)


def open_referred(source: Source, field: str, reference: str, kind: BuiltinKind) -> Source:
    """What `field` of a document refers to. Raises InputErrors."""
    if source.attached is None or reference.startswith(BUILTIN):
        return open_reference(reference, kind, source.folder)
    if field not in source.attached:
        message = f"names a file, which did not come along; attach its content as {field}"
        raise InputErrors(
            [InputError(source.document.file, field, shown(reference), message, "builtin:NAME")]
        )
    return source_of(source.attached[field], f"the attached {field}")


def open_reference(reference: str, kind: BuiltinKind, folder: Path) -> Source:
    """The file behind `builtin:name` or a path relative to `folder`. Raises InputErrors."""
    if not reference.startswith(BUILTIN):
        return open_source(folder / reference, reference)
    name = reference.removeprefix(BUILTIN)
    known = builtin_names(kind)
    if not re.fullmatch(ID_PATTERN, name) or name not in known:
        message = f"there is no built-in file of this name{suggestion(name, known)}"
        allowed = ", ".join(BUILTIN + each for each in known)
        raise InputErrors([InputError(reference, "", shown(name), message, allowed)])
    return open_source(builtin_folder(kind) / f"{name}.yaml", reference)
