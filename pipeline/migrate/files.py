"""A project, payload, market or rulebook file: a person's own, so edited only where asked for.

The edit is of one line of the text; comments, order and everything else stay. It is made only where
the file then reads as the document that the steps give.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pipeline.inputs.checked import PAYLOAD, checked, kind_of
from pipeline.inputs.errors import InputError, InputErrors
from pipeline.inputs.resolve import Source, open_source
from pipeline.inputs.yaml_reader import parse
from pipeline.migrate.finding import (
    INVALID,
    NEWER,
    OLDER,
    WHOLE,
    Finding,
    backup_of,
)
from pipeline.migrate.steps import NewerSchemaError, Upgrade, upgraded
from pipeline.storage.manifest import UnreadableDocumentError
from pipeline.storage.store import write_file

_SCHEMA_LINE: Final = re.compile(rb"^(schema[ \t]*:[ \t]*)[0-9]+(?=[ \t\r\n#]|$)", re.MULTILINE)
_FIRST_FIELD: Final = re.compile(rb"^[A-Za-z_][^\r\n]*:[^\r\n]*(\r?\n|$)", re.MULTILINE)
_KINDS_HINT: Final = "a run folder, a folder of runs, or a project, payload, market, rulebook file"


def opened(path: Path) -> Source:
    """The file, if it is one of ours. Raises InputErrors."""
    if path.is_symlink():
        message = "is a link: name the file itself"
        raise InputErrors([InputError(str(path), "", "", message)])
    source = open_source(path)
    if not isinstance(source.document.value, dict):
        raise InputErrors([InputError(str(path), "", "", "is none of ours", _KINDS_HINT)])
    return source


def migrate_file(path: Path, source: Source, write: bool) -> Finding:
    """What an opened file is; with `write` an older one is edited, after a copy of it.

    Raises OSError.
    """
    value = source.document.value
    kind = kind_of(value)
    finding = Finding(kind, str(path), WHOLE, "")
    try:
        upgrade = upgraded(kind, value)
    except NewerSchemaError as error:
        return replace(finding, state=NEWER, told=str(error), schema=value["schema"])
    except UnreadableDocumentError as error:
        return replace(finding, state=INVALID, told=str(error), by_hand=("write schema: 1",))
    # Payloads need not name the first schema.
    if upgrade.schema == upgrade.document["schema"] or (kind == PAYLOAD and "schema" not in value):
        return _sound(replace(finding, schema=upgrade.document["schema"]), source)
    finding = replace(finding, schema=upgrade.schema)
    return _edited(finding, path, upgrade, write)


def _sound(finding: Finding, source: Source) -> Finding:
    try:
        checked(source)
    except InputErrors as errors:
        return replace(
            finding,
            state=INVALID,
            told=f"{len(errors.errors)} things are wrong with it, the first: {errors.errors[0]}",
            by_hand=("`atlas-forge validate` tells all that is wrong",),
        )
    return replace(finding, state=WHOLE, told="read whole")


def _edited(finding: Finding, path: Path, upgrade: Upgrade, write: bool) -> Finding:
    number = upgrade.document["schema"]
    finding = replace(
        finding,
        state=OLDER,
        told=f"has schema {upgrade.schema or 'none'}, this version reads {number}",
        missing=("schema",),
    )
    before = path.read_bytes()
    after = edited(before, number)
    if after is None or _value(after, str(path)) != upgrade.document:
        return replace(finding, by_hand=(f"write schema: {number} at the top of the file",))
    line = next(
        (
            place
            for place, (old, new) in enumerate(
                zip(before.splitlines(), after.splitlines(), strict=False), start=1
            )
            if old != new
        ),
        1,
    )
    if not write:
        told = f"line {line} becomes schema: {number}; --write does it"
        return replace(finding, by_hand=(told,))
    backup, mode = backup_of(path), path.stat().st_mode & 0o777
    if not backup.exists():
        write_file(backup, before)
        backup.chmod(mode)
    write_file(path, after)
    path.chmod(mode)
    finding = _sound(finding, open_source(path))
    told = f"line {line} is now schema: {number}; {finding.told}"
    return replace(finding, told=told, changed=True, backup=str(backup))


def edited(text: bytes, number: int) -> bytes | None:
    """A file's text with its schema's number put right, or put before the first field.

    None where no line of its own can say it, as in JSON.
    """
    there = list(_SCHEMA_LINE.finditer(text))
    if there:
        if len(there) > 1:
            return None
        return _SCHEMA_LINE.sub(lambda found: found[1] + str(number).encode(), text)
    first = _FIRST_FIELD.search(text)
    if first is None or text.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return None
    end = b"\r\n" if first[1] == b"\r\n" else b"\n"
    return text[: first.start()] + b"schema: %d" % number + end + text[first.start() :]


def _value(data: bytes, file: str) -> Any:
    try:
        return parse(data.decode("utf-8-sig"), file).value
    except (InputErrors, UnicodeDecodeError):
        return None
