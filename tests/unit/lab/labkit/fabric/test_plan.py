# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric's planning: from a World to namespaces, routes and rules."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest

from labkit.fabric import addresses, groups, plan, routes
from labkit.fabric.model import (
    Cluster,
    InternetGateway,
    NatGateway,
    NodeGroup,
    Route,
    RouteTable,
    Rule,
    SecurityGroup,
    Subnet,
    Tunnel,
    Vpc,
    VpcEndpoint,
    VpnConnection,
    VpnGateway,
    World,
)

INTERNET = plan.Internet(
    switch="inet",
    bridge="cloud",
    gateway="198.51.100.1",
    prefix=24,
    name_server="192.0.2.53",
    infrastructure=("198.51.100.2", "198.51.100.3"),
    aws_namespace="aws",
    aws_address="192.0.2.10",
    ecr="192.0.2.21:5000",
    region="eu-central-1",
)
VPC = Vpc("vpc-1", "10.11.0.0/16")
A = Subnet("subnet-a", "vpc-1", "10.11.0.0/20", "eu-central-1a", "rtb-private")
B = Subnet("subnet-b", "vpc-1", "10.11.16.0/20", "eu-central-1b", "rtb-private")
PUBLIC = Subnet("subnet-p", "vpc-1", "10.11.32.0/24", "eu-central-1a", "rtb-public")
WORLD = World(
    vpcs=(VPC,),
    subnets=(A, B, PUBLIC),
    route_tables=(
        RouteTable("rtb-private", "vpc-1", (Route("0.0.0.0/0", "nat", "nat-1"),), ("vgw-1",)),
        RouteTable("rtb-public", "vpc-1", (Route("0.0.0.0/0", "igw", "igw-1"),)),
    ),
    internet_gateways=(InternetGateway("igw-1", "vpc-1"),),
    nat_gateways=(NatGateway("nat-1", "subnet-p", "198.51.100.30"),),
    security_groups=(
        SecurityGroup("sg-cluster", "vpc-1", (Rule("-1", groups=("sg-cluster",)),)),
        SecurityGroup("sg-given", "vpc-1", (Rule("tcp", 443, 443, ("10.10.0.0/24",)),)),
    ),
    vpn_gateways=(VpnGateway("vgw-1", "vpc-1"),),
    vpn_connections=(
        VpnConnection(
            "vpn-1",
            "vgw-1",
            "203.0.113.10",
            (
                Tunnel("198.51.100.20", "169.254.10.0/30", "first key"),
                Tunnel("198.51.100.21", "169.254.11.0/30", "second key"),
            ),
            ("10.10.0.0/24",),
        ),
    ),
    clusters=(
        Cluster(
            name="vulcan",
            arn="arn",
            version="1.35",
            subnet_ids=("subnet-a", "subnet-b"),
            security_group_ids=("sg-given",),
            cluster_security_group_id="sg-cluster",
            service_cidr="10.5.0.0/24",
            private_access=True,
            public_access=False,
            endpoint_host="x.gr7.eu-central-1.eks.amazonaws.com",
        ),
    ),
    node_groups=(NodeGroup("vulcan", "workers", ("subnet-a", "subnet-b"), 2, ("sg-cluster",)),),
)


def _allocate(world: World, kept: addresses.Allocation | None = None) -> addresses.Allocation:
    return addresses.allocate(world, kept or addresses.Allocation(), INTERNET.infrastructure)


def _network(world: World, active: dict[str, int | None] | None = None) -> dict[str, plan.Namespace]:
    return plan.network(world, _allocate(world), INTERNET, active)


def _with_private_table(
    routes: tuple[Route, ...] = WORLD.route_tables[0].routes, propagating: tuple[str, ...] = ("vgw-1",)
) -> World:
    private, public = WORLD.route_tables
    return replace(WORLD, route_tables=(replace(private, routes=routes, propagating=propagating), public))


def test_propagated_route_leads_to_the_gateway() -> None:
    assert routes.effective_routes(WORLD, "rtb-private", VPC) == {
        "0.0.0.0/0": ("nat", "nat-1"),
        "10.10.0.0/24": ("vgw", "vgw-1"),
    }


