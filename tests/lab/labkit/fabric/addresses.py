# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assigns addresses. Pure: from a `World` and the previous assignment."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass, field, replace

from .model import Cluster, NodeGroup, Subnet, World


class PlanError(ValueError):
    """A World that cannot be built: the message names the resource and the reason."""


@dataclass(frozen=True)
class Interface:
    """An address of a network interface in a subnet."""

    subnet: str
    address: str


@dataclass(frozen=True)
class NodeAddress:
    """Where one node of a group is. `pods` is the part of its subnet that its pods get their addresses from."""

    subnet: str
    zone: str
    address: str
    pods: str

    def name(self, region: str) -> str:
        """The node's name as EC2's private DNS has it."""
        domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
        return f"ip-{self.address.replace('.', '-')}.{domain}"


@dataclass(frozen=True)
class Allocation:
    """The assigned addresses; passed from one World to the next, so that nothing changes its address."""

    vpcs: t.Mapping[str, str] = field(default_factory=dict)
    control_planes: t.Mapping[str, tuple[Interface, ...]] = field(default_factory=dict)
    nodes: t.Mapping[tuple[str, str], tuple[NodeAddress, ...]] = field(default_factory=dict)
    failures: t.Mapping[tuple[str, ...], str] = field(default_factory=dict)


def tidy(world: World) -> World:
    """`world` without subnets and gateway attachments whose VPC does not exist (any more)."""
    vpcs = {v.id for v in world.vpcs}
    return replace(
        world,
        subnets=tuple(s for s in world.subnets if s.vpc_id in vpcs),
        vpn_gateways=tuple(replace(g, vpc_id=g.vpc_id if g.vpc_id in vpcs else None) for g in world.vpn_gateways),
    )


def used_vpcs(world: World) -> set[str]:
    """The VPCs that contain anything that sends or receives packets."""
    subnet_ids = {s for c in world.clusters for s in c.subnet_ids} | {n.subnet_id for n in world.nat_gateways}
    subnet_ids |= {s for g in world.node_groups for s in g.subnet_ids}
    attached = {g.vpc_id for g in world.vpn_gateways if g.vpc_id}
    return ({s.vpc_id for s in world.subnets if s.id in subnet_ids} | attached) & {v.id for v in world.vpcs}


def pod_ranges(cidr: str) -> tuple[ipaddress.IPv4Network, tuple[ipaddress.IPv4Network, ...]]:
    """Splits a subnet into a part for interfaces and parts for the pods of a node each.

    16 equal parts down to /24, four below: the first is for interfaces. (AWS gives addresses and /28 prefixes one by
    one as pods come; a fixed range looks the same from everywhere outside of the node.)"""
    network = ipaddress.IPv4Network(cidr)
    first, *rest = network.subnets(prefixlen_diff=4 if network.prefixlen <= 24 else 2)
    return first, tuple(rest)


def _hosts(part: ipaddress.IPv4Network) -> t.Iterator[str]:
    # AWS keeps the first four addresses of a subnet for itself, and its last, which is in another part.
    start = 20 if part.num_addresses > 64 else 4
    return (str(part[i]) for i in range(start, part.num_addresses))


def _zones(subnets: t.Iterable[Subnet]) -> dict[str, list[Subnet]]:
    by_zone: dict[str, list[Subnet]] = {}
    for subnet in sorted(subnets, key=lambda s: (s.zone, s.id)):
        by_zone.setdefault(subnet.zone, []).append(subnet)
    return by_zone


def spread(subnets: t.Sequence[Subnet], desired: int, present: t.Sequence[str] = ()) -> tuple[str, ...]:
    """Subnet ids for `desired` nodes: zones evenly, in them subnets evenly, beginning with those `present` (longest
    running first; what is too many goes from the end)."""
    chosen = list(present[:desired])
    by_zone = _zones(subnets)
    zone_of = {s.id: s.zone for s in subnets}
    while len(chosen) < desired and by_zone:
        zone = min(by_zone, key=lambda z: (sum(zone_of.get(c) == z for c in chosen), z))
        chosen.append(min(by_zone[zone], key=lambda s: (chosen.count(s.id), s.id)).id)
    return tuple(chosen)


