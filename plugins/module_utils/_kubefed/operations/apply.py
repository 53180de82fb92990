# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Applies federated objects: plan, check, write, wait."""

from __future__ import annotations

import typing as t

from ..._kube.diff import differences
from ..._kube.errors import ApiError
from ..._kube.objects import Object
from ..._kube.parallel import each
from .. import host as kubefed
from ..api import MANAGED_LABEL, path_of
from ..listing import shortened
from ..resources.model import EXISTED_ANNOTATION, DesiredObject, TrackedObject
from ..resources.plan import Plan, changed_fields, planned
from ..resources.results import as_result, schedule_as_result, shown
from ..resources.scaled_workloads import ScaledWorkloads
from ..resources.schedules import Schedule
from ..resources.schedules import path as schedule_path
from ..resources.template import namespace_manifest
from . import checks, existence
from .context import Context

# How many are shown of those that each resource may have
_WARNINGS = 10
# Of a write, where somebody else writes the same
_TRIES = 5


def apply(
    context: Context,
    desired: t.Sequence[DesiredObject],
    schedules: t.Sequence[Schedule] = (),
    *,
    wait: bool,
    wait_for_pods: bool = False,
) -> list[Object]:
    """Apply federated objects: namespaces first, then all others in parallel.

    Types that were noted are enabled first, and schedules are written last.

    :returns: the result for each.
    :raises InvalidOption: KubeFed or the clusters would reject something.
    """
    store = context.store
    store.expect_schedules(schedules)
    autoscaling = ScaledWorkloads(store)
    desired = autoscaling.retain_replicas(desired, schedules)
    plans = [_plan(context, one) for one in desired]
    checks.check_plans(context, plans, schedules, autoscaling)
    checks.dry_run_plans(context, plans)
    _warn_of_templates(context, desired)
    checks.check_updates(context, plans)
    existence.look_up(context, plans)
    store.enable_types(waiter=context.waiter, check_mode=context.check_mode, changes=context.changes)
    first = [plan for plan in plans if plan.desired.type.is_namespace]
    rest = [plan for plan in plans if not plan.desired.type.is_namespace]
    for plan in first:
        _create_host_namespace(context, plan.desired)
    before = {plan.key: plan.tracked.found for plan in plans}
    for group in (first, rest):
        each(lambda plan: _write(context, plan), group)
    for plan in plans:
        _record(context, plan, before[plan.key])
    schedule_results = [_write_schedule(context, schedule) for schedule in schedules]
    tracked = [plan.tracked for plan in plans]
    if context.check_mode:
        for plan in plans:
            plan.tracked.found = {**(plan.tracked.found or {}), **plan.object}
    elif wait:
        changed = any(entry["changed"] for entry in schedule_results)
        context.waits.divided(tracked, schedules, changed=changed)
        context.waits.propagated(tracked)
        _remove_emptied_overrides(context, plans)
        if wait_for_pods:
            context.waits.running(tracked)
        _warn_of_rewritten(context, tracked)
    else:
        store.refresh(tracked)
    return [as_result(one, store) for one in tracked] + schedule_results


def _plan(context: Context, desired: DesiredObject) -> Plan:
    tracked = context.store.track(desired)
    return Plan(desired, tracked, _planned(context, desired, tracked))


def _planned(context: Context, desired: DesiredObject, tracked: TrackedObject) -> Object:
    return planned(
        desired,
        tracked,
        scheduled=context.store.is_scheduled(tracked),
        namespace_labels=_host_labels(context, desired) if desired.type.is_namespace else {},
    )


def _host_labels(context: Context, desired: DesiredObject) -> dict[str, str]:
    """The labels of the namespace that a federated namespace is in."""
    found = context.store.own_namespace(desired.name) or {"metadata": {}}
    return {
        key: value
        for key, value in (found["metadata"].get("labels") or {}).items()
        if key not in (MANAGED_LABEL, "kubernetes.io/metadata.name")
    }


def _warn_of_templates(context: Context, desired: t.Iterable[DesiredObject]) -> None:
    warnings = [warning for one in desired for warning in one.warnings]
    for warning in warnings[:_WARNINGS]:
        context.warn(warning)
    if len(warnings) > _WARNINGS:
        context.warn(f"There are {len(warnings) - _WARNINGS:,} more warnings of this kind.")