@pytest.mark.parametrize(
    "world",
    [
        _with_private_table(propagating=()),
        replace(WORLD, vpn_connections=(replace(WORLD.vpn_connections[0], static_routes=()),)),
        replace(WORLD, vpn_connections=()),
        replace(WORLD, vpn_gateways=(VpnGateway("vgw-1", None),)),
    ],
    ids=["no propagation", "no static route", "no connection", "gateway not attached"],
)
def test_no_way_back_without(world: World) -> None:
    assert "10.10.0.0/24" not in routes.effective_routes(world, "rtb-private", VPC)


def test_static_route_wins_over_propagated_one_and_works_alone() -> None:
    route = Route("10.10.0.0/24", "vgw", "vgw-1")
    assert routes.effective_routes(_with_private_table(routes=(route,), propagating=()), "rtb-private", VPC) == {
        "10.10.0.0/24": ("vgw", "vgw-1")
    }
    other = Route("10.10.0.0/24", "nat", "nat-1")
    world = _with_private_table(routes=(other,))
    assert routes.effective_routes(world, "rtb-private", VPC) == {"10.10.0.0/24": ("nat", "nat-1")}


def test_route_to_a_gateway_of_another_vpc_is_a_blackhole() -> None:
    world = replace(
        _with_private_table(routes=(Route("10.0.0.0/8", "vgw", "vgw-1"),)), vpn_gateways=(VpnGateway("vgw-1", None),)
    )
    assert routes.effective_routes(world, "rtb-private", VPC) == {"10.0.0.0/8": ("blackhole", "vgw-1")}


def test_nat_gateway_needs_a_way_out_of_its_own_subnet() -> None:
    assert routes.nat_works(WORLD, "nat-1", VPC)
    assert not routes.nat_works(replace(WORLD, internet_gateways=()), "nat-1", VPC)
    private = replace(WORLD, nat_gateways=(NatGateway("nat-1", "subnet-a", "198.51.100.30"),))
    assert not routes.nat_works(private, "nat-1", VPC)
    assert routes.effective_routes(private, "rtb-private", VPC)["0.0.0.0/0"] == ("blackhole", "nat-1")


def test_subnet_without_a_table_reaches_the_vpc_alone() -> None:
    assert routes.effective_routes(WORLD, None, VPC) == {}


def test_gateway_sends_through_the_active_tunnel_or_nowhere() -> None:
    def to_data_centre(active: dict[str, int | None]) -> dict[str, str]:
        return dict(dict(_network(WORLD, active)["vgw-1"].routes)[plan.TO_DATA_CENTRE])

    assert to_data_centre({}) == {"default": "blackhole"}
    first, second = to_data_centre({"vpn-1": 0})["10.10.0.0/24"], to_data_centre({"vpn-1": 1})["10.10.0.0/24"]
    assert first != second
    assert first.startswith("via 169.254.1.2 dev ")
    assert second.startswith("via 169.254.1.6 dev ")


def test_namespaces_of_the_whole() -> None:
    assert set(_network(WORLD)) == {
        *("vpc-1", "vgw-1", "vpn-1-1", "vpn-1-2", "eks-vulcan", "eks-vulcan-10-11-0-21", "eks-vulcan-10-11-16-21")
    }
    assert all(plan.is_ours(name) for name in _network(WORLD))
    assert not any(plan.is_ours(name) for name in ("inet", "earth", "fw", "mgmt"))


def test_what_is_not_used_needs_no_network() -> None:
    assert _network(World(vpcs=(VPC,), subnets=(A, B))) == {}
    assert _network(World()) == {}


def test_interfaces_have_names_that_the_kernel_takes() -> None:
    for namespace in _network(WORLD).values():
        for link in namespace.links:
            assert len(link.name) <= 15
            assert len(link.peer) <= 15


def test_router_masquerades_only_what_goes_to_the_nat_gateway() -> None:
    router = _network(WORLD)["vpc-1"]
    assert 'oifname "inet0" ip saddr 10.11.0.0/20 ip daddr 0.0.0.0/0 snat to 198.51.100.30' in router.ruleset
    assert "ip saddr 10.11.32.0/24" not in router.ruleset
    without = _network(_with_private_table(routes=()))["vpc-1"]
    assert "snat to 198.51.100.30" not in without.ruleset
    assert "dnat to 192.0.2.53" in without.ruleset  # names resolve without any route, as in AWS


