# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Waiting until federated objects have arrived in clusters, run there, or are gone from them."""

from __future__ import annotations

import typing as t

from ..._kube.objects import Object, lingering
from ..._kube.waiting import wait_absent
from ..._runtime.errors import FederationError, TerminalState
from ..._runtime.wait import PollResult, Waiter
from ..controller import controller_outage
from ..listing import some
from ..resources.model import MANAGED_LABEL, Key, existed_in
from ..resources.schedules import Schedule, divided, replicas
from ..resources.status import Propagation, propagated, propagation
from ..resources.store import Federated, Item
from .running import Place, Running, is_workload

# One list for each type and namespace, and KubeFed needs a second or two. It writes 20 objects in a second, so that of
# many not much is new after one.
_PROPAGATION_SLEEP = 1.0
_ITEMS_PER_SECOND = 500


class Waits:
    """Waits for what KubeFed makes of federated objects."""

    def __init__(self, federated: Federated, waiter: Waiter, running: Running) -> None:
        self._federated = federated
        self._waiter = waiter
        self._running = running

    def divided(self, items: list[Item], schedules: t.Sequence[Schedule], *, changed: bool) -> None:
        """Wait until the replicas of all that is scheduled are divided over the clusters."""
        targets = {given.key: given.spec for given in schedules}
        for item in items:
            schedule = self._federated.schedule_of(item)
            if schedule is not None:
                targets.setdefault((item.type.federated_kind, item.namespace, item.name), schedule["spec"])
        if not targets:
            return
        ready = [name for name in self._federated.members.labels if self._federated.members.ready(name)]
        before: list[Object] = []

        def poll() -> PollResult:
            self._federated.refresh([])
            waiting, given = [], {}
            for (kind, namespace, name), spec in targets.items():
                type_ = next(found for found in self._federated.types if found.federated_kind == kind)
                target = (self._federated.listed(type_, namespace).get(name) or {}).get("spec") or {}
                given[f"{kind} {namespace}/{name}"] = replicas(target)
                state = divided(spec, target, ready)
                if not state.done:
                    waiting.append(f"{kind} {namespace}/{name}: {state.last}")
            # KubeFed does not say whether it has seen a change: what it has written must stay as it is
            settled = not changed or before[-1:] == [given]
            before.append(given)
            return PollResult(not waiting and settled, _some(waiting) or "replicas are still moved")

        self._waiter.until("KubeFed to divide replicas over the clusters", poll, sleep=2)

    def propagated(self, items: list[Item]) -> None:
        """Wait until each cluster of their placement has them."""
        clusters = self._federated.members.labels

        def poll() -> PollResult:
            self._federated.refresh(items)
            late: list[tuple[Item, set[str]]] = []
            for item in items:
                if item.found is None:
                    raise TerminalState(f"{item.title} was deleted while its propagation was waited for.")
                if item.found["metadata"].get("deletionTimestamp"):
                    raise TerminalState(f"{item.title} is being deleted while its propagation is waited for.")
                placed = self._federated.effective(item) & set(clusters)
                if not propagated(item.found, placed).done:
                    late.append((item, placed))
            messages = self._federated.messages([item for item, _placed in late])
            waiting = []
            for item, placed in late:
                found, said = t.cast(Object, item.found), messages.get(item.key, {})
                terminal = propagation(found, said).terminal
                if terminal and not self._taken_back(item):
                    raise TerminalState(
                        f"{item.title} can not be propagated: {terminal}", resources=self._federated.all_told(items)
                    )
                waiting.append(f"{item.title}: {propagated(found, placed, said).last}")
            return self._state(waiting, _count(items, waiting, "propagated"))

        self._waiter.until(_what("the propagation of", items), poll, sleep=_sleep(items))

    def running(self, items: list[Item]) -> None:
        """Wait until the pods of workloads run in each cluster that they are placed on."""
        joined = set(self._federated.members.labels)
        places = {
            Place(cluster, item.type, item.namespace, item.name): item
            for item in items
            if is_workload(item.type)
            for cluster in sorted(self._federated.effective(item) & joined)
        }
        if not places:
            return

        def poll() -> PollResult:
            waiting = []
            for place, verdict in self._running.look(list(places)).items():
                places[place].pods[place.cluster] = verdict.state.last
                if verdict.terminal:
                    raise TerminalState(
                        f"{place.title} will not run: {verdict.terminal}", resources=self._federated.all_told(items)
                    )
                if not verdict.state.done:
                    waiting.append(f"{place.title}: {verdict.state.last}")
            return PollResult(not waiting, _some(waiting))

        workloads = {item.key: item for item in places.values()}
        self._waiter.until(_what("the pods of", list(workloads.values())), poll, sleep=2)

    def _taken_back(self, item: Item) -> bool:
        """Whether an object was free of KubeFed because a withdrawal of it was begun and never finished."""
        found = t.cast(Object, item.found)
        refused = {name for name, state in propagation(found).clusters.items() if state.status == "ManagedLabelFalse"}
        for name in sorted((refused - item.taken_back) & (existed_in(found) or set())):
            if self._federated.members.take_back(name, item.type, item.namespace, item.name):
                item.taken_back.add(name)
        return bool(refused & item.taken_back)

    def withdrawn(self, items: list[Item], clusters: t.Mapping[Key, set[str]]) -> None:
        """Wait until objects are gone from the clusters named for each."""
        joined = set(self._federated.members.labels)
        ready = {name for name in joined if self._federated.members.ready(name)}

        def poll() -> PollResult:
            self._federated.refresh(items)
            waiting = []
            messages = self._federated.messages(items)
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
            return self._state(waiting, _count(items, waiting, "withdrawn"))

        named = sorted(set().union(*clusters.values()))
        self._waiter.until(_what(f"the withdrawal from {', '.join(named)} of", items), poll, sleep=_sleep(items))
        for item in items:
            for name in sorted(item.withdrawn & joined - ready):
                # KubeFed forgets what it can't reach, and says nothing
                item.left.append(f"{item.type.kind} {item.name} in {name}, if it was there: the cluster is not Ready")

    def _state(self, waiting: list[str], count: str) -> PollResult:
        """Whether nothing is waited for any more. What KubeFed has said counts only while its controller runs."""
        outage = controller_outage(self._federated.host, self._federated.namespace, waiting=bool(waiting))
        return PollResult(not waiting and not outage, f"{count}{_some([outage, *waiting] if outage else waiting)}")

    def _lingering(self, item: Item, clusters: t.Iterable[str]) -> list[str]:
        """What keeps a namespace in the clusters: KubeFed only says that it waits for the removal."""
        told = []
        for name in clusters if item.type.is_namespace else ():
            try:
                found = self._federated.members.client(name).get(item.type.target_path(None, item.name))
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
                        listings[place] = self._federated.members.objects(cluster, item.type, item.namespace)
                    except FederationError:
                        # Not reachable from here; KubeFed's word has to do
                        listings[place] = {}
                labels = (listings[place].get(item.name) or {}).get("labels") or {}
                if labels.get(MANAGED_LABEL) == "true":
                    waiting.append(f"{item.type.kind} {item.name} is still in {cluster}")
        return waiting

    def removed(self, items: list[Item]) -> None:
        """Wait until the federated objects are no more."""

        def poll() -> PollResult:
            self._federated.refresh(items)
            waiting = [f"{item.title}: {lingering(item.found)}" for item in items if item.found is not None]
            return self._state(waiting, _count(items, waiting, "removed"))

        self._waiter.until(_what("the removal of", items), poll, sleep=2)

    def wait_absent(self, path: str, what: str) -> None:
        """Wait until the host has an object no more."""
        wait_absent(self._waiter, self._federated.host, path, what, sleep=2)


def _some(lines: t.Sequence[str]) -> str:
    return some(lines, limit=3, separator="; ")


def _count(items: t.Sequence[Item], waiting: t.Sequence[str], done: str) -> str:
    """How far it is, before what is not done yet."""
    return f"{max(0, len(items) - len(waiting)):,} of {len(items):,} {done}; " if len(items) > 1 else ""


def _sleep(items: t.Sequence[Item]) -> float:
    """Seconds between two looks at all of them."""
    return max(_PROPAGATION_SLEEP, len(items) / _ITEMS_PER_SECOND)


def _what(action: str, items: t.Sequence[Item]) -> str:
    return f"{action} {items[0].title}" if len(items) == 1 else f"{action} {len(items):,} federated resources"


def _still(found: Propagation, clusters: t.Iterable[str]) -> str:
    return ", ".join(
        f"{name}: {found.clusters[name].status or 'OK'}"
        + (f" ({found.clusters[name].message})" if found.clusters[name].message else "")
        for name in clusters
    )


__all__ = ("Waits",)
