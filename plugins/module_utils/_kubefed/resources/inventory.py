# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Reads a namespace of the host cluster, and sorts its objects into those to federate and the others."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ..._kube.client import Client
from ..._kube.objects import Object
from ..._kube.parallel import each
from ..._kube.paths import resource_path
from ..._runtime.errors import InvalidOption
from ..api import path_of
from ..kinds import NAMESPACE, VOLUME_CLAIM, rules_of
from ..types.catalog import Types
from ..types.model import FederatedType
from ..types.served import ApiResource
from . import selection
from .conflicts import other_writer
from .template import namespace_manifest


@dataclass
class Inventory:
    """The contents of a namespace.

    :ivar manifests: what will be federated, the Namespace first.
    :ivar federated: what is federated already, by type and name.
    :ivar left_out: kind, name and reason of what is not federated.
    :ivar warnings: what will nevertheless differ between the clusters.
    """

    manifests: list[Object] = field(default_factory=list)
    federated: list[tuple[FederatedType, str]] = field(default_factory=list)
    left_out: list[Object] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class _Listing(t.NamedTuple):
    """The objects of one type in the namespace.

    :ivar type: the type as KubeFed propagates it; ``None`` where it does not.
    :ivar stays: why no object of the type is taken, or an empty string; then ``objects`` are only their metadata.
    """

    resource: ApiResource
    type: FederatedType | None
    stays: str
    objects: list[Object]


def collect(
    host: Client,
    namespace: str,
    types: Types,
    federated: t.Callable[[FederatedType], t.Collection[str]],
    *,
    enable: bool,
) -> Inventory:
    """Read all objects of a namespace, with one list call for each type.

    :param federated: gives the names of what is federated of a type in that namespace.
    :param enable: whether to note types that KubeFed does not propagate yet in ``types``.
    :raises InvalidOption: the namespace does not exist.
    """
    own = host.get(path_of("Namespace", None, namespace))
    if own is None or own["metadata"].get("deletionTimestamp"):
        raise InvalidOption(f"contents: {host.label} has no namespace {namespace}.")
    known = {(type_.group, type_.kind): type_ for type_ in types.known if type_.propagating}
    if NAMESPACE not in known:
        raise InvalidOption("contents: KubeFed does not propagate namespaces: enable namespaces first.")
    result = Inventory()
    taken: list[Object] = []
    claims: set[str] = set()
    for listing in _listings(host, namespace, types, known):
        resource, type_ = listing.resource, listing.type
        if (resource.group, resource.kind) == VOLUME_CLAIM:
            claims = {found["metadata"]["name"] for found in listing.objects}
        fit = _sort(listing, federated(type_) if type_ else (), result)
        obstacle = "" if type_ or not fit else _obstacle(types, resource, enable)
        if obstacle:
            result.left_out += [_left_out(resource, found, obstacle) for found in fit]
            continue
        if fit and not type_:
            types.add(resource)
        version = f"{type_.group}/{type_.version}".lstrip("/") if type_ else resource.api_version
        taken += [selection.manifest(version, resource.kind, found) for found in fit]
    if namespace not in federated(known[NAMESPACE]):
        result.manifests.append(namespace_manifest(namespace))
    else:
        result.federated.append((known[NAMESPACE], namespace))
    result.manifests += taken
    result.warnings = selection.warnings(taken, claims)
    return result


def _listings(
    host: Client, namespace: str, types: Types, known: t.Mapping[tuple[str, str], FederatedType]
) -> list[_Listing]:
    def read(resource: ApiResource) -> _Listing:
        type_ = known.get((resource.group, resource.kind))
        stays = selection.type_stays(resource, propagated=type_ is not None)
        path = (
            type_.target_path(namespace)
            if type_
            else resource_path(resource.group, resource.version, resource.plural, namespace=namespace)
        )
        return _Listing(resource, type_, stays, host.list(path, metadata_only=bool(stays)))

    return each(read, [resource for resource in types.preferred() if not selection.is_bookkeeping(resource)])


def _sort(listing: _Listing, federated: t.Collection[str], result: Inventory) -> list[Object]:
    """Note in the result what is federated already and what is left out.

    :param federated: names of what is federated of the type.
    :returns: the objects that can be taken.
    """
    resource = listing.resource
    rules = rules_of(resource)
    fit: list[Object] = []
    for found in listing.objects:
        name = found["metadata"]["name"]
        if listing.type and name in federated:
            result.federated.append((listing.type, name))
            continue
        annotations = found["metadata"].get("annotations") or {}
        reason = (
            selection.object_stays(rules, found)
            or listing.stays
            or other_writer(resource.group, resource.kind, name, found, annotations)
        )
        if reason:
            result.left_out.append(_left_out(resource, found, reason))
        else:
            fit.append(found)
    return fit


def _left_out(resource: ApiResource, found: Object, reason: str) -> Object:
    return {"kind": resource.kind, "name": found["metadata"]["name"], "reason": reason}


def _obstacle(types: Types, resource: ApiResource, enable: bool) -> str:
    if not enable:
        return f"KubeFed does not propagate {resource.name}: set enable_types"
    return types.obstacle(resource)


__all__ = ("Inventory", "collect")
