# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creates what a burst's cluster would leave behind in AWS, and similar resources of others:
`python3 -m labkit.aws_leftovers put|check|clear FILE`, on the management host.

What is put is remembered in FILE. `check` says what of the burst is still there and what of the others is gone, and
ends with 1 if anything is. Without FILE, there is nothing to be checked.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
import typing as t
from pathlib import Path

from labkit.errors import LabError

BURST = "vulcan"
OWN = {f"kubernetes.io/cluster/{BURST}": "owned"}
SERVICE = {**OWN, "kubernetes.io/service-name": "shop/web"}
CNI = {"cluster.k8s.amazonaws.com/name": BURST, "node.k8s.amazonaws.com/instance_id": "i-0a1b2c3d4e5f60718"}


class Account:
    """The account as its administrator sees it."""

    def __init__(self) -> None:
        import boto3

        session = boto3.Session(profile_name="admin")
        self.ec2, self.elb, self.elbv2 = session.client("ec2"), session.client("elb"), session.client("elbv2")
        self.logs = session.client("logs")
        self.zone = f"{session.region_name}a"

    def interface(self, subnet: str, tags: t.Mapping[str, str], *, attached: bool) -> str:
        """A network interface of a node."""
        made = self.ec2.create_network_interface(
            SubnetId=subnet,
            Description="aws-K8S-i-0a1b2c3d4e5f60718",
            TagSpecifications=[{"ResourceType": "network-interface", "Tags": pairs(tags)}],
        )["NetworkInterface"]["NetworkInterfaceId"]
        if attached:
            self.ec2.attach_network_interface(NetworkInterfaceId=made, InstanceId="i-0a1b2c3d4e5f60718", DeviceIndex=1)
        return str(made)

    def volume(self, tags: t.Mapping[str, str]) -> str:
        """A disk."""
        specification = {"ResourceType": "volume", "Tags": pairs(tags)}
        made = self.ec2.create_volume(
            AvailabilityZone=self.zone, Size=20, VolumeType="gp3", TagSpecifications=[specification]
        )
        return str(made["VolumeId"])

    def group(self, name: str, vpc: str, tags: t.Mapping[str, str]) -> str:
        """A security group."""
        made = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        self.ec2.create_tags(Resources=[made], Tags=pairs(tags))
        return str(made)

    def alive(self) -> set[str]:
        """Ids of everything of these kinds."""
        return {
            *(row["NetworkInterfaceId"] for row in self.ec2.describe_network_interfaces()["NetworkInterfaces"]),
            *(row["GroupId"] for row in self.ec2.describe_security_groups()["SecurityGroups"]),
            *(row["VolumeId"] for row in self.ec2.describe_volumes()["Volumes"]),
            *(row["SnapshotId"] for row in self.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]),
            *(row["VpcEndpointId"] for row in self.ec2.describe_vpc_endpoints()["VpcEndpoints"]),
            *(row["VpcId"] for row in self.ec2.describe_vpcs()["Vpcs"]),
            *(row["SubnetId"] for row in self.ec2.describe_subnets()["Subnets"]),
            *(row["LoadBalancerArn"] for row in self.elbv2.describe_load_balancers()["LoadBalancers"]),
            *(row["TargetGroupArn"] for row in self.elbv2.describe_target_groups()["TargetGroups"]),
            *(row["LoadBalancerName"] for row in self.elb.describe_load_balancers()["LoadBalancerDescriptions"]),
            *(row["logGroupName"] for row in self.logs.describe_log_groups()["logGroups"]),
        }


