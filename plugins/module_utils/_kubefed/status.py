# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What KubeFed's status fields say. Pure functions.

Sources: pkg/controller/kubefedcluster/clusterclient.go and pkg/controller/sync/status/status.go of KubeFed v0.10.0.
"""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from .._runtime.wait import State
from .waiting.workloads import CRASHES

Object = dict[str, t.Any]

# KubeFed tries again after these by itself (IsRecoverableError), or is not done yet
_MAY_RECOVER = frozenset(
    (
        "WaitingForRemoval",
        "ClusterNotReady",
        "CachedRetrievalFailed",
        "CreationFailed",
        "UpdateFailed",
        "DeletionFailed",
        "LabelRemovalFailed",
        "RetrievalFailed",
        "ClientRetrievalFailed",
        "VersionRetrievalFailed",
        "CreationTimedOut",
        "UpdateTimedOut",
        "DeletionTimedOut",
        "LabelRemovalTimedOut",
    )
)
# ... but not with these answers of the cluster's API server, which come again each time
_REFUSALS = (
    # Its decoders', before anything else: k8s.io/apimachinery/pkg/runtime and sigs.k8s.io/json
    "cannot be handled as a",
    "cannot unmarshal",
    "illegal base64 data",
    "unable to decode",
    "is invalid",
    "is forbidden: exceeded quota",
    "denied the request",
    "denied request",
    "field is immutable",
    "unable to recognize",
    "no matches for kind",
)
# The kubelet starts a container again after five minutes at the latest
_KILLED_LATELY = timedelta(minutes=6)
# How often KubeFed has written an object by then, how long ago at most, and how long after it was last meant to
_AGAIN_AND_AGAIN = 5
_STILL = timedelta(minutes=6)
_SETTLED = timedelta(seconds=30)
_TERMINAL_REASONS = frozenset(("ComputePlacementFailed",))


def condition(item: Object, type_: str) -> Object:
    """A condition of an object, or an empty dictionary."""
    for found in (item.get("status") or {}).get("conditions") or []:
        if found.get("type") == type_:
            return t.cast(Object, found)
    return {}


def is_ready(cluster: Object) -> bool:
    """Whether KubeFed works with this cluster. A cluster that went offline has no condition Ready at all."""
    return condition(cluster, "Ready").get("status") == "True"


def last_probe(cluster: Object) -> str:
    """When KubeFed last looked at the cluster, or an empty string."""
    return _time(cluster, "lastProbeTime")


def last_transition(cluster: Object) -> str:
    """When what KubeFed says of the cluster last became another, or an empty string.

    KubeFed makes a new client when spec, labels or annotations change, and the first word of a client is such a
    transition, whatever the one before has said (KubeFed v0.10.0, pkg/controller/kubefedcluster/controller.go).
    """
    return _time(cluster, "lastTransitionTime")


def _time(cluster: Object, field: str) -> str:
    """A time that all conditions of a cluster have in common."""
    conditions = (cluster.get("status") or {}).get("conditions") or []
    return str(conditions[0].get(field) or "") if conditions else ""


def readiness(cluster: Object) -> str:
    """What KubeFed's controller last said about a cluster, for the user."""
    if is_ready(cluster):
        return "Ready"
    told = []
    for found in (cluster.get("status") or {}).get("conditions") or []:
        told.append(
            f"{found.get('type')}={found.get('status')} {found.get('reason') or ''}: {found.get('message') or ''}"
            f" (probed {found.get('lastProbeTime') or 'never'})"
        )
    return "; ".join(told) or "KubeFed's controller has not looked at it yet"


def controller_trouble(deployment: Object, trouble: str) -> str:
    """Why KubeFed's controller manager does not run, and what to do; empty when one of its pods is ready.

    :param deployment: of the controller manager.
    :param trouble: what its pods say.
    """
    if (deployment.get("status") or {}).get("readyReplicas"):
        return ""
    metadata, wanted = deployment["metadata"], (deployment.get("spec") or {}).get("replicas", 1)
    where = f"kubectl --namespace {metadata['namespace']}"
    if wanted == 0:
        return (
            f"KubeFed's controller does not run: deployment {metadata['name']} is scaled to 0. Run: {where} scale "
            f"deployment {metadata['name']} --replicas=2"
        )
    return (
        f"KubeFed's controller does not run: of the {wanted} pods of deployment {metadata['name']} none is ready: "
        f"{trouble or f'look at {where} get pods'}"
    )


def out_of_memory(pods: t.Iterable[Object], now: datetime) -> str:
    """What to say of a controller manager that is killed for want of memory again and again, or an empty string.

    It has to hold all that is federated, and each new one of its pods begins with all of it (kubefed#1235): one that
    was killed a minute ago will be so again.

    :param pods: of the controller manager.
    :param now: with its time zone.
    """
    for pod in pods:
        limits = {
            container["name"]: ((container.get("resources") or {}).get("limits") or {}).get("memory")
            for container in (pod.get("spec") or {}).get("containers") or []
        }
        for container in (pod.get("status") or {}).get("containerStatuses") or []:
            for state in ("state", "lastState"):
                ended = (container.get(state) or {}).get("terminated") or {}
                count = int(container.get("restartCount") or 0) + (state == "state")
                if ended.get("reason") != "OOMKilled" or count < CRASHES:
                    continue
                if now - _moment(str(ended.get("finishedAt"))) <= _KILLED_LATELY:
                    limit = limits.get(container.get("name"))
                    return (
                        "KubeFed's controller manager needs more memory than it may have: pod"
                        f" {pod['metadata']['name']} has ended {count} times, and was last killed at"
                        f" {ended['finishedAt']}, with {f'a limit of {limit}' if limit else 'no limit of its own'}."
                        " Raise kubefed_host_memory_limit and run the role kubefed_host, then this again."
                    )
    return ""


