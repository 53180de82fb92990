# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Works out the effect of route tables and gateways. Pure."""

from __future__ import annotations

from .model import Vpc, World

# What a node asks of AWS before it can join, where there is no way to the internet:
# https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html
_NODE_SERVICES = frozenset({"ec2", "ecr.api", "ecr.dkr", "s3", "sts"})


def endpoints_suffice(world: World, vpc_id: str) -> bool:
    """Whether a VPC's end points replace the way to AWS's services through the internet for its nodes."""
    services = {e.service.split(".", 3)[-1] for e in world.vpc_endpoints if e.vpc_id == vpc_id}
    return services >= _NODE_SERVICES


def gateway_routes(world: World, vpn_gateway_id: str) -> dict[str, str]:
    """The routes of a VPN gateway: destination → id of the VPN connection whose static route it is."""
    connections = sorted(world.vpn_connections, key=lambda c: c.id, reverse=True)
    return {d: c.id for c in connections if c.vpn_gateway_id == vpn_gateway_id for d in c.static_routes}


def effective_routes(world: World, route_table_id: str | None, vpc: Vpc) -> dict[str, tuple[str, str]]:
    """Effective routes besides the local one: destination → (kind, target), kind being nat, vgw or blackhole.

    A static route wins over a propagated one to the same destination, and the local route over both:
    https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
    An internet gateway takes nothing from an interface without a public address, which is all there is in the lab."""
    table = next((x for x in world.route_tables if x.id == route_table_id and x.vpc_id == vpc.id), None)
    if table is None:
        return {}
    attached = {g.id for g in world.vpn_gateways if g.vpc_id == vpc.id}
    routes: dict[str, tuple[str, str]] = {}
    for gateway in table.propagating:
        if gateway in attached:
            routes |= {d: ("vgw", gateway) for d in gateway_routes(world, gateway)}
    for route in table.routes:
        if route.kind == "local" or route.destination == vpc.cidr:
            continue
        works = (route.kind == "vgw" and route.target in attached) or (
            route.kind == "nat" and nat_works(world, route.target, vpc)
        )
        routes[route.destination] = (route.kind, route.target) if works else ("blackhole", route.target)
    return routes


def nat_works(world: World, nat_gateway_id: str, vpc: Vpc) -> bool:
    """Whether a NAT gateway has a way out: its own subnet's table leads to an attached internet gateway."""
    nat = next((n for n in world.nat_gateways if n.id == nat_gateway_id), None)
    subnet = next((s for s in world.subnets if nat and s.id == nat.subnet_id and s.vpc_id == vpc.id), None)
    table = next((x for x in world.route_tables if subnet and x.id == subnet.route_table_id), None)
    attached = {g.id for g in world.internet_gateways if g.vpc_id == vpc.id}
    return table is not None and any(
        r.kind == "igw" and r.destination == "0.0.0.0/0" and r.target in attached for r in table.routes
    )
