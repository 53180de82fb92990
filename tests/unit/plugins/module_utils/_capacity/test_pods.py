# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.options import demand_spec, read_question
from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.pods import Cluster, lacking, waiting
from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.times import written

CLUSTER = Cluster({"kubernetes.io/os": "linux"}, namespaces={"shop"})
FULL = (
    "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. no new claims to deallocate, preemption: "
    "0/1 nodes are available: 1 No preemption victims found for incoming pod."
)


def demand_defaults() -> dict[str, t.Any]:
    return {"name": "vulcan", **{name: spec["default"] for name, spec in demand_spec().items() if "default" in spec}}


def pod(
    message: str = FULL,
    *,
    reason: str = "Unschedulable",
    namespace: str = "shop",
    status: dict[str, t.Any] | None = None,
    **spec: t.Any,
) -> dict[str, t.Any]:
    scheduled = {
        "type": "PodScheduled",
        "status": "False",
        "reason": reason,
        "message": message,
        "lastTransitionTime": "2026-11-27T10:00:00Z",
    }
    return {
        "metadata": {"namespace": namespace, "name": "web-1", "creationTimestamp": "2026-11-27T09:00:00Z"},
        "spec": {"containers": [{"resources": {"requests": {"cpu": "1"}}}], **spec},
        "status": {"phase": "Pending", "conditions": [scheduled], **(status or {})},
    }


@pytest.mark.parametrize(
    ("message", "missing"),
    [
        (FULL, ("cpu", "memory")),
        ("0/3 nodes are available: 3 Too many pods. preemption: none", ("pods",)),
        ("0/2 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) had taints", ("nvidia.com/gpu",)),
        ("0/1 nodes are available: 1 Insufficient cpu.", ("cpu",)),
        # The reason is Unschedulable for these, too
        ("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.", ()),
        ("0/1 nodes are available: 1 node(s) had untolerated taint {a: b}.", ()),
        ("", ()),
    ],
)
def test_nodes_are_full_only_where_the_scheduler_says_so(message: str, missing: tuple[str, ...]) -> None:
    assert lacking(message) == missing
    found = waiting(pod(message), CLUSTER)
    assert (found.lacking if found else ()) == missing


def test_a_pod_waits_since_the_scheduler_said_so() -> None:
    found = waiting(pod(), CLUSTER)
    assert found is not None
    assert written(found.since) == "2026-11-27T10:00:00Z"
    assert (found.load.name, found.load.amount.cpu, found.hindrance) == ("shop/web-1", 1000, "")


@pytest.mark.parametrize(
    "other",
    [
        pod(reason="SchedulingGated"),
        pod(nodeName="earth"),
        pod(status={"nominatedNodeName": "earth"}),
        pod(status={"phase": "Failed"}),
        pod(status={"conditions": []}),
        {**pod(), "metadata": {**pod()["metadata"], "deletionTimestamp": "2026-11-27T10:00:00Z"}},
    ],
)
def test_a_pod_that_is_held_placed_or_going_does_not_wait(other: dict[str, t.Any]) -> None:
    assert waiting(other, CLUSTER) is None


def hindered(found: dict[str, t.Any], cluster: Cluster = CLUSTER) -> str:
    waits = waiting(found, cluster)
    assert waits is not None
    return waits.hindrance


def test_pods_that_no_burst_could_help_say_why() -> None:
    claim = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    assert hindered(pod(volumes=claim)) == "its volume data stays in the data centre"
    assert "volume host" in hindered(pod(volumes=[{"name": "host", "hostPath": {"path": "/"}}]))
    assert "node selector" in hindered(pod(nodeSelector={"disk": "ssd"}))
    assert "not federated" in hindered(pod(namespace="other"))
    assert "never federated" in hindered(pod(namespace="kube-system"))
    assert "nvidia.com/gpu" in hindered(pod("1 Insufficient cpu, 1 Insufficient nvidia.com/gpu."))
    tainted = CLUSTER._replace(taints=[{"key": "burst", "effect": "NoSchedule"}])
    assert "taints" in hindered(pod(), tainted)
    assert hindered(pod(tolerations=[{"key": "burst", "operator": "Exists"}]), tainted) == ""
    owned = pod()
    owned["metadata"]["ownerReferences"] = [{"kind": "DaemonSet", "name": "agent"}]
    assert "DaemonSet" in hindered(owned)


@pytest.mark.parametrize(
    ("allocatable", "too_large"),
    [
        ({}, False),
        ({"cpu": "1"}, False),
        ({"cpu": "999m"}, True),
        ({"cpu": "1", "memory": "64Mi"}, False),
        ({"memory": "67108863"}, True),
    ],
)
def test_a_pod_that_no_node_of_the_burst_could_hold_does_not_count(
    allocatable: dict[str, t.Any], too_large: bool
) -> None:
    question = read_question({**demand_defaults(), "node_allocatable": allocatable})
    containers = [{"resources": {"requests": {"cpu": "1", "memory": "64Mi"}}}]
    found = hindered(pod(containers=containers), CLUSTER._replace(node=question.node))
    assert found == ("it requests more than a node of the burst has" if too_large else "")


def test_whose_a_pod_is() -> None:
    owned = pod()
    owned["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "web-5d8c7b9f6", "controller": True}]
    found, without = waiting(owned, CLUSTER), waiting(pod(), CLUSTER)
    assert found and without
    assert (found.owner, without.owner) == ("shop/web-5d8c7b9f6", "")


def test_volumes_that_come_with_the_pod_are_no_hindrance() -> None:
    assert hindered(pod(volumes=[{"name": "tmp", "emptyDir": {}}, {"name": "c", "configMap": {"name": "c"}}])) == ""


def test_a_node_selector_that_the_bursts_nodes_have_is_no_hindrance() -> None:
    assert hindered(pod(nodeSelector={"kubernetes.io/os": "linux"})) == ""


def test_without_namespaces_all_but_those_of_the_system_count() -> None:
    anywhere = CLUSTER._replace(namespaces=None)
    assert hindered(pod(namespace="other"), anywhere) == ""
    assert "never federated" in hindered(pod(namespace="kube-system"), anywhere)
