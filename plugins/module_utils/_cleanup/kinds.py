# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The kinds of things that a cluster leaves on AWS: all that is to be known of each is its entry in KINDS.

A further kind is one further entry: how it is listed, by which sign it is the burst's, when it goes by itself or is
kept, by which call it is deleted, and what it costs. Its place in the table is the order of deletion. The lease's state
machine, which has no Python, and the IAM policies list the kinds as well: tests/unit/lab/plugins/test_eks_lease.py and
tests/unit/docs/test_iam_policy.py fail until both know a further one.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._aws.errors import AwsError, calling
from .._aws.tags import BURST_TAG
from .._costs import table
from .._costs.prices import ROOT_GIB, Prices
from .api import Answer, Api, if_there, is_missing, log_arn, seconds, tags_of
from .ownership import (
    DATA_TAG,
    REMOVE,
    cluster_sign,
    data_sign,
    guard_duty_sign,
    interface_sign,
    is_backup,
    is_guard_dutys,
    is_in_group,
    is_of_cluster_itself,
    is_of_its_time,
    log_group_sign,
    node_group_sign,
)
from .things import Burst, Thing

# ELB takes the tags of so many resources in one call.
_TAGS_AT_ONCE = 20
# EC2 takes so many values of a filter.
_VALUES_AT_ONCE = 200
_LIVING = ["pending", "running", "stopping", "stopped"]
AFTER_THE_NODES = "GuardDuty recreates it as long as there are nodes"
# By one of these a volume or snapshot may be the burst's.
_DATA_TAGS = (
    *("kubernetes.io/cluster/{name}", "KubernetesCluster", "ebs.csi.aws.com/cluster-name", "eks:eks-cluster-name"),
    BURST_TAG,
)


class Running(t.NamedTuple):
    """What a thing of the stack costs by the hour.

    :ivar kind: as ARNs have it.
    :ivar what: what a person calls it.
    :ivar hourly: US dollars, or ``None`` where that is not known.
    """

    kind: str
    what: str
    hourly: float | None


def _balancers(api: Api, burst: Burst) -> list[Thing]:
    rows = api.pages("elbv2", "describe_load_balancers", "LoadBalancers")
    rows = [row for row in rows if row.get("VpcId") in burst.vpcs]
    tags = _elb_tags(api, "elbv2", "ResourceArns", [row["LoadBalancerArn"] for row in rows])
    return [
        Thing(
            kind="load_balancer",
            id=row["LoadBalancerArn"],
            name=row["LoadBalancerName"],
            tags=tags.get(row["LoadBalancerArn"], {}),
            vpc=row["VpcId"],
            state=str((row.get("State") or {}).get("Code") or ""),
            groups=tuple(row.get("SecurityGroups") or ()),
            type=str(row.get("Type") or ""),
            addresses=_public(row, row.get("AvailabilityZones")),
        )
        for row in rows
    ]


def _classic_balancers(api: Api, burst: Burst) -> list[Thing]:
    rows = api.pages("elb", "describe_load_balancers", "LoadBalancerDescriptions")
    rows = [row for row in rows if row.get("VPCId") in burst.vpcs]
    tags = _elb_tags(api, "elb", "LoadBalancerNames", [row["LoadBalancerName"] for row in rows])
    return [
        Thing(
            kind="classic_load_balancer",
            id=row["LoadBalancerName"],
            name=row["LoadBalancerName"],
            tags=tags.get(row["LoadBalancerName"], {}),
            vpc=row["VPCId"],
            groups=tuple(row.get("SecurityGroups") or ()),
            addresses=_public(row, row.get("Subnets")),
        )
        for row in rows
    ]


def _target_groups(api: Api, burst: Burst) -> list[Thing]:
    rows = api.pages("elbv2", "describe_target_groups", "TargetGroups")
    rows = [row for row in rows if row.get("VpcId") in burst.vpcs]
    tags = _elb_tags(api, "elbv2", "ResourceArns", [row["TargetGroupArn"] for row in rows])
    return [
        Thing(
            kind="target_group",
            id=row["TargetGroupArn"],
            name=row["TargetGroupName"],
            tags=tags.get(row["TargetGroupArn"], {}),
            vpc=row["VpcId"],
        )
        for row in rows
    ]


