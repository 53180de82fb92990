# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Amounts of cpu, memory and pods, as Kubernetes writes and counts them. Pure functions."""

from __future__ import annotations

import decimal
import re
import typing as t

from .._kube.objects import Object

# apimachinery/pkg/api/resource/quantity.go
_SUFFIXES = {
    **{"n": (10, -9), "u": (10, -6), "m": (10, -3), "": (10, 0), "k": (10, 3), "M": (10, 6), "G": (10, 9)},
    **{"T": (10, 12), "P": (10, 15), "E": (10, 18)},
    **{f"{letter}i": (2, 10 * (power + 1)) for power, letter in enumerate("KMGTPE")},
}
_QUANTITY = re.compile(r"([+-]?[0-9]*\.?[0-9]*)(?:[eE]([+-]?[0-9]+)|([numkMGTPE]|[KMGTPE]i)?)")


class Amount(t.NamedTuple):
    """Of a node's room, or of what a pod requests.

    :ivar cpu: in thousandths of a core.
    :ivar memory: in bytes.
    :ivar pods: how many.
    """

    cpu: int
    memory: int
    pods: int

    def plus(self, other: Amount) -> Amount:
        """Both together."""
        return Amount(self.cpu + other.cpu, self.memory + other.memory, self.pods + other.pods)

    def minus(self, other: Amount) -> Amount:
        """What is left of it; below zero where there is more of the other."""
        return Amount(self.cpu - other.cpu, self.memory - other.memory, self.pods - other.pods)

    def holds(self, other: Amount) -> bool:
        """Whether there is room for the other in it."""
        return self.cpu >= other.cpu and self.memory >= other.memory and self.pods >= other.pods

    def percent(self, share: float) -> Amount:
        """So many percent of it, rounded down."""
        return Amount(*(int(value * share / 100) for value in self))

    def share_of(self, whole: Amount) -> float:
        """How much of the other it takes, of what it takes most of: 1 is all of it."""
        pairs = [(mine, all_) for mine, all_ in zip(self, whole) if mine]
        return max((mine / all_ if all_ > 0 else float("inf") for mine, all_ in pairs), default=0.0)

    @property
    def shown(self) -> Object:
        """It as it is returned to users."""
        return {"cpu": self.cpu / 1000, "memory_mib": self.memory // 2**20, "pods": self.pods}


NOTHING = Amount(0, 0, 0)


def total(amounts: t.Iterable[Amount]) -> Amount:
    """All of them together."""
    return Amount(*(sum(column) for column in zip(NOTHING, *amounts)))


def quantity(value: t.Any, *, thousandths: bool = False) -> int:
    """A quantity of Kubernetes, such as 250m, 1.5 or 64Mi, rounded up as the scheduler does.

    :param thousandths: count in thousandths, as is done with cpu.
    :raises ValueError: it is none.
    """
    found = _QUANTITY.fullmatch(str(value))
    if not found or not re.search("[0-9]", found[1]):
        raise ValueError(f"{value!r} is no quantity of Kubernetes")
    base, power = (10, int(found[2])) if found[2] else _SUFFIXES[found[3] or ""]
    number = decimal.Decimal(found[1]) * decimal.Decimal(base) ** power * (1000 if thousandths else 1)
    return int(number.to_integral_value(decimal.ROUND_CEILING))


def amount(resources: t.Mapping[str, t.Any], *, pods: int = 0) -> Amount:
    """The amounts in a list of resources.

    :param pods: how many pods it counts as, where the list itself says nothing of pods.
    """
    return Amount(
        quantity(resources.get("cpu") or 0, thousandths=True),
        quantity(resources.get("memory") or 0),
        quantity(resources.get("pods") or pods),
    )


def _largest(first: Amount, second: Amount) -> Amount:
    return Amount(*(max(pair) for pair in zip(first, second)))


def requested(pod_spec: Object) -> Amount:
    """What a pod requests: one pod, and of cpu and memory what the scheduler counts.

    See PodRequests() in component-helpers/resource: containers together with the sidecars, but no less than each
    init container together with the sidecars that were started before it; where the pod as a whole has requests, these
    (KEP 2837); and its overhead.
    """
    sidecars, needed = NOTHING, NOTHING
    for container in pod_spec.get("initContainers") or []:
        own = _requests(container)
        if container.get("restartPolicy") == "Always":
            sidecars = sidecars.plus(own)
            needed = _largest(needed, sidecars)
        else:
            needed = _largest(needed, sidecars.plus(own))
    containers = total(map(_requests, pod_spec.get("containers") or []))
    needed = _largest(needed, containers.plus(sidecars))
    whole = (pod_spec.get("resources") or {}).get("requests") or {}
    own = amount(whole)
    needed = Amount(own.cpu if "cpu" in whole else needed.cpu, own.memory if "memory" in whole else needed.memory, 1)
    return needed.plus(amount(pod_spec.get("overhead") or {}))


def _requests(container: Object) -> Amount:
    return amount((container.get("resources") or {}).get("requests") or {})._replace(pods=0)


__all__ = ("NOTHING", "Amount", "amount", "quantity", "requested", "total")
