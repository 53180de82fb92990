# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the policies of the burst vulcan reach: its own things, and nothing of a second cluster that looks the same."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.tests.unit.plugins.roles.test_eks_stack_template import render
from labkit.aws import identity

exceptions = pytest.importorskip("botocore.exceptions")

REGION = "eu-central-1"
ACCOUNT = "000000000000"
POLICIES = Path(__file__).resolve().parents[4] / "roles" / "eks_stack" / "files"
Call = t.Callable[[], t.Any]


def pairs(tags: t.Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class Account:
    """Two clusters' things in one account, made by its administrator, and somebody who has vulcan's policies."""

    def __init__(self, aws: t.Any) -> None:
        self.aws = aws
        iam = aws.client("iam")
        iam.create_user(UserName="operator")
        for file in POLICIES.glob("iam-policy*.json"):
            document = json.dumps(identity.policy(file, "vulcan", ACCOUNT, REGION))
            iam.put_user_policy(UserName="operator", PolicyName=file.stem, PolicyDocument=document)
        key = iam.create_access_key(UserName="operator")["AccessKey"]
        self.keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        self.zone = f"{REGION}a"
        ec2 = self.admin("ec2")
        self.vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.77.0.0/20", AvailabilityZone=self.zone)
        self.subnet = subnet["Subnet"]["SubnetId"]

    def admin(self, service: str) -> t.Any:
        return self.aws.client(service)

    def operator(self, service: str) -> t.Any:
        return self.aws.client(service, **self.keys)

    # What each maker puts into an account: it makes one with these tags, and returns the call that removes it.

    def volume(self, tags: t.Mapping[str, str]) -> Call:
        made = self.admin("ec2").create_volume(
            AvailabilityZone=self.zone,
            Size=1,
            TagSpecifications=[{"ResourceType": "volume", "Tags": pairs(tags)}],
        )
        return lambda: self.operator("ec2").delete_volume(VolumeId=made["VolumeId"])

    def instance(self, tags: t.Mapping[str, str]) -> Call:
        made = self.admin("ec2").run_instances(
            ImageId="ami-0a1b2c3d4e5f60718",
            MinCount=1,
            MaxCount=1,
            InstanceType="m6i.large",
            SubnetId=self.subnet,
            TagSpecifications=[{"ResourceType": "instance", "Tags": pairs(tags)}],
        )
        return lambda: self.operator("ec2").terminate_instances(InstanceIds=[made["Instances"][0]["InstanceId"]])

    def _group(self, tags: t.Mapping[str, str]) -> str:
        ec2 = self.admin("ec2")
        name = "-".join(tags.values()) + str(len(ec2.describe_security_groups()["SecurityGroups"]))
        made = ec2.create_security_group(GroupName=name, Description="a group", VpcId=self.vpc)["GroupId"]
        ec2.create_tags(Resources=[made], Tags=pairs(tags))
        return str(made)

    def group(self, tags: t.Mapping[str, str]) -> Call:
        made = self._group(tags)
        return lambda: self.operator("ec2").delete_security_group(GroupId=made)

    def rule(self, tags: t.Mapping[str, str]) -> Call:
        made = self._group(tags)
        rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "10.77.0.0/16"}]}
        self.admin("ec2").authorize_security_group_ingress(GroupId=made, IpPermissions=[rule])
        return lambda: self.operator("ec2").revoke_security_group_ingress(GroupId=made, IpPermissions=[rule])

    def interface(self, tags: t.Mapping[str, str]) -> Call:
        made = self.admin("ec2").create_network_interface(
            SubnetId=self.subnet, TagSpecifications=[{"ResourceType": "network-interface", "Tags": pairs(tags)}]
        )["NetworkInterface"]["NetworkInterfaceId"]
        return lambda: self.operator("ec2").delete_network_interface(NetworkInterfaceId=made)

    def balancer(self, tags: t.Mapping[str, str]) -> Call:
        elb = self.admin("elbv2")
        name = f"b{len(elb.describe_load_balancers()['LoadBalancers'])}"
        made = elb.create_load_balancer(
            Name=name, Type="network", Scheme="internal", Subnets=[self.subnet], Tags=pairs(tags)
        )["LoadBalancers"][0]["LoadBalancerArn"]
        return lambda: self.operator("elbv2").delete_load_balancer(LoadBalancerArn=made)

    def targets(self, tags: t.Mapping[str, str]) -> Call:
        elb = self.admin("elbv2")
        name = f"t{len(elb.describe_target_groups()['TargetGroups'])}"
        made = elb.create_target_group(Name=name, Protocol="TCP", Port=80, VpcId=self.vpc, Tags=pairs(tags))
        arn = made["TargetGroups"][0]["TargetGroupArn"]
        return lambda: self.operator("elbv2").delete_target_group(TargetGroupArn=arn)