class ClusterState(t.NamedTuple):
    """What KubeFed says about one federated object in one cluster.

    :ivar status: KubeFed's word; empty when all is well there.
    :ivar message: the cluster's own message, from KubeFed's events.
    """

    status: str
    message: str = ""


class Propagation(t.NamedTuple):
    """What KubeFed says about one federated object.

    :ivar current: whether it has seen the object as it is now.
    :ivar done: whether the object is as it should be in each cluster.
    :ivar reason: why not, for the object as a whole.
    :ivar clusters: by name of cluster.
    """

    current: bool
    done: bool
    reason: str
    clusters: dict[str, ClusterState]

    @property
    def terminal(self) -> str:
        """Why waiting on is useless; empty while it is not."""
        if not self.current:
            return ""
        if self.reason in _TERMINAL_REASONS:
            return self.reason
        for name, state in sorted(self.clusters.items()):
            if not state.status:
                continue
            refused = any(text in state.message for text in _REFUSALS)
            if refused or state.status not in _MAY_RECOVER:
                return f"{name}: {state.status}" + (f": {state.message}" if state.message else "")
        return ""

    @property
    def last(self) -> str:
        """One line for the user."""
        if not self.current:
            return "KubeFed's controller has not seen it yet"
        states = [
            f"{name}: {state.status or 'OK'}" + (f" ({state.message})" if state.message and state.status else "")
            for name, state in sorted(self.clusters.items())
        ]
        return "; ".join(([self.reason] if self.reason not in ("", "CheckClusters") else []) + states) or "OK"


def propagation(federated: Object, messages: t.Mapping[str, str] | None = None) -> Propagation:
    """Read the status of a federated object.

    :param messages: the clusters' own messages by cluster, see :func:`event_messages`.
    """
    status = federated.get("status") or {}
    current = status.get("observedGeneration") == federated["metadata"].get("generation")
    found: Object = next((entry for entry in status.get("conditions") or [] if entry.get("type") == "Propagation"), {})
    clusters = {
        entry["name"]: ClusterState(entry.get("status") or "", (messages or {}).get(entry["name"], ""))
        for entry in status.get("clusters") or []
    }
    return Propagation(
        current=current,
        done=current and found.get("status") == "True",
        reason=found.get("reason") or "",
        clusters=clusters,
    )


def propagated(federated: Object, wanted: t.Collection[str], messages: t.Mapping[str, str] | None = None) -> State:
    """Whether a federated object has arrived in each wanted cluster, and is nowhere that it should not be."""
    found = propagation(federated, messages)
    missing = [name for name in wanted if name not in found.clusters]
    last = found.last + (f"; not there yet: {', '.join(missing)}" if missing and found.current else "")
    return State(found.done and not missing, last)


def event_messages(events: t.Iterable[Object], kind: str, name: str) -> dict[str, str]:
    """The clusters' own messages for a federated object, by cluster, from the warnings that KubeFed records for it.

    KubeFed words them ``Failed to create Deployment "ns/web" in cluster "vulcan": …`` (dispatch/managed.go).
    """
    messages: dict[str, tuple[str, str]] = {}
    for event in events:
        about = event.get("involvedObject") or {}
        if event.get("type") != "Warning" or about.get("kind") != kind or about.get("name") != name:
            continue
        text = str(event.get("message") or "")
        _before, found, rest = text.partition(' in cluster "')
        cluster, closed, message = rest.partition('": ')
        when = str(event.get("lastTimestamp") or event.get("eventTime") or "")
        if found and closed and when >= messages.get(cluster, ("", ""))[0]:
            messages[cluster] = (when, message)
    return {cluster: message for cluster, (_when, message) in messages.items()}


def rewritten(federated: Object, events: t.Iterable[Object], now: datetime) -> dict[str, str]:
    """Clusters in which KubeFed writes an object again and again, though nobody has changed the federated one.

    KubeFed records ``Updating Deployment "ns/web" in cluster "vulcan"`` each time (dispatch/managed.go), and looks at
    an object ten seconds after a change of it in its cluster (RetryDelay in pkg/controller/util/worker.go). From the
    25th on, client-go lets one event in five minutes pass (tools/record/events_cache.go).

    :param events: those of the reason UpdateInCluster.
    :param now: with its time zone.
    :returns: how often, and since when, by cluster.
    """
    metadata = federated["metadata"]
    written = [str(metadata.get("creationTimestamp") or "")]
    fields = metadata.get("managedFields") or []
    written += [str(entry.get("time") or "") for entry in fields if not entry.get("subresource")]
    told: dict[str, str] = {}
    for event in events:
        about = event.get("involvedObject") or {}
        if (about.get("kind"), about.get("name")) != (federated.get("kind"), metadata["name"]):
            continue
        count, last = int(event.get("count") or 1), str(event.get("lastTimestamp") or "")
        cluster = str(event.get("message") or "").rpartition(' in cluster "')[2].rstrip('"')
        if count < _AGAIN_AND_AGAIN or not last or not max(written):
            continue
        when = _moment(last)
        if now - when < _STILL and when - _moment(max(written)) > _SETTLED:
            told[cluster] = f"{count} times since {event.get('firstTimestamp')}"
    return told


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


__all__ = (
    "ClusterState",
    "Propagation",
    "condition",
    "controller_trouble",
    "event_messages",
    "is_ready",
    "last_probe",
    "last_transition",
    "out_of_memory",
    "propagated",
    "propagation",
    "readiness",
    "rewritten",
)
