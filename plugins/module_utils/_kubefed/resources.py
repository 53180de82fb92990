# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Federated resources in a federation: made, withdrawn from clusters, and removed."""

from __future__ import annotations

import copy
import typing as t

from .._errors import FederationError, InvalidOption, TerminalState
from .._kube.client import ApiError, Client, Object, each, resource_path
from .._kube.objects import Changes, differences, lingering, without_secrets
from .._wait import State, Waiter
from . import host as kubefed
from .collect import Contents, collect
from .federate import (
    ANNOTATIONS_PATH,
    EXISTED_ANNOTATION,
    MANAGED_LABEL,
    ORPHAN_ANNOTATION,
    FederatedType,
    Key,
    Wanted,
    common_annotations,
    existed_in,
    existed_value,
    placed_spec,
    planned_spec,
    selected,
    title,
)
from .members import Members
from .running import Place, Running, is_workload
from .schedules import KIND as SCHEDULE_KIND
from .schedules import Schedule, allows, divided, excluded, replicas
from .schedules import path as schedule_path
from .status import Propagation, event_messages, propagated, propagation
from .types import Types

# An update meets the controller's own one now and then
_TRIES = 5
# One list for each type and namespace, and KubeFed needs a second or two
_PROPAGATION_SLEEP = 1
_WARNINGS = "type=Warning"


class Item:
    """One federated object on its way."""

    def __init__(self, type_: FederatedType, namespace: str, name: str, found: Object | None) -> None:
        self.type = type_
        self.namespace = namespace
        self.name = name
        self.found = found
        self.changed = False
        self.withdrawn: set[str] = set()
        self.taken_back: set[str] = set()
        self.left: list[str] = []
        self.pods: dict[str, str] = {}

    @property
    def key(self) -> Key:
        """Tells federated objects apart."""
        return self.type.name, self.namespace, self.name

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return title(self.type, self.namespace, self.name)

    @property
    def path(self) -> str:
        """Its API path on the host."""
        return self.type.path(self.namespace, self.name)

    @property
    def spec(self) -> Object:
        """Its spec, empty when it does not exist."""
        return (self.found or {}).get("spec") or {}


