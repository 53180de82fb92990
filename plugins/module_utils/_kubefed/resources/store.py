# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Reads and caches the federated objects, their schedules, and KubeFed's events."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

from ..._kube.client import Client
from ..._kube.diff import Changes
from ..._kube.errors import ApiError
from ..._kube.objects import Object
from ..._kube.paths import resource_path
from ..._runtime.wait import Waiter
from .. import host as kubefed
from ..api import path_of
from ..kinds import rules_of
from ..members import Members
from ..types.catalog import Types
from ..types.model import FederatedType
from .inventory import Inventory, collect
from .model import DesiredObject, Key, TrackedObject
from .placement import selected
from .schedules import Schedule
from .schedules import path as schedule_path
from .status import event_messages, propagation, rewritten

# An update meets the controller's own one now and then
_TRIES = 5
_WARNINGS = "type=Warning"
_UPDATES = "reason=UpdateInCluster"


class Store:
    """The federated objects of a federation, read once until they are refreshed.

    :param host: the cluster that KubeFed runs on.
    :param namespace: KubeFed's namespace there.
    """

    def __init__(self, host: Client, namespace: str) -> None:
        self.host = host
        self.namespace = namespace
        self.scope = kubefed.scope_of(host, namespace)
        self.members = Members(host, namespace)
        self._types = Types(host, namespace, self.members, scope=self.scope)
        self._cache: dict[tuple[str, str], dict[str, Object]] = {}
        self._namespaces: dict[str, Object | None] = {}
        self._schedules: dict[str, dict[tuple[str, str], Object]] = {}

    def enable_types(self, *, waiter: Waiter, check_mode: bool, changes: Changes) -> None:
        """Make KubeFed propagate the types that were noted."""
        self._types.enable(waiter=waiter, check_mode=check_mode, changes=changes)

    @property
    def types(self) -> list[FederatedType]:
        """The types that KubeFed propagates, and those that will be enabled."""
        return self._types.known

    def retains_replicas(self, type_: FederatedType) -> bool:
        """Whether federated objects of a type can have ``spec.retainReplicas``."""
        return self._types.retains_replicas(type_)

    def require_types(self, manifests: t.Iterable[Object]) -> None:
        """Reject resources of types that KubeFed does not know, see :meth:`Types.require`."""
        self._types.require(manifests)

    def look_up_types(self, manifests: t.Iterable[Object]) -> None:
        """Note the types that are to be enabled for these resources, see :meth:`Types.look_up`."""
        self._types.look_up(manifests)

    def inventory(self, namespace: str, *, enable: bool) -> Inventory:
        """The inventory of a namespace of the host cluster."""
        return collect(
            self.host,
            namespace,
            self._types,
            lambda type_: self.listed(type_, namespace).keys(),
            enable=enable,
        )

    def placement_of(self, namespace: str) -> Object | None:
        """The placement of a namespace that is federated already."""
        return (self.namespace_of(namespace) or {}).get("spec", {}).get("placement")

    def namespace_of(self, namespace: str) -> Object | None:
        """The FederatedNamespace of a namespace, if there is one."""
        type_ = next((found for found in self.types if found.is_namespace), None)
        return self.listed(type_, namespace).get(namespace) if type_ else None

    def tracked(self, desired: t.Sequence[DesiredObject] | None, namespace: str) -> list[TrackedObject]:
        """The federated objects that exist: those desired, or all in a namespace."""
        if desired is not None:
            return [one for one in map(self.track, desired) if one.found is not None]
        found = []
        for type_ in self.types:
            if type_.federated_namespaced:
                objects = self.listed(type_, namespace)
                found += [TrackedObject(type_, namespace, name, object_) for name, object_ in objects.items()]
        return found

    def track(self, desired: DesiredObject) -> TrackedObject:
        """The existing federated object for a desired one."""
        return TrackedObject(desired.type, desired.namespace, desired.name, self.find(desired))

    def listed(self, type_: FederatedType, namespace: str) -> dict[str, Object]:
        """The federated objects of a type in a namespace, by name; read once until refreshed."""
        key = (type_.name, namespace)
        if key not in self._cache:
            self._cache[key] = {found["metadata"]["name"]: found for found in self.host.list(type_.path(namespace))}
        return self._cache[key]

    def find(self, desired: DesiredObject) -> Object | None:
        """The existing federated object for a desired one, if there is one."""
        return self.listed(desired.type, desired.namespace).get(desired.name)

    def refresh(self, tracked: list[TrackedObject]) -> None:
        """Read again: these now, and all others when they are next needed."""
        self._cache.clear()
        for one in tracked:
            one.found = self.listed(one.type, one.namespace).get(one.name)

    def is_scheduled(self, one: TrackedObject) -> bool:
        """Whether a ReplicaSchedulingPreference writes placement and replicas of an object."""
        return self.schedule_of(one) is not None

    def schedule_of(self, one: TrackedObject) -> Object | None:
        """The ReplicaSchedulingPreference that writes placement and replicas of an object, if there is one."""
        if not rules_of(one.type).schedulable:
            return None
        return self.scheduled_in(one.namespace).get((one.type.federated_kind, one.name))

    def scheduled_in(self, namespace: str) -> dict[tuple[str, str], Object]:
        """The ReplicaSchedulingPreferences of a namespace, by kind and name of what they schedule."""
        if namespace not in self._schedules:
            self._schedules[namespace] = {
                (str((found.get("spec") or {}).get("targetKind")), found["metadata"]["name"]): found
                for found in self.host.list(schedule_path(namespace))
            }
        return self._schedules[namespace]

    def expect_schedules(self, schedules: t.Iterable[Schedule]) -> None:
        """Treat schedules that a task is about to write as existing ones."""
        for schedule in schedules:
            self.scheduled_in(schedule.namespace).setdefault((schedule.key[0], schedule.name), {"spec": schedule.spec})

    def effective(self, one: TrackedObject) -> set[str]:
        """The clusters that KubeFed propagates an object to: those in both its own and its namespace's placement."""
        labels = self.members.labels
        placed = selected(one.spec, labels)
        if one.type.is_namespace or not one.type.namespaced or self.scope == "Namespaced":
            return placed
        namespace = self.namespace_of(one.namespace)
        return placed & selected(namespace["spec"], labels) if namespace else set()

    def messages(self, tracked: t.Iterable[TrackedObject]) -> dict[Key, dict[str, str]]:
        """The clusters' own error messages by cluster, from KubeFed's events in each namespace."""
        troubled = [
            one
            for one in tracked
            if one.found and any(state.status for state in propagation(one.found).clusters.values())
        ]
        messages: dict[Key, dict[str, str]] = {}
        for one, events in self._events(troubled, _WARNINGS):
            since = str(t.cast(Object, one.found)["metadata"].get("creationTimestamp") or "")
            recent = [event for event in events if str(event.get("lastTimestamp") or "") >= since]
            messages[one.key] = event_messages(recent, one.type.federated_kind, one.name)
        return messages

    def rewritten(self, tracked: t.Iterable[TrackedObject]) -> list[tuple[TrackedObject, str, str]]:
        """Objects that KubeFed updates again and again, with cluster and count."""
        # The autoscaler's replicas come and go, and KubeFed writes what is there already
        steady = [one for one in tracked if one.found and not one.changed and not one.spec.get("retainReplicas")]
        found: list[tuple[TrackedObject, str, str]] = []
        for one, events in self._events(steady, _UPDATES):
            federated = {**t.cast(Object, one.found), "kind": one.type.federated_kind}
            clusters = rewritten(federated, events, datetime.now(UTC))
            found += [(one, cluster, often) for cluster, often in clusters.items()]
        return found

    def _events(
        self, tracked: t.Iterable[TrackedObject], selector: str
    ) -> t.Iterator[tuple[TrackedObject, list[Object]]]:
        """Each object with the events about it. They only help: without permission to read them, none is returned."""
        groups: dict[str, list[TrackedObject]] = {}
        for one in tracked:
            groups.setdefault(one.namespace or "default", []).append(one)
        for namespace, group in groups.items():
            try:
                events = self.host.list(resource_path("", "v1", "events", namespace=namespace), fieldSelector=selector)
            except ApiError:
                continue
            about: dict[tuple[str, str], list[Object]] = {}
            for event in events:
                involved = event.get("involvedObject") or {}
                about.setdefault((str(involved.get("kind")), str(involved.get("name"))), []).append(event)
            for one in group:
                yield one, about.get((one.type.federated_kind, one.name), [])

    def update(self, one: TrackedObject, change: t.Callable[[Object], Object]) -> None:
        """Update an object, and retry if somebody else has changed it meanwhile."""
        found = t.cast(Object, one.found)
        for attempt in range(_TRIES):
            try:
                one.found = self.host.request("PUT", one.path, body=change(found))
                return
            except ApiError as error:
                if error.status != 409 or attempt == _TRIES - 1:
                    raise
                found = self.host.request("GET", one.path)

    def own_namespace(self, name: str) -> Object | None:
        """The host's namespace as it was when the task began."""
        if name not in self._namespaces:
            self._namespaces[name] = self.host.get(path_of("Namespace", None, name))
        return self._namespaces[name]


__all__ = ("Store",)
