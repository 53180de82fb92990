# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where customers of a Service can be sent."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._edge.backends import (
    Cluster,
    backends,
    ready_pods,
    warnings,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption

OWN = {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}


def node(address: str, *, ready: str = "True", **labels: str) -> dict[str, t.Any]:
    return {
        "metadata": {"labels": labels},
        "status": {
            "conditions": [{"type": "Ready", "status": ready}],
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": "node"}],
        },
    }


def slice_of(*ready: bool | None, port: str = "http", labels: t.Any = None) -> dict[str, t.Any]:
    return {
        "metadata": {"labels": OWN if labels is None else labels},
        "ports": [{"name": port}],
        "endpoints": [
            {"addresses": [f"10.0.0.{index}"], "conditions": {} if each is None else {"ready": each}}
            for index, each in enumerate(ready)
        ],
    }


SERVICE = {"spec": {"ports": [{"name": "http", "port": 80, "nodePort": 30080}]}}
EARTH = Cluster("earth", SERVICE, [slice_of(True)], [node("10.10.0.10")])
VULCAN = Cluster("vulcan", SERVICE, [slice_of(True, True)], [node("10.11.0.20"), node("10.11.16.20")])


def test_weights_follow_ready_pods() -> None:
    found = backends("shop", "shop", None, [EARTH, VULCAN])
    assert [(each["cluster"], each["address"], each["port"], each["weight"]) for each in found] == [
        ("earth", "10.10.0.10", 30080, 100),
        ("vulcan", "10.11.0.20", 30080, 100),
        ("vulcan", "10.11.16.20", 30080, 100),
    ]
    assert {each["state"] for each in found} == {"ready"}
    few = VULCAN._replace(slices=[slice_of(True, False)])
    assert [each["weight"] for each in backends("shop", "shop", "http", [EARTH, few])] == [100, 50, 50]


def test_who_gets_nobody() -> None:
    draining = backends("shop", "shop", None, [EARTH, VULCAN], {"vulcan"})
    assert [(each["state"], each["weight"]) for each in draining] == [("ready", 100), *[("draining", 0)] * 2]
    down = VULCAN._replace(slices=[slice_of(False)])
    assert [each["state"] for each in backends("shop", "shop", 80, [EARTH, down])] == ["ready", "down", "down"]  # type: ignore[arg-type]
    away = [
        node("10.11.0.20", ready="Unknown"),
        node("10.11.16.20", **{"node.kubernetes.io/exclude-from-external-load-balancers": ""}),
    ]
    assert len(backends("shop", "shop", None, [EARTH, VULCAN._replace(nodes=away)])) == 1


def test_nodes_without_a_pod_of_a_local_service_are_down() -> None:
    local = {"spec": {**SERVICE["spec"], "externalTrafficPolicy": "Local"}}
    pods = slice_of(True, True, True)
    for endpoint, name in zip(pods["endpoints"], ("a", "a", "b"), strict=True):
        endpoint["nodeName"] = name
    nodes = [node(f"10.11.0.{index}") for index in range(3)]
    for each, name in zip(nodes, ("a", "b", "c"), strict=True):
        each["metadata"]["name"] = name
    found = backends("shop", "shop", None, [Cluster("vulcan", local, [pods], nodes)])
    assert [(each["state"], each["weight"], each["ready_pods"]) for each in found] == [
        ("ready", 100, 3),
        ("ready", 50, 3),
        ("down", 0, 3),
    ]


def test_affinity_behind_a_load_balancer_is_warned_of() -> None:
    assert warnings(SERVICE) == []
    assert "comes from the load balancer's address" in warnings({"spec": {"sessionAffinity": "ClientIP"}})[0]


def test_only_the_clusters_own_pods_count() -> None:
    foreign = slice_of(True, labels={"endpointslice.kubernetes.io/managed-by": "traffic.cloudburst.io"})
    assert ready_pods([slice_of(True, None), foreign, slice_of(True, port="admin")], "http") == {"": 2}


@pytest.mark.parametrize(
    ("service", "port", "message"),
    [
        (None, None, "earth: the Service shop/shop does not exist"),
        (SERVICE, "https", "has no port 'https'; it has 80 (http)"),
        ({"spec": {"ports": [{"name": "a", "port": 1}, {"name": "b", "port": 2}]}}, None, "name one of them"),
        ({"spec": {"ports": [{"port": 80}]}}, None, "has no node port"),
        ({"spec": {"ports": [{"port": 53, "protocol": "UDP", "nodePort": 30053}]}}, None, "is not TCP"),
    ],
)
def test_what_can_not_be_reached(service: t.Any, port: str | None, message: str) -> None:
    with pytest.raises(InvalidOption) as error:
        backends("shop", "shop", port, [EARTH._replace(service=service)])
    assert message in error.value.message
