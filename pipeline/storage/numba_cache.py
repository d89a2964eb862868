"""Names the folder of compiled kernels by the engine fingerprint, before Numba is imported.

Numba's own check looks only at the file of the cached function: a caller keeps an old constant of
an edited helper module. A folder a fingerprint cannot go stale. Standard library only.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from pipeline.storage.fingerprint import engine_fingerprint

VARIABLE = "NUMBA_CACHE_DIR"
SEED_VARIABLE = "ATLAS_FORGE_CACHE_SEED"


def set_numba_cache() -> Path:
    """Set NUMBA_CACHE_DIR for this process and its children; return the folder.

    A folder given by NUMBA_CACHE_DIR, else ATLAS_FORGE_CACHE, else the user's cache folder is the
    parent. Falls back to a private folder in the system's temporary folder where that cannot be
    written: compiled code is loaded from it, so it must belong to this user alone.

    Numba refuses a cache that it cannot write, so a container image with a read-only file system
    names its compiled kernels by ATLAS_FORGE_CACHE_SEED: a new folder begins as a copy of them.
    """
    fingerprint = engine_fingerprint()
    given = os.environ.get(VARIABLE)
    if given and Path(given).name == fingerprint:
        return Path(given)
    for parent in (given, os.environ.get("ATLAS_FORGE_CACHE"), _user_cache(), _private_temporary()):
        if parent and (folder := _writable(Path(parent), fingerprint)):
            os.environ[VARIABLE] = str(folder)
            return folder
    raise OSError("no folder for compiled kernels can be written; set ATLAS_FORGE_CACHE to one")


def _user_cache() -> Path:
    given = os.environ.get("XDG_CACHE_HOME")
    root = Path(given) if given else Path("~/.cache").expanduser()
    return root / "atlas-forge" / "numba"


def _private_temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"atlas-forge-{os.getuid()}" / "numba"


def _writable(parent: Path, fingerprint: str) -> Path | None:
    folder = parent / fingerprint
    try:
        if not folder.exists():
            _seed(folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat().st_uid
    except OSError:
        return None
    return folder if owner == os.getuid() and os.access(folder, os.W_OK) else None


def _seed(folder: Path) -> None:
    """Copy the image's kernels to where `folder` will be; whole or not at all. Raises OSError."""
    seed = os.environ.get(SEED_VARIABLE)
    if not seed or not Path(seed, folder.name).is_dir():
        return
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".seed-", dir=folder.parent))
    try:
        shutil.copytree(Path(seed, folder.name), unfinished, dirs_exist_ok=True)
        unfinished.chmod(0o700)
        with suppress(OSError):  # another process of this pod was first
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
