"""What `migrate` found out about one document, and did to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

WHOLE, OTHER_ENGINE, OLDER, NEWER, DAMAGED, BUSY, UNWRITTEN, INVALID = (
    "whole", "other engine", "older", "newer", "damaged", "busy", "not written", "invalid",
)  # fmt: skip
# States of which something could not be done.
FAILURES: Final = frozenset({NEWER, DAMAGED, BUSY, UNWRITTEN})
BACKUP: Final = "before-migrate"


@dataclass(frozen=True)
class Finding:
    """One document. `kind` is what it is, `state` one of the above, `told` the same in words.

    `missing` are places that it lacked and this version fills, `changed` whether that was written
    and `backup` where the document is as it was before. `reads` and `needs_new_run` are commands;
    `by_hand` says what a person has to do.
    """

    kind: str
    path: str
    state: str
    told: str
    schema: int | None = None
    engine: str = ""
    missing: tuple[str, ...] = ()
    changed: bool = False
    backup: str = ""
    reads: tuple[str, ...] = ()
    needs_new_run: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()


def backup_of(path: Path) -> Path:
    """Where a document is kept as it was before its first migration."""
    return path.with_name(f"{path.name}.{BACKUP}")