def _elb_tags(api: Api, service: str, parameter: str, ids: t.Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for start in range(0, len(ids), _TAGS_AT_ONCE):
        some = list(ids[start : start + _TAGS_AT_ONCE])
        try:
            with calling("read the tags of load balancers"):
                rows = api.clients[service].describe_tags(**{parameter: some})["TagDescriptions"]
        except AwsError as error:
            if not is_missing(error):
                raise
            # One that has gone since it was listed spoils the answer for all.
            for each in some if len(some) > 1 else ():
                found |= _elb_tags(api, service, parameter, [each])
            continue
        found |= {row.get("ResourceArn") or row["LoadBalancerName"]: tags_of(row) for row in rows}
    return found


def _public(row: Answer, places: t.Sequence[t.Any] | None) -> int:
    """The public addresses of a load balancer: one in each zone, if it is on the internet."""
    return len(places or []) if row.get("Scheme") == "internet-facing" else 0


def _node_groups(api: Api, burst: Burst) -> list[Thing]:
    if not burst.cluster:
        return []
    found: list[Thing] = []
    names: list[str] = []
    with if_there():
        names = api.pages("eks", "list_nodegroups", "nodegroups", clusterName=burst.name)
    for name in names:
        row: Answer = {}
        with if_there(), calling(f"describe the node group {name}"):
            row = api.clients["eks"].describe_nodegroup(clusterName=burst.name, nodegroupName=name)["nodegroup"]
        if not row:
            continue
        found.append(
            Thing(
                kind="node_group",
                id=f"{burst.name}/{name}",
                name=name,
                tags=dict(row.get("tags") or {}),
                state=str(row.get("status") or ""),
                type=str((row.get("instanceTypes") or [""])[0]),
                count=int((row.get("scalingConfig") or {}).get("desiredSize") or 0),
                spot=row.get("capacityType") == "SPOT",
            )
        )
    return found


def _instances(api: Api, burst: Burst) -> list[Thing]:
    filters = [{"Name": "vpc-id", "Values": sorted(burst.vpcs)}, {"Name": "instance-state-name", "Values": _LIVING}]
    reservations = api.pages("ec2", "describe_instances", "Reservations", Filters=filters)
    return [
        Thing(
            kind="instance",
            id=row["InstanceId"],
            name=tags_of(row).get("Name") or row["InstanceId"],
            tags=tags_of(row),
            vpc=str(row.get("VpcId") or ""),
            state=row["State"]["Name"],
            type=str(row.get("InstanceType") or ""),
            addresses=1 if row.get("PublicIpAddress") else 0,
        )
        for reservation in reservations
        for row in reservation["Instances"]
    ]


def interfaces(api: Api, burst: Burst) -> list[Thing]:
    """The network interfaces in the burst's VPCs, also those of its load balancers."""
    if not burst.vpcs:
        return []
    filters = [{"Name": "vpc-id", "Values": sorted(burst.vpcs)}]
    rows = api.pages("ec2", "describe_network_interfaces", "NetworkInterfaces", Filters=filters)
    return [
        Thing(
            kind="network_interface",
            id=row["NetworkInterfaceId"],
            name=str(row.get("Description") or row["NetworkInterfaceId"]),
            tags=tags_of(row),
            vpc=str(row.get("VpcId") or ""),
            state=str(row.get("Status") or ""),
            groups=tuple(group["GroupId"] for group in row.get("Groups") or ()),
            description=str(row.get("Description") or ""),
        )
        for row in rows
    ]


def _endpoints(api: Api, burst: Burst) -> list[Thing]:
    filters = [{"Name": "vpc-id", "Values": sorted(burst.vpcs)}]
    rows = api.pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=filters)
    return [
        Thing(
            kind="vpc_endpoint",
            id=row["VpcEndpointId"],
            name=str(row.get("ServiceName") or row["VpcEndpointId"]),
            tags=tags_of(row),
            vpc=str(row.get("VpcId") or ""),
            state=str(row.get("State") or ""),
            type=str(row.get("VpcEndpointType") or ""),
            count=len(row.get("SubnetIds") or []),
        )
        for row in rows
        if str(row.get("State") or "").lower() != "deleted"
    ]


