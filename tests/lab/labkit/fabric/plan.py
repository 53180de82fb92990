# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a `World` to the network that it describes. Pure: nothing here touches the machine.

The picture, one network namespace each:

    node, control plane ──eth0── bridge of a subnet ┐
                                                    ├ VPC's router ──inet0── the lab's internet (NAT, names)
    node, control plane ──eth0── bridge of a subnet ┘      │ vgw0
                                                      VPN gateway ──tN── end of a tunnel ──wan0── the lab's internet

Whatever AWS would drop is dropped without an answer (blackhole), as there.
"""

from __future__ import annotations

import hashlib
import ipaddress
import typing as t
from dataclasses import dataclass

from .addresses import Allocation, NodeAddress, used_vpcs
from .groups import control_plane_groups, filter_ruleset, group_members, ingress_rules
from .model import Cluster, NodeGroup, Subnet, Vpc, World
from .routes import effective_routes, endpoints_suffice, gateway_routes

# Networks on the links inside a gateway. AWS never gives 169.254.0.0 to 169.254.5.255 to a tunnel's inside
# (https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html), so they cannot meet.
_VPC_TO_VGW = ipaddress.IPv4Network("169.254.0.0/30")
_VGW_TO_TUNNEL = ipaddress.IPv4Network("169.254.1.0/24")
_CONTROL_TO_AWS = ipaddress.IPv4Address("169.254.2.0")  # and 255 networks of four addresses after it
# The VPC's name server as seen from inside, beside the one at the VPC's base plus two:
# https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
_LINK_LOCAL_DNS = "169.254.169.253"
_MARK, _MARK_TABLE = 0x53, 53  # of what goes to AWS's own services without any route
TO_DATA_CENTRE, _FROM_TUNNEL, _FROM_INTERNET = 11, 12, 13

_PREFIXES = ("vpc-", "vgw-", "vpn-", "eks-")

Way = tuple[str, str]  # how "ip route" prints and takes it: destination, rest


@dataclass(frozen=True)
class Internet:
    """Where the fabric is plugged into the rest of the lab. `infrastructure` are public addresses for the fabric's own
    use, one for each VPC's name service; `ecr` is where ECR's images are, address and port."""

    switch: str
    bridge: str
    gateway: str
    prefix: int
    name_server: str
    infrastructure: tuple[str, ...]
    aws_namespace: str
    aws_address: str
    ecr: str
    region: str


@dataclass(frozen=True)
class Link:
    """A veth pair: `name` in the namespace that declares it, `peer` in `peer_namespace`, there a port of `bridge` or,
    with None, an interface of its own, with `peer_address` if nobody else gives it one."""

    name: str
    peer_namespace: str
    peer: str
    bridge: str | None = None
    peer_address: str | None = None


@dataclass(frozen=True)
class Namespace:
    """Everything wanted in one network namespace. `routes` maps a table's number to its ways; `rules` are
    (preference, rest) as "ip rule" takes them; `ruleset` is the content of the nft table `ip fabric`."""

    name: str
    bridges: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    routes: tuple[tuple[int, tuple[Way, ...]], ...] = ()
    rules: tuple[tuple[int, str], ...] = ()
    ruleset: str = ""
    proxy_arp: tuple[str, ...] = ()


def short(kind: str, *identity: str) -> str:
    """A name for a network interface (at most 15 characters), the same each time for the same identity."""
    return kind + hashlib.sha1("/".join(identity).encode(), usedforsecurity=False).hexdigest()[:10]


def table_number(route_table_id: str) -> int:
    """The number of the kernel's routing table for a route table."""
    return 1000 + int(hashlib.sha1(route_table_id.encode(), usedforsecurity=False).hexdigest()[:6], 16)


def is_ours(namespace: str) -> bool:
    """Whether the fabric creates network namespaces of this name."""
    return namespace.startswith(_PREFIXES)


def control_namespace(cluster: str) -> str:
    """The network namespace of a cluster's control plane."""
    return f"eks-{cluster}"


