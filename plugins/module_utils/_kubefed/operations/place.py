# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Federated objects made or changed, and placed on clusters."""

from __future__ import annotations

import copy
import functools
import typing as t

from ..._kube.diff import differences
from ..._kube.objects import Object
from ..._kube.parallel import each
from ..._runtime.errors import FederationError, InvalidOption
from .. import host as kubefed
from ..api import path_of
from ..listing import some
from ..resources.autoscaling import Autoscaling
from ..resources.model import (
    ANNOTATIONS_PATH,
    EXISTED_ANNOTATION,
    MANAGED_LABEL,
    RETAIN_ANNOTATION,
    WITHDRAWN_ANNOTATION,
    Key,
    Wanted,
    apply_override,
    body_in,
    common_annotations,
    existed_in,
    existed_value,
    placed_too,
    planned_spec,
    selected,
)
from ..resources.ownership import owned, recorded
from ..resources.rehearsal import Rehearsal, rehearsals, rehearse
from ..resources.schedules import KIND as SCHEDULE_KIND
from ..resources.schedules import Schedule, allows
from ..resources.schedules import path as schedule_path
from ..resources.services import obstacle
from ..resources.status import propagation
from ..resources.store import Item, schedule_told, shown
from ..resources.undone import undone
from ..types.model import FederatedType
from .action import Action

# How many are shown of those that each resource may have
_WARNINGS = 10


