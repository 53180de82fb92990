# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""Types and resources that several tests make federated objects of."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.model import DesiredObject
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.placement import read_placement
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.template import desired_object
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.types.model import read_type


def type_config(kind: str, plural: str, *, group: str = "", scope: str = "Namespaced", enabled: bool = True) -> Object:
    return {
        "metadata": {"name": f"{plural}.{group}" if group else plural},
        "spec": {
            "propagation": "Enabled" if enabled else "Disabled",
            "targetType": {"group": group, "version": "v1", "kind": kind, "pluralName": plural, "scope": scope},
            "federatedType": {
                "group": "types.kubefed.io",
                "version": "v1beta1",
                "kind": f"Federated{kind}",
                "pluralName": f"federated{plural}",
                "scope": "Namespaced" if kind == "Namespace" else scope,
            },
        },
    }


TYPES = [
    read_type(config)
    for config in (
        type_config("Namespace", "namespaces", scope="Cluster"),
        type_config("Deployment", "deployments", group="apps"),
        type_config("Service", "services"),
        type_config("ConfigMap", "configmaps"),
        type_config("ServiceAccount", "serviceaccounts"),
        type_config("ClusterRole", "clusterroles", group="rbac.authorization.k8s.io", scope="Cluster"),
        type_config("Job", "jobs", group="batch", enabled=False),
    )
]


SERVICE: Object = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {
        "name": "web",
        "namespace": "shop",
        "uid": "1",
        "resourceVersion": "2",
        "labels": {"app": "web"},
        "annotations": {"note": "x", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
    },
    "spec": {
        "type": "NodePort",
        "clusterIP": "10.4.0.9",
        "clusterIPs": ["10.4.0.9"],
        "healthCheckNodePort": 30001,
        "ports": [{"name": "http", "port": 80, "nodePort": 30080}],
    },
    "status": {"loadBalancer": {}},
}


def desired(manifest: Object, namespace: str | None = None, placement: list[str] | None = None) -> DesiredObject:
    return desired_object(manifest, TYPES, namespace=namespace, placement=read_placement(placement, None, {}))


def plain(kind: str, name: str = "x", version: str = "v1", **more: t.Any) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **more.pop("metadata", {})}, **more}


def federated(kind: str, name: str, namespace: str, **spec: t.Any) -> Object:
    return {
        "apiVersion": "types.kubefed.io/v1beta1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