def _security_groups(api: Api, burst: Burst) -> list[Thing]:
    return [_security_group(row) for row in _group_rows(api, burst.vpcs)]


def _group_rows(api: Api, vpcs: t.Iterable[str]) -> list[Answer]:
    filters = [{"Name": "vpc-id", "Values": sorted(vpcs)}]
    return api.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=filters)


def _security_group(row: Answer) -> Thing:
    """A security group as EC2 describes it."""
    return Thing(
        kind="security_group",
        id=row["GroupId"],
        name=str(row.get("GroupName") or row["GroupId"]),
        tags=tags_of(row),
        vpc=str(row.get("VpcId") or ""),
    )


def data_by_id(api: Api, volumes: t.Sequence[str], snapshots: t.Sequence[str]) -> list[Thing]:
    """Those volumes and snapshots of the account that there are."""
    found: list[Thing] = []
    for start in range(0, max(len(volumes), len(snapshots)), _VALUES_AT_ONCE):
        some = slice(start, start + _VALUES_AT_ONCE)
        found += _volumes(api, "volume-id", volumes[some]) if volumes[some] else []
        found += _snapshots(api, "snapshot-id", snapshots[some]) if snapshots[some] else []
    return found


def attached(api: Api, instances: t.Sequence[str]) -> list[Thing]:
    """The volumes that the EBS driver has made and that instances have attached."""
    made = {"Name": "tag:ebs.csi.aws.com/cluster", "Values": ["true"]}
    return [
        thing
        for start in range(0, len(instances), _VALUES_AT_ONCE)
        for thing in _volumes(api, "attachment.instance-id", instances[start : start + _VALUES_AT_ONCE], made)
    ]


def _volumes(api: Api, filter_: str, values: t.Sequence[str], *more: Answer) -> list[Thing]:
    filters = [{"Name": filter_, "Values": list(values)}, *more]
    rows = api.pages("ec2", "describe_volumes", "Volumes", Filters=filters)
    return [
        Thing(
            kind="volume",
            id=row["VolumeId"],
            name=_claim(tags_of(row)) or row["VolumeId"],
            tags=tags_of(row),
            state=row["State"],
            gib=float(row["Size"]),
            type=str(row.get("VolumeType") or ""),
            with_instance=any(each.get("DeleteOnTermination") for each in row.get("Attachments") or []),
            created=seconds(row.get("CreateTime")),
        )
        for row in rows
    ]


def _snapshots(api: Api, filter_: str, values: t.Sequence[str]) -> list[Thing]:
    filters = [{"Name": filter_, "Values": list(values)}]
    # Else those of all the world that may be used are listed.
    rows = api.pages("ec2", "describe_snapshots", "Snapshots", OwnerIds=["self"], Filters=filters)
    return [
        Thing(
            kind="snapshot",
            id=row["SnapshotId"],
            name=tags_of(row).get("CSIVolumeSnapshotName") or row["SnapshotId"],
            tags=tags_of(row),
            state=str(row.get("State") or ""),
            gib=float(row.get("VolumeSize") or 0),
            created=seconds(row.get("StartTime")),
        )
        for row in rows
    ]


def _claim(tags: t.Mapping[str, str]) -> str:
    """The persistent volume claim that a volume was made for, as the EBS driver notes it."""
    parts = (tags.get("kubernetes.io/created-for/pvc/namespace"), tags.get("kubernetes.io/created-for/pvc/name"))
    return "/".join(part for part in parts if part)


