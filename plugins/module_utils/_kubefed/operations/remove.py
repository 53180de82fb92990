# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Removes federated objects, and leaves in the clusters what existed before they were federated."""

from __future__ import annotations

import typing as t

from ..._kube.objects import Object
from ..._kube.parallel import each
from ..._runtime.errors import InvalidOption
from ..resources.model import ORPHAN_ANNOTATION, TrackedObject, existed_in
from ..resources.placement import selected
from ..resources.results import as_results, schedule_as_result
from ..resources.schedules import KIND as SCHEDULE_KIND
from ..resources.schedules import Schedule
from .context import Context
from .withdraw import take_out


def remove(
    context: Context,
    tracked: list[TrackedObject],
    schedules: t.Sequence[Schedule] = (),
    *,
    wait: bool,
    orphan: bool = False,
) -> list[Object]:
    """Remove federated objects, after their schedules, and what KubeFed has created for them in the clusters.

    Objects that existed before they were federated remain, and so do those for which that is unknown. The namespace is
    removed last, and only if nothing else in it is federated.

    :param orphan: everything in the clusters stays.
    :returns: the result for each.
    :raises InvalidOption: for a namespace with others in it.
    """
    first = [one for one in tracked if not one.type.is_namespace]
    last = [one for one in tracked if one.type.is_namespace]
    _check(context, first, last)
    schedule_results = [_remove_schedule(context, schedule) for schedule in schedules]
    for group, next_group in ((first, last), (last, [])):
        _remove(context, group, wait=wait or bool(next_group), orphan=orphan)
    if not context.check_mode:
        context.store.refresh(tracked)
    return as_results(tracked, context.store) + schedule_results


def _check(context: Context, first: list[TrackedObject], last: list[TrackedObject]) -> None:
    taken = {one.key for one in first}
    for namespace in last:
        others = [
            one.title
            for one in context.store.tracked(None, namespace.namespace)
            if not one.type.is_namespace and one.key not in taken
        ]
        if others:
            raise InvalidOption(
                f"{namespace.title} also holds {', '.join(sorted(others))}, which KubeFed would delete in all"
                " clusters with it: remove these first, or leave the namespace out."
            )


def _remove_schedule(context: Context, schedule: Schedule) -> Object:
    found = context.host.get(schedule.path)
    if found is not None:
        title = f"{SCHEDULE_KIND} {schedule.namespace}/{schedule.name}"
        context.changes.record(title, {"state": "present"}, {"state": "absent"})
        scheduled = context.store.scheduled_in(schedule.namespace)
        scheduled.pop((str(found["spec"].get("targetKind")), schedule.name), None)
        if not context.check_mode:
            context.host.delete(schedule.path)
    return schedule_as_result(schedule.namespace, schedule.name, changed=found is not None)


def _remove(context: Context, tracked: list[TrackedObject], *, wait: bool, orphan: bool) -> None:
    joined = set(context.labels)
    for one in tracked:
        take_out(context, one, _to_withdraw(context, one, orphan=orphan))
    # Orphaning frees what is in all clusters: what is to go must be gone before
    partly = {one.key: joined - selected(one.spec, context.labels) for one in tracked if one.found is not None}
    if any(partly.values()) and not context.check_mode:
        context.waits.absent_from([one for one in tracked if one.key in partly], partly)
    each(lambda one: _delete(context, one, orphan=orphan), tracked)
    for one in tracked:
        if one.changed:
            context.changes.record(one.title, {"state": "present"}, {"state": "absent"})
    if wait and tracked and not context.check_mode:
        context.waits.removed(tracked)


def _to_withdraw(context: Context, tracked: TrackedObject, *, orphan: bool) -> set[str]:
    """Clusters that an object must be withdrawn from before it is deleted.

    These are the clusters where KubeFed created it, if it shall remain in others, since KubeFed orphans in all clusters
    or in none; and the clusters that are not Ready, for which KubeFed would wait forever.
    """
    if not tracked.is_alive:
        return set()
    placed = selected(tracked.spec, context.labels) & set(context.labels)
    away = {name for name in placed if not context.store.members.ready(name)}
    existed = existed_in(t.cast(Object, tracked.found))
    if not orphan and existed is not None and existed & placed:
        away |= placed - existed
    return away


def _delete(context: Context, tracked: TrackedObject, *, orphan: bool) -> None:
    if not tracked.is_alive:
        return
    tracked.changed = True
    if context.check_mode:
        return
    existed = existed_in(t.cast(Object, tracked.found))
    placed = selected(tracked.spec, context.labels)
    if orphan or existed is None or existed & placed:
        annotation = {"metadata": {"annotations": {ORPHAN_ANNOTATION: "true"}}}
        context.host.patch(tracked.path, annotation)
    context.host.delete(tracked.path)


__all__ = ("remove",)
