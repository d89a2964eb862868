"""What must not be shown is taken out of texts: secrets of URLs, and secrets known by their value.

The second is for what nobody thought of: a library that quotes a password in its error. Whoever
reads a secret from a file or an address says so (`hide`); secrets of the environment are known by
their variables' names. Standard library only, since every command may show an error.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, quote_plus

REDACTED: Final = "***"
# Shorter ones would take ordinary words out of a text.
LEAST_SECRET: Final = 6
_LEAST_OF_ENVIRONMENT: Final = 8

_SECRET_NAME: Final = re.compile(
    r"password|passwd|passphrase|secret|token(?!i)|credential|authorization|api_?key|access_?key"
    r"|private_?key|auth_?string|^key$",
    re.IGNORECASE,
)
# A variable of such a name holds where the secret is, not the secret.
_PLACE: Final = re.compile(r"(?:file|path|dir|folder|url)$", re.IGNORECASE)
# Up to the last @: a password that was not percent-encoded may hold one, or a slash.
_URL_USER: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^\s\"'<>]+@", re.IGNORECASE)
_URL_QUERY: Final = re.compile(
    r"(?P<name>[?&][^=&\s]*(?:password|secret|token|key|signature|credential)[^=&\s]*=)[^&\s]+",
    re.IGNORECASE,
)

_hidden: set[str] = set()


def hide(*secrets: str | None) -> None:
    """From now on these are shown nowhere by this process, in the forms they are written in."""
    for secret in secrets:
        if secret and len(secret) >= LEAST_SECRET:
            _hidden.update(_forms(secret))


def is_secret_name(name: str) -> bool:
    """Whether what is called so is not shown."""
    return bool(_SECRET_NAME.search(name))


def redacted(value: Any, key: str = "") -> Any:
    """`value` without secrets, at any depth; `key` is what it is called."""
    if key and is_secret_name(key):
        return REDACTED
    if isinstance(value, Mapping):
        return {redacted(str(name)): redacted(each, str(name)) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(each) for each in value]
    if isinstance(value, str):
        return redacted_text(value)
    return value


def redacted_text(text: str) -> str:
    """`text` with known secrets and those of the URLs in it replaced."""
    # The longest first: one may be a part of another.
    for secret in sorted(_hidden | _of_environment(), key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    text = _URL_USER.sub(rf"\g<scheme>{REDACTED}@", text)
    return _URL_QUERY.sub(rf"\g<name>{REDACTED}", text)


@contextmanager
def errors_without_secrets() -> Iterator[None]:
    """Errors of the block, and what they came from, say nothing secret: others keep their texts.

    Prefect stores the text of what a task raised, and logs it.
    """
    try:
        yield
    except Exception as error:
        _clean(error)
        raise


def _clean(error: BaseException | None, seen: frozenset[int] = frozenset()) -> None:
    if error is None or id(error) in seen:
        return
    if any(isinstance(each, str) and redacted_text(each) != each for each in error.args):
        with suppress(AttributeError, TypeError):
            error.args = tuple(redacted(list(error.args)))
    if notes := getattr(error, "__notes__", None):
        notes[:] = [redacted_text(each) for each in notes]
    for cause in (error.__cause__, error.__context__):
        _clean(cause, seen | {id(error)})


def _of_environment() -> frozenset[str]:
    found = [
        value
        for name, value in os.environ.items()
        if is_secret_name(name) and not _PLACE.search(name)
    ]
    # "user:secret" is a secret, and so is its second half.
    found += [value.partition(":")[2] for value in found]
    return _all_forms(tuple(value for value in found if len(value) >= _LEAST_OF_ENVIRONMENT))


@lru_cache(maxsize=4)
def _all_forms(secrets: tuple[str, ...]) -> frozenset[str]:
    return frozenset(form for secret in secrets for form in _forms(secret))


def _forms(secret: str) -> set[str]:
    """A secret as it is, and as URLs, JSON, repr and HTTP headers write it."""
    raw = secret.encode("utf-8", "surrogateescape")
    written = {
        secret,
        quote(secret, safe="", errors="replace"),
        quote_plus(secret, errors="replace"),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        base64.b64encode(raw).decode(),
    }
    return {form for form in written if len(form) >= LEAST_SECRET}
