"""The store's part of `make limits`: requests a second, and the requests that a run really makes.

Objects are of the size of a run's parts. The gateway is Ceph's on loopback, one process of each
kind, on the cores that also ask it: a floor for a store, and no network between.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import s3fs

from benchmarks.limits_runs import PARTITION_ROWS
from pipeline.inputs import load_request
from pipeline.runner import run_direct
from pipeline.settings import load_settings
from pipeline.stages.contract import Progress
from pipeline.storage.store import LocalStore, Store, open_store
from pipeline.storage.store_address import StoreAddress
from tests.faults.s3_proxy import S3Proxy
from tests.run_projects import write_project
from tests.services.moto_server import MotoServer, credentials_environment
from tests.services.radosgw import Radosgw

AT_ONCE = (1, 8)
_REQUESTS = {"local": 200, "radosgw": 100, "moto": 50}
_KEY, _SECRET, _BUCKET = "LIMITSKEY", "secret-of-the-limits", "limits"
_PART_ROWS = 500
_STAGES = ("permutation", "pruning", "analysis", "output")

Figures = dict[str, Any]


def measure(folder: Path, sizes: dict[str, float]) -> Figures:
    """Rates by store and object; `sizes` are the run's bytes a row by kind of part."""
    objects = {
        "marker": int(sizes["pruning_marker"]),
        "pruning part": int(PARTITION_ROWS * sizes["pruning_part_a_row"]),
        "analysis part": int(PARTITION_ROWS * sizes["analysis_part_a_survivor"]),
    }
    (folder / "local").mkdir()
    found: Figures = {
        "local": _rates(LocalStore(folder / "local"), objects, _REQUESTS["local"]),
    }
    with _radosgw(folder / "rados") as gateway:
        store = open_store(StoreAddress(f"s3://{_BUCKET}/rates", endpoint=gateway.url))
        found["radosgw"] = _rates(store, objects, _REQUESTS["radosgw"])
        found["requests"] = _requests(gateway, folder)
    with _credentials(credentials_environment()):
        moto = MotoServer(folder / "moto.log")
        try:
            store = open_store(StoreAddress("s3://atlas/rates", endpoint=moto.url))
            found["moto"] = _rates(store, objects, _REQUESTS["moto"])
        finally:
            moto.stop()
    return found


@contextmanager
def _radosgw(folder: Path) -> Iterator[Radosgw]:
    folder.mkdir()
    gateway = Radosgw(folder)
    try:
        gateway.user("limits", _KEY, _SECRET)
        s3fs.S3FileSystem(endpoint_url=gateway.url, key=_KEY, secret=_SECRET).mkdir(_BUCKET)
        with _credentials({"AWS_ACCESS_KEY_ID": _KEY, "AWS_SECRET_ACCESS_KEY": _SECRET}):
            yield gateway
    finally:
        gateway.kill()


@contextmanager
def _credentials(variables: dict[str, str]) -> Iterator[None]:
    """This process' environment while the block runs."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _rates(store: Store, objects: dict[str, int], requests: int) -> Figures:
    found: Figures = {}
    warm = [f"warm/{number:05d}" for number in range(2 * requests)]  # its first are slower
    for ask in (lambda path: store.put(path, b"warm"), store.get, _absent(store)):
        _timed(warm, max(AT_ONCE), ask)
    for name, size in objects.items():
        data = os.urandom(size)
        for threads in AT_ONCE:
            paths = [f"{name.split()[0]}-{threads}/{number:05d}" for number in range(requests)]
            timed = {
                "put": _timed(paths, threads, lambda path, data=data: store.put(path, data)),
                "get": _timed(paths, threads, store.get),
                "absent": _timed([f"{each}-none" for each in paths], threads, _absent(store)),
            }
            found[f"{name}, {threads} at once"] = {"bytes": size} | {
                f"{verb}_s": requests / seconds for verb, seconds in timed.items()
            }
    return found


def _absent(store: Store) -> Callable[[str], None]:
    """Asking for what is not there: the first thing every partition does."""

    def ask(path: str) -> None:
        with suppress(FileNotFoundError):
            store.get(path)

    return ask


def _timed(paths: list[str], threads: int, ask: Callable[[str], Any]) -> float:
    with ThreadPoolExecutor(threads) as pool:
        began = time.perf_counter()
        for _ in pool.map(ask, paths):
            pass
        return time.perf_counter() - began


class _Counting(S3Proxy):
    """Counts what passes by stage and verb."""

    def __init__(self, upstream_port: int) -> None:
        self.stage = _STAGES[0]
        self.counted: Counter[tuple[str, str]] = Counter()
        super().__init__(upstream_port)

    def striking(self, verb: str, path: str) -> None:
        # the lease is renewed by the clock, not by partitions
        if not path.endswith("lease.json"):
            self.counted[self.stage, verb] += 1


def _requests(gateway: Radosgw, folder: Path) -> Figures:
    """What a run asks of the store, by stage: the first time, and where all parts are there."""
    proxy = _Counting(gateway.port)
    folder = folder / "counted"
    folder.mkdir()
    request = load_request(write_project(folder))
    passes: Figures = {}
    try:
        for name in ("run", "resume"):
            proxy.counted.clear()
            proxy.stage = _STAGES[0]
            settings = load_settings(
                {}, out=str(folder / name), store=f"s3://{_BUCKET}/counted",
                store_endpoint=proxy.url, compute="serial", partition_rows=_PART_ROWS, pack="no",
            )  # fmt: skip

            def heard(progress: Progress) -> None:
                proxy.stage = progress.stage

            summary = run_direct(request, settings, heard)
            passes[name] = {
                stage: {verb: count for (of, verb), count in proxy.counted.items() if of == stage}
                for stage in _STAGES
            }
    finally:
        proxy.stop()
    survivors = summary["survivors"]
    pruning = -(-summary["total_scenarios"] // _PART_ROWS)
    return {
        "pruning_partitions": pruning,
        "analysis_partitions": -(-survivors // _PART_ROWS),
        **passes,
    }
