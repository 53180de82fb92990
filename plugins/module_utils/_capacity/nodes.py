# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What nodes have, what is requested of it, and what is free. Pure functions."""

from __future__ import annotations

import typing as t

from .._kube.objects import Object, condition
from .affinity import alone_on_node
from .amounts import NOTHING, Amount, amount, requested, total
from .packing import Room


class Nodes(t.NamedTuple):
    """A cluster's nodes that take pods.

    :ivar number: how many there are.
    :ivar whole: what all of them have for pods.
    :ivar used: what pods on them request.
    :ivar rooms: what is free on each.
    """

    number: int
    whole: Amount
    used: Amount
    rooms: list[Room]

    @property
    def used_percent(self) -> float:
        """How much of them is requested, of what is requested most."""
        return round(100 * self.used.share_of(self.whole), 1) if self.number else 0.0


def works(node: Object) -> bool:
    """Whether a node is ready and takes pods."""
    return condition(node, "Ready").get("status") == "True" and not (node.get("spec") or {}).get("unschedulable")


def is_running(pod: Object) -> bool:
    """Whether a pod takes up room on a node."""
    ended = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    return bool((pod.get("spec") or {}).get("nodeName")) and not ended


def read_nodes(nodes: t.Sequence[Object], pods: t.Iterable[Object], *, margin_percent: float = 0) -> Nodes:
    """The nodes that take pods, and what is free on them.

    :param margin_percent: of each node's amounts, how much is not counted as free.
    """
    of: dict[str, list[Object]] = {}
    for pod in pods:
        if is_running(pod):
            of.setdefault(pod["spec"]["nodeName"], []).append(pod)
    rooms = []
    whole, used = NOTHING, NOTHING
    for node in nodes:
        if not works(node):
            continue
        metadata = node["metadata"]
        has = amount((node.get("status") or {}).get("allocatable") or {})
        here = of.get(metadata["name"], [])
        taken = total(requested(pod["spec"]) for pod in here)
        free = has.minus(has.percent(margin_percent)).minus(taken)
        taints = (node.get("spec") or {}).get("taints") or []
        alone = {alone_on_node(pod) for pod in here} - {""}
        rooms.append(Room(metadata["name"], free, metadata.get("labels") or {}, taints, alone))
        # Those of the control plane are not for applications
        if not any(taint.get("effect") in ("NoSchedule", "NoExecute") for taint in taints):
            whole, used = whole.plus(has), used.plus(taken)
    return Nodes(len(rooms), whole, used, rooms)


__all__ = ("Nodes", "is_running", "read_nodes", "works")
