# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that the AWS API lists in the account and region."""

from __future__ import annotations

import typing as t

# service, operation, the answer's list, and what names an entry of it; None: the entry is its name.
LISTS: tuple[tuple[str, str, str, str | None], ...] = (
    ("cloudformation", "describe_stacks", "Stacks", "StackName"),
    ("ec2", "describe_vpcs", "Vpcs", "VpcId"),
    ("ec2", "describe_subnets", "Subnets", "SubnetId"),
    ("ec2", "describe_route_tables", "RouteTables", "RouteTableId"),
    ("ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId"),
    ("ec2", "describe_addresses", "Addresses", "AllocationId"),
    ("ec2", "describe_vpn_gateways", "VpnGateways", "VpnGatewayId"),
    ("ec2", "describe_customer_gateways", "CustomerGateways", "CustomerGatewayId"),
    ("ec2", "describe_vpn_connections", "VpnConnections", "VpnConnectionId"),
    ("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    ("ec2", "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    ("ec2", "describe_volumes", "Volumes", "VolumeId"),
    ("ec2", "describe_snapshots", "Snapshots", "SnapshotId"),
    ("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    ("ec2", "describe_instances", "Reservations", "ReservationId"),
    ("ec2", "describe_key_pairs", "KeyPairs", "KeyPairId"),
    ("eks", "list_clusters", "clusters", None),
    ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
    ("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupArn"),
    ("elb", "describe_load_balancers", "LoadBalancerDescriptions", "LoadBalancerName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    ("iam", "list_users", "Users", "UserName"),
    ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName"),
)
# AWS goes on showing these for about an hour after they were deleted.
_GONE = ("deleted", "DELETE_COMPLETE")


def account(profile: str) -> dict[str, t.Any]:
    """`service list name` → its state, for everything that there is."""
    import boto3

    session = boto3.Session(profile_name=profile)
    found: dict[str, t.Any] = {}
    for service, operation, list_name, key in LISTS:
        client = session.client(service)
        for page in _pages(client, operation):
            for entry in page.get(list_name) or []:
                name = entry if key is None else entry.get(key)
                state = {} if key is None else kept(entry)
                if state.get("state") not in _GONE:
                    found[f"{service} {list_name} {name}"] = state
    return found


def kept(entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What of an entry is looked at besides its being there: its state and its tags."""
    tags = entry.get("Tags") or entry.get("TagSet") or []
    state = entry.get("State") or entry.get("Status") or entry.get("StackStatus")
    if isinstance(state, dict):
        state = state.get("Code") or state.get("Name")
    return {"state": state, "tags": {tag["Key"]: tag["Value"] for tag in tags if isinstance(tag, dict)}}


def _pages(client: t.Any, operation: str) -> t.Iterator[dict[str, t.Any]]:
    if client.can_paginate(operation):
        yield from client.get_paginator(operation).paginate()
    else:
        yield getattr(client, operation)()
