"""The engine fingerprint: a hash of everything that can change a figure.

It covers the kernels, the code of the stages, the lever space, the engine, the column dictionary,
what solves near misses, and the versions of the libraries that compute and write. Two processes
with the same fingerprint give the same bits. Standard library only, so that it can run before
Numba is imported.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("numba", "llvmlite", "numpy", "pyarrow")
_ROOT = Path(__file__).resolve().parents[2]
_SOURCES = (
    "kernels/**/*.py",
    "pipeline/space/*.py",
    "pipeline/stages/*.py",
    "pipeline/solve/changes.py",
    "pipeline/solve/crossing.py",
    "pipeline/solve/near_miss*.py",
    "pipeline/problem.py",
    "pipeline/engine.py",
    "pipeline/columns.py",
)


def library_versions() -> dict[str, str]:
    """Versions of the libraries the fingerprint covers."""
    return {name: version(name) for name in LIBRARIES}


@lru_cache(maxsize=1)
def engine_fingerprint() -> str:
    """16 hexadecimal digits, constant over the life of a process."""
    digest = hashlib.sha256()
    for pattern in _SOURCES:
        for path in sorted(_ROOT.glob(pattern)):
            digest.update(path.relative_to(_ROOT).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    for name, number in library_versions().items():
        digest.update(f"{name}={number}\0".encode())
    return digest.hexdigest()[:16]
