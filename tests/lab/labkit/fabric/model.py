# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of the simulated AWS, as far as networks and clusters need them.

The AWS emulation builds a new `World` from its state after each change and gives it to `Fabric.apply`; nothing else
passes from the one to the other, but the three status calls back. All classes are frozen and compare by value, so a
`World` that equals the last one means that there is nothing to do. Identifiers are AWS's own (vpc-…, subnet-…).
Addresses and networks are strings in CIDR or dotted notation, IPv4.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

RouteKind = t.Literal["local", "igw", "nat", "vgw", "blackhole"]
State = t.Literal["CREATING", "ACTIVE", "DELETING", "DELETED", "FAILED"]


@dataclass(frozen=True)
class Vpc:
    """A virtual network. `cidr` is its primary (and only) block."""

    id: str
    cidr: str


@dataclass(frozen=True)
class Subnet:
    """A subnet. `zone` is the availability zone's name; `route_table_id` the table it uses: the one it is explicitly
    associated with, else the VPC's main one (None: only the VPC itself can be reached)."""

    id: str
    vpc_id: str
    cidr: str
    zone: str
    route_table_id: str | None = None


@dataclass(frozen=True)
class Route:
    """One static route of a table. `target` is the id of the gateway that `kind` names ("" for local)."""

    destination: str
    kind: RouteKind
    target: str = ""


@dataclass(frozen=True)
class RouteTable:
    """A route table. The local route may be left out of `routes`: it always exists.

    `propagating` holds the ids of the VPN gateways whose routes are propagated into this table."""

    id: str
    vpc_id: str
    routes: tuple[Route, ...] = ()
    propagating: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One ingress permission: `protocol` as EC2 has it ("-1" for all, "tcp", "udp", "icmp" or a number), ports
    inclusive (-1 or None for all of them), sources as networks and as ids of security groups."""

    protocol: str
    from_port: int | None = None
    to_port: int | None = None
    cidrs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class SecurityGroup:
    """A security group; what no rule of any of an interface's groups lets in is dropped. Egress is not modelled."""

    id: str
    vpc_id: str
    ingress: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class InternetGateway:
    """An internet gateway; `vpc_id` None while it is attached to no VPC."""

    id: str
    vpc_id: str | None = None


@dataclass(frozen=True)
class NatGateway:
    """A public NAT gateway with its elastic address. It works only when its own subnet's table leads to an attached
    internet gateway."""

    id: str
    subnet_id: str
    public_ip: str


@dataclass(frozen=True)
class VpnGateway:
    """A virtual private gateway; `vpc_id` None while it is attached to no VPC."""

    id: str
    vpc_id: str | None = None


@dataclass(frozen=True)
class VpcEndpoint:
    """A VPC end point; `service` is the service's whole name, such as com.amazonaws.eu-central-1.ecr.api."""

    id: str
    vpc_id: str
    service: str


@dataclass(frozen=True)
class Tunnel:
    """AWS's end of one of a connection's tunnels. `inside_cidr` is its link-local /30, the first host AWS's.

    `outside_address` must be inside 198.51.100.0/24, where the lab's internet leads to AWS."""

    outside_address: str
    inside_cidr: str
    pre_shared_key: str = field(repr=False)


@dataclass(frozen=True)
class VpnConnection:
    """A site-to-site VPN connection with static routing. `customer_address` is the customer gateway's public one."""

    id: str
    vpn_gateway_id: str
    customer_address: str
    tunnels: tuple[Tunnel, ...]
    static_routes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cluster:
    """An EKS cluster.

    `security_group_ids` are the additional groups given to the cluster, `cluster_security_group_id` the one that EKS
    makes; the control plane's interfaces carry both. `endpoint_host` is the host name without scheme; the port is 443.
    `token_webhook_url` and `token_webhook_ca` (PEM, "" for the lab's own authority) say where the API server has bearer
    tokens reviewed; None: nowhere. `public_access_cidrs` counts only with `public_access`."""

    name: str
    arn: str
    version: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    cluster_security_group_id: str
    service_cidr: str
    private_access: bool
    public_access: bool
    endpoint_host: str
    token_webhook_url: str | None = None
    token_webhook_ca: str = ""
    public_access_cidrs: tuple[str, ...] = ("0.0.0.0/0",)


@dataclass(frozen=True)
class NodeGroup:
    """A managed node group: `desired` nodes, spread over `subnet_ids`.

    `security_group_ids` are what the nodes' interfaces carry: the launch template's groups, or, without, the cluster
    security group. The caller decides. `labels` are the node group's Kubernetes labels."""

    cluster: str
    name: str
    subnet_ids: tuple[str, ...]
    desired: int
    security_group_ids: tuple[str, ...]
    instance_type: str = "t3.medium"
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class World:
    """Everything there is in the account at one moment. The order of the tuples has no meaning.

    Leave a cluster or node group out as soon as its deletion begins: the fabric then takes the real one away, and its
    status says DELETING until nothing of it is left, then DELETED."""

    vpcs: tuple[Vpc, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    route_tables: tuple[RouteTable, ...] = ()
    security_groups: tuple[SecurityGroup, ...] = ()
    internet_gateways: tuple[InternetGateway, ...] = ()
    nat_gateways: tuple[NatGateway, ...] = ()
    vpn_gateways: tuple[VpnGateway, ...] = ()
    vpn_connections: tuple[VpnConnection, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    node_groups: tuple[NodeGroup, ...] = ()
    vpc_endpoints: tuple[VpcEndpoint, ...] = ()


@dataclass(frozen=True)
class ClusterStatus:
    """State of the real control plane. `certificate_authority` is PEM, "" until ACTIVE; `addresses` are those of its
    interfaces in the VPC; `admin_kubeconfig` a path for EKS's own hands inside the sandbox (CoreDNS, access policies);
    `message` says why for FAILED, else what is being waited for."""

    state: State
    certificate_authority: str = ""
    addresses: tuple[str, ...] = ()
    admin_kubeconfig: str = ""
    message: str = ""


@dataclass(frozen=True)
class NodeGroupStatus:
    """State of the real nodes. ACTIVE when all of `desired` are Ready; `nodes` are (node name, subnet id, address)."""

    state: State
    nodes: tuple[tuple[str, str, str], ...] = ()
    message: str = ""


@dataclass(frozen=True)
class TunnelStatus:
    """VgwTelemetry of one tunnel, from its real security associations.

    `last_change` is seconds since the epoch; `message` as AWS's console words it; `accepted_routes` the number of
    static routes."""

    outside_address: str
    up: bool
    last_change: float
    message: str = ""
    accepted_routes: int = 0
