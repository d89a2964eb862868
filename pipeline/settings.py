"""Where things are and how a run is carried out; nothing here changes a figure's value.

Command line > environment (`ATLAS_FORGE_*`) > default. (What a project file may set besides, such
as `run.partition_rows`, stands between environment and default.)
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pipeline.storage.identity import checked_desk, checked_owner
from pipeline.storage.store_address import (
    ADDRESSING,
    StoreAddress,
    checked_endpoint,
    checked_url,
)
from pipeline.storage.store_secret import BadSecretFileError, read_secret

PREFIX: Final = "ATLAS_FORGE_"
THREADS: Final = "threads"
PROCESSES: Final = "processes"
SERIAL: Final = "serial"
KUBERNETES: Final = "kubernetes"
TLS: Final = "tls"
COMPUTE: Final = "compute"
MONGO: Final = "mongo"
MONGO_FILE: Final = "mongo_file"
STORE: Final = "store"
STORE_ENDPOINT: Final = "store_endpoint"
STORE_CA_FILE: Final = "store_ca_file"
CREDENTIALS_FILE: Final = "store_secret_file"
METRICS_PUSH: Final = "metrics_push"
OWNER: Final = "owner"
DESK: Final = "desk"


class BadSettingError(Exception):
    """A setting that cannot be used; the text names it, its value and what is allowed."""


@dataclass(frozen=True)
class Settings:
    """Addresses, TLS and amounts. Each field is also the environment variable of its name.

    out: folder that holds the run folders.
    store: where parts, markers and plan go; empty: into the run folder (s3://bucket/prefix).
    store_endpoint, store_region, store_addressing, store_ca_file: how a store is reached
        (docs/storage.md).
    store_secret_file: file that holds its credentials; empty: the usual AWS chain.
    store_timeout_s, store_attempts: patience with a store, as in StoreAddress.
    mongo: address of the MongoDB database that finished runs are merged into; empty: none. It may
        hold a password and is shown nowhere.
    mongo_file: file that holds this address, for who does not want it in the environment.
    workers: threads or processes that compute; 0: one per core.
    compute: where partitions run: threads (of this process), processes (of a Dask cluster on this
        machine), serial (in this thread), the tls:// address of a running Dask scheduler, or
        kubernetes (a Dask cluster of the run's own). Threads are Dask's where a dashboard is asked
        for, and plain otherwise.
    scheduler_*_file: TLS files for a Dask scheduler: CA, this client's certificate and its key.
    wait_for_workers_s: how long a scheduler may have no workers before a run gives up.
    cluster_file: what a cluster on Kubernetes is made of (docs/compute.md).
    allowed_failures: workers a partition may lose before it is given up.
    dashboard: address of the Dask dashboard, such as ":8787"; empty: none.
    partition_rows, seed, max_permutations: override those of the project; None: do not.
    merge_memory_mb: what the merge may hold before it sorts on disk.
    metrics: host:port where this process serves its metrics to Prometheus; empty: nowhere.
    metrics_push: address of a Pushgateway that is handed the metrics after each stage; empty: none.
    log_level: least level of the human log: debug, info, warning, error.
    owner: for whom a run is made, as its manifest and audit trail name them; empty: the system's
        name of the user, at this machine.
    desk: whose runs these are; the store keeps them under this name. Empty: nobody's in particular.
    pack: whether a run ends with the documents that its project asks for; without, `pack` makes
        them later.
    wait: whether a run that another process works on is waited for.
    lease_seconds: how long a process on another machine may leave a run's lease unrenewed before it
        counts as gone.
    """

    out: str = "runs"
    store: str = ""
    store_endpoint: str = ""
    store_region: str = ""
    store_addressing: str = ADDRESSING[0]
    store_ca_file: str = ""
    store_secret_file: str = ""
    store_timeout_s: int = StoreAddress.timeout_s
    store_attempts: int = StoreAddress.attempts
    mongo: str = field(default="", repr=False)
    mongo_file: str = ""
    workers: int = 0
    compute: str = THREADS
    scheduler_ca_file: str = ""
    scheduler_cert_file: str = ""
    scheduler_key_file: str = ""
    wait_for_workers_s: int = 600
    cluster_file: str = ""
    allowed_failures: int = 3
    dashboard: str = ""
    partition_rows: int | None = None
    seed: int | None = None
    max_permutations: int | None = None
    merge_memory_mb: int = 256
    metrics: str = ""
    metrics_push: str = ""
    log_level: str = "warning"
    owner: str = ""
    desk: str = ""
    pack: bool = True
    wait: bool = True
    lease_seconds: int = 30

    @property
    def slots(self) -> int:
        """Workers in number."""
        return self.workers or len(os.sched_getaffinity(0))

    @property
    def scheduler(self) -> str:
        """Address of the running Dask scheduler that computes; empty: none."""
        return self.compute if "://" in self.compute else ""

    @property
    def store_address(self) -> StoreAddress:
        """The store of all runs; only where `store` is set."""
        return StoreAddress(
            url=self.store,
            endpoint=self.store_endpoint,
            region=self.store_region,
            addressing=self.store_addressing,
            ca_file=self.store_ca_file,
            secret_file=self.store_secret_file,
            timeout_s=self.store_timeout_s,
            attempts=self.store_attempts,
        )

    def checkpoints_of(self, folder: Path) -> StoreAddress:
        """Where the checkpoints of the run in `folder` are: in the store, else in the folder."""
        if self.store:
            place = self.store_address.under(self.desk) if self.desk else self.store_address
            return place.under(folder.name)
        # Absolute, since workers may run in another folder.
        return StoreAddress(str(folder.resolve()))


_LIMITS: Final[dict[str, tuple[int, int]]] = {
    "workers": (0, 1_024),
    "allowed_failures": (0, 1_000),
    "wait_for_workers_s": (1, 86_400),
    "partition_rows": (1, 1_000_000),
    "seed": (0, 2**63 - 1),
    "max_permutations": (1, 10**12),
    "merge_memory_mb": (64, 1_000_000),
    "store_timeout_s": (1, 3_600),
    "store_attempts": (1, 100),
    "lease_seconds": (1, 3_600),
}
_ON: Final = ("yes", "true", "1")
_OFF: Final = ("no", "false", "0")
_PLACES: Final = (THREADS, PROCESSES, SERIAL, KUBERNETES)
_TLS_FILES: Final = ("scheduler_ca_file", "scheduler_cert_file", "scheduler_key_file")
_SCHEMES: Final = (TLS, "tcp")
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "log_level": ("debug", "info", "warning", "error"),
    "store_addressing": ADDRESSING,
}
# Whoever puts a password where none belongs does not find it in a message.
_NOT_REPEATED: Final = (MONGO, STORE, STORE_ENDPOINT, METRICS_PUSH)


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
            shown = "the address" if name in _NOT_REPEATED else repr(value)
            problems.append(f"{source}: {shown} {error}")
    if MONGO_FILE in values and MONGO not in values and not given.get(MONGO):
        try:
            values[MONGO] = _address_in(values[MONGO_FILE])
        except ValueError as error:
            problems.append(f"{PREFIX}{MONGO_FILE.upper()}: {values[MONGO_FILE]!r} {error}")
    problems += _lacking_for_compute(values)
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
    check = _CHECKS.get(name, str)
    return check(str(value))


def _checked_switch(text: str) -> bool:
    if text.lower() not in (*_ON, *_OFF):
        raise ValueError(f"is not one of {', '.join((*_ON, *_OFF))}")
    return text.lower() in _ON


def _checked_compute(text: str) -> str:
    """A way to compute that exists. Raises ValueError."""
    if text in _PLACES:
        return text
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    plain = f"{parts.scheme}://{parts.netloc}" == text and "@" not in text
    if parts.scheme not in _SCHEMES or not (plain and host and port):
        raise ValueError(f"is none of {', '.join(_PLACES)}, tls://host:port and tcp://host:port")
    # Whoever can talk to a scheduler has code run on its workers, and may answer in its place.
    if parts.scheme != TLS and not _is_this_machine(host):
        raise ValueError("is beyond this machine, where only tls://host:port is allowed")
    return text


def _lacking_for_compute(values: Mapping[str, Any]) -> list[str]:
    """What else a way to compute needs: TLS files that are there, a cluster file, a store."""
    compute = str(values.get(COMPUTE, THREADS))
    if compute != KUBERNETES and not compute.startswith(f"{TLS}://"):
        return []
    files = [*_TLS_FILES, "cluster_file"] if compute == KUBERNETES else _TLS_FILES
    problems = []
    for name in files:
        file = values.get(name)
        if not file:
            problems.append(f"{name}: is needed for compute {compute} ({PREFIX}{name.upper()})")
        elif not os.access(file, os.R_OK) or not Path(file).is_file():
            problems.append(f"{name}: {file!r} is not a file that can be read")
    if compute == KUBERNETES and not values.get("store"):
        problems.append(
            f"store: compute {compute} needs one that workers reach, s3://bucket/prefix"
        )
    return problems


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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


def _checked_metrics(address: str) -> str:
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise ValueError("is not host:port, such as :9464 (this machine only) or 0.0.0.0:9464")
    if any(letter in host for letter in "/@ "):
        raise ValueError("is not host:port: the host has letters that no host has")
    return address


def _checked_gateway(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError("is not http(s)://host:port without a user in it")
    return url


def _checked_store(url: str) -> str:
    """A store's address; a folder is made absolute, since workers may run in another one."""
    return str(Path(url).resolve()) if "://" not in checked_url(url) else url


def _checked_secret_file(file: str) -> str:
    try:
        read_secret(file)
    except BadSecretFileError as error:
        raise ValueError(str(error)) from None
    return _absolute(file)


def _checked_ca_file(file: str) -> str:
    import ssl  # noqa: PLC0415 - for who uses TLS

    if not os.access(file, os.R_OK) or not Path(file).is_file():
        raise ValueError("is not a file that can be read")
    try:
        ssl.create_default_context(cafile=file)
    except ssl.SSLError:
        raise ValueError("holds no certificate") from None
    return _absolute(file)


def _absolute(file: str) -> str:
    """The path, for workers too, its links not followed.

    A secret mounted by Kubernetes is a link into a folder that has another name in each pod.
    """
    return str(Path(file).absolute())


_CHECKS: Final[dict[str, Callable[[str], Any]]] = {
    OWNER: checked_owner,
    DESK: lambda text: checked_desk(text) if text else text,
    "pack": _checked_switch,
    "wait": _checked_switch,
    COMPUTE: _checked_compute,
    "metrics": _checked_metrics,
    METRICS_PUSH: _checked_gateway,
    MONGO: _checked_address,
    STORE: _checked_store,
    STORE_ENDPOINT: checked_endpoint,
    STORE_CA_FILE: _checked_ca_file,
    CREDENTIALS_FILE: _checked_secret_file,
}
