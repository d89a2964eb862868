"""Where checkpoints lie and how that place is reached: checked before use, and without secrets.

So it may be shown, and travel to workers in a task. Credentials are found where they are used: in
the environment or role of each process, or in the file that the address names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

S3: Final = "s3"
FILE: Final = "file"
ADDRESSING: Final = ("auto", "path", "virtual")
_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}")
# A prefix is a path of ours, and some servers read these as patterns or escapes.
_NOT_IN_PREFIX: Final = re.compile(r"[\x00-\x20\x7f\\*?\[\]{}^%`\"'<>~#|]")


@dataclass(frozen=True)
class StoreAddress:
    """A folder of this machine, or `s3://bucket/prefix` and what else reaching it takes.

    endpoint: https://host[:port] of a store beside AWS; empty: AWS, or what AWS_ENDPOINT_URL says.
    region, ca_file: of the store; empty: what botocore finds.
    addressing: whether the bucket stands in the path or in the host name; auto: in the path for
        an endpoint of one's own.
    secret_file: path of a file with credentials; empty: the usual AWS chain.
    timeout_s: seconds without a byte after which an attempt counts as failed.
    attempts: requests an operation may take while what fails may pass.
    """

    url: str
    endpoint: str = ""
    region: str = ""
    addressing: str = ADDRESSING[0]
    ca_file: str = ""
    secret_file: str = ""
    timeout_s: int = 30
    attempts: int = 8

    def under(self, name: str) -> StoreAddress:
        """The place `name` below this one."""
        return replace(self, url=f"{self.url.rstrip('/')}/{name}")

    @property
    def folder(self) -> Path | None:
        """The folder of this machine, if it is one."""
        if "://" not in self.url:
            return Path(self.url)
        scheme, _, rest = self.url.partition("://")
        return Path(rest) if scheme == FILE else None

    def __str__(self) -> str:
        return f"{self.url} at {self.endpoint}" if self.endpoint else self.url


def checked_url(url: str) -> str:
    """A folder, file:///folder or s3://bucket/prefix, as given. Raises ValueError.

    The text of the error repeats nothing of the address, which may hold a password.
    """
    if "://" not in url:
        return url
    parts = _split(url)
    if parts.scheme == FILE and not parts.netloc and parts.path.startswith("/"):
        return url
    if parts.scheme != S3:
        raise ValueError("is not a folder, file:///folder or s3://bucket/prefix")
    if not _BUCKET.fullmatch(parts.netloc):
        raise ValueError("is not s3://bucket/prefix: the bucket's name cannot be one")
    prefix = parts.path.removeprefix("/").removesuffix("/")
    names = prefix.split("/") if prefix else []
    if any(name in ("", ".", "..") or _NOT_IN_PREFIX.search(name) for name in names):
        raise ValueError("is not s3://bucket/prefix: the prefix has an empty name, . or .. in it, "
                         "or a character that is not plain")  # fmt: skip
    return url


def checked_endpoint(url: str) -> str:
    """http[s]://host[:port], as given. Raises ValueError, which repeats nothing of it."""
    parts = _split(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError("is not http://host[:port] or https://host[:port]")
    if parts.path.strip("/") or any(each.isspace() for each in url):
        raise ValueError("is not http[s]://host[:port]: nothing may follow it")
    return url.rstrip("/")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("is no address") from None
    if "@" in parts.netloc:
        raise ValueError(
            "holds a user or password; they come from the AWS variables, ~/.aws/credentials or "
            "ATLAS_FORGE_STORE_SECRET_FILE"
        )
    if "?" in url or "#" in url:
        raise ValueError("holds a query or fragment, which an address has not")
    return parts