class Resources:
    """What is federated.

    :param host: the cluster that KubeFed runs on.
    :param namespace: KubeFed's namespace there.
    :param check_mode: write nothing, but record what would be written.
    :param warn: tells the user.
    :param carry: what is to survive into the next slice of a wait.
    """

    def __init__(
        self,
        host: Client,
        namespace: str,
        *,
        waiter: Waiter,
        check_mode: bool,
        changes: Changes,
        warn: t.Callable[[str], None],
        carry: Object,
    ) -> None:
        self._host = host
        self._kubefed = namespace
        self._waiter = waiter
        self._check_mode = check_mode
        self._changes = changes
        self._warn = warn
        self._scope = kubefed.scope_of(host, namespace)
        self._members = Members(host, namespace)
        self._types = Types(host, namespace, self._members, scope=self._scope)
        self._running = Running(self._members, lambda: waiter.elapsed, carry.setdefault("troubles", {}))
        self._cache: dict[tuple[str, str], dict[str, Object]] = {}
        self._namespaces: dict[str, Object | None] = {}
        self._schedules: dict[str, dict[tuple[str, str], Object]] = {}

    @property
    def types(self) -> list[FederatedType]:
        """The types that KubeFed propagates, and those that it will."""
        return self._types.known

    @property
    def clusters(self) -> dict[str, dict[str, str]]:
        """Labels of the members, by name."""
        return self._members.labels

    def look_up_types(self, manifests: t.Iterable[Object]) -> None:
        """Note the types that are to be enabled for these resources, see :meth:`Types.look_up`."""
        self._types.look_up(manifests)

    # -- present ------------------------------------------------------------------------------------------------

    def present(
        self,
        wants: t.Sequence[Wanted],
        schedules: t.Sequence[Schedule] = (),
        *,
        wait: bool,
        wait_for_pods: bool = False,
    ) -> list[Object]:
        """Bring federated objects into the wanted form: namespaces first, then all others side by side.

        Types that were noted are enabled before, and schedules come last.

        :returns: the result for each.
        """
        for schedule in schedules:
            self._scheduled_in(schedule.namespace).setdefault((schedule.key[0], schedule.name), {"spec": schedule.spec})
        items = {want.key: Item(want.type, want.namespace, want.name, self._find(want)) for want in wants}
        plans = {want.key: self._plan(items[want.key], want) for want in wants}
        self._refuse(wants, plans, schedules)
        for want in wants:
            for warning in want.warnings:
                self._warn(warning)
        records = self._existing_before(wants, items, plans)
        self._types.enable(waiter=self._waiter, check_mode=self._check_mode, changes=self._changes)
        first = [want for want in wants if want.type.is_namespace]
        rest = [want for want in wants if not want.type.is_namespace]
        for want in first:
            self._host_namespace(want)
        for group in (first, rest):
            each(lambda want: self._write(items[want.key], want, plans[want.key], records.get(want.key)), group)
        for want in wants:
            self._record(items[want.key], plans[want.key])
        told = [self._schedule(schedule) for schedule in schedules]
        if wait and not self._check_mode:
            self._wait_divided(list(items.values()), schedules, changed=any(entry["changed"] for entry in told))
            self._wait_propagated(list(items.values()))
            if wait_for_pods:
                self._wait_running(list(items.values()))
        elif not self._check_mode:
            self._refresh(list(items.values()))
        else:
            for key, item in items.items():
                item.found = {**(item.found or {}), **plans[key]}
        return [self._told(items[want.key]) for want in wants] + told

    def place(self, items: list[Item], clusters: t.Sequence[str], *, wait: bool, wait_for_pods: bool) -> list[Object]:
        """Add clusters to the placement of federated objects, and change nothing else of them.

        :returns: the result for each.
        """
        wants = []
        problems = []
        for item in items:
            placed = selected(item.spec, self._members.labels)
            spec: Object = {}
            if self._scheduled(item):
                schedule = self._scheduled_in(item.namespace)[(item.type.federated_kind, item.name)]
                shut = [name for name in clusters if not allows(schedule["spec"], name)]
                if shut:
                    problems.append(
                        f"{item.title}: {SCHEDULE_KIND} {item.name} gives no replicas to {', '.join(shut)}:"
                        " give it a weight there."
                    )
            elif not set(clusters) <= placed:
                if (item.spec.get("placement") or {}).get("clusters") is None:
                    self._warn(f"{item.title} was placed by a clusterSelector, and is now placed by names of clusters.")
                spec = {"placement": placed_spec({}, placed | set(clusters))["placement"]}
                # Annotations travel as an override for each cluster
                annotations = common_annotations(item.spec, placed)
                if annotations:
                    override = {"op": "add", "path": ANNOTATIONS_PATH, "value": annotations}
                    spec["overrides"] = [
                        {"clusterName": name, "clusterOverrides": [override]} for name in clusters if name not in placed
                    ]
            wants.append(Wanted(item.type, item.namespace, item.name, spec))
        if problems:
            raise InvalidOption(" ".join(problems))
        return self.present(wants, wait=wait, wait_for_pods=wait_for_pods)

    def contents(self, namespace: str, *, enable: bool) -> Contents:
        """What a namespace of the host cluster holds, sorted."""
        return collect(
            self._host,
            namespace,
            self._types,
            lambda type_: self._listed(type_, namespace).keys(),
            enable=enable,
        )

    def placement_of(self, namespace: str) -> Object | None:
        """The placement of a namespace that is federated already."""
        type_ = next((found for found in self.types if found.is_namespace), None)
        found = self._listed(type_, namespace).get(namespace) if type_ else None
        return (found or {}).get("spec", {}).get("placement")

    def _plan(self, item: Item, want: Wanted) -> Object:
        """The object as it is to be."""
        spec = copy.deepcopy(want.spec)
        if want.type.is_namespace:
            spec = self._namespace_spec(want, spec)
        labels, annotations = dict(want.labels), dict(want.annotations)
        if item.found is None or item.found["metadata"].get("deletionTimestamp"):
            metadata: Object = {"name": want.name}
            if want.namespace:
                metadata["namespace"] = want.namespace
            for key, value in (("labels", {**want.creation_labels, **labels}), ("annotations", annotations)):
                if value:
                    metadata[key] = value
            return {
                "apiVersion": f"{want.type.federated_group}/{want.type.federated_version}",
                "kind": want.type.federated_kind,
                "metadata": metadata,
                "spec": spec,
            }
        planned = copy.deepcopy(item.found)
        planned["spec"] = planned_spec(item.spec, spec, scheduled=self._scheduled(item))
        for key, value in (("labels", labels), ("annotations", annotations)):
            if value:
                planned["metadata"][key] = {**(planned["metadata"].get(key) or {}), **value}
        return planned

    def _namespace_spec(self, want: Wanted, spec: Object) -> Object:
        """KubeFed gives the host's namespace the template's labels alone: those it has are kept by being in there."""
        found = self._own_namespace(want.name) or {"metadata": {}}
        labels = {
            key: value
            for key, value in (found["metadata"].get("labels") or {}).items()
            if key not in (MANAGED_LABEL, "kubernetes.io/metadata.name")
        }
        if labels:
            body = spec.get("template") or {}
            metadata = body.get("metadata") or {}
            spec["template"] = {
                **body,
                "metadata": {**metadata, "labels": {**labels, **(metadata.get("labels") or {})}},
            }
        return spec

    def _own_namespace(self, name: str) -> Object | None:
        """The host's namespace, as it was at first."""
        if name not in self._namespaces:
            self._namespaces[name] = self._host.get(kubefed.path_of("Namespace", None, name))
        return self._namespaces[name]

    def _refuse(
        self, wants: t.Sequence[Wanted], plans: t.Mapping[Key, Object], schedules: t.Sequence[Schedule]
    ) -> None:
        """Refuse what KubeFed would take and then not do.

        :raises InvalidOption: with all reasons.
        """
        problems: list[str] = []
        unknown: set[str] = set()
        labels = self._members.labels
        namespaces = {want.name: want for want in wants if want.type.is_namespace}
        seen: set[Key] = set()
        for want in wants:
            if want.key in seen:
                problems.append(f"{want.title} is given twice.")
            seen.add(want.key)
            spec = plans[want.key]["spec"]
            if "placement" not in spec:
                problems.append(f"{want.title} has no placement: set the option placement or cluster_selector.")
            placed = selected(spec, labels)
            unknown |= {name for name in placed if name not in labels}
            if want.type.is_namespace or not want.type.namespaced:
                continue
            # A schedule places on all clusters, and means those of the namespace
            placed = set() if (want.type.federated_kind, want.name) in self._scheduled_in(want.namespace) else placed
            problems += self._namespace_problems(want, placed, namespaces.get(want.namespace), plans)
        targets = {(want.type.federated_kind, want.namespace, want.name) for want in wants}
        for schedule in schedules:
            if schedule.key not in targets and not self._is_federated(*schedule.key):
                problems.append(f"{schedule.title}: there is no {schedule.key[0]} of that name for it to schedule.")
            unknown |= {name for name in schedule.spec.get("clusters") or {} if name != "*" and name not in labels}
        if unknown:
            known = ", ".join(sorted(labels)) or "none"
            text = f"placement names {', '.join(sorted(unknown))}, not joined to the federation. Joined are: {known}."
            if self._check_mode:
                # An earlier task of the same play may be the one that joins it
                self._warn(text)
            else:
                problems.append(text)
        if problems:
            raise InvalidOption(" ".join(problems))

    def _namespace_problems(
        self, want: Wanted, placed: set[str], namespace: Wanted | None, plans: t.Mapping[Key, Object]
    ) -> list[str]:
        if self._scope == "Namespaced":
            if want.namespace == self._kubefed:
                return []
            return [f"{want.title}: this federation has scope Namespaced and propagates from {self._kubefed} alone."]
        if want.namespace == self._kubefed:
            return [f"{want.title}: KubeFed never propagates from its own namespace."]
        if namespace is not None:
            spec = plans[namespace.key]["spec"]
        else:
            type_ = next((found for found in self.types if found.is_namespace), None)
            federated = self._listed(type_, want.namespace).get(want.namespace) if type_ else None
            if federated is None or federated["metadata"].get("deletionTimestamp"):
                return [
                    f"{want.title}: namespace {want.namespace} is not federated, so KubeFed would put nothing from it"
                    " anywhere. Give the Namespace too, in definition."
                ]
            spec = federated["spec"]
        missing = placed - selected(spec, self._members.labels)
        if missing:
            return [
                f"{want.title} is placed on {', '.join(sorted(missing))}, but FederatedNamespace {want.namespace} is"
                " not, and KubeFed takes what both have in common: place the namespace there too."
            ]
        return []

    def _is_federated(self, kind: str, namespace: str, name: str) -> bool:
        type_ = next((found for found in self.types if found.federated_kind == kind), None)
        return type_ is not None and name in self._listed(type_, namespace)

    def _existing_before(
        self, wants: t.Sequence[Wanted], items: t.Mapping[Key, Item], plans: t.Mapping[Key, Object]
    ) -> dict[Key, set[str]]:
        """Look, where an object is about to be placed on a cluster, whether it is there already.

        :returns: for each object with a record, the clusters that have it and KubeFed did not put it there.
        """
        labels = self._members.labels
        listings: dict[tuple[str, str, str], dict[str, Object] | None] = {}
        records: dict[Key, set[str]] = {}
        taken_over: dict[str, list[str]] = {}
        for want in wants:
            item = items[want.key]
            fresh = item.found is None or bool(item.found["metadata"].get("deletionTimestamp"))
            known = set() if fresh else existed_in(t.cast(Object, item.found))
            if known is None:
                continue
            before = set() if fresh else selected(item.spec, labels)
            known &= before
            for cluster in sorted((selected(plans[want.key]["spec"], labels) - before) & set(labels)):
                place = (want.type.name, want.namespace, cluster)
                if place not in listings:
                    listings[place] = self._look(cluster, want.type, want.namespace)
                found = (listings[place] or {}).get(want.name)
                if found is None or self._is_host_namespace(want, found):
                    continue
                known.add(cluster)
                if not want.type.is_namespace:
                    taken_over.setdefault(cluster, []).append(f"{want.type.kind} {want.name}")
            records[want.key] = known
        for cluster, names in taken_over.items():
            self._warn(
                f"KubeFed takes over what exists in {cluster} already, and makes it as it is given here:"
                f" {', '.join(names)}."
            )
        return records

    def _look(self, cluster: str, type_: FederatedType, namespace: str) -> dict[str, Object] | None:
        try:
            return self._members.objects(cluster, type_, namespace)
        except FederationError as error:
            self._warn(
                f"Not known whether the {type_.plural} of namespace {namespace} exist in {cluster} already:"
                f" {error.message} Those of the same name are taken over, and removed when the cluster is withdrawn."
            )
            return None

    def _is_host_namespace(self, want: Wanted, found: Object) -> bool:
        """KubeFed never deletes the namespace that a federated namespace is in."""
        if not want.type.is_namespace:
            return False
        own = self._own_namespace(want.name)
        return own is not None and own["metadata"]["uid"] == found.get("uid")

    def _host_namespace(self, want: Wanted) -> None:
        """Create the namespace that a federated namespace is in."""
        path = kubefed.path_of("Namespace", None, want.name)
        found = self._own_namespace(want.name)
        if found is not None and not found["metadata"].get("deletionTimestamp"):
            return
        manifest: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": want.name}}
        labels = ((want.spec.get("template") or {}).get("metadata") or {}).get("labels")
        if labels:
            manifest["metadata"]["labels"] = labels
        self._changes.record(f"Namespace {want.name}", None, manifest)
        if self._check_mode:
            return
        if found is not None:
            self._wait_gone(path, f"namespace {want.name}, which is being deleted, to be gone")
        self._host.create(kubefed.path_of("Namespace", None), manifest)

    def _write(self, item: Item, want: Wanted, plan: Object, record: set[str] | None) -> None:
        if record is not None:
            annotations = plan["metadata"].setdefault("annotations", {})
            annotations[EXISTED_ANNOTATION] = existed_value(record)
        if item.found is not None and item.found["metadata"].get("deletionTimestamp"):
            item.changed = True
            if self._check_mode:
                return
            self._wait_gone(item.path, f"{item.title}, which is being deleted, to be gone")
        elif item.found is not None:
            item.changed = bool(_changed(item.found, plan))
            if item.changed and not self._check_mode:
                self._update(item, lambda found: self._replanned(found, want, plan))
            return
        item.changed = True
        if not self._check_mode:
            kubefed.through_webhook(self._waiter, lambda: self._host.create(want.type.path(want.namespace), plan))

    def _replanned(self, found: Object, want: Wanted, plan: Object) -> Object:
        again = Item(want.type, want.namespace, want.name, found)
        fresh = self._plan(again, want)
        record = (plan["metadata"].get("annotations") or {}).get(EXISTED_ANNOTATION)
        if record is not None:
            fresh["metadata"].setdefault("annotations", {})[EXISTED_ANNOTATION] = record
        return fresh

    def _record(self, item: Item, plan: Object) -> None:
        if not item.changed:
            return
        before, after = _shown(item.found), _shown(plan)
        if before is not None:
            patch = differences(before, t.cast(Object, after))
            before = {key: before.get(key) for key in patch}
            after = {key: t.cast(Object, after).get(key) for key in patch}
        self._changes.record(item.title, before, after)

    def _schedule(self, schedule: Schedule) -> Object:
        """Write a ReplicaSchedulingPreference."""
        found = self._host.get(schedule.path)
        manifest = schedule.manifest(found)
        changed = found is None or bool(_changed(found, manifest))
        if changed:
            self._changes.record(
                schedule.title, None if found is None else {"spec": found["spec"]}, {"spec": manifest["spec"]}
            )
        if changed and not self._check_mode:
            if found is None:
                kubefed.through_webhook(
                    self._waiter, lambda: self._host.create(schedule_path(schedule.namespace), manifest)
                )
            else:
                self._host.request("PUT", schedule.path, body=manifest)
        return _schedule_told(schedule.namespace, schedule.name, changed=changed)

    def _wait_divided(self, items: list[Item], schedules: t.Sequence[Schedule], *, changed: bool) -> None:
        """Wait until the replicas of all that is scheduled are divided over the clusters."""
        targets = {schedule.key: schedule.spec for schedule in schedules}
        for item in items:
            if self._scheduled(item):
                spec = self._scheduled_in(item.namespace)[(item.type.federated_kind, item.name)]["spec"]
                targets.setdefault((item.type.federated_kind, item.namespace, item.name), spec)
        if not targets:
            return
        ready = [name for name in self._members.labels if self._members.ready(name)]
        before: list[Object] = []

        def poll() -> State:
            self._cache.clear()
            waiting, given = [], {}
            for (kind, namespace, name), spec in targets.items():
                type_ = next(found for found in self.types if found.federated_kind == kind)
                target = (self._listed(type_, namespace).get(name) or {}).get("spec") or {}
                given[f"{kind} {namespace}/{name}"] = replicas(target)
                state = divided(spec, target, ready)
                if not state.done:
                    waiting.append(f"{kind} {namespace}/{name}: {state.last}")
            # KubeFed does not say whether it has seen a change: what it has written must stay as it is
            settled = not changed or before[-1:] == [given]
            before.append(given)
            return State(not waiting and settled, _some(waiting) or "replicas are still moved")

        self._waiter.until("KubeFed to divide replicas over the clusters", poll, sleep=2)

    def _wait_propagated(self, items: list[Item]) -> None:
        clusters = self._members.labels

        def poll() -> State:
            self._refresh(items)
            late: list[tuple[Item, set[str]]] = []
            for item in items:
                if item.found is None:
                    raise TerminalState(f"{item.title} was deleted while its propagation was waited for.")
                if item.found["metadata"].get("deletionTimestamp"):
                    raise TerminalState(f"{item.title} is being deleted while its propagation is waited for.")
                placed = self._effective(item) & set(clusters)
                if not propagated(item.found, placed).done:
                    late.append((item, placed))
            messages = self._messages([item for item, _placed in late])
            waiting = []
            for item, placed in late:
                found, said = t.cast(Object, item.found), messages.get(item.key, {})
                terminal = propagation(found, said).terminal
                if terminal and not self._taken_back(item):
                    raise TerminalState(
                        f"{item.title} can not be propagated: {terminal}", resources=self._all_told(items)
                    )
                waiting.append(f"{item.title}: {propagated(found, placed, said).last}")
            return self._state(waiting)

        self._waiter.until(_what("the propagation of", items), poll, sleep=_PROPAGATION_SLEEP)

    def _wait_running(self, items: list[Item]) -> None:
        """Wait until the pods of workloads run in each cluster that they are placed on."""
        joined = set(self._members.labels)
        places = {
            Place(cluster, item.type, item.namespace, item.name): item
            for item in items
            if is_workload(item.type)
            for cluster in sorted(self._effective(item) & joined)
        }
        if not places:
            return

        def poll() -> State:
            waiting = []
            for place, verdict in self._running.look(list(places)).items():
                places[place].pods[place.cluster] = verdict.state.last
                if verdict.terminal:
                    raise TerminalState(
                        f"{place.title} will not run: {verdict.terminal}", resources=self._all_told(items)
                    )
                if not verdict.state.done:
                    waiting.append(f"{place.title}: {verdict.state.last}")
            return State(not waiting, _some(waiting))

        workloads = {item.key: item for item in places.values()}
        self._waiter.until(_what("the pods of", list(workloads.values())), poll, sleep=2)

    def _taken_back(self, item: Item) -> bool:
        """Whether an object was free of KubeFed because a withdrawal of it was begun and never finished."""
        found = t.cast(Object, item.found)
        refused = {name for name, state in propagation(found).clusters.items() if state.status == "ManagedLabelFalse"}
        for name in sorted((refused - item.taken_back) & (existed_in(found) or set())):
            if self._members.take_back(name, item.type, item.namespace, item.name):
                item.taken_back.add(name)
        return bool(refused & item.taken_back)

    def _effective(self, item: Item) -> set[str]:
        """The clusters that KubeFed puts an object into: what its own placement and its namespace's have in common."""
        labels = self._members.labels
        placed = selected(item.spec, labels)
        if item.type.is_namespace or not item.type.namespaced or self._scope == "Namespaced":
            return placed
        type_ = next((found for found in self.types if found.is_namespace), None)
        namespace = self._listed(type_, item.namespace).get(item.namespace) if type_ else None
        return placed & selected(namespace["spec"], labels) if namespace else set()

    def _messages(self, items: t.Iterable[Item]) -> dict[Key, dict[str, str]]:
        """The clusters' own messages by cluster for what is not well, from KubeFed's events of each namespace."""
        troubled: dict[str, list[Item]] = {}
        for item in items:
            if item.found and any(state.status for state in propagation(item.found).clusters.values()):
                troubled.setdefault(item.namespace or "default", []).append(item)
        messages: dict[Key, dict[str, str]] = {}
        for namespace, group in troubled.items():
            try:
                events = self._host.list(
                    resource_path("", "v1", "events", namespace=namespace), fieldSelector=_WARNINGS
                )
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

    # -- withdrawn ----------------------------------------------------------------------------------------------

    def items(self, wants: t.Sequence[Wanted] | None, namespace: str) -> list[Item]:
        """The federated objects that exist: those wanted, or all in a namespace."""
        if wants is not None:
            items = [Item(want.type, want.namespace, want.name, self._find(want)) for want in wants]
            return [item for item in items if item.found is not None]
        found = []
        for type_ in self.types:
            if type_.federated_namespaced:
                found += [
                    Item(type_, namespace, name, object_) for name, object_ in self._listed(type_, namespace).items()
                ]
        return found

    def schedules_in(self, namespace: str) -> list[tuple[str, str]]:
        """Namespace and name of each ReplicaSchedulingPreference in a namespace."""
        return [(namespace, name) for _kind, name in self._scheduled_in(namespace)]

    def withdraw(self, items: list[Item], clusters: set[str], *, wait: bool) -> list[Object]:
        """Take clusters out of the placement of federated objects, and nothing else.

        The namespace goes last: without it KubeFed would take the rest from all clusters in no order. What was in a
        cluster before it was federated stays there.

        :returns: the result for each.
        """
        first = [item for item in items if not item.type.is_namespace]
        last = [item for item in items if item.type.is_namespace]
        self._refuse_withdrawal(first, last, clusters)
        # What a schedule places goes with its namespace: first its replicas are moved to the other clusters
        scheduled = [item for item in first if self._scheduled(item)]
        first = [item for item in first if item not in scheduled]
        for item in scheduled:
            self._reschedule(item, clusters)
        if any(item.withdrawn for item in scheduled) and not self._check_mode:
            self._wait_divided(scheduled, (), changed=True)
        for group, next_group in ((first, last), (last, [])):
            each(lambda item: self._withdraw(item, clusters), group)
            if group and (wait or next_group) and not self._check_mode:
                self._wait_withdrawn(group, {item.key: clusters for item in group})
            for item in group:
                self._let_go(item, clusters)
        if scheduled and not self._check_mode:
            if wait:
                self._wait_withdrawn(scheduled, {item.key: clusters for item in scheduled})
            for item in scheduled:
                self._let_go(item, clusters)
        return [self._told(item) for item in items]

    def _reschedule(self, item: Item, clusters: set[str]) -> None:
        """Give clusters no more replicas of what a schedule places, and keep there what was there before."""
        placed = self._effective(item) & clusters
        if not placed:
            return
        item.withdrawn = placed
        for cluster in sorted((existed_in(t.cast(Object, item.found)) or set()) & placed):
            self._release(item, cluster)
        found = self._scheduled_in(item.namespace)[(item.type.federated_kind, item.name)]
        spec = excluded(found["spec"], placed)
        if spec == found["spec"]:
            return
        item.changed = True
        self._changes.record(f"{SCHEDULE_KIND} {item.namespace}/{item.name}", {"spec": found["spec"]}, {"spec": spec})
        if not self._check_mode:
            path = schedule_path(item.namespace, item.name)
            self._scheduled_in(item.namespace)[(item.type.federated_kind, item.name)] = self._host.patch(
                path, {"spec": {"clusters": spec["clusters"]}}
            )

    def _refuse_withdrawal(self, first: list[Item], last: list[Item], clusters: set[str]) -> None:
        problems = []
        with_namespace = {item.namespace for item in last}
        for item in first:
            if (
                self._scheduled(item)
                and item.namespace not in with_namespace
                and self._effective(item) & clusters & set(self._members.labels)
            ):
                problems.append(
                    f"{item.title} is placed by {SCHEDULE_KIND} {item.name}, which places it on all clusters of its"
                    " namespace: withdraw the whole namespace, or set maxReplicas: 0 for the cluster there."
                )
        taken = {item.key for item in first}
        for namespace in last:
            others = [
                item.title
                for item in self.items(None, namespace.namespace)
                if not item.type.is_namespace and item.key not in taken and self._effective(item) & clusters
            ]
            if others:
                problems.append(
                    f"{namespace.title} also holds {', '.join(sorted(others))}, which would be taken from"
                    f" {', '.join(sorted(clusters))} with it: withdraw these too, or leave definition out to withdraw"
                    " all."
                )
        if problems:
            raise InvalidOption(" ".join(problems))

    def _withdraw(self, item: Item, clusters: set[str]) -> None:
        placed = selected(item.spec, self._members.labels)
        if not placed & clusters:
            return
        item.withdrawn = placed & clusters
        if (item.spec.get("placement") or {}).get("clusters") is None:
            self._warn(
                f"{item.title} was placed by a clusterSelector, and is now placed by the names of the clusters left."
            )
        for cluster in sorted((existed_in(t.cast(Object, item.found)) or set()) & placed & clusters):
            self._release(item, cluster)
        before = _shown(item.found)
        item.changed = True
        self._changes.record(
            item.title,
            {"spec": {"placement": t.cast(Object, before)["spec"].get("placement")}},
            {"spec": {"placement": placed_spec({}, placed - clusters)["placement"]}},
        )
        if self._check_mode:
            item.found = {**t.cast(Object, item.found), "spec": placed_spec(item.spec, placed - clusters)}
            return

        def change(found: Object) -> Object:
            now = selected(found.get("spec") or {}, self._members.labels)
            return {**found, "spec": placed_spec(found["spec"], now - clusters)}

        self._update(item, change)

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
        placed = self._effective(item)
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

        self._update(item, change)

    def _wait_withdrawn(self, items: list[Item], clusters: t.Mapping[Key, set[str]]) -> None:
        """Wait until objects are gone from the clusters named for each."""
        joined = set(self._members.labels)
        ready = {name for name in joined if self._members.ready(name)}

        def poll() -> State:
            self._refresh(items)
            waiting = []
            messages = self._messages(items)
            for item in items:
                if item.found is None:
                    continue
                found = propagation(item.found)
                there = sorted(clusters[item.key] & set(found.clusters))
                if not found.current:
                    waiting.append(f"{item.title}: {found.last}")
                elif there:
                    still = _still(propagation(item.found, messages.get(item.key)), there)
                    waiting.append("; ".join([f"{item.title}: {still}", *self._lingering(item, there)]))
            if not waiting:
                # KubeFed looks at its cache, which may lag behind
                waiting = self._still_there(items, {key: names & ready for key, names in clusters.items()})
            return self._state(waiting)

        named = sorted(set().union(*clusters.values()))
        self._waiter.until(_what(f"the withdrawal from {', '.join(named)} of", items), poll, sleep=_PROPAGATION_SLEEP)
        for item in items:
            for name in sorted(item.withdrawn & joined - ready):
                # KubeFed forgets what it can't reach, and says nothing
                item.left.append(f"{item.type.kind} {item.name} in {name}, if it was there: the cluster is not Ready")

    def _state(self, waiting: list[str]) -> State:
        """Whether nothing is waited for any more. What KubeFed has said counts only while its controller runs."""
        silent = kubefed.silence(self._host, self._kubefed)
        return State(not waiting and not silent, _some([silent, *waiting] if silent else waiting))

    def _lingering(self, item: Item, clusters: t.Iterable[str]) -> list[str]:
        """What keeps a namespace in the clusters: KubeFed only says that it waits for the removal."""
        told = []
        for name in clusters if item.type.is_namespace else ():
            try:
                found = self._members.client(name).get(item.type.target_path(None, item.name))
            except FederationError:
                continue
            if found:
                told.append(f"namespace {item.name} in {name} is {lingering(found)}")
        return told

    def _still_there(self, items: list[Item], clusters: t.Mapping[Key, set[str]]) -> list[str]:
        waiting: list[str] = []
        listings: dict[tuple[str, str, str], dict[str, Object]] = {}
        for item in items:
            for cluster in sorted(clusters[item.key]):
                place = (item.type.name, item.namespace, cluster)
                if place not in listings:
                    try:
                        listings[place] = self._members.objects(cluster, item.type, item.namespace)
                    except FederationError:
                        # Not reachable from here; KubeFed's word has to do
                        listings[place] = {}
                labels = (listings[place].get(item.name) or {}).get("labels") or {}
                if labels.get(MANAGED_LABEL) == "true":
                    waiting.append(f"{item.type.kind} {item.name} is still in {cluster}")
        return waiting

    # -- absent -------------------------------------------------------------------------------------------------

    def absent(
        self, items: list[Item], schedules: t.Sequence[tuple[str, str]] = (), *, wait: bool, orphan: bool = False
    ) -> list[Object]:
        """Remove federated objects, their schedules before, and from the clusters what KubeFed has made for them.

        What was there before it was federated stays, and so does everything of a federated object of which that is not
        known. The namespace goes last, and only when nothing else is federated in it.

        :param orphan: everything in the clusters stays.
        :returns: the result for each.
        """
        first = [item for item in items if not item.type.is_namespace]
        last = [item for item in items if item.type.is_namespace]
        taken = {item.key for item in first}
        for namespace in last:
            others = [
                item.title
                for item in self.items(None, namespace.namespace)
                if not item.type.is_namespace and item.key not in taken
            ]
            if others:
                raise InvalidOption(
                    f"{namespace.title} also holds {', '.join(sorted(others))}, which KubeFed would delete in all"
                    " clusters with it: remove these first, or leave the namespace out."
                )
        told = [self._unschedule(namespace, name) for namespace, name in schedules]
        for group, next_group in ((first, last), (last, [])):
            self._remove(group, wait=wait or bool(next_group), orphan=orphan)
        if not self._check_mode:
            self._refresh(items)
        return [self._told(item) for item in items] + told

    def _unschedule(self, namespace: str, name: str) -> Object:
        path = schedule_path(namespace, name)
        found = self._host.get(path)
        if found is not None:
            self._changes.record(f"{SCHEDULE_KIND} {namespace}/{name}", {"state": "present"}, {"state": "absent"})
            self._scheduled_in(namespace).pop((str(found["spec"].get("targetKind")), name), None)
            if not self._check_mode:
                self._host.delete(path)
        return _schedule_told(namespace, name, changed=found is not None)

    def _remove(self, items: list[Item], *, wait: bool, orphan: bool) -> None:
        joined = set(self._members.labels)
        for item in items:
            self._withdraw(item, self._to_withdraw(item, orphan=orphan))
        # Orphaning frees what is in all clusters: what is to go must be gone before
        partly = {
            item.key: joined - selected(item.spec, self._members.labels) for item in items if item.found is not None
        }
        if any(partly.values()) and not self._check_mode:
            self._wait_withdrawn([item for item in items if item.key in partly], partly)
        each(lambda item: self._delete(item, orphan=orphan), items)
        for item in items:
            if item.changed:
                self._changes.record(item.title, {"state": "present"}, {"state": "absent"})
        if wait and items and not self._check_mode:
            self._wait_removed(items)

    def _wait_removed(self, items: list[Item]) -> None:
        def poll() -> State:
            self._refresh(items)
            return self._state([f"{item.title}: {lingering(item.found)}" for item in items if item.found is not None])

        self._waiter.until(_what("the removal of", items), poll, sleep=2)

    def _to_withdraw(self, item: Item, *, orphan: bool) -> set[str]:
        """Clusters that an object must leave before it is deleted.

        Those where KubeFed made it, when it is to survive in others, as orphaning is for all clusters or none. And
        those that are not Ready: KubeFed would wait for them for ever.
        """
        if item.found is None or item.found["metadata"].get("deletionTimestamp"):
            return set()
        placed = selected(item.spec, self._members.labels) & set(self._members.labels)
        away = {name for name in placed if not self._members.ready(name)}
        existed = existed_in(item.found)
        if not orphan and existed is not None and existed & placed:
            away |= placed - existed
        return away

    def _delete(self, item: Item, *, orphan: bool) -> None:
        if item.found is None or item.found["metadata"].get("deletionTimestamp"):
            return
        item.changed = True
        if self._check_mode:
            return
        existed = existed_in(item.found)
        placed = selected(item.spec, self._members.labels)
        if orphan or existed is None or existed & placed:
            annotation = {"metadata": {"annotations": {ORPHAN_ANNOTATION: "true"}}}
            self._host.patch(item.path, annotation)
        self._host.delete(item.path)

    # -- all ----------------------------------------------------------------------------------------------------

    def _listed(self, type_: FederatedType, namespace: str) -> dict[str, Object]:
        """The federated objects of a type in a namespace, by name; read once until refreshed."""
        place = (type_.name, namespace)
        if place not in self._cache:
            self._cache[place] = {item["metadata"]["name"]: item for item in self._host.list(type_.path(namespace))}
        return self._cache[place]

    def _find(self, want: Wanted) -> Object | None:
        return self._listed(want.type, want.namespace).get(want.name)

    def _refresh(self, items: list[Item]) -> None:
        self._cache.clear()
        for item in items:
            item.found = self._listed(item.type, item.namespace).get(item.name)

    def _scheduled(self, item: Item) -> bool:
        """Whether a ReplicaSchedulingPreference writes placement and replicas of an object."""
        if item.type.kind not in ("Deployment", "ReplicaSet"):
            return False
        return (item.type.federated_kind, item.name) in self._scheduled_in(item.namespace)

    def _scheduled_in(self, namespace: str) -> dict[tuple[str, str], Object]:
        """The ReplicaSchedulingPreferences of a namespace, by kind and name of what they schedule."""
        if namespace not in self._schedules:
            self._schedules[namespace] = {
                (str((found.get("spec") or {}).get("targetKind")), found["metadata"]["name"]): found
                for found in self._host.list(schedule_path(namespace))
            }
        return self._schedules[namespace]

    def _update(self, item: Item, change: t.Callable[[Object], Object]) -> None:
        """Write an object, again when somebody else wrote it meanwhile."""
        found = t.cast(Object, item.found)
        for attempt in range(_TRIES):
            try:
                item.found = self._host.request("PUT", item.path, body=change(found))
                return
            except ApiError as error:
                if error.status != 409 or attempt == _TRIES - 1:
                    raise
                found = self._host.request("GET", item.path)

    def _wait_gone(self, path: str, what: str) -> None:
        self._waiter.until(what, lambda: kubefed.gone(self._host, path), sleep=2)

    def _all_told(self, items: t.Iterable[Item]) -> list[Object]:
        return [self._told(item) for item in items]

    def _told(self, item: Item) -> Object:
        found = propagation(item.found) if item.found else Propagation(False, False, "", {})
        return {
            "kind": item.type.federated_kind,
            "namespace": item.namespace,
            "name": item.name,
            "changed": item.changed,
            "placement": sorted(selected(item.spec, self._members.labels)),
            "propagated": found.done,
            "clusters": {name: state.status or "OK" for name, state in sorted(found.clusters.items())},
            "existed_in": sorted((existed_in(item.found) if item.found else None) or ()),
            "left": item.left,
            **({"pods": item.pods} if item.pods else {}),
            **({"replicas": replicas(item.spec)} if self._scheduled(item) else {}),
        }


