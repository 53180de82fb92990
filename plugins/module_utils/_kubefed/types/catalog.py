# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The types that KubeFed propagates, and those that will be enabled."""

from __future__ import annotations

import typing as t

from ..._kube.client import Client
from ..._kube.diff import Changes
from ..._kube.objects import Object
from ..._kube.paths import resource_path
from ..._runtime.errors import InvalidOption
from ..._runtime.wait import Waiter
from .. import host as kubefed
from ..api import FEDERATED_GROUP
from ..kinds import rules_of
from ..members import Members
from .enabling import CRDS, Enabling, Obstacles, is_scalable
from .manifests import retains_replicas, type_config
from .model import FederatedType, not_enabled, read_type
from .served import ApiResource, ServedTypes


class Types:
    """The types of a federation.

    :param host: the cluster that KubeFed runs on.
    :param namespace: KubeFed's namespace there.
    :param scope: ``Cluster`` or ``Namespaced``, from the KubeFedConfig.
    """

    def __init__(self, host: Client, namespace: str, members: Members, *, scope: str) -> None:
        self._host = host
        self._namespace = namespace
        self._configs = kubefed.type_configs(host, namespace)
        self._served = ServedTypes(host)
        self._obstacles = Obstacles(self._configs, members, namespace=namespace, scope=scope)
        self._missing: dict[str, ApiResource] = {}
        self.known = [read_type(config) for config in self._configs]

    def propagates(self, group: str, kind: str) -> bool:
        """Whether KubeFed propagates a type already, named as itself or as its federated one."""
        return any(type_.propagating and _is_meant(type_, group, kind) for type_ in self.known)

    def _served_as(self, group: str, version: str, kind: str) -> ApiResource | None:
        """What the host serves as a type, which may be named by its federated one."""
        if group == FEDERATED_GROUP:
            return self._served.find_kind(kind.replace("Federated", "", 1))
        return self._served.find(group, version, kind)

    def retains_replicas(self, type_: FederatedType) -> bool:
        """Whether federated objects of a type have a field that keeps a cluster's number of replicas."""
        if rules_of(type_).retains_replicas:
            return True
        resource = self._missing.get(type_.name)
        if resource is not None:
            return is_scalable(self._host, resource)
        definition = self._host.get(resource_path(*CRDS, name=f"{type_.federated_plural}.{type_.federated_group}"))
        return definition is not None and retains_replicas(definition, type_.federated_version)

    def require(self, manifests: t.Iterable[Object]) -> None:
        """Reject resources of types that KubeFed does not know, and name what would enable them.

        :raises InvalidOption: for the first such resource.
        """
        for manifest in manifests:
            group, _slash, version = manifest["apiVersion"].rpartition("/")
            kind = manifest["kind"]
            if any(_is_meant(type_, group, kind) for type_ in self.known):
                continue
            resource = self._served_as(group, version, kind)
            name = manifest["metadata"]["name"]
            if resource is None:
                raise InvalidOption(
                    f"{kind} {name}: {manifest['apiVersion']} {kind} is not a type that KubeFed or"
                    f" {self._host.label} knows. Correct apiVersion or kind, or install what serves it."
                )
            raise InvalidOption(not_enabled(kind, name, resource.name, self.known))

    def look_up(self, manifests: t.Iterable[Object]) -> None:
        """Find the types of resources that KubeFed does not propagate yet, and note them for :meth:`enable`.

        :raises InvalidOption: when one cannot be enabled, with all reasons.
        """
        problems: list[str] = []
        seen: set[tuple[str, str]] = set()
        for manifest in manifests:
            asked = (manifest["apiVersion"], manifest["kind"])
            if asked in seen:
                continue
            seen.add(asked)
            group, _slash, version = manifest["apiVersion"].rpartition("/")
            kind = manifest["kind"]
            if self.propagates(group, kind):
                continue
            resource = self._served_as(group, version, kind)
            if resource is None:
                problems.append(f"{kind} ({manifest['apiVersion']}) is no type that {self._host.label} serves.")
                continue
            problem = self.obstacle(resource)
            if problem:
                problems.append(problem)
            else:
                self.add(resource)
        if problems:
            raise InvalidOption("enable_types: " + " ".join(problems))

    def add(self, resource: ApiResource) -> None:
        """Note a type for :meth:`enable`; from now on it counts as known."""
        self._missing[resource.name] = resource
        self.known = [type_ for type_ in self.known if type_.name != resource.name]
        self.known.append(read_type(type_config(resource, self._namespace)))

    def obstacle(self, resource: ApiResource) -> str:
        """Why a type cannot be enabled, or an empty string."""
        return self._obstacles.of(resource)

    def preferred(self) -> list[ApiResource]:
        """All types that the host serves, each in the version that it prefers, core types first."""
        return self._served.preferred()

    def enable(self, *, waiter: Waiter, check_mode: bool, changes: Changes) -> None:
        """Make KubeFed propagate the types that were noted, and wait until it does."""
        enabling = Enabling(self._host, self._namespace, waiter, check_mode, changes)
        enabling.enable(list(self._missing.values()))
        self._missing = {}


def _is_meant(type_: FederatedType, group: str, kind: str) -> bool:
    """Whether group and kind name a type, or its federated type."""
    if group == FEDERATED_GROUP:
        return type_.federated_kind == kind
    return (type_.group, type_.kind) == (group, kind)


__all__ = ("Types",)
