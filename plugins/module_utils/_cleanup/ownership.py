# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What of the things in AWS was made for a burst's cluster, and by which sign. Pure.

Kubernetes' controllers mark what they make by tags; each rule names who sets its tag. Something is the burst's only by
such a tag, and what lives in a VPC only in the burst's own. What carries the sign of another cluster as well is not.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .prices import monthly

# Of all that the role eks_stack makes. Must be kept in sync with roles/eks_stack.
BURST_TAG = "cloudburst:burst"
STACK_PREFIX = "cloudburst-"
# Set on data that goes with the burst, while it can be told that it is the burst's and not that of an earlier one.
DATA_TAG = "cloudburst:data"
REMOVE = "remove"
AFTER_THE_NODES = "GuardDuty makes it anew as long as there are nodes"

# The order in which they can go: each is held by none but those before it.
KINDS = (
    "load_balancer",
    "classic_load_balancer",
    "target_group",
    "node_group",
    "instance",
    "network_interface",
    "vpc_endpoint",
    "security_group",
    "volume",
    "snapshot",
    "log_group",
)
BALANCERS = ("load_balancer", "classic_load_balancer")
DATA = ("volume", "snapshot")
# Nothing of these is outside of a VPC.
IN_VPC = (*BALANCERS, "target_group", "instance", "network_interface", "vpc_endpoint", "security_group")

# The tag's value "owned" says that it goes with the cluster, "shared" that it does not. Set by the cloud controller of
# EKS (cloud-provider-aws pkg/providers/v1/tags.go, TagNameKubernetesClusterPrefix), Karpenter, eksctl, the EBS driver.
_CLUSTER_PREFIX = "kubernetes.io/cluster/"
# These have the cluster's name as their value.
_NAMING_TAGS = (
    "elbv2.k8s.aws/cluster",  # AWS Load Balancer Controller, pkg/deploy/tracking/provider.go
    "KubernetesCluster",  # cloud-provider-aws, TagNameKubernetesClusterLegacy
    "cluster.k8s.amazonaws.com/name",  # VPC CNI, pkg/awsutils/awsutils.go (clusterNameTagKey)
    "aws:eks:cluster-name",  # EKS, on the cluster's security group and on instances
    "eks:cluster-name",  # EKS, on the instances of node groups
    "eks:eks-cluster-name",  # EKS Auto Mode
    "ebs.csi.aws.com/cluster-name",  # for the managed policy AmazonEBSCSIDriverEKSClusterScopedPolicy
)
# Set by the VPC CNI on each interface that it makes, in releases before it set the cluster's name too (eniNodeTagKey).
_CNI_INSTANCE_TAG = "node.k8s.amazonaws.com/instance_id"
# What GuardDuty's Runtime Monitoring makes in a VPC with nodes, and never takes away: an interface end point and the
# group on it, both with this tag (https://docs.aws.amazon.com/guardduty/latest/ug/how-runtime-monitoring-works-eks.html,
# https://docs.aws.amazon.com/guardduty/latest/ug/runtime-monitoring-agent-resource-clean-up.html). The names are those
# that hashicorp/terraform-provider-aws#46953 goes by.
_GUARD_DUTY_TAG = "GuardDutyManaged"
_GUARD_DUTY_SERVICE = re.compile(r"(cn\.)?com\.amazonaws\.[a-z0-9-]+\.guardduty-data(-fips)?\Z")
# An instance of a group is replaced when it ends: it goes with its group.
_GROUP_TAGS = ("eks:nodegroup-name", "aws:autoscaling:groupName")


@dataclasses.dataclass(frozen=True)
class Thing:
    """Something in AWS.

    :ivar kind: one of KINDS.
    :ivar id: what AWS's calls name it by.
    :ivar vpc: id of its VPC, or empty.
    :ivar state: as AWS says it, or empty.
    :ivar groups: ids of its security groups.
    :ivar gib: what it stores.
    :ivar type: of a volume, a load balancer, an end point or an instance, and of the instances of a node group.
    :ivar count: the zones that an end point is in, the instances of a node group.
    :ivar addresses: the public addresses that it has by itself.
    :ivar created: when it was made, in seconds since 1970; 0 where that does not matter.
    :ivar description: of an interface.
    :ivar with_instance: a volume that goes with the instance it is attached to.
    """

    kind: str
    id: str
    name: str
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    vpc: str = ""
    state: str = ""
    groups: tuple[str, ...] = ()
    gib: float = 0.0
    type: str = ""
    description: str = ""
    with_instance: bool = False
    created: float = 0.0
    count: int = 1
    addresses: int = 0


