# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Which pods wait because the nodes are full, and which of them a burst could help. Pure functions."""

from __future__ import annotations

import re
import typing as t
from datetime import datetime

from .._kube.objects import Object, condition
from .affinity import selects, tolerates
from .amounts import Amount, requested
from .packing import Load, load_of
from .times import parsed

# What the scheduler says of nodes that are full; the reason is Unschedulable for an unmatched node selector too:
# pkg/scheduler/framework/plugins/noderesources/fit.go of Kubernetes 1.35. The message of a pod that fits nowhere:
# "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. no new claims to deallocate, preemption: ..."
_FULL = re.compile(r"Insufficient ([A-Za-z0-9./_-]*[A-Za-z0-9])|(Too many pods)")
# What nodes of any kind have; all else, such as GPUs, is not what bursts are made of.
_ORDINARY = {"cpu", "memory", "pods", "ephemeral-storage"}


class Cluster(t.NamedTuple):
    """What is known of the nodes that a burst has or would have.

    :ivar labels: of its nodes.
    :ivar taints: of its nodes.
    :ivar namespaces: whose pods are placed there, or ``None`` for all.
    :ivar system_namespaces: whose pods never are.
    :ivar node: what each node has for pods, or ``None`` where that is not known.
    """

    labels: t.Mapping[str, str]
    taints: t.Sequence[Object] = ()
    namespaces: t.Collection[str] | None = None
    system_namespaces: t.Collection[str] = ("kube-system", "kube-public", "kube-node-lease")
    node: Amount | None = None


class WaitingPod(t.NamedTuple):
    """A pod that no node takes because they are full.

    :ivar lacking: what nodes have too little of: cpu, memory, pods or another resource.
    :ivar since: since when it waits.
    :ivar hindrance: why a burst cannot help it; empty where it can.
    :ivar owner: namespace and name of the ReplicaSet or other that it belongs to; empty where there is none. It is the
        same in both clusters, as its name is made of the template.
    :ivar away: whether it waits in the burst.
    """

    load: Load
    lacking: tuple[str, ...]
    since: datetime
    hindrance: str
    owner: str = ""
    away: bool = False


def lacking(message: str) -> tuple[str, ...]:
    """What the scheduler says that nodes have too little of: resources, pods among them; empty for other reasons."""
    return tuple(sorted({"pods" if found[2] else found[1] for found in _FULL.finditer(message)}))


def waiting(pod: Object, cluster: Cluster) -> WaitingPod | None:
    """A pod, if it waits because nodes are full.

    Not one that is held by a scheduling gate, is being deleted, or is promised the room of pods that make way for it.
    """
    status = pod.get("status") or {}
    if (pod.get("spec") or {}).get("nodeName") or status.get("nominatedNodeName"):
        return None
    if (pod.get("metadata") or {}).get("deletionTimestamp") or status.get("phase", "Pending") != "Pending":
        return None
    found = condition(pod, "PodScheduled")
    if found.get("status") != "False" or found.get("reason") != "Unschedulable":
        return None
    missing = lacking(str(found.get("message") or ""))
    since = parsed(found.get("lastTransitionTime")) or parsed(pod["metadata"].get("creationTimestamp"))
    if not missing or since is None:
        return None
    metadata = pod["metadata"]
    owners = [str(owner.get("name")) for owner in metadata.get("ownerReferences") or [] if owner.get("controller")]
    owner = f"{metadata.get('namespace')}/{owners[0]}" if owners else ""
    return WaitingPod(load_of(pod), missing, since, hindrance(pod, missing, cluster), owner)


def hindrance(pod: Object, missing: t.Sequence[str], cluster: Cluster) -> str:
    """Why a burst cannot help a pod; empty where it can.

    :param pod: one, or the template of one with its namespace.
    """
    spec, namespace = pod["spec"], pod["metadata"].get("namespace", "")
    rare = sorted(set(missing) - _ORDINARY)
    if rare:
        return f"it needs {' and '.join(rare)}, which the burst's nodes do not have"
    if any(owner.get("kind") == "DaemonSet" for owner in pod["metadata"].get("ownerReferences") or []):
        return "it belongs to a DaemonSet, and so to one node"
    if namespace in cluster.system_namespaces:
        return f"the namespace {namespace} is never federated"
    if cluster.namespaces is not None and namespace not in cluster.namespaces:
        return f"the namespace {namespace} is not federated"
    kept = _volumes_at_home(spec)
    if kept:
        return f"its volume {kept[0]} stays in the data centre"
    if not selects(spec, cluster.labels):
        return "its node selector or affinity takes none of the burst's nodes"
    if not tolerates(spec, cluster.taints):
        return "it does not tolerate the taints of the burst's nodes"
    if cluster.node and not cluster.node.holds(requested(spec)):
        return "it requests more than a node of the burst has"
    return ""


def _volumes_at_home(spec: Object) -> list[str]:
    """Volumes whose data is in the data centre: those of claims, and folders of a node."""
    return [
        str(volume.get("name"))
        for volume in spec.get("volumes") or []
        if volume.get("persistentVolumeClaim") or volume.get("hostPath")
    ]


__all__ = ("Cluster", "WaitingPod", "hindrance", "lacking", "waiting")