def log_groups(api: Api, burst: Burst) -> list[Thing]:
    """The log groups with the names of a cluster's own, and perhaps more."""
    groups = [
        group
        for prefix in (f"/aws/eks/{burst.name}/", f"/aws/containerinsights/{burst.name}/")
        for group in api.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=prefix)
    ]
    found = []
    for group in groups:
        answer: Answer = {}
        with if_there(), calling(f"read the tags of the log group {group['logGroupName']}"):
            answer = api.clients["logs"].list_tags_for_resource(resourceArn=log_arn(group["arn"]))
        found.append(
            Thing(
                kind="log_group",
                id=log_arn(group["arn"]),
                name=group["logGroupName"],
                tags=dict(answer.get("tags") or {}),
                gib=round(int(group.get("storedBytes") or 0) / 2**30, 3),
                created=int(group.get("creationTime") or 0) / 1000,
            )
        )
    return found


def _data_tags(burst: Burst) -> list[str]:
    return [key.format(name=burst.name) for key in _DATA_TAGS]


def _data_kept(thing: Thing, burst: Burst) -> str:
    if is_backup(thing):
        return "it is a backup, which goes when its backup plan or lifecycle policy says so"
    if thing.tags.get(DATA_TAG) != REMOVE and not is_of_its_time(thing, burst):
        if burst.since is None:
            return "it holds data, and nothing shows that it was created during this burst"
        return "it holds data, and was created before this burst's stack"
    return "the cluster is still there" if burst.cluster else ""


def _after_the_nodes(thing: Thing, burst: Burst) -> str:
    """Without an end of the nodes in sight, what GuardDuty makes would be made anew and removed again for ever."""
    return AFTER_THE_NODES if is_guard_dutys(thing) and burst.nodes and not burst.ends else ""


def _nodes_are_there(thing: Thing, burst: Burst) -> bool:
    return is_guard_dutys(thing) and burst.nodes


def _node_group_arguments(thing: Thing) -> dict[str, t.Any]:
    cluster, _slash, group = thing.id.partition("/")
    return {"clusterName": cluster, "nodegroupName": group}


def _nodes_by_the_hour(group: Thing, prices: Prices) -> Running | None:
    if not group.count:
        return None
    hourly = prices.nodes(group.type, group.count, ROOT_GIB)
    return Running("nodegroup", nodes_in_words(group.type, group.count, spot=group.spot), hourly)


def nodes_in_words(type_: str, count: int, *, spot: bool = False) -> str:
    """What the nodes of a group are called where their price is told.

    The price of spot instances changes, and is at most the price on demand
    (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-spot-instances.html).
    """
    words = f"{count} nodes {type_}, with {ROOT_GIB:.0f} GiB each"
    return f"{words}, spot: no fixed price, so counted as on demand" if spot else words


def _endpoint_by_the_hour(thing: Thing, prices: Prices) -> Running | None:
    if thing.type == "Gateway":
        return None
    hourly = prices.hourly("vpc-endpoint", count=thing.count)
    return Running("vpc-endpoint", endpoint_in_words(thing.name, thing.count), hourly)


def endpoint_in_words(service: str, zones: int) -> str:
    """What an interface endpoint is called where its price is told."""
    return f"interface endpoint {service.rpartition('.')[2]} in {zones} zones"


def _take_back_rules(api: Api, group: Thing, burst: Burst) -> None:
    """Take away the rules by which groups of the burst let a group in; AWS does not delete the group before."""
    for row in _group_rows(api, [group.vpc]):
        permissions = rules_from(row, group.id)
        other = _security_group(row)
        own = other.id in burst.stack or sign(other, burst)
        if permissions and own and other.id != group.id:
            api.revoke(row["GroupId"], permissions)


def rules_from(row: Answer, group_id: str) -> list[Answer]:
    """The part of a security group's rules that lets members of another group in, in the form that takes it away.

    :param row: the group as EC2 describes it.
    :param group_id: the other group.
    """
    found = []
    for permission in row.get("IpPermissions") or []:
        pairs = [pair for pair in permission.get("UserIdGroupPairs") or [] if pair.get("GroupId") == group_id]
        if pairs:
            ports = {key: permission[key] for key in ("FromPort", "ToPort") if permission.get(key) is not None}
            found.append(
                {"IpProtocol": permission["IpProtocol"], **ports, "UserIdGroupPairs": [{"GroupId": group_id}]},
            )
    return found


