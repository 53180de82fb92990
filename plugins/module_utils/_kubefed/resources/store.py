# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What is federated: the objects as they are, and what KubeFed says of them."""

from __future__ import annotations

import copy
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ..._kube.client import Client
from ..._kube.diff import Changes
from ..._kube.errors import ApiError
from ..._kube.objects import LAST_APPLIED, MASK, Object, without_secrets
from ..._kube.paths import resource_path
from ..._runtime.wait import Waiter
from .. import host as kubefed
from ..api import path_of
from ..members import Members
from ..types.catalog import Types
from ..types.model import FederatedType
from .inventory import Contents, collect
from .model import Identity, Key, Wanted, existed_in, selected
from .ownership import ANNOTATION as RECORD
from .schedules import KIND as SCHEDULE_KIND
from .schedules import path as schedule_path
from .schedules import replicas
from .status import Propagation, event_messages, propagation, rewritten

# An update meets the controller's own one now and then
_TRIES = 5
_WARNINGS = "type=Warning"
_UPDATES = "reason=UpdateInCluster"


@dataclass(eq=False)
class Item(Identity):
    """One federated object on its way.

    :ivar emptied: whether it has overrides that are emptied, and go once the clusters have that.
    """

    found: Object | None
    changed: bool = False
    emptied: bool = False
    withdrawn: set[str] = field(default_factory=set)
    taken_back: set[str] = field(default_factory=set)
    left: list[str] = field(default_factory=list)
    pods: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Its API path on the host."""
        return self.type.path(self.namespace, self.name)

    @property
    def spec(self) -> Object:
        """Its spec, empty when it does not exist."""
        return (self.found or {}).get("spec") or {}


class Federated:
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
        """The types that KubeFed propagates, and those that it will."""
        return self._types.known

    def retains_replicas(self, type_: FederatedType) -> bool:
        """Whether federated objects of a type can have ``spec.retainReplicas``."""
        return self._types.retains_replicas(type_)

    def require_types(self, manifests: t.Iterable[Object]) -> None:
        """Refuse resources of types that KubeFed does not know, see :meth:`Types.require`."""
        self._types.require(manifests)

    def look_up_types(self, manifests: t.Iterable[Object]) -> None:
        """Note the types that are to be enabled for these resources, see :meth:`Types.look_up`."""
        self._types.look_up(manifests)

    def contents(self, namespace: str, *, enable: bool) -> Contents:
        """What a namespace of the host cluster holds, sorted."""
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

    def items(self, wants: t.Sequence[Wanted] | None, namespace: str) -> list[Item]:
        """The federated objects that exist: those wanted, or all in a namespace."""
        if wants is not None:
            items = [Item(want.type, want.namespace, want.name, self.find(want)) for want in wants]
            return [item for item in items if item.found is not None]
        found = []
        for type_ in self.types:
            if type_.federated_namespaced:
                found += [
                    Item(type_, namespace, name, object_) for name, object_ in self.listed(type_, namespace).items()
                ]
        return found

    def listed(self, type_: FederatedType, namespace: str) -> dict[str, Object]:
        """The federated objects of a type in a namespace, by name; read once until refreshed."""
        place = (type_.name, namespace)
        if place not in self._cache:
            self._cache[place] = {item["metadata"]["name"]: item for item in self.host.list(type_.path(namespace))}
        return self._cache[place]

    def find(self, want: Wanted) -> Object | None:
        """The federated object that is wanted, if it is there."""
        return self.listed(want.type, want.namespace).get(want.name)

    def refresh(self, items: list[Item]) -> None:
        """Read again, now for these and later for all others."""
        self._cache.clear()
        for item in items:
            item.found = self.listed(item.type, item.namespace).get(item.name)

    def is_scheduled(self, item: Item) -> bool:
        """Whether a ReplicaSchedulingPreference writes placement and replicas of an object."""
        return self.schedule_of(item) is not None

    def schedule_of(self, item: Item) -> Object | None:
        """The ReplicaSchedulingPreference that writes placement and replicas of an object, if there is one."""
        if item.type.kind not in ("Deployment", "ReplicaSet"):
            return None
        return self.scheduled_in(item.namespace).get((item.type.federated_kind, item.name))

    def scheduled_in(self, namespace: str) -> dict[tuple[str, str], Object]:
        """The ReplicaSchedulingPreferences of a namespace, by kind and name of what they schedule."""
        if namespace not in self._schedules:
            self._schedules[namespace] = {
                (str((found.get("spec") or {}).get("targetKind")), found["metadata"]["name"]): found
                for found in self.host.list(schedule_path(namespace))
            }
        return self._schedules[namespace]

    def effective(self, item: Item) -> set[str]:
        """The clusters that KubeFed puts an object into: what its own placement and its namespace's have in common."""
        labels = self.members.labels
        placed = selected(item.spec, labels)
        if item.type.is_namespace or not item.type.namespaced or self.scope == "Namespaced":
            return placed
        namespace = self.namespace_of(item.namespace)
        return placed & selected(namespace["spec"], labels) if namespace else set()

    def messages(self, items: t.Iterable[Item]) -> dict[Key, dict[str, str]]:
        """The clusters' own messages by cluster for what is not well, from KubeFed's events of each namespace."""
        troubled: dict[str, list[Item]] = {}
        for item in items:
            if item.found and any(state.status for state in propagation(item.found).clusters.values()):
                troubled.setdefault(item.namespace or "default", []).append(item)
        messages: dict[Key, dict[str, str]] = {}
        for namespace, group in troubled.items():
            try:
                events = self.host.list(resource_path("", "v1", "events", namespace=namespace), fieldSelector=_WARNINGS)
            except ApiError:
                # The messages are a help, and the right to read them may be missing
                continue
            about: dict[tuple[str, str], list[Object]] = {}
            for event in events:
                told = event.get("involvedObject") or {}
                about.setdefault((str(told.get("kind")), str(told.get("name"))), []).append(event)
            for item in group:
                since = str(t.cast(Object, item.found)["metadata"].get("creationTimestamp") or "")
                recent = [
                    event
                    for event in about.get((item.type.federated_kind, item.name), [])
                    if str(event.get("lastTimestamp") or "") >= since
                ]
                messages[item.key] = event_messages(recent, item.type.federated_kind, item.name)
        return messages

    def rewritten(self, items: t.Iterable[Item]) -> list[tuple[Item, str, str]]:
        """What KubeFed writes again and again without being asked to: in which cluster, and how often."""
        found: list[tuple[Item, str, str]] = []
        groups: dict[str, list[Item]] = {}
        for item in items:
            # The autoscaler's replicas come and go, and KubeFed writes what is there already
            if item.found and not item.changed and not item.spec.get("retainReplicas"):
                groups.setdefault(item.namespace or "default", []).append(item)
        for namespace, group in groups.items():
            try:
                events = self.host.list(resource_path("", "v1", "events", namespace=namespace), fieldSelector=_UPDATES)
            except ApiError:
                # As above
                continue
            about: dict[tuple[str, str], list[Object]] = {}
            for event in events:
                told = event.get("involvedObject") or {}
                about.setdefault((str(told.get("kind")), str(told.get("name"))), []).append(event)
            for item in group:
                federated = {**t.cast(Object, item.found), "kind": item.type.federated_kind}
                mine = about.get((item.type.federated_kind, item.name), [])
                for cluster, often in rewritten(federated, mine, datetime.now(timezone.utc)).items():
                    found.append((item, cluster, often))
        return found

    def update(self, item: Item, change: t.Callable[[Object], Object]) -> None:
        """Write an object, again when somebody else wrote it meanwhile."""
        found = t.cast(Object, item.found)
        for attempt in range(_TRIES):
            try:
                item.found = self.host.request("PUT", item.path, body=change(found))
                return
            except ApiError as error:
                if error.status != 409 or attempt == _TRIES - 1:
                    raise
                found = self.host.request("GET", item.path)

    def all_told(self, items: t.Iterable[Item]) -> list[Object]:
        """The result for each."""
        return [self.told(item) for item in items]

    def told(self, item: Item) -> Object:
        """What has become of a federated object, as the module returns it."""
        found = propagation(item.found) if item.found else Propagation(False, False, "", {})
        return {
            "kind": item.type.federated_kind,
            "namespace": item.namespace,
            "name": item.name,
            "changed": item.changed,
            "placement": sorted(selected(item.spec, self.members.labels)),
            "propagated": found.done,
            "clusters": {name: state.status or "OK" for name, state in sorted(found.clusters.items())},
            "existed_in": sorted((existed_in(item.found) if item.found else None) or ()),
            "left": item.left,
            **({"pods": item.pods} if item.pods else {}),
            **({"replicas": replicas(item.spec)} if self.is_scheduled(item) else {}),
        }

    def own_namespace(self, name: str) -> Object | None:
        """The host's namespace, as it was at first."""
        if name not in self._namespaces:
            self._namespaces[name] = self.host.get(path_of("Namespace", None, name))
        return self._namespaces[name]


