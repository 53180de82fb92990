# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role eks_stack on its way back, with what Kubernetes has made in the way, against the lab's AWS."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import subprocess
import sys
import threading
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.tests.unit.lab.plugins.burst_stack import BURST, CLUSTER, NETWORK, REGION

pytest.importorskip("ansible_collections.amazon.aws")
botocore_exceptions = pytest.importorskip("botocore.exceptions")

EARTH, MARS = "5c1b7d2e-7f0a-4b8e-9a53-0d6c1e2f3a4b", "9f3e0c55-1d24-4a1c-8a10-3b7a6f0c2d11"
TAGS = {"cloudburst:burst": "vulcan", "cloudburst:owner": EARTH}
CNI = {"cluster.k8s.amazonaws.com/name": "vulcan", "node.k8s.amazonaws.com/instance_id": "i-0a1b2c3d4e5f60718"}


class Role:
    """The role, run by Ansible."""

    def __init__(self, aws: t.Any, directory: Path, stack: dict[str, t.Any] | None = None) -> None:
        self.aws = aws
        self.ec2 = aws.client("ec2")
        self._directory = directory
        # Those that it depends on, Ansible finds beside itself.
        place = directory / "ansible_collections" / "cloudburst"
        place.mkdir(parents=True)
        (place / "federation").symlink_to(Path(__file__).resolve().parents[4])
        made = aws.create(NETWORK if stack is None else stack, name="cloudburst-vulcan", tags=TAGS)
        status, self.events = aws.end(made)
        assert status == "CREATE_COMPLETE", self.events

    def made(self, logical_id: str) -> str:
        """The physical id of something in the stack."""
        done = [e for e in self.events if e["ResourceStatus"] == "CREATE_COMPLETE"]
        return next(str(e["PhysicalResourceId"]) for e in done if e["LogicalResourceId"] == logical_id)

    def interface(self, *, attached: bool) -> str:
        """A network interface of a node in the stack's subnet."""
        made = self.ec2.create_network_interface(
            SubnetId=self.made("SubnetA"),
            Description="aws-K8S-i-0a1b2c3d4e5f60718",
            TagSpecifications=[
                {
                    "ResourceType": "network-interface",
                    "Tags": [{"Key": key, "Value": value} for key, value in CNI.items()],
                }
            ],
        )["NetworkInterface"]["NetworkInterfaceId"]
        if attached:
            self.ec2.attach_network_interface(NetworkInterfaceId=made, InstanceId="i-0a1b2c3d", DeviceIndex=1)
        return str(made)

    def run(
        self,
        *words: str,
        name: str = "eks_stack",
        keys: dict[str, str] | None = None,
        begin: bool = False,
        **variables: t.Any,
    ) -> tuple[int, str]:
        """Run it, or another role, with the administrator's keys or these; exit status and output.

        :param begin: run its entry point begin_deletion before.
        """
        admin = self.aws.keys["admin"]
        access = {
            "endpoint_url": f"https://127.0.0.1:{self.aws.port}",
            "aws_ca_bundle": str(self.aws.directory / "ca.crt"),
            "access_key": admin["aws_access_key_id"],
            "secret_key": admin["aws_secret_access_key"],
            **(keys or {}),
        }
        settings = {
            **{"eks_stack_state": "absent", "eks_stack_name": "vulcan", "eks_stack_region": REGION},
            **{"eks_stack_wait_sleep": 1, "eks_stack_zones": [], "eks_stack_local_networks": []},
            **{"eks_stack_firewall_address": "203.0.113.10", "eks_stack_owner": EARTH, **variables},
        }
        role = {"name": f"cloudburst.federation.{name}"}
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "module_defaults": {"group/cloudburst.federation.aws": access},
            "pre_tasks": [{"ansible.builtin.include_role": {**role, "tasks_from": "begin_deletion"}, "vars": settings}]
            if begin
            else [],
            "tasks": [{"ansible.builtin.include_role": role, "vars": settings}],
        }
        playbook = self._directory / "play.yml"
        playbook.write_text(json.dumps([play]))
        done = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", playbook, *words],
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": f"{self._directory}:{os.environ.get('ANSIBLE_COLLECTIONS_PATH', '')}",
                "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
                "ANSIBLE_HOME": str(self._directory),
                "NO_COLOR": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def role(aws: t.Any, tmp_path: Path) -> t.Iterator[Role]:
    """The role, with a stack to take away."""
    made = Role(aws, tmp_path)
    yield made
    for interface in made.ec2.describe_network_interfaces()["NetworkInterfaces"]:
        if interface.get("Attachment"):
            made.ec2.detach_network_interface(AttachmentId=interface["Attachment"]["AttachmentId"])
        made.ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    aws.delete("cloudburst-vulcan")
    for stack in aws.client("cloudformation").describe_stacks()["Stacks"]:
        aws.end(stack["StackId"])


