# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup import ownership
from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup.hourly_costs import running
from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup.kinds import (
    KIND_OF,
    KINDS,
    sign,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup.leftovers import (
    as_result,
    is_unmarked,
    leftovers,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup.things import Burst, Thing
from ansible_collections.cloudburst.federation.plugins.module_utils._costs.prices import Prices, total

PRICES = Prices()
BURST = Burst("vulcan", vpcs=frozenset({"vpc-1"}), stack=frozenset({"sg-stack"}), cluster=True)
OWN = {"kubernetes.io/cluster/vulcan": "owned"}
NAMES = [kind.name for kind in KINDS]
IN_VPC = [kind.name for kind in KINDS if kind.in_vpc]
DATA = [kind.name for kind in KINDS if kind.is_data]
# Of these, no tag of the cluster says whose they are.
UNSIGNED = ("node_group", "vpc_endpoint", "log_group")


def thing(kind: str, tags: t.Mapping[str, str] | None = None, **fields: t.Any) -> Thing:
    given = {"id": f"{kind}-1", "name": kind, "vpc": "vpc-1" if kind in IN_VPC else "", **fields}
    return Thing(kind=kind, tags=OWN if tags is None else tags, **given)


@pytest.mark.parametrize(
    "tags",
    [
        OWN,
        {"KubernetesCluster": "vulcan"},
        {"elbv2.k8s.aws/cluster": "vulcan"},
        {"cluster.k8s.amazonaws.com/name": "vulcan"},
        {"aws:eks:cluster-name": "vulcan"},
        {"eks:cluster-name": "vulcan"},
        {"eks:eks-cluster-name": "vulcan"},
        {"ebs.csi.aws.com/cluster-name": "vulcan"},
        {**OWN, "cloudburst:burst": "vulcan"},
    ],
)
@pytest.mark.parametrize("kind", [kind for kind in NAMES if kind not in UNSIGNED])
def test_every_sign_counts_for_every_kind(kind: str, tags: dict[str, str]) -> None:
    assert sign(thing(kind, tags), BURST) == "tag " + "=".join(next(iter(tags.items())))


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"Name": "vulcan"},
        {"kubernetes.io/cluster/vulcan": "shared"},
        {"kubernetes.io/cluster/vulcan": ""},
        {"kubernetes.io/cluster/vulcan-2": "owned"},
        {"kubernetes.io/cluster/Vulcan": "owned"},
        {**OWN, "kubernetes.io/cluster/mars": "owned"},
        {**OWN, "kubernetes.io/cluster/mars": "shared"},
        {**OWN, "elbv2.k8s.aws/cluster": "mars"},
        {**OWN, "cloudburst:burst": "mars"},
        {"elbv2.k8s.aws/cluster": "vulcan-2"},
        {**OWN, "aws:cloudformation:stack-name": "cloudburst-vulcan"},
        {"node.k8s.amazonaws.com/instance_id": "i-1"},
        {"ebs.csi.aws.com/cluster": "true"},
        {**OWN, "ebs.csi.aws.com/cluster-name": "mars"},
    ],
)
@pytest.mark.parametrize("kind", [kind for kind in NAMES if kind != "node_group"])
def test_what_looks_like_a_sign_is_none(kind: str, tags: dict[str, str]) -> None:
    assert sign(thing(kind, tags), BURST) is None


@pytest.mark.parametrize("kind", IN_VPC)
def test_what_is_in_another_vpc_is_not_the_bursts(kind: str) -> None:
    assert sign(thing(kind, vpc="vpc-2"), BURST) is None
    assert sign(thing(kind, vpc=""), BURST) is None
    assert sign(thing(kind), Burst("vulcan")) is None


def test_what_is_the_stacks_is_left_to_it() -> None:
    assert sign(thing("security_group", id="sg-stack"), BURST) is None
    assert sign(thing("node_group", {"cloudburst:burst": "vulcan"}), BURST) is None
    assert sign(thing("node_group", {}), BURST) == "node group of the cluster vulcan"


