# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Clusters taken out of the placement of federated objects."""

from __future__ import annotations

import copy
import typing as t

from ..._kube.errors import ApiError
from ..._kube.objects import Object
from ..._kube.parallel import each
from ..._runtime.errors import FederationError, InvalidOption
from ..resources.model import (
    EXISTED_ANNOTATION,
    MANAGED_LABEL,
    chosen_again,
    existed_in,
    existed_value,
    selected,
    withdrawn,
)
from ..resources.schedules import KIND as SCHEDULE_KIND
from ..resources.schedules import given_back, taken_out
from ..resources.schedules import path as schedule_path
from ..resources.store import Item
from .action import Action


class Withdrawal(Action):
    """Withdraws clusters, and leaves in them what was there before."""

    def withdraw(self, items: list[Item], clusters: set[str], *, wait: bool) -> list[Object]:
        """Take clusters out of the placement of federated objects, and nothing else.

        The namespace goes last: without it KubeFed would take the rest from all clusters in no order. What was in a
        cluster before it was federated stays there.

        :returns: the result for each.
        """
        for item in items:
            self._choose_again(item, clusters - set(self._members.labels))
        first = [item for item in items if not item.type.is_namespace]
        last = [item for item in items if item.type.is_namespace]
        self._refuse_withdrawal(first, last, clusters)
        for item in items:
            placed = selected(item.spec, self._members.labels) & clusters
            if placed and (item.spec.get("placement") or {}).get("clusters") is None:
                self._warn(
                    f"{item.title} is placed by the names of the clusters left for now. Its clusterSelector stays"
                    f" beside them, and counts again when {', '.join(sorted(placed))} is withdrawn once more after it"
                    " has left."
                )
        # What a schedule places goes with its namespace: first its replicas are moved to the other clusters
        scheduled = [item for item in first if self._federated.is_scheduled(item)]
        first = [item for item in first if item not in scheduled]
        for item in scheduled:
            self._reschedule(item, clusters)
        if any(item.withdrawn for item in scheduled) and not self._check_mode:
            self._waits.divided(scheduled, (), changed=True)
        for group, next_group in ((first, last), (last, [])):
            each(lambda item: self._take_from(item, clusters), group)
            if group and (wait or next_group) and not self._check_mode:
                self._waits.withdrawn(group, {item.key: clusters for item in group})
            for item in group:
                self._let_go(item, clusters)
        if scheduled and not self._check_mode:
            if wait:
                self._waits.withdrawn(scheduled, {item.key: clusters for item in scheduled})
            for item in scheduled:
                self._let_go(item, clusters)
        return [self._federated.told(item) for item in items]

    def _reschedule(self, item: Item, clusters: set[str]) -> None:
        """Give clusters no more replicas of what a schedule places, and keep there what was there before."""
        placed = self._federated.effective(item) & clusters
        if not placed:
            return
        item.withdrawn = placed
        for cluster in sorted((existed_in(t.cast(Object, item.found)) or set()) & placed):
            self._release(item, cluster)
        found = t.cast(Object, self._federated.schedule_of(item))
        self._patch_schedule(item, found, taken_out(found, placed))

    def _refuse_withdrawal(self, first: list[Item], last: list[Item], clusters: set[str]) -> None:
        problems = []
        with_namespace = {item.namespace for item in last}
        for item in first:
            if (
                self._federated.is_scheduled(item)
                and item.namespace not in with_namespace
                and self._federated.effective(item) & clusters & set(self._members.labels)
            ):
                problems.append(
                    f"{item.title} is placed by {SCHEDULE_KIND} {item.name}, which places it on all clusters of its"
                    " namespace: withdraw the whole namespace, or set maxReplicas: 0 for the cluster there."
                )
        taken = {item.key for item in first}
        for namespace in last:
            others = [
                item.title
                for item in self._federated.items(None, namespace.namespace)
                if not item.type.is_namespace and item.key not in taken and self._federated.effective(item) & clusters
            ]
            if others:
                problems.append(
                    f"{namespace.title} also holds {', '.join(sorted(others))}, which would be taken from"
                    f" {', '.join(sorted(clusters))} with it: withdraw these too, or leave definition out to withdraw"
                    " all."
                )
        if problems:
            raise InvalidOption(" ".join(problems))

    def _take_from(self, item: Item, clusters: set[str]) -> None:
        """Take clusters out of the placement of one, without a wait."""
        placed = selected(item.spec, self._members.labels)
        if not placed & clusters:
            return
        item.withdrawn = placed & clusters
        for cluster in sorted((existed_in(t.cast(Object, item.found)) or set()) & placed & clusters):
            self._release(item, cluster)
        self._replace(item, lambda found: withdrawn(found, clusters, self._members.labels))

    def _choose_again(self, item: Item, gone: set[str]) -> None:
        """Let a placement or a schedule be what it was before clusters were withdrawn that are no members now."""
        if chosen_again(t.cast(Object, item.found), gone):
            self._replace(item, lambda found: chosen_again(found, gone) or found)
        found = self._federated.schedule_of(item)
        if found is not None:
            self._patch_schedule(item, found, given_back(found, gone))

    def _replace(self, item: Item, change: t.Callable[[Object], Object]) -> None:
        """Write a federated object with another placement."""
        found = t.cast(Object, item.found)
        planned = change(found)
        item.changed = True
        self._changes.record(
            item.title,
            {"spec": {"placement": (found.get("spec") or {}).get("placement")}},
            {"spec": {"placement": planned["spec"].get("placement")}},
        )
        if self._check_mode:
            item.found = planned
        else:
            self._federated.update(item, change)

    def _patch_schedule(self, item: Item, found: Object, patch: Object | None) -> None:
        """Change the ReplicaSchedulingPreference that places an item, if there is anything to change."""
        if patch is None:
            return
        item.changed = True
        clusters = {"clusters": (found.get("spec") or {}).get("clusters")}
        self._changes.record(
            f"{SCHEDULE_KIND} {item.namespace}/{item.name}", {"spec": clusters}, {"spec": patch.get("spec", clusters)}
        )
        if not self._check_mode:
            path = schedule_path(item.namespace, item.name)
            self._federated.scheduled_in(item.namespace)[(item.type.federated_kind, item.name)] = self._host.patch(
                path, patch
            )

    def _release(self, item: Item, cluster: str) -> None:
        """Make KubeFed leave an object alone that was in the cluster before it was federated."""
        if self._check_mode or cluster not in self._members.labels:
            return
        try:
            self._members.release(cluster, item.type, item.namespace, item.name)
        except ApiError as error:
            if error.status != 404:
                raise
        except FederationError as error:
            raise FederationError(
                f"{item.title} was in {cluster} before it was federated, and must be taken from KubeFed's hands there"
                f" first, or it would be deleted. {error.message}"
            ) from error

    def _let_go(self, item: Item, clusters: set[str]) -> None:
        """Remove the traces of KubeFed from what was in the cluster before, once it is withdrawn from there."""
        record = existed_in(item.found) if item.found else None
        placed = self._federated.effective(item)
        done = (record or set()) & clusters - placed
        if not done or self._check_mode:
            return
        for cluster in sorted(done & set(self._members.labels)):
            try:
                self._members.forget(cluster, item.type, item.namespace, item.name)
            except FederationError as error:
                item.left.append(f"label {MANAGED_LABEL} of {item.type.kind} {item.name} in {cluster}: {error.message}")

        def change(found: Object) -> Object:
            planned = copy.deepcopy(found)
            rest = (existed_in(found) or set()) - done
            planned["metadata"].setdefault("annotations", {})[EXISTED_ANNOTATION] = existed_value(rest)
            return planned

        self._federated.update(item, change)


__all__ = ("Withdrawal",)
