# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Waits until federated objects exist in clusters, run there, or have been removed from them."""

from __future__ import annotations

import typing as t

from ..._kube.objects import Object, lingering
from ..._kube.waiting import wait_absent
from ..._runtime.errors import FederationError, TerminalState
from ..._runtime.wait import PollResult, Waiter
from ..api import MANAGED_LABEL
from ..controller import controller_outage
from ..listing import shortened
from ..resources.model import Key, TrackedObject, existed_in
from ..resources.results import as_results
from ..resources.schedules import Schedule, divided, replicas
from ..resources.schedules import path as schedule_path
from ..resources.status import Propagation, propagated, propagation
from ..resources.store import Store
from .running import PlacedWorkload, Running, is_workload

# One list for each type and namespace, and KubeFed needs a second or two. It writes 20 objects in a second, so that of
# many not much is new after one.
_PROPAGATION_SLEEP = 1.0
_ITEMS_PER_SECOND = 500


class Waits:
    """Waits until KubeFed has propagated or removed objects."""

    def __init__(self, store: Store, waiter: Waiter, running: Running) -> None:
        self._store = store
        self._waiter = waiter
        self._running = running

    def divided(self, tracked: list[TrackedObject], schedules: t.Sequence[Schedule], *, changed: bool) -> None:
        """Wait until the replicas of all that is scheduled are divided over the clusters."""
        targets = {given.key: given.spec for given in schedules}
        for one in tracked:
            schedule = self._store.schedule_of(one)
            if schedule is not None:
                targets.setdefault((one.type.federated_kind, one.namespace, one.name), schedule["spec"])
        if not targets:
            return
        ready = [name for name in self._store.members.labels if self._store.members.ready(name)]
        before: list[Object] = []

        def poll() -> PollResult:
            self._store.refresh([])
            waiting, given = [], {}
            # Who scales meanwhile is not waited against
            now = {
                (str(found["spec"].get("targetKind")), namespace, found["metadata"]["name"]): found["spec"]
                for namespace in {key[1] for key in targets}
                for found in self._store.host.list(schedule_path(namespace))
            }
            for (kind, namespace, name), then in targets.items():
                spec = now.get((kind, namespace, name), then)
                type_ = next(found for found in self._store.types if found.federated_kind == kind)
                target = (self._store.listed(type_, namespace).get(name) or {}).get("spec") or {}
                given[f"{kind} {namespace}/{name}"] = replicas(target)
                state = divided(spec, target, ready)
                if not state.done:
                    waiting.append(f"{kind} {namespace}/{name}: {state.last}")
            # KubeFed does not say whether it has seen a change: what it has written must stay as it is
            settled = not changed or before[-1:] == [given]
            before.append(given)
            return PollResult(not waiting and settled, _shortened(waiting) or "replicas are still being moved")

        self._waiter.until("KubeFed to divide replicas over the clusters", poll, sleep=2)

    def propagated(self, tracked: list[TrackedObject]) -> None:
        """Wait until they exist in each cluster of their placement."""
        clusters = self._store.members.labels

        def poll() -> PollResult:
            self._store.refresh(tracked)
            late: list[tuple[TrackedObject, set[str]]] = []
            for one in tracked:
                if one.found is None:
                    raise TerminalState(f"{one.title} was deleted while waiting for its propagation.")
                if one.found["metadata"].get("deletionTimestamp"):
                    raise TerminalState(f"{one.title} is being deleted while waiting for its propagation.")
                placed = self._store.effective(one) & set(clusters)
                if not propagated(one.found, placed).done:
                    late.append((one, placed))
            messages = self._store.messages([one for one, _placed in late])
            waiting = []
            for one, placed in late:
                found, said = t.cast(Object, one.found), messages.get(one.key, {})
                terminal = propagation(found, said).terminal
                if terminal and not self._taken_back(one):
                    raise TerminalState(
                        f"{one.title} cannot be propagated: {terminal}", resources=as_results(tracked, self._store)
                    )
                waiting.append(f"{one.title}: {propagated(found, placed, said).last}")
            return self._state(waiting, _count(tracked, waiting, "propagated"))

        self._waiter.until(_what("the propagation of", tracked), poll, sleep=_sleep(tracked))

    def running(self, tracked: list[TrackedObject]) -> None:
        """Wait until the pods of workloads run in each cluster that they are placed on."""
        joined = set(self._store.members.labels)
        placed = {
            PlacedWorkload(cluster, one.type, one.namespace, one.name): one
            for one in tracked
            if is_workload(one.type)
            for cluster in sorted(self._store.effective(one) & joined)
        }
        if not placed:
            return

        def poll() -> PollResult:
            waiting = []
            for workload, verdict in self._running.look(list(placed)).items():
                placed[workload].pods[workload.cluster] = verdict.state.last
                if verdict.terminal:
                    raise TerminalState(
                        f"{workload.title} will not run: {verdict.terminal}", resources=as_results(tracked, self._store)
                    )
                if not verdict.state.done:
                    waiting.append(f"{workload.title}: {verdict.state.last}")
            return PollResult(not waiting, _shortened(waiting))

        workloads = {one.key: one for one in placed.values()}
        self._waiter.until(_what("the pods of", list(workloads.values())), poll, sleep=2)

    def _taken_back(self, one: TrackedObject) -> bool:
        """Whether KubeFed does not manage an object because a withdrawal of it was interrupted."""
        found = t.cast(Object, one.found)
        not_managed = {
            name for name, state in propagation(found).clusters.items() if state.status == "ManagedLabelFalse"
        }
        for name in sorted((not_managed - one.taken_back) & (existed_in(found) or set())):
            if self._store.members.resume_managing(name, one.target_path):
                one.taken_back.add(name)
        return bool(not_managed & one.taken_back)

    def absent_from(self, tracked: list[TrackedObject], clusters: t.Mapping[Key, set[str]]) -> None:
        """Wait until KubeFed has processed the objects, and they are removed from the clusters named for each."""
        joined = set(self._store.members.labels)
        ready = {name for name in joined if self._store.members.ready(name)}

        def poll() -> PollResult:
            self._store.refresh(tracked)
            waiting = []
            messages = self._store.messages(tracked)
            for one in tracked:
                if one.found is None:
                    continue
                found = propagation(one.found)
                there = sorted(clusters[one.key] & set(found.clusters))
                if not found.current:
                    waiting.append(f"{one.title}: {found.last}")
                elif there:
                    still = _still(propagation(one.found, messages.get(one.key)), there)
                    waiting.append("; ".join([f"{one.title}: {still}", *self._lingering(one, there)]))
            if not waiting:
                # KubeFed reads its cache, which may be outdated
                waiting = self._still_there(tracked, {key: names & ready for key, names in clusters.items()})
            return self._state(waiting, _count(tracked, waiting, "withdrawn"))

        named = sorted(set().union(*clusters.values()))
        self._waiter.until(_what(f"the withdrawal from {', '.join(named)} of", tracked), poll, sleep=_sleep(tracked))
        for one in tracked:
            for name in sorted(one.withdrawn & joined - ready):
                # KubeFed silently forgets what it cannot reach
                one.not_removed.append(
                    f"{one.type.kind} {one.name} in {name}, if it was there: the cluster is not Ready"
                )

    def _state(self, waiting: list[str], count: str) -> PollResult:
        """The result of a poll. What KubeFed reports counts only while its controller runs."""
        outage = controller_outage(self._store.host, self._store.namespace, waiting=bool(waiting))
        return PollResult(not waiting and not outage, f"{count}{_shortened([outage, *waiting] if outage else waiting)}")

    def _lingering(self, one: TrackedObject, clusters: t.Iterable[str]) -> list[str]:
        """What blocks the deletion of a namespace in the clusters: KubeFed only reports that it waits for it."""
        lines = []
        for name in clusters if one.type.is_namespace else ():
            try:
                found = self._store.members.client(name).get(one.type.target_path(None, one.name))
            except FederationError:
                continue
            if found:
                lines.append(f"namespace {one.name} in {name} is {lingering(found)}")
        return lines

    def _still_there(self, tracked: list[TrackedObject], clusters: t.Mapping[Key, set[str]]) -> list[str]:
        waiting: list[str] = []
        listings: dict[tuple[str, str, str], dict[str, Object]] = {}
        for one in tracked:
            for cluster in sorted(clusters[one.key]):
                key = (one.type.name, one.namespace, cluster)
                if key not in listings:
                    try:
                        listings[key] = self._store.members.metadata(cluster, one.type.target_path(one.namespace))
                    except FederationError:
                        # It cannot be reached from here, so KubeFed's report has to suffice
                        listings[key] = {}
                labels = (listings[key].get(one.name) or {}).get("labels") or {}
                if labels.get(MANAGED_LABEL) == "true":
                    waiting.append(f"{one.type.kind} {one.name} is still in {cluster}")
        return waiting

    def removed(self, tracked: list[TrackedObject]) -> None:
        """Wait until the federated objects no longer exist."""

        def poll() -> PollResult:
            self._store.refresh(tracked)
            waiting = [f"{one.title}: {lingering(one.found)}" for one in tracked if one.found is not None]
            return self._state(waiting, _count(tracked, waiting, "removed"))

        self._waiter.until(_what("the removal of", tracked), poll, sleep=2)

    def absent(self, path: str, what: str) -> None:
        """Wait until an object no longer exists on the host."""
        wait_absent(self._waiter, self._store.host, path, what, sleep=2)


def _shortened(lines: t.Sequence[str]) -> str:
    return shortened(lines, limit=3, separator="; ")


def _count(tracked: t.Sequence[TrackedObject], waiting: t.Sequence[str], done: str) -> str:
    """The progress in numbers, followed by what is missing."""
    return f"{max(0, len(tracked) - len(waiting)):,} of {len(tracked):,} {done}; " if len(tracked) > 1 else ""


def _sleep(tracked: t.Sequence[TrackedObject]) -> float:
    """Seconds between two polls of all of them."""
    return max(_PROPAGATION_SLEEP, len(tracked) / _ITEMS_PER_SECOND)


def _what(action: str, tracked: t.Sequence[TrackedObject]) -> str:
    return f"{action} {tracked[0].title}" if len(tracked) == 1 else f"{action} {len(tracked):,} federated resources"


def _still(found: Propagation, clusters: t.Iterable[str]) -> str:
    return ", ".join(
        f"{name}: {found.clusters[name].status or 'OK'}"
        + (f" ({found.clusters[name].message})" if found.clusters[name].message else "")
        for name in clusters
    )


__all__ = ("Waits",)
