"""Atlas Forge from Python: `from pipeline import load_request, evaluate, run, plan, top`.

    request = load_request("project.yaml")
    summary = run(request, workers=2)
    rows = top(summary["run_id"], n=5)

Names are resolved on first use, so that importing the package stays cheap for workers. Importing
it names the folder of compiled kernels, which has to happen before Numba is imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pipeline.storage.numba_cache import set_numba_cache

if TYPE_CHECKING:
    from pipeline.api import plan, run, top
    from pipeline.evaluation import evaluate
    from pipeline.inputs import InputErrors, load_request

__all__ = ["InputErrors", "evaluate", "load_request", "plan", "run", "top"]

_HOMES = {
    "load_request": "pipeline.inputs",
    "InputErrors": "pipeline.inputs",
    "evaluate": "pipeline.evaluation",
    "run": "pipeline.api",
    "plan": "pipeline.api",
    "top": "pipeline.api",
}

set_numba_cache()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pipeline' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