def node_namespace(cluster: str, place: NodeAddress) -> str:
    """The network namespace of a node."""
    return f"eks-{cluster}-{place.address.replace('.', '-')}"


def tunnel_namespace(vpn_id: str, index: int) -> str:
    """The network namespace of AWS's end of a connection's tunnel."""
    return f"{vpn_id}-{index + 1}"


def network(
    world: World, allocation: Allocation, internet: Internet, active: t.Mapping[str, int | None] | None = None
) -> dict[str, Namespace]:
    """All namespaces that `world` needs, by name. `active` says which tunnel of a VPN connection carries the traffic
    into the data centre now (its index; None or missing: none is up)."""
    active = active or {}
    spaces: list[Namespace] = []
    vpcs = {v.id: v for v in world.vpcs}
    for vpc_id in sorted(used_vpcs(world)):
        spaces.append(_router(world, vpcs[vpc_id], allocation, internet))
    for gateway in world.vpn_gateways:
        vpc = vpcs.get(gateway.vpc_id or "")
        spaces.append(_vpn_gateway(world, gateway.id, vpc, active))
    gateways = {g.id: vpcs.get(g.vpc_id or "") for g in world.vpn_gateways}
    for connection in world.vpn_connections:
        if connection.vpn_gateway_id in gateways:
            for index in range(len(connection.tunnels)):
                spaces.append(_tunnel_end(world, connection.id, index, gateways[connection.vpn_gateway_id], internet))
    members = group_members(world, allocation)
    groups = {g.id: g for g in world.security_groups}
    numbers = _numbers([c.name for c in world.clusters])
    for cluster in sorted(world.clusters, key=lambda c: c.name):
        if allocation.control_planes.get(cluster.name):
            rules = ingress_rules([groups[g] for g in control_plane_groups(cluster) if g in groups], members)
            spaces.append(_control_plane(world, cluster, numbers[cluster.name], rules, allocation, internet))
    for group in world.node_groups:
        rules = ingress_rules([groups[g] for g in group.security_group_ids if g in groups], members)
        for place in allocation.nodes.get((group.cluster, group.name), ()):
            spaces.append(_node(world, group, place, rules))
    return {s.name: s for s in spaces}


def _numbers(names: t.Iterable[str]) -> dict[str, int]:
    """A number below 256 for each name, the same whoever comes and goes beside it, but for collisions."""
    numbers: dict[str, int] = {}
    for name in sorted(names):
        number = hashlib.sha1(name.encode(), usedforsecurity=False).digest()[0]
        while number in numbers.values():
            number = (number + 1) % 256
        numbers[name] = number
    return numbers


def _gateway(subnet: Subnet) -> str:
    return str(ipaddress.IPv4Network(subnet.cidr)[1])


def _subnet(world: World, subnet_id: str) -> Subnet:
    return next(s for s in world.subnets if s.id == subnet_id)


def _vpc(world: World, subnet: Subnet) -> Vpc:
    return next(v for v in world.vpcs if v.id == subnet.vpc_id)


