# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Names and manifests of a membership, as ``kubefedctl join`` v0.10.0 creates them.

Pure functions; the source is pkg/kubefedctl/join.go. A member joined by kubefedctl and one joined by these have the
same objects under the same names.
"""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t

from ..._kube.objects import SERVICE_ACCOUNT_TOKEN, Object
from ..api import API_TYPES
from . import rights

ACCOUNT_ANNOTATION = "kubernetes.io/service-account.name"
ACCOUNT_UID_ANNOTATION = "kubernetes.io/service-account.uid"
# KubeFed's controller makes its client anew when an annotation changes, not when the Secret does
# (pkg/controller/kubefedcluster/controller.go): this one follows the token. The Secret has it too, so that it is known
# of a token that KubeFed has yet to take up.
TOKEN_ANNOTATION = "cloudburst.federation/token"


def account_name(cluster: str, host: str) -> str:
    """Name of the service account, and of its token's Secret, in the member (util.ClusterServiceAccountName)."""
    return f"{cluster}-{host}"


def role_name(account: str) -> str:
    """Name of role and binding in the member (util.RoleName)."""
    return f"kubefed-controller-manager:{account}"


def healthcheck_role_name(account: str, namespace: str) -> str:
    """Name of the health check's role and binding, for KubeFed in scope Namespaced (util.HealthCheckRoleName)."""
    return f"kubefed-controller-manager:{namespace}:healthcheck-{account}"


def default_secret_name(cluster: str) -> str:
    """Name of the Secret on the host: always the same, so that a join which is done again leaves no second one."""
    return f"{cluster}-token"


def member_manifests(
    cluster_account: str, namespace: str, scope: str, types: t.Collection[str] | None = None
) -> list[Object]:
    """The manifests for the member in the order of creation.

    :param scope: ``Cluster`` or ``Namespaced``, from the host's KubeFedConfig.
    :param types: what the rights are limited to; ``None`` for all rights, as kubefedctl gives them.
    """
    role = role_name(cluster_account)
    granted = rights.everything() if types is None else rights.rules(types)
    manifests: list[Object] = [
        _manifest("Namespace", namespace),
        {
            **_manifest(
                "ServiceAccount",
                cluster_account,
                namespace,
                annotations={"kubernetes.io/enforce-mountable-secrets": "true"},
            ),
            "automountServiceAccountToken": False,
        },
        {
            **_manifest("Secret", cluster_account, namespace, annotations={ACCOUNT_ANNOTATION: cluster_account}),
            "type": SERVICE_ACCOUNT_TOKEN,
        },
    ]
    if scope == "Namespaced":
        healthcheck = healthcheck_role_name(cluster_account, namespace)
        health_rules = [
            # v0.10.0 writes "Get" here, which grants nothing to a get request: this is what it meant
            {"verbs": ["get"], "nonResourceURLs": ["/healthz"]},
            {"verbs": ["list"], "apiGroups": [""], "resources": ["nodes"]},
        ]
        if types is not None:
            health_rules = [rights.urls()]
        manifests += _role("Role", role, granted, cluster_account, namespace)
        manifests += _role("ClusterRole", healthcheck, health_rules, cluster_account, namespace)
    else:
        addresses = {"verbs": ["get"], "nonResourceURLs": ["*"]} if types is None else rights.urls()
        manifests += _role("ClusterRole", role, [*granted, addresses], cluster_account, namespace)
    return manifests


def member_leftovers(cluster_account: str, namespace: str) -> list[tuple[str, str]]:
    """Kind and name of what unjoin deletes in the member before the namespace, for both scopes, in this order."""
    role, healthcheck = role_name(cluster_account), healthcheck_role_name(cluster_account, namespace)
    return [
        ("ClusterRoleBinding", role),
        ("ClusterRole", role),
        ("ClusterRoleBinding", healthcheck),
        ("ClusterRole", healthcheck),
        ("RoleBinding", role),
        ("Role", role),
        ("ServiceAccount", cluster_account),
        ("Secret", cluster_account),
    ]


def host_secret(name: str, namespace: str, token: str) -> Object:
    """The Secret on the host with the member's token."""
    return {
        **_manifest("Secret", name, namespace, annotations={TOKEN_ANNOTATION: fingerprint(token)}),
        "type": "Opaque",
        "data": {"token": base64.b64encode(token.encode()).decode()},
    }


def kubefed_cluster(
    name: str,
    namespace: str,
    *,
    server: str,
    ca: bytes,
    disabled_tls_validations: t.Sequence[str],
    proxy: str,
    secret: str,
    token: str | None,
    labels: t.Mapping[str, str],
    annotations: t.Mapping[str, str],
) -> Object:
    """The KubeFedCluster on the host.

    :param server: URL of the member's API server.
    :param ca: certificates of its authority in PEM.
    :param disabled_tls_validations: what of its certificate KubeFed does not verify.
    :param proxy: URL of the proxy that KubeFed uses, or empty.
    :param secret: name of the Secret with the token.
    :param token: to be marked as the one in use; ``None`` for no mark.
    """
    spec: Object = {"apiEndpoint": server, "secretRef": {"name": secret}}
    if ca:
        spec["caBundle"] = base64.b64encode(ca).decode()
    if disabled_tls_validations:
        spec["disabledTLSValidations"] = list(disabled_tls_validations)
    if proxy:
        spec["proxyURL"] = proxy
    mark = {} if token is None else {TOKEN_ANNOTATION: fingerprint(token)}
    manifest = _manifest("KubeFedCluster", name, namespace, annotations={**annotations, **mark})
    if labels:
        manifest["metadata"]["labels"] = dict(labels)
    return {**manifest, "spec": spec}


def fingerprint(token: str) -> str:
    """A fingerprint by which tokens can be compared without revealing them."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def account_of_token(token: str) -> tuple[str, str] | None:
    """Namespace and name of the service account that a token says it is for; ``None`` if it does not say so.

    The token is not verified: this only attributes Secrets to the join that has made them.
    """
    try:
        payload = token.split(".")[1]
        subject = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"]
        prefix, kind, namespace, name = str(subject).split(":")
    except (IndexError, KeyError, ValueError, TypeError):
        return None
    return (namespace, name) if (prefix, kind) == ("system", "serviceaccount") else None


def _manifest(
    kind: str, name: str, namespace: str | None = None, *, annotations: t.Mapping[str, str] | None = None
) -> Object:
    where = API_TYPES[kind]
    metadata: Object = {"name": name}
    if namespace is not None:
        metadata["namespace"] = namespace
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {
        "apiVersion": f"{where.group}/{where.version}" if where.group else where.version,
        "kind": kind,
        "metadata": metadata,
    }


def _role(kind: str, name: str, rules: list[Object], account: str, namespace: str) -> list[Object]:
    inside = namespace if kind == "Role" else None
    return [
        {**_manifest(kind, name, inside), "rules": rules},
        {
            **_manifest(f"{kind}Binding", name, inside),
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
            "roleRef": {"apiGroup": API_TYPES[kind].group, "kind": kind, "name": name},
        },
    ]


__all__ = (
    "ACCOUNT_ANNOTATION",
    "ACCOUNT_UID_ANNOTATION",
    "TOKEN_ANNOTATION",
    "account_name",
    "account_of_token",
    "default_secret_name",
    "fingerprint",
    "healthcheck_role_name",
    "host_secret",
    "kubefed_cluster",
    "member_leftovers",
    "member_manifests",
    "role_name",
)
