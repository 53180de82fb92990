# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""How many nodes of which instance types pods need on EKS, and what these cost. Pure functions."""

from __future__ import annotations

import typing as t

from .._costs.prices import ROOT_GIB, Prices
from .._costs.table import instance
from .._kube.objects import Object
from .._runtime.errors import InvalidOption
from .amounts import NOTHING, Amount, total
from .packing import Load, Room, packed, without_room

_MIB = 2**20
# Pods by address, and no more than these: https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html
# ("110 for instances with less than 30 vCPUs and 250 for all others")
_MOST_PODS, _MOST_PODS_OF_LARGE, _LARGE_CPUS = 110, 250, 30
# What is reserved for the node itself, in thousandths: 6 % of the first core, 1 % of the second, .5 % of the next two,
# .25 % of the others; and 255 MiB with 11 MiB for each pod, and 100 MiB at which the kubelet evicts pods.
# GetCPUMillicores and GetMemoryMebibytes of awslabs/amazon-eks-ami (nodeadm/internal/kubelet)
_RESERVED_MEMORY, _RESERVED_FOR_POD, _EVICTION = 255, 11, 100
# What firmware and kernel take of the memory that EC2 names: Karpenter's VM_MEMORY_OVERHEAD_PERCENT
_OVERHEAD = 0.075
# The DaemonSets aws-node and kube-proxy on each node, as EKS sets them up
_AGENTS = Amount(150, 0, 2)
# Once in each cluster: two pods of CoreDNS
_DNS = Amount(100, 70 * _MIB, 1)


class Kind(t.NamedTuple):
    """An instance type.

    :ivar free: what an empty node of it has for pods.
    :ivar price: US dollars an hour on demand, or ``None``.
    """

    name: str
    free: Amount
    price: float | None


def kind_of(described: Object) -> Kind:
    """An instance type, by what ec2:DescribeInstanceTypes says of it."""
    cpus = int(described["VCpuInfo"]["DefaultVCpus"])
    network = described.get("NetworkInfo") or {}
    interfaces, addresses = network.get("MaximumNetworkInterfaces"), network.get("Ipv4AddressesPerInterface")
    most = _MOST_PODS_OF_LARGE if cpus >= _LARGE_CPUS else _MOST_PODS
    # Of each interface, one address is its own; aws-node and kube-proxy have the node's
    pods = interfaces * (addresses - 1) + 2 if interfaces and addresses else most
    memory = int(described["MemoryInfo"]["SizeInMiB"] * (1 - _OVERHEAD))
    # For all the pods that have an address, also where EKS takes fewer
    memory -= _RESERVED_MEMORY + _RESERVED_FOR_POD * pods + _EVICTION
    free = Amount(cpus * 1000 - reserved_cpu(cpus), max(memory, 0) * _MIB, min(most, pods)).minus(_AGENTS)
    name = str(described["InstanceType"])
    return Kind(name, free, instance(name))


def reserved_cpu(cpus: int) -> int:
    """What is reserved of so many cores, in thousandths of a core, rounded up."""
    shares = [600, 100, 50, 50][:cpus] + [25] * max(0, cpus - 4)
    return -(-sum(shares) // 10)


def cheapest_first(kinds: t.Sequence[Kind]) -> list[Kind]:
    """The order in which EKS tries them: by the price, those without a known one last, as they were given.

    It depends on nothing that changes while a burst is up: another order would be another node group to CloudFormation.
    """
    return sorted(kinds, key=lambda kind: (kind.price is None, kind.price or 0.0))


class Plan(t.NamedTuple):
    """A node group.

    :ivar nodes: how many there are to be.
    :ivar short: how many pods find no room in it, as they are too large or the group is at its maximum.
    :ivar missing: what these request.
    :ivar too_large: how many of them not even an empty node takes.
    """

    nodes: int
    kinds: list[Kind]
    short: int = 0
    missing: Amount = NOTHING
    too_large: int = 0


def planned(loads: t.Sequence[Load], kinds: t.Sequence[Kind], *, least: int, most: int, there: int) -> Plan:
    """A node group for pods.

    Any of the types may come, so each node is reckoned as what all of them have.

    :param there: how many nodes there are. None of them is taken away: who runs on it would be moved for nothing.
    """
    smallest = Amount(*(min(kind.free[index] for kind in kinds) for index in range(3)))
    system = [Load("kube-system/coredns", _DNS)] * 2 if loads else []
    nodes, too_large = packed([*loads, *system], Room("node", smallest))
    wanted = max(nodes, least, there)
    count = min(wanted, most)
    short = without_room(loads, [Room(str(index), smallest) for index in range(count)]) if nodes > count else too_large
    missing = total(load.amount for load in short)
    return Plan(count, cheapest_first(kinds), len(short), missing, len(too_large))


def cost(plan: Plan, *, fixed: t.Sequence[tuple[str, int]], prices: Prices) -> float:
    """US dollars an hour of a burst with these nodes at most: of each the dearest type, with its disk.

    :param fixed: what else there is by the hour, as kinds and how many.
    :raises InvalidOption: a type's price is not known.
    """
    nodes = {kind.name: prices.nodes(kind.name, plan.nodes, ROOT_GIB) for kind in plan.kinds}
    unknown = [name for name, price in nodes.items() if price is None]
    if unknown:
        raise InvalidOption(f"The price of {', '.join(unknown)} is unknown, so the cost cannot be limited.")
    dearest = max(price or 0.0 for price in nodes.values())
    return round(dearest + sum((prices.hourly(kind) or 0.0) * number for kind, number in fixed), 4)


def check_cost(plan: Plan, hourly: float, limit: float, prices: Prices) -> None:
    """Reject a burst that costs more by the hour than it may; what it may cost, it may.

    :raises InvalidOption: it costs more; the message has the sum.
    """
    if hourly > limit:
        raise InvalidOption(
            f"The burst would cost up to {hourly} USD per hour with {plan.nodes} nodes, by {prices.source};"
            f" max_hourly_cost (burst_cost_max_per_hour in the playbooks) is {limit}. Raise it, or allow fewer nodes or"
            " cheaper instance types."
        )


__all__ = ("Kind", "Plan", "cheapest_first", "check_cost", "cost", "kind_of", "planned", "reserved_cpu")
