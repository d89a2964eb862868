"""Compile every kernel into the cache: `python -m pipeline.warm`, the last step of set-up."""

from __future__ import annotations

from pipeline.engine import warm_up
from pipeline.inputs import load_request
from pipeline.inputs.encode import problem_of

if __name__ == "__main__":
    warm_up(problem_of(load_request("builtin:small")))
