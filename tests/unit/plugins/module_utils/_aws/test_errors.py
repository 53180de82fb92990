# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What botocore's errors are taken for."""

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._aws import errors as aws

exceptions = pytest.importorskip("botocore.exceptions")


def rejected(code: str, status: int = 400) -> Exception:
    return exceptions.ClientError(
        {"Error": {"Code": code, "Message": "because"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Describe"
    )


@pytest.mark.parametrize(
    "error",
    [
        rejected("ExpiredToken", 403),
        rejected("ExpiredTokenException"),
        rejected("InvalidClientTokenId", 403),
        rejected("UnrecognizedClientException"),
        exceptions.NoCredentialsError(),
        exceptions.TokenRetrievalError(provider="sso", error_msg="gone"),
        exceptions.UnauthorizedSSOTokenError(),
    ],
)
def test_credentials(error: Exception) -> None:
    assert isinstance(aws.translate(error, "look"), aws.CredentialsRejected)


@pytest.mark.parametrize(
    "error",
    [
        rejected("Throttling"),
        rejected("RequestLimitExceeded", 503),
        rejected("SomethingNew", 500),
        rejected("Odd", 429),
        exceptions.EndpointConnectionError(endpoint_url="https://aws"),
        exceptions.ConnectTimeoutError(endpoint_url="https://aws"),
        exceptions.ReadTimeoutError(endpoint_url="https://aws"),
        exceptions.ConnectionClosedError(endpoint_url="https://aws"),
    ],
)
def test_what_passes_by_itself(error: Exception) -> None:
    assert isinstance(aws.translate(error, "look"), aws.AwsUnavailable)


@pytest.mark.parametrize(
    "error",
    [
        rejected("AccessDenied", 403),
        rejected("ValidationError"),
        exceptions.SSLError(endpoint_url="https://aws", error="bad certificate"),
        exceptions.ParamValidationError(report="bad"),
    ],
)
def test_what_does_not(error: Exception) -> None:
    told = aws.translate(error, "look")
    assert told.__class__ is aws.AwsError
    assert told.message.startswith("Failed to look: ")


def test_calling_raises_the_collections_error() -> None:
    with pytest.raises(aws.AwsError, match="Failed to look: because") as caught, aws.calling("look"):
        raise rejected("AccessDenied", 403)
    assert caught.value.code == "AccessDenied"
