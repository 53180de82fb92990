# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Writes and records placements and schedules of existing federated objects."""

from __future__ import annotations

import typing as t

from ..._kube.objects import Object
from ..resources.model import TrackedObject
from ..resources.schedules import KIND as SCHEDULE_KIND
from ..resources.schedules import path as schedule_path
from .context import Context


def write_placement(context: Context, tracked: TrackedObject, change: t.Callable[[Object], Object]) -> None:
    """Write a federated object with another placement.

    :param change: returns the desired object, given the present one.
    """
    found = t.cast(Object, tracked.found)
    planned = change(found)
    tracked.changed = True
    context.changes.record(
        tracked.title,
        {"spec": {"placement": (found.get("spec") or {}).get("placement")}},
        {"spec": {"placement": planned["spec"].get("placement")}},
    )
    if context.check_mode:
        tracked.found = planned
    else:
        context.store.update(tracked, change)


def patch_schedule(context: Context, tracked: TrackedObject, schedule: Object, patch: Object | None) -> None:
    """Change the ReplicaSchedulingPreference that places an object, if there is anything to change."""
    if patch is None:
        return
    tracked.changed = True
    clusters = {"clusters": (schedule.get("spec") or {}).get("clusters")}
    context.changes.record(
        f"{SCHEDULE_KIND} {tracked.namespace}/{tracked.name}",
        {"spec": clusters},
        {"spec": patch.get("spec", clusters)},
    )
    if not context.check_mode:
        schedules = context.store.scheduled_in(tracked.namespace)
        schedules[(tracked.type.federated_kind, tracked.name)] = context.host.patch(
            schedule_path(tracked.namespace, tracked.name), patch
        )


__all__ = ("patch_schedule", "write_placement")
