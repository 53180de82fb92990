# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What may go wrong with a call to AWS, as errors of the collection."""

from __future__ import annotations

import contextlib
import typing as t

# pylint does not follow relative imports out of this folder, and would not know that these are exceptions
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import FederationError, Unavailable

# Codes and classes by which botocore and the services say that they no longer, or never, took the credentials.
_CREDENTIAL_CODES = {
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "RequestExpired",
    "TokenRefreshRequired",
    "UnrecognizedClientException",
}
_CREDENTIAL_CLASSES = {
    "CredentialRetrievalError",
    "NoCredentialsError",
    "PartialCredentialsError",
    "SSOTokenLoadError",
    "TokenRetrievalError",
    "UnauthorizedSSOTokenError",
}
# What passes by itself; the codes are those of botocore's own standard retry mode.
_TRANSIENT_CODES = {
    "BandwidthLimitExceeded",
    "InternalError",
    "InternalFailure",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}


# botocore waits a minute for each of five tries: so long nothing would be shown, and the deadline would pass.
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 10.0
_TRIES = 3


class AwsError(FederationError):
    """AWS rejected a call, or could not be reached.

    :ivar code: AWS's code for it, empty where there is none.
    """

    def __init__(self, message: str, code: str = "", **details: t.Any) -> None:
        super().__init__(message, **details)
        self.code = code


class CredentialsRejected(AwsError):
    """AWS does not accept the credentials: they have expired, are unknown or cannot be obtained."""


class AwsUnavailable(AwsError, Unavailable):
    """Throttling, a fault on AWS's side or of the network: the same call may succeed a little later."""


def patience(remaining: float) -> dict[str, t.Any]:
    """What every client is made with: ``config`` of AnsibleAWSModule.client, over which goes the user's aws_config.

    A call that nobody answers ends as AwsUnavailable after half a minute at most, and with the deadline if that is
    nearer, but for a second or two between the tries
    (https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html).

    :param remaining: seconds until the deadline.
    """
    share = max(1.0, remaining / _TRIES)
    return {
        "connect_timeout": min(_CONNECT_SECONDS, share),
        "read_timeout": min(_READ_SECONDS, share),
        "retries": {"total_max_attempts": _TRIES, "mode": "standard"},
    }


@contextlib.contextmanager
def calling(what: str) -> t.Iterator[None]:
    """Turn botocore's exceptions into the collection's.

    :param what: completes the sentence "Failed to …".
    :raises CredentialsRejected, AwsUnavailable, AwsError: instead of what botocore raised.
    """
    # Here, since the interpreter that only reads documentation need not have it.
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise translate(error, what) from error


def translate(error: Exception, what: str) -> AwsError:
    """The collection's error for one of botocore's.

    :param error: a ``ClientError`` or ``BotoCoreError``.
    :param what: completes the sentence "Failed to …".
    """
    response = getattr(error, "response", None) or {}
    code = str((response.get("Error") or {}).get("Code") or "")
    said = str((response.get("Error") or {}).get("Message") or "") or str(error)
    classes = {cls.__name__ for cls in type(error).__mro__}
    if code in _CREDENTIAL_CODES or classes & _CREDENTIAL_CLASSES:
        return CredentialsRejected(
            f"Failed to {what}: AWS does not accept the credentials: {said.rstrip('.')}. Renew them and run this "
            "again.",
            code or _name(error),
        )
    status = int((response.get("ResponseMetadata") or {}).get("HTTPStatusCode") or 0)
    network = classes & {"ConnectionError", "HTTPClientError"} and not classes & {"SSLError", "ProxyConnectionError"}
    if code in _TRANSIENT_CODES or status == 429 or status >= 500 or network:
        return AwsUnavailable(f"Failed to {what}: {said}", code or _name(error))
    return AwsError(f"Failed to {what}: {said}" + (f" ({code})" if code else ""), code)


def _name(error: Exception) -> str:
    return type(error).__name__


__all__ = ("AwsError", "AwsUnavailable", "CredentialsRejected", "calling", "patience", "translate")
