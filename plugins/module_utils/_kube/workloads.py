# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Tells whether the pods of a workload run in a cluster, or why they never will. Pure functions.

Sources: ``kubectl rollout status`` (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go) for what is done, and the
kubelet's reasons of waiting containers (pkg/kubelet/images and pkg/kubelet/kuberuntime) for what will not run.
"""

from __future__ import annotations

import typing as t

from .._runtime.wait import PollResult
from .objects import Object

# These only end when the workload or the registry is changed
_NEVER_STARTS = frozenset(
    (
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
    )
)
# A ConfigMap or Secret may have come after the pod: the kubelet looks again within some seconds
_MAY_PASS = frozenset(("CreateContainerConfigError", "CreateContainerError"))
GRACE = 30.0
# A container may crash until what it needs is up
CRASHES = 3
# Not just "is forbidden", which may be about a ServiceAccount that is still on its way. Of a LimitRange it is "is
# forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi", in brackets where there are several
# (plugin/pkg/admission/limitranger/admission.go); of a ResourceQuota "failed quota: q: must specify limits.cpu"
# (k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go).
_REJECTED = (
    *("exceeded quota", "failed quota", "violates PodSecurity", "denied the request", "denied request", "is invalid"),
    *(f"is forbidden: {bracket}{bound} " for bracket in ("", "[") for bound in ("maximum", "minimum")),
    "unable to validate against any security context constraint",
)
# Until what a pod names, such as its ServiceAccount, has come, its controller tries again after longer and longer times
REJECTION_GRACE = 60.0


class Trouble(t.NamedTuple):
    """Why a pod does not run.

    :ivar message: the reason and the cluster's own message; empty if there is no trouble.
    :ivar may_pass: whether it may go away by itself. It counts as final after :data:`GRACE` seconds.
    """

    message: str = ""
    may_pass: bool = False


class PodCounts(t.NamedTuple):
    """How many pods a workload should have, how many of them are updated, and how many available."""

    desired: int
    updated: int
    available: int


class Owner(t.NamedTuple):
    """What the current pods of a workload have in common: the uid of their owner, and labels."""

    uid: str
    labels: dict[str, t.Any]


class Workload(t.NamedTuple):
    """How the rollout of a kind of workload is read.

    :ivar read_pods: how many it has, from its spec and status.
    :ivar owner: of its current pods, from the object and the ReplicaSets of its namespace.
    :ivar keeps_old_pods: whether it counts pods of before that are still there.
    :ivar reports_rejected_pods: whether a condition of it says that its pods are rejected; of others, events do.
    """

    read_pods: t.Callable[[Object, Object], PodCounts]
    owner: t.Callable[[Object, t.Iterable[Object]], Owner]
    keeps_old_pods: bool = False
    reports_rejected_pods: bool = False


def rollout(reading: Workload, workload: Object) -> PollResult:
    """Whether a rollout is complete, in kubectl's terms.

    :param reading: how its kind is read.
    :param workload: the object as its cluster has it.
    """
    spec, status = workload.get("spec") or {}, workload.get("status") or {}
    if _is_stale(workload):
        return PollResult(False, "not seen by its controller yet")
    pods = reading.read_pods(spec, status)
    old = _number(status, "replicas") - pods.updated if reading.keeps_old_pods else 0
    if pods.updated < pods.desired:
        return PollResult(False, f"{pods.updated} of {pods.desired} pods are new")
    if old > 0:
        return PollResult(False, f"{old} old pods are still there")
    return PollResult(pods.available >= pods.desired, f"{pods.available} of {pods.desired} pods are available")


def _number(status: Object, field: str) -> int:
    return int(status.get(field) or 0)


def _replicas(spec: Object) -> int:
    return 1 if spec.get("replicas") is None else int(spec["replicas"])


def _is_on_delete(spec: Object) -> bool:
    return bool((spec.get("updateStrategy") or {}).get("type") == "OnDelete")


def _count_daemon_set(spec: Object, status: Object) -> PodCounts:
    desired = _number(status, "desiredNumberScheduled")
    updated = desired if _is_on_delete(spec) else _number(status, "updatedNumberScheduled")
    return PodCounts(desired, updated, _number(status, "numberAvailable"))


def _count_deployment(spec: Object, status: Object) -> PodCounts:
    return PodCounts(_replicas(spec), _number(status, "updatedReplicas"), _number(status, "availableReplicas"))


def _count_replica_set(spec: Object, status: Object) -> PodCounts:
    return PodCounts(_replicas(spec), _replicas(spec), _number(status, "availableReplicas"))


def _count_stateful_set(spec: Object, status: Object) -> PodCounts:
    desired = _replicas(spec)
    rolling = (spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
    updated = (
        desired if _is_on_delete(spec) else _number(status, "updatedReplicas") + int(rolling.get("partition") or 0)
    )
    return PodCounts(desired, updated, _number(status, "availableReplicas"))


def given_up(workload: Object, replica_set: Object | None = None) -> str:
    """Why a workload's own controller has given up, in its words, or an empty string.

    :param replica_set: of a Deployment as it is now. The Deployment's condition may be that of the one before
        (getReplicaFailures in pkg/controller/deployment/deployment_controller.go).
    """
    if _is_stale(workload):
        return ""
    for condition in (workload.get("status") or {}).get("conditions") or []:
        if (condition.get("type"), condition.get("reason")) == ("Progressing", "ProgressDeadlineExceeded"):
            return f"ProgressDeadlineExceeded: {condition.get('message') or ''}"
    for condition in _failures(replica_set or workload):
        message = str(condition.get("message") or "")
        if any(text in message for text in _REJECTED):
            return f"{condition.get('reason')}: {message}"
    return ""


def rejected(events: t.Iterable[Object], workload: Object) -> str:
    """Why the pods of a StatefulSet or DaemonSet are rejected, which no condition of theirs says; or an empty string.

    :param events: of the reason FailedCreate.
    """
    for event in _current(events, workload):
        message = str(event.get("message") or "")
        if any(text in message for text in _REJECTED):
            return f"FailedCreate: {message}"
    return ""


def not_made(workload: Object, events: t.Iterable[Object], replica_set: Object | None = None) -> Trouble:
    """Why a workload's own controller failed to create pods at its last attempt; it will try again.

    :param events: of the reason FailedCreate; of a Deployment and a ReplicaSet, a condition says it.
    :param replica_set: see :func:`given_up`.
    """
    if _is_stale(workload):
        return Trouble()
    messages = [str(condition.get("message") or "") for condition in _failures(replica_set or workload)]
    own = sorted(_current(events, workload), key=lambda event: str(event.get("lastTimestamp") or ""))
    messages += [str(event.get("message") or "") for event in own[-1:]]
    return Trouble(f"FailedCreate: {messages[0]}", may_pass="is forbidden" in messages[0]) if messages else Trouble()


def _is_stale(workload: Object) -> bool:
    """Whether its status is older than its last change."""
    return _number(workload.get("status") or {}, "observedGeneration") < int(
        workload["metadata"].get("generation") or 0
    )


def _failures(owner: Object) -> list[Object]:
    return [
        condition
        for condition in (owner.get("status") or {}).get("conditions") or []
        if (condition.get("type"), condition.get("status")) == ("ReplicaFailure", "True")
    ]


def _current(events: t.Iterable[Object], workload: Object) -> list[Object]:
    """The events about a workload since it was last changed."""
    metadata = workload["metadata"]
    written = [
        str(entry.get("time") or "") for entry in metadata.get("managedFields") or [] if "subresource" not in entry
    ]
    changed = max(written, default="")
    return [
        event
        for event in events
        if (event.get("involvedObject") or {}).get("uid") == metadata.get("uid")
        and str(event.get("lastTimestamp") or "9999") > changed
    ]


def current_replica_set(reading: Workload, workload: Object, replica_sets: t.Sequence[Object]) -> Object | None:
    """The ReplicaSet that creates a Deployment's current pods, or ``None``."""
    uid = reading.owner(workload, replica_sets).uid
    return next((entry for entry in replica_sets if uid and entry["metadata"]["uid"] == uid), None)


