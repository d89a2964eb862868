"""One process a run folder: a lock file that names who holds it.

The lock itself is the operating system's (flock), so a killed process leaves none behind; its
name in the file is then stale, and that is said. Between machines, where flock may not reach, and
between folders that share a store, the lease decides (pipeline/storage/lease.py).
"""

from __future__ import annotations

import atexit
import fcntl
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import IO, Final

from pipeline.storage.identity import Process, process_of, this_process

LOCK_PATH: Final = "checkpoints/lock"
# Who only looks holds the lock for a moment too, and leaves no name.
_LOOKS: Final = 5
_LOOK_S: Final = 0.02

_held: dict[Path, IO[str]] = {}


class RunIsBusyError(Exception):
    """Another process works on this run."""


def acquire(folder: Path, process: Process | None = None) -> str | None:
    """Lock the run in `folder` for this process (`process` is its name); again is allowed.

    Returns a sentence if the holder before this one died without letting go. Raises RunIsBusyError.
    """
    path = (folder / LOCK_PATH).resolve()
    if path in _held:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+", encoding="utf-8")  # open while the lock is held
    for look in range(_LOOKS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except OSError:
            holder = _holder(file)
            if holder is None and look < _LOOKS - 1:
                time.sleep(_LOOK_S)
                continue
            file.close()
            raise RunIsBusyError(
                f"another process works on {folder} ({holder or 'not named'})"
            ) from None
    before = _holder(file)
    file.truncate(0)
    json.dump(asdict(process or this_process()), file)
    file.flush()
    _held[path] = file
    # A run that fails lets go of its name when its process ends, so that only a kill is "stale".
    atexit.register(release, folder)
    if before is None or not before.is_near:
        return None
    return f"a stale lock was taken over: {before} ended without finishing"


def release(folder: Path) -> None:
    """Let go of the run in `folder`; nothing happens if this process does not hold it."""
    file = _held.pop((folder / LOCK_PATH).resolve(), None)
    if file is not None:
        file.truncate(0)
        file.close()


def holder_of(folder: Path) -> str | None:
    """Who works on the run now ("process 12 on host (anna)"), or None. Takes nothing."""
    try:
        with (folder / LOCK_PATH).open(encoding="utf-8") as file:
            if (folder / LOCK_PATH).resolve() not in _held:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except OSError:
                    pass
                else:
                    return None
            return str(_holder(file) or "a process that did not give its name")
    except FileNotFoundError:
        return None


def _holder(file: IO[str]) -> Process | None:
    file.seek(0)
    try:
        return process_of(json.load(file))
    except ValueError:
        return None