def schedule_told(namespace: str, name: str, *, changed: bool) -> Object:
    """What has become of a ReplicaSchedulingPreference, as the module returns it."""
    return {
        "kind": SCHEDULE_KIND,
        "namespace": namespace,
        "name": name,
        "changed": changed,
        "placement": [],
        "propagated": True,
        "clusters": {},
        "existed_in": [],
        "left": [],
    }


def shown(object_: Object | None) -> Object | None:
    """A federated object as it may be shown: what is ours of it, with a Secret's data masked."""
    if object_ is None:
        return None
    told: Object = {"spec": copy.deepcopy(object_.get("spec") or {})}
    metadata = _shown_metadata(object_["metadata"])
    if metadata:
        told["metadata"] = metadata
    template = told["spec"].get("template")
    if isinstance(template, dict):
        if isinstance(template.get("metadata"), dict):
            template["metadata"] = {**template["metadata"], **_shown_metadata(template["metadata"])}
        if object_.get("kind") == "FederatedSecret":
            told["spec"]["template"] = without_secrets(template)
    if object_.get("kind") == "FederatedSecret":
        for override in told["spec"].get("overrides") or []:
            for item in override.get("clusterOverrides") or []:
                if "value" in item and not str(item.get("path")).startswith("/metadata/"):
                    item["value"] = MASK
    return told


def _shown_metadata(metadata: Object) -> Object:
    """Labels and annotations, where there are any, without what holds a whole object and without our record."""
    told = {key: metadata[key] for key in ("labels", "annotations") if metadata.get(key)}
    if "annotations" in told:
        told["annotations"] = {
            key: MASK if key == LAST_APPLIED else value for key, value in told["annotations"].items() if key != RECORD
        }
    return told


__all__ = ("Federated", "Item", "schedule_told", "shown")