def test_end_points_are_a_way_to_aws_when_a_node_has_all_that_it_needs() -> None:
    way = "ip daddr 192.0.2.10 tcp dport 443 meta mark set"
    services = ("ec2", "ecr.api", "ecr.dkr", "s3", "sts")
    all_of_them = tuple(VpcEndpoint(f"vpce-{s}", "vpc-1", f"com.amazonaws.eu-central-1.{s}") for s in services)
    found = _network(replace(WORLD, vpc_endpoints=all_of_them))["vpc-1"].ruleset
    assert way in found
    assert "ip daddr 192.0.2.21 tcp dport 5000 meta mark set" in found  # images of ECR, and no others
    assert "ip daddr 192.0.2.20" not in found
    assert way not in _network(replace(WORLD, vpc_endpoints=all_of_them[1:]))["vpc-1"].ruleset
    assert way not in _network(WORLD)["vpc-1"].ruleset


def test_pods_get_the_nodes_address_outside_the_vpc() -> None:
    node = _network(WORLD)["eks-vulcan-10-11-0-21"]
    assert 'oifname "eth0" ip saddr 10.11.1.0/24 ip daddr != 10.11.0.0/16 snat to 10.11.0.21' in node.ruleset
    assert node.proxy_arp == ("eth0",)


def test_keys_are_in_no_plan() -> None:
    assert "first key" not in repr(_network(WORLD))
    assert "first key" not in repr(WORLD)


# --- security groups -----------------------------------------------------------------------------------------------


def test_groups_stand_for_the_interfaces_that_carry_them() -> None:
    members = groups.group_members(WORLD, _allocate(WORLD))
    assert set(members["sg-cluster"]) == {
        *("10.11.0.20", "10.11.16.20"),  # the control plane
        *("10.11.0.21", "10.11.16.21", "10.11.1.0/24", "10.11.17.0/24"),  # nodes and their pods
    }
    assert set(members["sg-given"]) == {"10.11.0.20", "10.11.16.20"}


def test_nodes_do_not_carry_the_groups_given_to_the_cluster() -> None:
    network = _network(WORLD)
    assert "tcp dport 443-443 accept" in network["eks-vulcan"].ruleset
    assert "tcp dport 443-443 accept" not in network["eks-vulcan-10-11-0-21"].ruleset


def test_launch_templates_groups_replace_the_clusters() -> None:
    workers = replace(WORLD.node_groups[0], security_group_ids=("sg-given",))
    node = _network(replace(WORLD, node_groups=(workers,)))["eks-vulcan-10-11-0-21"]
    assert "ip saddr { 10.10.0.0/24 } tcp dport 443-443 accept" in node.ruleset
    assert "10.11.16.21" not in node.ruleset


@pytest.mark.parametrize(
    ("rule", "match"),
    [
        (Rule("-1", cidrs=("10.0.0.0/8",)), ""),
        (Rule("tcp", 80, 80, ("10.0.0.0/8",)), "tcp dport 80-80"),
        (Rule("6", 30000, 32767, ("10.0.0.0/8",)), "tcp dport 30000-32767"),
        (Rule("udp", -1, -1, ("10.0.0.0/8",)), "meta l4proto udp"),
        (Rule("icmp", -1, -1, ("10.0.0.0/8",)), "meta l4proto icmp"),
        (Rule("icmp", 8, -1, ("10.0.0.0/8",)), "icmp type 8"),
        (Rule("50", cidrs=("10.0.0.0/8",)), "meta l4proto 50"),
    ],
)
def test_matches(rule: Rule, match: str) -> None:
    assert groups.ingress_rules([SecurityGroup("sg", "vpc", (rule,))], {}) == (("10.0.0.0/8", match),)


def test_overlapping_sources_are_merged_and_empty_ones_left_out() -> None:
    rules = (
        Rule("tcp", 80, 80, ("10.10.0.0/16", "10.10.1.0/24", "::/0")),
        Rule("tcp", 80, 80, groups=("sg-other",)),
        Rule("tcp", 443, 443, groups=("sg-nobody",)),
    )
    found = groups.ingress_rules([SecurityGroup("sg", "vpc", rules)], {"sg-other": ("10.11.0.4", "10.11.0.5")})
    assert found == (("10.10.0.0/16, 10.11.0.4/31", "tcp dport 80-80"),)


# --- addresses -----------------------------------------------------------------------------------------------------


