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


def test_what_an_autoscaler_scales_and_what_has_no_replicas_is_left_out() -> None:
    scaler = {
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}},
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


def planned(spec: dict[str, t.Any], clusters: t.Sequence[str], current: t.Mapping[str, int]) -> dict[str, int]:
    """What KubeFed's Plan() does without rebalance and without what it knows of capacities."""
    wishes = sorted(((spec["clusters"][name], name) for name in clusters), key=lambda entry: -entry[0]["weight"])
    left = spec["totalReplicas"]
    plan: dict[str, int] = {}
    for wish, name in wishes:
        plan[name] = min(wish.get("minReplicas", 0), left)
        left -= plan[name]
    for _wish, name in wishes:
        kept = max(0, min(current.get(name, 0) - plan[name], left))
        plan[name] += kept
        left -= kept
    weights = sum(wish["weight"] for wish, _name in wishes)
    for wish, name in wishes:
        extra = min(left, -(-left * wish["weight"] // weights))
        plan[name] += extra
        left -= extra
    return plan


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
