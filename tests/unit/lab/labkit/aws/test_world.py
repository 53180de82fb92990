# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric's World from AWS's records."""

from __future__ import annotations

import copy
import typing as t

from labkit.aws import world
from labkit.fabric import model

RECORDS: dict[str, list[dict[str, t.Any]]] = {
    "vpcs": [
        {"VpcId": "vpc-default", "CidrBlock": "172.31.0.0/16", "IsDefault": True, "MainRouteTableId": "rtb-default"},
        {"VpcId": "vpc-1", "CidrBlock": "10.11.0.0/16", "IsDefault": False, "MainRouteTableId": "rtb-main"},
    ],
    "subnets": [
        {"SubnetId": "subnet-a", "VpcId": "vpc-1", "CidrBlock": "10.11.0.0/20", "AvailabilityZone": "eu-central-1a"},
        {"SubnetId": "subnet-b", "VpcId": "vpc-1", "CidrBlock": "10.11.16.0/20", "AvailabilityZone": "eu-central-1b"},
        {"SubnetId": "subnet-d", "VpcId": "vpc-default", "CidrBlock": "172.31.0.0/20", "AvailabilityZone": "x"},
    ],
    "route_tables": [
        {"RouteTableId": "rtb-main", "VpcId": "vpc-1", "Routes": [], "Associations": [{"Main": True}]},
        {
            "RouteTableId": "rtb-1",
            "VpcId": "vpc-1",
            "Routes": [
                {"DestinationCidrBlock": "10.11.0.0/16", "GatewayId": "local"},
                {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"},
                {"DestinationCidrBlock": "10.99.0.0/16", "NatGatewayId": "nat-gone"},
                {"DestinationCidrBlock": "10.98.0.0/16", "GatewayId": "vgw-1"},
                {"DestinationCidrBlock": "10.97.0.0/16", "GatewayId": "igw-1"},
            ],
            "Associations": [{"SubnetId": "subnet-a"}],
            "PropagatingVgws": ["vgw-1"],
        },
    ],
    "security_groups": [
        {
            "GroupId": "sg-1",
            "VpcId": "vpc-1",
            "IpPermissions": [
                {
                    "IpProtocol": "tcp",
                    "FromPort": 80,
                    "ToPort": 80,
                    "IpRanges": [{"CidrIp": "10.10.0.0/24"}],
                    "UserIdGroupPairs": [],
                },
                {"IpProtocol": "-1", "IpRanges": [], "UserIdGroupPairs": [{"GroupId": "sg-1"}]},
            ],
        }
    ],
    "internet_gateways": [
        {"InternetGatewayId": "igw-1", "Attachments": [{"VpcId": "vpc-1"}]},
        {"InternetGatewayId": "igw-default", "Attachments": [{"VpcId": "vpc-default"}]},
    ],
    "nat_gateways": [
        {
            "NatGatewayId": "nat-1",
            "State": "available",
            "VpcId": "vpc-1",
            "SubnetId": "subnet-b",
            "AllocationId": "eipalloc-1",
        },
        {
            "NatGatewayId": "nat-gone",
            "State": "deleted",
            "VpcId": "vpc-1",
            "SubnetId": "subnet-b",
            "AllocationId": "eipalloc-1",
        },
    ],
    "addresses": [{"AllocationId": "eipalloc-1", "PublicIp": "198.51.100.100"}],
    "vpc_endpoints": [
        {"VpcEndpointId": "vpce-1", "VpcId": "vpc-1", "ServiceName": "com.amazonaws.eu-central-1.ecr.dkr"}
    ],
    "vpn_gateways": [{"VpnGatewayId": "vgw-1", "Attachments": []}],
    "vpn_connections": [
        {
            "VpnConnectionId": "vpn-1",
            "State": "available",
            "VpnGatewayId": "vgw-1",
            "CustomerAddress": "203.0.113.10",
            "Tunnels": [
                {
                    "OutsideIpAddress": "198.51.100.10",
                    "TunnelInsideCidr": "169.254.44.0/30",
                    "PreSharedKey": "secret.key",
                }
            ],
            "Routes": [{"DestinationCidrBlock": "10.10.0.0/24"}],
        },
        {"VpnConnectionId": "vpn-0", "State": "deleted"},
    ],
    "clusters": [
        {
            "name": "vulcan",
            "arn": "arn:aws:eks:eu-central-1:000000000000:cluster/vulcan",
            "version": "1.35",
            "status": "CREATING",
            "resourcesVpcConfig": {
                "subnetIds": ["subnet-a", "subnet-b"],
                "securityGroupIds": ["sg-1"],
                "clusterSecurityGroupId": "sg-2",
                "endpointPrivateAccess": True,
                "endpointPublicAccess": False,
                "publicAccessCidrs": [],
            },
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.5.0.0/24"},
            "_endpoint": "ABC.gr7.eu-central-1.eks.amazonaws.com",
        }
    ],
    "nodegroups": [
        {
            "clusterName": "vulcan",
            "nodegroupName": "nodes",
            "status": "CREATING",
            "subnets": ["subnet-a", "subnet-b"],
            "scalingConfig": {"desiredSize": 2},
            "instanceTypes": ["m6i.large"],
            "labels": {"b": "2", "a": "1"},
            "_security_groups": ["sg-2", "sg-1"],
        }
    ],
}


def _build(**changes: t.Any) -> model.World:
    records = {**copy.deepcopy(RECORDS), **changes}
    return world.build(records, lambda cluster: f"https://192.0.2.10/{cluster['name']}")


def test_the_default_vpc_is_nobody_s_business() -> None:
    built = _build()
    assert built.vpcs == (model.Vpc("vpc-1", "10.11.0.0/16"),)
    assert [subnet.id for subnet in built.subnets] == ["subnet-a", "subnet-b"]
    assert [gateway.id for gateway in built.internet_gateways] == ["igw-1"]


def test_a_subnet_has_its_own_table_else_the_main_one() -> None:
    assert [subnet.route_table_id for subnet in _build().subnets] == ["rtb-1", "rtb-main"]


def test_routes_keep_their_kind_and_a_deleted_target_is_a_black_hole() -> None:
    table = next(table for table in _build().route_tables if table.id == "rtb-1")
    assert table.propagating == ("vgw-1",)
    assert table.routes == (
        model.Route("0.0.0.0/0", "nat", "nat-1"),
        model.Route("10.99.0.0/16", "blackhole", "nat-gone"),
        model.Route("10.98.0.0/16", "vgw", "vgw-1"),
        model.Route("10.97.0.0/16", "igw", "igw-1"),
    )


def test_rules_have_networks_and_groups_as_sources() -> None:
    assert _build().security_groups[0].ingress == (
        model.Rule("tcp", 80, 80, ("10.10.0.0/24",)),
        model.Rule("-1", groups=("sg-1",)),
    )


def test_a_nat_gateway_has_its_address_and_a_deleted_one_is_gone() -> None:
    assert _build().nat_gateways == (model.NatGateway("nat-1", "subnet-b", "198.51.100.100"),)


def test_a_connection_has_tunnels_and_static_routes_and_a_deleted_one_is_gone() -> None:
    (connection,) = _build().vpn_connections
    assert connection.customer_address == "203.0.113.10"
    assert connection.static_routes == ("10.10.0.0/24",)
    assert "secret.key" not in repr(connection)


def test_clusters_and_node_groups_that_are_deleted_are_left_out() -> None:
    built = _build()
    assert built.clusters[0].token_webhook_url == "https://192.0.2.10/vulcan"
    assert built.node_groups[0].labels == (("a", "1"), ("b", "2"))
    clusters, groups = copy.deepcopy(RECORDS["clusters"]), copy.deepcopy(RECORDS["nodegroups"])
    clusters[0]["status"] = groups[0]["status"] = "DELETING"
    built = _build(clusters=clusters, nodegroups=groups)
    assert built.clusters == ()
    assert built.node_groups == ()


def test_the_same_records_make_the_same_world() -> None:
    assert _build() == _build()
