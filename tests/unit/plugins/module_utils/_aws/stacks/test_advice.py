# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS's reasons lead to."""

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._aws.stacks.advice import advice

TAIL = "(Service: Ec2, Status Code: 400, Request ID: 1) (RequestToken: 2, HandlerErrorCode: {code})"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (f"The maximum number of VPCs has been reached. {TAIL.format(code='ServiceLimitExceeded')}", "A quota"),
        (
            f"Cluster already exists with name: vulcan {TAIL.format(code='AlreadyExists')}",
            "does not belong to this stack",
        ),
        ("Cluster (AWS::EKS::Cluster vulcan): deletion protection enabled", "--no-deletion-protection --name vulcan"),
        ("User: x is not authorized to perform: ec2:CreateVpc", "the IAM policies"),
        ("The CIDR '10.11.0.0/20' conflicts with another subnet", "address range is in use"),
        ("[Issue(Code=NodeCreationFailure, Message=Instances failed to join the kubernetes cluster)]", "The nodes"),
        (
            "Cannot create cluster 'quota' because us-east-1e, the targeted availability zone, does not currently have "
            "sufficient capacity to support the cluster. Retry and choose from these availability zones: us-east-1a, "
            f"us-east-1b, us-east-1f {TAIL.format(code='InvalidRequest')}",
            "EKS does not support the zone us-east-1e. "
            "Set burst_zones to two or more of us-east-1a, us-east-1b, us-east-1f.",
        ),
        (
            "Cannot create cluster 'vulcan' because EKS does not support creating control plane instances in "
            "us-east-1e, the targeted availability zone. Retry cluster creation using control plane subnets that span "
            "at least two of these availability zones: us-east-1a, us-east-1b. Note, post cluster creation, you can "
            f"run worker nodes in separate subnets/availability zones {TAIL.format(code='InvalidRequest')}",
            "EKS does not support the zone us-east-1e. Set burst_zones to two or more of us-east-1a, us-east-1b.",
        ),
        ("UnsupportedAvailabilityZoneException: something new", "does not support one of the zones"),
        ("We currently do not have sufficient m6i.large capacity (InsufficientInstanceCapacity)", "at the moment"),
        ("Export x cannot be deleted as it is in use by y", "Delete the stacks that import it first."),
        ("Resource handler returned message: something new", ""),
    ],
)
def test_advice(reason: str, said: str) -> None:
    found = advice(reason)
    assert said in found
    assert bool(found) == bool(said)
