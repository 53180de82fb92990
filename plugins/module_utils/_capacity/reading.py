# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""One look at the data centre and the burst: what is asked of their API servers."""

from __future__ import annotations

import typing as t
from datetime import datetime

from .._burst import lock
from .._kube.client import Client
from .._kube.errors import ApiError
from .._kube.objects import Object
from .._kube.parallel import each
from .._kube.paths import resource_path
from .._kubefed.api import FEDERATED_GROUP, FEDERATED_VERSION, path_of
from .._kubefed.conditions import is_ready
from .._kubefed.kinds import rules_for
from .._kubefed.members import Members
from .._kubefed.resources.placement import selected
from .._runtime.errors import FederationError
from . import memory as remembered
from .amounts import Amount
from .autoscalers import Limited, limited
from .judgement import Burst, Seen
from .memory import Memory
from .nodes import is_running, read_nodes
from .packing import Load, Room, load_of
from .pods import Cluster, hindrance, waiting
from .times import parsed, seconds

# A run renews its Lease every two seconds, and clocks of machines differ
_WORKS = 60
SYSTEM_NAMESPACES = ("kube-system", "kube-public", "kube-node-lease")
# Of the burst's KubeFedCluster: burst_up writes it there (playbooks/burst_up.yml)
LEASE_END_ANNOTATION = "cloudburst.federation/lease-end"
# Of the nodes that a burst would have
NODE_LABELS = {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}


class Question(t.NamedTuple):
    """What is asked.

    :ivar burst: its name.
    :ivar namespaces: whose pods a burst takes, beside those that are federated to it already.
    :ivar labels: of the nodes that a burst would have, beside those that nodes of Linux have.
    :ivar taints: of these nodes.
    :ivar node: what each of them has for pods, or ``None`` where that is not said.
    :ivar margin_percent: of the data centre's nodes, what is to stay free when a burst ends.
    """

    burst: str
    kubefed_namespace: str
    namespaces: t.Sequence[str] = ()
    labels: t.Mapping[str, str] = {}
    taints: t.Sequence[Object] = ()
    node: Amount | None = None
    margin_percent: float = 15


class Look(t.NamedTuple):
    """What was answered.

    :ivar memory: what the ConfigMap holds.
    :ivar found: the ConfigMap itself, or ``None``.
    :ivar unknown: why it is not known what runs in the burst; empty where it is.
    """

    seen: Seen
    memory: Memory
    found: Object | None
    unknown: str


def look(host: Client, question: Question, now: datetime) -> Look:
    """Ask both clusters once.

    :param host: the data centre's cluster.
    :raises ApiError: when the data centre's cluster answers with an error.
    :raises Unreachable: when it gives none.
    """
    paths = [
        resource_path("", "v1", "nodes"),
        resource_path("", "v1", "pods"),
        resource_path("autoscaling", "v2", "horizontalpodautoscalers"),
        resource_path(FEDERATED_GROUP, FEDERATED_VERSION, "federatednamespaces"),
    ]
    nodes, pods, autoscalers, federated = each(host.list, paths)
    found = host.get(remembered.path(question.burst))
    burst, cluster, there, unknown = _burst(host, question, federated, now)
    held, extra = _held(host, [entry for entry in map(limited, autoscalers) if entry], cluster)
    seen = Seen(
        # Those that wait in the burst are a reason for it to grow
        pods=[
            *(found for found in (waiting(pod, cluster) for pod in pods) if found),
            *(found._replace(away=True) for found in (waiting(pod, cluster) for pod in there) if found),
        ],
        autoscalers=held,
        nodes=read_nodes(nodes, pods),
        home=read_nodes(nodes, pods, margin_percent=question.margin_percent),
        burst=burst,
        extra=extra,
    )
    return Look(seen, remembered.memory_of(found), found, unknown)


def room_at_home(host: Client) -> tuple[list[Room], list[Object]]:
    """What is free on each of the data centre's nodes, and all its pods.

    :param host: the data centre's cluster.
    """
    nodes, pods = each(host.list, [resource_path("", "v1", "nodes"), resource_path("", "v1", "pods")])
    return read_nodes(nodes, pods).rooms, pods


