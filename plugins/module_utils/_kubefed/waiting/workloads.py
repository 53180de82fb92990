# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Whether the pods of a workload run in a cluster, and why they never will. Pure functions.

Sources: ``kubectl rollout status`` (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go) for what is done, and the
kubelet's reasons of waiting containers (pkg/kubelet/images and pkg/kubelet/kuberuntime) for what is in vain.
"""

from __future__ import annotations

import typing as t

from ..._kube.objects import Object
from ..._runtime.wait import PollResult

# The kinds of apps/v1 that run pods, and whose pods are waited for
WORKLOADS = ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")

# Nothing but a change of the workload or of the registry helps against these
_IN_VAIN = frozenset(
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
# A container may crash while what it needs is not up yet
CRASHES = 3
# Not just "is forbidden", which may be about a ServiceAccount that is still on its way
_REFUSED = ("exceeded quota", "violates PodSecurity", "denied the request", "denied request", "is invalid")


class Trouble(t.NamedTuple):
    """Why a pod does not run.

    :ivar message: the reason and the cluster's own message; empty when there is no trouble.
    :ivar may_pass: whether it is in vain only when it stays for :data:`GRACE` seconds.
    """

    message: str = ""
    may_pass: bool = False


def rollout(kind: str, workload: Object) -> PollResult:
    """Whether a rollout is complete, in kubectl's terms.

    :param workload: the object as its cluster has it.
    """
    spec, status = workload.get("spec") or {}, workload.get("status") or {}

    def count(name: str) -> int:
        return int(status.get(name) or 0)

    if count("observedGeneration") < int(workload["metadata"].get("generation") or 0):
        return PollResult(False, "not seen by its controller yet")
    if kind == "DaemonSet":
        wanted, updated, ready = count("desiredNumberScheduled"), count("updatedNumberScheduled"), "numberAvailable"
        if (spec.get("updateStrategy") or {}).get("type") == "OnDelete":
            updated = wanted
    else:
        replicas = spec.get("replicas")
        wanted, updated, ready = 1 if replicas is None else int(replicas), count("updatedReplicas"), "availableReplicas"
        strategy = spec.get("updateStrategy") or {}
        if kind == "ReplicaSet" or strategy.get("type") == "OnDelete":
            updated = wanted
        elif kind == "StatefulSet":
            updated += int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    if updated < wanted:
        return PollResult(False, f"{updated} of {wanted} pods are new")
    if kind == "Deployment" and count("replicas") > updated:
        return PollResult(False, f"{count('replicas') - updated} old pods are still there")
    if count(ready) < wanted:
        return PollResult(False, f"{count(ready)} of {wanted} pods are available")
    return PollResult(True, f"{count(ready)} of {wanted} pods are available")


def given_up(workload: Object) -> str:
    """Why a workload's own controller can't go on, in its words, or an empty string."""
    for condition in (workload.get("status") or {}).get("conditions") or []:
        message = str(condition.get("message") or "")
        if (condition.get("type"), condition.get("reason")) == ("Progressing", "ProgressDeadlineExceeded"):
            return f"ProgressDeadlineExceeded: {message}"
        if (
            condition.get("type") == "ReplicaFailure"
            and condition.get("status") == "True"
            and any(text in message for text in _REFUSED)
        ):
            return f"{condition.get('reason')}: {message}"
    return ""


def refused(events: t.Iterable[Object], workload: Object) -> str:
    """Why the pods of a StatefulSet or DaemonSet are refused, which no condition of theirs says; or an empty string.

    :param events: of the reason FailedCreate.
    """
    for event in events:
        message = str(event.get("message") or "")
        if (event.get("involvedObject") or {}).get("uid") == workload["metadata"].get("uid") and any(
            text in message for text in _REFUSED
        ):
            return f"FailedCreate: {message}"
    return ""


def current_pods(
    kind: str, workload: Object, pods: t.Iterable[Object], replica_sets: t.Iterable[Object]
) -> list[Object]:
    """The pods of a workload as it is now, without those of what it was before.

    :param pods: of its namespace in its cluster; so the ReplicaSets.
    """
    metadata = workload["metadata"]
    owner, labels = metadata["uid"], {}
    if kind == "Deployment":
        revision = (metadata.get("annotations") or {}).get(_REVISION)
        owners = [
            entry["metadata"]["uid"]
            for entry in replica_sets
            if _owned(entry, owner) and (entry["metadata"].get("annotations") or {}).get(_REVISION) == revision
        ]
        owner = owners[0] if owners else ""
    elif kind == "StatefulSet":
        labels = {"controller-revision-hash": (workload.get("status") or {}).get("updateRevision")}
    elif kind == "DaemonSet":
        # By the controller itself still set on each pod (pkg/controller/daemon/util/daemonset_util.go)
        generation = (metadata.get("annotations") or {}).get("deprecated.daemonset.template.generation")
        labels = {"pod-template-generation": generation} if generation else {}
    return [
        pod
        for pod in pods
        if _owned(pod, owner)
        and not pod["metadata"].get("deletionTimestamp")
        and all((pod["metadata"].get("labels") or {}).get(key) == value for key, value in labels.items())
    ]


_REVISION = "deployment.kubernetes.io/revision"


def _owned(entry: Object, uid: str) -> bool:
    return any(owner.get("uid") == uid for owner in entry["metadata"].get("ownerReferences") or [])


def trouble(pods: t.Iterable[Object]) -> Trouble:
    """Why pods will not run, with the cluster's own message."""
    passing = Trouble()
    for pod in pods:
        status = pod.get("status") or {}
        for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
            state = container.get("state") or {}
            waiting, terminated = state.get("waiting") or {}, state.get("terminated") or {}
            # Between two starts it has ended once more than it was started again
            ends = int(container.get("restartCount") or 0) + 1
            reason = waiting.get("reason") or terminated.get("reason")
            told = f"pod {pod['metadata']['name']}, container {container.get('name')}: {reason}"
            if reason in _IN_VAIN:
                return Trouble(f"{told}: {waiting.get('message') or ''}".rstrip(": "))
            if reason in _MAY_PASS:
                passing = Trouble(f"{told}: {waiting.get('message') or ''}".rstrip(": "), may_pass=True)
            # The kubelet may take more than a minute to call it a back-off
            ended = terminated or (container.get("lastState") or {}).get("terminated") or {}
            looping = reason == "CrashLoopBackOff" or bool(terminated.get("exitCode"))
            if looping and ends >= CRASHES:
                said = f" {ended['message'].strip()}" if ended.get("message") else ""
                killed = " (OOMKilled)" if ended.get("reason") == "OOMKilled" else ""
                return Trouble(
                    f"{told}: ended {ends} times, last with exit code {ended.get('exitCode')}{killed}.{said}"
                )
    return passing


def held_up(pods: t.Iterable[Object]) -> str:
    """What pods wait for that may still come, such as room in the cluster; or an empty string."""
    for pod in pods:
        for condition in (pod.get("status") or {}).get("conditions") or []:
            if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
                return f"{condition.get('reason')}: {condition.get('message') or ''}".rstrip(": ")
    return ""


__all__ = (
    "CRASHES",
    "GRACE",
    "WORKLOADS",
    "Trouble",
    "current_pods",
    "given_up",
    "held_up",
    "refused",
    "rollout",
    "trouble",
)
