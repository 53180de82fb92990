# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Manifests that make KubeFed propagate a type, as ``kubefedctl enable`` v0.10.0 creates them.

Pure functions; the source is pkg/kubefedctl/enable: enable.go, validation.go, deprecatedapis.go and util.go.
"""

from __future__ import annotations

import typing as t

from ..._kube.objects import Object
from ..api import CORE_GROUP, CORE_VERSION, FEDERATED_GROUP, FEDERATED_VERSION
from ..kinds import equivalent_versions
from .served import ApiResource

_STRING: Object = {"type": "string"}
_ANYTHING: Object = {"x-kubernetes-preserve-unknown-fields": True}


def type_config(resource: ApiResource, namespace: str) -> Object:
    """The FederatedTypeConfig of a type (GenerateTypeConfigForTarget).

    :param namespace: KubeFed's.
    """
    scope = "Namespaced" if resource.namespaced else "Cluster"
    target: Object = {"kind": resource.kind, "pluralName": resource.plural, "scope": scope, "version": resource.version}
    if resource.group:
        target["group"] = resource.group
    return {
        "apiVersion": f"{CORE_GROUP}/{CORE_VERSION}",
        "kind": "FederatedTypeConfig",
        "metadata": {"name": resource.name, "namespace": namespace},
        "spec": {
            "federatedType": {
                "group": FEDERATED_GROUP,
                "kind": f"Federated{resource.kind}",
                "pluralName": f"federated{resource.plural}",
                # FederatedNamespace is namespaced, so that it can be had with rights in one namespace alone
                "scope": "Namespaced" if resource.name == "namespaces" else scope,
                "version": FEDERATED_VERSION,
            },
            "propagation": "Enabled",
            "targetType": target,
        },
    }


def custom_resource_definition(resource: ApiResource, *, scalable: bool) -> Object:
    """The CustomResourceDefinition of the federated type (federatedTypeCRD).

    :param scalable: whether the type has an integer ``spec.replicas``, see :func:`scalable`.
    """
    federated = type_config(resource, "")["spec"]["federatedType"]
    names: Object = {"kind": federated["kind"], "plural": federated["pluralName"]}
    if resource.short_names:
        names["shortNames"] = [f"f{name}" for name in resource.short_names]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{federated['pluralName']}.{federated['group']}"},
        "spec": {
            "group": federated["group"],
            "names": names,
            "scope": federated["scope"],
            "versions": [
                {
                    "name": federated["version"],
                    "schema": {"openAPIV3Schema": _schema(scalable)},
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                }
            ],
        },
    }


def _object(required: t.Sequence[str] = (), **properties: Object) -> Object:
    made: Object = {"type": "object", "properties": properties}
    if required:
        made["required"] = list(required)
    return made


def _array(items: Object) -> Object:
    return {"type": "array", "items": items}


def _schema(scalable_: bool) -> Object:
    time: Object = {"type": "string", "format": "date-time"}
    override = _object(
        ["path"],
        op={"type": "string", "pattern": "^(add|remove|replace)?$"},
        path=_STRING,
        value=_ANYTHING,
    )
    expression = _object(["key", "operator"], key=_STRING, operator=_STRING, values=_array(_STRING))
    spec = _object(
        placement=_object(
            clusters=_array(_object(["name"], name=_STRING)),
            clusterSelector=_object(
                matchExpressions=_array(expression),
                matchLabels={"type": "object", "additionalProperties": _STRING},
            ),
        ),
        overrides=_array(_object(clusterName=_STRING, clusterOverrides=_array(override))),
        template={"type": "object", **_ANYTHING},
    )
    if scalable_:
        spec["properties"]["retainReplicas"] = {"type": "boolean"}
    condition = _object(
        ["type", "status"],
        type=_STRING,
        status=_STRING,
        reason=_STRING,
        lastUpdateTime=time,
        lastTransitionTime=time,
    )
    status = _object(
        conditions=_array(condition),
        clusters=_array(_object(["name"], name=_STRING, status=_STRING, remoteStatus={"type": "object", **_ANYTHING})),
        observedGeneration={"type": "integer", "format": "int64"},
    )
    return _object(["spec"], apiVersion=_STRING, kind=_STRING, metadata={"type": "object"}, spec=spec, status=status)


def scalable(openapi: Object, resource: ApiResource) -> bool:
    """Whether a type has an integer ``spec.replicas`` which an autoscaler could set.

    :param openapi: the OpenAPI v3 document of the type's group and version.
    """
    schemas = (openapi.get("components") or {}).get("schemas") or {}
    wanted = {"group": resource.group, "kind": resource.kind, "version": resource.version}
    for schema in schemas.values():
        if wanted in (schema.get("x-kubernetes-group-version-kind") or []):
            spec = _followed((schema.get("properties") or {}).get("spec") or {}, schemas)
            replicas = _followed((spec.get("properties") or {}).get("replicas") or {}, schemas)
            return (replicas.get("type"), replicas.get("format")) == ("integer", "int32")
    return False


def _followed(schema: Object, schemas: Object) -> Object:
    """A schema, or what it refers to; fields with a default wrap the reference in allOf."""
    references = [schema, *(schema.get("allOf") or [])]
    for entry in references:
        if "$ref" in entry:
            return t.cast(Object, schemas.get(entry["$ref"].rpartition("/")[2]) or {})
    return schema


def retains_replicas(definition: Object, version: str) -> bool:
    """Whether a federated type has the field retainReplicas.

    :param definition: its CustomResourceDefinition.
    """
    for entry in definition["spec"].get("versions") or []:
        if entry.get("name") == version:
            schema = (entry.get("schema") or {}).get("openAPIV3Schema") or {}
            spec = (schema.get("properties") or {}).get("spec") or {}
            return "retainReplicas" in (spec.get("properties") or {}) or bool(
                spec.get("x-kubernetes-preserve-unknown-fields")
            )
    return False


def equivalent(resource: ApiResource, configs: t.Iterable[Object]) -> str:
    """The name of a FederatedTypeConfig for the same objects under another group or version (IsEquivalentAPI), or
    an empty string."""
    known = equivalent_versions(resource.plural)
    if resource.api_version not in known:
        return ""
    for config in configs:
        target = config["spec"]["targetType"]
        version = f"{target['group']}/{target['version']}" if target.get("group") else target["version"]
        if target.get("pluralName") == resource.plural and version in known and version != resource.api_version:
            return str(config["metadata"]["name"])
    return ""


def taken_by(resource: ApiResource, configs: t.Iterable[Object]) -> str:
    """The name of a FederatedTypeConfig of another type with the same federated kind, or an empty string."""
    plural = f"federated{resource.plural}"
    for config in configs:
        federated = config["spec"]["federatedType"]
        if (
            config["metadata"]["name"] != resource.name
            and federated.get("group") == FEDERATED_GROUP
            and federated.get("pluralName") == plural
        ):
            return str(config["metadata"]["name"])
    return ""


__all__ = (
    "custom_resource_definition",
    "equivalent",
    "retains_replicas",
    "scalable",
    "taken_by",
    "type_config",
)
