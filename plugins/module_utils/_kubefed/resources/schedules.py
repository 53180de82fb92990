# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Reads and changes ReplicaSchedulingPreferences, which divide replicas over clusters. Pure functions.

Sources: pkg/apis/scheduling/v1alpha1 and pkg/schedulingtypes of KubeFed v0.10.0. Its scheduler writes the placement of
the target, which becomes all ready clusters, and an override of /spec/replicas for each.
"""

from __future__ import annotations

import copy
import json
import typing as t
from dataclasses import dataclass

from ..._kube.objects import Object
from ..._kube.paths import resource_path
from ..._runtime.errors import InvalidOption
from ..._runtime.wait import PollResult
from ..api import SCHEDULING_GROUP
from ..kinds import schedulable
from .model import WITHDRAWN_ANNOTATION
from .overrides import REPLICAS_PATH
from .ownership import own_metadata, recorded

SCHEDULING_VERSION = "v1alpha1"
KIND = "ReplicaSchedulingPreference"
# What its author's manifest said when it was made of it. As long as that says the same, totalReplicas is whoever's who
# scales the application while it is divided.
REPLICAS_ANNOTATION = "cloudburst.federation/replicas"
_NOTHING = {"weight": 0, "minReplicas": 0, "maxReplicas": 0}
_PREFERENCES = ("weight", "minReplicas", "maxReplicas")


@dataclass(frozen=True)
class Schedule:
    """A desired ReplicaSchedulingPreference, which schedules the federated object of the same name."""

    namespace: str
    name: str
    spec: Object
    labels: Object
    annotations: Object

    @property
    def key(self) -> tuple[str, str, str]:
        """Kind, namespace and name of what it schedules."""
        return str(self.spec.get("targetKind")), self.namespace, self.name

    @property
    def title(self) -> str:
        """Its name in messages."""
        return f"{KIND} {self.namespace}/{self.name}"

    @property
    def path(self) -> str:
        """Its API path on the host."""
        return path(self.namespace, self.name)

    def manifest(self, found: Object | None) -> Object:
        """The manifest to write, given the existing one."""
        made = copy.deepcopy(found) or {
            "apiVersion": f"{SCHEDULING_GROUP}/{SCHEDULING_VERSION}",
            "kind": KIND,
            "metadata": {"name": self.name, "namespace": self.namespace},
        }
        scaled = self._scaled(made)
        # What it gave before it was taken from a cluster is of no matter now
        (made["metadata"].get("annotations") or {}).pop(WITHDRAWN_ANNOTATION, None)
        record = own_metadata(made, self.labels, self.annotations)
        # Its CRD may fill in a default
        selector = (made.get("spec") or {}).get("intersectWithClusterSelector")
        made["spec"] = {**copy.deepcopy(self.spec), **scaled}
        if selector is not None:
            made["spec"].setdefault("intersectWithClusterSelector", False)
        recorded(made, found or {"metadata": {}}, record)
        return made

    def _scaled(self, found: Object) -> Object:
        """The number of replicas that somebody has given since; see :data:`REPLICAS_ANNOTATION`."""
        made_of = self.annotations.get(REPLICAS_ANNOTATION)
        total = (found.get("spec") or {}).get("totalReplicas")
        same = made_of is not None and (found["metadata"].get("annotations") or {}).get(REPLICAS_ANNOTATION) == made_of
        return {"totalReplicas": total} if same and _count(total) else {}


def path(namespace: str, name: str | None = None) -> str:
    """API path of one, or of all in a namespace."""
    return resource_path(
        SCHEDULING_GROUP, SCHEDULING_VERSION, "replicaschedulingpreferences", namespace=namespace, name=name
    )


def is_schedule(manifest: Object) -> bool:
    """Whether a resource is a ReplicaSchedulingPreference."""
    return bool(manifest["apiVersion"].rpartition("/")[0] == SCHEDULING_GROUP and manifest["kind"] == KIND)


def read_schedule(manifest: Object, *, namespace: str | None) -> Schedule:
    """Read a ReplicaSchedulingPreference.

    :raises InvalidOption: KubeFed would ignore something, or do it in an unexpected way.
    """
    metadata = manifest["metadata"]
    inside = metadata.get("namespace") or namespace or ""
    spec = manifest.get("spec") or {}
    title = f"{KIND} {metadata['name']}"
    if not inside:
        raise InvalidOption(f"{title} has no namespace: set metadata.namespace or the option namespace.")
    if spec.get("targetKind") not in schedulable():
        raise InvalidOption(
            f"{title} has targetKind {spec.get('targetKind')!r}; KubeFed schedules only {' and '.join(schedulable())}."
        )
    if not _count(spec.get("totalReplicas")):
        raise InvalidOption(f"{title} has totalReplicas {spec.get('totalReplicas')!r}; it must be a number, 0 or more.")
    clusters = spec.get("clusters") or {}
    for cluster, preferences in clusters.items():
        for key, value in (preferences or {}).items():
            if key not in _PREFERENCES or not _count(value):
                raise InvalidOption(
                    f"{title} has {key}: {value!r} for {cluster}; allowed are {', '.join(_PREFERENCES)}, each a number,"
                    " 0 or more."
                )
        low, high = (preferences or {}).get("minReplicas", 0), (preferences or {}).get("maxReplicas")
        if high is not None and low > high:
            raise InvalidOption(f"{title} has minReplicas {low} above maxReplicas {high} for {cluster}.")
    return Schedule(
        inside,
        metadata["name"],
        copy.deepcopy(spec),
        dict(metadata.get("labels") or {}),
        dict(metadata.get("annotations") or {}),
    )


def _count(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def replicas(spec: Object) -> dict[str, int]:
    """The replicas that a federated object's overrides give to clusters, by name."""
    return {
        entry["clusterName"]: item["value"]
        for entry in spec.get("overrides") or []
        for item in entry.get("clusterOverrides") or []
        if item["path"] == REPLICAS_PATH and isinstance(item.get("value"), int)
    }


