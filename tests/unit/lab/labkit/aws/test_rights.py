# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stack operation needs of its caller."""

from __future__ import annotations

import typing as t

from labkit.aws import rights

SCOPE = ("000000000000", "eu-central-1")


def _needs(
    kind: str, operation: t.Literal["create", "update", "delete"], name: str, **props: t.Any
) -> dict[str, tuple[str, dict[str, t.Any]]]:
    found = rights.needs(kind, operation, name, props, "cloudburst-vulcan", SCOPE)
    return {need.action: (need.resource, need.context) for need in found}


def test_what_is_made_has_no_id_yet() -> None:
    needs = _needs("AWS::EC2::VPC", "create", "Vpc", Tags=[{"Key": "a", "Value": "b"}, {"Key": "aws:x", "Value": "y"}])
    assert needs["ec2:CreateVpc"][0] == "arn:aws:ec2:eu-central-1:000000000000:vpc/*"
    assert needs["ec2:CreateVpc"][1] == {"aws:RequestTag/a": "b", "aws:TagKeys": ["a"]}
    assert needs["ec2:CreateTags"][1]["ec2:CreateAction"] == "CreateVpc"
    assert needs["ec2:DescribeVpcs"][0] == "*"


def test_what_is_deleted_is_named() -> None:
    needs = _needs("AWS::EC2::VPNConnection", "delete", "vpn-1")
    assert needs["ec2:DeleteVpnConnection"][0] == "arn:aws:ec2:eu-central-1:000000000000:vpn-connection/vpn-1"


def test_an_attachment_needs_what_its_gateway_needs() -> None:
    assert "ec2:AttachVpnGateway" in _needs("AWS::EC2::VPCGatewayAttachment", "create", "A", VpnGatewayId="vgw-1")
    assert "ec2:DetachInternetGateway" in _needs("AWS::EC2::VPCGatewayAttachment", "delete", "IGW|vpc-1", VpcId="vpc-1")


def test_a_cluster_passes_its_role_on() -> None:
    role = "arn:aws:iam::000000000000:role/cloudburst-vulcan-ClusterRole-X"
    needs = _needs("AWS::EKS::Cluster", "create", "Cluster", Name="vulcan", RoleArn=role)
    assert needs["iam:PassRole"] == (role, {"iam:PassedToService": "eks.amazonaws.com"})
    assert needs["eks:CreateCluster"][0] == "arn:aws:eks:eu-central-1:000000000000:cluster/vulcan"


def test_a_role_s_policies_are_attached_one_by_one() -> None:
    needs = _needs("AWS::IAM::Role", "create", "NodeRole", ManagedPolicyArns=["arn:aws:iam::aws:policy/One"])
    resource, context = needs["iam:AttachRolePolicy"]
    assert resource == "arn:aws:iam::000000000000:role/cloudburst-vulcan-NodeRole-*"
    assert context == {"iam:PolicyARN": "arn:aws:iam::aws:policy/One"}


def test_a_type_that_is_not_known_needs_nothing() -> None:
    assert _needs("AWS::Some::Other", "create", "Other") == {}


def test_a_topic_is_known_by_its_arn() -> None:
    arn = "arn:aws:sns:eu-central-1:000000000000:cloudburst-vulcan-Topic-1A2B"
    assert _needs("AWS::SNS::Topic", "delete", arn)["sns:DeleteTopic"][0] == arn
    made = _needs("AWS::SNS::Topic", "create", "Topic")["sns:CreateTopic"][0]
    assert made == "arn:aws:sns:eu-central-1:000000000000:cloudburst-vulcan-Topic-*"
