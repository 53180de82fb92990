# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's AWS as a client sees it, on the loopback; the networks and clusters behind it are pretended."""

from __future__ import annotations

import json
import os
import subprocess
import time
import typing as t
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from labkit import settings

botocore_exceptions = pytest.importorskip("botocore.exceptions")

REGION = "eu-central-1"

NETWORK: dict[str, t.Any] = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.11.0.0/16"}},
    "Table": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}},
    "Gateway": {"Type": "AWS::EC2::VPNGateway", "Properties": {"Type": "ipsec.1"}},
    "Attachment": {
        "Type": "AWS::EC2::VPCGatewayAttachment",
        "Properties": {"VpcId": {"Ref": "Vpc"}, "VpnGatewayId": {"Ref": "Gateway"}},
    },
    "Firewall": {
        "Type": "AWS::EC2::CustomerGateway",
        "Properties": {"Type": "ipsec.1", "BgpAsn": 65000, "IpAddress": "203.0.113.10"},
    },
    "Vpn": {
        "Type": "AWS::EC2::VPNConnection",
        "Properties": {
            "Type": "ipsec.1",
            "CustomerGatewayId": {"Ref": "Firewall"},
            "VpnGatewayId": {"Ref": "Gateway"},
            "StaticRoutesOnly": True,
            "VpnTunnelOptionsSpecifications": [
                {"PreSharedKey": "given.by_hand", "TunnelInsideCidr": "169.254.44.0/30"}
            ],
        },
    },
    "Route": {
        "Type": "AWS::EC2::VPNConnectionRoute",
        "Properties": {"VpnConnectionId": {"Ref": "Vpn"}, "DestinationCidrBlock": "10.10.0.0/24"},
    },
    "Propagation": {
        "Type": "AWS::EC2::VPNGatewayRoutePropagation",
        "DependsOn": "Attachment",
        "Properties": {"RouteTableIds": [{"Ref": "Table"}], "VpnGatewayId": {"Ref": "Gateway"}},
    },
}


def _role(service: str) -> dict[str, t.Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document}}


def _subnet(number: int) -> dict[str, t.Any]:
    return {
        "Type": "AWS::EC2::Subnet",
        "Properties": {
            "VpcId": {"Ref": "Vpc"},
            "CidrBlock": f"10.11.{number * 16}.0/20",
            "AvailabilityZone": f"{REGION}{'ab'[number]}",
        },
    }


CLUSTER: dict[str, t.Any] = {
    "Vpc": NETWORK["Vpc"],
    "SubnetA": _subnet(0),
    "SubnetB": _subnet(1),
    "ClusterRole": _role("eks.amazonaws.com"),
    "NodeRole": _role("ec2.amazonaws.com"),
    "Cluster": {
        "Type": "AWS::EKS::Cluster",
        "Properties": {
            "Name": "vulcan",
            "RoleArn": {"Fn::GetAtt": ["ClusterRole", "Arn"]},
            "ResourcesVpcConfig": {"SubnetIds": [{"Ref": "SubnetA"}, {"Ref": "SubnetB"}]},
            "KubernetesNetworkConfig": {"ServiceIpv4Cidr": "10.5.0.0/24"},
            "AccessConfig": {"AuthenticationMode": "API", "BootstrapClusterCreatorAdminPermissions": False},
        },
    },
    "Access": {
        "Type": "AWS::EKS::AccessEntry",
        "Properties": {"ClusterName": {"Ref": "Cluster"}, "PrincipalArn": "arn:aws:iam::000000000000:user/cloudburst"},
    },
    "Nodes": {
        "Type": "AWS::EKS::Nodegroup",
        "Properties": {
            "ClusterName": {"Ref": "Cluster"},
            "NodeRole": {"Fn::GetAtt": ["NodeRole", "Arn"]},
            "Subnets": [{"Ref": "SubnetA"}, {"Ref": "SubnetB"}],
            "ScalingConfig": {"MinSize": 2, "DesiredSize": 2, "MaxSize": 2},
        },
    },
}


