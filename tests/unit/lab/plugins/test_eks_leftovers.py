# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a burst's cluster leaves in AWS, among things that look like it: against the lab's AWS, by a user who has the
policies of the documentation."""

from __future__ import annotations

import contextlib
import json
import time
import types
import typing as t
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup.api import SERVICES, Api
from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup.sweep import Sweep
from ansible_collections.cloudburst.federation.plugins.module_utils._costs.prices import Prices
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import TerminalState
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.wait import Waiter
from ansible_collections.cloudburst.federation.tests.unit.lab.plugins.burst_stack import BURST, CLUSTER, REGION
from labkit.aws import identity

botocore_exceptions = pytest.importorskip("botocore.exceptions")

POLICIES = Path(__file__).resolve().parents[4] / "roles" / "eks_stack" / "files"
# As the EBS driver marks a disk when it is not told the cluster's name, which is how its Helm chart installs it
# (https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/tagging.md).
DRIVER = {
    "ebs.csi.aws.com/cluster": "true",
    "CSIVolumeName": "pvc-a3ab0567-3a48-4608-8cb6-4e3b1485c808",
    "kubernetes.io/created-for/pvc/name": "orders",
    "kubernetes.io/created-for/pvc/namespace": "shop",
}
OWN = {"kubernetes.io/cluster/vulcan": "owned"}
OTHER = {"kubernetes.io/cluster/mars": "owned"}
# Everything that looks like a thing of the burst's and is none, in the burst's own VPC.
ALIKE: dict[str, dict[str, str]] = {
    "of another cluster": OTHER,
    "of two clusters": {**OWN, **OTHER},
    "of a longer name": {"kubernetes.io/cluster/vulcan-2": "owned"},
    "shared": {"kubernetes.io/cluster/vulcan": "shared"},
    "of another burst": {**OWN, "cloudburst:burst": "mars"},
    "without a tag": {"Name": "vulcan", "team": "kubernetes.io/cluster/vulcan"},
}


STACK: dict[str, t.Any] = {
    **CLUSTER,
    "Doors": {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupDescription": "doors", "VpcId": {"Ref": "Vpc"}, "Tags": [BURST]},
    },
}


def pairs(tags: t.Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class World:
    """The burst's stack, another VPC, and what is put into both."""

    def __init__(self, aws: t.Any) -> None:
        self.aws = aws
        self.clients = {service: aws.client(service) for service in SERVICES}
        self.user = self._user()
        self.stack_id = aws.create(STACK, name="cloudburst-vulcan", tags={BURST["Key"]: BURST["Value"]})
        status, events = aws.end(self.stack_id)
        assert status == "CREATE_COMPLETE", events
        done = [event for event in events if event["ResourceStatus"] == "CREATE_COMPLETE"]
        self.made = {event["LogicalResourceId"]: event["PhysicalResourceId"] for event in done}
        ec2 = self.clients["ec2"]
        self.other_vpc = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
        zone = f"{REGION}a"
        other = ec2.create_subnet(VpcId=self.other_vpc, CidrBlock="10.99.0.0/20", AvailabilityZone=zone)
        self.other_subnet = other["Subnet"]["SubnetId"]

    def _user(self) -> dict[str, t.Any]:
        """Clients of somebody who may what the documentation says."""
        iam = self.aws.client("iam")
        with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_user(UserName="operator")
        for file in POLICIES.glob("iam-policy*.json"):
            document = json.dumps(identity.policy(file, "vulcan", "000000000000", REGION))
            iam.put_user_policy(UserName="operator", PolicyName=file.stem, PolicyDocument=document)
        key = iam.create_access_key(UserName="operator")["AccessKey"]
        keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        return {service: self.aws.client(service, **keys) for service in SERVICES}

    def sweep(self, *, check_mode: bool = False, volumes: bool = False, timeout: float = 60) -> tuple[t.Any, t.Any]:
        """A sweep by the user, and its run."""
        run = types.SimpleNamespace(
            module=types.SimpleNamespace(params={"wait": True}),
            waiter=Waiter(timeout=timeout, sleep=0.2),
            slice_state={},
            result={},
            check_mode=check_mode,
        )
        sweep = Sweep(t.cast("t.Any", run), Api(self.user), "vulcan", Prices(), remove_volumes=volumes)
        sweep.look()
        return sweep, run

    # ---- things

    def balancer(self, name: str, tags: t.Mapping[str, str], place: str = "") -> str:
        elb = self.clients["elbv2"]
        where = [place or self.made["SubnetA"]]
        made = elb.create_load_balancer(Name=name, Type="network", Scheme="internal", Subnets=where, Tags=pairs(tags))
        return str(made["LoadBalancers"][0]["LoadBalancerArn"])

    def classic(self, name: str, tags: t.Mapping[str, str], group: str = "", place: str = "") -> str:
        self.clients["elb"].create_load_balancer(
            LoadBalancerName=name,
            Listeners=[{"Protocol": "tcp", "LoadBalancerPort": 80, "InstancePort": 30080}],
            Subnets=[place or self.made["SubnetA"]],
            SecurityGroups=[group] if group else [],
            Tags=pairs(tags) or [{"Key": "a", "Value": "b"}],
        )
        return name

    def targets(self, name: str, tags: t.Mapping[str, str], vpc: str = "") -> str:
        made = self.clients["elbv2"].create_target_group(
            Name=name, Protocol="TCP", Port=80, VpcId=vpc or self.made["Vpc"], Tags=pairs(tags)
        )
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def group(self, name: str, tags: t.Mapping[str, str], vpc: str = "") -> str:
        ec2 = self.clients["ec2"]
        made = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc or self.made["Vpc"])["GroupId"]
        ec2.create_tags(Resources=[made], Tags=pairs(tags))
        return str(made)

    def interface(self, tags: t.Mapping[str, str], groups: t.Sequence[str] = (), place: str = "") -> str:
        made = self.clients["ec2"].create_network_interface(
            SubnetId=place or self.made["SubnetA"],
            Description="aws-K8S-i-0a1b2c3d",
            Groups=list(groups),
            TagSpecifications=[{"ResourceType": "network-interface", "Tags": pairs(tags)}],
        )
        return str(made["NetworkInterface"]["NetworkInterfaceId"])

    def volume(self, tags: t.Mapping[str, str]) -> str:
        made = self.clients["ec2"].create_volume(
            AvailabilityZone=f"{REGION}a",
            Size=20,
            VolumeType="gp3",
            TagSpecifications=[{"ResourceType": "volume", "Tags": pairs(tags)}],
        )
        return str(made["VolumeId"])

    def snapshot(self, volume: str, tags: t.Mapping[str, str]) -> str:
        specification = {"ResourceType": "snapshot", "Tags": pairs(tags)}
        made = self.clients["ec2"].create_snapshot(VolumeId=volume, TagSpecifications=[specification])
        return str(made["SnapshotId"])

    def instance(self, tags: t.Mapping[str, str], place: str = "") -> str:
        made = self.clients["ec2"].run_instances(
            ImageId="ami-0a1b2c3d4e5f60718",
            MinCount=1,
            MaxCount=1,
            InstanceType="m6i.large",
            SubnetId=place or self.made["SubnetA"],
            TagSpecifications=[{"ResourceType": "instance", "Tags": pairs(tags)}],
        )
        return str(made["Instances"][0]["InstanceId"])

    def log_group(self, name: str, tags: t.Mapping[str, str]) -> str:
        self.clients["logs"].create_log_group(logGroupName=name, tags=dict(tags))
        return name

    # ---- what there is

    def alive(self) -> set[str]:
        """Ids of all things of these kinds that there are."""
        ec2, elb, logs = (self.clients[name] for name in ("ec2", "elbv2", "logs"))
        classic = self.clients["elb"].describe_load_balancers()["LoadBalancerDescriptions"]
        reservations = ec2.describe_instances()["Reservations"]
        return {
            *(row["LoadBalancerArn"] for row in elb.describe_load_balancers()["LoadBalancers"]),
            *(row["LoadBalancerName"] for row in classic),
            *(row["TargetGroupArn"] for row in elb.describe_target_groups()["TargetGroups"]),
            *(row["GroupId"] for row in ec2.describe_security_groups()["SecurityGroups"]),
            *(row["NetworkInterfaceId"] for row in ec2.describe_network_interfaces()["NetworkInterfaces"]),
            *(row["VolumeId"] for row in ec2.describe_volumes()["Volumes"]),
            *(row["SnapshotId"] for row in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]),
            *(row["logGroupName"] for row in logs.describe_log_groups()["logGroups"]),
            *(i["InstanceId"] for r in reservations for i in r["Instances"] if i["State"]["Name"] != "terminated"),
        }

    def delete_stack(self) -> str:
        """Delete the stack as the user; its status in the end."""
        self.clients["cloudformation"].delete_stack(StackName=self.stack_id)
        return str(self.aws.end(self.stack_id)[0])


