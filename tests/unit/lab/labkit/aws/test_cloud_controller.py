# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which subnets the load balancers of a cluster get, in a VPC of the role eks_stack's own template."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.tests.unit.plugins.roles.test_eks_stack_template import resources
from labkit.aws.cloud_controller import balancer_subnets

_NETWORK = {
    *("VPC", "Subnet", "RouteTable", "Route", "SubnetRouteTableAssociation", "InternetGateway"),
    *("VPCGatewayAttachment", "EIP", "NatGateway", "VPNGateway"),
}
_ZONES = ["eu-central-1a", "eu-central-1b"]


def _long(value: t.Any) -> t.Any:
    """A part of a template with CloudFormation's long forms of its functions."""
    if isinstance(value, list):
        return [_long(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "Select" in value and value["Select"][1] == {"Ref": "Zones"}:
        return _ZONES[int(value["Select"][0])]
    names = {"GetAtt": "Fn::GetAtt", "Select": "Fn::Select", "Cidr": "Fn::Cidr", "Sub": "Fn::Sub"}
    return {names.get(key, key): _long(each) for key, each in value.items()}


class Vpc(t.NamedTuple):
    """The subnets and route tables of a VPC, as EC2 describes them, and its private subnets."""

    subnets: list[dict[str, t.Any]]
    tables: list[dict[str, t.Any]]
    private: list[str]

    def chosen(self, *, internal: bool) -> list[str]:
        """What the cloud controller of the cluster vulcan chooses."""
        return balancer_subnets("vulcan", self.subnets, self.tables, internal=internal)


def made(aws: t.Any, egress: str) -> t.Iterator[Vpc]:
    """The network of the role's template."""
    template = resources(eks_stack_node_egress=egress)
    network = {k: _long(v) for k, v in template.items() if v["Type"].rpartition("::")[2] in _NETWORK}
    stack_id = aws.create(network)
    status, events = aws.end(stack_id)
    assert status == "CREATE_COMPLETE", events
    ec2 = aws.client("ec2")
    (vpc,) = {e["PhysicalResourceId"] for e in events if e["LogicalResourceId"] == "Vpc"} - {""}
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    private = {
        e["PhysicalResourceId"]
        for e in events
        if e["ResourceType"] == "AWS::EC2::Subnet" and e["LogicalResourceId"].startswith("Private")
    } - {""}
    subnets = ec2.describe_subnets(Filters=of_vpc)["Subnets"]
    tables = ec2.describe_route_tables(Filters=of_vpc)["RouteTables"]
    zones = {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in subnets}
    yield Vpc(subnets, tables, sorted(private, key=zones.__getitem__))
    aws.delete(stack_id)
    aws.end(stack_id)


@pytest.fixture(params=["nat", "endpoints", "datacenter"])
def vpc(aws: t.Any, request: pytest.FixtureRequest) -> t.Iterator[Vpc]:
    """A VPC for each way out of the nodes."""
    yield from made(aws, request.param)


def test_no_load_balancer_faces_the_internet(vpc: Vpc) -> None:
    assert vpc.chosen(internal=False) == []


def test_an_internal_one_is_in_the_private_subnets(vpc: Vpc) -> None:
    assert vpc.chosen(internal=True) == vpc.private


def _subnet(name: str, zone: str, *keys: str) -> dict[str, t.Any]:
    return {"SubnetId": name, "AvailabilityZone": zone, "Tags": [{"Key": key, "Value": "1"} for key in keys]}


_OPEN = {"Associations": [{"Main": True}], "Routes": [{"GatewayId": "local"}, {"GatewayId": "igw-1"}]}
_ROLE, _OWN, _OTHER = "kubernetes.io/role/elb", "kubernetes.io/cluster/vulcan", "kubernetes.io/cluster/mars"


@pytest.mark.parametrize(
    ("subnets", "chosen"),
    [
        # The tag of the role decides between those of one zone, and keeps none out
        ([_subnet("s1", "a"), _subnet("s2", "b", _ROLE)], ["s1", "s2"]),
        ([_subnet("s1", "a"), _subnet("s2", "a", _ROLE)], ["s2"]),
        ([_subnet("s1", "a", _ROLE), _subnet("s2", "a", _OWN)], ["s1"]),
        ([_subnet("s1", "a"), _subnet("s2", "a", _OWN, _OTHER)], ["s2"]),
        ([_subnet("s2", "a"), _subnet("s1", "a")], ["s1"]),
        ([_subnet("s1", "a", _OTHER, _ROLE)], []),
    ],
)
def test_it_chooses_as_the_real_one_does(subnets: list[dict[str, t.Any]], chosen: list[str]) -> None:
    assert balancer_subnets("vulcan", subnets, [_OPEN], internal=False) == chosen
    own_table = {"Associations": [{"SubnetId": each["SubnetId"]} for each in subnets], "Routes": []}
    assert balancer_subnets("vulcan", subnets, [_OPEN, own_table], internal=False) == []
