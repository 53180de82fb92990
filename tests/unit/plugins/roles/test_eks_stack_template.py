# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CloudFormation template of eks_stack, rendered for each way out of the nodes."""

from __future__ import annotations

import json
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._aws.stacks.template import resources_of
from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup.hourly_costs import planned
from ansible_collections.cloudburst.federation.plugins.module_utils._costs.prices import Prices
from ansible_collections.cloudburst.federation.tests.unit.roles import Role

ROLE = Path(__file__).resolve().parents[4] / "roles" / "eks_stack"
LOCAL = ["10.10.0.0/24", "10.10.128.0/24"]
# 6144 characters without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MANAGED_POLICY_SIZE = 6144
SPOT = {"eks_stack_node_capacity": "spot", "eks_stack_node_instance_types": ["m6a.large", "m6i.large"]}


def render(**changed: t.Any) -> str:
    variables = {
        "eks_stack_name": "vulcan",
        "eks_stack_region": "eu-central-1",
        "eks_stack_zones": ["eu-central-1a", "eu-central-1b"],
        "eks_stack_vpc_cidr": "10.11.0.0/16",
        "eks_stack_service_cidr": "10.5.0.0/24",
        "eks_stack_local_networks": LOCAL,
        "eks_stack_vpn": True,
        "eks_stack_firewall_address": "203.0.113.10",
        "eks_stack_kubernetes_version": "1.35",
        "eks_stack_node_count": 2,
        "eks_stack_parked": False,
        "eks_stack_node_instance_types": ["m6i.large"],
        "eks_stack_node_ami_type": "AL2023_x86_64_STANDARD",
        "eks_stack_ports": [{"from": 80, "to": 80}, {"from": 30000, "to": 32767}],
        "eks_stack_node_egress": "nat",
        "__eks_stack_admin_arns": ["arn:aws:iam::123456789012:user/burst"],
        **changed,
    }
    return Role("eks_stack").render("stack.yml.j2", **variables)


def resources(**changed: t.Any) -> dict[str, t.Any]:
    return resources_of(render(**changed))