def _warn_of_rewritten(context: Context, tracked: t.Sequence[TrackedObject]) -> None:
    """Warn about objects that KubeFed and somebody else keep overwriting, among those federated before."""
    fought_over = [
        f"{one.type.kind} {one.name} in {cluster} ({often})" for one, cluster, often in context.store.rewritten(tracked)
    ]
    if fought_over:
        context.warn(
            "KubeFed updates these again and again, as something else in the cluster changes them each time:"
            f" {shortened(fought_over)}. Let one of the two do it: make what is federated the same as what the"
            " other writes, or stop federating it."
        )


def _create_host_namespace(context: Context, desired: DesiredObject) -> None:
    """Create the namespace that a federated namespace is in."""
    path = path_of("Namespace", None, desired.name)
    found = context.store.own_namespace(desired.name)
    if found is not None and not found["metadata"].get("deletionTimestamp"):
        return
    labels = ((desired.spec.get("template") or {}).get("metadata") or {}).get("labels")
    manifest = namespace_manifest(desired.name, labels)
    context.changes.record(f"Namespace {desired.name}", None, manifest)
    if context.check_mode:
        return
    if found is not None:
        context.waits.absent(path, f"namespace {desired.name} to be deleted")
    context.host.create(path_of("Namespace", None), manifest)


def _write(context: Context, plan: Plan) -> None:
    tracked = plan.tracked
    plan.note_existence()
    if tracked.is_alive:
        tracked.changed = bool(changed_fields(t.cast(Object, tracked.found), plan.object))
        if tracked.changed and not context.check_mode:
            context.store.update(tracked, lambda found: _replanned(context, plan, found))
        return
    tracked.changed = True
    if context.check_mode:
        return
    if tracked.is_being_deleted:
        context.waits.absent(tracked.path, f"{tracked.title} to be deleted")
    path = plan.desired.type.path(plan.desired.namespace)
    kubefed.through_webhook(context.waiter, lambda: context.host.create(path, plan.object))


def _replanned(context: Context, plan: Plan, found: Object) -> Object:
    """The plan for an object that somebody has changed meanwhile."""
    desired = plan.desired
    again = TrackedObject(desired.type, desired.namespace, desired.name, found)
    fresh = _planned(context, desired, again)
    noted = (plan.object["metadata"].get("annotations") or {}).get(EXISTED_ANNOTATION)
    if noted is not None:
        fresh["metadata"].setdefault("annotations", {})[EXISTED_ANNOTATION] = noted
    return fresh


def _remove_emptied_overrides(context: Context, plans: t.Iterable[Plan]) -> None:
    """Remove the emptied overrides, now that the clusters no longer have their values."""
    emptied = [plan for plan in plans if plan.tracked.has_emptied_overrides]
    if emptied:
        again = [Plan(plan.desired, plan.tracked, _planned(context, plan.desired, plan.tracked)) for plan in emptied]
        each(lambda plan: _write(context, plan), again)
        context.waits.propagated([plan.tracked for plan in again])


def _record(context: Context, plan: Plan, found: Object | None) -> None:
    """Record the change of an object.

    :param found: the object as it was before.
    """
    if not plan.tracked.changed:
        return
    before, after = shown(found), shown(plan.object)
    if before is not None:
        patch = differences(before, t.cast(Object, after))
        before = {key: before.get(key) for key in patch}
        after = {key: t.cast(Object, after).get(key) for key in patch}
    context.changes.record(plan.desired.title, before, after)


def _write_schedule(context: Context, schedule: Schedule) -> Object:
    """Write a ReplicaSchedulingPreference, again if somebody has scaled it meanwhile."""
    for attempt in range(_TRIES):
        found = context.host.get(schedule.path)
        manifest = schedule.manifest(found)
        changed = found is None or bool(changed_fields(found, manifest))
        if not changed or context.check_mode:
            break
        try:
            _put_schedule(context, schedule, manifest, create=found is None)
            break
        except ApiError as error:
            if error.status != 409 or attempt == _TRIES - 1:
                raise
    if changed:
        context.changes.record(
            schedule.title, None if found is None else {"spec": found["spec"]}, {"spec": manifest["spec"]}
        )
    return schedule_as_result(schedule.namespace, schedule.name, changed=changed)


def _put_schedule(context: Context, schedule: Schedule, manifest: Object, *, create: bool) -> None:
    if create:
        path = schedule_path(schedule.namespace)
        kubefed.through_webhook(context.waiter, lambda: context.host.create(path, manifest))
    else:
        context.host.request("PUT", schedule.path, body=manifest)


__all__ = ("apply",)
