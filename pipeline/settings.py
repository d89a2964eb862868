"""Where things are and how a run is carried out; nothing here changes a figure's value.

Command line > environment (`ATLAS_FORGE_*`) > default. (What a project file may set besides, such
as `run.partition_rows`, stands between environment and default.)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

PREFIX: Final = "ATLAS_FORGE_"
THREADS: Final = "threads"
PROCESSES: Final = "processes"
SERIAL: Final = "serial"
MONGO: Final = "mongo"
MONGO_FILE: Final = "mongo_file"


class BadSettingError(Exception):
    """A setting that cannot be used; the text names it, its value and what is allowed."""


@dataclass(frozen=True)
class Settings:
    """Addresses, TLS and amounts. Each field is also the environment variable of its name.

    out: folder that holds the run folders.
    store: where parts, markers and plan go; empty: into the run folder (s3://bucket/prefix).
    store_endpoint, store_ca_file: address and CA bundle of a store beside the public clouds.
    mongo: address of the MongoDB database that finished runs are merged into; empty: none. It may
        hold a password and is shown nowhere.
    mongo_file: file that holds this address, for who does not want it in the environment.
    workers: threads or processes that compute; 0: one per core.
    mode: threads (of this process), processes (of a Dask cluster on this machine), or serial (in
        this thread). Threads are Dask's where a dashboard is asked for, and plain otherwise.
    scheduler, scheduler_*_file: address of a running Dask scheduler (tls://…) and its TLS files.
    allowed_failures: workers a partition may lose before it is given up.
    dashboard: address of the Dask dashboard, such as ":8787"; empty: none.
    partition_rows, seed, max_permutations: override those of the project; None: do not.
    merge_memory_mb: what the merge may hold before it sorts on disk.
    log_level: least level of the human log: debug, info, warning, error.
    """

    out: str = "runs"
    store: str = ""
    store_endpoint: str = ""
    store_ca_file: str = ""
    mongo: str = field(default="", repr=False)
    mongo_file: str = ""
    workers: int = 0
    mode: str = THREADS
    scheduler: str = ""
    scheduler_ca_file: str = ""
    scheduler_cert_file: str = ""
    scheduler_key_file: str = ""
    allowed_failures: int = 3
    dashboard: str = ""
    partition_rows: int | None = None
    seed: int | None = None
    max_permutations: int | None = None
    merge_memory_mb: int = 256
    log_level: str = "warning"

    @property
    def slots(self) -> int:
        """Workers in number."""
        return self.workers or len(os.sched_getaffinity(0))


_LIMITS: Final[dict[str, tuple[int, int]]] = {
    "workers": (0, 1_024),
    "allowed_failures": (0, 1_000),
    "partition_rows": (1, 1_000_000),
    "seed": (0, 2**63 - 1),
    "max_permutations": (1, 10**12),
    "merge_memory_mb": (64, 1_000_000),
}
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "mode": (THREADS, PROCESSES, SERIAL),
    "log_level": ("debug", "info", "warning", "error"),
}


def load_settings(environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Settings from what was given (None: not given), the environment and the defaults.

    Raises BadSettingError with every bad value, one a line.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name in _NAMES:
        variable = PREFIX + name.upper()
        source, value = name, given.get(name)
        if value is None and environment.get(variable):
            source, value = variable, environment[variable]
        if value is None:
            continue
        try:
            values[name] = _checked(name, value)
        except ValueError as error:
            shown = "the address" if name == MONGO else repr(value)
            problems.append(f"{source}: {shown} {error}")
    if MONGO_FILE in values and MONGO not in values and not given.get(MONGO):
        try:
            values[MONGO] = _address_in(values[MONGO_FILE])
        except ValueError as error:
            problems.append(f"{PREFIX}{MONGO_FILE.upper()}: {values[MONGO_FILE]!r} {error}")
    problems += [f"{name}: no such setting" for name in given if name not in _NAMES]
    if problems:
        raise BadSettingError("\n".join(problems))
    return Settings(**values)


_NAMES: Final = tuple(each.name for each in fields(Settings))


def _checked(name: str, value: Any) -> Any:
    if name in _LIMITS:
        low, high = _LIMITS[name]
        try:
            number = int(str(value))
        except ValueError:
            raise ValueError(f"is not a whole number from {low} to {high}") from None
        if not low <= number <= high:
            raise ValueError(f"is not from {low} to {high}")
        return number
    if name in _CHOICES and value not in _CHOICES[name]:
        raise ValueError(f"is not one of {', '.join(_CHOICES[name])}")
    return _checked_address(str(value)) if name == MONGO else str(value)


def _address_in(file: str) -> str:
    """The address that a file holds. Raises ValueError, without what is in it."""
    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot be read: {type(error).__name__}") from None
    try:
        return _checked_address(text)
    except ValueError as error:
        raise ValueError(f"holds an address that {error}") from None


def _checked_address(uri: str) -> str:
    from pipeline.storage.mongo_address import mongo_address  # noqa: PLC0415 - imports a driver

    return mongo_address(uri).uri