@pytest.fixture(scope="module")
def account(aws: t.Any) -> Account:
    return Account(aws)


def is_denied(call: Call) -> bool:
    """Whether IAM rejects a call; any other answer means that it let it through."""
    try:
        call()
    except exceptions.ClientError as error:
        code: str = error.response["Error"]["Code"]
        if code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"):
            return True
        raise
    return False


# kind of thing → the tags by which controllers mark it, with the cluster's name to be filled in.
MARKS: dict[str, list[dict[str, str]]] = {
    "volume": [
        {"kubernetes.io/cluster/NAME": "owned"},
        {"KubernetesCluster": "NAME"},
        {"cloudburst:burst": "NAME", "cloudburst:data": "remove"},
    ],
    "instance": [
        {"kubernetes.io/cluster/NAME": "owned", "karpenter.sh/nodepool": "default"},
        {"eks:cluster-name": "NAME"},
        {"aws:eks:cluster-name": "NAME"},
    ],
    "group": [
        {"kubernetes.io/cluster/NAME": "owned"},
        {"elbv2.k8s.aws/cluster": "NAME"},
        {"aws:eks:cluster-name": "NAME"},
    ],
    "rule": [
        {"cloudburst:burst": "NAME"},
        {"elbv2.k8s.aws/cluster": "NAME"},
        {"aws:eks:cluster-name": "NAME"},
    ],
    "interface": [
        {"cluster.k8s.amazonaws.com/name": "NAME", "node.k8s.amazonaws.com/instance_id": "i-0a"},
        {"kubernetes.io/cluster/NAME": "owned", "node.k8s.amazonaws.com/instance_id": "i-0a"},
    ],
    "balancer": [
        {"kubernetes.io/cluster/NAME": "owned", "kubernetes.io/service-name": "shop/web"},
        {"elbv2.k8s.aws/cluster": "NAME"},
    ],
    "targets": [
        {"kubernetes.io/cluster/NAME": "owned", "kubernetes.io/service-name": "shop/web"},
        {"elbv2.k8s.aws/cluster": "NAME"},
    ],
}


@pytest.mark.parametrize(
    ("kind", "mark"),
    [(kind, mark) for kind, marks in MARKS.items() for mark in marks],
    ids=[f"{kind}-{next(iter(mark))}" for kind, marks in MARKS.items() for mark in marks],
)
def test_what_a_second_cluster_left_is_out_of_reach(account: Account, kind: str, mark: dict[str, str]) -> None:
    def of(cluster: str) -> dict[str, str]:
        return {key.replace("NAME", cluster): value.replace("NAME", cluster) for key, value in mark.items()}

    assert is_denied(getattr(account, kind)(of("mars")))
    assert is_denied(getattr(account, kind)(of("vulcan-2")))
    assert not is_denied(getattr(account, kind)(of("vulcan")))


def test_a_volume_that_nobody_has_named_is_out_of_reach(account: Account) -> None:
    tags = {"kubernetes.io/created-for/pvc/name": "orders", "ebs.csi.aws.com/cluster": "true"}
    assert is_denied(account.volume(tags))


def test_log_groups(account: Account) -> None:
    logs = account.admin("logs")
    for cluster in ("mars", "vulcan"):
        logs.create_log_group(logGroupName=f"/aws/eks/{cluster}/cluster", tags={"cloudburst:burst": cluster})
    delete = account.operator("logs").delete_log_group
    assert is_denied(lambda: delete(logGroupName="/aws/eks/mars/cluster"))
    assert not is_denied(lambda: delete(logGroupName="/aws/eks/vulcan/cluster"))