@dataclasses.dataclass(frozen=True)
class Burst:
    """What is known of a burst in AWS.

    :ivar vpcs: ids of its VPCs.
    :ivar stack: physical ids of what its stack holds, which CloudFormation removes.
    :ivar cluster: whether its cluster is there.
    :ivar since: when its stack was made, in seconds since 1970; ``None`` where there is no stack.
    :ivar nodes: whether there are nodes in its VPC.
    :ivar ends: whether its stack is being deleted, and the nodes with it.
    """

    name: str
    vpcs: frozenset[str] = frozenset()
    stack: frozenset[str] = frozenset()
    cluster: bool = False
    since: float | None = None
    nodes: bool = False
    ends: bool = False


class Leftover(t.NamedTuple):
    """A thing of the burst's.

    :ivar why: the sign by which it is the burst's.
    :ivar kept: why it is not removed, or empty.
    """

    thing: Thing
    why: str
    kept: str


def is_own(cluster: t.Mapping[str, t.Any], name: str) -> bool:
    """Whether an EKS cluster, as EKS describes it, is the burst's of this name."""
    return (cluster.get("tags") or {}).get(BURST_TAG) == name


def sign(thing: Thing, burst: Burst, groups: t.Collection[str] = ()) -> str | None:
    """By what a thing is the burst's: a tag, or that it is a node group of its cluster; ``None`` where nothing says so.

    :param groups: ids of the security groups that are the burst's by their own tags.
    """
    if thing.id in burst.stack or any(key.startswith("aws:cloudformation:") for key in thing.tags):
        return None
    if thing.kind in IN_VPC and thing.vpc not in burst.vpcs:
        return None
    if thing.kind == "log_group":
        return _tag(thing, BURST_TAG) if thing.tags.get(BURST_TAG) == burst.name and is_log(thing, burst.name) else None
    if thing.kind == "node_group":
        # The stack's own, also while the stack is being made and does not tell yet.
        if thing.tags.get(BURST_TAG) == burst.name:
            return None
        return f"node group of the cluster {burst.name}"
    if is_guard_dutys(thing):
        return f"{_tag(thing, _GUARD_DUTY_TAG)}, in the VPC of the burst"
    if thing.kind == "vpc_endpoint":
        return None
    if _others(thing.tags, burst.name):
        return None
    own = f"{_CLUSTER_PREFIX}{burst.name}"
    if thing.tags.get(own) == "owned":
        return _tag(thing, own)
    for key in _NAMING_TAGS:
        if thing.tags.get(key) == burst.name:
            return _tag(thing, key)
    if thing.kind in DATA and thing.tags.get(BURST_TAG) == burst.name:
        return _tag(thing, BURST_TAG)
    # The interface of another cluster in the same VPC would look the same but for its groups.
    if thing.kind == "network_interface" and _CNI_INSTANCE_TAG in thing.tags and set(thing.groups) & set(groups):
        return f"{_tag(thing, _CNI_INSTANCE_TAG)}, in a security group of the cluster"
    return None


def leftovers(things: t.Sequence[Thing], burst: Burst, *, remove_volumes: bool, cluster_goes: bool) -> list[Leftover]:
    """What of the things is the burst's, in the order in which it can go.

    :param remove_volumes: whether the user has said that data may go.
    :param cluster_goes: take it that the cluster is deleted in between.
    """
    bound = burst if not cluster_goes else dataclasses.replace(burst, cluster=False, nodes=False)
    groups = {thing.id for thing in things if thing.kind == "security_group" and sign(thing, burst)}
    found = []
    for thing in sorted(things, key=lambda each: KINDS.index(each.kind)):
        why = sign(thing, burst, groups)
        if why and not _passing(thing, bound):
            found.append(Leftover(thing, why, kept(thing, bound, remove_volumes=remove_volumes)))
    return found


def _passing(thing: Thing, burst: Burst) -> bool:
    """Whether it goes by itself with what it belongs to, so that it is not left over."""
    if thing.kind == "network_interface":
        return thing.state != "available"
    if thing.kind == "instance":
        return any(tag in thing.tags for tag in _GROUP_TAGS) and burst.cluster
    if thing.kind == "security_group":
        return "aws:eks:cluster-name" in thing.tags and burst.cluster
    return thing.kind == "volume" and thing.with_instance


