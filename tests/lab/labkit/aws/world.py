# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric's World from the records of EC2 and EKS. Pure functions: records in, dataclasses out."""

from __future__ import annotations

import typing as t

from labkit.fabric import model

Record = t.Mapping[str, t.Any]
Records = t.Iterable[Record]


def build(records: t.Mapping[str, Records], webhook: t.Callable[[Record], str]) -> model.World:
    """Everything there is. `records` has EC2's stores by name and EKS's clusters and nodegroups; `webhook` is the URL
    where a cluster's API server has tokens reviewed.

    AWS's default VPC is left out: nothing of the lab lives there."""
    vpcs = [vpc for vpc in records["vpcs"] if not vpc.get("IsDefault")]
    vpc_ids = {vpc["VpcId"] for vpc in vpcs}
    tables = [table for table in records["route_tables"] if table["VpcId"] in vpc_ids]
    addresses = {address["AllocationId"]: address["PublicIp"] for address in records["addresses"]}
    nats = [nat for nat in records["nat_gateways"] if nat["State"] != "deleted" and nat["VpcId"] in vpc_ids]
    nat_ids = {nat["NatGatewayId"] for nat in nats}
    return model.World(
        vpcs=tuple(model.Vpc(vpc["VpcId"], vpc["CidrBlock"]) for vpc in vpcs),
        subnets=_subnets([subnet for subnet in records["subnets"] if subnet["VpcId"] in vpc_ids], vpcs, tables),
        route_tables=tuple(
            model.RouteTable(
                table["RouteTableId"],
                table["VpcId"],
                tuple(r for r in (_route(route, nat_ids) for route in table["Routes"]) if r),
                tuple(sorted(table.get("PropagatingVgws", ()))),
            )
            for table in tables
        ),
        security_groups=tuple(
            model.SecurityGroup(
                group["GroupId"], group["VpcId"], tuple(_rule(permission) for permission in group["IpPermissions"])
            )
            for group in records["security_groups"]
            if group["VpcId"] in vpc_ids
        ),
        internet_gateways=tuple(
            model.InternetGateway(gateway["InternetGatewayId"], _attached(gateway))
            for gateway in records["internet_gateways"]
            if _attached(gateway) in vpc_ids
        ),
        nat_gateways=tuple(
            model.NatGateway(nat["NatGatewayId"], nat["SubnetId"], addresses[nat["AllocationId"]])
            for nat in nats
            if nat["AllocationId"] in addresses
        ),
        vpn_gateways=tuple(
            model.VpnGateway(gateway["VpnGatewayId"], _attached(gateway)) for gateway in records["vpn_gateways"]
        ),
        vpn_connections=tuple(
            _vpn_connection(connection) for connection in records["vpn_connections"] if connection["State"] != "deleted"
        ),
        clusters=tuple(
            _cluster(cluster, webhook(cluster))
            for cluster in records["clusters"]
            if cluster["status"] not in ("DELETING", "FAILED")
        ),
        node_groups=tuple(_node_group(group) for group in records["nodegroups"] if group["status"] != "DELETING"),
        vpc_endpoints=tuple(
            model.VpcEndpoint(endpoint["VpcEndpointId"], endpoint["VpcId"], endpoint["ServiceName"])
            for endpoint in records["vpc_endpoints"]
            if endpoint["VpcId"] in vpc_ids
        ),
    )


def _subnets(subnets: Records, vpcs: Records, tables: Records) -> tuple[model.Subnet, ...]:
    """Subnets with their route tables: the one that is associated, or else the VPC's main one."""
    main = {vpc["VpcId"]: vpc.get("MainRouteTableId") for vpc in vpcs}
    explicit = {
        association["SubnetId"]: table["RouteTableId"]
        for table in tables
        for association in table["Associations"]
        if association.get("SubnetId")
    }
    return tuple(
        model.Subnet(
            subnet["SubnetId"],
            subnet["VpcId"],
            subnet["CidrBlock"],
            subnet["AvailabilityZone"],
            explicit.get(subnet["SubnetId"], main[subnet["VpcId"]]),
        )
        for subnet in subnets
    )


def _node_group(group: Record) -> model.NodeGroup:
    return model.NodeGroup(
        group["clusterName"],
        group["nodegroupName"],
        tuple(group["subnets"]),
        int(group["scalingConfig"]["desiredSize"]),
        tuple(group["_security_groups"]),
        group["instanceTypes"][0],
        tuple(sorted(group["labels"].items())),
    )


def _attached(gateway: Record) -> str | None:
    for attachment in gateway.get("Attachments", ()):
        return str(attachment["VpcId"])
    return None


def _route(route: Record, nat_ids: t.Collection[str]) -> model.Route | None:
    destination = route.get("DestinationCidrBlock")
    gateway = route.get("GatewayId", "")
    if not destination or gateway == "local":
        return None
    if gateway.startswith("igw-"):
        return model.Route(destination, "igw", gateway)
    if gateway.startswith("vgw-"):
        return model.Route(destination, "vgw", gateway)
    if route.get("NatGatewayId") in nat_ids:
        return model.Route(destination, "nat", route["NatGatewayId"])
    return model.Route(destination, "blackhole", gateway or route.get("NatGatewayId", ""))


def _rule(permission: Record) -> model.Rule:
    return model.Rule(
        str(permission["IpProtocol"]),
        _port(permission.get("FromPort")),
        _port(permission.get("ToPort")),
        tuple(sorted(entry["CidrIp"] for entry in permission.get("IpRanges", ()))),
        tuple(sorted(pair["GroupId"] for pair in permission.get("UserIdGroupPairs", ()) if pair.get("GroupId"))),
    )


def _port(value: t.Any) -> int | None:
    return None if value is None or value == "" else int(value)


def _vpn_connection(connection: Record) -> model.VpnConnection:
    return model.VpnConnection(
        connection["VpnConnectionId"],
        connection["VpnGatewayId"],
        connection["CustomerAddress"],
        tuple(
            model.Tunnel(tunnel["OutsideIpAddress"], tunnel["TunnelInsideCidr"], tunnel["PreSharedKey"])
            for tunnel in connection["Tunnels"]
        ),
        tuple(route["DestinationCidrBlock"] for route in connection["Routes"]),
    )


def _cluster(cluster: Record, webhook: str) -> model.Cluster:
    config = cluster["resourcesVpcConfig"]
    return model.Cluster(
        name=cluster["name"],
        arn=cluster["arn"],
        version=cluster["version"],
        subnet_ids=tuple(config["subnetIds"]),
        security_group_ids=tuple(config["securityGroupIds"]),
        cluster_security_group_id=config["clusterSecurityGroupId"],
        service_cidr=cluster["kubernetesNetworkConfig"]["serviceIpv4Cidr"],
        private_access=config["endpointPrivateAccess"],
        public_access=config["endpointPublicAccess"],
        endpoint_host=cluster["_endpoint"],
        token_webhook_url=webhook,
        public_access_cidrs=tuple(config["publicAccessCidrs"]),
    )