def allocate(world: World, kept: Allocation, infrastructure: t.Sequence[str]) -> Allocation:
    """Gives addresses to everything in `world` that needs one; what had one in `kept` keeps it.

    `infrastructure` are the public addresses that VPCs may have for their name service. A node group or cluster that
    does not fit gets no (more) addresses and an entry in `failures`: (cluster,) or (cluster, group) → reason."""
    allocator = _Allocator(world, kept)
    return Allocation(
        vpcs=for_names(world, kept.vpcs, infrastructure),
        control_planes={c.name: found for c in world.clusters if (found := allocator.interfaces(c))},
        nodes={(g.cluster, g.name): allocator.places(g) for g in world.node_groups},
        failures=allocator.failures,
    )


class _Allocator:
    """Assigns addresses, and knows those in use."""

    def __init__(self, world: World, kept: Allocation) -> None:
        self.failures: dict[tuple[str, ...], str] = {}
        self._subnets = {s.id: s for s in world.subnets}
        self._kept = kept
        # What is no longer in the world keeps its addresses as long as it is in `kept`: it is still being taken away.
        self._taken = {(i.subnet, i.address) for interfaces in kept.control_planes.values() for i in interfaces}
        self._taken |= {(p.subnet, x) for places in kept.nodes.values() for p in places for x in (p.address, p.pods)}

    def _take(self, subnet: Subnet, candidates: t.Iterable[str]) -> str | None:
        for candidate in candidates:
            if (subnet.id, candidate) not in self._taken:
                self._taken.add((subnet.id, candidate))
                return candidate
        return None

    def interfaces(self, cluster: Cluster) -> tuple[Interface, ...]:
        """The control plane's interfaces: one in each of two zones; none when there is no room for both."""
        kept = self._kept.control_planes.get(cluster.name, ())
        if kept and all(i.subnet in self._subnets for i in kept):
            return kept
        given = [self._subnets[s] for s in cluster.subnet_ids if s in self._subnets]
        chosen = [zone[0] for zone in _zones(given).values()][:2]
        if len(chosen) < 2:
            self.failures[(cluster.name,)] = f"its subnets are in fewer than two zones: {', '.join(cluster.subnet_ids)}"
            return ()
        found = []
        for subnet in chosen:
            address = self._take(subnet, _hosts(pod_ranges(subnet.cidr)[0]))
            if address is None:
                self.failures[(cluster.name,)] = f"InsufficientFreeAddresses: no address is free in {subnet.id}"
                return ()
            found.append(Interface(subnet.id, address))
        return tuple(found)

    def places(self, group: NodeGroup) -> tuple[NodeAddress, ...]:
        """The group's nodes with their subnets: as many as fit."""
        key = (group.cluster, group.name)
        places = [p for p in self._kept.nodes.get(key, ()) if p.subnet in self._subnets][: group.desired]
        given = [self._subnets[s] for s in group.subnet_ids if s in self._subnets]
        if group.desired and not given:
            self.failures[key] = "none of its subnets exists"
        for subnet_id in spread(given, group.desired, [p.subnet for p in places])[len(places) :]:
            subnet = self._subnets[subnet_id]
            interfaces_part, pod_parts = pod_ranges(subnet.cidr)
            address = self._take(subnet, _hosts(interfaces_part))
            pods = self._take(subnet, map(str, pod_parts))
            if address is None or pods is None:
                self.failures[key] = f"InsufficientFreeAddresses: no room for a further node in {subnet_id}"
                break
            places.append(NodeAddress(subnet_id, subnet.zone, address, pods))
        return tuple(places)


def for_names(world: World, kept: t.Mapping[str, str], available: t.Sequence[str]) -> dict[str, str]:
    """VPC in use → the public address of its name service; what had one in `kept` keeps it."""
    vpcs = sorted(used_vpcs(world))
    chosen = {vpc: kept[vpc] for vpc in vpcs if vpc in kept}
    for vpc in vpcs:
        address = chosen.get(vpc) or next((a for a in available if a not in chosen.values()), None)
        if address is None:
            raise PlanError(f"{vpc}: no more than {len(available)} VPCs can be in use at a time")
        chosen[vpc] = address
    return chosen
