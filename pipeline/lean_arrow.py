"""Keeps pandas out of processes that only use Arrow.

On its first conversion pyarrow imports pandas if it is installed, only to ask whether it was given
a Series: a second and 60 MB in every process. It asks once and remembers the answer.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType


class _NoPandas(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        if fullname == "pandas":
            raise ImportError("left out for the moment")


def keep_pandas_out() -> None:
    """Let pyarrow find no pandas, unless it is imported already.

    For processes of our own (the command line, local workers), never for a notebook's: afterwards
    pyarrow takes no pandas objects and makes none. `import pandas` itself goes on working.
    """
    if "pandas" in sys.modules:
        return
    import pyarrow as pa  # noqa: PLC0415 - commands that touch no Arrow need not load it

    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(finder)
