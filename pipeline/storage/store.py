"""Where bytes go: a folder of this machine, or an S3-compatible object store.

A write is whole or not there: locally a temporary file, fsync and rename; on an object store one
PUT of bytes that were complete in memory. (Never through an open file handle there: an exception
half way leaves a truncated object.)
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol, TypeVar

from pipeline.storage.store_address import StoreAddress

TEMPORARY = "checkpoints/tmp"
_BESIDE = ".tmp"
# Containers that share a folder may have processes of one number.
_THIS_PROCESS: Final = secrets.token_hex(4)

Result = TypeVar("Result")


class Store(Protocol):
    """Bytes by relative path under one root.

    `at_once`: how many small reads are best under way at a time.
    """

    url: str
    at_once: int

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
        self.at_once = 1  # what other threads would wait for is the interpreter

    def put(self, path: str, data: bytes) -> None:
        """Temporary file in the run's own folder for such, fsync, rename."""
        target = self.root / path
        temporary = self.root / TEMPORARY
        unique = f"{unfinished(target.name)}.{threading.get_ident()}"
        try:
            _write_whole(target, temporary / unique, data)
        except FileNotFoundError:
            temporary.mkdir(parents=True, exist_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            _write_whole(target, temporary / unique, data)

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


@lru_cache(maxsize=32)
def open_store(address: StoreAddress) -> Store:
    """The store at `address`. One per process and address; nothing is asked of it yet."""
    if address.folder is not None:
        return LocalStore(address.folder)
    # A run in a local folder needs no S3 library, which takes most of a second to import.
    from pipeline.storage.object_store import ObjectStore  # noqa: PLC0415

    return ObjectStore(address)


def open_folder(folder: Path) -> Store:
    """The store that is a folder of this machine."""
    return open_store(StoreAddress(str(folder)))


def read_twice(
    store: Store, path: str, accept: Callable[[bytes], Result], refused: type[Exception]
) -> Result:
    """What `accept` makes of the bytes at `path`; where it raises `refused`, of a second reading.

    Bytes that were spoiled on their way, or came out of an outdated cache, are good the second
    time; those that lie damaged in the store are not. Raises OSError and what `accept` does.
    """
    try:
        return accept(store.get(path))
    except refused:
        return accept(store.get(path))


def unfinished(name: str) -> str:
    """A hidden name for what is to become `name`, which no other process takes."""
    return f".{name}.{os.getpid()}-{_THIS_PROCESS}{_BESIDE}"


def refuse_links(folder: Path) -> None:
    """Raise OSError if a folder or file that a run opens in place leads out of `folder`.

    Where several people can write, a link would make this program write where they cannot. What
    is replaced by a rename is not followed; what `folder` itself is, is its owner's choice.
    """
    below = sorted(folder.glob("checkpoints/*"))
    for path in [*sorted(folder.glob("*")), *below]:
        if path.is_symlink():
            raise OSError(f"{path} is a link: a run writes into its own folder only; remove it")


def write_file(path: Path, data: bytes) -> None:
    """Write a file of a run folder whole: a temporary beside it, fsync, rename. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_whole(path, path.with_name(unfinished(path.name)), data)


def remove_cut_off(folder: Path) -> None:
    """Remove what a `write_file` left directly in `folder` when its process was killed."""
    for path in folder.glob(f".*{_BESIDE}"):
        path.unlink(missing_ok=True)


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Errors of writing that do not say which file get its name: a full disk's, say."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def _write_whole(path: Path, temporary: Path, data: bytes) -> None:
    try:
        with named(path), temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        # What did not fit must not fill the disk as well.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
