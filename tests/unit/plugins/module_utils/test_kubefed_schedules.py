# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replicas divided over clusters."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._errors import InvalidOption
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed import schedules

Object = dict[str, t.Any]


def preference(**spec: t.Any) -> Object:
    return {
        "apiVersion": "scheduling.kubefed.io/v1alpha1",
        "kind": "ReplicaSchedulingPreference",
        "metadata": {"name": "web"},
        "spec": {"targetKind": "FederatedDeployment", "totalReplicas": 6, **spec},
    }


def target(**given: int) -> Object:
    return {
        "overrides": [
            {"clusterName": name, "clusterOverrides": [{"path": "/spec/replicas", "value": count}]}
            for name, count in given.items()
        ]
    }


def test_a_preference_is_read() -> None:
    made = schedules.schedule(preference(), namespace="shop")
    assert made.key == ("FederatedDeployment", "shop", "web")
    assert schedules.is_schedule(preference())
    assert not schedules.is_schedule({"apiVersion": "v1", "kind": "Pod"})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"targetKind": "FederatedStatefulSet"}, "FederatedDeployment and FederatedReplicaSet alone"),
        ({"totalReplicas": "six"}, "totalReplicas 'six'"),
        ({"totalReplicas": None}, "totalReplicas None"),
        ({"clusters": {"earth": {"weight": -1}}}, "weight: -1 for earth"),
        ({"clusters": {"earth": {"wieght": 1}}}, "wieght: 1 for earth"),
        ({"clusters": {"earth": {"minReplicas": 3, "maxReplicas": 2}}}, "3 above maxReplicas 2"),
    ],
)
def test_what_kubefed_would_do_otherwise_is_refused(spec: Object, message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        schedules.schedule(preference(**spec), namespace="shop")


def test_a_preference_needs_a_namespace() -> None:
    with pytest.raises(InvalidOption, match="names no namespace"):
        schedules.schedule(preference(), namespace=None)


def test_what_others_wrote_onto_it_stays() -> None:
    found: Object = {
        "metadata": {"name": "web", "labels": {"theirs": "x"}, "resourceVersion": "7"},
        "spec": {"intersectWithClusterSelector": False, "totalReplicas": 1},
    }
    manifest = preference()
    manifest["metadata"]["labels"] = {"mine": "y"}
    made = schedules.schedule(manifest, namespace="shop").manifest(found)
    assert made["metadata"] == {"name": "web", "labels": {"theirs": "x", "mine": "y"}, "resourceVersion": "7"}
    assert made["spec"] == {**manifest["spec"], "intersectWithClusterSelector": False}
    assert found["spec"]["totalReplicas"] == 1


BOTH = ("earth", "vulcan")
LIMITED = {"earth": {"weight": 1, "minReplicas": 1, "maxReplicas": 2}, "vulcan": {"weight": 1, "maxReplicas": 3}}


@pytest.mark.parametrize(
    ("spec", "given", "done"),
    [
        ({}, {}, False),
        ({}, {"earth": 3, "vulcan": 3}, True),
        ({}, {"earth": 6}, False),
        ({}, {"earth": 2, "vulcan": 3}, False),
        ({}, {"earth": 4, "vulcan": 4}, False),
        # What found no room stays where it is
        ({"rebalance": True}, {"earth": 4, "vulcan": 4}, True),
        # All are full
        ({"clusters": LIMITED}, {"earth": 2, "vulcan": 3}, True),
        ({"clusters": LIMITED}, {"earth": 3, "vulcan": 3}, False),
        # Named clusters alone
        ({"clusters": {"earth": {"weight": 1}}}, {"earth": 6, "vulcan": 0}, True),
        ({"clusters": {"earth": {"weight": 1}}}, {"earth": 3, "vulcan": 3}, False),
        # The minimum without a weight
        ({"rebalance": True, "clusters": {"earth": {"minReplicas": 2}}}, {"earth": 2, "vulcan": 0}, True),
        ({"rebalance": True, "clusters": {"earth": {"minReplicas": 2}}}, {"earth": 6, "vulcan": 0}, False),
    ],
)
def test_when_replicas_are_divided(spec: Object, given: dict[str, int], done: bool) -> None:
    assert schedules.divided(preference(**spec)["spec"], target(**given), BOTH).done is done


def test_clusters_that_are_not_ready_do_not_count() -> None:
    assert schedules.divided(preference()["spec"], target(earth=6, vulcan=3), ["earth"]).done


def test_a_cluster_is_shut_out() -> None:
    shut = schedules.excluded(preference()["spec"], ["vulcan"])
    assert not schedules.allows(shut, "vulcan")
    assert schedules.allows(shut, "earth")
    assert schedules.divided(shut, target(earth=6, vulcan=0), BOTH).done
    assert not schedules.divided(shut, target(earth=3, vulcan=3), BOTH).done
    assert not schedules.allows({"clusters": {"earth": {"weight": 1}}}, "vulcan")