def excluded(spec: Object, clusters: t.Iterable[str]) -> Object:
    """A schedule that gives these clusters no replicas."""
    given = {**(spec.get("clusters") or {"*": {"weight": 1}})}
    return {**spec, "clusters": {**given, **{name: dict(_NOTHING) for name in clusters}}}


def without_clusters(found: Object, clusters: t.Iterable[str]) -> Object | None:
    """A patch by which a schedule gives these clusters no replicas, and remembers what it gave them before.

    :returns: ``None`` if it gives them none already.
    """
    spec = excluded(found["spec"], clusters)
    if spec == found["spec"]:
        return None
    # Schedules bear this: its keys are what earlier releases wrote. In "left" are those that are not members any more
    memory = _memory(found) or {"clusters": found["spec"].get("clusters"), "from": [], "left": []}
    memory["from"] = sorted({*memory["from"], *clusters})
    memory["left"] = sorted(set(memory["left"]) - set(clusters))
    return {"metadata": {"annotations": _remembered(memory)}, "spec": {"clusters": spec["clusters"]}}


def restored(found: Object, former_members: t.Collection[str]) -> Object | None:
    """A patch that undoes :func:`without_clusters`, after these clusters have left.

    Later changes by others are kept.

    :param former_members: clusters that are not members any more.
    :returns: ``None`` when there is nothing to be done.
    """
    memory = _memory(found)
    if not memory:
        return None
    former = {*memory["left"], *(set(memory["from"]) & set(former_members))}
    if former != set(memory["from"]):
        known = former == set(memory["left"])
        return None if known else {"metadata": {"annotations": _remembered({**memory, "left": sorted(former)})}}
    patch: Object = {"metadata": {"annotations": {WITHDRAWN_ANNOTATION: None}}}
    before, now = memory["clusters"], found["spec"].get("clusters") or {}
    if now == excluded({"clusters": before}, memory["from"])["clusters"]:
        # In a merge patch, what is not to be has to be named
        patch["spec"] = {"clusters": None if before is None else _patch_between(now, before)}
    return patch


def _patch_between(now: Object, then: Object) -> Object:
    given = {name: {**dict.fromkeys(now.get(name) or {}), **(wish or {})} for name, wish in then.items()}
    return {**dict.fromkeys(now), **given}


def _memory(found: Object) -> Object | None:
    """What a schedule gave to clusters before they were withdrawn, and which of these have left."""
    value = (found["metadata"].get("annotations") or {}).get(WITHDRAWN_ANNOTATION)
    try:
        memory = json.loads(value or "null")
        if not memory or not isinstance(memory["clusters"], (dict, type(None))):
            return None
        return {
            "clusters": memory["clusters"],
            **{key: [str(name) for name in memory[key]] for key in ("from", "left")},
        }
    except (ValueError, TypeError, KeyError):
        return None


def _remembered(memory: Object) -> Object:
    return {WITHDRAWN_ANNOTATION: json.dumps(memory)}


def allows(spec: Object, cluster: str) -> bool:
    """Whether a schedule gives a cluster replicas."""
    given = spec.get("clusters") or {"*": {"weight": 1}}
    wish = given.get(cluster, given.get("*")) or {}
    return wish.get("maxReplicas") != 0 and bool(wish.get("weight") or wish.get("minReplicas"))


def divided(schedule_spec: Object, target_spec: Object, ready: t.Collection[str]) -> PollResult:
    """Whether KubeFed has divided the replicas as a schedule says (Plan in pkg/controller/util/planner).

    With rebalance there may be more than the total: those that found no room in their cluster stay there, in case that
    there will be some.

    :param ready: names of the clusters that KubeFed works with; it schedules onto no others.
    """
    given = replicas(target_spec)
    preferences = schedule_spec.get("clusters") or {"*": {"weight": 1}}
    total, rebalance = int(schedule_spec["totalReplicas"]), bool(schedule_spec.get("rebalance"))
    counts = ", ".join(f"{name}: {count}" for name, count in sorted(given.items())) or "none yet"
    room = 0
    for name in ready:
        wish: dict[str, int] = preferences.get(name, preferences.get("*")) or {}
        low = wish.get("minReplicas", 0)
        # Without a weight a cluster is given no more than its minimum, and without rebalance it keeps what it has
        kept = low if wish and rebalance and not wish.get("weight") else total if wish else 0
        if name not in given or given[name] > wish.get("maxReplicas", kept):
            return PollResult(False, f"replicas: {counts}")
        room += wish.get("maxReplicas", total) if wish.get("weight") else low
    placed = sum(given.get(name, 0) for name in ready)
    enough = placed >= min(total, room)
    return PollResult(enough and (rebalance or placed <= total), f"replicas: {counts}, of {total}")


__all__ = (
    "KIND",
    "REPLICAS_ANNOTATION",
    "Schedule",
    "allows",
    "divided",
    "excluded",
    "is_schedule",
    "path",
    "read_schedule",
    "replicas",
    "restored",
    "without_clusters",
)