def pairs(tags: t.Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as AWS's calls take them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def own(account: Account) -> list[str]:
    """What nodes and EKS leave behind: a free interface, one that is freed only when its node is deleted, and logs."""
    filters = [{"Name": "tag:cloudburst:burst", "Values": [BURST]}]
    subnets = account.ec2.describe_subnets(Filters=filters)["Subnets"]
    subnet = sorted(subnets, key=lambda each: str(each["CidrBlock"]))[0]["SubnetId"]
    names = [f"/aws/eks/{BURST}/cluster", f"/aws/containerinsights/{BURST}/performance"]
    for name in names:
        account.logs.create_log_group(logGroupName=name)
    return [
        account.interface(subnet, CNI, attached=False),
        account.interface(subnet, CNI, attached=True),
        *names,
    ]


def guarded(account: Account, switch: Path) -> list[str]:
    """What GuardDuty makes where the nodes are, once an organisation has turned it on for all of its accounts."""
    switch.write_text(json.dumps({"guardduty": True}))
    end = time.monotonic() + 30
    while not (made := account.ec2.describe_vpc_endpoints()["VpcEndpoints"]):
        if time.monotonic() > end:
            raise LabError("GuardDuty has made no end point within 30 s")
        time.sleep(0.2)
    groups = account.ec2.describe_security_groups()["SecurityGroups"]
    names = [f"GuardDutyManagedSecurityGroup-{row['VpcId']}" for row in made]
    return [
        *(row["VpcEndpointId"] for row in made),
        *(row["GroupId"] for row in groups if row["GroupName"] in names),
    ]


def alike(account: Account) -> list[str]:
    """Things of others, in a VPC of their own. Many carry the very tags of the burst's cluster."""
    vpc = account.ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    subnet = account.ec2.create_subnet(VpcId=vpc, CidrBlock="10.99.0.0/20", AvailabilityZone=account.zone)
    place = subnet["Subnet"]["SubnetId"]
    group = account.group(f"k8s-elb-{BURST}", vpc, OWN)
    account.elb.create_load_balancer(
        LoadBalancerName=f"{BURST}-web",
        Listeners=[{"Protocol": "tcp", "LoadBalancerPort": 80, "InstancePort": 30080}],
        Subnets=[place],
        SecurityGroups=[group],
        Tags=pairs(SERVICE),
    )
    balancer = account.elbv2.create_load_balancer(
        Name=f"k8s-{BURST}", Type="network", Scheme="internal", Subnets=[place], Tags=pairs(SERVICE)
    )
    targets = account.elbv2.create_target_group(
        Name=f"k8s-{BURST}", Protocol="TCP", Port=80, VpcId=vpc, Tags=pairs(SERVICE)
    )
    disk = {"kubernetes.io/created-for/pvc/name": "orders", "ebs.csi.aws.com/cluster": "true"}
    names = [f"/aws/eks/{BURST}-2/cluster", f"/aws/eks/{BURST}/audit", f"/aws/containerinsights/{BURST}-2/host"]
    for name in names:
        account.logs.create_log_group(logGroupName=name)
    # In the order in which they can go.
    return [
        f"{BURST}-web",
        str(balancer["LoadBalancers"][0]["LoadBalancerArn"]),
        str(targets["TargetGroups"][0]["TargetGroupArn"]),
        account.interface(place, CNI, attached=False),
        account.volume({**disk, "kubernetes.io/cluster/mars": "owned"}),
        account.volume({**disk, **OWN, "kubernetes.io/cluster/mars": "owned"}),
        account.volume({"Name": BURST}),
        *names,
        group,
        place,
        str(vpc),
    ]


def switch_of(file: Path) -> Path:
    """What says whether GuardDuty is turned on (labkit.aws.guardduty), in the state that FILE is in."""
    return file.parent / "aws" / "organisation.json"


def put(file: Path) -> int:
    """Put everything there, and remember it."""
    account = Account()
    things = {"own": [*own(account), *guarded(account, switch_of(file))], "alike": alike(account)}
    file.write_text(json.dumps(things))
    return 0


def check(file: Path) -> int:
    """Check that the burst's resources are deleted and all others exist; 1 if not."""
    if not file.exists():
        return 0
    remembered, alive = json.loads(file.read_text()), Account().alive()
    wrong = [f"still there: {thing}" for thing in remembered["own"] if thing in alive]
    wrong += [f"gone, and it was not the burst's: {thing}" for thing in remembered["alike"] if thing not in alive]
    print("\n".join(wrong) or f"{len(remembered['own'])} things are gone, {len(remembered['alike'])} are there")
    return 1 if wrong else 0


def clear(file: Path) -> int:
    """Take away what was put there, and what of the burst's data was kept."""
    import botocore.exceptions

    if not file.exists():
        return 0
    account = Account()
    switch_of(file).unlink(missing_ok=True)
    filters = [{"Name": "tag-key", "Values": [*OWN, "cloudburst:burst"]}]
    kept = [row["VolumeId"] for row in account.ec2.describe_volumes(Filters=filters)["Volumes"]]
    kept += [row["SnapshotId"] for row in account.ec2.describe_snapshots(Filters=filters)["Snapshots"]]
    things = [*json.loads(file.read_text())["alike"], *kept]
    calls: tuple[tuple[str, t.Callable[[str], t.Any]], ...] = (
        ("arn:aws:elasticloadbalancing", lambda thing: _elbv2(account, thing)),
        ("eni-", lambda thing: account.ec2.delete_network_interface(NetworkInterfaceId=thing)),
        ("snap-", lambda thing: account.ec2.delete_snapshot(SnapshotId=thing)),
        ("vol-", lambda thing: account.ec2.delete_volume(VolumeId=thing)),
        ("/aws/", lambda thing: account.logs.delete_log_group(logGroupName=thing)),
        ("sg-", lambda thing: account.ec2.delete_security_group(GroupId=thing)),
        ("subnet-", lambda thing: account.ec2.delete_subnet(SubnetId=thing)),
        ("vpc-", lambda thing: account.ec2.delete_vpc(VpcId=thing)),
        ("", lambda thing: account.elb.delete_load_balancer(LoadBalancerName=thing)),
    )
    while left := [thing for thing in dict.fromkeys(things) if thing in account.alive()]:
        for thing in left:
            # The interfaces of load balancers outlive them by a little.
            with contextlib.suppress(botocore.exceptions.ClientError):
                next(call for prefix, call in calls if thing.startswith(prefix))(thing)
    file.unlink()
    return 0


def _elbv2(account: Account, arn: str) -> None:
    if ":targetgroup/" in arn:
        account.elbv2.delete_target_group(TargetGroupArn=arn)
    else:
        account.elbv2.delete_load_balancer(LoadBalancerArn=arn)


def main() -> int:
    """Returns the exit status."""
    description = "What a burst leaves in AWS, and what looks like it"
    parser = argparse.ArgumentParser(prog="aws_leftovers", description=description)
    parser.add_argument("command", choices=("put", "check", "clear"))
    parser.add_argument("file", type=Path, help="where it is remembered")
    arguments = parser.parse_args()
    return {"put": put, "check": check, "clear": clear}[arguments.command](arguments.file)


if __name__ == "__main__":
    sys.exit(main())
