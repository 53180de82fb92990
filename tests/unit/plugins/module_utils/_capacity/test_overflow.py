# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.amounts import Amount
from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.overflow import (
    capacity,
    divisible,
    replicas_in_all,
    schedule,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.packing import Room
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.schedules import read_schedule


def deployment(
    name: str = "web", cpu: str = "300m", replicas: int | None = 12, kind: str = "Deployment"
) -> dict[str, t.Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {
            **({} if replicas is None else {"replicas": replicas}),
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"resources": {"requests": {"cpu": cpu}}}]},
            },
        },
    }


def pod(app: str, node: str | None = "earth", namespace: str = "shop") -> dict[str, t.Any]:
    metadata = {"name": "x", "namespace": namespace, "labels": {"app": app, "hash": "1"}}
    return {"metadata": metadata, "spec": {"nodeName": node}, "status": {"phase": "Running"}}


def rooms(*cpus: int) -> list[Room]:
    return [Room(str(index), Amount(cpu, 2**30, 30)) for index, cpu in enumerate(cpus)]


@pytest.mark.parametrize(("free", "found"), [(299, 5), (300, 6), (599, 6), (600, 7)])
def test_the_data_centre_runs_what_it_runs_and_what_finds_room(free: int, found: int) -> None:
    pods = [pod("web")] * 5 + [pod("web", None)] * 7 + [pod("other"), pod("web", namespace="else")]
    assert capacity(deployment(), "shop", pods, rooms(free)) == found


def test_room_is_given_once() -> None:
    there = rooms(600, 300)
    assert capacity(deployment(), "shop", [], there) == 3
    assert capacity(deployment("other"), "shop", [], there) == 0


def test_pods_without_requests_are_limited_by_the_nodes_pods() -> None:
    assert capacity(deployment(cpu="0"), "shop", [], rooms(0)) == 30


@pytest.mark.parametrize(
    ("version", "kind", "target"),
    [
        ("autoscaling/v2", "HorizontalPodAutoscaler", {"apiVersion": "apps/v1", "kind": "Deployment"}),
        # KEDA takes a target without a kind for a Deployment
        ("keda.sh/v1alpha1", "ScaledObject", {}),
    ],
)
def test_what_an_autoscaler_scales_and_what_has_no_replicas_is_left_out(
    version: str, kind: str, target: dict[str, str]
) -> None:
    scaler = {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": {**target, "name": "web"}},
    }
    service = {"kind": "Service", "metadata": {"name": "web"}}
    found = divisible([deployment(), deployment("other"), deployment("set", kind="ReplicaSet"), scaler, service])
    assert [manifest["metadata"]["name"] for manifest in found] == ["other", "set"]


def made(replicas: int | None = 12) -> dict[str, t.Any]:
    manifest = deployment(replicas=replicas)
    total = replicas_in_all(manifest, None)
    return schedule(manifest, "shop", total=total, room=5, host="earth", burst="vulcan", labels={"a": "b"})


def test_who_scales_while_the_burst_is_up_is_not_overruled() -> None:
    scaled = made(12)
    scaled["spec"]["totalReplicas"] = 20
    assert replicas_in_all(deployment(replicas=12), scaled) == 20
    assert replicas_in_all(deployment(replicas=13), scaled) == 13
    # Of one that somebody else has made, nothing is known
    del scaled["metadata"]["annotations"]
    assert replicas_in_all(deployment(replicas=12), scaled) == 12


def test_the_schedule_is_one_that_is_taken() -> None:
    assert read_schedule(made(), namespace=None).spec["totalReplicas"] == 12
    assert read_schedule(made(None), namespace=None).spec["totalReplicas"] == 1
    assert made()["metadata"]["labels"] == {"a": "b"}