def _burst(
    host: Client, question: Question, federated: t.Sequence[Object], now: datetime
) -> tuple[Burst, Cluster, list[Object], str]:
    """The burst, what its nodes are like, its pods, and why it is not known what runs there."""
    placed = (item["metadata"]["namespace"] for item in federated if _may_reach(item.get("spec") or {}, question.burst))
    namespaces = {*question.namespaces, *placed}
    cluster = Cluster(
        {**NODE_LABELS, **question.labels},
        question.taints,
        # Where nothing is federated and none was named, any may be
        namespaces if namespaces or federated else None,
        (*SYSTEM_NAMESPACES, question.kubefed_namespace),
        question.node,
    )
    member = host.get(path_of("KubeFedCluster", question.kubefed_namespace, question.burst))
    lease = (host.get(lock.path(question.burst)) or {}).get("spec") or {}
    renewed = parsed(lease.get("renewTime"))
    under_way = bool(lease.get("holderIdentity")) and renewed is not None and seconds(renewed, now) < _WORKS
    if not member:
        return Burst(under_way=under_way), cluster, [], ""
    metadata = member["metadata"]
    burst = Burst(
        member=True,
        ready=is_ready(member),
        since=parsed(metadata.get("creationTimestamp")),
        under_way=under_way,
        loads=None,
        # Whoever looks knows it, also who has not seen the burst begin
        lease_end=parsed((metadata.get("annotations") or {}).get(LEASE_END_ANNOTATION)),
    )
    try:
        client = Members(host, question.kubefed_namespace).client(question.burst)
        paths = [resource_path("", "v1", "pods"), resource_path("", "v1", "nodes")]
        pods, nodes = each(client.list, paths)
    except FederationError as error:
        return burst, cluster, [], error.message
    if not nodes and not under_way:
        # Parked: a member that can run nothing, as if there were none. burst_up brings its nodes.
        return Burst(lease_end=burst.lease_end), cluster, pods, ""
    if nodes:
        # Its own are known now: what all of them have
        labels = [set((node["metadata"].get("labels") or {}).items()) for node in nodes]
        common = set.intersection(*labels)
        cluster = cluster._replace(labels={**dict(common), **question.labels})
    return burst._replace(loads=_loads(pods, cluster), nodes=len(nodes)), cluster, pods, ""


def _may_reach(spec: Object, burst: str) -> bool:
    """Whether a placement takes the burst's cluster, or may: which labels that will have is not known before."""
    placement = spec.get("placement") or {}
    by_labels = placement.get("clusters") is None and placement.get("clusterSelector") is not None
    return by_labels or burst in selected(spec, {})


def _loads(pods: t.Iterable[Object], cluster: Cluster) -> list[Load]:
    """What would have to come home: the pods of applications that have a node. Others are told apart."""
    return [
        load_of(pod)
        for pod in pods
        if is_running(pod)
        and pod["metadata"].get("namespace") not in cluster.system_namespaces
        and not any(owner.get("kind") == "DaemonSet" for owner in pod["metadata"].get("ownerReferences") or [])
    ]


def _held(host: Client, autoscalers: t.Sequence[Limited], cluster: Cluster) -> tuple[list[Limited], list[Load]]:
    """The autoscalers with why a burst cannot help them, and the pods that the others would make if they might."""
    found: list[Limited] = []
    loads: list[Load] = []
    for entry in autoscalers:
        bare: Object = {"metadata": {"namespace": entry.namespace}, "spec": {}}
        why = hindrance(bare, (), cluster)
        pod = None if why else _scaled_pod(host, entry)
        if pod:
            why = hindrance(pod, (), cluster)
            loads += [] if why else [load_of(pod)] * entry.extra
        found.append(entry._replace(hindrance=why))
    return found, loads


def _scaled_pod(host: Client, entry: Limited) -> Object | None:
    """A pod as an autoscaler would make it; ``None`` where that is not known: only workloads of apps/v1 are.

    :raises ApiError: also 403. A watch that counted on without this right would order nodes of the wrong size.
    """
    version, kind, name = entry.target
    rules = rules_for("apps", kind)
    if version != "apps/v1" or not rules.scaled:
        return None
    path = resource_path("apps", "v1", rules.plural, namespace=entry.namespace, name=name)
    workload = ((host.get(path) or {}).get("spec")) or {}
    template = workload.get("template") or {}
    spec = template.get("spec") or {}
    claims = [
        {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}
        for claim in workload.get("volumeClaimTemplates") or []
    ]
    metadata = {**(template.get("metadata") or {}), "namespace": entry.namespace, "name": name}
    return {"metadata": metadata, "spec": {**spec, "volumes": [*(spec.get("volumes") or []), *claims]}}


def write(host: Client, question: Question, memory: Memory, found: Object | None) -> bool:
    """Write down what is to be remembered.

    :param found: the ConfigMap as it was read.
    :returns: whether it was written; not so where somebody else has written it since.
    """
    wanted = remembered.manifest(question.burst, memory, found)
    if found and (found.get("data") or {}) == wanted["data"]:
        return True
    try:
        if found:
            host.request("PUT", remembered.path(question.burst), body=wanted)
        else:
            host.create(remembered.path(question.burst, create=True), wanted)
    except ApiError as error:
        if error.status in (404, 409):
            return False
        raise
    return True


__all__ = ("Look", "Question", "look", "room_at_home", "write")
