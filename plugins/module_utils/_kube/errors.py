# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Errors of a Kubernetes API server, and that it cannot be reached."""

from __future__ import annotations

import json
import re

from .._runtime.errors import FederationError, Unavailable

# https://kubernetes.io/docs/reference/using-api/api-concepts/ has 429; the others are what proxies and an API server
# without etcd say
_PASSING = (429, 502, 503, 504)


class ApiError(FederationError):
    """The API server has answered with an error.

    :ivar status: the HTTP status code.
    :ivar reason: the machine-readable reason of the Status object, or an empty string.
    """

    def __init__(self, message: str, *, status: int, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class Unreachable(Unavailable):
    """No answer from the API server, or no access to it."""


class ApiUnavailable(ApiError, Unavailable):
    """The API server, or etcd behind it, is starting, stopping or overloaded."""


def api_error(label: str, method: str, path: str, status: int, data: bytes) -> ApiError:
    """The error that a response stands for."""
    try:
        answer = json.loads(data)
        message, reason = str(answer.get("message") or ""), str(answer.get("reason") or "")
    except (ValueError, AttributeError, RecursionError):
        message, reason = data[:200].decode(errors="replace"), ""
    hint = ""
    if status == 401:
        hint = " The credentials in the kubeconfig are not accepted; on EKS, check the identity and its access entry."
    elif status == 403:
        hint = " The identity in the kubeconfig lacks this permission."
    kind = ApiUnavailable if status in _PASSING else ApiError
    return kind(
        f"{label}: {method} {path} was answered with {status}: {message or 'no message'}.{hint}".replace("..", "."),
        status=status,
        reason=reason,
    )


def cause(error: BaseException) -> str:
    """The root cause of a urllib3 error, without the representation of pool and connection."""
    reason = getattr(error, "reason", None)
    if isinstance(reason, BaseException):
        return cause(reason)
    texts = [str(part) for part in error.args if isinstance(part, (str, Exception))]
    # A status is short, but the response may be anything.
    text = re.sub(r"<[^<>]{0,300}>|\bHTTPS?Connection(Pool)?\([^()]{0,300}\)", "", texts[-1][:2000] if texts else "")
    return text.strip(" :,.") or type(error).__name__


__all__ = ("ApiError", "ApiUnavailable", "Unreachable", "api_error", "cause")
