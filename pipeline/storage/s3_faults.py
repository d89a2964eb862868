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
_NO_CREDENTIALS: Final = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.TokenRetrievalError,
    boto.ProfileNotFound,
    boto.ConfigParseError,
)
_UNTRUSTED: Final = (boto.SSLError, aiohttp.ClientSSLError, ssl.SSLError)
_CUT: Final = (
    boto.ConnectionClosedError,
    boto.IncompleteReadError,
    boto.ResponseStreamingError,
    aiohttp.ClientPayloadError,
    aiohttp.ServerDisconnectedError,
    ConnectionError,
)
_SILENT: Final = (boto.ReadTimeoutError, TimeoutError, aiohttp.ServerTimeoutError)
_UNREACHABLE: Final = (
    boto.EndpointConnectionError,
    boto.ConnectTimeoutError,
    boto.ProxyConnectionError,
    aiohttp.ClientConnectionError,
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
    return next((found for each in _chain(error) if (found := _unanswered(each))), _other(error))


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


def _unanswered(error: BaseException) -> Fault | None:
    if isinstance(error, _NO_CREDENTIALS):
        return Fault("no usable credentials were found in the environment, ~/.aws or a secret file")
    if isinstance(error, _UNTRUSTED):
        return Fault("its TLS certificate is not trusted, or it speaks no TLS")
    if isinstance(error, boto.ChecksumError | boto.FlexibleChecksumError):
        return Fault("its bytes do not have the checksum it names", passing=True)
    if isinstance(error, _SILENT):
        return Fault("it does not answer in time", passing=True)
    if isinstance(error, _CUT):
        return Fault("the connection is cut", passing=True)
    if isinstance(error, _UNREACHABLE):
        return Fault("it cannot be reached", passing=True)
    if isinstance(error, ResponseParserError | boto.HTTPClientError):
        return Fault("what it answers cannot be read", passing=True)
    return None


def _other(error: BaseException) -> Fault:
    return Fault(f"{type(error).__name__}: {' '.join(str(error).split())}")


def _chain(error: BaseException) -> list[BaseException]:
    """The error and what it came from, outermost first."""
    found: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in found:
        found.append(each)
        each = each.__cause__ or each.__context__
    return found
