# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns security groups into nftables rules. Pure."""

from __future__ import annotations

import ipaddress
import typing as t

from .addresses import Allocation
from .model import Cluster, Rule, SecurityGroup, World

_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp"}


def group_members(world: World, allocation: Allocation) -> dict[str, tuple[str, ...]]:
    """Security group → addresses and networks of the interfaces that carry it, pods of nodes included."""
    members: dict[str, set[str]] = {}
    for cluster in world.clusters:
        for interface in allocation.control_planes.get(cluster.name, ()):
            for group in control_plane_groups(cluster):
                members.setdefault(group, set()).add(interface.address)
    for node_group in world.node_groups:
        for place in allocation.nodes.get((node_group.cluster, node_group.name), ()):
            for group in node_group.security_group_ids:
                members.setdefault(group, set()).update((place.address, place.pods))
    return {k: tuple(sorted(v)) for k, v in members.items()}


def control_plane_groups(cluster: Cluster) -> tuple[str, ...]:
    """The security groups on a control plane's interfaces."""
    return (cluster.cluster_security_group_id, *cluster.security_group_ids)


def _match(rule: Rule) -> str | None:
    """The nft expression for a rule's protocol and ports; None when it can match nothing in IPv4."""
    protocol = _PROTOCOLS.get(rule.protocol, rule.protocol)
    if protocol == "-1":
        return ""
    first, last = rule.from_port, rule.to_port
    everything = first in (None, -1)
    if protocol in ("tcp", "udp"):
        if everything:
            return f"meta l4proto {protocol}"
        return f"{protocol} dport {first}-{first if last in (None, -1) else last}"
    if protocol == "icmp":
        code = "" if last in (None, -1) else f" icmp code {last}"
        return "meta l4proto icmp" if everything else f"icmp type {first}{code}"
    return f"meta l4proto {protocol}" if protocol.isdigit() else None


def ingress_rules(
    groups: t.Iterable[SecurityGroup], members: t.Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, str], ...]:
    """(sources as elements of an nft set, match) for everything that `groups` together allow."""
    sources: dict[str, list[ipaddress.IPv4Network]] = {}
    for group in groups:
        for rule in group.ingress:
            match = _match(rule)
            given = [*rule.cidrs, *(a for g in rule.groups for a in members.get(g, ()))]
            networks = [ipaddress.IPv4Network(c, strict=False) for c in given if ":" not in c]
            if match is not None and networks:
                sources.setdefault(match, []).extend(networks)
    return tuple(
        (", ".join(map(str, ipaddress.collapse_addresses(networks))), match)
        for match, networks in sorted(sources.items())
    )


def filter_ruleset(interfaces: t.Sequence[str], rules: t.Iterable[tuple[str, str]], rest: str = "") -> str:
    """The nft table that lets in on `interfaces` what `rules` allow and what belongs to a known connection.

    At mangle's priority: after connection tracking, before any DNAT, so that a rule means the address and port that was
    asked for, like on AWS, where the filter is outside of the machine."""
    lines = "".join(f"\n    ip saddr {{ {sources} }} {match} accept".rstrip() for sources, match in rules)
    names = ", ".join(f'"{i}"' for i in interfaces)
    return f"""  chain security_groups {{
    type filter hook prerouting priority mangle; policy accept;
    iifname != {{ {names} }} accept
    ct state established,related accept{lines}
    drop
  }}
{rest}"""
