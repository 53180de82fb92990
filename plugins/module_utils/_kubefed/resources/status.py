# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Reads the status of federated objects. Pure functions.

Source: pkg/controller/sync/status/status.go of KubeFed v0.10.0.
"""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from ..._kube.objects import Object
from ..._runtime.wait import PollResult

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
_REJECTIONS = (
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
# How often KubeFed has written an object by then, how long ago at most, and how long after it was last meant to
_AGAIN_AND_AGAIN = 5
_STILL = timedelta(minutes=6)
_SETTLED = timedelta(seconds=30)
_TERMINAL_REASONS = frozenset(("ComputePlacementFailed",))


class ClusterState(t.NamedTuple):
    """What KubeFed says about one federated object in one cluster.

    :ivar status: KubeFed's word; empty if the object is propagated there.
    :ivar message: the cluster's own message, from KubeFed's events.
    """

    status: str
    message: str = ""


class Propagation(t.NamedTuple):
    """What KubeFed says about one federated object.

    :ivar current: whether KubeFed has processed the object's present version.
    :ivar done: whether the object is up to date in each cluster.
    :ivar reason: why not, for the object as a whole.
    :ivar clusters: by name of cluster.
    """

    current: bool
    done: bool
    reason: str
    clusters: dict[str, ClusterState]

    @property
    def terminal(self) -> str:
        """Why waiting is useless; empty if it is not."""
        if not self.current:
            return ""
        if self.reason in _TERMINAL_REASONS:
            return self.reason
        for name, state in sorted(self.clusters.items()):
            if not state.status:
                continue
            rejected = any(text in state.message for text in _REJECTIONS)
            if rejected or state.status not in _MAY_RECOVER:
                return f"{name}: {state.status}" + (f": {state.message}" if state.message else "")
        return ""

    @property
    def last(self) -> str:
        """The status in one line for the user."""
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


def propagated(
    federated: Object, clusters: t.Collection[str], messages: t.Mapping[str, str] | None = None
) -> PollResult:
    """Whether a federated object exists in each of these clusters, and in no other."""
    found = propagation(federated, messages)
    missing = [name for name in clusters if name not in found.clusters]
    last = found.last + (f"; not there yet: {', '.join(missing)}" if missing and found.current else "")
    return PollResult(found.done and not missing, last)


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
    """Clusters in which KubeFed updates an object again and again, though the federated one has not changed.

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
    counts: dict[str, str] = {}
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
            counts[cluster] = f"{count} times since {event.get('firstTimestamp')}"
    return counts


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


__all__ = (
    "ClusterState",
    "Propagation",
    "event_messages",
    "propagated",
    "propagation",
    "rewritten",
)