# What a stack of the burst's name might hold that is about a second cluster; IAM rejects each of it.
OTHERS: dict[str, t.Callable[[Account], dict[str, t.Any]]] = {
    "access entry": lambda account: {
        "Type": "AWS::EKS::AccessEntry",
        "Properties": {
            "ClusterName": "mars",
            "PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/operator",
            "AccessPolicies": [
                {
                    "PolicyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
                    "AccessScope": {"Type": "cluster"},
                }
            ],
        },
    },
    "rule": lambda account: {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {
            **{"GroupId": account._group({"kubernetes.io/cluster/mars": "owned"}), "IpProtocol": "tcp"},
            **{"FromPort": 443, "ToPort": 443, "CidrIp": "203.0.113.0/24"},
        },
    },
    "subnet": lambda account: {
        "Type": "AWS::EC2::Subnet",
        "Properties": {
            **{"VpcId": account.vpc, "CidrBlock": "10.77.16.0/20", "AvailabilityZone": account.zone},
            "Tags": pairs({"cloudburst:burst": "vulcan"}),
        },
    },
    "route": lambda account: {
        "Type": "AWS::EC2::Route",
        "Properties": {
            "RouteTableId": account.admin("ec2").create_route_table(VpcId=account.vpc)["RouteTable"]["RouteTableId"],
            "DestinationCidrBlock": "0.0.0.0/0",
            "GatewayId": account.admin("ec2").create_internet_gateway()["InternetGateway"]["InternetGatewayId"],
        },
    },
    "role": lambda account: {
        "Type": "AWS::IAM::Role",
        "Properties": {"RoleName": "cloudburst-mars-NodeRole-X", "AssumeRolePolicyDocument": {"Statement": []}},
    },
    "role of a burst whose name begins alike": lambda account: {
        "Type": "AWS::IAM::Role",
        "Properties": {"RoleName": "cloudburst-vulcan-2-NodeRole-X", "AssumeRolePolicyDocument": {"Statement": []}},
    },
    "cluster": lambda account: {
        "Type": "AWS::EKS::Cluster",
        "Properties": {
            **{"Name": "mars", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/cloudburst-vulcan-ClusterRole-X"},
            "ResourcesVpcConfig": {"SubnetIds": [account.subnet]},
            "Tags": pairs({"cloudburst:burst": "mars"}),
        },
    },
}


@pytest.mark.parametrize("what", OTHERS)
def test_a_stack_can_do_nothing_to_a_second_cluster(account: Account, what: str) -> None:
    template = json.dumps({"Resources": {"Theirs": OTHERS[what](account)}})
    created = account.operator("cloudformation").create_stack(
        StackName="cloudburst-vulcan",
        TemplateBody=template,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        OnFailure="DELETE",
    )
    _status, events = account.aws.end(created["StackId"])
    failed = [event for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    assert [event["LogicalResourceId"] for event in failed] == ["Theirs"]
    assert "not authorized" in failed[0]["ResourceStatusReason"], failed


@pytest.mark.parametrize("egress", ["nat", "endpoints", "datacenter"])
def test_they_are_enough_for_the_stack(account: Account, egress: str) -> None:
    stacks = account.operator("cloudformation")
    template = render(eks_stack_node_egress=egress, __eks_stack_admin_arns=[f"arn:aws:iam::{ACCOUNT}:user/operator"])
    created = stacks.create_stack(
        StackName="cloudburst-vulcan",
        TemplateBody=template,
        Parameters=[{"ParameterKey": "Zones", "ParameterValue": f"{REGION}a,{REGION}b"}],
        Capabilities=["CAPABILITY_IAM"],
        OnFailure="DO_NOTHING",
    )
    status, events = account.aws.end(created["StackId"])
    assert status == "CREATE_COMPLETE", [event for event in events if "FAILED" in event["ResourceStatus"]]
    stacks.delete_stack(StackName=created["StackId"])
    status, events = account.aws.end(created["StackId"])
    assert status == "DELETE_COMPLETE", [event for event in events if "FAILED" in event["ResourceStatus"]]


def test_a_second_bursts_stack_is_out_of_reach(account: Account) -> None:
    made = account.aws.create({"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.88.0.0/16"}}})
    assert account.aws.end(made)[0] == "CREATE_COMPLETE"
    stacks = account.operator("cloudformation")
    assert is_denied(lambda: stacks.delete_stack(StackName="cloudburst-test"))
    assert is_denied(lambda: stacks.describe_stacks(StackName="cloudburst-test"))
    account.aws.delete(made)