def current_pods(
    reading: Workload, workload: Object, pods: t.Iterable[Object], replica_sets: t.Iterable[Object]
) -> list[Object]:
    """The pods of a workload's current version, without those of earlier ones.

    :param reading: how its kind is read.
    :param pods: of its namespace in its cluster; so the ReplicaSets.
    """
    owner = reading.owner(workload, replica_sets)
    return [
        pod
        for pod in pods
        if _owned(pod, owner.uid)
        and not pod["metadata"].get("deletionTimestamp")
        and all((pod["metadata"].get("labels") or {}).get(key) == value for key, value in owner.labels.items())
    ]


_REVISION = "deployment.kubernetes.io/revision"


def _owned(entry: Object, uid: str) -> bool:
    return any(owner.get("uid") == uid for owner in entry["metadata"].get("ownerReferences") or [])


def _owner_itself(workload: Object, _replica_sets: t.Iterable[Object]) -> Owner:
    return Owner(workload["metadata"]["uid"], {})


def _owner_in_deployment(workload: Object, replica_sets: t.Iterable[Object]) -> Owner:
    metadata = workload["metadata"]
    revision = (metadata.get("annotations") or {}).get(_REVISION)
    owners = [
        entry["metadata"]["uid"]
        for entry in replica_sets
        if _owned(entry, metadata["uid"]) and (entry["metadata"].get("annotations") or {}).get(_REVISION) == revision
    ]
    return Owner(owners[0] if owners else "", {})