def _router(world: World, vpc: Vpc, allocation: Allocation, internet: Internet) -> Namespace:
    subnets = sorted((s for s in world.subnets if s.vpc_id == vpc.id), key=lambda s: s.id)
    bridges = {s.id: short("sn", s.id) for s in subnets}
    infrastructure = allocation.vpcs[vpc.id]
    resolver = str(ipaddress.IPv4Network(vpc.cidr)[2])
    nats = {n.id: n for n in world.nat_gateways if n.subnet_id in bridges}
    gateway = next((g for g in world.vpn_gateways if g.vpc_id == vpc.id), None)
    out = f"via {internet.gateway} dev inet0 onlink"

    addresses = [(bridges[s.id], f"{_gateway(s)}/{ipaddress.IPv4Network(s.cidr).prefixlen}") for s in subnets]
    addresses += [("lo", f"{resolver}/32"), ("inet0", f"{infrastructure}/32")]
    addresses += [("inet0", f"{n.public_ip}/32") for n in sorted(nats.values(), key=lambda n: n.id)]
    tables: dict[int, dict[str, str]] = {0: {"default": "blackhole"}, _MARK_TABLE: {"default": out}}
    rules = [(50, f"fwmark {_MARK:#x} lookup {_MARK_TABLE}"), (100, f"to {vpc.cidr} lookup main")]
    to_internet, translations = [], []
    for subnet in subnets:
        number = table_number(subnet.route_table_id or "")
        ways = tables.setdefault(number, {"default": "blackhole"})
        rules.append((1000, f"iif {bridges[subnet.id]} lookup {number}"))
        for destination, (kind, target) in sorted(effective_routes(world, subnet.route_table_id, vpc).items()):
            where = "default" if destination == "0.0.0.0/0" else destination
            if kind == "vgw":
                ways[where] = f"via {_VPC_TO_VGW[2]} dev vgw0"
            elif kind == "nat":
                ways[where] = out
                to_internet.append(bridges[subnet.id])
                flow = f'oifname "inet0" ip saddr {subnet.cidr} ip daddr {destination}'
                translations.append(f"    {flow} snat to {nats[target].public_ip}\n")
            else:
                ways[where] = "blackhole"
    if gateway is not None:
        addresses.append(("vgw0", f"{_VPC_TO_VGW[1]}/30"))
        rules.append((1000, "iif vgw0 blackhole"))
    inside = [*sorted(bridges.values()), *(["vgw0"] if gateway else [])]
    ruleset = _ruleset(world, vpc, internet, inside, sorted(set(to_internet)), translations, infrastructure)
    return Namespace(
        name=vpc.id,
        bridges=tuple(sorted(bridges.values())),
        links=(Link("inet0", internet.switch, short("v", vpc.id), internet.bridge),),
        addresses=tuple(addresses),
        routes=_routes(tables),
        rules=tuple(sorted(rules)),
        ruleset=ruleset,
    )


def _ruleset(
    world: World,
    vpc: Vpc,
    internet: Internet,
    devices: t.Sequence[str],
    to_internet: t.Sequence[str],
    translations: t.Sequence[str],
    infrastructure: str,
) -> str:
    """The router's nftables rules.

    :param devices: those inside the VPC. :param to_internet: the bridges from where a NAT gateway is used.
    :param infrastructure: the router's own address on the internet.
    """
    # An empty set is no set for nft; lo stands for "none yet".
    inside = ", ".join(f'"{device}"' for device in devices) or '"lo"'
    resolver = str(ipaddress.IPv4Network(vpc.cidr)[2])
    servers = f"{resolver}, {_LINK_LOCAL_DNS}, {internet.name_server}"
    asked = f"ip daddr {{ {servers} }} meta l4proto {{ tcp, udp }} th dport 53"
    # Names of AWS's services resolve to the same addresses in the lab, with end points and without.
    services = (f"{internet.aws_address}:443", internet.ecr) if endpoints_suffice(world, vpc.id) else ()
    to_endpoints = "".join(
        f"\n    iifname {{ {inside} }} ip daddr {address} tcp dport {port} meta mark set {_MARK:#x}"
        for address, port in (service.split(":") for service in services)
    )
    ways_out = "".join(f'\n    iifname "{b}" oifname "inet0" accept' for b in to_internet)
    return f"""  chain services {{
    type filter hook prerouting priority mangle; policy accept;
    iifname {{ {inside} }} {asked} meta mark set {_MARK:#x}{to_endpoints}
  }}
  chain names {{
    type nat hook prerouting priority dstnat; policy accept;
    iifname {{ {inside} }} {asked} dnat to {internet.name_server}
  }}
  chain forward {{
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    meta mark {_MARK:#x} oifname "inet0" accept
    iifname {{ {inside} }} oifname {{ {inside} }} accept{ways_out}
  }}
  chain input {{
    type filter hook input priority filter; policy accept;
    iifname "inet0" ct state new drop
  }}
  chain translate {{
    type nat hook postrouting priority srcnat; policy accept;
    oifname "inet0" meta mark {_MARK:#x} snat to {infrastructure}
{"".join(translations)}  }}
"""


