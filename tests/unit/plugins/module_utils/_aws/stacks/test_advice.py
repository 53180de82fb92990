# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS's reasons lead to."""

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._aws.stacks.advice import advice

LAUNCH = "[Issue(Code=AsgInstanceLaunchFailures, Message=Could not launch On-Demand Instances. "
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
        # Seen in public reports; each in the words of EC2 or EKS, within an issue of a node group
        (
            "x is not authorized to perform: eks:CreateCluster with an explicit deny in a service control policy",
            "denies",
        ),
        ("AuthFailure.ServiceLinkedRoleCreationNotPermitted - The provided credentials", "spot.amazonaws.com"),
        ("MaxSpotInstanceCountExceeded - Max spot instance count exceeded. Launching EC2 instance failed.", "A quota"),
        (f"{LAUNCH}VcpuLimitExceeded - You have requested more vCPU capacity than your limit of 32", "A quota"),
        (f"{LAUNCH}UnfulfillableCapacity - Unable to fulfill capacity", "at the moment"),
        (
            f"{LAUNCH}Unsupported - Your requested instance type (m6i.large) is not supported in your requested "
            "Availability Zone (us-east-1e).",
            "burst_node_instance_types",
        ),
        ("The following supplied instance types do not exist: [m9.large]", "burst_node_instance_types"),
        ("[m6g.large] is not a valid instance type for requested amiType AL2023_x86_64_STANDARD", "_ami_type"),
        (f"unsupported Kubernetes version {TAIL.format(code='InvalidRequest')}", "describe-cluster-versions"),
        ("Unsupported Kubernetes minor version update from 1.33 to 1.35", "one minor version at a time"),
        (
            "Value (eu-central-1d) for parameter availabilityZone is invalid. Subnets can currently only be created in "
            "the following availability zones: eu-central-1a, eu-central-1b.",
            "two or more of eu-central-1a, eu-central-1b.",
        ),
        ("the associated subnets do not have enough free addresses", "burst_vpc_cidr"),
        ("Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state", "AWSServiceRoleForAuto"),
        ("OptInRequired - You are not subscribed to this service.", "has not enabled the account"),
        ("The specified principalArn is invalid: invalid principal.", "burst_admin_arns"),
        ("Cluster vulcan currently has an update in progress", "wait until that has ended"),
        ("The vpc 'vpc-0' has dependencies and cannot be deleted.", "does not belong to the stack"),
        ("Rate exceeded (Service: Eks, Status Code: 429)", "try again later"),
        ("Resource handler returned message: something new", ""),
    ],
)
def test_advice(reason: str, said: str) -> None:
    found = advice(reason)
    assert said in found
    assert bool(found) == bool(said)


def test_each_code_of_a_node_group_has_an_advice() -> None:
    """As botocore's model of EKS has them, of https://docs.aws.amazon.com/eks/latest/APIReference/API_Issue.html"""
    session = pytest.importorskip("botocore.session").get_session()
    codes = session.get_service_model("eks").shape_for("NodegroupIssueCode").enum
    assert [code for code in codes if not advice(f"[Issue(Code={code}, Message=something new, ResourceIds=[])]")] == []
