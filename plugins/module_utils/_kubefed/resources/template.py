# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Turns manifests into federated objects. Pure functions.

Source: pkg/kubefedctl/federate and, for names, pkg/controller/sync/{accessor,resource}.go of KubeFed v0.10.0.
"""

from __future__ import annotations

import copy
import typing as t

from ..._kube.objects import Object
from ..._runtime.errors import InvalidOption
from ..api import FEDERATED_GROUP
from ..kinds import rules_for, rules_of
from ..types.model import FederatedType, not_enabled
from .model import SYSTEM_NAMESPACES, DesiredObject
from .overrides import ANNOTATIONS_PATH, Overrides, check_overrides_of, merge_overrides, overrides_for
from .placement import Placement

# Annotations that tools and controllers leave on objects: about the object they were found on alone
_LOCAL_ANNOTATIONS = ("kubectl.kubernetes.io/", "deployment.kubernetes.io/", "deprecated.daemonset.template.")


def desired_object(
    manifest: Object,
    types: t.Sequence[FederatedType],
    *,
    namespace: str | None,
    placement: Placement | None,
    overrides: Overrides | None = None,
) -> DesiredObject:
    """Turn a plain or federated resource into the desired federated one.

    :param namespace: for a resource that names none.
    :param placement: for a plain resource, and for a federated one without a placement.
    :param overrides: see :func:`check_overrides`; those for this resource are added to its own.
    :raises InvalidOption: when KubeFed would reject or ignore it.
    """
    group = manifest["apiVersion"].rpartition("/")[0]
    make = _from_federated if group == FEDERATED_GROUP else _from_plain
    result = make(manifest, types, namespace=namespace, placement=placement)
    more = overrides_for(result, overrides or {})
    if more:
        result.spec["overrides"] = merge_overrides(result.spec.get("overrides") or [], more)
    return _checked(result)


def _from_plain(
    manifest: Object, types: t.Sequence[FederatedType], *, namespace: str | None, placement: Placement | None
) -> DesiredObject:
    type_ = _type_of(manifest, types)
    metadata = manifest["metadata"]
    name = metadata["name"]
    inside = name if type_.is_namespace else (metadata.get("namespace") or namespace or "")
    if not type_.federated_namespaced:
        inside = ""
    elif not inside:
        raise InvalidOption(f"{type_.kind} {name} has no namespace: set metadata.namespace or the option namespace.")
    warnings: list[str] = []
    spec: Object = {"template": template(manifest, warnings)}
    if placement is not None:
        spec["placement"] = copy.deepcopy(placement.spec)
    result = DesiredObject(type_, inside, name, spec, warnings=warnings)
    annotations = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if not key.startswith(_LOCAL_ANNOTATIONS)
    }
    if annotations and rules_of(type_).annotated_by_controller:
        result.warnings.append(
            f"The annotations of {type_.kind} {name} stay behind ({', '.join(sorted(annotations))}): KubeFed can only"
            f" replace all annotations of an object, and a {type_.kind}'s controller writes some of its own."
        )
    elif annotations and placement is not None and placement.clusters:
        spec["overrides"] = [
            {
                "clusterName": cluster,
                "clusterOverrides": [{"op": "add", "path": ANNOTATIONS_PATH, "value": annotations}],
            }
            for cluster in placement.clusters
        ]
    return result


def _type_of(manifest: Object, types: t.Sequence[FederatedType]) -> FederatedType:
    group, _slash, version = manifest["apiVersion"].rpartition("/")
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    for type_ in types:
        if (type_.group, type_.kind) != (group, kind):
            continue
        if type_.version != version:
            raise InvalidOption(
                f"{kind} {name} has apiVersion {manifest['apiVersion']}, but KubeFed propagates the type as"
                f" {type_.version}: write it in that version."
            )
        return _propagating(type_)
    raise InvalidOption(not_enabled(kind, name, f"{kind.lower()}s{'.' + group if group else ''}", types))


def _propagating(type_: FederatedType) -> FederatedType:
    if not type_.propagating:
        raise InvalidOption(
            f"KubeFed does not propagate {type_.name}: its FederatedTypeConfig has propagation Disabled."
            f" Set enable_types, or enable it with: kubefedctl enable {type_.name}"
        )
    return type_


def template(manifest: Object, warnings: list[str] | None = None) -> Object:
    """The template of a plain resource: all of it except what is specific to one object.

    As kubefedctl does it (FederatedResourceFromTargetResource, RemoveUnwantedFields), but for the node ports of a
    Service that was written by hand, which are kept.

    :param warnings: gets what somebody may miss.
    """
    body = copy.deepcopy(manifest)
    for field_name in ("apiVersion", "kind", "status"):
        body.pop(field_name, None)
    metadata = body.pop("metadata", None) or {}
    if metadata.get("labels"):
        body["metadata"] = {"labels": metadata["labels"]}
    kind = manifest["kind"]
    missed = rules_for(manifest["apiVersion"].rpartition("/")[0], kind).strip(body, manifest)
    if missed and warnings is not None:
        warnings.append(
            f"{kind} {metadata.get('name')}: {', '.join(missed)} is left out, as each cluster gives its own."
        )
    return body


def namespace_manifest(name: str, labels: t.Mapping[str, str] | None = None) -> Object:
    """A plain namespace."""
    metadata: Object = {"name": name}
    if labels:
        metadata["labels"] = dict(labels)
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _from_federated(
    manifest: Object, types: t.Sequence[FederatedType], *, namespace: str | None, placement: Placement | None
) -> DesiredObject:
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    type_ = next((found for found in types if found.federated_kind == kind), None)
    if type_ is None:
        raise InvalidOption(not_enabled(kind, name, f"{kind.replace('Federated', '', 1).lower()}s", types))
    metadata = manifest["metadata"]
    inside = (metadata.get("namespace") or namespace or "") if type_.federated_namespaced else ""
    if type_.federated_namespaced and not inside:
        raise InvalidOption(f"{kind} {name} has no namespace: set metadata.namespace or the option namespace.")
    spec = copy.deepcopy(manifest.get("spec") or {})
    if placement is not None:
        if spec.get("placement") not in (None, placement.spec):
            raise InvalidOption(
                f"{kind} {inside}/{name} has its own placement: remove the options placement and cluster_selector."
            )
        spec["placement"] = copy.deepcopy(placement.spec)
    result = DesiredObject(
        _propagating(type_),
        inside,
        name,
        spec,
        labels=dict(metadata.get("labels") or {}),
        annotations={
            key: value
            for key, value in (metadata.get("annotations") or {}).items()
            if not key.startswith(_LOCAL_ANNOTATIONS)
        },
    )
    for collection in ("annotations", "finalizers"):
        if ((spec.get("template") or {}).get("metadata") or {}).get(collection):
            result.warnings.append(
                f"{result.title}: KubeFed ignores spec.template.metadata.{collection}; use an override with"
                f" path /metadata/{collection}."
            )
    return result


def _checked(result: DesiredObject) -> DesiredObject:
    check_overrides_of(result)
    if result.type.is_namespace:
        if result.name != result.namespace:
            raise InvalidOption(
                f"{result.type.federated_kind} {result.name} is in namespace {result.namespace}. The name of a"
                " federated namespace must match the name of its containing namespace, or KubeFed ignores it:"
                f" name it {result.namespace}."
            )
        if result.name in SYSTEM_NAMESPACES:
            raise InvalidOption(f"Namespace {result.name} cannot be federated: KubeFed never propagates it.")
    return result


__all__ = (
    "desired_object",
    "namespace_manifest",
    "template",
)