def test_an_interface_of_an_older_vpc_cni_is_known_by_its_group() -> None:
    tags = {"node.k8s.amazonaws.com/instance_id": "i-1"}
    interface = thing("network_interface", tags, groups=("sg-own",), state="available")
    assert sign(interface, BURST, {"sg-own"}) is not None
    assert sign(interface, BURST, {"sg-other"}) is None
    group = thing("security_group", {**OWN, "aws:eks:cluster-name": "vulcan"}, id="sg-own")
    found = leftovers([interface, group], BURST, remove_volumes=False, cluster_goes=False)
    assert [leftover.thing for leftover in found] == [interface]  # the group goes with the cluster


@pytest.mark.parametrize(
    ("name", "is_it"),
    [
        ("/aws/eks/vulcan/cluster", True),
        ("/aws/containerinsights/vulcan/performance", True),
        ("/aws/eks/vulcan/audit", False),
        ("/aws/eks/vulcan-2/cluster", False),
        ("/aws/eks/vulcan/cluster/more", False),
        ("/aws/containerinsights/vulcan", False),
        ("/aws/containerinsights/vulcan-2/performance", False),
    ],
)
def test_log_groups_need_a_name_and_a_tag(name: str, is_it: bool) -> None:
    tagged = thing("log_group", {"cloudburst:burst": "vulcan"}, name=name)
    assert (sign(tagged, BURST) is not None) is is_it
    assert sign(thing("log_group", OWN, name=name), BURST) is None


def test_they_go_in_an_order_in_which_none_is_held() -> None:
    things = [thing(kind) for kind in reversed(NAMES) if kind != "network_interface"]
    found = leftovers(things, BURST, remove_volumes=True, cluster_goes=True)
    kinds = [leftover.thing.kind for leftover in found]
    assert kinds == [kind for kind in NAMES if kind not in ("network_interface", "vpc_endpoint", "log_group")]


def kept(what: Thing, burst: Burst, *, remove: bool = True, goes: bool = False) -> str:
    (leftover,) = leftovers([what], burst, remove_volumes=remove, cluster_goes=goes)
    return leftover.kept


@pytest.mark.parametrize("kind", DATA)
def test_data_is_kept_unless_it_may_go_and_then_until_the_cluster_is_gone(kind: str) -> None:
    burst, data = dataclasses.replace(BURST, since=1000.0), thing(kind, created=1000.0)
    assert kept(data, burst, remove=False, goes=True) == "it holds data, and volumes is keep"
    assert kept(data, burst) == "the cluster is still there"
    assert kept(data, burst, goes=True) == ""


@pytest.mark.parametrize("kind", DATA)
def test_data_of_an_earlier_cluster_of_the_name_is_kept(kind: str) -> None:
    earlier, gone = thing(kind, created=999.0), Burst("vulcan")
    before = dataclasses.replace(BURST, since=1000.0, cluster=False)
    assert kept(earlier, before) == "it holds data, and was created before this burst's stack"
    # Without a stack there is no telling, unless it was marked while there was one.
    assert kept(earlier, gone) == "it holds data, and nothing shows that it was created during this burst"
    assert kept(thing(kind, {**OWN, "cloudburst:data": "remove"}), gone) == ""
    assert kept(thing(kind, {**OWN, "cloudburst:data": "remove"}), gone, remove=False) != ""


@pytest.mark.parametrize("tag", ["aws:backup:source-resource", "aws:dlm:lifecycle-policy-id"])
@pytest.mark.parametrize("goes", [True, False])
def test_a_backup_is_kept_until_those_who_took_it_delete_it(tag: str, goes: bool) -> None:
    """It has all tags of the volume, also ours that say that this goes with the burst."""
    tags = {**OWN, "cloudburst:burst": "vulcan", "cloudburst:data": "remove", tag: "x"}
    since = dataclasses.replace(BURST, since=1000.0)
    for burst in (since, Burst("vulcan")):
        assert "it is a backup" in kept(thing("snapshot", tags, created=1000.0), burst, goes=goes)