@pytest.fixture
def world(aws: t.Any) -> t.Iterator[World]:
    """A burst in a world of its own."""
    made = World(aws)
    nothing = made.alive()
    yield made
    deadline = time.monotonic() + 60
    gone = False
    while not gone:
        assert time.monotonic() < deadline, made.alive() - nothing
        for thing in made.alive() - nothing:
            remove(made, thing)
        with contextlib.suppress(botocore_exceptions.ClientError):
            made.clients["eks"].delete_nodegroup(clusterName="vulcan", nodegroupName="by-hand")
        gone = made.delete_stack() == "DELETE_COMPLETE"
    ec2 = made.clients["ec2"]
    ec2.delete_subnet(SubnetId=made.other_subnet)
    ec2.delete_vpc(VpcId=made.other_vpc)


def remove(world: World, thing: str) -> None:
    """Take away what a test has put there, without regard to whose it is."""
    ec2, elb = world.clients["ec2"], world.clients["elbv2"]
    calls: dict[str, t.Callable[[], t.Any]] = {
        "sg-": lambda: ec2.delete_security_group(GroupId=thing),
        "eni-": lambda: ec2.delete_network_interface(NetworkInterfaceId=thing),
        "vol-": lambda: ec2.delete_volume(VolumeId=thing),
        "snap-": lambda: ec2.delete_snapshot(SnapshotId=thing),
        "i-": lambda: ec2.terminate_instances(InstanceIds=[thing]),
        "/aws/": lambda: world.clients["logs"].delete_log_group(logGroupName=thing),
    }
    call = next((call for prefix, call in calls.items() if thing.startswith(prefix)), None)
    with contextlib.suppress(botocore_exceptions.ClientError):
        if call:
            call()
        elif ":targetgroup/" in thing:
            elb.delete_target_group(TargetGroupArn=thing)
        elif ":loadbalancer/" in thing:
            attribute = {"Key": "deletion_protection.enabled", "Value": "false"}
            elb.modify_load_balancer_attributes(LoadBalancerArn=thing, Attributes=[attribute])
            elb.delete_load_balancer(LoadBalancerArn=thing)
        else:
            world.clients["elb"].delete_load_balancer(LoadBalancerName=thing)