def _owner_in_stateful_set(workload: Object, _replica_sets: t.Iterable[Object]) -> Owner:
    revision = (workload.get("status") or {}).get("updateRevision")
    return Owner(workload["metadata"]["uid"], {"controller-revision-hash": revision})


def _owner_in_daemon_set(workload: Object, _replica_sets: t.Iterable[Object]) -> Owner:
    # By the controller itself still set on each pod (pkg/controller/daemon/util/daemonset_util.go)
    generation = (workload["metadata"].get("annotations") or {}).get("deprecated.daemonset.template.generation")
    return Owner(workload["metadata"]["uid"], {"pod-template-generation": generation} if generation else {})


DAEMON_SET = Workload(_count_daemon_set, _owner_in_daemon_set)
DEPLOYMENT = Workload(_count_deployment, _owner_in_deployment, keeps_old_pods=True, reports_rejected_pods=True)
REPLICA_SET = Workload(_count_replica_set, _owner_itself, reports_rejected_pods=True)
STATEFUL_SET = Workload(_count_stateful_set, _owner_in_stateful_set)


def trouble(pods: t.Iterable[Object]) -> Trouble:
    """Why pods will not run, with the cluster's own message."""
    passing = Trouble()
    for pod in pods:
        status = pod.get("status") or {}
        for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
            state = container.get("state") or {}
            waiting, terminated = state.get("waiting") or {}, state.get("terminated") or {}
            # Between two starts, it has ended once more often than it was restarted
            ends = int(container.get("restartCount") or 0) + 1
            reason = waiting.get("reason") or terminated.get("reason")
            where = f"pod {pod['metadata']['name']}, container {container.get('name')}: {reason}"
            if reason in _NEVER_STARTS:
                return Trouble(f"{where}: {waiting.get('message') or ''}".rstrip(": "))
            if reason in _MAY_PASS:
                passing = Trouble(f"{where}: {waiting.get('message') or ''}".rstrip(": "), may_pass=True)
            # The kubelet may take more than a minute to call it a back-off
            ended = terminated or (container.get("lastState") or {}).get("terminated") or {}
            looping = reason == "CrashLoopBackOff" or bool(terminated.get("exitCode"))
            if looping and ends >= CRASHES:
                said = f" {ended['message'].strip()}" if ended.get("message") else ""
                killed = " (OOMKilled)" if ended.get("reason") == "OOMKilled" else ""
                return Trouble(
                    f"{where}: ended {ends} times, last with exit code {ended.get('exitCode')}{killed}.{said}"
                )
    return passing


def held_up(pods: t.Iterable[Object]) -> str:
    """What pods are waiting for and may still get, such as room in the cluster; or an empty string."""
    for pod in pods:
        for condition in (pod.get("status") or {}).get("conditions") or []:
            if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
                return f"{condition.get('reason')}: {condition.get('message') or ''}".rstrip(": ")
    return ""


__all__ = (
    "CRASHES",
    "DAEMON_SET",
    "DEPLOYMENT",
    "GRACE",
    "REJECTION_GRACE",
    "REPLICA_SET",
    "STATEFUL_SET",
    "Owner",
    "PodCounts",
    "Trouble",
    "Workload",
    "current_pods",
    "current_replica_set",
    "given_up",
    "held_up",
    "not_made",
    "rejected",
    "rollout",
    "trouble",
)