def test_which_data_nobody_would_find_later() -> None:
    driver = {"ebs.csi.aws.com/cluster": "true"}
    assert is_unmarked(thing("volume", driver), "vulcan")
    for tags in (OWN, {"cloudburst:burst": "vulcan"}, {"cloudburst:burst": "mars"}, {"KubernetesCluster": "mars"}):
        assert not is_unmarked(thing("volume", {**driver, **tags}), "vulcan")


GUARDED = {"GuardDutyManaged": "true"}


def guard_duty(kind: str, tags: t.Mapping[str, str] | None = None, **fields: t.Any) -> Thing:
    names = {"vpc_endpoint": "com.amazonaws.eu-central-1.guardduty-data"}
    tags = GUARDED if tags is None else tags
    return thing(kind, tags, **{"name": names.get(kind, "GuardDutyManagedSecurityGroup-vpc-1"), **fields})


@pytest.mark.parametrize("kind", ["vpc_endpoint", "security_group"])
def test_what_guard_duty_has_made_goes_with_the_nodes(kind: str) -> None:
    made = guard_duty(kind)
    assert sign(made, BURST) == "tag GuardDutyManaged=true, in the VPC of the burst"
    there = dataclasses.replace(BURST, nodes=True)
    assert kept(made, there) == "GuardDuty recreates it as long as there are nodes"
    assert kept(made, dataclasses.replace(there, ends=True)) == ""
    assert kept(made, there, goes=True) == kept(made, BURST) == ""
    (leftover,) = leftovers([made], BURST, remove_volumes=False, cluster_goes=False)
    assert as_result(leftover, PRICES)["monthly_cost"] == 0


@pytest.mark.parametrize(
    "other",
    [
        guard_duty("vpc_endpoint", vpc="vpc-2"),
        guard_duty("vpc_endpoint", {}),
        guard_duty("vpc_endpoint", {"GuardDutyManaged": "false"}),
        guard_duty("vpc_endpoint", name="com.amazonaws.eu-central-1.ec2"),
        guard_duty("vpc_endpoint", name="com.amazonaws.vpce.eu-central-1.vpce-svc-0a1b.guardduty-data"),
        guard_duty("security_group", vpc="vpc-2"),
        guard_duty("security_group", {}),
        guard_duty("security_group", name="GuardDutyManagedSecurityGroup-vpc-2"),
        guard_duty("vpc_endpoint", {**GUARDED, "aws:cloudformation:stack-name": "guard"}),
    ],
)
def test_what_is_not_guard_dutys_or_not_in_the_bursts_vpc(other: Thing) -> None:
    assert sign(other, BURST) is None


@pytest.mark.parametrize(
    "passing",
    [
        thing("network_interface", state="in-use"),
        thing("instance", {**OWN, "eks:nodegroup-name": "nodes"}),
        thing("instance", {**OWN, "aws:autoscaling:groupName": "eks-nodes"}),
        thing("security_group", {**OWN, "aws:eks:cluster-name": "vulcan"}),
        thing("volume", OWN, with_instance=True),
    ],
)
def test_what_goes_by_itself_is_not_left_over(passing: Thing) -> None:
    assert leftovers([passing], BURST, remove_volumes=True, cluster_goes=False) == []


def test_an_instance_of_a_group_that_is_left_is_told_and_not_ended() -> None:
    instance = thing("instance", {**OWN, "aws:autoscaling:groupName": "by-hand"})
    (leftover,) = leftovers([instance], Burst("vulcan", BURST.vpcs), remove_volumes=True, cluster_goes=False)
    assert leftover.kept == "it belongs to a group that would replace it"


@pytest.mark.parametrize(
    ("description", "is_it"),
    [
        ("ELB a0b1c2", True),
        ("ELB app/a0b1c2/50dc6c495c0c9188", True),
        ("ELB net/a0b1c2/50dc6c495c0c9188", True),
        ("ELB a0b1c23", False),
        ("ELB net/a0b1c23/50dc6c495c0c9188", False),
        ("aws-K8S-i-0a1b2c3d/a0b1c2/x", False),
        ("a0b1c2", False),
        ("", False),
    ],
)
def test_interfaces_of_load_balancers(description: str, is_it: bool) -> None:
    assert ownership.is_of_balancer(description, ["a0b1c2"]) is is_it