def _routes(tables: t.Mapping[int, t.Mapping[str, str]]) -> tuple[tuple[int, tuple[Way, ...]], ...]:
    """Tables as a Namespace has them; 0 stands for the main one."""
    return tuple((number or 254, tuple(sorted(ways.items()))) for number, ways in sorted(tables.items()))


def _tunnels(world: World, vpn_gateway_id: str) -> list[tuple[str, int]]:
    connections = sorted(world.vpn_connections, key=lambda c: c.id)
    return [(c.id, i) for c in connections if c.vpn_gateway_id == vpn_gateway_id for i in range(len(c.tunnels))]


def _tunnel_link(world: World, vpn_id: str, index: int) -> tuple[str, str, str]:
    """Of the link between gateway and tunnel end: interface in the gateway, the gateway's address, the end's."""
    gateway = next(c.vpn_gateway_id for c in world.vpn_connections if c.id == vpn_id)
    number = _tunnels(world, gateway).index((vpn_id, index))
    part = list(_VGW_TO_TUNNEL.subnets(new_prefix=30))[number]
    return short("t", vpn_id, str(index)), str(part[1]), str(part[2])


def _vpn_gateway(world: World, gateway_id: str, vpc: Vpc | None, active: t.Mapping[str, int | None]) -> Namespace:
    to_vpc: dict[str, str] = {"default": "blackhole"}
    to_tunnels: dict[str, str] = {"default": "blackhole"}
    main: dict[str, str] = {}
    links: list[Link] = []
    addresses: list[tuple[str, str]] = []
    rules: list[tuple[int, str]] = []
    if vpc is not None:
        to_vpc[vpc.cidr] = main[vpc.cidr] = f"via {_VPC_TO_VGW[1]} dev vpc0"
        links.append(Link("vpc0", vpc.id, "vgw0"))
        addresses.append(("vpc0", f"{_VPC_TO_VGW[2]}/30"))
        rules.append((1000, f"iif vpc0 lookup {TO_DATA_CENTRE}"))
    for vpn_id, index in _tunnels(world, gateway_id):
        name, own, _end = _tunnel_link(world, vpn_id, index)
        addresses.append((name, f"{own}/30"))
        rules.append((1000, f"iif {name} lookup {_FROM_TUNNEL}"))
    for destination, vpn_id in gateway_routes(world, gateway_id).items():
        chosen = active.get(vpn_id)
        if chosen is not None:
            name, _own, end = _tunnel_link(world, vpn_id, chosen)
            to_tunnels["default" if destination == "0.0.0.0/0" else destination] = f"via {end} dev {name}"
    return Namespace(
        name=gateway_id,
        links=tuple(links),
        addresses=tuple(addresses),
        routes=_routes({TO_DATA_CENTRE: to_tunnels, _FROM_TUNNEL: to_vpc, 0: main}),
        rules=tuple(sorted(rules)),
    )


def _tunnel_end(world: World, vpn_id: str, index: int, vpc: Vpc | None, internet: Internet) -> Namespace:
    connection = next(c for c in world.vpn_connections if c.id == vpn_id)
    tunnel = connection.tunnels[index]
    peer, gateway_address, own = _tunnel_link(world, vpn_id, index)
    inside = str(ipaddress.IPv4Network(tunnel.inside_cidr)[1])
    main = {"default": f"via {internet.gateway} dev wan0"}
    decrypted = {"default": "blackhole"}
    if vpc is not None:
        main[vpc.cidr] = decrypted[vpc.cidr] = f"via {gateway_address} dev vgw0"
    # ipsec0 comes and goes with the IKE daemon: its route is laid when the tunnel is up; until then there is none.
    return Namespace(
        name=tunnel_namespace(vpn_id, index),
        links=(
            Link("wan0", internet.switch, short("v", vpn_id, str(index)), internet.bridge),
            Link("vgw0", connection.vpn_gateway_id, peer),
        ),
        addresses=(
            ("wan0", f"{tunnel.outside_address}/{internet.prefix}"),
            ("vgw0", f"{own}/30"),
            ("lo", f"{inside}/32"),
        ),
        routes=_routes({0: main, _FROM_TUNNEL: decrypted, _FROM_INTERNET: {"default": "blackhole"}}),
        rules=(
            (900, f"from {inside} lookup {TO_DATA_CENTRE}"),
            (1000, f"iif ipsec0 lookup {_FROM_TUNNEL}"),
            (1000, f"iif vgw0 lookup {TO_DATA_CENTRE}"),
            (1001, "iif vgw0 blackhole"),
            (1001, f"iif wan0 lookup {_FROM_INTERNET}"),
        ),
        ruleset="""  chain clamp {
    type filter hook forward priority mangle; policy accept;
    tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
  }
""",
    )


