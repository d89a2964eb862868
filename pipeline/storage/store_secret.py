"""Credentials of a store from a file in the format of ~/.aws/credentials; shown nowhere."""

from __future__ import annotations

import configparser
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pipeline.redaction import hide

_KEY, _SECRET, _TOKEN = "aws_access_key_id", "aws_secret_access_key", "aws_session_token"
FORMAT: Final = f"a section [default] with {_KEY}, {_SECRET} and perhaps {_TOKEN}"
_READ_BY_OTHERS: Final = stat.S_IROTH | stat.S_IWOTH
_MOST_BYTES: Final = 65_536


class BadSecretFileError(OSError):
    """A file of credentials that cannot be used; the text repeats nothing of its content."""


@dataclass(frozen=True)
class StoreSecret:
    """An access key of an S3 store; `token` goes with a key that expires."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    token: str | None = field(repr=False)


def read_secret(file: str) -> StoreSecret:
    """The credentials in `file`. Raises BadSecretFileError.

    Its group may read it, as where an orchestrator mounts it for a user that is not its owner.
    """
    path = Path(file)
    try:
        with path.open("rb") as opened:
            if stat.S_IMODE(path.stat().st_mode) & _READ_BY_OTHERS:
                raise BadSecretFileError("can be read or changed by others; chmod 600 it")
            text = opened.read(_MOST_BYTES).decode("utf-8-sig")
    except BadSecretFileError:
        raise
    except OSError as error:
        raise BadSecretFileError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadSecretFileError(f"is not {FORMAT}") from None
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
        section = parser["default"]
        key, secret = section[_KEY].strip(), section[_SECRET].strip()
    except (configparser.Error, KeyError):
        raise BadSecretFileError(f"is not {FORMAT}") from None
    if not key or not secret:
        raise BadSecretFileError(f"is not {FORMAT}")
    hide(key, secret, section.get(_TOKEN))
    return StoreSecret(key, secret, section.get(_TOKEN, "").strip() or None)
