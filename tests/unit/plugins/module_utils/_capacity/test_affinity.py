# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.affinity import (
    alone_on_node,
    selects,
    tolerates,
)

TAINT = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "gpu", "value": "yes"}, True),
        ({"key": "gpu", "value": "yes", "operator": "Equal", "effect": "NoSchedule"}, True),
        ({"key": "gpu", "value": "no"}, False),
        ({"key": "disk", "operator": "Exists"}, False),
        ({"value": "yes"}, False),
    ],
)
def test_a_taint_is_tolerated_as_kubernetes_says(toleration: dict[str, str], tolerated: bool) -> None:
    assert tolerates({"tolerations": [toleration]}, [TAINT]) is tolerated


def test_a_taint_that_only_prefers_keeps_nobody_away() -> None:
    assert tolerates({}, [{**TAINT, "effect": "PreferNoSchedule"}])
    assert not tolerates({}, [TAINT])


def affinity(*terms: dict[str, t.Any]) -> dict[str, t.Any]:
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}
    return {"affinity": {"nodeAffinity": required}}


def expression(operator: str, *values: str) -> dict[str, t.Any]:
    return {"matchExpressions": [{"key": "size", "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("spec", "with_4", "without"),
    [
        ({}, True, True),
        ({"nodeSelector": {"size": "4"}}, True, False),
        ({"nodeSelector": {"size": "5"}}, False, False),
        (affinity(expression("In", "3", "4")), True, False),
        (affinity(expression("NotIn", "4")), False, True),
        (affinity(expression("Exists")), True, False),
        (affinity(expression("DoesNotExist")), False, True),
        (affinity(expression("Gt", "3")), True, False),
        (affinity(expression("Gt", "4")), False, False),
        (affinity(expression("Lt", "5")), True, False),
        (affinity(expression("Lt", "4")), False, False),
        (affinity(expression("In", "1"), expression("In", "4")), True, False),
        (affinity({}), False, False),
        (affinity({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]}), False, False),
        (affinity(), False, False),
    ],
)
def test_nodes_are_selected_by_their_labels(spec: dict[str, t.Any], with_4: bool, without: bool) -> None:
    assert selects(spec, {"size": "4"}) is with_4
    assert selects(spec, {}) is without


def pod(topology: str, labels: dict[str, str]) -> dict[str, t.Any]:
    term = {"topologyKey": topology, "labelSelector": {"matchLabels": {"app": "web"}}}
    return {
        "metadata": {"namespace": "shop", "labels": labels},
        "spec": {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}},
    }


def test_pods_that_keep_off_each_other_are_alone_on_a_node() -> None:
    assert alone_on_node(pod("kubernetes.io/hostname", {"app": "web", "version": "v1"})) == "shop/[('app', 'web')]"
    assert alone_on_node(pod("kubernetes.io/hostname", {"app": "other"})) == ""
    assert alone_on_node(pod("topology.kubernetes.io/zone", {"app": "web"})) == ""
    assert alone_on_node({}) == ""
