# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""A type that KubeFed propagates, read from its FederatedTypeConfig. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..._kube.objects import Object
from ..._kube.paths import resource_path
from ..kinds import NAMESPACE


@dataclass(frozen=True)
class FederatedType:
    """A type that KubeFed propagates, from its FederatedTypeConfig."""

    name: str
    kind: str
    group: str
    version: str
    plural: str
    namespaced: bool
    federated_kind: str
    federated_group: str
    federated_version: str
    federated_plural: str
    federated_namespaced: bool
    propagating: bool

    @property
    def is_namespace(self) -> bool:
        """Whether this is FederatedNamespace, which all others in its namespace depend on."""
        return (self.group, self.kind) == NAMESPACE

    def path(self, namespace: str | None, name: str | None = None) -> str:
        """API path of the federated objects on the host."""
        return resource_path(
            self.federated_group,
            self.federated_version,
            self.federated_plural,
            namespace=namespace if self.federated_namespaced else None,
            name=name,
        )

    def target_path(self, namespace: str | None, name: str | None = None) -> str:
        """API path of the propagated objects in a cluster."""
        return resource_path(
            self.group, self.version, self.plural, namespace=namespace if self.namespaced else None, name=name
        )


def read_type(config: Object) -> FederatedType:
    """Read a FederatedTypeConfig."""
    spec = config["spec"]
    target, federated = spec["targetType"], spec["federatedType"]
    return FederatedType(
        name=config["metadata"]["name"],
        kind=target["kind"],
        group=target.get("group") or "",
        version=target["version"],
        plural=target["pluralName"],
        namespaced=target["scope"] == "Namespaced",
        federated_kind=federated["kind"],
        federated_group=federated.get("group") or "",
        federated_version=federated["version"],
        federated_plural=federated["pluralName"],
        federated_namespaced=federated["scope"] == "Namespaced",
        propagating=spec.get("propagation") == "Enabled",
    )


def not_enabled(kind: str, name: str, guess: str, types: t.Sequence[FederatedType]) -> str:
    """The message that a type is not enabled in KubeFed, and how to enable it.

    :param guess: plural and group of the type, as kubefedctl takes them.
    """
    return (
        f"{kind} {name}: KubeFed does not know this type, there is no FederatedTypeConfig for it. Set enable_types,"
        f" or enable it with: kubefedctl enable {guess}."
        f" Enabled types: {', '.join(sorted(type_.name for type_ in types))}."
    )


__all__ = ("FederatedType", "not_enabled", "read_type")