Call = tuple[str, str, dict[str, t.Any]]


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of thing that a cluster leaves.

    :ivar name: as the modules return it.
    :ivar find: lists those that may be a burst's, each with its tags. What lives in a VPC is listed only where the
        burst has one.
    :ivar sign: by what one is the burst's: a thing, the burst, and the ids of the security groups that are the burst's
        by their own tags; ``None`` where nothing says so.
    :ivar delete: the call by which one is deleted: the service, the operation and its arguments.
    :ivar monthly: US dollars a month, or ``None`` where that is not known.
    :ivar in_vpc: it lives in a VPC, and is the burst's only in the burst's own.
    :ivar is_balancer: it is a load balancer: security groups wait until its network interfaces are gone.
    :ivar is_data: it holds data, which goes only if the user has said so.
    :ivar goes_by_itself: with what it belongs to, so that it is not left over.
    :ivar kept: why one that is the burst's is not removed now, or empty.
    :ivar not_yet: whether it has to wait while it is not kept.
    :ivar before: what has to be done before AWS deletes one.
    :ivar running: what one of the stack's costs by the hour, where it is paid for by the hour.
    """

    name: str
    find: t.Callable[[Api, Burst], list[Thing]]
    sign: t.Callable[[Thing, Burst, t.Collection[str]], str | None]
    delete: t.Callable[[Thing], Call]
    monthly: t.Callable[[Thing, Prices], float | None]
    in_vpc: bool = False
    is_balancer: bool = False
    is_data: bool = False
    goes_by_itself: t.Callable[[Thing, Burst], bool] = lambda _thing, _burst: False
    kept: t.Callable[[Thing, Burst], str] = lambda _thing, _burst: ""
    not_yet: t.Callable[[Thing, Burst], bool] = lambda _thing, _burst: False
    before: t.Callable[[Api, Thing, Burst], None] | None = None
    running: t.Callable[[Thing, Prices], Running | None] = lambda _thing, _prices: None


def _by_cluster(thing: Thing, burst: Burst, _groups: t.Collection[str]) -> str | None:
    return cluster_sign(thing, burst)


def _free(_thing: Thing, _prices: Prices) -> float:
    return 0.0


# Each is held by none but those before it: that is the order in which they are deleted. Prices: see _costs.
KINDS: tuple[Kind, ...] = (
    Kind(
        name="load_balancer",
        find=_balancers,
        sign=_by_cluster,
        delete=lambda thing: ("elbv2", "delete_load_balancer", {"LoadBalancerArn": thing.id}),
        monthly=lambda thing, prices: prices.balancer(thing.type, thing.addresses),
        in_vpc=True,
        is_balancer=True,
    ),
    Kind(
        name="classic_load_balancer",
        find=_classic_balancers,
        sign=_by_cluster,
        delete=lambda thing: ("elb", "delete_load_balancer", {"LoadBalancerName": thing.id}),
        monthly=lambda thing, prices: prices.balancer("classic", thing.addresses),
        in_vpc=True,
        is_balancer=True,
    ),
    Kind(
        name="target_group",
        find=_target_groups,
        sign=_by_cluster,
        delete=lambda thing: ("elbv2", "delete_target_group", {"TargetGroupArn": thing.id}),
        monthly=_free,
        in_vpc=True,
    ),
    Kind(
        name="node_group",
        find=_node_groups,
        sign=lambda thing, burst, _groups: node_group_sign(thing, burst),
        delete=lambda thing: ("eks", "delete_nodegroup", _node_group_arguments(thing)),
        # It is paid for by its nodes, which are listed by themselves.
        monthly=_free,
        running=_nodes_by_the_hour,
    ),
    Kind(
        name="instance",
        find=_instances,
        sign=_by_cluster,
        delete=lambda thing: ("ec2", "terminate_instances", {"InstanceIds": [thing.id]}),
        monthly=lambda thing, prices: prices.month_of(prices.instance(thing.type), addresses=thing.addresses),
        in_vpc=True,
        goes_by_itself=lambda thing, burst: is_in_group(thing) and burst.cluster,
        kept=lambda thing, _burst: "it belongs to a group that would replace it" if is_in_group(thing) else "",
    ),
    Kind(
        name="network_interface",
        find=interfaces,
        sign=interface_sign,
        delete=lambda thing: ("ec2", "delete_network_interface", {"NetworkInterfaceId": thing.id}),
        monthly=_free,
        in_vpc=True,
        goes_by_itself=lambda thing, _burst: thing.state != "available",
    ),
    Kind(
        name="vpc_endpoint",
        find=_endpoints,
        sign=lambda thing, _burst, _groups: guard_duty_sign(thing),
        delete=lambda thing: ("ec2", "delete_vpc_endpoints", {"VpcEndpointIds": [thing.id]}),
        # "There is no additional cost for the usage of the VPC endpoint" (GuardDuty's guide)
        monthly=lambda thing, prices: (
            0.0 if is_guard_dutys(thing) else prices.monthly("vpc-endpoint", type_=thing.type, count=thing.count)
        ),
        in_vpc=True,
        kept=_after_the_nodes,
        not_yet=_nodes_are_there,
        running=_endpoint_by_the_hour,
    ),
    Kind(
        name="security_group",
        find=_security_groups,
        sign=lambda thing, burst, _groups: guard_duty_sign(thing) or cluster_sign(thing, burst),
        delete=lambda thing: ("ec2", "delete_security_group", {"GroupId": thing.id}),
        monthly=_free,
        in_vpc=True,
        goes_by_itself=lambda thing, burst: is_of_cluster_itself(thing) and burst.cluster,
        kept=_after_the_nodes,
        not_yet=_nodes_are_there,
        before=_take_back_rules,
    ),
    Kind(
        name="volume",
        find=lambda api, burst: _volumes(api, "tag-key", _data_tags(burst)),
        sign=lambda thing, burst, _groups: data_sign(thing, burst),
        delete=lambda thing: ("ec2", "delete_volume", {"VolumeId": thing.id}),
        monthly=lambda thing, prices: prices.volume(thing.gib, thing.type),
        is_data=True,
        goes_by_itself=lambda thing, _burst: thing.with_instance,
        kept=_data_kept,
    ),
    Kind(
        name="snapshot",
        find=lambda api, burst: _snapshots(api, "tag-key", _data_tags(burst)),
        sign=lambda thing, burst, _groups: data_sign(thing, burst),
        delete=lambda thing: ("ec2", "delete_snapshot", {"SnapshotId": thing.id}),
        # What is stored of it is less than the volume's size, which is all that AWS tells.
        monthly=lambda thing, prices: prices.stored(table.SNAPSHOT, thing.gib),
        is_data=True,
        kept=_data_kept,
    ),
    Kind(
        name="log_group",
        find=log_groups,
        sign=lambda thing, burst, _groups: log_group_sign(thing, burst),
        delete=lambda thing: ("logs", "delete_log_group", {"logGroupName": thing.name}),
        monthly=lambda thing, prices: prices.stored(table.LOGS, thing.gib),
        # EKS makes it anew as long as there is a cluster.
        kept=lambda _thing, burst: "the cluster is still there" if burst.cluster else "",
    ),
)
KIND_OF = {kind.name: kind for kind in KINDS}


def sign(thing: Thing, burst: Burst, groups: t.Collection[str] = ()) -> str | None:
    """By what a thing is the burst's; ``None`` where nothing says so, and for what CloudFormation has made and removes.

    :param groups: ids of the security groups that are the burst's by their own tags.
    """
    if thing.id in burst.stack or any(key.startswith("aws:cloudformation:") for key in thing.tags):
        return None
    kind = KIND_OF[thing.kind]
    if kind.in_vpc and thing.vpc not in burst.vpcs:
        return None
    return kind.sign(thing, burst, groups)


__all__ = (
    *("AFTER_THE_NODES", "KINDS", "KIND_OF", "Kind", "Running"),
    *("attached", "data_by_id", "endpoint_in_words", "interfaces", "log_groups", "nodes_in_words", "rules_from"),
    "sign",
)