def test_it_takes_away_what_is_in_the_way(role: Role) -> None:
    free = role.interface(attached=False)
    status, output = role.run("--check")
    assert status == 0, output
    assert "Remove network interface aws-K8S-i-0a1b2c3d4e5f60718 (tag cluster.k8s.amazonaws.com/name=vulcan)" in output
    assert "Remove SubnetA (AWS::EC2::Subnet)" in output
    assert [each["NetworkInterfaceId"] for each in role.ec2.describe_network_interfaces()["NetworkInterfaces"]] == [
        free
    ]
    status, output = role.run()
    assert status == 0, output
    assert role.aws.client("cloudformation").describe_stacks()["Stacks"] == []
    status, output = role.run()
    assert status == 0, output
    assert "changed=0" in output


def test_the_stack_goes_while_other_work_is_done(role: Role) -> None:
    role.interface(attached=False)
    durations = role.aws.directory / "durations.json"
    durations.write_text(json.dumps({"types": {"AWS::EC2::Subnet": {"delete": 4}}, "profile": "instant"}))
    try:
        status, output = role.run(begin=True)
    finally:
        durations.write_text(json.dumps({"profile": "instant"}))
    assert status == 0, output
    before, told, after = output.partition("begin_deletion | Tell AWS to delete the stack")
    assert told
    assert "Remove what has the cluster's tags" in before
    assert "delete | Delete the stack" in after
    assert role.aws.client("cloudformation").describe_stacks()["Stacks"] == []
    status, output = role.run(begin=True)
    assert status == 0, output
    assert "changed=0" in output


def test_what_comes_free_with_the_nodes_is_taken_away_and_the_stack_deleted_again(role: Role) -> None:
    interface = role.interface(attached=True)
    attachment = role.ec2.describe_network_interfaces()["NetworkInterfaces"][0]["Attachment"]["AttachmentId"]
    client = role.aws.client("cloudformation")

    def let_go() -> None:
        while client.describe_stacks(StackName="cloudburst-vulcan")["Stacks"][0]["StackStatus"] != "DELETE_FAILED":
            time.sleep(0.1)
        role.ec2.detach_network_interface(AttachmentId=attachment)

    thread = threading.Thread(target=let_go, daemon=True)
    thread.start()
    status, output = role.run()
    assert status == 0, output
    assert (
        "The stack cloudburst-vulcan could not be deleted (DELETE_FAILED): SubnetA (AWS::EC2::Subnet subnet-" in output
    )
    assert client.describe_stacks()["Stacks"] == []
    thread.join()
    assert interface not in str(role.ec2.describe_network_interfaces()["NetworkInterfaces"])


def test_what_stays_in_the_way_is_named(role: Role) -> None:
    role.interface(attached=True)
    status, output = role.run()
    assert status == 2, output
    last = output.rpartition("TASK [")[2]
    assert "could not be deleted (DELETE_FAILED): SubnetA (AWS::EC2::Subnet subnet-" in last
    assert "has dependencies and cannot be deleted" in last


def test_what_nobody_wanted_to_keep_fails_the_role(role: Role) -> None:
    address = role.ec2.allocate_address(Domain="vpc")["AllocationId"]
    role.ec2.create_tags(Resources=[address], Tags=[BURST])
    try:
        status, output = role.run()
        assert status == 2, output
        assert f"elastic-ip {address} arn:aws:ec2:{REGION}:000000000000:elastic-ip/{address}: about 3.65 USD" in output
        assert f"remain and still cost money: {address}. Remove them by hand" in output.replace("\n", " ")
        status, output = role.run(eks_stack_leftovers="report")
        assert status == 0, output
        assert "Together about 3.65 USD a month" in output
    finally:
        role.ec2.release_address(AllocationId=address)


