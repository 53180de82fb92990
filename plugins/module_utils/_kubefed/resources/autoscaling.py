# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The autoscalers of the namespaces that a task is about, so that KubeFed leaves alone the replicas that they set."""

from __future__ import annotations

import typing as t

from ..._kube.client import Client
from ..._kube.objects import Object
from ..._kube.parallel import each
from ..._kube.paths import resource_path
from ..._runtime.errors import FederationError
from ..types.model import FederatedType
from .autoscalers import TYPES, Autoscaler, conflict, is_autoscaler, leaves_replicas, may_be_scaled, read
from .model import RETAIN_ANNOTATION, Key, Wanted, selected
from .schedules import KIND as SCHEDULE_KIND
from .schedules import Schedule
from .store import Federated


class Autoscaling:
    """Which objects are scaled by autoscalers: those of the task, those that are federated, and those in clusters."""

    def __init__(self, federated: Federated) -> None:
        self._federated = federated
        self._found: dict[str, list[Autoscaler]] = {}
        # Namespaces of which a cluster did not tell what autoscalers it has
        self._untold: set[str] = set()

    def heed(self, wants: t.Sequence[Wanted], schedules: t.Sequence[Schedule]) -> list[Wanted]:
        """Let what is wanted retain the replicas that an autoscaler sets, wherever that autoscaler is.

        And those that a template without replicas leaves to the cluster, which KubeFed would make one of.

        :returns: what is wanted, and what is federated already and concerned by an autoscaler or schedule among that.
        """
        for namespace, clusters in self._concerned(wants, schedules).items():
            self._found[namespace] = self._look(namespace, wants, clusters)
        every = [*wants, *self._targets(wants, schedules)]
        for want in every:
            existing = self._federated.find(want)
            annotations = ((existing or {}).get("metadata") or {}).get("annotations") or {}
            template = want.spec.get("template") or {}
            if self.of(want) or (leaves_replicas(want.type, template) and self._federated.retains_replicas(want.type)):
                # Who has set it for another reason keeps it
                if "retainReplicas" not in want.spec and not ((existing or {}).get("spec") or {}).get("retainReplicas"):
                    want.annotations[RETAIN_ANNOTATION] = "true"
                want.spec.setdefault("retainReplicas", True)
            elif "template" in want.spec and RETAIN_ANNOTATION in annotations and want.namespace not in self._untold:
                # The autoscaler is gone, or replicas are given now: those of the template are what counts again
                want.spec.setdefault("retainReplicas", False)
        return every

    def of(self, want: Wanted) -> list[Autoscaler]:
        """The autoscalers of an object."""
        return [found for found in self._found.get(want.namespace, ()) if found.scales(want.type, want.name)]

    def problems(self, wants: t.Iterable[Wanted], plans: t.Mapping[Key, Object]) -> list[str]:
        """Why what is scaled can't be federated as it is asked for."""
        problems = []
        for want in wants:
            for autoscaler in self.of(want):
                scheduled = (want.type.federated_kind, want.name) in self._federated.scheduled_in(want.namespace)
                schedule = f"{SCHEDULE_KIND} {want.namespace}/{want.name}" if scheduled else ""
                problem = conflict(want, autoscaler, plans[want.key]["spec"], schedule=schedule)
                if not problem and not self._federated.retains_replicas(want.type):
                    problem = (
                        f"{want.title} is scaled by {autoscaler.title}, and {want.type.federated_kind} has no field"
                        " retainReplicas, so that KubeFed would undo that without end: leave one of the two out, or"
                        f" apply {want.type.kind} {want.name} in each cluster without the federation."
                    )
                if problem:
                    problems.append(problem)
                    break
        return problems

    def _concerned(self, wants: t.Sequence[Wanted], schedules: t.Sequence[Schedule]) -> dict[str, set[str]]:
        """Namespaces with something that may be scaled, and the clusters that it is in."""
        concerned: dict[str, set[str]] = {schedule.namespace: set() for schedule in schedules}
        for want in wants:
            spec = {**((self._federated.find(want) or {}).get("spec") or {}), **want.spec}
            if is_autoscaler(want.type) or may_be_scaled(want.type, spec.get("template") or {}):
                concerned.setdefault(want.namespace, set()).update(selected(spec, self._federated.members.labels))
        return concerned

    def _look(self, namespace: str, wants: t.Sequence[Wanted], clusters: t.Collection[str]) -> list[Autoscaler]:
        labels = self._federated.members.labels
        specs: dict[tuple[str, str], tuple[FederatedType, Object]] = {}
        for type_ in self._federated.types:
            if is_autoscaler(type_):
                for name, found in self._federated.listed(type_, namespace).items():
                    if not found["metadata"].get("deletionTimestamp"):
                        specs[(type_.kind, name)] = type_, found.get("spec") or {}
        for want in wants:
            if want.namespace == namespace and is_autoscaler(want.type):
                known = specs.get((want.type.kind, want.name), (want.type, {}))[1]
                specs[(want.type.kind, want.name)] = want.type, {**known, **want.spec}
        autoscalers = [
            read(type_.kind, name, spec.get("template") or {}, selected(spec, labels))
            for (_kind, name), (type_, spec) in specs.items()
        ]
        members = sorted(set(clusters) & set(labels))
        for told in each(lambda cluster: self._in_cluster(cluster, namespace), members):
            autoscalers += told
        if namespace in self._untold:
            # The host may be the member that did not tell
            autoscalers += self._in_cluster("", namespace)
        return [found for found in autoscalers if found]

    def _in_cluster(self, cluster: str, namespace: str) -> list[Autoscaler | None]:
        """The autoscalers that there are in a member, or on the host."""
        found: list[Autoscaler | None] = []
        try:
            client: Client = self._federated.members.client(cluster) if cluster else self._federated.host
            for (_group, kind), (group, version, plural) in TYPES.items():
                for body in client.list(resource_path(group, version, plural, namespace=namespace)):
                    found.append(read(kind, body["metadata"]["name"], body, [cluster] if cluster else ()))
        except FederationError:
            # Not reachable from here, or without the right to look
            self._untold.add(namespace)
        return found

    def _targets(self, wants: t.Sequence[Wanted], schedules: t.Sequence[Schedule]) -> list[Wanted]:
        """What is federated already, not wanted itself, and scaled by an autoscaler among those wanted.

        And so of what a schedule is asked for.
        """
        known = {want.key for want in wants}
        targets: dict[Key, Wanted] = {}
        asked = {(want.type.kind, want.name, want.namespace) for want in wants if is_autoscaler(want.type)}
        scheduled = {schedule.key for schedule in schedules}
        for namespace, autoscalers in self._found.items():
            for autoscaler in autoscalers:
                kind, _space, name = autoscaler.title.partition(" ")
                type_ = next(
                    (found for found in self._federated.types if autoscaler.scales(found, autoscaler.target[2])), None
                )
                if type_ is None:
                    continue
                target = autoscaler.target[2]
                meant = (kind, name, namespace) in asked or (type_.federated_kind, namespace, target) in scheduled
                found = self._federated.listed(type_, namespace).get(target) if meant else None
                if found and not found["metadata"].get("deletionTimestamp"):
                    want = Wanted(type_, namespace, target, {}, complete=False)
                    if want.key not in known:
                        targets[want.key] = want
        return list(targets.values())


__all__ = ("Autoscaling",)