def test_nodes_are_spread_over_zones_first() -> None:
    second_in_a = Subnet("subnet-c", "vpc-1", "10.11.48.0/20", "eu-central-1a")
    assert addresses.spread([A, B, second_in_a], 4) == ("subnet-a", "subnet-b", "subnet-c", "subnet-b")
    assert addresses.spread([A, B], 3, ["subnet-b"]) == ("subnet-b", "subnet-a", "subnet-a")
    assert addresses.spread([A, B], 1, ["subnet-b", "subnet-a"]) == ("subnet-b",)
    assert addresses.spread([], 2) == ()


def test_node_names() -> None:
    place = addresses.NodeAddress("subnet-a", "eu-central-1a", "10.11.0.21", "10.11.1.0/24")
    assert place.name("eu-central-1") == "ip-10-11-0-21.eu-central-1.compute.internal"
    assert place.name("us-east-1") == "ip-10-11-0-21.ec2.internal"


@pytest.mark.parametrize("cidr", ["10.11.0.0/16", "10.11.0.0/20", "10.11.0.0/24", "10.11.0.0/26", "10.11.0.0/28"])
def test_pod_ranges_are_apart_from_interfaces_and_inside(cidr: str) -> None:
    first, ranges = addresses.pod_ranges(cidr)
    whole = ipaddress.IPv4Network(cidr)
    assert all(r.subnet_of(whole) and not r.overlaps(first) for r in ranges)


def test_what_runs_keeps_its_addresses() -> None:
    before = _allocate(WORLD)
    more = replace(WORLD, node_groups=(*WORLD.node_groups, NodeGroup("vulcan", "a-first", ("subnet-a",), 1, ())))
    after = _allocate(more, before)
    assert after.nodes[("vulcan", "workers")] == before.nodes[("vulcan", "workers")]
    assert after.control_planes == before.control_planes
    (new,) = after.nodes[("vulcan", "a-first")]
    assert new.address not in {p.address for p in before.nodes[("vulcan", "workers")]}
    assert new.pods not in {p.pods for p in before.nodes[("vulcan", "workers")]}


def test_addresses_of_what_is_being_taken_away_are_not_given_again() -> None:
    before = _allocate(WORLD)
    other = replace(WORLD.clusters[0], name="other")
    after = _allocate(replace(WORLD, clusters=(other,), node_groups=()), before)
    old = {i.address for i in before.control_planes["vulcan"]}
    assert old.isdisjoint(i.address for i in after.control_planes["other"])


def test_group_that_does_not_fit_says_so() -> None:
    small = Subnet("subnet-a", "vpc-1", "10.11.0.0/28", "eu-central-1a")
    world = replace(WORLD, subnets=(small, B), clusters=())
    allocation = _allocate(world)
    assert "subnet-a" in allocation.failures[("vulcan", "workers")]


def test_cluster_needs_two_zones() -> None:
    cluster = replace(WORLD.clusters[0], subnet_ids=("subnet-a", "subnet-p"))
    allocation = _allocate(replace(WORLD, clusters=(cluster,)))
    assert "fewer than two zones" in allocation.failures[("vulcan",)]
    assert allocation.control_planes == {}


def test_more_vpcs_than_public_addresses_are_rejected() -> None:
    vpcs = tuple(Vpc(f"vpc-{i}", f"10.{i}.0.0/16") for i in range(3))
    gateways = tuple(VpnGateway(f"vgw-{i}", f"vpc-{i}") for i in range(3))
    with pytest.raises(addresses.PlanError, match="no more than 2 VPCs"):
        _allocate(World(vpcs=vpcs, vpn_gateways=gateways))


def test_vpc_that_only_something_ending_is_in_keeps_its_address() -> None:
    lonely = replace(WORLD, vpn_gateways=(), vpn_connections=(), nat_gateways=())
    assert addresses.for_names(lonely, {"vpc-1": "198.51.100.3"}, INTERNET.infrastructure) == {"vpc-1": "198.51.100.3"}
    assert addresses.for_names(replace(lonely, clusters=(), node_groups=()), {}, INTERNET.infrastructure) == {}


def test_subnet_of_a_vpc_that_is_gone_does_no_harm() -> None:
    assert _network(addresses.tidy(replace(WORLD, vpcs=()))).keys() == {"vgw-1", "vpn-1-1", "vpn-1-2"}
