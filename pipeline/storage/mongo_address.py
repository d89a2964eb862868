"""The address of a MongoDB database: checked before use, never shown with its secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, quote_plus

from pipeline.redaction import REDACTED, hide

DEFAULT_DATABASE: Final = "atlas_forge"
SCHEMES: Final = ("mongodb://", "mongodb+srv://")
ALLOWED: Final = (
    "mongodb://[user:password@]host[:port][,host…][/database][?options], "
    "user and password percent-encoded"
)
# Shorter ones would take ordinary words out of a message.
_LEAST_SECRET: Final = 4


class BadAddressError(ValueError):
    """An address that cannot be used. The text says why and holds nothing of the address."""


@dataclass(frozen=True)
class MongoAddress:
    """A checked address. `shown` is what people and logs may see of it: hosts and database."""

    uri: str = field(repr=False)
    database: str
    shown: str
    secrets: tuple[str, ...] = field(repr=False)

    def scrubbed(self, text: str) -> str:
        """`text` on one line, without the address and anything secret in it."""
        for secret in (self.uri, *self.secrets):
            text = text.replace(secret, REDACTED)
        return " ".join(text.split())


def mongo_address(uri: str) -> MongoAddress:
    """What a URI says. Raises BadAddressError, whose text repeats nothing of the URI.

    The driver reads it, but resolves no name and opens no connection.
    """
    from pymongo.errors import PyMongoError  # noqa: PLC0415 - only who uses MongoDB pays for it
    from pymongo.uri_parser import parse_uri  # noqa: PLC0415

    scheme = next((each for each in SCHEMES if uri.startswith(each)), None)
    if scheme is None or any(character.isspace() for character in uri):
        raise BadAddressError(f"is not {ALLOWED}")
    # A name under mongodb+srv is looked up when it is parsed; read as a plain host it is not.
    plain = uri if scheme == SCHEMES[0] else SCHEMES[0] + uri.removeprefix(scheme)
    try:
        parts = parse_uri(plain)
    except OSError:
        raise BadAddressError("names a TLS file that cannot be read") from None
    except (PyMongoError, ValueError, TypeError):
        # Its words may repeat parts of the address, in front of a wrongly placed @ for example.
        raise BadAddressError(f"is not {ALLOWED}") from None
    hosts = ",".join(f"{host}:{port}" if port else host for host, port in parts["nodelist"])
    database = parts["database"] or DEFAULT_DATABASE
    if scheme != SCHEMES[0]:
        hosts = hosts.removesuffix(":27017")
    secrets = _secrets(parts)
    hide(*secrets, uri if secrets else None)
    return MongoAddress(uri, database, f"{scheme}{hosts}/{database}", secrets)


def _secrets(parts: Mapping[str, Any]) -> tuple[str, ...]:
    """The password and secret options, as they are and as a URI writes them."""
    options = parts["options"]
    found = [parts["password"]]
    found += [value for name, value in options.items() if "password" in name.lower()]
    properties = options.get("authMechanismProperties")
    found += list(properties.values()) if isinstance(properties, dict) else []
    texts = [text for text in found if isinstance(text, str) and len(text) >= _LEAST_SECRET]
    written = [form for text in texts for form in (text, quote(text, safe=""), quote_plus(text))]
    return tuple(dict.fromkeys(written))
