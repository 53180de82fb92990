# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""API paths of KubeFed's own objects. Pure functions."""

from __future__ import annotations

import typing as t

from .._kube.paths import resource_path

CORE_GROUP = "core.kubefed.io"
CORE_VERSION = "v1beta1"
FEDERATED_GROUP = "types.kubefed.io"
FEDERATED_VERSION = "v1beta1"
SCHEDULING_GROUP = "scheduling.kubefed.io"
DEFAULT_NAMESPACE = "kube-federation-system"

# On what KubeFed has put into a member: "true" while it looks after it, "false" when it must leave it alone
MANAGED_LABEL = "kubefed.io/managed"


class ApiType(t.NamedTuple):
    """Where objects of a kind live in the API."""

    group: str
    version: str
    plural: str
    namespaced: bool


API_TYPES = {
    "Namespace": ApiType("", "v1", "namespaces", False),
    "ServiceAccount": ApiType("", "v1", "serviceaccounts", True),
    "Secret": ApiType("", "v1", "secrets", True),
    "ClusterRole": ApiType("rbac.authorization.k8s.io", "v1", "clusterroles", False),
    "ClusterRoleBinding": ApiType("rbac.authorization.k8s.io", "v1", "clusterrolebindings", False),
    "Role": ApiType("rbac.authorization.k8s.io", "v1", "roles", True),
    "RoleBinding": ApiType("rbac.authorization.k8s.io", "v1", "rolebindings", True),
    "KubeFedCluster": ApiType(CORE_GROUP, CORE_VERSION, "kubefedclusters", True),
    "KubeFedConfig": ApiType(CORE_GROUP, CORE_VERSION, "kubefedconfigs", True),
}


def path_of(kind: str, namespace: str | None, name: str | None = None) -> str:
    """API path of one of the kinds that KubeFed is made of, or of all of them in a namespace."""
    where = API_TYPES[kind]
    return resource_path(
        where.group, where.version, where.plural, namespace=namespace if where.namespaced else None, name=name
    )


__all__ = (
    "API_TYPES",
    "CORE_GROUP",
    "CORE_VERSION",
    "DEFAULT_NAMESPACE",
    "FEDERATED_GROUP",
    "FEDERATED_VERSION",
    "MANAGED_LABEL",
    "SCHEDULING_GROUP",
    "ApiType",
    "path_of",
)
