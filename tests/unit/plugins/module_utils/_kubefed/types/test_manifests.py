# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes KubeFed propagate a type. That it is what kubefedctl makes is seen in the lab (Molecule: resources)."""

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.types import manifests
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.types.served import (
    ApiResource,
    api_resources,
)

SETS = ApiResource("apps", "v1", "StatefulSet", "statefulsets", True, ("sts",), ("create", "list"))
NODES = ApiResource("", "v1", "Node", "nodes", False)


def config(name: str, plural: str, version: str, group: str = "", federated: str | None = None) -> Object:
    return {
        "metadata": {"name": name},
        "spec": {
            "targetType": {"group": group, "version": version, "pluralName": plural},
            "federatedType": {"group": "types.kubefed.io", "pluralName": federated or f"federated{plural}"},
        },
    }


def openapi(replicas: Object, *, wrapped: bool = False) -> Object:
    reference: Object = {"$ref": "#/components/schemas/io.k8s.api.apps.v1.StatefulSetSpec"}
    return {
        "components": {
            "schemas": {
                "io.k8s.api.apps.v1.StatefulSet": {
                    "x-kubernetes-group-version-kind": [{"group": "apps", "kind": "StatefulSet", "version": "v1"}],
                    "properties": {"spec": {"allOf": [reference], "default": {}} if wrapped else reference},
                },
                "io.k8s.api.apps.v1.StatefulSetSpec": {"properties": {"replicas": replicas}},
            }
        }
    }


def test_types_are_read_without_their_subresources() -> None:
    answer = {
        "groupVersion": "apps/v1",
        "resources": [
            {
                "name": "statefulsets",
                "kind": "StatefulSet",
                "namespaced": True,
                "shortNames": ["sts"],
                "verbs": ["list"],
            },
            {"name": "statefulsets/scale", "kind": "Scale", "namespaced": True},
        ],
    }
    (found,) = api_resources(answer)
    assert (found.name, found.api_version, found.short_names) == ("statefulsets.apps", "apps/v1", ("sts",))
    (node,) = api_resources({"groupVersion": "v1", "resources": [{"name": "nodes", "kind": "Node"}]})
    assert (node.name, node.api_version, node.namespaced) == ("nodes", "v1", False)


def test_a_type_is_named_by_its_group() -> None:
    spec = manifests.type_config(SETS, "kubefed")["spec"]
    assert spec["targetType"]["group"] == "apps"
    assert spec["federatedType"]["kind"] == "FederatedStatefulSet"
    assert "group" not in manifests.type_config(NODES, "kubefed")["spec"]["targetType"]
    assert manifests.type_config(NODES, "kubefed")["spec"]["federatedType"]["scope"] == "Cluster"


def test_federated_namespaces_are_namespaced() -> None:
    namespaces = ApiResource("", "v1", "Namespace", "namespaces", False)
    spec = manifests.type_config(namespaces, "kubefed")["spec"]
    assert (spec["targetType"]["scope"], spec["federatedType"]["scope"]) == ("Cluster", "Namespaced")
    assert manifests.custom_resource_definition(namespaces, scalable=False)["spec"]["scope"] == "Namespaced"


@pytest.mark.parametrize("scalable", [True, False])
def test_replicas_can_be_kept_where_there_are_any(scalable: bool) -> None:
    version = manifests.custom_resource_definition(SETS, scalable=scalable)["spec"]["versions"][0]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    assert ("retainReplicas" in spec) is scalable


@pytest.mark.parametrize(
    ("document", "result"),
    [
        (openapi({"type": "integer", "format": "int32"}), True),
        (openapi({"type": "integer", "format": "int32"}, wrapped=True), True),
        (openapi({"type": "integer", "format": "int64"}), False),
        (openapi({"type": "string"}), False),
        ({}, False),
    ],
)
def test_what_is_scalable(document: Object, result: bool) -> None:
    assert manifests.scalable(document, SETS) is result


def test_the_same_objects_are_not_enabled_twice() -> None:
    old = ApiResource("extensions", "v1beta1", "Ingress", "ingresses", True)
    known = [config("ingresses.networking.k8s.io", "ingresses", "v1", "networking.k8s.io")]
    assert manifests.equivalent(old, known) == "ingresses.networking.k8s.io"
    assert manifests.equivalent(old._replace(group="networking.k8s.io", version="v1"), known) == ""
    assert manifests.equivalent(SETS, known) == ""
    assert manifests.equivalent(NODES, [config("nodes", "nodes", "v2")]) == ""


def test_one_federated_kind_is_for_one_type() -> None:
    mine = ApiResource("shop.example.com", "v1", "Service", "services", True)
    assert manifests.taken_by(mine, [config("services", "services", "v1")]) == "services"
    assert manifests.taken_by(mine, [config("services.shop.example.com", "services", "v1")]) == ""


@pytest.mark.parametrize("scalable", [True, False])
def test_the_types_that_can_retain_replicas(*, scalable: bool) -> None:
    definition = manifests.custom_resource_definition(SETS, scalable=scalable)
    assert manifests.retains_replicas(definition, "v1beta1") is scalable
    assert manifests.retains_replicas(definition, "v2") is False
