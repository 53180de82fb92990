# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS's answers and names say."""

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._aws.errors import AwsError
from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup.api import (
    is_held,
    is_missing,
    kind_of,
    log_arn,
    name_of,
)


@pytest.mark.parametrize(
    ("arn", "kind", "name"),
    [
        ("arn:aws:ec2:eu-central-1:1:natgateway/nat-1", "natgateway", "nat-1"),
        ("arn:aws:cloudformation:eu-central-1:1:stack/cloudburst-vulcan/5c2e", "stack", "cloudburst-vulcan/5c2e"),
        ("arn:aws:logs:eu-central-1:1:log-group:/aws/eks/vulcan/cluster", "log-group", "/aws/eks/vulcan/cluster"),
        ("arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/a0b1", "loadbalancer", "a0b1"),
    ],
)
def test_arns(arn: str, kind: str, name: str) -> None:
    assert (kind_of(arn), name_of(arn)) == (kind, name)
    assert log_arn(f"{arn}:*") == log_arn(arn) == arn


@pytest.mark.parametrize("code", ["InvalidGroup.NotFound", "ResourceNotFoundException", "LoadBalancerNotFound"])
def test_what_is_gone(code: str) -> None:
    assert is_missing(AwsError("", code))
    assert not is_held(AwsError("", code))


@pytest.mark.parametrize("code", ["DependencyViolation", "ResourceInUse", "VolumeInUse"])
def test_what_is_held(code: str) -> None:
    assert is_held(AwsError("", code))
    assert not is_missing(AwsError("", code))
