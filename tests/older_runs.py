"""The stored run of an older version (tests/older_run/README.md), copied for a test to work on."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

OLDER_RUN = Path(__file__).parent / "older_run" / "older-aa9aa9e0b7a4"
RUN_ID = OLDER_RUN.name


def older_run(out: Path) -> Path:
    """A copy of it in the folder of runs `out`."""
    return Path(shutil.copytree(OLDER_RUN, out / RUN_ID))


def digests(folder: Path) -> dict[str, str]:
    """sha256 of each file below `folder`, by its path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