def monthly(kind: str, **fields: t.Any) -> float | None:
    return KIND_OF[kind].monthly(thing(kind, {}, **fields), PRICES)


def test_prices() -> None:
    assert monthly("volume", gib=20, type="gp3") == PRICES.volume(20, "gp3") == 1.6
    assert monthly("volume", gib=20, type="gp9") is None
    assert monthly("snapshot", gib=20) == 1.0
    assert monthly("load_balancer") == 16.43
    assert monthly("log_group", gib=10) == 0.3
    assert monthly("security_group") == 0
    assert monthly("instance") is None
    assert PRICES.monthly("natgateway") == 32.85
    assert PRICES.monthly("security-group") == 0
    assert PRICES.monthly("loadbalancer") is None
    assert total([1.6, None, 0.3]) == 1.9
    # Nothing that is listed is forgotten in the table.
    given = {"volume": "gp3", "instance": "m6i.large"}
    assert {kind for kind in NAMES if monthly(kind, gib=1, type=given.get(kind, "")) is None} == set()


def test_public_addresses_and_zones_count() -> None:
    assert PRICES.hourly("elastic-ip") == 0.005
    assert PRICES.hourly("vpn-connection") == 0.06  # two ends
    assert PRICES.hourly("vpc-endpoint", count=3) == 0.03
    assert PRICES.hourly("vpc-endpoint", type_="Gateway", count=0) == 0
    balancer = thing("load_balancer", addresses=2)
    (leftover,) = leftovers([balancer], BURST, remove_volumes=False, cluster_goes=False)
    assert as_result(leftover, PRICES)["monthly_cost"] == 23.73


def test_what_of_the_stack_is_paid_by_the_hour() -> None:
    def row(type_: str, id_: str | None, status: str = "CREATE_COMPLETE") -> dict[str, t.Any]:
        return {"ResourceType": f"AWS::{type_}", "PhysicalResourceId": id_, "ResourceStatus": status}

    resources = [
        row("EC2::VPC", "vpc-1"),
        row("EC2::NatGateway", "nat-1"),
        row("EC2::EIP", "198.51.100.1"),
        row("EC2::VPNConnection", "vpn-1"),
        row("EKS::Cluster", "vulcan"),
        row("EKS::Nodegroup", "vulcan/nodes"),
        row("EC2::VPCEndpoint", "vpce-1"),
        row("EC2::VPCEndpoint", "vpce-2"),
        # Not there yet, or never
        row("EC2::NatGateway", None, "CREATE_IN_PROGRESS"),
        row("EC2::NatGateway", "nat-2", "CREATE_FAILED"),
    ]
    things = [
        thing("node_group", {}, id="vulcan/nodes", type="m6i.large", count=2),
        thing("node_group", {}, id="vulcan/by-hand", type="m6i.large", count=2),
        thing("vpc_endpoint", {}, id="vpce-1", name="com.amazonaws.eu-central-1.sts", type="Interface", count=2),
        thing("vpc_endpoint", {}, id="vpce-2", name="com.amazonaws.eu-central-1.s3", type="Gateway", count=0),
        guard_duty("vpc_endpoint", type="Interface", count=2),
    ]
    costs = {row["id"]: row["hourly_cost"] for row in running(resources, things, PRICES)}
    assert costs == {
        **{"nat-1": 0.045, "198.51.100.1": 0.005, "vpn-1": 0.06, "vulcan": 0.1},
        **{"vpce-1": 0.02, "vulcan/nodes": 0.19638},
    }
    assert running(resources[:5], things, PRICES, extended=True)[-1]["hourly_cost"] == 0.5
    unknown = thing("node_group", {}, id="vulcan/nodes", type="x9.large", count=2)
    assert running(resources[5:6], [unknown], PRICES)[0]["hourly_cost"] is None
    # A parked burst
    none = thing("node_group", {}, id="vulcan/nodes", type="m6i.large", count=0)
    assert running(resources[5:6], [none], PRICES) == []