def put_look_alikes(world: World) -> set[str]:
    """Beside each kind of thing, things that are not the burst's; their ids."""
    found = set()
    for number, (what, tags) in enumerate(ALIKE.items()):
        cni = {**tags, "node.k8s.amazonaws.com/instance_id": "i-0a1b2c3d", "kubernetes.io/service-name": "shop/web"}
        disk = {**tags, **DRIVER}
        # A name that is the burst's own but for one sign.
        found |= {
            world.balancer(f"k8s-vulcan-{number}", cni),
            world.classic(f"vulcan{number}", cni),
            world.targets(f"k8s-vulcan-{number}", cni),
            world.group(f"k8s-elb-vulcan{number}", tags),
            world.interface(cni),
            (volume := world.volume(disk)),
            world.snapshot(volume, disk),
            world.instance({**tags, "karpenter.sh/nodepool": "default"}),
        }
        assert what
    found |= {
        # What carries the burst's tags, but lives in another VPC, was made for an earlier cluster of this name.
        world.balancer("k8s-before", {**OWN, "kubernetes.io/service-name": "shop/web"}, world.other_subnet),
        world.classic("before", {**OWN, "kubernetes.io/service-name": "shop/web"}, place=world.other_subnet),
        world.targets("k8s-before", {**OWN, "kubernetes.io/service-name": "shop/web"}, world.other_vpc),
        world.group("k8s-elb-before", OWN, world.other_vpc),
        world.interface({**OWN, "node.k8s.amazonaws.com/instance_id": "i-0a1b"}, place=world.other_subnet),
        world.instance({**OWN, "karpenter.sh/nodepool": "default"}, world.other_subnet),
        world.log_group("/aws/eks/vulcan-2/cluster", {"cloudburst:burst": "vulcan-2"}),
        world.log_group("/aws/eks/vulcan/audit", {}),
        world.log_group("/aws/containerinsights/vulcan-2/performance", {}),
        world.log_group("/aws/containerinsights/vulcan/host", {"cloudburst:burst": "mars"}),
    }
    return found


