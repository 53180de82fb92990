# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small stack of a burst for tests against the lab's AWS: network, roles, cluster and nodes, with the burst's tag."""

from __future__ import annotations

import typing as t

REGION = "eu-central-1"
BURST = {"Key": "cloudburst:burst", "Value": "vulcan"}


def _subnet(zone: str, network: str) -> dict[str, t.Any]:
    place = {"VpcId": {"Ref": "Vpc"}, "CidrBlock": network, "AvailabilityZone": f"{REGION}{zone}"}
    return {"Type": "AWS::EC2::Subnet", "Properties": {**place, "Tags": [BURST]}}


def _role(service: str) -> dict[str, t.Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document, "Tags": [BURST]}}


NETWORK: dict[str, t.Any] = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.11.0.0/16", "Tags": [BURST]}},
    "SubnetA": _subnet("a", "10.11.0.0/20"),
}
CLUSTER: dict[str, t.Any] = {
    **NETWORK,
    "SubnetB": _subnet("b", "10.11.16.0/20"),
    "ClusterRole": _role("eks.amazonaws.com"),
    "NodeRole": _role("ec2.amazonaws.com"),
    "Cluster": {
        "Type": "AWS::EKS::Cluster",
        "Properties": {
            "Name": "vulcan",
            "RoleArn": {"Fn::GetAtt": ["ClusterRole", "Arn"]},
            "ResourcesVpcConfig": {"SubnetIds": [{"Ref": "SubnetA"}, {"Ref": "SubnetB"}]},
            "KubernetesNetworkConfig": {"ServiceIpv4Cidr": "10.5.0.0/24"},
            "Tags": [BURST],
        },
    },
    "Nodes": {
        "Type": "AWS::EKS::Nodegroup",
        "Properties": {
            "ClusterName": {"Ref": "Cluster"},
            "NodeRole": {"Fn::GetAtt": ["NodeRole", "Arn"]},
            "Subnets": [{"Ref": "SubnetA"}, {"Ref": "SubnetB"}],
            "Tags": {BURST["Key"]: BURST["Value"]},
        },
    },
}
