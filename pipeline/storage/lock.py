"""One process a run folder: a lock file that names who holds it.

The lock itself is the operating system's (flock), so a killed process leaves none behind; its
name in the file is then stale, and that is said. A folder mounted from elsewhere may not carry
flock between machines: a name from another machine is believed until the file is deleted.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import socket
from pathlib import Path
from typing import IO, Final

LOCK_PATH: Final = "checkpoints/lock"

_held: dict[Path, IO[str]] = {}


class RunIsBusyError(Exception):
    """Another process works on this run."""


def acquire(folder: Path) -> str | None:
    """Lock the run in `folder` for this process; again is allowed.

    Returns a sentence if the holder before this one died without letting go. Raises RunIsBusyError.
    """
    path = (folder / LOCK_PATH).resolve()
    if path in _held:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+", encoding="utf-8")  # open while the lock is held
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = _holder(file)
        file.close()
        raise RunIsBusyError(
            f"another process works on {folder} ({holder or 'not named'})"
        ) from None
    before = _holder(file)
    here = socket.gethostname()
    if before and not before.endswith(f" on {here}"):
        file.close()
        raise RunIsBusyError(
            f"{before} works on {folder}; if that machine is gone, delete {LOCK_PATH} there"
        )
    file.truncate(0)
    json.dump({"pid": os.getpid(), "host": here}, file)
    file.flush()
    _held[path] = file
    # A run that fails lets go of its name when its process ends, so that only a kill is "stale".
    atexit.register(release, folder)
    return f"a stale lock was taken over: {before} ended without finishing" if before else None


def release(folder: Path) -> None:
    """Let go of the run in `folder`; nothing happens if this process does not hold it."""
    file = _held.pop((folder / LOCK_PATH).resolve(), None)
    if file is not None:
        file.truncate(0)
        file.close()


def holder_of(folder: Path) -> str | None:
    """Who works on the run now ("process 12 on host"), or None. Takes nothing."""
    path = (folder / LOCK_PATH).resolve()
    if path in _held:
        return f"process {os.getpid()} on {socket.gethostname()}"
    try:
        with path.open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return _holder(file) or "a process that did not give its name"
    except FileNotFoundError:
        pass
    return None


def _holder(file: IO[str]) -> str | None:
    file.seek(0)
    try:
        found = json.load(file)
        return f"process {int(found['pid'])} on {found['host']}"
    except (ValueError, KeyError, TypeError):
        return None
