# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Restores placements and schedules after withdrawn clusters have left the federation."""

from __future__ import annotations

import typing as t

from ..._kube.objects import Object
from ..resources import placement, schedules
from ..resources.model import TrackedObject
from ..resources.results import as_results
from .context import Context
from .write import patch_schedule, write_placement


def restore(context: Context, tracked: list[TrackedObject], clusters: set[str], *, wait: bool) -> list[Object]:
    """Restore each clusterSelector and schedule to what it was before clusters were withdrawn that have left since.

    Clusters that are still members remain withdrawn: the selector would place the objects there again.

    :returns: the result for each.
    """
    former_members = clusters - set(context.labels)
    for one in tracked:
        _restore(context, one, former_members)
    if wait and tracked and former_members and not context.check_mode:
        context.waits.absent_from(tracked, {one.key: former_members for one in tracked})
    return as_results(tracked, context.store)


def _restore(context: Context, tracked: TrackedObject, former_members: set[str]) -> None:
    if placement.restored(t.cast(Object, tracked.found), former_members):
        write_placement(context, tracked, lambda found: placement.restored(found, former_members) or found)
    schedule = context.store.schedule_of(tracked)
    if schedule is not None:
        patch_schedule(context, tracked, schedule, schedules.restored(schedule, former_members))


__all__ = ("restore",)