def put_own(world: World, *, node_group: bool = True) -> dict[str, str]:
    """Everything that a cluster leaves, and the other things that hold it; ids by kind."""
    service = {**OWN, "kubernetes.io/service-name": "shop/web"}
    lbc = {"elbv2.k8s.aws/cluster": "vulcan", "service.k8s.aws/stack": "shop/web"}
    group = world.group("k8s-elb-a0b1c2", OWN)
    ec2 = world.clients["ec2"]
    let_in = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": group}]}]
    ec2.authorize_security_group_ingress(GroupId=world.made["Doors"], IpPermissions=let_in)
    cluster = world.clients["eks"].describe_cluster(name="vulcan")["cluster"]["resourcesVpcConfig"]
    ec2.authorize_security_group_ingress(GroupId=cluster["clusterSecurityGroupId"], IpPermissions=let_in)
    cni = {"node.k8s.amazonaws.com/instance_id": "i-0a1b2c3d4e5f60718"}
    if node_group:
        world.clients["eks"].create_nodegroup(
            clusterName="vulcan",
            nodegroupName="by-hand",
            subnets=[world.made["SubnetA"]],
            nodeRole=world.aws.client("iam").get_role(RoleName=world.made["NodeRole"])["Role"]["Arn"],
        )
    volume = world.volume({**OWN, **DRIVER})
    return {
        "classic": world.classic("a0b1c2", service, group),
        "network": world.balancer("a3b4c5", service),
        "application": world.balancer("k8s-shop-web", lbc),
        "targets": world.targets("k8s-shop-web", lbc),
        "group": group,
        "interface": world.interface({**cni, "cluster.k8s.amazonaws.com/name": "vulcan"}),
        "instance": world.instance({**OWN, "karpenter.sh/nodepool": "default"}),
        "volume": volume,
        "snapshot": world.snapshot(volume, {**OWN, **DRIVER}),
        # Marked by eks_cleanup, for the driver did not know the cluster's name.
        "marked": world.volume({**DRIVER, "cloudburst:burst": "vulcan"}),
        "log": world.log_group("/aws/eks/vulcan/cluster", {}),
        "insights": world.log_group("/aws/containerinsights/vulcan/performance", {}),
    }


def test_all_of_the_burst_goes_and_nothing_else(world: World) -> None:
    alike = put_look_alikes(world)
    own = put_own(world, node_group=False)
    data = {own["volume"], own["snapshot"], own["marked"]}
    after_the_cluster = {own["log"], own["insights"], *data}
    assert world.delete_stack() == "DELETE_FAILED"  # Kubernetes' things are in the way
    # The cluster is gone, but the network is not.
    sweep, run = world.sweep()
    sweep.remove()
    assert world.alive() & {*alike, *own.values()} == {*alike, *data}
    assert own["group"] in {row["id"] for row in run.result["removed"]}
    assert {row["id"] for row in run.result["leftovers"]} == data
    assert {row["kept"] for row in run.result["leftovers"]} == {"it holds data, and volumes is keep"}
    assert run.result["monthly_cost"] == 4.2
    assert after_the_cluster - world.alive() == {own["log"], own["insights"]}


