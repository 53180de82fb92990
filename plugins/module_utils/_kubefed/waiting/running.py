# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Waits until workloads run, which only the clusters themselves know."""

from __future__ import annotations

import typing as t

from ..._kube.client import Client
from ..._kube.objects import Object
from ..._kube.parallel import each
from ..._kube.paths import resource_path
from ..._kube.workloads import (
    GRACE,
    REJECTION_GRACE,
    Workload,
    current_pods,
    current_replica_set,
    given_up,
    held_up,
    not_made,
    rejected,
    rollout,
    trouble,
)
from ..._runtime.errors import FederationError, Unavailable
from ..._runtime.wait import PollResult
from ..kinds import rules_of
from ..members import Members
from ..types.model import FederatedType


class PlacedWorkload(t.NamedTuple):
    """A workload in a cluster."""

    cluster: str
    type: FederatedType
    namespace: str
    name: str

    @property
    def title(self) -> str:
        """Its name in messages."""
        return f"{self.type.kind} {self.namespace}/{self.name} in {self.cluster}"

    @property
    def reading(self) -> Workload:
        """How its rollout is read."""
        return t.cast(Workload, rules_of(self.type).workload)


class Verdict(t.NamedTuple):
    """The state of a workload.

    :ivar terminal: why it will never run, or empty.
    """

    state: PollResult
    terminal: str = ""


def is_workload(type_: FederatedType) -> bool:
    """Whether pods of this type are waited for."""
    return rules_of(type_).workload is not None


class Running:
    """The workloads of federated resources.

    :param clock: seconds since the task began.
    :param since: when a trouble that may pass was first seen, by what it is about; kept by the caller.
    """

    def __init__(self, members: Members, clock: t.Callable[[], float], since: dict[str, float]) -> None:
        self._members = members
        self._clock = clock
        self._since = since

    def look(self, placed: t.Sequence[PlacedWorkload]) -> dict[PlacedWorkload, Verdict]:
        """Look at workloads, with one list for each type and namespace in a cluster.

        :raises FederationError: a cluster cannot be reached.
        """
        groups: dict[tuple[str, str], list[PlacedWorkload]] = {}
        for one in placed:
            groups.setdefault((one.cluster, one.namespace), []).append(one)
        verdicts: dict[PlacedWorkload, Verdict] = {}
        for found in each(self._look, list(groups.values())):
            verdicts.update(found)
        return verdicts

    def _look(self, group: list[PlacedWorkload]) -> dict[PlacedWorkload, Verdict]:
        cluster, namespace = group[0].cluster, group[0].namespace
        try:
            client = self._members.client(cluster)
        except FederationError as error:
            kind = Unavailable if isinstance(error, Unavailable) else FederationError
            raise kind(f"It is unknown whether pods run in {cluster}: {error.message}") from error
        there: dict[tuple[str, str], Object] = {}
        for type_ in {one.type for one in group}:
            there.update(
                {(type_.kind, found["metadata"]["name"]): found for found in client.list(type_.target_path(namespace))}
            )
        verdicts: dict[PlacedWorkload, Verdict] = {}
        late: list[PlacedWorkload] = []
        for one in group:
            found = there.get((one.type.kind, one.name))
            state = rollout(one.reading, found) if found else PollResult(False, "it is not there")
            verdicts[one] = Verdict(state)
            if found and not state.done:
                late.append(one)
        if late:
            pods = client.list(_path("", "pods", namespace))
            sets = client.list(_path("apps", "replicasets", namespace))
            for one in late:
                workload = there[(one.type.kind, one.name)]
                verdicts[one] = self._verdict(client, one, workload, verdicts[one].state, pods, sets)
        return verdicts

    def _verdict(
        self,
        client: Client,
        placed: PlacedWorkload,
        workload: Object,
        state: PollResult,
        pods: list[Object],
        sets: list[Object],
    ) -> Verdict:
        replica_set = current_replica_set(placed.reading, workload, sets)
        terminal = given_up(workload, replica_set)
        own = current_pods(placed.reading, workload, pods, sets)
        found = trouble(own)
        # What the pods say is the cause of what their controller says
        terminal = "" if found.may_pass else (found.message or terminal)
        events: list[Object] = []
        if not terminal and not own and not placed.reading.reports_rejected_pods:
            events = client.list(_path("", "events", placed.namespace), fieldSelector="reason=FailedCreate")
            terminal = rejected(events, workload)
        grace = GRACE
        if not found.message and not own:
            found, grace = not_made(workload, events, replica_set), REJECTION_GRACE
        last = found.message or held_up(own)
        key = f"{placed.title}: {found.message}"
        if found.may_pass and self._clock() - self._since.setdefault(key, self._clock()) >= grace:
            terminal = found.message
        return Verdict(PollResult(False, f"{state.last}; {last}" if last else state.last), terminal)


def _path(group: str, plural: str, namespace: str) -> str:
    return resource_path(group, "v1", plural, namespace=namespace)


__all__ = ("PlacedWorkload", "Running", "Verdict", "is_workload")
