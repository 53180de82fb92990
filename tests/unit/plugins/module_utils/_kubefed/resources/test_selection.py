# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a namespace is federated, what is not, and why."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.kinds import rules_for
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources import selection
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.types.served import ApiResource


def resource(
    kind: str, group: str = "", *, namespaced: bool = True, verbs: tuple[str, ...] = ("create", "list")
) -> t.Any:
    return ApiResource(group, "v1", kind, f"{kind.lower()}s", namespaced, (), verbs)


def found(name: str = "x", **more: t.Any) -> Object:
    return {"metadata": {"name": name, **more.pop("metadata", {})}, **more}


@pytest.mark.parametrize(
    ("given", "skipped"),
    [
        (resource("ConfigMap"), False),
        (resource("Pod"), False),
        (resource("Event"), True),
        (resource("EndpointSlice", "discovery.k8s.io"), True),
        (resource("FederatedConfigMap", "types.kubefed.io"), True),
        (resource("PropagatedVersion", "core.kubefed.io"), True),
        (resource("Node", namespaced=False), True),
        (resource("LocalSubjectAccessReview", "authorization.k8s.io", verbs=("create",)), True),
        (resource("PodMetrics", "metrics.k8s.io", verbs=("list",)), True),
    ],
)
def test_bookkeeping_is_not_looked_at(given: t.Any, skipped: bool) -> None:
    assert selection.is_bookkeeping(given) is skipped


@pytest.mark.parametrize(
    ("given", "propagated", "reason"),
    [
        (resource("Deployment", "apps"), False, ""),
        (resource("Pod"), True, "federate the workload"),
        (resource("PersistentVolumeClaim"), True, "with the data"),
        (resource("Job", "batch"), True, "runs once"),
        (resource("Loaf", "bakery.example.com"), False, "its type is not known"),
        (resource("Loaf", "bakery.example.com"), True, ""),
    ],
)
def test_types_that_stay(given: t.Any, propagated: bool, reason: str) -> None:
    why = selection.type_stays(given, propagated=propagated)
    assert reason in why
    assert bool(why) is bool(reason)


@pytest.mark.parametrize(
    ("kind", "given", "reason"),
    [
        ("ConfigMap", found(), ""),
        ("ConfigMap", found(metadata={"annotations": {"control-plane.alpha.kubernetes.io/leader": "{}"}}), "a lock"),
        ("ConfigMap", found(metadata={"deletionTimestamp": "now"}), "being deleted"),
        ("Role", found("system:reader"), "cannot have this name"),
        (
            "ReplicaSet",
            found(metadata={"ownerReferences": [{"kind": "Deployment", "name": "web"}]}),
            "Deployment web creates it, separately",
        ),
        ("Secret", found(type="Opaque"), ""),
        ("Secret", found(type="kubernetes.io/tls"), ""),
        (
            "Secret",
            found(metadata={"annotations": {"cert-manager.io/certificate-name": "web"}}),
            "cert-manager renews it",
        ),
        ("Secret", found(type="kubernetes.io/service-account-token"), "token"),
        ("Secret", found(type="helm.sh/release.v1"), "Helm"),
        ("Secret", found(type="bootstrap.kubernetes.io/token"), "join"),
        ("Secret", found(metadata={"annotations": {"openshift.io/token-secret.name": "robot-token-x"}}), "registry"),
        (
            "Secret",
            found(metadata={"annotations": {"openshift.io/internal-registry-auth-token.service-account": "robot"}}),
            "registry",
        ),
        ("ServiceAccount", found("default"), "its own"),
        ("ServiceAccount", found("builder", imagePullSecrets=[{"name": "builder-dockercfg-x7abc"}]), "its own"),
        ("ServiceAccount", found("builder"), ""),
        ("ServiceAccount", found("till"), ""),
    ],
)
def test_objects_that_stay(kind: str, given: Object, reason: str) -> None:
    groups = {"ReplicaSet": "apps", "Role": "rbac.authorization.k8s.io"}
    why = selection.object_stays(rules_for(groups.get(kind, ""), kind), given)
    assert reason in why
    assert bool(why) is bool(reason)


def test_a_manifest_is_without_what_controllers_put_into_it() -> None:
    given = found(
        metadata={"labels": {"app": "web", "kubefed.io/managed": "true"}},
        spec={"template": {"metadata": {"creationTimestamp": None, "labels": {"app": "web"}}}},
    )
    made = selection.manifest("apps/v1", "Deployment", given)
    assert made["metadata"]["labels"] == {"app": "web"}
    assert made["spec"]["template"]["metadata"] == {"labels": {"app": "web"}}
    assert (made["apiVersion"], made["kind"]) == ("apps/v1", "Deployment")
    assert "kubefed.io/managed" in given["metadata"]["labels"]


def test_what_stays_local_is_told() -> None:
    volumes = [{"persistentVolumeClaim": {"claimName": "data"}}, {"hostPath": {"path": "/srv"}}]
    pods: Object = {"template": {"spec": {"volumes": volumes}}}
    taken = [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": pods},
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": "night"},
            "spec": {"jobTemplate": {"spec": pods}},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "db"},
            "spec": {"volumeClaimTemplates": [{}]},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"type": "NodePort", "selector": {"a": "b"}},
        },
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "far"}, "spec": {"type": "ExternalName"}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bare"}, "spec": {}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}},
    ]
    told = "\n".join(selection.warnings(taken, {"data"}))
    assert "pods will wait for them: CronJob night (data), Deployment web (data)." in told
    assert "New, empty volumes are created in each other cluster for: StatefulSet db." in told
    assert "by: CronJob night (/srv), Deployment web (/srv)." in told
    assert "only to that cluster's own pods: web." in told
    assert "are not federated, for: bare." in told
    assert "for the Services: web." in told
    assert selection.warnings(taken[-1:], set()) == []