def test_what_is_in_the_way_goes_while_the_cluster_is_there(world: World) -> None:
    alike = put_look_alikes(world)
    own = put_own(world)
    before = world.alive()

    predicting, run = world.sweep(check_mode=True, volumes=True)
    predicting.predict()
    foreseen = {row["id"].rpartition("log-group:")[2] or row["id"] for row in run.result["removed"]}
    assert world.alive() == before
    assert {*own.values()} <= foreseen
    assert foreseen - {*own.values()} - {"vulcan/by-hand"} <= before  # the cluster's own group, which EKS may take away

    sweep, run = world.sweep(volumes=True)
    sweep.remove()
    stays = {own[name] for name in ("log", "insights", "volume", "snapshot", "marked")}
    assert world.alive() & {*alike, *own.values()} == {*alike, *stays}
    assert world.clients["eks"].list_nodegroups(clusterName="vulcan")["nodegroups"] == [
        world.made["Nodes"].partition("/")[2]
    ]
    assert {row["kept"] for row in run.result["leftovers"]} == {"the cluster is still there"}
    kinds = [row["kind"] for row in run.result["removed"]]
    assert kinds[:2] == ["load_balancer", "load_balancer"]
    assert kinds.index("security_group") > kinds.index("classic_load_balancer")

    # Once more: nothing to do.
    sweep, run = world.sweep(volumes=True)
    sweep.remove()
    assert run.result["changed"] is False

    remains = {thing for thing in alike if thing in world.alive()}
    for thing in remains - {thing for thing in remains if thing.startswith(("vol-", "snap-", "/aws/"))}:
        remove(world, thing)
    deadline = time.monotonic() + 30
    while world.delete_stack() != "DELETE_COMPLETE":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    sweep, run = world.sweep(volumes=True)
    sweep.remove()
    removed = {row["id"] for row in run.result["removed"] if row["kind"] in ("volume", "snapshot")}
    assert removed == {own["volume"], own["snapshot"], own["marked"]}
    assert not stays & world.alive()
    assert run.result["leftovers"] == []


@pytest.fixture
def earlier(aws: t.Any) -> t.Iterator[tuple[str, str]]:
    """A volume and a snapshot that an earlier cluster of the same name has left."""
    ec2, tags = aws.client("ec2"), pairs({**OWN, **DRIVER, "cloudburst:burst": "vulcan"})
    volume, snapshot = ({"ResourceType": kind, "Tags": tags} for kind in ("volume", "snapshot"))
    disk = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=20, VolumeType="gp3", TagSpecifications=[volume])
    image = ec2.create_snapshot(VolumeId=disk["VolumeId"], TagSpecifications=[snapshot])["SnapshotId"]
    time.sleep(1.1)  # what a second is to the lab's EC2 is a day to a burst
    yield disk["VolumeId"], image
    ec2.delete_snapshot(SnapshotId=image)
    ec2.delete_volume(VolumeId=disk["VolumeId"])


def test_data_of_an_earlier_cluster_of_the_name_stays(earlier: tuple[str, str], world: World) -> None:
    own = world.volume({**OWN, **DRIVER})
    telling, run = world.sweep()
    telling.report_all()
    assert {row["kind"]: row["hourly_cost"] for row in run.result["running"]} == {"cluster": 0.1, "nodegroup": 0.08758}
    assert run.result["hourly_cost"] == 0.193  # with two volumes and a snapshot
    predicting, run = world.sweep(check_mode=True, volumes=True)
    predicting.predict()
    assert not {*earlier} & {row["id"] for row in run.result["removed"]}
    for sentence in ("was created before this burst's stack", "nothing shows that it was created during"):
        sweep, run = world.sweep(volumes=True)
        sweep.remove()
        assert {*earlier} <= world.alive()
        kept = {row["id"]: row["kept"] for row in run.result["leftovers"]}
        assert all(sentence in kept[each] for each in earlier), kept
        world.delete_stack()
    # Another run, when there is no stack to compare with any more: the mark tells.
    assert own not in world.alive()


