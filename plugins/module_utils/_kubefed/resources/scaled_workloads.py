# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Finds the workloads that an autoscaler scales, so that KubeFed keeps the replicas that it sets."""

from __future__ import annotations

import typing as t

from ..._kube.client import Client
from ..._kube.objects import Object
from ..._kube.parallel import each
from ..._kube.paths import resource_path
from ..._runtime.errors import FederationError
from ..kinds import AutoscalerRules
from ..kinds import autoscalers as autoscaler_kinds
from ..types.model import FederatedType
from .autoscalers import Autoscaler, conflict, is_autoscaler, leaves_replicas, may_be_scaled, read
from .model import RETAIN_ANNOTATION, DesiredObject, Key
from .placement import selected
from .plan import Plan
from .schedules import KIND as SCHEDULE_KIND
from .schedules import Schedule
from .store import Store


class ScaledWorkloads:
    """Which objects are scaled by autoscalers: those of the task, those that are federated, and those in clusters."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._found: dict[str, list[Autoscaler]] = {}
        # Namespaces of which a cluster did not say what autoscalers it has
        self._unknown: set[str] = set()

    def retain_replicas(
        self, desired: t.Sequence[DesiredObject], schedules: t.Sequence[Schedule]
    ) -> list[DesiredObject]:
        """Let what is desired retain the replicas that an autoscaler sets, wherever that autoscaler is.

        And those that a template without replicas leaves to the cluster, which KubeFed would make one of.

        :returns: what is desired, and what is federated already and concerned by an autoscaler or schedule among that.
        """
        for namespace, clusters in self._concerned(desired, schedules).items():
            self._found[namespace] = self._look(namespace, desired, clusters)
        every = [*desired, *self._targets(desired, schedules)]
        for one in every:
            existing = self._store.find(one)
            annotations = ((existing or {}).get("metadata") or {}).get("annotations") or {}
            template = one.spec.get("template") or {}
            if self.of(one) or (leaves_replicas(one.type, template) and self._store.retains_replicas(one.type)):
                # Who has set it for another reason keeps it
                if "retainReplicas" not in one.spec and not ((existing or {}).get("spec") or {}).get("retainReplicas"):
                    one.annotations[RETAIN_ANNOTATION] = "true"
                one.spec.setdefault("retainReplicas", True)
            elif "template" in one.spec and RETAIN_ANNOTATION in annotations and one.namespace not in self._unknown:
                # The autoscaler is gone, or replicas are given now: those of the template are what counts again
                one.spec.setdefault("retainReplicas", False)
        return every

    def of(self, one: DesiredObject) -> list[Autoscaler]:
        """The autoscalers of an object."""
        return [found for found in self._found.get(one.namespace, ()) if found.scales(one.type, one.name)]

    def problems(self, plans: t.Iterable[Plan]) -> list[str]:
        """Why scaled objects cannot be federated as desired."""
        problems = []
        for plan in plans:
            one = plan.desired
            for autoscaler in self.of(one):
                scheduled = (one.type.federated_kind, one.name) in self._store.scheduled_in(one.namespace)
                schedule = f"{SCHEDULE_KIND} {one.namespace}/{one.name}" if scheduled else ""
                retains = self._store.retains_replicas(one.type)
                problem = conflict(one, autoscaler, plan.spec, schedule=schedule, retains_replicas=retains)
                if problem:
                    problems.append(problem)
                    break
        return problems

    def _concerned(self, desired: t.Sequence[DesiredObject], schedules: t.Sequence[Schedule]) -> dict[str, set[str]]:
        """Namespaces with something that may be scaled, and the clusters that it is in."""
        concerned: dict[str, set[str]] = {schedule.namespace: set() for schedule in schedules}
        for one in desired:
            spec = {**((self._store.find(one) or {}).get("spec") or {}), **one.spec}
            if is_autoscaler(one.type) or may_be_scaled(one.type, spec.get("template") or {}):
                concerned.setdefault(one.namespace, set()).update(selected(spec, self._store.members.labels))
        return concerned

    def _look(
        self, namespace: str, desired: t.Sequence[DesiredObject], clusters: t.Collection[str]
    ) -> list[Autoscaler]:
        labels = self._store.members.labels
        specs: dict[tuple[str, str], tuple[FederatedType, Object]] = {}
        for type_ in self._store.types:
            if is_autoscaler(type_):
                for name, found in self._store.listed(type_, namespace).items():
                    if not found["metadata"].get("deletionTimestamp"):
                        specs[(type_.kind, name)] = type_, found.get("spec") or {}
        for one in desired:
            if one.namespace == namespace and is_autoscaler(one.type):
                known = specs.get((one.type.kind, one.name), (one.type, {}))[1]
                specs[(one.type.kind, one.name)] = one.type, {**known, **one.spec}
        autoscalers = [
            read(type_.kind, name, spec.get("template") or {}, selected(spec, labels))
            for (_kind, name), (type_, spec) in specs.items()
        ]
        members = sorted(set(clusters) & set(labels))
        for per_cluster in each(lambda cluster: self._in_cluster(cluster, namespace), members):
            autoscalers += per_cluster
        if namespace in self._unknown:
            # The host may be the member that did not answer
            autoscalers += self._in_cluster("", namespace)
        return [one for one in autoscalers if one]

    def _in_cluster(self, cluster: str, namespace: str) -> list[Autoscaler | None]:
        """The autoscalers in a member, or on the host."""
        found: list[Autoscaler | None] = []
        try:
            client: Client = self._store.members.client(cluster) if cluster else self._store.host
            for rules in autoscaler_kinds():
                api = t.cast(AutoscalerRules, rules.autoscaler)
                for body in client.list(resource_path(rules.group, api.version, api.plural, namespace=namespace)):
                    found.append(read(rules.kind, body["metadata"]["name"], body, [cluster] if cluster else ()))
        except FederationError:
            # Not reachable from here, or without the right to look
            self._unknown.add(namespace)
        return found

    def _targets(self, desired: t.Sequence[DesiredObject], schedules: t.Sequence[Schedule]) -> list[DesiredObject]:
        """What is federated already, not desired itself, and scaled by an autoscaler among those desired.

        And so of what a schedule is asked for.
        """
        known = {one.key for one in desired}
        targets: dict[Key, DesiredObject] = {}
        asked = {(one.type.kind, one.name, one.namespace) for one in desired if is_autoscaler(one.type)}
        scheduled = {schedule.key for schedule in schedules}
        for namespace, autoscalers in self._found.items():
            for autoscaler in autoscalers:
                kind, _space, name = autoscaler.title.partition(" ")
                type_ = next(
                    (found for found in self._store.types if autoscaler.scales(found, autoscaler.target[2])), None
                )
                if type_ is None:
                    continue
                target = autoscaler.target[2]
                meant = (kind, name, namespace) in asked or (type_.federated_kind, namespace, target) in scheduled
                found = self._store.listed(type_, namespace).get(target) if meant else None
                if found and not found["metadata"].get("deletionTimestamp"):
                    one = DesiredObject(type_, namespace, target, {}, complete=False)
                    if one.key not in known:
                        targets[one.key] = one
        return list(targets.values())


__all__ = ("ScaledWorkloads",)
