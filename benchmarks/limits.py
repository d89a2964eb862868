"""`make limits`: what each part of a run can take on this machine, into benchmarks/limits.json.

Real parts throughout: the command line, Dask over TLS, Ceph's gateway, a MongoDB replica set. The
record is what docs/sizing.md is made from (`make sizing`).
"""

import argparse
import contextlib
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import limits_dask, limits_output, limits_runs, limits_store, machine
from benchmarks.sizing import RECORD

PARTS = ("runs", "dask", "store", "output")


def measure(folder: Path, only: str | None, known: dict[str, Any]) -> dict[str, Any]:
    """All parts, or one of them, in folders below `folder`; `known` is the record so far.

    Whole runs are measured with the merge as well, which needs one of them.
    """
    found: dict[str, Any] = {}
    for name in PARTS:
        (folder / name).mkdir()
    if only in (None, "runs", "output"):
        found["runs"], run = _said("runs", lambda: limits_runs.measure(folder / "runs"))
        found["large_partitions"] = limits_runs.large_partitions(folder / "runs")
        found |= _said("output", lambda: limits_output.measure(folder / "output", run))
    if only in (None, "dask"):
        found["dask"] = _said("dask", lambda: limits_dask.measure(folder / "dask"))
    if only in (None, "store"):
        sizes = (known | found)["runs"]["bytes"]
        found["store"] = _said("store", lambda: limits_store.measure(folder / "store", sizes))
    return found


def _said(name: str, part: Callable[[], Any]) -> Any:
    began = time.perf_counter()
    found = part()
    sys.stderr.write(f"{name}: {time.perf_counter() - began:.0f} s\n")
    return found


def kept() -> dict[str, Any]:
    """The record so far; empty if there is none."""
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}


def rounded(value: Any) -> Any:
    """Figures to four digits, which is more than any of them is good for."""
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limits", description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="measure one part anew, keep the others")
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # Dask's farewells
    known = kept() if options.only else {}
    if options.only == "store" and "runs" not in known:
        parser.error("--only store needs the sizes of parts in the record: measure runs first")
    about = machine.described()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        try:
            with contextlib.redirect_stdout(sys.stderr):  # certificates tell how they are used
                found = measure(Path(name), options.only, known)
        except pytest.skip.Exception as missing:
            sys.stderr.write(f"error: {missing}\n")
            return 1
    about |= {"load_after": round(machine.load(), 2), "seconds": time.perf_counter() - began}
    measured = dict.fromkeys(found, about)
    known = kept() if options.only else {}  # another part may have been measured meanwhile
    record = known | found | {"measured": known.get("measured", {}) | measured}
    RECORD.write_text(json.dumps(rounded(record), indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