class Organisation:
    """What has GuardDuty in all of its accounts, and a stack with nodes that it guards."""

    def __init__(self, aws: t.Any, directory: Path) -> None:
        self._aws = aws
        self._switch = aws.directory / "organisation.json"
        self._durations = aws.directory / "durations.json"
        self.turn(on=True)
        self.role = Role(aws, directory, CLUSTER)
        self.vpc = self.role.made("Vpc")
        # An endpoint goes more slowly than nothing at all, on AWS faster than a cluster.
        self._durations.write_text('{"profile": "instant", "types": {"AWS::EKS::Cluster": {"delete": 12}}}')
        deadline = time.monotonic() + 20
        while not self.made():
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def turn(self, *, on: bool) -> None:
        """Turn it on or off."""
        self._switch.write_text(json.dumps({"guardduty": on}))

    def made(self) -> list[str]:
        """The services of the endpoints that there are."""
        return [each["ServiceName"] for each in self.role.ec2.describe_vpc_endpoints()["VpcEndpoints"]]

    def end(self) -> None:
        """Take everything away."""
        self.turn(on=False)
        self._durations.write_text('{"profile": "instant"}')
        client, ec2 = self._aws.client("cloudformation"), self.role.ec2
        deadline = time.monotonic() + 60
        while client.describe_stacks()["Stacks"]:
            assert time.monotonic() < deadline
            for each in ec2.describe_vpc_endpoints()["VpcEndpoints"]:
                ec2.delete_vpc_endpoints(VpcEndpointIds=[each["VpcEndpointId"]])
            for each in ec2.describe_security_groups()["SecurityGroups"]:
                if each["GroupName"].startswith("GuardDuty"):
                    with contextlib.suppress(botocore_exceptions.ClientError):
                        ec2.delete_security_group(GroupId=each["GroupId"])
            self._aws.delete("cloudburst-vulcan")
            self._aws.end(client.describe_stacks()["Stacks"][0]["StackId"])


@pytest.fixture
def organisation(aws: t.Any, tmp_path: Path) -> t.Iterator[Organisation]:
    """GuardDuty, turned on."""
    made = Organisation(aws, tmp_path)
    yield made
    made.end()


def test_what_guard_duty_has_made_is_not_in_the_way_of_the_stack(organisation: Organisation) -> None:
    role = organisation.role
    others = role.ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    group = role.ec2.create_security_group(GroupName="GuardDutyManagedSecurityGroup", Description="x", VpcId=others)
    role.ec2.create_tags(Resources=[group["GroupId"]], Tags=[{"Key": "GuardDutyManaged", "Value": "true"}])
    try:
        status, output = role.run("--check")
        assert status == 0, output
        sign = "(tag GuardDutyManaged=true, in the VPC of the burst)"
        assert f"Remove vpc endpoint com.amazonaws.{REGION}.guardduty-data {sign}" in output
        assert f"Remove security group GuardDutyManagedSecurityGroup-{organisation.vpc} {sign}" in output
        status, output = role.run()
        assert status == 0, output
        assert "DELETE_FAILED" not in output
        assert organisation.made() == []
        assert role.aws.client("cloudformation").describe_stacks()["Stacks"] == []
        left = role.ec2.describe_security_groups()["SecurityGroups"]
        assert [each["GroupId"] for each in left if each["GroupName"].startswith("GuardDuty")] == [group["GroupId"]]
    finally:
        role.ec2.delete_security_group(GroupId=group["GroupId"])
        role.ec2.delete_vpc(VpcId=others)