def kept(thing: Thing, burst: Burst, *, remove_volumes: bool) -> str:
    """Why one of the burst's things is not removed now; empty when it is."""
    if thing.kind in DATA:
        return _data_kept(thing, burst, remove=remove_volumes)
    if is_guard_dutys(thing):
        # Without an end of the nodes in sight, it would be made anew and removed again for ever.
        return AFTER_THE_NODES if burst.nodes and not burst.ends else ""
    if thing.kind == "log_group" and burst.cluster:
        # EKS makes it anew as long as there is a cluster.
        return "the cluster is still there"
    if thing.kind == "instance" and any(tag in thing.tags for tag in _GROUP_TAGS):
        return "it is one of a group that makes new ones"
    return ""


def _data_kept(thing: Thing, burst: Burst, *, remove: bool) -> str:
    if not remove:
        return "it holds data, and volumes is keep"
    if thing.tags.get(DATA_TAG) != REMOVE and not is_of_its_time(thing, burst):
        if burst.since is None:
            return "it holds data, and nothing says that it was made in the time of this burst"
        return "it holds data, and was made before the stack of this burst"
    return "the cluster is still there" if burst.cluster else ""


def is_of_its_time(thing: Thing, burst: Burst) -> bool:
    """Whether it was made since the burst's stack was; an earlier cluster of the same name has left the same tags."""
    return burst.since is not None and thing.created >= burst.since


def is_unmarked(thing: Thing, name: str) -> bool:
    """Whether data that was made by a cluster carries no cluster's tag, so that nobody would find it later.

    The EBS driver sets the cluster's name only when it is told, as EKS's add-on does and its Helm chart does not
    (https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/tagging.md, k8s-tag-cluster-id).
    """
    return sign(thing, Burst(name)) is None and not _others(thing.tags, name)


def is_guard_dutys(thing: Thing) -> bool:
    """Whether GuardDuty has made it for the nodes of its VPC."""
    if thing.tags.get(_GUARD_DUTY_TAG) != "true":
        return False
    if thing.kind == "vpc_endpoint":
        return _GUARD_DUTY_SERVICE.match(thing.name) is not None
    return thing.kind == "security_group" and thing.name == f"GuardDutyManagedSecurityGroup-{thing.vpc}"


def is_log(thing: Thing, name: str) -> bool:
    """Whether a log group has the name of one that is made for a cluster: by EKS itself, and by Container Insights.

    https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html,
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-reference.html
    """
    return thing.name == f"/aws/eks/{name}/cluster" or thing.name.startswith(f"/aws/containerinsights/{name}/")


def is_of_balancer(description: str, balancers: t.Iterable[str]) -> bool:
    """Whether an interface is one of a load balancer's own.

    :param description: "ELB name" of a classic one's, "ELB app/name/id" and "ELB net/name/id" of the others'
        (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html).
    :param balancers: names of load balancers.
    """
    words = description.split("/")
    name = words[1] if len(words) == 3 else description.removeprefix("ELB ")
    return description.startswith("ELB ") and name in set(balancers)


def as_result(leftover: Leftover) -> dict[str, t.Any]:
    """A leftover as a module returns it."""
    thing = leftover.thing
    return {
        "kind": thing.kind,
        "id": thing.id,
        "name": thing.name,
        "state": thing.state or None,
        "why": leftover.why,
        "kept": leftover.kept or None,
        "gib": thing.gib or None,
        # "There is no additional cost for the usage of the VPC endpoint" (GuardDuty's guide)
        "monthly_cost": 0.0 if is_guard_dutys(thing) else _cost(thing),
    }


def _cost(thing: Thing) -> float | None:
    # A node group is paid for by its nodes, which are told by themselves.
    count = thing.count if thing.kind == "vpc_endpoint" else 1
    return monthly(thing.kind, gib=thing.gib, type_=thing.type, count=count, addresses=thing.addresses)


def _tag(thing: Thing, key: str) -> str:
    return f"tag {key}={thing.tags[key]}"


def _others(tags: t.Mapping[str, str], name: str) -> bool:
    """Whether another cluster has a say in it."""
    if any(key.startswith(_CLUSTER_PREFIX) and key != f"{_CLUSTER_PREFIX}{name}" for key in tags):
        return True
    if tags.get(f"{_CLUSTER_PREFIX}{name}", "owned") != "owned" or tags.get(BURST_TAG, name) != name:
        return True
    return any(tags.get(key, name) != name for key in _NAMING_TAGS)


__all__ = (
    *("AFTER_THE_NODES", "BALANCERS", "BURST_TAG", "DATA", "DATA_TAG", "IN_VPC", "KINDS", "REMOVE", "STACK_PREFIX"),
    *("Burst", "Leftover", "Thing"),
    *("is_guard_dutys", "is_log", "is_of_balancer", "is_of_its_time", "is_own", "is_unmarked"),
    *("kept", "leftovers", "sign", "as_result"),
)
