"""`atlas-forge doctor`: does everything a run needs work on this machine?"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any, Final

import click
from packaging.requirements import Requirement

from pipeline.cli.console import FAILED, print_json, say, wants_json
from pipeline.cli.options import mongo_option, out_option, settings_of
from pipeline.compute.executor import cause_of
from pipeline.settings import Settings

_LEAST_FREE_GB: Final = 1.0


@click.command(name="doctor")
@out_option
@click.option("--store", metavar="URL", help="Check this checkpoint store as well.")
@mongo_option
def command(out: str | None, store: str | None, mongo: str | None) -> None:
    """Check installation, kernels, Dask, Prefect, store and disk; exit 1 if something fails.

    \b
    Examples:
      atlas-forge doctor
      atlas-forge doctor --store s3://bucket/prefix --json
    """
    settings = settings_of(out=out, store=store, mongo=mongo)
    checks: dict[str, Callable[[Settings], str]] = {
        "python": _python,
        "packages": _packages,
        "kernels": _kernels,
        "dask": _dask,
        "prefect": _prefect,
        "merge": _merge,
        "store": _store,
        "disk": _disk,
    }
    if settings.mongo:
        checks["mongo"] = _mongo
    results = []
    for name, check in checks.items():
        started = time.perf_counter()
        try:
            ok, detail = True, check(settings)
        except Exception as error:  # noqa: BLE001 - whatever is broken, the rest is checked too
            ok, detail = False, cause_of(error)
        seconds = round(time.perf_counter() - started, 2)
        results.append({"check": name, "ok": ok, "detail": detail, "seconds": seconds})
        say(f"{'ok  ' if ok else 'FAIL'}  {name}: {detail} ({seconds} s)")
    healthy = all(result["ok"] for result in results)
    if wants_json():
        print_json({"schema": 1, "ok": healthy, "checks": results})
    if not healthy:
        raise click.exceptions.Exit(FAILED)


def _python(_: Settings) -> str:
    return f"{sys.version.split()[0]} on {len(os.sched_getaffinity(0))} cores"


def _packages(_: Settings) -> str:
    """Every required package is there in a version that fits."""
    try:
        needed = [Requirement(text) for text in requires("atlas-forge") or ()]
    except PackageNotFoundError:
        raise RuntimeError("atlas-forge is not installed in this environment") from None
    wrong = []
    count = 0
    for requirement in needed:
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        count += 1
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement} is missing")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement} is needed, {found} is installed")
    if wrong:
        raise RuntimeError("; ".join(wrong))
    return f"{count} required packages fit"


def _kernels(_: Settings) -> str:
    import numpy as np

    from kernels.bijection import permute, round_keys

    ids = permute(np.arange(1_000), 1_000, round_keys(1))
    if not np.array_equal(np.sort(ids), np.arange(1_000)):
        raise RuntimeError("a compiled kernel gives wrong results")
    import numba

    return f"Numba {numba.__version__}, compiled code in {os.environ['NUMBA_CACHE_DIR']}"


def _dask(settings: Settings) -> str:
    from uuid import uuid4

    from pipeline.compute import open_executor
    from pipeline.compute.job import Job

    with open_executor(settings, Job(f"doctor-{uuid4()}")) as executor:
        if sorted(executor.map_unordered(abs, [-1, 2])) != [1, 2]:
            raise RuntimeError("tasks come back wrong")
        return f"{executor.slots} slots, {settings.compute}"


def _prefect(_: Settings) -> str:
    # By name: pipeline does not import Prefect, this only looks whether a run could.
    import importlib

    importlib.import_module("prefect")
    return f"prefect {version('prefect')}, fastapi {version('fastapi')}"


def _merge(_: Settings) -> str:
    """Sort some rows outside memory, where scratch files go."""
    from contextlib import closing

    import pyarrow as pa

    from pipeline.storage.sorted_runs import SortedRuns

    column = pa.table({"x": list(range(1_000))})
    with (
        tempfile.TemporaryDirectory(prefix="atlas-forge-doctor-") as scratch,
        closing(SortedRuns(column.schema, [("x", "DESC")], Path(scratch), 64, 1_000)) as rows,
    ):
        rows.add(column)
        found = pa.concat_tables(rows.in_order(100))["x"].to_pylist()
    if found != list(range(999, -1, -1)):
        raise RuntimeError("rows come back in the wrong order")
    return f"pyarrow {version('pyarrow')}"


def _store(settings: Settings) -> str:
    """Write, read and delete an object where a run would."""
    from pipeline.storage.store import open_store
    from pipeline.storage.store_address import StoreAddress

    url = settings.store or _existing_parent(Path(settings.out))
    with tempfile.TemporaryDirectory(dir=None if settings.store else url) as folder:
        store: Any = open_store(settings.store_address if settings.store else StoreAddress(folder))
        path = f"checkpoints/doctor-{os.getpid()}"
        store.put(path, b"atlas-forge")
        try:
            if store.get(path) != b"atlas-forge":
                raise RuntimeError(f"{url} gives back other bytes than were written")
        finally:
            store.delete(path)
    return f"{url} can be written"


def _mongo(settings: Settings) -> str:
    from pipeline.storage.mongo_doctor import mongo_diagnosis

    return mongo_diagnosis(settings.mongo)


def _disk(settings: Settings) -> str:
    folder = _existing_parent(Path(settings.out))
    free = shutil.disk_usage(folder).free / 1e9
    if free < _LEAST_FREE_GB:
        raise RuntimeError(f"{free:.1f} GB free at {folder}; {_LEAST_FREE_GB} GB are needed")
    return f"{free:,.1f} GB free at {folder}"


def _existing_parent(path: Path) -> str:
    """The nearest folder of `path` that exists."""
    path = path.resolve()
    while not path.is_dir():
        path = path.parent
    return str(path)
