"""Compile every kernel into the cache: `python -m pipeline.warm`, the last step of set-up."""

from __future__ import annotations

import tempfile
from dataclasses import replace

import numpy as np

from kernels.bijection import permute, round_keys, unpermute
from pipeline.engine import warm_up
from pipeline.explain.scenario import explain_scenario
from pipeline.inputs import load_request
from pipeline.inputs.encode import problem_of
from pipeline.inputs.request import Request
from pipeline.runner import run_direct
from pipeline.settings import SERIAL, load_settings


def with_everything(request: Request) -> Request:
    """`request` with mezzanine and every overlay on: its explanation calls all that one can."""
    return replace(request, switches=dict.fromkeys(request.switches, True))


# Enough structures for every stage, the reverse check of a sample among them.
_ROWS = 2_000

if __name__ == "__main__":
    small = load_request("builtin:small")
    warm_up(problem_of(small))
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings({}, out=folder, compute=SERIAL, max_permutations=_ROWS)
        run_direct(small, settings, lambda _: None)
    explain_scenario(with_everything(small), {})
    some = np.zeros(1, dtype=np.int64)
    unpermute(permute(some, 10, round_keys(1)), 10, round_keys(1))