def test_the_seams_are_where_they_were(lab_python: Path) -> None:
    script = "from labkit.aws import seams; seams.check()"
    result = subprocess.run(
        [lab_python, "-c", script],
        env={**os.environ, "PYTHONPATH": str(settings.LAB_DIR), "AUTH": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def test_a_stack_s_tunnel_is_described_as_aws_does_and_goes_whole(aws: t.Any) -> None:
    stack_id = aws.create(NETWORK)
    status, events = aws.end(stack_id)
    assert status == "CREATE_COMPLETE", events
    made = {e["LogicalResourceId"]: e["PhysicalResourceId"] for e in events if e["ResourceStatus"] == "CREATE_COMPLETE"}
    ec2 = aws.client("ec2")
    (connection,) = ec2.describe_vpn_connections(VpnConnectionIds=[made["Vpn"]])["VpnConnections"]
    first, second = connection["Options"]["TunnelOptions"]
    assert (first["PreSharedKey"], first["TunnelInsideCidr"]) == ("given.by_hand", "169.254.44.0/30")
    assert len(second["PreSharedKey"]) == 32
    assert [route["DestinationCidrBlock"] for route in connection["Routes"]] == ["10.10.0.0/24"]
    config = ET.fromstring(connection["CustomerGatewayConfiguration"])
    assert [end.findtext("ike/pre_shared_key") for end in config.findall("ipsec_tunnel")] == [
        first["PreSharedKey"],
        second["PreSharedKey"],
    ]
    (table,) = ec2.describe_route_tables(RouteTableIds=[made["Table"]])["RouteTables"]
    assert table["PropagatingVgws"] == [{"GatewayId": made["Gateway"]}]

    for call, code in (
        (lambda: ec2.delete_customer_gateway(CustomerGatewayId=made["Firewall"]), "IncorrectState"),
        (lambda: ec2.delete_vpn_gateway(VpnGatewayId=made["Gateway"]), "IncorrectState"),
        (lambda: ec2.delete_vpc(VpcId=made["Vpc"]), "DependencyViolation"),
    ):
        with pytest.raises(botocore_exceptions.ClientError) as rejected:
            call()
        assert rejected.value.response["Error"]["Code"] == code

    aws.delete(stack_id)
    status, events = aws.end(stack_id)
    assert status == "DELETE_COMPLETE", events
    assert ec2.describe_customer_gateways()["CustomerGateways"] == []
    assert {c["State"] for c in ec2.describe_vpn_connections()["VpnConnections"]} == {"deleted"}


def test_a_cluster_is_there_when_the_real_one_is(aws: t.Any) -> None:
    stack_id = aws.create(CLUSTER)
    status, events = aws.end(stack_id)
    assert status == "CREATE_COMPLETE", events
    cluster = aws.client("eks").describe_cluster(name="vulcan")["cluster"]
    assert cluster["status"] == "ACTIVE"
    assert cluster["endpoint"].endswith(f".gr7.{REGION}.eks.amazonaws.com")
    assert aws.client("eks").list_access_entries(clusterName="vulcan")["accessEntries"] == [
        "arn:aws:iam::000000000000:user/cloudburst"
    ]
    resources = json.loads(json.dumps(CLUSTER))
    resources["Nodes"]["Properties"]["ScalingConfig"] = {"MinSize": 1, "DesiredSize": 3, "MaxSize": 3}
    template = json.dumps({"Resources": resources})
    aws.client("cloudformation").update_stack(
        StackName=stack_id, TemplateBody=template, Capabilities=["CAPABILITY_IAM"]
    )
    assert aws.end(stack_id)[0] == "UPDATE_COMPLETE"
    (name,) = aws.client("eks").list_nodegroups(clusterName="vulcan")["nodegroups"]
    nodes = aws.client("eks").describe_nodegroup(clusterName="vulcan", nodegroupName=name)["nodegroup"]
    assert (nodes["status"], nodes["scalingConfig"]["desiredSize"]) == ("ACTIVE", 3)
    group_id = cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]
    (group,) = aws.client("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    assert group["GroupName"].startswith("eks-cluster-sg-vulcan-")
    assert group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group_id
    aws.delete(stack_id)
    status, events = aws.end(stack_id)
    assert status == "DELETE_COMPLETE", events
    assert aws.client("eks").list_clusters()["clusters"] == []


def test_a_stack_s_update_changes_what_has_changed(aws: t.Any) -> None:
    stack_id = aws.create(NETWORK, name="cloudburst-changed")
    assert aws.end(stack_id)[0] == "CREATE_COMPLETE"
    client, ec2 = aws.client("cloudformation"), aws.client("ec2")
    with pytest.raises(botocore_exceptions.ClientError, match="No updates are to be performed"):
        client.update_stack(StackName=stack_id, TemplateBody=json.dumps({"Resources": NETWORK}))
    resources = json.loads(json.dumps(NETWORK))
    resources["Route"]["Properties"]["DestinationCidrBlock"] = "10.10.128.0/24"
    client.update_stack(StackName=stack_id, TemplateBody=json.dumps({"Resources": resources}))
    status, events = aws.end(stack_id)
    assert status == "UPDATE_COMPLETE", events
    connections = ec2.describe_vpn_connections(Filters=[{"Name": "state", "Values": ["available"]}])["VpnConnections"]
    assert [route["DestinationCidrBlock"] for c in connections for route in c["Routes"]] == ["10.10.128.0/24"]
    aws.delete(stack_id)
    assert aws.end(stack_id)[0] == "DELETE_COMPLETE"


def test_a_failed_stack_says_why_and_rolls_back(aws: t.Any) -> None:
    resources = json.loads(json.dumps(CLUSTER))
    resources["Cluster"]["Properties"]["Version"] = "1.12"
    status, events = aws.end(aws.create(resources, name="cloudburst-wrong"))
    assert status == "ROLLBACK_COMPLETE"
    (failed,) = [event for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    assert failed["LogicalResourceId"] == "Cluster"
    assert 'Resource handler returned message: "unsupported Kubernetes version 1.12' in failed["ResourceStatusReason"]


def test_a_stack_may_do_what_its_caller_may(aws: t.Any) -> None:
    status, events = aws.end(aws.create(NETWORK, user="cloudburst", name="cloudburst-denied"))
    assert status == "ROLLBACK_COMPLETE"
    (failed,) = [event for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    assert failed["LogicalResourceId"] == "Gateway"
    assert "is not authorized to perform: ec2:CreateVpnGateway" in failed["ResourceStatusReason"]


def test_a_stack_can_be_deleted_while_it_is_created(aws: t.Any) -> None:
    (aws.directory / "durations.json").write_text('{"types": {"AWS::EC2::VPNConnection": {"create": 50}}}')
    try:
        stack_id = aws.create(NETWORK, name="cloudburst-short")
        time.sleep(1)
        aws.delete(stack_id)
        aws.delete(stack_id)
        status, events = aws.end(stack_id)
    finally:
        (aws.directory / "durations.json").write_text('{"profile": "instant"}')
    assert status == "DELETE_COMPLETE", events
    assert not [event for event in events if "ROLLBACK" in event["ResourceStatus"]]
    assert len(aws.client("ec2").describe_vpcs()["Vpcs"]) == 1  # AWS's default one


@pytest.mark.parametrize("keys", [{"aws_secret_access_key": "wrong"}, {"aws_access_key_id": "test"}])
def test_nobody_else_gets_in(aws: t.Any, keys: dict[str, str]) -> None:
    with pytest.raises(botocore_exceptions.ClientError) as rejected:
        aws.client("ec2", **keys).describe_vpcs()
    assert rejected.value.response["Error"]["Code"] == "AuthFailure"


def test_what_aws_would_have_made_first_is_made_first(aws: t.Any) -> None:
    """AWS makes the tunnel while it is at work on the cluster, whatever their names are."""
    status, events = aws.end(aws.create({**NETWORK, **CLUSTER}))
    assert status == "CREATE_COMPLETE"
    made = [event["LogicalResourceId"] for event in events if event["ResourceStatus"] == "CREATE_COMPLETE"]
    assert max(map(made.index, ("Vpn", "Route", "Propagation"))) < made.index("Cluster") < made.index("Nodes")
    aws.delete(events[0]["StackId"])
    assert aws.end(events[0]["StackId"])[0] == "DELETE_COMPLETE"
