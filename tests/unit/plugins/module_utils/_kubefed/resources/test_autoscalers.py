# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What autoscalers scale, and what does not go with them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources import autoscalers
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.autoscalers import Autoscaler
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.model import DesiredObject
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.types import manifests
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.types.model import read_type
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.types.served import ApiResource


def type_of(kind: str, plural: str, group: str = "apps") -> t.Any:
    return read_type(manifests.type_config(ApiResource(group, "v1", kind, plural, namespaced=True), "kubefed"))


DEPLOYMENT = type_of("Deployment", "deployments")
STATEFUL_SET = type_of("StatefulSet", "statefulsets")


@pytest.mark.parametrize(
    ("kind", "reference", "target"),
    [
        ("HorizontalPodAutoscaler", {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, DEPLOYMENT),
        (
            "HorizontalPodAutoscaler",
            {"apiVersion": "extensions/v1beta1", "kind": "Deployment", "name": "web"},
            DEPLOYMENT,
        ),
        ("HorizontalPodAutoscaler", {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"}, STATEFUL_SET),
        ("ScaledObject", {"name": "web"}, DEPLOYMENT),
        ("ScaledObject", {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"}, STATEFUL_SET),
    ],
)
def test_what_an_autoscaler_scales(kind: str, reference: Object, target: t.Any) -> None:
    found = autoscalers.read(kind, "any", {"spec": {"scaleTargetRef": reference}}, ["earth"])
    assert found is not None
    assert found.title == f"{kind} any"
    assert found.scales(target, "web")
    assert not found.scales(target, "other")
    assert not found.scales(STATEFUL_SET if target is DEPLOYMENT else DEPLOYMENT, "web")


@pytest.mark.parametrize("body", [{}, {"spec": {}}, {"spec": {"scaleTargetRef": {"kind": "Deployment"}}}])
def test_an_autoscaler_without_a_target(body: Object) -> None:
    assert autoscalers.read("HorizontalPodAutoscaler", "web", body) is None


@pytest.mark.parametrize(
    ("type_", "template", "may"),
    [
        (DEPLOYMENT, {}, True),
        (STATEFUL_SET, {"spec": {}}, True),
        (type_of("Loaf", "loaves", "example.com"), {"spec": {"replicas": 2}}, True),
        (type_of("Loaf", "loaves", "example.com"), {"spec": "rye"}, False),
        (type_of("ConfigMap", "configmaps", ""), {"data": {}}, False),
    ],
)
def test_what_may_be_scaled(type_: t.Any, template: Object, *, may: bool) -> None:
    assert autoscalers.may_be_scaled(type_, template) is may


@pytest.mark.parametrize(
    ("type_", "template", "left"),
    [
        (DEPLOYMENT, {"spec": {"selector": {}}}, True),
        (STATEFUL_SET, {"spec": {"replicas": None}}, True),
        (DEPLOYMENT, {"spec": {"replicas": 0}}, False),
        # Nothing is said of it at all, as where it is only placed elsewhere
        (DEPLOYMENT, {}, False),
        (type_of("DaemonSet", "daemonsets"), {"spec": {"selector": {}}}, False),
    ],
)
def test_what_leaves_replicas_to_the_cluster(type_: t.Any, template: Object, *, left: bool) -> None:
    assert autoscalers.leaves_replicas(type_, template) is left


def override(cluster: str) -> Object:
    items = [{"path": "/spec/replicas", "value": 2}]
    return {"overrides": [{"clusterName": cluster, "clusterOverrides": items}]}


@pytest.mark.parametrize(
    ("spec", "schedule", "problem"),
    [
        ({"retainReplicas": True}, "", ""),
        ({"retainReplicas": True}, "ReplicaSchedulingPreference shop/web", "Use one of the two"),
        ({"retainReplicas": False}, "", "Leave retainReplicas out"),
        (override("earth"), "", "override of /spec/replicas for earth, where HorizontalPodAutoscaler any scales it"),
        # There it has no autoscaler
        (override("vulcan"), "", ""),
    ],
)
def test_what_does_not_go_with_an_autoscaler(spec: Object, schedule: str, problem: str) -> None:
    autoscaler = Autoscaler("HorizontalPodAutoscaler any", ("apps", "Deployment", "web"), frozenset(["earth"]))
    desired = DesiredObject(DEPLOYMENT, "shop", "web", {})
    said = autoscalers.conflict(desired, autoscaler, spec, schedule=schedule, retains_replicas=True)
    assert (problem in said) if problem else said == ""


def test_without_the_field_retain_replicas() -> None:
    autoscaler = Autoscaler("HorizontalPodAutoscaler any", ("apps", "StatefulSet", "web"), frozenset(["earth"]))
    desired = DesiredObject(STATEFUL_SET, "shop", "web", {})
    said = autoscalers.conflict(desired, autoscaler, {}, schedule="", retains_replicas=False)
    assert said.endswith("or apply StatefulSet web in each cluster without the federation.")