class Placement(Action):
    """Makes federated objects as they are wanted."""

    @functools.cached_property
    def _autoscaling(self) -> Autoscaling:
        return Autoscaling(self._federated)

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
            self._federated.scheduled_in(schedule.namespace).setdefault(
                (schedule.key[0], schedule.name), {"spec": schedule.spec}
            )
        wants = self._autoscaling.heed(wants, schedules)
        items = {want.key: Item(want.type, want.namespace, want.name, self._federated.find(want)) for want in wants}
        plans = {want.key: self._plan(items[want.key], want) for want in wants}
        self._refuse(wants, plans, schedules)
        self._rehearse(wants, items, plans)
        warnings = [warning for want in wants for warning in want.warnings]
        for warning in warnings[:_WARNINGS]:
            self._warn(warning)
        if len(warnings) > _WARNINGS:
            self._warn(f"There are {len(warnings) - _WARNINGS:,} more warnings of this kind.")
        self._refuse_services(wants, items, plans)
        records = self._existing_before(wants, items, plans)
        self._federated.enable_types(waiter=self._waiter, check_mode=self._check_mode, changes=self._changes)
        first = [want for want in wants if want.type.is_namespace]
        rest = [want for want in wants if not want.type.is_namespace]
        for want in first:
            self._host_namespace(want)
        before = {key: item.found for key, item in items.items()}
        for group in (first, rest):
            each(lambda want: self._write(items[want.key], want, plans[want.key], records.get(want.key)), group)
        for want in wants:
            self._record(items[want.key], before[want.key], plans[want.key])
        told = [self._schedule(schedule) for schedule in schedules]
        if wait and not self._check_mode:
            self._waits.divided(list(items.values()), schedules, changed=any(entry["changed"] for entry in told))
            self._waits.propagated(list(items.values()))
            self._forget([want for want in wants if items[want.key].emptied], items)
            if wait_for_pods:
                self._waits.running(list(items.values()))
            self._warn_of_rewritten(list(items.values()))
        elif not self._check_mode:
            self._federated.refresh(list(items.values()))
        else:
            for key, item in items.items():
                item.found = {**(item.found or {}), **plans[key]}
        return [self._federated.told(items[want.key]) for want in wants] + told

    def place(self, items: list[Item], clusters: t.Sequence[str], *, wait: bool, wait_for_pods: bool) -> list[Object]:
        """Add clusters to the placement of federated objects, and change nothing else of them.

        :returns: the result for each.
        """
        wants = []
        problems = []
        for item in items:
            placed = selected(item.spec, self._members.labels)
            spec: Object = {}
            schedule = self._federated.schedule_of(item)
            if schedule is not None:
                shut = [name for name in clusters if not allows(schedule["spec"], name)]
                if shut:
                    problems.append(
                        f"{item.title}: {SCHEDULE_KIND} {item.name} gives no replicas to {', '.join(shut)}:"
                        " give it a weight there."
                    )
            elif not set(clusters) <= placed:
                if (item.spec.get("placement") or {}).get("clusters") is None:
                    self._warn(f"{item.title} was placed by a clusterSelector, and is now placed by names of clusters.")
                spec = {"placement": placed_too(t.cast(Object, item.found), clusters, self._members.labels)}
                # Annotations travel as an override for each cluster
                annotations = common_annotations(item.spec, placed)
                if annotations:
                    override = {"op": "add", "path": ANNOTATIONS_PATH, "value": annotations}
                    spec["overrides"] = [
                        {"clusterName": name, "clusterOverrides": [override]} for name in clusters if name not in placed
                    ]
            wants.append(Wanted(item.type, item.namespace, item.name, spec, complete=False))
        if problems:
            raise InvalidOption(some(problems, separator=" "))
        return self.present(wants, wait=wait, wait_for_pods=wait_for_pods)

    def _plan(self, item: Item, want: Wanted) -> Object:
        """The object as it is to be."""
        labels, annotations = dict(want.labels), dict(want.annotations)
        scheduled = self._federated.is_scheduled(item)
        fresh = item.found is None or bool(item.found["metadata"].get("deletionTimestamp"))
        own = owned(
            {"metadata": {}} if fresh else t.cast(Object, item.found),
            want,
            self._host_labels(want) if want.type.is_namespace else {},
            scheduled=scheduled,
            settled=not fresh and propagation(t.cast(Object, item.found)).done,
        )
        item.emptied = own.emptied
        spec = copy.deepcopy(want.spec)
        if want.type.is_namespace:
            spec = self._namespace_spec(want, spec, own.namespace_labels)
        if fresh:
            metadata: Object = {"name": want.name}
            if want.namespace:
                metadata["namespace"] = want.namespace
            for key, value in (("labels", {**want.creation_labels, **labels}), ("annotations", annotations)):
                if value:
                    metadata[key] = value
            planned: Object = {
                "apiVersion": f"{want.type.federated_group}/{want.type.federated_version}",
                "kind": want.type.federated_kind,
                "metadata": metadata,
                "spec": spec,
            }
            recorded(planned, {"metadata": {}}, own.record)
            return planned
        planned = own.object
        if "placement" in spec and not scheduled:
            (planned["metadata"].get("annotations") or {}).pop(WITHDRAWN_ANNOTATION, None)
        planned["spec"] = planned_spec(planned.get("spec") or {}, spec, scheduled=scheduled)
        for key, value in (("labels", labels), ("annotations", annotations)):
            if value:
                planned["metadata"][key] = {**(planned["metadata"].get(key) or {}), **value}
        if spec.get("retainReplicas") is False:
            (planned["metadata"].get("annotations") or {}).pop(RETAIN_ANNOTATION, None)
        recorded(planned, t.cast(Object, item.found), own.record)
        return planned

    def _host_labels(self, want: Wanted) -> dict[str, str]:
        """The labels of the namespace that a federated namespace is in."""
        found = self._federated.own_namespace(want.name) or {"metadata": {}}
        return {
            key: value
            for key, value in (found["metadata"].get("labels") or {}).items()
            if key not in (MANAGED_LABEL, "kubernetes.io/metadata.name")
        }

    def _namespace_spec(self, want: Wanted, spec: Object, going: set[str]) -> Object:
        """KubeFed gives the host's namespace the template's labels alone: those it has are kept by being in there.

        :param going: the labels that are not to be kept.
        """
        labels = {key: value for key, value in self._host_labels(want).items() if key not in going}
        if labels:
            body = spec.get("template") or {}
            metadata = body.get("metadata") or {}
            spec["template"] = {
                **body,
                "metadata": {**metadata, "labels": {**labels, **(metadata.get("labels") or {})}},
            }
        return spec

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
            reason = _undone(want, spec, placed) if "template" in want.spec else ""
            if reason:
                problems.append(f"{want.type.kind} {want.name} can't be federated: {reason}.")
            unknown |= {name for name in placed if name not in labels}
            if want.type.is_namespace or not want.type.namespaced:
                continue
            # A schedule places on all clusters, and means those of the namespace
            placed = (
                set()
                if (want.type.federated_kind, want.name) in self._federated.scheduled_in(want.namespace)
                else placed
            )
            problems += self._namespace_problems(want, placed, namespaces.get(want.namespace), plans)
        problems += self._autoscaling.problems(wants, plans)
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
            raise InvalidOption(some(problems, separator=" "))

    def _warn_of_rewritten(self, items: list[Item]) -> None:
        """Tell what KubeFed and somebody else undo for each other, of what was federated before."""
        told = [
            f"{item.type.kind} {item.name} in {cluster} ({often})"
            for item, cluster, often in self._federated.rewritten(items)
        ]
        if told:
            self._warn(
                "KubeFed updates these again and again, as something else in the cluster changes them each time:"
                f" {some(told)}. Let one of the two do it: make what is federated the same as what the"
                " other writes, or federate it no more."
            )

    def _rehearse(self, wants: t.Sequence[Wanted], items: t.Mapping[Key, Item], plans: t.Mapping[Key, Object]) -> None:
        """Refuse what the clusters would refuse, of what is new or to change, and warn of what they would drop.

        :raises InvalidOption: with all reasons.
        """
        labels = self._members.labels
        given: list[Rehearsal] = []
        for want in wants:
            spec, before = plans[want.key]["spec"], items[want.key].spec
            same = all(spec.get(field) == before.get(field) for field in ("template", "overrides"))
            if same or want.type.is_namespace:
                continue
            exists = not want.type.namespaced or self._federated.own_namespace(want.namespace) is not None
            given += rehearsals(want, spec, selected(spec, labels) & set(labels), exists=exists)
        told = rehearse(self._host, given)
        if told.refusals:
            raise InvalidOption(some(told.refusals, separator=" "))
        if told.unknown:
            self._warn(
                "Fields that the type does not have are dropped by the API servers. Is it a typing mistake?"
                f" {some(told.unknown, separator='; ')}."
            )

    def _namespace_problems(
        self, want: Wanted, placed: set[str], namespace: Wanted | None, plans: t.Mapping[Key, Object]
    ) -> list[str]:
        if self._federated.scope == "Namespaced":
            if want.namespace == self._federated.namespace:
                return []
            return [
                f"{want.title}: this federation has scope Namespaced, and propagates from"
                f" {self._federated.namespace} alone."
            ]
        if want.namespace == self._federated.namespace:
            return [f"{want.title}: KubeFed never propagates from its own namespace."]
        if namespace is not None:
            spec = plans[namespace.key]["spec"]
        else:
            federated = self._federated.namespace_of(want.namespace)
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
        type_ = next((found for found in self._federated.types if found.federated_kind == kind), None)
        return type_ is not None and name in self._federated.listed(type_, namespace)

    def _refuse_services(
        self, wants: t.Sequence[Wanted], items: t.Mapping[Key, Item], plans: t.Mapping[Key, Object]
    ) -> None:
        """Refuse changes of Services which KubeFed would report as done, and which can't be done.

        :raises InvalidOption: with all reasons.
        """
        problems = []
        listings: dict[tuple[str, str], dict[str, Object]] = {}
        for want in wants:
            spec, before = plans[want.key]["spec"], items[want.key].spec
            if (want.type.group, want.type.kind) != ("", "Service"):
                continue
            if all(before.get(field) == spec.get(field) for field in ("template", "overrides", "placement")):
                continue
            for cluster in sorted(selected(spec, self._members.labels) & set(self._members.labels)):
                place = (want.namespace, cluster)
                if place not in listings:
                    listings[place] = self._services(cluster, want.type, want.namespace)
                found = listings[place].get(want.name)
                reason = obstacle(body_in(spec, cluster), found) if found else ""
                if reason:
                    problems.append(f"{want.type.kind} {want.namespace}/{want.name} in {cluster}: {reason}.")
        if problems:
            raise InvalidOption(
                f"{' '.join(problems)} KubeFed leaves this of a Service to the cluster, and would report it as done."
                " Remove the Service with state absent before, or with kubectl where it was before it was federated."
            )

    def _services(self, cluster: str, type_: FederatedType, namespace: str) -> dict[str, Object]:
        try:
            return self._members.whole(cluster, type_, namespace)
        except FederationError:
            # Whether it can be reached at all is looked at elsewhere
            return {}

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
                f"KubeFed takes over what exists in {cluster} already, and makes it as it is given here: {some(names)}."
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
        own = self._federated.own_namespace(want.name)
        return own is not None and own["metadata"]["uid"] == found.get("uid")

    def _host_namespace(self, want: Wanted) -> None:
        """Create the namespace that a federated namespace is in."""
        path = path_of("Namespace", None, want.name)
        found = self._federated.own_namespace(want.name)
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
            self._waits.wait_absent(path, f"namespace {want.name}, which is being deleted, to be gone")
        self._host.create(path_of("Namespace", None), manifest)

    def _write(self, item: Item, want: Wanted, plan: Object, record: set[str] | None) -> None:
        if record is not None:
            annotations = plan["metadata"].setdefault("annotations", {})
            annotations[EXISTED_ANNOTATION] = existed_value(record)
        if item.found is not None and item.found["metadata"].get("deletionTimestamp"):
            item.changed = True
            if self._check_mode:
                return
            self._waits.wait_absent(item.path, f"{item.title}, which is being deleted, to be gone")
        elif item.found is not None:
            item.changed = bool(_changed(item.found, plan))
            if item.changed and not self._check_mode:
                self._federated.update(item, lambda found: self._replanned(found, want, plan))
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

    def _forget(self, wants: t.Sequence[Wanted], items: t.Mapping[Key, Item]) -> None:
        """Take away the overrides that were emptied, now that the clusters have nothing of them any more."""
        if wants:
            each(lambda want: self._write(items[want.key], want, self._plan(items[want.key], want), None), wants)
            self._waits.propagated([items[want.key] for want in wants])

    def _record(self, item: Item, found: Object | None, plan: Object) -> None:
        """Note what has become of an object.

        :param found: as it was; by now it may be as it is planned.
        """
        if not item.changed:
            return
        before, after = shown(found), shown(plan)
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
        return schedule_told(schedule.namespace, schedule.name, changed=changed)


