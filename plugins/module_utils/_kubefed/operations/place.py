# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Adds clusters to the placement of federated objects."""

from __future__ import annotations

import typing as t

from ..._kube.objects import Object
from ..._runtime.errors import InvalidOption
from ..listing import shortened
from ..resources.model import DesiredObject, TrackedObject
from ..resources.overrides import ANNOTATIONS_PATH, common_annotations
from ..resources.placement import selected, with_clusters
from ..resources.schedules import KIND as SCHEDULE_KIND
from ..resources.schedules import allows
from .apply import apply
from .context import Context


def place(
    context: Context, tracked: list[TrackedObject], clusters: t.Sequence[str], *, wait: bool, wait_for_pods: bool
) -> list[Object]:
    """Add clusters to the placement of federated objects, and change nothing else of them.

    :returns: the result for each.
    """
    desired = []
    problems = []
    for one in tracked:
        placed = selected(one.spec, context.labels)
        spec: Object = {}
        schedule = context.store.schedule_of(one)
        if schedule is not None:
            shut = [name for name in clusters if not allows(schedule["spec"], name)]
            if shut:
                problems.append(
                    f"{one.title}: {SCHEDULE_KIND} {one.name} gives no replicas to {', '.join(shut)}:"
                    " give it a weight there."
                )
        elif not set(clusters) <= placed:
            if (one.spec.get("placement") or {}).get("clusters") is None:
                context.warn(f"{one.title} was placed by a clusterSelector, and is now placed by names of clusters.")
            spec = {"placement": with_clusters(t.cast(Object, one.found), clusters, context.labels)}
            # Annotations travel as an override for each cluster
            annotations = common_annotations(one.spec, placed)
            if annotations:
                override = {"op": "add", "path": ANNOTATIONS_PATH, "value": annotations}
                spec["overrides"] = [
                    {"clusterName": name, "clusterOverrides": [override]} for name in clusters if name not in placed
                ]
        desired.append(DesiredObject(one.type, one.namespace, one.name, spec, complete=False))
    if problems:
        raise InvalidOption(shortened(problems, separator=" "))
    return apply(context, desired, wait=wait, wait_for_pods=wait_for_pods)


__all__ = ("place",)
