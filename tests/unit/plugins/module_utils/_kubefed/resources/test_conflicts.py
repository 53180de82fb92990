# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What KubeFed and a cluster's own controllers would undo for each other."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.conflicts import (
    made_by,
    other_writer,
    other_writer_on_openshift,
)

RBAC = "rbac.authorization.k8s.io"
HOOKS, CRDS = "admissionregistration.k8s.io", "apiextensions.k8s.io"
CALLED = {"service": {"name": "web", "namespace": "shop"}}
CONVERTED = {"strategy": "Webhook", "webhook": {"clientConfig": CALLED}}
SELECTORS = {"clusterRoleSelectors": [{"matchLabels": {"shop": "yes"}}]}


@pytest.mark.parametrize(
    ("group", "kind", "name", "body", "annotations", "reason"),
    [
        (RBAC, "ClusterRole", "shop", {"aggregationRule": SELECTORS, "rules": []}, {}, "writes its rules itself"),
        ("", "PersistentVolume", "disk", {"spec": {"volumeName": "x"}}, {}, "binds it to a claim"),
        ("", "PersistentVolumeClaim", "disk", {"spec": {"accessModes": []}}, {}, "set spec.volumeName"),
        ("batch", "Job", "once", {"spec": {"ttlSecondsAfterFinished": 0}}, {}, "run endlessly"),
        ("", "ConfigMap", "kube-root-ca.crt", {"data": {}}, {}, "its own certificate authority"),
        ("", "ConfigMap", "istio-ca-root-cert", {"data": {}}, {}, "its own certificate authority"),
        ("coordination.k8s.io", "Lease", "leader", {"spec": {}}, {}, "renews"),
        (
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration",
            "shop",
            {"webhooks": []},
            {"cert-manager.io/inject-ca-from": "shop/tls"},
            "annotation cert-manager.io/inject-ca-from, each cluster writes a caBundle",
        ),
        (HOOKS, "MutatingWebhookConfiguration", "a", {"webhooks": [{"clientConfig": CALLED}]}, {}, "has no caBundle"),
        (HOOKS, "ValidatingWebhookConfiguration", "a", {"webhooks": [{"clientConfig": CALLED}]}, {}, "no caBundle"),
        ("apiregistration.k8s.io", "APIService", "v1.x", {"spec": CALLED}, {}, "has no caBundle"),
        (CRDS, "CustomResourceDefinition", "a.b", {"spec": {"conversion": CONVERTED}}, {}, "has no caBundle"),
        ("", "Secret", "tls", {}, {"replicator.v1.mittwald.de/replicate-from": "shop/tls"}, "copies data into it"),
        ("", "ConfigMap", "a", {}, {"reflector.v1.k8s.emberstack.com/reflects": "shop/a"}, "copies data into it"),
    ],
)
def test_what_a_cluster_writes_itself(
    group: str, kind: str, name: str, body: dict[str, t.Any], annotations: dict[str, str], reason: str
) -> None:
    assert reason in other_writer(group, kind, name, body, annotations)


@pytest.mark.parametrize(
    ("group", "kind", "body"),
    [
        (RBAC, "ClusterRole", {"rules": []}),
        ("", "PersistentVolumeClaim", {"spec": {"volumeName": "disk"}}),
        ("batch", "Job", {"spec": {}}),
        ("", "ConfigMap", {"data": {}}),
        ("", "ServiceAccount", {}),
        (HOOKS, "ValidatingWebhookConfiguration", {"webhooks": [{"clientConfig": {**CALLED, "caBundle": "eA=="}}]}),
        (
            HOOKS,
            "ValidatingWebhookConfiguration",
            {"webhooks": [{"clientConfig": {"url": "https://example.com"}}, None]},
        ),
        ("apiregistration.k8s.io", "APIService", {"spec": {**CALLED, "insecureSkipTLSVerify": True}}),
        (CRDS, "CustomResourceDefinition", {"spec": {"conversion": {"strategy": "None"}}}),
        # Of the same name as one of Kubernetes's own
        ("example.com", "PersistentVolume", {"spec": None}),
    ],
)
def test_what_no_cluster_touches(group: str, kind: str, body: dict[str, t.Any]) -> None:
    assert other_writer(group, kind, "x", body, {"note": "y"}) == ""


def test_a_copy_that_has_been_made() -> None:
    assert (
        other_writer("", "Secret", "tls", {"data": {"a": "eA=="}}, {"replicator.v1.mittwald.de/replicate-from": "b/c"})
        == ""
    )


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("ServiceAccount", {}, "create Secrets endlessly"),
        ("ServiceAccount", {"imagePullSecrets": [{"name": "registry"}]}, "create Secrets endlessly"),
        # As it was found there, or as an override says
        ("ServiceAccount", {"imagePullSecrets": [{"name": "registry"}, {"name": "robot-dockercfg-x7abc"}]}, None),
        ("ConfigMap", {}, None),
    ],
)
def test_what_openshift_writes_itself(kind: str, body: dict[str, t.Any], reason: str | None) -> None:
    found = other_writer_on_openshift("", kind, "robot", body)
    assert reason in found if reason else found == ""


OWNERS = [{"kind": "Team", "name": "a"}, {"kind": "Deployment", "name": "web", "controller": True}]


@pytest.mark.parametrize(
    ("group", "kind", "metadata", "maker"),
    [
        ("apps", "ReplicaSet", {"ownerReferences": OWNERS}, "Deployment web"),
        ("apps", "ReplicaSet", {"ownerReferences": OWNERS[:1]}, ""),
        ("", "Secret", {"annotations": {"cert-manager.io/certificate-name": "tls"}}, "cert-manager"),
        ("", "Secret", {"annotations": None}, ""),
        ("", "Endpoints", {"labels": {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}}, "Service web"),
        ("", "Endpoints", {"annotations": {"endpoints.kubernetes.io/last-change-trigger-time": "x"}}, "Service web"),
        ("", "Endpoints", {}, ""),
    ],
)
def test_who_makes_what_is_there(group: str, kind: str, metadata: dict[str, t.Any], maker: str) -> None:
    assert made_by(group, kind, {"name": "web", **metadata}) == maker
