# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Whether a burst is to begin, to grow or to end, by what two clusters show. Pure functions.

Each signal has to last before it counts, and none of them is an edge: whoever looks later sees the same.
"""

from __future__ import annotations

import collections
import typing as t
from datetime import datetime

from .._kube.objects import Object
from .autoscalers import Limited
from .memory import Memory
from .nodes import Nodes
from .packing import Load, without_room
from .pods import WaitingPod
from .times import seconds

SIGNALS = ("pods", "autoscalers", "nodes")


class Limits(t.NamedTuple):
    """From when on something counts; times in seconds.

    :ivar signals: of :data:`SIGNALS`, those that a burst begins for.
    :ivar pending: how long a pod waits.
    :ivar limited: how long an autoscaler wants more than it may make.
    :ivar full_percent: how much of the nodes is requested.
    :ivar full: how long it is.
    :ivar idle: how long all would find room in the data centre.
    :ivar lifetime: how old a burst is at least when it ends.
    :ivar retry: how long after it was told to begin or end a burst is not told so again.
    :ivar grows: whether a burst that is up can become larger.
    :ivar node_max: how many nodes it has at most; 0 where that is not said.
    """

    signals: t.Collection[str] = ("pods", "autoscalers")
    pending: int = 120
    limited: int = 180
    full_percent: float = 90
    full: int = 600
    idle: int = 1800
    lifetime: int = 3600
    retry: int = 900
    grows: bool = False
    node_max: int = 0


class Burst(t.NamedTuple):
    """What is there of the burst.

    :ivar member: whether the federation has its cluster.
    :ivar ready: whether KubeFed finds it ready.
    :ivar since: since when it is a member.
    :ivar under_way: whether a playbook works on it.
    :ivar loads: the pods that run there, or ``None`` where that is not known.
    :ivar nodes: how many it has.
    :ivar lease_end: when its lease on AWS is over, if it has one.
    """

    member: bool = False
    ready: bool = False
    since: datetime | None = None
    under_way: bool = False
    loads: t.Sequence[Load] | None = ()
    nodes: int = 0
    lease_end: datetime | None = None


class Seen(t.NamedTuple):
    """What was seen at one look.

    :ivar pods: those that wait because nodes are full.
    :ivar autoscalers: those that are held by their maximum.
    :ivar nodes: the data centre's.
    :ivar home: the data centre's nodes, with the margin taken off.
    :ivar extra: the pods that autoscalers would make if they might.
    """

    pods: t.Sequence[WaitingPod]
    autoscalers: t.Sequence[Limited]
    nodes: Nodes
    home: Nodes
    burst: Burst
    extra: t.Sequence[Load] = ()


class Verdict(t.NamedTuple):
    """What is to be done.

    :ivar action: ``up``, ``grow``, ``down`` or ``none``.
    :ivar why: in words.
    :ivar pressure: whether the data centre has had too little room for long enough.
    :ivar idle: whether the burst has been dispensable for long enough.
    :ivar fits_at_home: whether all that runs in the burst would find room in the data centre; ``None``: not known.
    :ivar memory: what is to be remembered.
    """

    action: str
    why: str
    pressure: bool
    idle: bool
    fits_at_home: bool | None
    memory: Memory


def judge(now: datetime, seen: Seen, memory: Memory, limits: Limits) -> Verdict:
    """Judge what was seen, with what is remembered of earlier looks."""
    full = seen.nodes.used_percent >= limits.full_percent and seen.nodes.number > 0
    fits = _fits_at_home(seen)
    burst = seen.burst.member or memory.unfinished
    short = bool(needed(seen)) or bool(_held(seen)) or (full and "nodes" in limits.signals)
    memory = memory._replace(
        full_since=(memory.full_since or now) if full else None,
        idle_since=(memory.idle_since or now) if burst and fits and not short else None,
        worked=now if seen.burst.under_way else memory.worked,
    )
    reasons = pressure(now, seen, memory, limits)
    idle = bool(memory.idle_since) and seconds(memory.idle_since, now) >= limits.idle
    action, why = _action(now, seen.burst, memory, limits, reasons, idle)
    if action in ("up", "grow"):
        memory = memory._replace(up_begun=now)
    elif action == "down":
        memory = memory._replace(down_begun=now)
    return Verdict(action, why, bool(reasons), idle, fits, memory)


def _fits_at_home(seen: Seen) -> bool | None:
    if seen.burst.loads is None:
        return None
    return not without_room(seen.burst.loads, seen.home.rooms)


def pressure(now: datetime, seen: Seen, memory: Memory, limits: Limits) -> list[str]:
    """Why the data centre has had too little room for long enough, in words; empty where it has not."""
    reasons = []
    pods = [pod for pod in seen.pods if not pod.hindrance and seconds(pod.since, now) >= limits.pending]
    if pods and "pods" in limits.signals:
        oldest = max(seconds(pod.since, now) for pod in pods)
        missing = " and ".join(sorted({name for pod in pods for name in pod.lacking}))
        reasons.append(f"{_count(len(pods), 'pod')} waiting for {missing}, up to {oldest} s")
    held = [entry for entry in _held(seen) if seconds(entry.since, now) >= limits.limited]
    if held and "autoscalers" in limits.signals:
        names = ", ".join(f"{entry.namespace}/{entry.name}" for entry in held[:5])
        reasons.append(f"{_count(len(held), 'autoscaler')} at the maximum that would make more pods ({names})")
    if "nodes" in limits.signals and memory.full_since and seconds(memory.full_since, now) >= limits.full:
        lasts = seconds(memory.full_since, now)
        reasons.append(f"{seen.nodes.used_percent} % of the nodes requested for {lasts} s")
    return reasons


def _held(seen: Seen) -> list[Limited]:
    """The autoscalers that a burst can help."""
    return [entry for entry in seen.autoscalers if not entry.hindrance]


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _action(
    now: datetime, burst: Burst, memory: Memory, limits: Limits, reasons: list[str], idle: bool
) -> tuple[str, str]:
    """What is to be done, and why."""
    attempts = (memory.up_begun, memory.down_begun, memory.down_ended, memory.worked)
    begun = [moment for moment in attempts if moment]
    wait = limits.retry - seconds(max(begun), now) if begun else 0
    over = burst.lease_end is not None and burst.lease_end <= now
    if not reasons and not idle and not over:
        return "none", _calm(burst, memory)
    why = "; ".join(reasons) or "all that runs in the burst would find room in the data centre"
    if over:
        # AWS is removing it, or has: what is left at home goes too, and another burst can begin after that.
        reasons, why = [], "the burst's lease is over"
    if burst.under_way:
        return "none", f"{why}; a playbook is working on the burst"
    if reasons and burst.ready and not limits.grows:
        return "none", f"{why}; the burst is up, and its size is fixed"
    if reasons and burst.ready and 0 < limits.node_max <= burst.nodes:
        return "none", f"{why}; the burst has {_count(burst.nodes, 'node')}, and may not have more"
    if wait > 0:
        return "none", f"{why}; nothing is started for another {wait} s after the last attempt"
    if reasons:
        return ("grow" if burst.ready else "up"), why
    if over:
        return "down", why
    since = burst.since or memory.up_begun
    young = limits.lifetime - seconds(since, now) if since else 0
    if young > 0:
        return "none", f"{why}; the burst stays for another {young} s at least"
    return "down", why


def _calm(burst: Burst, memory: Memory) -> str:
    if memory.idle_since:
        return "all that runs in the burst would find room in the data centre, but not for long enough yet"
    if burst.member and burst.loads is None:
        return "there is room in the data centre; what runs in the burst is not known, so it stays"
    return "the data centre has room" if not burst.member else "the burst is needed"


def needed(seen: Seen) -> list[Load]:
    """The pods that wait and that a burst can help."""
    return [pod.load for pod in seen.pods if not pod.hindrance]


def _wanted(seen: Seen) -> list[Load]:
    """As :func:`needed`, but once where the same replicas are tried in both clusters.

    KubeFed gives those that have been unschedulable in one cluster for a minute to the other as well (overflow in
    GetSchedulingResult() and Plan()), as long as the burst has no nodes.
    """
    of: dict[str, tuple[list[Load], list[Load]]] = {}
    loads = []
    for pod in seen.pods:
        if pod.hindrance:
            continue
        if pod.owner:
            of.setdefault(pod.owner, ([], []))[pod.away].append(pod.load)
        else:
            loads.append(pod.load)
    return loads + [load for home, away in of.values() for load in max(home, away, key=len)]


def needs(seen: Seen) -> list[Object]:
    """What the burst's nodes have to hold, alike pods together: what waits, what autoscalers want, what runs there."""
    loads = [*_wanted(seen), *seen.extra, *(seen.burst.loads or ())]
    counted = collections.Counter((load.amount.cpu, -(-load.amount.memory // 2**20), load.alone) for load in loads)
    return [
        {"cpu": cpu / 1000, "memory_mib": memory, "alone": alone, "count": count}
        for (cpu, memory, alone), count in sorted(counted.items())
    ]


def summary(now: datetime, seen: Seen, verdict: Verdict) -> Object:
    """All of it as it is returned to users."""
    counted = [pod for pod in seen.pods if not pod.hindrance]
    resources = sorted({name for pod in counted for name in pod.lacking})
    return {
        "action": verdict.action,
        "why": verdict.why,
        "pressure": verdict.pressure,
        "idle": verdict.idle,
        "fits_at_home": verdict.fits_at_home,
        "waiting": {
            "pods": len(counted),
            "longest": max((seconds(pod.since, now) for pod in counted), default=0),
            "lacking": {name: sum(name in pod.lacking for pod in counted) for name in resources},
            "names": sorted(pod.load.name for pod in counted),
        },
        "not_counted": [
            {"pod": pod.load.name, "why": pod.hindrance}
            for pod in sorted(seen.pods, key=lambda pod: pod.load.name)
            if pod.hindrance
        ],
        "autoscalers": [
            {
                "namespace": entry.namespace,
                "name": entry.name,
                "maximum": entry.maximum,
                "extra": entry.extra,
                "seconds": seconds(entry.since, now),
                "not_counted": entry.hindrance,
            }
            for entry in seen.autoscalers
        ],
        "nodes": {
            "count": seen.nodes.number,
            "allocatable": seen.nodes.whole.shown,
            "requested": seen.nodes.used.shown,
            "free": seen.nodes.whole.minus(seen.nodes.used).shown,
            "requested_percent": seen.nodes.used_percent,
        },
        "burst": {
            "member": seen.burst.member,
            "ready": seen.burst.ready,
            "under_way": seen.burst.under_way,
            "pods": None if seen.burst.loads is None else len(seen.burst.loads),
            "nodes": seen.burst.nodes,
        },
        "needs": needs(seen),
        "memory": verdict.memory.shown,
    }


__all__ = ("SIGNALS", "Burst", "Limits", "Seen", "Verdict", "judge", "needed", "needs", "pressure", "summary")