@pytest.mark.parametrize("words", [[], ["--check"]])
def test_another_data_centres_stack_is_left_alone_and_so_is_what_its_cluster_made(role: Role, words: list[str]) -> None:
    interface = role.interface(attached=False)
    status, output = role.run(*words, eks_stack_owner=MARS)
    assert status == 2, output
    said = " ".join(output.split())
    assert f"The stack cloudburst-vulcan belongs to {EARTH} (tag cloudburst:owner" in said
    assert f"take it over with burst_take_over={EARTH}" in said
    assert interface in str(role.ec2.describe_network_interfaces()["NetworkInterfaces"])
    (stack,) = role.aws.client("cloudformation").describe_stacks()["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"


def test_another_data_centres_cluster_is_not_cleaned_up_either(role: Role) -> None:
    settings: dict[str, t.Any] = {"name": "eks_cleanup", "eks_cleanup_name": "vulcan", "eks_cleanup_region": REGION}
    rejected = [(MARS, f"and this is {MARS}"), ("", "set eks_stack_owner (eks_cleanup_owner)")]
    for owner, said in rejected:
        status, output = role.run(**settings, eks_cleanup_owner=owner)
        assert status == 2, output
        assert f"The stack cloudburst-vulcan belongs to {EARTH} (tag cloudburst:owner" in " ".join(output.split())
        assert said in " ".join(output.split())
    status, output = role.run(**settings, eks_cleanup_owner=MARS, eks_cleanup_take_over=EARTH)
    assert status == 0, output
    assert "Clean up what the cluster created on AWS" in output
    (stack,) = role.aws.client("cloudformation").describe_stacks()["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize("own", [True, False])
def test_whose_cluster_there_is(aws: t.Any, tmp_path: Path, own: bool) -> None:
    """Somebody else's of the burst's name is neither cleaned up nor given a token."""
    cluster = copy.deepcopy(CLUSTER)
    del cluster["Nodes"]
    if not own:
        del cluster["Cluster"]["Properties"]["Tags"]
    role = Role(aws, tmp_path, NETWORK)
    somebodys = aws.create({**cluster, "Vpc": cluster["Vpc"]}, name="somebodys")
    try:
        assert aws.end(somebodys)[0] == "CREATE_COMPLETE"
        settings: dict[str, t.Any] = {
            "eks_cleanup_name": "vulcan",
            "eks_cleanup_region": REGION,
            "eks_cleanup_owner": EARTH,
        }
        status, output = role.run("-v", name="eks_cleanup", eks_cleanup_wait_timeout=5, **settings)
        assert status == 0, output
        assert f'"eks_cleanup_has_cluster": {json.dumps(own)}' in output
        assert f'"eks_cleanup_is_anothers": {json.dumps(not own)}' in output
    finally:
        for stack in (somebodys, "cloudburst-vulcan"):
            aws.delete(stack)
        for row in aws.client("cloudformation").describe_stacks()["Stacks"]:
            aws.end(row["StackId"])


def test_it_is_taken_over_by_its_owners_name(role: Role) -> None:
    status, output = role.run(eks_stack_owner=MARS, eks_stack_take_over=EARTH)
    assert status == 0, output
    assert role.aws.client("cloudformation").describe_stacks()["Stacks"] == []


def test_a_caller_from_identity_center_administers_the_cluster(role: Role) -> None:
    path, name = f"/aws-reserved/sso.amazonaws.com/{REGION}/", "AWSReservedSSO_Operators_0a1b2c3d4e5f6071"
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    trusting, allowing = (json.dumps({"Version": "2012-10-17", "Statement": [each]}) for each in (trust, everything))
    iam = role.aws.client("iam")
    arn = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trusting)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=allowing)
    given = role.aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="ada@example.com")["Credentials"]
    keys = {
        "access_key": given["AccessKeyId"],
        "secret_key": given["SecretAccessKey"],
        "session_token": given["SessionToken"],
    }
    plan: dict[str, t.Any] = {
        "eks_stack_state": "present",
        "eks_stack_name": "saturn",
        "eks_stack_zones": [f"{REGION}a", f"{REGION}b"],
        "eks_stack_local_networks": ["10.10.0.0/24"],
    }
    status, output = role.run("--check", "--diff", keys=keys, **plan)
    assert status == 0, output
    assert f'PrincipalArn: "arn:aws:iam::000000000000:role{path}{name}"' in output
