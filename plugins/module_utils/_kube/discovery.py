# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Lists the objects in a namespace, of all types that the API server serves."""

from __future__ import annotations

import typing as t

from .client import Client
from .errors import ApiError
from .objects import Object
from .parallel import each
from .paths import resource_path, version_path

# All types in two answers, since Kubernetes 1.26; older servers answer with the list of groups alone:
# https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery
_AGGREGATED = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")
)
# Nobody has created these: they come and go by themselves
_PASSING = {("", "events"), ("events.k8s.io", "events"), ("metrics.k8s.io", "pods")}


class Type(t.NamedTuple):
    """A type of namespaced objects that can be listed."""

    group: str
    version: str
    plural: str


def namespaced_types(client: Client) -> list[Type]:
    """All types whose objects live in namespaces, each in its preferred version."""
    found: list[Type] = []
    for path in ("/api", "/apis"):
        answer = client.request("GET", path, accept=f"{_AGGREGATED},application/json")
        if answer.get("kind") == "APIGroupDiscoveryList":
            found += from_aggregated(answer)
        else:
            paths = [("", "v1")] if path == "/api" else _preferred(answer)
            for (group, version), resources in zip(paths, each(lambda gv: _resources(client, *gv), paths)):
                found += from_list(group, version, resources)
    return [type_ for type_ in found if (type_.group, type_.plural) not in _PASSING]


def from_aggregated(answer: Object) -> list[Type]:
    """The types in an APIGroupDiscoveryList, without those of an API server that does not answer at the moment."""
    found = []
    for group in answer.get("items") or []:
        seen = set()
        # The preferred version comes first
        for version in group.get("versions") or []:
            for resource in version.get("resources") or []:
                plural = resource["resource"]
                if plural in seen or resource.get("scope") != "Namespaced" or "list" not in (resource["verbs"] or []):
                    continue
                seen.add(plural)
                found.append(Type(group["metadata"].get("name") or "", version["version"], plural))
    return found


def from_list(group: str, version: str, resources: t.Iterable[Object]) -> list[Type]:
    """The types in an APIResourceList."""
    return [
        Type(group, version, resource["name"])
        for resource in resources
        if resource.get("namespaced") and "/" not in resource["name"] and "list" in (resource.get("verbs") or [])
    ]


def namespace_objects(client: Client, namespace: str) -> dict[Type, list[Object]]:
    """Metadata of all objects in a namespace, by type.

    :raises ApiError: a type cannot be listed, so that there may be objects which are not seen.
    """
    types = namespaced_types(client)

    def look(type_: Type) -> list[Object]:
        path = resource_path(type_.group, type_.version, type_.plural, namespace=namespace)
        try:
            return client.list(path, metadata_only=True)
        except ApiError as error:
            if error.status == 406:
                # An API server beside the cluster's own, which does not strip objects
                return client.list(path)
            # Some types say that they can be listed and reject it; an API server that is down is answered for with 503
            if error.status in (405, 503):
                return []
            raise

    return dict(zip(types, each(look, types)))


def _preferred(answer: Object) -> list[tuple[str, str]]:
    return [(group["name"], group["preferredVersion"]["version"]) for group in answer.get("groups") or []]


def _resources(client: Client, group: str, version: str) -> list[Object]:
    try:
        return client.request("GET", version_path(group, version)).get("resources") or []
    except ApiError as error:
        if error.status in (404, 503):
            return []
        raise


__all__ = ("Type", "from_aggregated", "from_list", "namespace_objects", "namespaced_types")