@pytest.mark.parametrize(
    ("egress", "vpn", "parked"),
    [
        *[("nat", True, False), ("endpoints", True, False), ("datacenter", True, False)],
        *[("nat", False, False), ("endpoints", False, False)],
        *[("nat", True, True), ("endpoints", True, True), ("datacenter", True, True)],
    ],
)
@pytest.mark.skipif(not shutil.which("cfn-lint"), reason="cfn-lint is not there")
def test_cfn_lint(egress: str, vpn: bool, parked: bool, tmp_path: Path) -> None:
    path = tmp_path / "stack.yml"
    # Both capacities are tried
    spot = SPOT if egress == "datacenter" else {}
    path.write_text(render(eks_stack_node_egress=egress, eks_stack_vpn=vpn, eks_stack_parked=parked, **spot))
    done = subprocess.run(
        ["cfn-lint", "-r", "eu-central-1", "--", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert path.stat().st_size < 51200


@pytest.mark.parametrize(
    ("egress", "missing"),
    [("nat", {"NatAddress", "NatGateway", "PrivateDefaultRoute"}), ("endpoints", None), ("datacenter", set())],
)
def test_a_parked_burst_lacks_nodes_and_their_way_out_and_nothing_else(egress: str, missing: set[str] | None) -> None:
    whole, parked = (resources(eks_stack_node_egress=egress, eks_stack_parked=rests) for rests in (False, True))
    if missing is None:
        # What is paid by the hour. That of S3 is free.
        missing = {name for name, one in whole.items() if one["Properties"].get("VpcEndpointType") == "Interface"}
        assert missing
    assert set(whole) - set(parked) == missing
    assert set(parked) <= set(whole)
    # The node group is the same one, so that it is not replaced.
    groups = [one["NodeGroup"]["Properties"] for one in (whole, parked)]
    assert groups[1].pop("ScalingConfig") == {"MinSize": 0, "DesiredSize": 0, "MaxSize": 1}
    del groups[0]["ScalingConfig"]
    assert groups[0] == groups[1]
    for name in set(parked) - {"NodeGroup"}:
        assert parked[name] == whole[name]
    # No count is needed, which could still have to be calculated.
    assert render(eks_stack_parked=True, eks_stack_node_count="auto") == render(eks_stack_parked=True)


def test_nodes_may_be_spot_instances_of_several_types() -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-eks-nodegroup.html"""
    group, spot = (resources(**changed)["NodeGroup"]["Properties"] for changed in ({}, SPOT))
    assert (spot.pop("CapacityType"), spot.pop("InstanceTypes")) == ("SPOT", ["m6a.large", "m6i.large"])
    assert group.pop("InstanceTypes") == ["m6i.large"]
    # On demand is what EKS does by itself, and to say so would replace the nodes of a burst that is up.
    assert group == spot
    (row,) = [row for row in planned(resources(**SPOT), Prices()) if row["kind"] == "nodegroup"]
    assert row["what"] == "2 nodes m6a.large, with 20 GiB each, spot: no fixed price, so counted as on demand"
    assert row["hourly_cost"] == Prices().nodes("m6a.large", 2, 20)


def test_without_a_vpn_connection_only_its_resources_are_missing() -> None:
    with_vpn, without = resources(), resources(eks_stack_vpn=False, eks_stack_firewall_address="")
    missing = with_vpn.keys() - without.keys()
    assert {with_vpn[name]["Type"] for name in missing} == {
        "AWS::EC2::CustomerGateway",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::EC2::VPNConnection",
        "AWS::EC2::VPNConnectionRoute",
        "AWS::EC2::VPNGateway",
        "AWS::EC2::VPNGatewayRoutePropagation",
    }
    assert without == {name: resource for name, resource in with_vpn.items() if name not in missing}


def test_doors_are_open_to_the_vpc_and_the_data_centre_alone() -> None:
    for egress in ("nat", "endpoints", "datacenter"):
        for name, resource in resources(eks_stack_node_egress=egress).items():
            if resource["Type"] == "AWS::EC2::SecurityGroup":
                sources = {rule["CidrIp"] for rule in resource["Properties"]["SecurityGroupIngress"]}
                assert sources <= {"10.11.0.0/16", *LOCAL}, name


def test_the_public_subnet_is_marked_as_another_clusters() -> None:
    tags = {tag["Key"]: tag["Value"] for tag in resources()["PublicSubnet"]["Properties"]["Tags"]}
    assert tags["kubernetes.io/cluster/none"] == "shared"
    assert not [key for key in tags if key.startswith("kubernetes.io/role/")]


def test_every_port_is_open_to_every_source() -> None:
    rules = resources()["NodeSecurityGroup"]["Properties"]["SecurityGroupIngress"]
    opened = {(rule["FromPort"], rule["ToPort"], rule["CidrIp"]) for rule in rules}
    assert opened == {
        (first, last, source) for first, last in ((80, 80), (30000, 32767)) for source in ("10.11.0.0/16", *LOCAL)
    }
    twice = resources(
        eks_stack_ports=[{"from": 80, "to": 80}, {"from": 30000, "to": 32767}] * 2, eks_stack_local_networks=LOCAL * 2
    )
    assert twice["NodeSecurityGroup"]["Properties"]["SecurityGroupIngress"] == rules
    assert resources(eks_stack_ports=[])["NodeSecurityGroup"]["Properties"]["SecurityGroupIngress"] == []


def test_nodes_carry_the_group_of_eks_too() -> None:
    groups = resources()["NodeLaunchTemplate"]["Properties"]["LaunchTemplateData"]["SecurityGroupIds"]
    assert groups == [{"GetAtt": "Cluster.ClusterSecurityGroupId"}, {"Ref": "NodeSecurityGroup"}]


def test_every_local_network_has_its_way_back() -> None:
    found = resources()
    routes = [r for r in found.values() if r["Type"] == "AWS::EC2::VPNConnectionRoute"]
    assert [route["Properties"]["DestinationCidrBlock"] for route in routes] == LOCAL
    assert found["VpnRoutePropagation"]["DependsOn"] == "VpnGatewayAttachment"


@pytest.mark.parametrize("egress", ["nat", "endpoints", "datacenter"])
def test_the_tunnel_can_be_set_up_before_there_is_a_cluster(egress: str) -> None:
    """What burst_up.yml waits for before it sets up the tunnel, which nodes may need to come up."""
    given = {"eks_stack_local_networks": [*LOCAL, LOCAL[0]], "eks_stack_node_egress": egress}
    found = resources(**given)
    needed = set(Role("eks_stack").value("__eks_stack_vpn_resources", **given))
    routes = {name for name, r in found.items() if r["Type"] == "AWS::EC2::VPNConnectionRoute"}
    assert needed == {"VpnConnection", "VpnRoutePropagation", *routes}
    while more := {n for n in found if any(f'"{n}' in json.dumps(found[name]) for name in needed)} - needed:
        needed |= more
    assert {"VpnGatewayAttachment", "CustomerGateway"} <= needed
    assert not {name for name in needed if found[name]["Type"].startswith(("AWS::EKS", "AWS::IAM"))}


def test_the_way_out_is_there_before_the_nodes() -> None:
    assert "PrivateDefaultRoute" in resources()["NodeGroup"]["DependsOn"]
    by_endpoints = resources(eks_stack_node_egress="endpoints")
    endpoints = {name for name, r in by_endpoints.items() if r["Type"] == "AWS::EC2::VPCEndpoint"}
    services = {by_endpoints[name]["Properties"]["ServiceName"]["Sub"].split("}.")[1] for name in endpoints}
    # https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html, without what it calls optional
    assert services == {"ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing", "logs", "s3", "sts"}
    assert endpoints <= set(by_endpoints["NodeGroup"]["DependsOn"])
    assert not any(r["Type"] == "AWS::EC2::InternetGateway" for r in by_endpoints.values())
    through = resources(eks_stack_node_egress="datacenter")
    assert {"VpnRoute0x0x0x0x0", "VpnRoutePropagation"} <= set(through["NodeGroup"]["DependsOn"])


@pytest.mark.parametrize(
    ("region", "principals"),
    [
        ("eu-central-1", ["ec2.amazonaws.com"]),
        ("us-gov-west-1", ["ec2.amazonaws.com"]),
        ("cn-north-1", ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"]),
    ],
)
def test_who_may_take_on_the_nodes_role(region: str, principals: list[str]) -> None:
    policy = resources(eks_stack_region=region)["NodeRole"]["Properties"]["AssumeRolePolicyDocument"]
    assert policy["Statement"][0]["Principal"]["Service"] == principals


def test_end_points_in_china() -> None:
    made = resources(eks_stack_region="cn-north-1", eks_stack_node_egress="endpoints")
    names = {r["Properties"]["ServiceName"]["Sub"] for r in made.values() if r["Type"] == "AWS::EC2::VPCEndpoint"}
    other = ("ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "sts")
    assert names == {
        *(f"cn.com.amazonaws.${{AWS::Region}}.{service}" for service in other),
        *(f"com.amazonaws.${{AWS::Region}}.{service}" for service in ("logs", "s3")),
    }


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-central-1", "aws"),
        ("cn-northwest-1", "aws-cn"),
        ("us-gov-east-1", "aws-us-gov"),
        ("eusc-de-east-1", "aws-eusc"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("us-isof-south-1", "aws-iso-f"),
    ],
)
@pytest.mark.parametrize("role", ["eks_stack", "eks_lease"])
def test_regions_name_their_partition(role: str, region: str, partition: str) -> None:
    assert Role(role).value(f"__{role}_partition", **{f"{role}_region": region}) == partition


@pytest.mark.parametrize("egress", ["nat", "endpoints", "datacenter"])
def test_all_that_can_be_tagged_is(egress: str) -> None:
    # Types that have no tags, by AWS's template reference.
    without = {
        "AWS::EC2::Route",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::EC2::VPNConnectionRoute",
        "AWS::EC2::VPNGatewayRoutePropagation",
    }
    for name, resource in resources(eks_stack_node_egress=egress).items():
        if resource["Type"] not in without:
            assert '"cloudburst:burst"' in json.dumps(resource), name


def test_no_value_of_a_user_becomes_more_than_a_value() -> None:
    hostile = '"\n  Evil: {Type: AWS::IAM::User}\n#'
    found = resources(eks_stack_name=hostile, eks_stack_kubernetes_version=hostile, eks_stack_zones=[hostile, "b"])
    assert set(found) == set(resources())
    assert found["Cluster"]["Properties"]["Name"] == hostile


def test_the_policies_fit_into_managed_ones() -> None:
    for file in (ROLE / "files").glob("iam-policy*.json"):
        policy = json.loads(file.read_text())
        assert len(json.dumps(policy, separators=(",", ":"))) <= MANAGED_POLICY_SIZE
        for statement in policy["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert actions == sorted(actions)
            assert not any("*" in action for action in actions)


@pytest.mark.parametrize("egress", ["nat", "datacenter", "endpoints"])
def test_unparking_leaves_alone_what_the_tunnel_and_the_join_need(egress: str) -> None:
    """So burst_up goes on with both while AWS brings the nodes and their way out."""
    parked, whole = (resources(eks_stack_node_egress=egress, eks_stack_parked=parked) for parked in (True, False))
    changing = [name for name in whole if parked.get(name) != whole[name]]
    assert "NodeGroup" in changing
    given = {
        "ansible_check_mode": False,
        "eks_stack_node_egress": egress,
        "eks_stack_local_networks": LOCAL,
        "eks_stack_principals": ["arn:aws:iam::123456789012:role/admin"],
        "__eks_stack_result": {"stack": {"resources": dict.fromkeys(whole, "id"), "changing": changing}},
    }
    role = Role("eks_stack", **given)
    alone, awaited = role.value("__eks_stack_left_alone"), role.value("__eks_stack_awaited")
    assert set(alone) == set(whole) - set(changing)
    assert set(awaited["vpn"]) <= set(alone)
    assert "Cluster" in alone


def test_of_a_stack_that_somebody_else_updates_nothing_is_taken_for_done() -> None:
    found = {"stack": {"resources": {"Vpc": "vpc-1"}}}
    assert Role("eks_stack", __eks_stack_result=found).value("__eks_stack_left_alone") == []


def test_what_is_waited_for_is_in_the_template() -> None:
    """A name that is not is waited for until the whole stack is there, and nothing is done meanwhile."""
    arns = ["arn:aws:iam::123456789012:user/burst", "arn:aws:iam::123456789012:role/operators"]
    given = {"eks_stack_principals": arns, "eks_stack_local_networks": LOCAL, "eks_stack_node_egress": "datacenter"}
    waited = Role("eks_stack").value("__eks_stack_awaited", **given)
    made = set(resources(**given, __eks_stack_admin_arns=arns))
    assert {*waited["vpn"], *waited["cluster"]} <= made
    assert {name for name in made if name.startswith("AccessEntry")} | {"Cluster"} == set(waited["cluster"])


@pytest.mark.parametrize(
    ("changed", "hour"),
    [
        # As docs/docsite/rst/aws.rst has it: cluster, VPN connection, two nodes, and the way out
        ({"eks_stack_node_egress": "nat"}, 0.1 + 0.06 + 0.19638 + 0.05),
        ({"eks_stack_node_egress": "endpoints"}, 0.1 + 0.06 + 0.19638 + 0.16),
        ({"eks_stack_node_egress": "datacenter"}, 0.1 + 0.06 + 0.19638),
        ({"eks_stack_node_egress": "datacenter", "eks_stack_node_count": 4}, 0.1 + 0.06 + 2 * 0.19638),
    ],
)
def test_what_it_will_cost(changed: dict[str, t.Any], hour: float) -> None:
    rows = planned(resources(**changed), Prices())
    assert sum(row["hourly_cost"] for row in rows) == pytest.approx(hour, abs=1e-4)
