# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""How replicas are divided so that only what the data centre cannot run is in the burst. Pure functions.

A ReplicaSchedulingPreference gives the data centre as its minimum what it can run, and the burst all else by its
weight. In Plan() of KubeFed v0.10.0 (pkg/controller/util/planner/planner.go) minimums come first, and fewer replicas
than the minimum are all there. There is no maximum: once the burst is withdrawn, the data centre has all again.

It is set to rebalance, which in Plan() has two effects. Without it, replicas that are ready are taken off a cluster's
share and the rest is rounded up for each: while those in the burst get ready one after the other, some are given to the
data centre, where they find no room, and stay there. With it, replicas that have been unschedulable for a minute are
tried in the other cluster as well, beyond the total, until they run. That it moves what runs is not relied on:
kubefed#763, #1295, #1369.
"""

from __future__ import annotations

import typing as t

from .._kube.objects import Object
from .._kubefed.api import SCHEDULING_GROUP
from .._kubefed.kinds import rules_of_manifest
from .._kubefed.resources.autoscalers import read
from .._kubefed.resources.schedules import KIND, REPLICAS_ANNOTATION, SCHEDULING_VERSION
from .nodes import is_running
from .packing import Load, Room, load_of

# So much more than the data centre's that rounding up gives it nothing
_ALL_ELSE = 1_000_000


def divisible(manifests: t.Iterable[Object]) -> list[Object]:
    """The manifests whose replicas can be divided: those whose number of replicas nothing else sets."""
    by_rules = [(rules_of_manifest(manifest), manifest) for manifest in manifests]
    autoscalers = [
        read(rules.kind, manifest["metadata"]["name"], manifest) for rules, manifest in by_rules if rules.autoscaler
    ]
    scaled = {autoscaler.target for autoscaler in autoscalers if autoscaler}
    return [
        manifest
        for rules, manifest in by_rules
        if rules.schedulable and (rules.group, rules.kind, manifest["metadata"]["name"]) not in scaled
    ]


def capacity(manifest: Object, namespace: str, pods: t.Iterable[Object], rooms: t.Sequence[Room]) -> int:
    """How many replicas the data centre can run: those that run there, and as many as find room beside them.

    :param rooms: what is free there; what these replicas take is not free any more afterwards.
    """
    spec = manifest.get("spec") or {}
    wanted = (spec.get("selector") or {}).get("matchLabels") or {}
    running = sum(
        1
        for pod in pods
        if is_running(pod)
        and pod["metadata"].get("namespace") == namespace
        and wanted
        and wanted.items() <= (pod["metadata"].get("labels") or {}).items()
    )
    template = spec.get("template") or {}
    metadata = {**(template.get("metadata") or {}), "namespace": namespace, "name": manifest["metadata"]["name"]}
    return running + _fitting(load_of({**template, "metadata": metadata}), rooms)


def _fitting(load: Load, rooms: t.Sequence[Room]) -> int:
    found = 0
    for room in rooms:
        # A pod takes up one of the node's pods, so this ends
        while room.takes(load):
            room.put(load)
            found += 1
    return found


def replicas_in_all(manifest: Object, found: Object | None) -> int:
    """How many replicas there are to be, in both clusters together.

    The manifest's, unless somebody has changed the ReplicaSchedulingPreference that was made of the same manifest: so
    an application is scaled while its burst is up.

    :param found: the ReplicaSchedulingPreference that is there, or ``None``.
    """
    wanted = _replicas(manifest)
    annotations = ((found or {}).get("metadata") or {}).get("annotations") or {}
    total = ((found or {}).get("spec") or {}).get("totalReplicas")
    return total if isinstance(total, int) and annotations.get(REPLICAS_ANNOTATION) == str(wanted) else wanted


def _replicas(manifest: Object) -> int:
    replicas = (manifest.get("spec") or {}).get("replicas")
    return 1 if replicas is None else int(replicas)


def schedule(
    manifest: Object, namespace: str, *, total: int, room: int, host: str, burst: str, labels: Object
) -> Object:
    """The ReplicaSchedulingPreference of a Deployment or ReplicaSet.

    :param total: how many replicas there are to be in both clusters together.
    :param room: how many replicas the data centre can run.
    :param host: name of the data centre in the federation.
    :param burst: name of the burst.
    """
    return {
        "apiVersion": f"{SCHEDULING_GROUP}/{SCHEDULING_VERSION}",
        "kind": KIND,
        "metadata": {
            "name": manifest["metadata"]["name"],
            "namespace": namespace,
            "labels": dict(labels),
            "annotations": {REPLICAS_ANNOTATION: str(_replicas(manifest))},
        },
        "spec": {
            "targetKind": f"Federated{manifest['kind']}",
            "totalReplicas": total,
            "rebalance": True,
            "clusters": {host: {"minReplicas": room, "weight": 1}, burst: {"weight": _ALL_ELSE}},
        },
    }


__all__ = ("REPLICAS_ANNOTATION", "capacity", "divisible", "replicas_in_all", "schedule")
