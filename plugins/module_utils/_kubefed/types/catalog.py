# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The types that KubeFed propagates, and those that it is to propagate from now on."""

from __future__ import annotations

import typing as t

from ..._kube.client import Client
from ..._kube.diff import Changes, differences
from ..._kube.errors import ApiError
from ..._kube.objects import Object
from ..._kube.parallel import each
from ..._kube.paths import resource_path, version_path
from ..._runtime.errors import FederationError, InvalidOption
from ..._runtime.wait import PollResult, Waiter
from .. import host as kubefed
from ..api import CORE_GROUP, CORE_VERSION, FEDERATED_GROUP
from ..kinds import rules_of
from ..members import Members
from .enabling import (
    ApiResource,
    api_resources,
    custom_resource_definition,
    equivalent,
    retains_replicas,
    scalable,
    taken_by,
    type_config,
)
from .model import FederatedType, not_enabled, read_type

_REVIEWS = ("authorization.k8s.io", "v1", "selfsubjectaccessreviews")
_CRDS = ("apiextensions.k8s.io", "v1", "customresourcedefinitions")


class Types:
    """The types of a federation.

    :param host: the cluster that KubeFed runs on.
    :param namespace: KubeFed's namespace there.
    :param scope: ``Cluster`` or ``Namespaced``, from the KubeFedConfig.
    """

    def __init__(self, host: Client, namespace: str, members: Members, *, scope: str) -> None:
        self._host = host
        self._scope = scope
        self._namespace = namespace
        self._members = members
        self._configs = kubefed.type_configs(host, namespace)
        self._served: dict[tuple[str, str], list[ApiResource] | None] = {}
        self._missing: dict[str, ApiResource] = {}
        self.known = [read_type(config) for config in self._configs]

    def propagates(self, group: str, kind: str) -> bool:
        """Whether KubeFed propagates a type already."""
        return any((type_.group, type_.kind) == (group, kind) and type_.propagating for type_ in self.known)

    def retains_replicas(self, type_: FederatedType) -> bool:
        """Whether federated objects of a type can be told to leave alone the replicas that a cluster has."""
        if rules_of(type_).retains_replicas:
            return True
        resource = self._missing.get(type_.name)
        if resource is not None:
            return self._is_scalable(resource)
        definition = self._host.get(resource_path(*_CRDS, name=f"{type_.federated_plural}.{type_.federated_group}"))
        return definition is not None and retains_replicas(definition, type_.federated_version)

    def _is_scalable(self, resource: ApiResource) -> bool:
        openapi = self._host.get(f"/openapi/v3{version_path(resource.group, resource.version)}")
        return scalable(openapi or {}, resource)

    def require(self, manifests: t.Iterable[Object]) -> None:
        """Refuse resources of types that KubeFed does not know, and name what would enable them.

        :raises InvalidOption: for the first such resource.
        """
        for manifest in manifests:
            group, _slash, version = manifest["apiVersion"].rpartition("/")
            kind = manifest["kind"]
            if group == FEDERATED_GROUP:
                known = any(type_.federated_kind == kind for type_ in self.known)
            else:
                known = any((type_.group, type_.kind) == (group, kind) for type_ in self.known)
            if known:
                continue
            if group == FEDERATED_GROUP:
                resource = self._by_kind(kind.replace("Federated", "", 1))
            else:
                resource = self._by_version(self._host, group, version, kind)
            name = manifest["metadata"]["name"]
            if resource is None:
                raise InvalidOption(
                    f"{kind} {name}: {manifest['apiVersion']} {kind} is no type that KubeFed or"
                    f" {self._host.label} knows. Correct apiVersion or kind, or install what serves it."
                )
            raise InvalidOption(not_enabled(kind, name, resource.name, self.known))

    def look_up(self, manifests: t.Iterable[Object]) -> None:
        """Find the types of resources that KubeFed does not propagate yet, and note them for :meth:`enable`.

        :raises InvalidOption: when one can't be enabled, with all reasons.
        """
        problems: list[str] = []
        seen: set[tuple[str, str]] = set()
        for manifest in manifests:
            asked = (manifest["apiVersion"], manifest["kind"])
            if asked in seen:
                continue
            seen.add(asked)
            group, _slash, version = asked[0].rpartition("/")
            if group == FEDERATED_GROUP:
                if any(type_.federated_kind == asked[1] and type_.propagating for type_ in self.known):
                    continue
                resource = self._by_kind(asked[1].replace("Federated", "", 1))
            elif self.propagates(group, asked[1]):
                continue
            else:
                resource = self._by_version(self._host, group, version, asked[1])
            if resource is None:
                problems.append(f"{asked[1]} ({asked[0]}) is no type that {self._host.label} serves.")
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
        """Why a type can not be enabled, or an empty string.

        KubeFed waits for the type in all members, and its whole controller manager ends after five minutes when one
        does not serve it (reconcile() in pkg/controller/sync/controller.go).
        """
        other = equivalent(resource, self._configs)
        if other:
            return f"{resource.name} {resource.version} is the same as {other}, which KubeFed propagates already."
        other = taken_by(resource, self._configs)
        if other:
            return f"{resource.name} would get the federated type that {other} has."
        if self._scope == "Namespaced" and not resource.namespaced:
            return f"{resource.name} are cluster-scoped, and this federation has scope Namespaced."
        lacking = [name for name in sorted(self._members.labels) if not self._served_by(name, resource)]
        if lacking:
            return (
                f"{', '.join(lacking)} does not serve {resource.name} {resource.version}, and a type that a member"
                " lacks makes KubeFed's controller crash: install it there first."
            )
        barred = [name for name in sorted(self._members.labels) if not self._watched_in(name, resource)]
        if barred:
            return (
                f"KubeFed may not watch {resource.name} in {', '.join(barred)}, and a type that it may not watch makes"
                f" its controller crash: join {', '.join(barred)} again, with {resource.name} among the types of"
                " kubefed_join, or with rights=all."
            )
        return ""

    def _watched_in(self, member: str, resource: ApiResource) -> bool:
        """Whether KubeFed's own rights in a member are enough for its informer."""
        attributes = {"verb": "watch", "group": resource.group, "resource": resource.plural}
        if self._scope == "Namespaced":
            attributes["namespace"] = self._namespace
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        review = self._members.client(member).create(resource_path(*_REVIEWS), body)
        return (review.get("status") or {}).get("allowed") is True

    def _served_by(self, member: str, resource: ApiResource) -> bool:
        try:
            found = self._by_version(self._members.client(member), resource.group, resource.version, resource.kind)
        except FederationError as error:
            raise FederationError(
                f"Not known whether {member} serves {resource.name}: {error.message} A type that a member lacks makes"
                " KubeFed's controller crash: make the cluster answer, or let it leave the federation, and run again."
            ) from error
        return found is not None and found.namespaced == resource.namespaced

    def _by_version(self, client: Client, group: str, version: str, kind: str) -> ApiResource | None:
        place = (client.label, f"{group}/{version}")
        if place not in self._served:
            answer = client.get(version_path(group, version))
            self._served[place] = None if answer is None else api_resources(answer)
        return next((found for found in self._served[place] or [] if found.kind == kind), None)

    def _by_kind(self, kind: str) -> ApiResource | None:
        found = [resource for resource in self.preferred() if resource.kind == kind]
        # As kubefedctl does it, a core type is meant before any other
        if len(found) > 1 and found[0].group:
            names = ", ".join(sorted(resource.name for resource in found))
            raise InvalidOption(f"Federated{kind} may be of {names}: enable the right one first.")
        return found[0] if found else None

    def preferred(self) -> list[ApiResource]:
        """All types that the host serves, each in the version that it prefers, core types first."""
        groups = (self._host.get("/apis") or {}).get("groups") or []
        versions = [group["preferredVersion"]["groupVersion"].partition("/") for group in groups]
        paths = ["/api/v1", *(version_path(group, version) for group, _slash, version in versions)]
        answers = each(self._get_served, paths)
        return [resource for answer in answers if answer is not None for resource in api_resources(answer)]

    def _get_served(self, path: str) -> Object | None:
        try:
            return self._host.get(path)
        except ApiError as error:
            if error.status == 503:
                # An aggregated API without its server, such as a metrics server that is down
                return None
            raise

    def enable(self, *, waiter: Waiter, check_mode: bool, changes: Changes) -> None:
        """Make KubeFed propagate the types that were noted, and wait until it does."""
        for resource in self._missing.values():
            definition = custom_resource_definition(resource, scalable=self._is_scalable(resource))
            config = type_config(resource, self._namespace)
            paths = (
                resource_path(*_CRDS, name=definition["metadata"]["name"]),
                resource_path(
                    CORE_GROUP, CORE_VERSION, "federatedtypeconfigs", namespace=self._namespace, name=resource.name
                ),
            )
            for path, manifest in zip(paths, (definition, config), strict=True):
                self._write(path, manifest, waiter=waiter, check_mode=check_mode, changes=changes)
                if not check_mode and manifest is definition:
                    self._wait_served(resource, path, waiter)
        if not check_mode and self._missing:
            self._wait_running(waiter)
        self._missing = {}

    def _write(self, path: str, manifest: Object, *, waiter: Waiter, check_mode: bool, changes: Changes) -> None:
        title = f"{manifest['kind']} {manifest['metadata']['name']}"
        found = self._host.get(path)
        if found is None:
            # Not its schema, which is long and always the same
            shown = {key: value for key, value in manifest["spec"].items() if key != "versions"}
            changes.record(title, None, {"spec": shown})
            if not check_mode:
                collection = path.rpartition("/")[0]
                kubefed.through_webhook(waiter, lambda: self._host.create(collection, manifest))
            return
        if manifest["kind"] == "CustomResourceDefinition":
            # It may be newer than ours, and hold objects
            return
        patch = differences(found, manifest, exact=())
        if patch:
            changes.record(title, {"spec": found["spec"]}, {"spec": {**found["spec"], **patch["spec"]}})
            if not check_mode:
                kubefed.through_webhook(waiter, lambda: self._host.patch(path, patch))

    def _wait_served(self, resource: ApiResource, path: str, waiter: Waiter) -> None:
        plural = f"federated{resource.plural}"

        def poll() -> PollResult:
            for condition in ((self._host.get(path) or {}).get("status") or {}).get("conditions") or []:
                if condition["type"] == "NamesAccepted" and condition["status"] == "False":
                    raise FederationError(f"{plural}: {condition.get('message')}")
                if condition["type"] == "Established" and condition["status"] == "True":
                    break
            else:
                return PollResult(False, "not established yet")
            version = type_config(resource, "")["spec"]["federatedType"]["version"]
            served = self._host.get(version_path(FEDERATED_GROUP, version)) or {}
            return PollResult(plural in [entry["name"] for entry in served.get("resources") or []], "not served yet")

        waiter.until(f"the type {plural}", poll, sleep=1)

    def _wait_running(self, waiter: Waiter) -> None:
        def poll() -> PollResult:
            waiting = []
            for config in kubefed.type_configs(self._host, self._namespace):
                status = config.get("status") or {}
                if config["metadata"]["name"] in self._missing and (
                    status.get("observedGeneration") != config["metadata"].get("generation")
                    or status.get("propagationController") != "Running"
                ):
                    waiting.append(f"{config['metadata']['name']}: {status.get('propagationController') or 'not seen'}")
            return PollResult(not waiting, "; ".join(waiting))

        waiter.until("KubeFed's controllers of the enabled types", poll, sleep=1)


__all__ = ("Types",)
