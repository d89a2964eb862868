"""The manifest: who asked what, with which engine, and what came out, for people and audits."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pipeline.storage.store import write_file

SCHEMA: Final = 1
MANIFEST_PATH: Final = "manifest.json"
_QUESTION: Final = ("run_id", "request", "seed", "permutations", "space_size", "fingerprint")


class UnreadableDocumentError(Exception):
    """A JSON document of a run that is missing, damaged or newer than this version."""


def now() -> str:
    """This moment in UTC, to the millisecond, as logs and manifests write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def json_bytes(document: dict[str, Any]) -> bytes:
    """A JSON document for a file. Raises ValueError for NaN and infinity."""
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write `document` whole."""
    write_file(path, json_bytes(document))


def read_json(path: Path) -> dict[str, Any]:
    """A document of this version's schema. Raises UnreadableDocumentError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableDocumentError(f"{path.name} cannot be read: {error}") from error
    return json_document(data, path.name)


def json_document(data: bytes, name: str) -> dict[str, Any]:
    """A document of this version's schema from its bytes. Raises UnreadableDocumentError."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UnreadableDocumentError(f"{name} cannot be read: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, dict) else None
        raise UnreadableDocumentError(f"{name} has schema {found}, this version reads {SCHEMA}")
    return document


def asks_the_same(manifest: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two manifests are of one question: names and wording aside."""
    return all(
        json.dumps(manifest.get(name), sort_keys=True) == json.dumps(other[name], sort_keys=True)
        for name in _QUESTION
    )


def file_digest(path: Path) -> str | None:
    """sha256 of a file, read in pieces; None if it is not there."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