def _undone(want: Wanted, spec: Object, placed: t.Collection[str]) -> str:
    """What KubeFed and one of these clusters would undo for each other, see :func:`undone`."""
    overrides = {entry["clusterName"]: entry.get("clusterOverrides") or [] for entry in spec.get("overrides") or []}
    body: Object = spec.get("template") or {}
    for cluster in sorted(placed):
        items = overrides.get(cluster, [])
        annotations = next((item.get("value") for item in items if item["path"] == ANNOTATIONS_PATH), None) or {}
        reason = undone(want.type.group, want.type.kind, want.name, body, annotations)
        if reason and items:
            # It may be just what an override is for
            there = copy.deepcopy(body)
            for item in items:
                apply_override(there, item)
            reason = undone(want.type.group, want.type.kind, want.name, there, annotations)
        if reason:
            return reason
    return ""


def _changed(found: Object, plan: Object) -> Object:
    """What of an object is to change, as field and value."""
    changed = {}
    if found.get("spec") != plan.get("spec"):
        changed["spec"] = plan.get("spec")
    for key in ("labels", "annotations"):
        if (found["metadata"].get(key) or {}) != (plan["metadata"].get(key) or {}):
            changed[key] = plan["metadata"].get(key)
    return changed


__all__ = ("Placement",)