def _control_plane(
    world: World,
    cluster: Cluster,
    number: int,
    rules: t.Iterable[tuple[str, str]],
    allocation: Allocation,
    internet: Internet,
) -> Namespace:
    namespace = control_namespace(cluster.name)
    links, addresses, policy = [], [], []
    tables: dict[int, dict[str, str]] = {0: {}}
    for index, interface in enumerate(allocation.control_planes[cluster.name]):
        subnet = _subnet(world, interface.subnet)
        device, prefix = f"eth{index}", ipaddress.IPv4Network(subnet.cidr).prefixlen
        links.append(Link(device, subnet.vpc_id, short("n", namespace, device), short("sn", subnet.id)))
        addresses.append((device, f"{interface.address}/{prefix}"))
        # An answer leaves by the interface that the question came to.
        tables[100 + index] = {"default": f"via {_gateway(subnet)} dev {device}"}
        policy.append((100 + index, f"from {interface.address} lookup {100 + index}"))
        if index == 0:
            tables[0]["default"] = tables[100]["default"]
    # EKS's own management network: the API server has bearer tokens reviewed there, whatever the VPC looks like.
    part = ipaddress.IPv4Network((int(_CONTROL_TO_AWS) + 4 * number, 30))
    links.append(Link("aws0", internet.aws_namespace, short("k", namespace), peer_address=f"{part[1]}/30"))
    addresses.append(("aws0", f"{part[2]}/30"))
    tables[0][f"{internet.aws_address}"] = f"via {part[1]} dev aws0"
    policy.append((50, f"to {internet.aws_address} lookup main"))
    devices = [f"eth{i}" for i in range(len(allocation.control_planes[cluster.name]))]
    return Namespace(
        name=namespace,
        links=tuple(links),
        addresses=tuple(addresses),
        routes=_routes(tables),
        rules=tuple(sorted(policy)),
        ruleset=filter_ruleset(devices, rules),
    )


def _node(world: World, group: NodeGroup, place: NodeAddress, rules: t.Iterable[tuple[str, str]]) -> Namespace:
    namespace = node_namespace(group.cluster, place)
    subnet = _subnet(world, place.subnet)
    vpc = _vpc(world, subnet)
    # As the VPC CNI does unless AWS_VPC_K8S_CNI_EXTERNALSNAT is set: what pods begin with a destination outside the
    # VPC, the data centre included, leaves with the node's address:
    # https://docs.aws.amazon.com/eks/latest/userguide/external-snat.html
    rest = f"""  chain pods {{
    type nat hook postrouting priority srcnat; policy accept;
    oifname "eth0" ip saddr {place.pods} ip daddr != {vpc.cidr} snat to {place.address}
  }}
"""
    return Namespace(
        name=namespace,
        links=(Link("eth0", vpc.id, short("n", namespace), short("sn", subnet.id)),),
        addresses=(("eth0", f"{place.address}/{ipaddress.IPv4Network(subnet.cidr).prefixlen}"),),
        routes=_routes({0: {"default": f"via {_gateway(subnet)} dev eth0"}}),
        ruleset=filter_ruleset(["eth0"], rules, rest),
        proxy_arp=("eth0",),
    )
