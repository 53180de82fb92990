# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Enables types in KubeFed: checks what prevents it, writes the objects, and waits."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..._kube.client import Client
from ..._kube.diff import Changes, differences
from ..._kube.objects import Object
from ..._kube.paths import resource_path, version_path
from ..._runtime.errors import FederationError
from ..._runtime.wait import PollResult, Waiter
from .. import host as kubefed
from ..api import CORE_GROUP, CORE_VERSION, FEDERATED_GROUP, FEDERATED_VERSION
from ..members import Members
from .manifests import custom_resource_definition, equivalent, scalable, taken_by, type_config
from .served import ApiResource, ServedTypes

CRDS = ("apiextensions.k8s.io", "v1", "customresourcedefinitions")
_REVIEWS = ("authorization.k8s.io", "v1", "selfsubjectaccessreviews")


def is_scalable(host: Client, resource: ApiResource) -> bool:
    """Whether a type has an integer ``spec.replicas`` which an autoscaler could set."""
    openapi = host.get(f"/openapi/v3{version_path(resource.group, resource.version)}")
    return scalable(openapi or {}, resource)


# -- plan -------------------------------------------------------------------------------------------------------------


class Obstacles:
    """Reasons why types cannot be enabled.

    :param configs: the FederatedTypeConfigs.
    :param namespace: KubeFed's, on the host and in the members.
    :param scope: ``Cluster`` or ``Namespaced``, from the KubeFedConfig.
    """

    def __init__(self, configs: t.Sequence[Object], members: Members, *, namespace: str, scope: str) -> None:
        self._configs = configs
        self._members = members
        self._namespace = namespace
        self._scope = scope
        self._served: dict[str, ServedTypes] = {}

    def of(self, resource: ApiResource) -> str:
        """Why a type cannot be enabled, or an empty string.

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
            found = self._types_of(member).find(resource.group, resource.version, resource.kind)
        except FederationError as error:
            raise FederationError(
                f"It is unknown whether {member} serves {resource.name}: {error.message} A type that a member lacks "
                "makes"
                " KubeFed's controller crash: make the cluster reachable, or remove it from the federation, and run "
                "this again."
            ) from error
        return found is not None and found.namespaced == resource.namespaced

    def _types_of(self, member: str) -> ServedTypes:
        if member not in self._served:
            self._served[member] = ServedTypes(self._members.client(member))
        return self._served[member]


# -- write ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Enabling:
    """How types are enabled on the host.

    :ivar namespace: KubeFed's.
    :ivar check_mode: write nothing, but record what would be written.
    """

    host: Client
    namespace: str
    waiter: Waiter
    check_mode: bool
    changes: Changes

    def enable(self, resources: t.Sequence[ApiResource]) -> None:
        """Make KubeFed propagate types, and wait until it does."""
        for resource in resources:
            definition = custom_resource_definition(resource, scalable=is_scalable(self.host, resource))
            path = resource_path(*CRDS, name=definition["metadata"]["name"])
            self._write(path, definition)
            if not self.check_mode:
                self._wait_served(resource, path)
            self._write(self._config_path(resource), type_config(resource, self.namespace))
        if resources and not self.check_mode:
            self._wait_running({resource.name for resource in resources})

    def _config_path(self, resource: ApiResource) -> str:
        return resource_path(
            CORE_GROUP, CORE_VERSION, "federatedtypeconfigs", namespace=self.namespace, name=resource.name
        )

    def _write(self, path: str, manifest: Object) -> None:
        title = f"{manifest['kind']} {manifest['metadata']['name']}"
        found = self.host.get(path)
        if found is None:
            # Not its schema, which is long and always the same
            shown = {key: value for key, value in manifest["spec"].items() if key != "versions"}
            self.changes.record(title, None, {"spec": shown})
            if not self.check_mode:
                collection = path.rpartition("/")[0]
                kubefed.through_webhook(self.waiter, lambda: self.host.create(collection, manifest))
            return
        if manifest["kind"] == "CustomResourceDefinition":
            # It may be newer than ours, and hold objects
            return
        patch = differences(found, manifest, exact=())
        if patch:
            self.changes.record(title, {"spec": found["spec"]}, {"spec": {**found["spec"], **patch["spec"]}})
            if not self.check_mode:
                kubefed.through_webhook(self.waiter, lambda: self.host.patch(path, patch))

    # -- wait --

    def _wait_served(self, resource: ApiResource, path: str) -> None:
        plural = f"federated{resource.plural}"

        def poll() -> PollResult:
            for condition in ((self.host.get(path) or {}).get("status") or {}).get("conditions") or []:
                if condition["type"] == "NamesAccepted" and condition["status"] == "False":
                    raise FederationError(f"{plural}: {condition.get('message')}")
                if condition["type"] == "Established" and condition["status"] == "True":
                    break
            else:
                return PollResult(False, "not established yet")
            served = self.host.get(version_path(FEDERATED_GROUP, FEDERATED_VERSION)) or {}
            return PollResult(plural in [entry["name"] for entry in served.get("resources") or []], "not served yet")

        self.waiter.until(f"the type {plural}", poll, sleep=1)

    def _wait_running(self, names: t.Collection[str]) -> None:
        def poll() -> PollResult:
            waiting = []
            for config in kubefed.type_configs(self.host, self.namespace):
                status = config.get("status") or {}
                if config["metadata"]["name"] in names and (
                    status.get("observedGeneration") != config["metadata"].get("generation")
                    or status.get("propagationController") != "Running"
                ):
                    waiting.append(f"{config['metadata']['name']}: {status.get('propagationController') or 'not seen'}")
            return PollResult(not waiting, "; ".join(waiting))

        self.waiter.until("KubeFed's controllers of the enabled types", poll, sleep=1)


__all__ = ("CRDS", "Enabling", "Obstacles", "is_scalable")
