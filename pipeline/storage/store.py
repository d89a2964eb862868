"""Where bytes go: a folder of this machine, or any object store fsspec knows.

A write is whole or not there: locally a temporary file, fsync and rename; on an object store one
PUT of bytes that were complete in memory. (Never through an open file handle there: an exception
half way leaves a truncated object.)
"""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

TEMPORARY = "checkpoints/tmp"


class Store(Protocol):
    """Bytes by relative path under one root."""

    url: str

    def __hash__(self) -> int: ...

    def put(self, path: str, data: bytes) -> None:
        """Write `data` whole, replacing what was there. Raises OSError."""

    def get(self, path: str) -> bytes:
        """Raises FileNotFoundError, OSError."""

    def names(self, folder: str) -> list[str]:
        """Names of the files directly in `folder`, sorted; none if it does not exist."""

    def delete(self, path: str) -> None:
        """Remove `path`; nothing happens if it is not there."""

    def clear(self) -> None:
        """Remove everything under the root. Raises OSError."""


class LocalStore:
    """A folder of this machine (or mounted on it)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = str(root)

    def put(self, path: str, data: bytes) -> None:
        """Temporary file in the run's own folder for such, fsync, rename."""
        target = self.root / path
        temporary = self.root / TEMPORARY
        unique = f"{target.name}.{os.getpid()}.{threading.get_ident()}"
        try:
            _write_synced(temporary / unique, data)
            (temporary / unique).replace(target)
        except FileNotFoundError:
            temporary.mkdir(parents=True, exist_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            _write_synced(temporary / unique, data)
            (temporary / unique).replace(target)

    def get(self, path: str) -> bytes:
        """The file's bytes."""
        return (self.root / path).read_bytes()

    def names(self, folder: str) -> list[str]:
        """Files of a folder."""
        try:
            return sorted(entry.name for entry in os.scandir(self.root / folder) if entry.is_file())
        except FileNotFoundError:
            return []

    def delete(self, path: str) -> None:
        """Unlink the file."""
        (self.root / path).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.root, ignore_errors=not self.root.exists())


class ObjectStore:
    """An fsspec file system, such as `s3://bucket/prefix`.

    Credentials come from the environment or the machine's role, never from a URL or a plan;
    `endpoint_url` and `ca_file` are for stores beside the public clouds.
    """

    def __init__(self, url: str, endpoint_url: str | None, ca_file: str | None) -> None:
        import fsspec  # noqa: PLC0415 - a run in a local folder needs none of it

        client: dict[str, Any] = {"verify": ca_file} if ca_file else {}
        if endpoint_url:
            client["endpoint_url"] = endpoint_url
        options = {"client_kwargs": client} if client and url.startswith("s3") else {}
        # Listings are not cached: another process writes the same prefix.
        self._files, self._root = fsspec.core.url_to_fs(url, use_listings_cache=False, **options)
        self._root = self._root.rstrip("/")
        self.url = url

    def put(self, path: str, data: bytes) -> None:
        """One PUT of the whole object."""
        self._files.pipe_file(f"{self._root}/{path}", data)

    def get(self, path: str) -> bytes:
        """One GET of the whole object."""
        return bytes(self._files.cat_file(f"{self._root}/{path}"))

    def names(self, folder: str) -> list[str]:
        """Objects under a prefix."""
        try:
            found = self._files.ls(f"{self._root}/{folder}", detail=False)
        except FileNotFoundError:
            return []
        return sorted(name.rsplit("/", 1)[-1] for name in found)

    def delete(self, path: str) -> None:
        """Delete the object, if it is there."""
        if self._files.exists(f"{self._root}/{path}"):
            self._files.rm_file(f"{self._root}/{path}")

    def clear(self) -> None:
        """Delete every object under the prefix."""
        with suppress(FileNotFoundError):
            self._files.rm(f"{self._root}/", recursive=True)


@lru_cache(maxsize=32)
def open_store(url: str, endpoint_url: str | None = None, ca_file: str | None = None) -> Store:
    """The store at `url`; without a scheme it is a local folder. One per process and address."""
    if "://" not in url:
        return LocalStore(Path(url))
    if url.startswith("file://"):
        return LocalStore(Path(url.removeprefix("file://")))
    return ObjectStore(url, endpoint_url, ca_file)


def join_url(url: str, name: str) -> str:
    """`name` under `url`."""
    return f"{url.rstrip('/')}/{name}"


def write_file(path: Path, data: bytes) -> None:
    """Write a file of a run folder whole: a temporary beside it, fsync, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        _write_synced(temporary, data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