def test_backups_of_the_account_stay(world: World) -> None:
    """As AWS Backup and Data Lifecycle Manager take them, with a copy of the volume's tags."""
    own = {**OWN, **DRIVER, "cloudburst:burst": "vulcan", "cloudburst:data": "remove"}
    volume = world.volume(own)
    tags = ({"aws:backup:source-resource": f"arn:aws:ec2:{volume}"}, {"aws:dlm:lifecycle-policy-id": "policy-0a1b2c3d"})
    backups = {world.snapshot(volume, {**own, **each}) for each in tags}
    unmarked = {key: value for key, value in own.items() if not key.startswith("cloudburst:")}
    backups.add(young := world.snapshot(volume, {**unmarked, **tags[1]}))
    world.delete_stack()
    sweep, run = world.sweep(volumes=True)
    sweep.remove()
    assert volume not in world.alive()
    assert backups <= world.alive()
    rows = {row["id"]: row["kept"] for row in run.result["leftovers"]}
    assert {rows[each] for each in backups} == {
        "it is a backup, which goes when its backup plan or lifecycle policy says so"
    }
    found = world.clients["ec2"].describe_snapshots(SnapshotIds=[young])["Snapshots"]
    assert "cloudburst:data" not in {tag["Key"] for tag in found[0]["Tags"]}


@pytest.mark.parametrize(
    "tags",
    [
        {"KubernetesCluster": "vulcan"},
        {"ebs.csi.aws.com/cluster-name": "vulcan"},
        {"eks:eks-cluster-name": "vulcan"},  # EKS Auto Mode
        {"cloudburst:burst": "vulcan"},
    ],
)
def test_data_is_found_by_each_tag_that_makes_it_the_bursts(world: World, tags: dict[str, str]) -> None:
    volume = world.volume(tags)
    snapshot = world.snapshot(volume, tags)
    sweep, run = world.sweep()
    sweep.report_all()
    assert {volume, snapshot} <= {row["id"] for row in run.result["leftovers"]}


def test_volumes_of_nodes_are_marked_when_the_cluster_can_not_be_asked(world: World) -> None:
    ec2 = world.clients["ec2"]
    other_vpc = world.instance(OWN, world.other_subnet)
    node = world.instance({"eks:cluster-name": "vulcan", "eks:nodegroup-name": "nodes"})
    volumes = {tags: world.volume(dict(tags)) for tags in (tuple(DRIVER.items()), (("Name", "orders"),))}
    elsewhere = world.volume(DRIVER)
    for number, (instance, volume) in enumerate([*((node, each) for each in volumes.values()), (other_vpc, elsewhere)]):
        ec2.attach_volume(InstanceId=instance, VolumeId=volume, Device=f"/dev/xvd{chr(98 + number)}")
    own = volumes[tuple(DRIVER.items())]
    sweep, run = world.sweep()
    sweep.remove()
    marked = ec2.describe_volumes(Filters=[{"Name": "tag:cloudburst:burst", "Values": ["vulcan"]}])["Volumes"]
    assert [each["VolumeId"] for each in marked] == [own]
    assert own in {row["id"] for row in run.result["leftovers"]}
    for volume in (*volumes.values(), elsewhere):
        ec2.detach_volume(VolumeId=volume)


def test_the_cluster_of_somebody_else_is_left_alone(world: World) -> None:
    own = put_own(world)
    arn = world.clients["eks"].describe_cluster(name="vulcan")["cluster"]["arn"]
    world.clients["eks"].untag_resource(resourceArn=arn, tagKeys=["cloudburst:burst"])
    _sweep, run = world.sweep()
    assert run.result["cluster"]["own"] is False
    assert {*own.values()} <= world.alive()


