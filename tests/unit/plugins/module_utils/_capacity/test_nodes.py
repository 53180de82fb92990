# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.amounts import NOTHING, Amount
from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.nodes import read_nodes

GIB = 2**30


def node(name: str = "earth", *, ready: str = "True", **spec: t.Any) -> dict[str, t.Any]:
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/os": "linux"}},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": "2", "memory": "4Gi", "pods": "30"},
            "conditions": [{"type": "Ready", "status": ready}],
        },
    }


def pod(on: str | None = "earth", phase: str = "Running", cpu: str = "500m") -> dict[str, t.Any]:
    return {
        "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"nodeName": on, "containers": [{"resources": {"requests": {"cpu": cpu, "memory": "1Gi"}}}]},
        "status": {"phase": phase},
    }


def test_what_pods_request_is_not_free() -> None:
    nodes = read_nodes([node()], [pod(), pod(), pod(None), pod(phase="Succeeded"), pod("vulcan")])
    assert nodes.used == Amount(1000, 2 * GIB, 2)
    assert [room.free for room in nodes.rooms] == [Amount(1000, 2 * GIB, 28)]
    assert nodes.used_percent == 50.0


def test_a_margin_is_taken_off_what_a_node_has() -> None:
    room = read_nodes([node()], [pod()], margin_percent=15).rooms[0]
    assert room.free == Amount(1200, int(4 * GIB * 0.85) + 1 - GIB, 25)


def test_nodes_that_take_no_pods_do_not_count() -> None:
    taint = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
    nodes = read_nodes([node("a", ready="False"), node("b", unschedulable=True), node("c", taints=[taint])], [])
    assert (nodes.number, nodes.whole) == (1, NOTHING)
    # A pod that tolerates the taint finds room there all the same
    assert [room.name for room in nodes.rooms] == ["c"]
    assert nodes.used_percent == 0.0


def test_no_nodes_are_not_full() -> None:
    assert read_nodes([], []).used_percent == 0.0