def planned(
    spec: dict[str, t.Any],
    clusters: t.Sequence[str],
    current: t.Mapping[str, int],
    capacity: t.Mapping[str, int] | None = None,
) -> dict[str, int]:
    """What KubeFed's Plan() does, as far as it matters here (pkg/controller/util/planner/planner.go of v0.10.0).

    :param current: the pods that are ready.
    :param capacity: replicas without those that have been unschedulable for a minute, where there are any.
    """
    capacity, rebalance = capacity or {}, bool(spec.get("rebalance"))
    wishes = sorted(((spec["clusters"][name], name) for name in clusters), key=lambda entry: -entry[0]["weight"])
    left = spec["totalReplicas"]
    plan, before, over = {}, dict.fromkeys(clusters, 0), dict.fromkeys(clusters, 0)
    for wish, name in wishes:
        plan[name] = min(wish.get("minReplicas", 0), left, capacity.get(name, left))
        left -= plan[name]
    for _wish, name in wishes if not rebalance else []:
        kept = max(0, min(min(current.get(name, 0), capacity.get(name, 10**9)) - plan[name], left))
        before[name] = kept
        plan[name] += kept
        left -= kept
    moved = True
    while moved and left > 0 and wishes:
        moved = False
        weights, due, still = sum(wish["weight"] for wish, _name in wishes), left, []
        for wish, name in wishes:
            # Rounded up
            extra = min(left, -(-due * wish["weight"] // weights))
            used = min(extra, before[name])
            before[name] -= used
            total = plan[name] + extra - used
            if total > capacity.get(name, total):
                over[name], total = total - capacity[name], capacity[name]
            else:
                still.append((wish, name))
            moved = moved or used > 0 or total > plan[name]
            left -= total - plan[name]
            plan[name] = total
        wishes = still
    return {name: plan[name] + (over[name] if rebalance else min(over[name], left)) for name in plan}


@pytest.mark.parametrize("ready", range(8))
def test_replicas_do_not_come_home_while_those_in_the_burst_get_ready_one_after_the_other(ready: int) -> None:
    """Without rebalance, KubeFed counts those that are ready as given, and rounds the rest up for the data centre."""
    assert planned(made()["spec"], ["earth", "vulcan"], {"earth": 5, "vulcan": ready}) == {"earth": 5, "vulcan": 7}


def test_replicas_that_came_home_for_want_of_nodes_go_again() -> None:
    spec, names = made()["spec"], ["earth", "vulcan"]
    # No node for a minute: they are tried at home too, and stay in the burst
    without_nodes = planned(spec, names, {"earth": 5}, {"vulcan": 0})
    assert without_nodes == {"earth": 12, "vulcan": 7}
    assert planned(spec, names, {"earth": 5}, {"vulcan": 0, "earth": 5})["vulcan"] == 7
    # Now there are
    assert planned(spec, names, {"earth": 5, "vulcan": 7}, {"earth": 5}) == {"earth": 5, "vulcan": 7}


@pytest.mark.parametrize(
    ("total", "clusters", "current", "plan"),
    [
        # What the data centre cannot run moves over
        (12, ["earth", "vulcan"], {"earth": 5}, {"earth": 5, "vulcan": 7}),
        (12, ["earth", "vulcan"], {"earth": 5, "vulcan": 12}, {"earth": 5, "vulcan": 7}),
        (40, ["earth", "vulcan"], {"earth": 5, "vulcan": 7}, {"earth": 5, "vulcan": 35}),
        # With less load, the burst is empty first
        (6, ["earth", "vulcan"], {"earth": 5, "vulcan": 7}, {"earth": 5, "vulcan": 1}),
        (4, ["earth", "vulcan"], {"earth": 5, "vulcan": 7}, {"earth": 4, "vulcan": 0}),
        # Without the burst, the data centre has all again
        (12, ["earth"], {"earth": 5}, {"earth": 12}),
    ],
)
def test_it_divides_as_is_meant(total: int, clusters: list[str], current: dict[str, int], plan: dict[str, int]) -> None:
    assert planned(made(total)["spec"], clusters, current) == plan