def _schedule_told(namespace: str, name: str, *, changed: bool) -> Object:
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


def _some(lines: list[str]) -> str:
    """As many as can be read."""
    return "; ".join(lines[:3]) + (f" (and {len(lines) - 3} more)" if len(lines) > 3 else "")


def _what(action: str, items: t.Sequence[Item]) -> str:
    return f"{action} {items[0].title}" if len(items) == 1 else f"{action} {len(items)} federated resources"


def _still(found: Propagation, clusters: t.Iterable[str]) -> str:
    return ", ".join(
        f"{name}: {found.clusters[name].status or 'OK'}"
        + (f" ({found.clusters[name].message})" if found.clusters[name].message else "")
        for name in clusters
    )


def _changed(found: Object, plan: Object) -> Object:
    """What of an object is to change, as field and value."""
    changed = {}
    if found.get("spec") != plan.get("spec"):
        changed["spec"] = plan.get("spec")
    for key in ("labels", "annotations"):
        if (found["metadata"].get(key) or {}) != (plan["metadata"].get(key) or {}):
            changed[key] = plan["metadata"].get(key)
    return changed


def _shown(object_: Object | None) -> Object | None:
    """A federated object as it may be shown: what is ours of it, with a Secret's data masked."""
    if object_ is None:
        return None
    shown: Object = {"spec": copy.deepcopy(object_.get("spec") or {})}
    metadata = {key: object_["metadata"][key] for key in ("labels", "annotations") if object_["metadata"].get(key)}
    if metadata:
        shown["metadata"] = metadata
    if object_.get("kind") == "FederatedSecret":
        if isinstance(shown["spec"].get("template"), dict):
            shown["spec"]["template"] = without_secrets(shown["spec"]["template"])
        for override in shown["spec"].get("overrides") or []:
            for item in override.get("clusterOverrides") or []:
                item.pop("value", None)
    return shown


__all__ = ("Item", "Resources")
