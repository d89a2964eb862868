"""What an error of an S3 store means: a missing object, something that may pass, or the end.

Imported only once something went wrong.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

# The store says so itself, or refuses bytes that were changed on their way.
_PASSING: Final = frozenset(
    {
        "BadDigest", "IncompleteBody", "InternalError", "OperationAborted", "RequestTimeout",
        "ServiceUnavailable", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequests",
        "XAmzContentSHA256Mismatch",
    }
)  # fmt: skip
_REFUSED: Final = frozenset(
    {
        "ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch",
        "TokenRefreshRequired",
    }
)  # fmt: skip
# Kinds of errors without an answer, what they mean, and whether it may pass. The first counts that
# fits the error or anything it came from.
_WITHOUT_ANSWER: Final[tuple[tuple[tuple[type[BaseException], ...], str, bool], ...]] = (
    (
        (
            boto.NoCredentialsError,
            boto.PartialCredentialsError,
            boto.CredentialRetrievalError,
            boto.TokenRetrievalError,
            boto.ProfileNotFound,
            boto.ConfigParseError,
        ),
        "no usable credentials were found in the environment, ~/.aws or a secret file",
        False,
    ),
    (
        (boto.SSLError, aiohttp.ClientSSLError, ssl.SSLError),
        "its TLS certificate is not trusted, or it speaks no TLS",
        False,
    ),
    (
        (boto.ChecksumError, boto.FlexibleChecksumError),
        "its bytes do not have the checksum it names",
        True,
    ),
    (
        (boto.ReadTimeoutError, aiohttp.ServerTimeoutError, TimeoutError),
        "it does not answer in time",
        True,
    ),
    (
        (
            boto.EndpointConnectionError,
            boto.ConnectTimeoutError,
            boto.ProxyConnectionError,
            aiohttp.ClientConnectorError,
        ),
        "it cannot be reached",
        True,
    ),
    (
        (
            boto.ConnectionClosedError,
            boto.IncompleteReadError,
            boto.ResponseStreamingError,
            aiohttp.ClientConnectionError,
            aiohttp.ClientPayloadError,
            ConnectionError,
        ),
        "the connection is cut",
        True,
    ),
    ((ResponseParserError, boto.HTTPClientError), "what it answers cannot be read", True),
)


@dataclass(frozen=True)
class Fault:
    """What went wrong, in words. `missing`: only this object is not there. `passing`: another
    attempt may succeed. `denied`: the right is lacking, or the `credentials` are wrong."""

    words: str
    missing: bool = False
    passing: bool = False
    denied: bool = False
    credentials: bool = False


def fault_of(error: BaseException, bucket: str) -> Fault:
    """What `error`, raised by s3fs or anything below it, means for a store in `bucket`."""
    for each in _chain(error):
        if isinstance(each, boto.ClientError):
            return _answered(each.response, bucket)
    for kinds, words, passing in _WITHOUT_ANSWER:
        if any(isinstance(each, kinds) for each in _chain(error)):
            return Fault(words, passing=passing)
    return Fault(f"{type(error).__name__}: {' '.join(str(error).split())}")


def _answered(response: Any, bucket: str) -> Fault:
    code = str(response.get("Error", {}).get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code == "NoSuchKey":
        return Fault("there is no such object", missing=True)
    if code == "NoSuchBucket":
        return Fault(f"there is no bucket {bucket} (NoSuchBucket)")
    if code in _PASSING or status in (429, 500, 502, 503, 504):
        return Fault(f"it answers {status} {code}", passing=True)
    if code in _REFUSED:
        words = f"it refuses the credentials ({status} {code})"
        return Fault(words, denied=True, credentials=True)
    if status in (401, 403):
        return Fault(f"access is denied ({status} {code})", denied=True)
    return Fault(f"it answers {status} {code}")


def _chain(error: BaseException) -> list[BaseException]:
    """The error and what it came from, outermost first."""
    found: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in found:
        found.append(each)
        each = each.__cause__ or each.__context__
    return found
