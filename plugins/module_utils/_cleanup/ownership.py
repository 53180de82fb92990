# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The signs by which a thing on AWS is the burst's, and who sets them. Pure; which kind has which sign is in kinds.py.

Kubernetes' controllers mark what they make by tags; each rule names who sets its tag. Something is the burst's only by
such a tag, and what lives in a VPC only in the burst's own. What carries the sign of another cluster as well is not.
"""

from __future__ import annotations

import re
import typing as t

from .._aws.tags import BURST_TAG
from .things import Burst, Thing

# Set on data that goes with the burst, while it can be told that it is the burst's and not that of an earlier one.
DATA_TAG = "cloudburst:data"
REMOVE = "remove"

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
# What GuardDuty's Runtime Monitoring makes in a VPC with nodes, and never takes away: an interface endpoint and the
# group on it, both with this tag (https://docs.aws.amazon.com/guardduty/latest/ug/how-runtime-monitoring-works-eks.html,
# https://docs.aws.amazon.com/guardduty/latest/ug/runtime-monitoring-agent-resource-clean-up.html). The names are those
# that hashicorp/terraform-provider-aws#46953 goes by.
_GUARD_DUTY_TAG = "GuardDutyManaged"
_GUARD_DUTY_SERVICE = re.compile(r"(cn\.)?com\.amazonaws\.[a-z0-9-]+\.guardduty-data(-fips)?\Z")
# What AWS Backup and Data Lifecycle Manager set on the backups that they take. Both copy the tags of the volume, the
# cluster's and ours too: https://docs.aws.amazon.com/aws-backup/latest/devguide/recovery-points.html,
# https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-lifecycle.html. EC2 deletes none of the former
# (https://github.com/openshift/installer/pull/9964).
_BACKUP_TAGS = ("aws:backup:", "aws:dlm:")
# An instance of a group is replaced when it ends: it goes with its group.
_GROUP_TAGS = ("eks:nodegroup-name", "aws:autoscaling:groupName")


def is_own(cluster: t.Mapping[str, t.Any], name: str) -> bool:
    """Whether an EKS cluster, as EKS describes it, is the burst's of this name."""
    return (cluster.get("tags") or {}).get(BURST_TAG) == name


def cluster_sign(thing: Thing, burst: Burst) -> str | None:
    """The tag of a controller that names the burst's cluster and no other one; ``None`` where there is none."""
    if is_anothers(thing, burst.name):
        return None
    own = f"{_CLUSTER_PREFIX}{burst.name}"
    if thing.tags.get(own) == "owned":
        return _tag(thing, own)
    for key in _NAMING_TAGS:
        if thing.tags.get(key) == burst.name:
            return _tag(thing, key)
    return None


def data_sign(thing: Thing, burst: Burst) -> str | None:
    """The cluster's sign on a volume or snapshot, or the burst's own tag, which it is given where that is missing."""
    by_cluster = cluster_sign(thing, burst)
    if by_cluster or is_anothers(thing, burst.name) or thing.tags.get(BURST_TAG) != burst.name:
        return by_cluster
    return _tag(thing, BURST_TAG)


def interface_sign(thing: Thing, burst: Burst, groups: t.Collection[str]) -> str | None:
    """The cluster's sign on a network interface, or that of an older VPC CNI in a security group of the cluster.

    The interface of another cluster in the same VPC would look the same but for its groups.

    :param groups: ids of the security groups that are the burst's by their own tags.
    """
    by_cluster = cluster_sign(thing, burst)
    if by_cluster or is_anothers(thing, burst.name) or not set(thing.groups) & set(groups):
        return by_cluster
    if _CNI_INSTANCE_TAG not in thing.tags:
        return None
    return f"{_tag(thing, _CNI_INSTANCE_TAG)}, in a security group of the cluster"


def node_group_sign(thing: Thing, burst: Burst) -> str | None:
    """A node group of the cluster, but for the stack's own, also while the stack is being made and lists none yet."""
    return None if thing.tags.get(BURST_TAG) == burst.name else f"node group of the cluster {burst.name}"


def log_group_sign(thing: Thing, burst: Burst) -> str | None:
    """The burst's tag on a log group, where it has the name of one of the cluster's."""
    own = thing.tags.get(BURST_TAG) == burst.name and is_log(thing, burst.name)
    return _tag(thing, BURST_TAG) if own else None


def guard_duty_sign(thing: Thing) -> str | None:
    """GuardDuty's tag on what it has made for the nodes in the burst's VPC."""
    return f"{_tag(thing, _GUARD_DUTY_TAG)}, in the VPC of the burst" if is_guard_dutys(thing) else None


def is_of_its_time(thing: Thing, burst: Burst) -> bool:
    """Whether it was made since the burst's stack was; an earlier cluster of the same name has left the same tags."""
    return burst.since is not None and thing.created >= burst.since


def is_backup(thing: Thing) -> bool:
    """Whether it is a backup that was taken by a plan of the account, which decides how long it is kept."""
    return any(key.startswith(_BACKUP_TAGS) for key in thing.tags)


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


def is_in_group(thing: Thing) -> bool:
    """Whether an instance is one of a group's, which makes another one in its place."""
    return any(tag in thing.tags for tag in _GROUP_TAGS)


def is_of_cluster_itself(thing: Thing) -> bool:
    """Whether EKS has made it with the cluster, and removes it with the cluster."""
    return "aws:eks:cluster-name" in thing.tags


def _tag(thing: Thing, key: str) -> str:
    return f"tag {key}={thing.tags[key]}"


def is_anothers(thing: Thing, name: str) -> bool:
    """Whether another cluster has a say in it."""
    tags = thing.tags
    if any(key.startswith(_CLUSTER_PREFIX) and key != f"{_CLUSTER_PREFIX}{name}" for key in tags):
        return True
    if tags.get(f"{_CLUSTER_PREFIX}{name}", "owned") != "owned" or tags.get(BURST_TAG, name) != name:
        return True
    return any(tags.get(key, name) != name for key in _NAMING_TAGS)


__all__ = (
    *("DATA_TAG", "REMOVE"),
    *("cluster_sign", "data_sign", "guard_duty_sign", "interface_sign", "log_group_sign", "node_group_sign"),
    *("is_anothers", "is_backup", "is_guard_dutys", "is_in_group", "is_log", "is_of_balancer", "is_of_cluster_itself"),
    *("is_of_its_time", "is_own"),
)
