# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Removes clusters from the placement of federated objects, and leaves there what existed before."""

from __future__ import annotations

import copy
import typing as t

from ..._kube.errors import ApiError
from ..._kube.objects import Object
from ..._kube.parallel import each
from ..._runtime.errors import FederationError, InvalidOption
from ..api import MANAGED_LABEL
from ..resources import schedules
from ..resources.model import EXISTED_ANNOTATION, TrackedObject, existed_in, existed_value
from ..resources.placement import selected, without_clusters
from ..resources.results import as_results
from ..resources.schedules import KIND as SCHEDULE_KIND
from .context import Context
from .write import patch_schedule, write_placement


def withdraw(context: Context, tracked: list[TrackedObject], clusters: set[str], *, wait: bool) -> list[Object]:
    """Remove clusters from the placement of federated objects, and change nothing else.

    The namespace is withdrawn last: without it, KubeFed would remove the other objects from the clusters in any order.
    What existed in a cluster before it was federated remains there.

    :returns: the result for each.
    :raises InvalidOption: for what cannot be withdrawn alone.
    """
    first = [one for one in tracked if not one.type.is_namespace]
    last = [one for one in tracked if one.type.is_namespace]
    _check(context, first, last, clusters)
    _warn_of_selectors(context, tracked, clusters)
    # What a schedule places goes with its namespace: first its replicas are moved to the other clusters
    scheduled = [one for one in first if context.store.is_scheduled(one)]
    first = [one for one in first if one not in scheduled]
    for one in scheduled:
        _reschedule(context, one, clusters)
    if any(one.withdrawn for one in scheduled) and not context.check_mode:
        context.waits.divided(scheduled, (), changed=True)
    for group, next_group in ((first, last), (last, [])):
        each(lambda one: take_out(context, one, clusters), group)
        if group and (wait or next_group) and not context.check_mode:
            context.waits.absent_from(group, {one.key: clusters for one in group})
        for one in group:
            _remove_traces(context, one, clusters)
    if scheduled and not context.check_mode:
        if wait:
            context.waits.absent_from(scheduled, {one.key: clusters for one in scheduled})
        for one in scheduled:
            _remove_traces(context, one, clusters)
    return as_results(tracked, context.store)


def take_out(context: Context, tracked: TrackedObject, clusters: set[str]) -> None:
    """Remove clusters from the placement of one object, without waiting. What existed there before remains."""
    placed = selected(tracked.spec, context.labels)
    if not placed & clusters:
        return
    tracked.withdrawn = placed & clusters
    for cluster in sorted((existed_in(t.cast(Object, tracked.found)) or set()) & placed & clusters):
        _leave_unmanaged(context, tracked, cluster)
    write_placement(context, tracked, lambda found: without_clusters(found, clusters, context.labels))


def _check(context: Context, first: list[TrackedObject], last: list[TrackedObject], clusters: set[str]) -> None:
    store = context.store
    problems = []
    with_namespace = {one.namespace for one in last}
    for one in first:
        if (
            store.is_scheduled(one)
            and one.namespace not in with_namespace
            and store.effective(one) & clusters & set(context.labels)
        ):
            problems.append(
                f"{one.title} is placed by {SCHEDULE_KIND} {one.name}, which places it on all clusters of its"
                " namespace: withdraw the whole namespace, or set maxReplicas: 0 for the cluster there."
            )
    taken = {one.key for one in first}
    for namespace in last:
        others = [
            one.title
            for one in store.tracked(None, namespace.namespace)
            if not one.type.is_namespace and one.key not in taken and store.effective(one) & clusters
        ]
        if others:
            problems.append(
                f"{namespace.title} also holds {', '.join(sorted(others))}, which would be taken from"
                f" {', '.join(sorted(clusters))} with it: withdraw these too, or leave definition out to withdraw"
                " all."
            )
    if problems:
        raise InvalidOption(" ".join(problems))


def _warn_of_selectors(context: Context, tracked: t.Iterable[TrackedObject], clusters: set[str]) -> None:
    for one in tracked:
        placed = selected(one.spec, context.labels) & clusters
        if placed and (one.spec.get("placement") or {}).get("clusters") is None:
            names = ", ".join(sorted(placed))
            context.warn(
                f"{one.title} is placed by the names of the other clusters for now. Its clusterSelector is kept beside"
                f" them: state restored makes it count again once {names} has left the federation."
            )


def _reschedule(context: Context, tracked: TrackedObject, clusters: set[str]) -> None:
    """Give clusters no more replicas of what a schedule places, and leave there what existed before."""
    placed = context.store.effective(tracked) & clusters
    if not placed:
        return
    tracked.withdrawn = placed
    for cluster in sorted((existed_in(t.cast(Object, tracked.found)) or set()) & placed):
        _leave_unmanaged(context, tracked, cluster)
    schedule = t.cast(Object, context.store.schedule_of(tracked))
    patch_schedule(context, tracked, schedule, schedules.without_clusters(schedule, placed))


def _leave_unmanaged(context: Context, tracked: TrackedObject, cluster: str) -> None:
    """Make KubeFed leave an object alone that existed in the cluster before it was federated."""
    if context.check_mode or cluster not in context.labels:
        return
    try:
        context.store.members.stop_managing(cluster, tracked.target_path)
    except ApiError as error:
        if error.status != 404:
            raise
    except FederationError as error:
        raise FederationError(
            f"{tracked.title} was in {cluster} before it was federated, and must be released from KubeFed there "
            f"first, or it would be deleted. {error.message}"
        ) from error


def _remove_traces(context: Context, tracked: TrackedObject, clusters: set[str]) -> None:
    """Remove KubeFed's labels from an object that existed in the cluster before, after it is withdrawn."""
    existed = existed_in(tracked.found) if tracked.found else None
    done = (existed or set()) & clusters - context.store.effective(tracked)
    if not done or context.check_mode:
        return
    for cluster in sorted(done & set(context.labels)):
        try:
            context.store.members.remove_marks(cluster, tracked.target_path)
        except FederationError as error:
            tracked.not_removed.append(
                f"label {MANAGED_LABEL} of {tracked.type.kind} {tracked.name} in {cluster}: {error.message}"
            )

    def change(found: Object) -> Object:
        planned = copy.deepcopy(found)
        rest = (existed_in(found) or set()) - done
        planned["metadata"].setdefault("annotations", {})[EXISTED_ANNOTATION] = existed_value(rest)
        return planned

    context.store.update(tracked, change)


__all__ = ("take_out", "withdraw")
