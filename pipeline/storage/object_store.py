"""Objects under a prefix of an S3-compatible store, by s3fs.

Every operation is tried again, with growing pauses, while what fails may pass; then one sentence
says which store failed, and how. The libraries below retry as well, each layer for itself (5 x 5 x
5 requests for one read), so they are told not to: here is the only place that counts attempts.

Nothing rests on conditional writes. An object is written by one PUT of bytes that were complete in
memory, with their MD5 for the server to compare, and read by one GET.
"""

from __future__ import annotations

import base64
import hashlib
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, TypeVar

import s3fs

from pipeline.storage.s3_faults import fault_of
from pipeline.storage.store_address import StoreAddress
from pipeline.storage.store_secret import BadSecretFileError, read_secret

Result = TypeVar("Result")

# Larger objects would be sent in several parts; this is the most that S3 takes in one.
_MOST_BYTES: Final = 5 * 2**30
_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 10.0
_MOST_CONNECT_S: Final = 10
_CONNECTIONS: Final = 50
_DELETING: Final = 16


class StoreError(OSError):
    """The store cannot be used: one sentence with its address and the cause."""


class StoreDeniedError(StoreError):
    """The store refuses the credentials or lacks the right."""


class ObjectStore:
    """The objects under one `s3://bucket/prefix`."""

    def __init__(self, address: StoreAddress) -> None:
        self.url = address.url
        self.at_once = 16  # each answer takes its while, whatever else is asked
        self._address = address
        self._root = address.url.partition("://")[2].rstrip("/")

    def __reduce__(self) -> tuple[Any, ...]:
        # Whoever unpickles it finds credentials of its own.
        return ObjectStore, (self._address,)

    def put(self, path: str, data: bytes) -> None:
        """One PUT of the whole object."""
        md5 = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
        self._tried(
            lambda files: files.pipe_file(
                f"{self._root}/{path}", data, chunksize=_MOST_BYTES, ContentMD5=md5
            ),
            path,
        )

    def get(self, path: str) -> bytes:
        """One GET of the whole object."""
        try:
            return bytes(self._tried(lambda files: files.cat_file(f"{self._root}/{path}"), path))
        except StoreDeniedError:
            # To a reader whose right to list is bound to a prefix, servers (Ceph before 2026)
            # answer 403 for an object that is not there; the listing of that prefix tells.
            if self._is_absent(path):
                raise FileNotFoundError(f"{self.url}/{path}") from None
            raise

    def names(self, folder: str) -> list[str]:
        """Objects directly under a prefix."""
        start = self._start(folder)
        rest = [each.removeprefix(start) for each in self._below(folder)]
        return sorted(name for name in rest if name and "/" not in name)

    def delete(self, path: str) -> None:
        """Delete the object, if it is there."""
        self._delete(f"{self._root}/{path}")

    def clear(self) -> None:
        """Delete every object under the prefix, and none of a prefix that begins like it."""
        # One by one: what servers demand of a DeleteObjects request differs between them.
        with ThreadPoolExecutor(_DELETING, thread_name_prefix="atlas-forge-delete") as pool:
            for _ in pool.map(self._delete, self._below("")):
                pass

    def _below(self, folder: str) -> list[str]:
        """Whole keys of all objects below `folder`, by as many listings of 1,000 as it takes."""
        start = self._start(folder)
        found: list[str] = self._tried(lambda files: files.find(start), folder)
        # A single object named like the folder is found too, and is not in it.
        return [key for key in found if key.startswith(start)]

    def _is_absent(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        start = self._start(folder)
        try:
            found = self._tried(lambda files: files.find(start, prefix=name), path)
        except StoreError:
            return False
        return f"{start}{name}" not in found

    def _start(self, folder: str) -> str:
        return f"{self._root}/{folder}/" if folder else f"{self._root}/"

    def _delete(self, key: str) -> None:
        try:
            self._tried(lambda files: files.rm_file(key), key)
        except FileNotFoundError:
            return

    def _tried(self, action: Callable[[s3fs.S3FileSystem], Result], path: str) -> Result:
        """What `action` gives, after as many attempts as the address allows.

        Raises FileNotFoundError (this object is not there), StoreError.
        """
        attempts = self._address.attempts
        attempt = 1
        while True:
            try:
                return action(_file_system(replace(self._address, url="")))
            except BadSecretFileError as error:
                raise StoreError(f"store {self._address}: the secret file {error}") from None
            except Exception as error:
                fault = fault_of(error, self._root.partition("/")[0])
                if fault.missing:
                    raise FileNotFoundError(f"{self.url}/{path}") from None
                if fault.credentials:
                    # Whoever puts them right need not start this process again.
                    _file_system.cache_clear()
                if not fault.passing or attempt >= attempts:
                    tried = f", {attempt} times in a row" if fault.passing else ""
                    kind = StoreDeniedError if fault.denied else StoreError
                    raise kind(f"store {self._address}: {fault.words}{tried}") from error
            pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (attempt - 1))
            # Not all workers at the same moment again; nothing computed depends on it.
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            attempt += 1


@lru_cache(maxsize=8)
def _file_system(address: StoreAddress) -> s3fs.S3FileSystem:
    """The connections of this process to a store, for all prefixes. Raises BadSecretFileError."""
    found = read_secret(address.secret_file) if address.secret_file else None
    secret = {"key": found.key, "secret": found.secret, "token": found.token} if found else {}
    client: dict[str, Any] = {"verify": address.ca_file} if address.ca_file else {}
    if address.region:
        client["region_name"] = address.region
    files = s3fs.S3FileSystem(
        endpoint_url=address.endpoint or None,
        client_kwargs=client,
        config_kwargs={
            "connect_timeout": min(address.timeout_s, _MOST_CONNECT_S),
            "read_timeout": address.timeout_s,
            "retries": {"total_max_attempts": 1},
            "max_pool_connections": _CONNECTIONS,
            "s3": {"addressing_style": address.addressing},
            # CRC trailers, the default, are unknown to many servers; MD5 is known to all.
            "request_checksum_calculation": "when_required",
        },
        # One GET a read, of an object of any size: several ranges could be of several versions.
        max_concurrency=1,
        # Another process writes the same prefix.
        use_listings_cache=False,
        # Held here instead, where a change of credentials can let go of it.
        skip_instance_cache=True,
        **secret,
    )
    files.retries = 1
    return files