def test_a_protected_load_balancer_is_named(world: World) -> None:
    arn = world.balancer("a3b4c5", {**OWN, "kubernetes.io/service-name": "shop/web"})
    attribute = {"Key": "deletion_protection.enabled", "Value": "true"}
    world.clients["elbv2"].modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[attribute])
    sweep, run = world.sweep()
    with pytest.raises(TerminalState, match="deletion protection is enabled") as error:
        sweep.remove()
    assert "Remove what blocks it and run this again" in error.value.message
    assert [row["name"] for row in run.result["leftovers"]] == ["a3b4c5"]


def test_an_interface_without_the_clusters_name_is_named(world: World) -> None:
    """As a VPC CNI without CLUSTER_NAME leaves it: the burst's by its group, but IAM cannot tell whose it is."""
    cluster = world.clients["eks"].describe_cluster(name="vulcan")["cluster"]["resourcesVpcConfig"]
    tags = {"node.k8s.amazonaws.com/instance_id": "i-0a1b2c3d4e5f60718"}
    left = world.interface(tags, [cluster["clusterSecurityGroupId"]])
    with pytest.raises(TerminalState, match=r"network interface aws-K8S-i-0a1b2c3d: .*not authorized"):
        world.sweep()[0].remove()
    assert left in world.alive()


def test_the_user_can_not_delete_what_is_not_the_bursts(world: World) -> None:
    group = world.group("k8s-elb-mars", OTHER)
    volume = world.volume({"Name": "orders"})
    instance = world.instance(OTHER)
    ec2 = world.user["ec2"]
    for call in (
        lambda: ec2.delete_security_group(GroupId=group),
        lambda: ec2.delete_volume(VolumeId=volume),
        lambda: ec2.terminate_instances(InstanceIds=[instance]),
        lambda: world.user["elb"].delete_load_balancer(LoadBalancerName=world.classic("mars", {})),
        lambda: world.user["logs"].delete_log_group(logGroupName=world.log_group("/aws/eks/mars/cluster", {})),
        lambda: world.user["eks"].delete_nodegroup(clusterName="mars", nodegroupName="nodes"),
    ):
        with pytest.raises(botocore_exceptions.ClientError) as rejected:
            call()
        code = rejected.value.response["Error"]["Code"]
        assert code in ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException")


@pytest.mark.parametrize(
    ("tags", "given"),
    [
        ({"Name": "orders"}, {"cloudburst:burst": "vulcan"}),
        ({**DRIVER, "cloudburst:burst": "mars"}, {"cloudburst:burst": "vulcan"}),
        ({**DRIVER, "KubernetesCluster": "mars"}, {"cloudburst:burst": "vulcan"}),
        ({**DRIVER, "ebs.csi.aws.com/cluster-name": "mars"}, {"cloudburst:burst": "vulcan"}),
        (DRIVER, {"cloudburst:burst": "mars"}),
        (DRIVER, {"cloudburst:burst": "vulcan", "kubernetes.io/cluster/vulcan": "owned"}),
    ],
)
def test_the_user_can_mark_no_data_of_others(world: World, tags: dict[str, str], given: dict[str, str]) -> None:
    own, other = world.volume(DRIVER), world.volume(tags)
    world.user["ec2"].create_tags(Resources=[own], Tags=pairs({"cloudburst:burst": "vulcan"}))
    with pytest.raises(botocore_exceptions.ClientError, match="not authorized to perform: ec2:CreateTags"):
        world.user["ec2"].create_tags(Resources=[other], Tags=pairs(given))


def test_a_report_by_tag_tells_what_the_stack_has_lost(world: World) -> None:
    ec2 = world.clients["ec2"]
    assert world.delete_stack() == "DELETE_COMPLETE"
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_tags(Resources=[address], Tags=[BURST])
    try:
        sweep, run = world.sweep()
        sweep.report_all()
        (row,) = run.result["leftovers"]
        assert (row["kind"], row["name"], row["monthly_cost"]) == ("elastic-ip", address, 3.65)
    finally:
        ec2.release_address(AllocationId=address)
