# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""From plain resources and a placement to federated resources, and what a placement means. Pure functions.

Sources, all in KubeFed v0.10.0: pkg/kubefedctl/federate for the template, pkg/controller/sync/{accessor,resource}.go
for names, pkg/controller/util/{placement,overrides}.go for placement and overrides.
"""

from __future__ import annotations

import copy
import typing as t
from dataclasses import dataclass, field

from .._errors import InvalidOption
from .._kube.client import resource_path

Object = dict[str, t.Any]
Key = tuple[str, str, str]

FEDERATED_GROUP = "types.kubefed.io"
MANAGED_LABEL = "kubefed.io/managed"
ORPHAN_ANNOTATION = "kubefed.io/orphan"
# In which clusters the object was there before it was federated: there it is the user's, and is never deleted.
# Without the annotation nobody knows.
EXISTED_ANNOTATION = "cloudburst.federation/existed-in"

# KubeFed never propagates these (isSystemNamespace in pkg/controller/sync/accessor.go)
SYSTEM_NAMESPACES = ("kube-system", "kube-public", "default")
# Annotations that tools and controllers leave on objects: about the object they were found on alone
_LOCAL_ANNOTATIONS = ("kubectl.kubernetes.io/", "deployment.kubernetes.io/", "deprecated.daemonset.template.")
# Their controllers annotate them; an override replaces all annotations, so KubeFed and the controller would never agree
_ANNOTATED_BY_CONTROLLERS = ("DaemonSet", "Deployment", "PersistentVolumeClaim")


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
        return self.kind == "Namespace" and not self.group

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


@dataclass
class Wanted:
    """A federated resource as it is asked for.

    :ivar namespace: of the federated object; empty for a cluster-scoped one.
    :ivar spec: of the federated object. A field that is missing is left as it is.
    """

    type: FederatedType
    namespace: str
    name: str
    spec: Object
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def key(self) -> Key:
        """Tells federated objects apart."""
        return self.type.name, self.namespace, self.name

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return title(self.type, self.namespace, self.name)


def title(type_: FederatedType, namespace: str, name: str) -> str:
    """What a federated object is called in messages."""
    return f"{type_.federated_kind} {namespace}/{name}" if namespace else f"{type_.federated_kind} {name}"


def flatten(documents: t.Iterable[t.Any]) -> list[Object]:
    """The resources in a list of documents: empty documents and List objects dissolved.

    :raises InvalidOption: for what is no Kubernetes object.
    """
    found: list[Object] = []
    for number, document in enumerate(documents, start=1):
        if document is None:
            continue
        if isinstance(document, list):
            found.extend(flatten(document))
            continue
        if not isinstance(document, dict) or not document.get("kind") or not document.get("apiVersion"):
            raise InvalidOption(
                f"Document {number} of definition is no Kubernetes object: it needs apiVersion and kind."
            )
        if document["kind"].endswith("List") and isinstance(document.get("items"), list):
            found.extend(flatten(document["items"]))
            continue
        if not (document.get("metadata") or {}).get("name"):
            raise InvalidOption(f"Document {number} of definition, a {document['kind']}, has no metadata.name.")
        found.append(document)
    return found


def wanted(
    manifest: Object, types: t.Sequence[FederatedType], *, namespace: str | None, placement: t.Sequence[str] | None
) -> Wanted:
    """Make of a plain or federated resource the federated one that is asked for.

    :param namespace: for a resource that names none.
    :param placement: names of clusters, for a plain resource, and for a federated one without a placement.
    :raises InvalidOption: when KubeFed would refuse or ignore it.
    """
    group = manifest["apiVersion"].rpartition("/")[0]
    if group == FEDERATED_GROUP:
        return _as_it_is(manifest, types, namespace=namespace, placement=placement)
    return _from_plain(manifest, types, namespace=namespace, placement=placement)


def _from_plain(
    manifest: Object, types: t.Sequence[FederatedType], *, namespace: str | None, placement: t.Sequence[str] | None
) -> Wanted:
    type_ = _type_of(manifest, types)
    metadata = manifest["metadata"]
    name = metadata["name"]
    inside = name if type_.is_namespace else (metadata.get("namespace") or namespace or "")
    if not type_.federated_namespaced:
        inside = ""
    elif not inside:
        raise InvalidOption(f"{type_.kind} {name} names no namespace: set metadata.namespace or the option namespace.")
    spec: Object = {"template": template(manifest)}
    if placement is not None:
        spec["placement"] = {"clusters": [{"name": cluster} for cluster in placement]}
    result = Wanted(type_, inside, name, spec)
    annotations = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if not key.startswith(_LOCAL_ANNOTATIONS)
    }
    if annotations and type_.kind in _ANNOTATED_BY_CONTROLLERS:
        result.warnings.append(
            f"The annotations of {type_.kind} {name} stay behind ({', '.join(sorted(annotations))}): KubeFed can only"
            f" replace all annotations of an object, and a {type_.kind}'s controller writes some of its own."
        )
    elif annotations and placement:
        spec["overrides"] = [
            {
                "clusterName": cluster,
                "clusterOverrides": [{"op": "add", "path": "/metadata/annotations", "value": annotations}],
            }
            for cluster in placement
        ]
    return _checked(result)


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
    raise InvalidOption(_not_enabled(kind, name, f"{kind.lower()}s{'.' + group if group else ''}", types))


def _propagating(type_: FederatedType) -> FederatedType:
    if not type_.propagating:
        raise InvalidOption(
            f"KubeFed does not propagate {type_.name}: its FederatedTypeConfig has propagation Disabled."
            f" Enable it with: kubefedctl enable {type_.name}"
        )
    return type_


def _not_enabled(kind: str, name: str, guess: str, types: t.Sequence[FederatedType]) -> str:
    return (
        f"{kind} {name}: KubeFed does not know this type, there is no FederatedTypeConfig for it. If it is served by"
        f" every member, enable it with: kubefedctl enable {guess}."
        f" Enabled are: {', '.join(sorted(type_.name for type_ in types))}."
    )


def template(manifest: Object) -> Object:
    """The template of a plain resource: all of it but what belongs to the one object it was taken from.

    As kubefedctl does it (FederatedResourceFromTargetResource, RemoveUnwantedFields), and without the service's
    healthCheckNodePort, which is one cluster's own like its other node ports.
    """
    body = copy.deepcopy(manifest)
    for field_name in ("apiVersion", "kind", "status"):
        body.pop(field_name, None)
    labels = (body.pop("metadata", None) or {}).get("labels")
    if labels:
        body["metadata"] = {"labels": labels}
    kind, spec = manifest["kind"], body.get("spec")
    if kind == "ServiceAccount":
        body.pop("secrets", None)
    elif kind == "Namespace" and isinstance(spec, dict):
        spec.pop("finalizers", None)
        if not spec:
            del body["spec"]
    elif kind == "Service" and isinstance(spec, dict):
        for port in spec.get("ports") or []:
            port.pop("nodePort", None)
        if spec.get("clusterIP") != "None":
            # "None" makes a service headless, which is part of what it is
            spec.pop("clusterIP", None)
            spec.pop("clusterIPs", None)
        spec.pop("healthCheckNodePort", None)
    return body


def _as_it_is(
    manifest: Object, types: t.Sequence[FederatedType], *, namespace: str | None, placement: t.Sequence[str] | None
) -> Wanted:
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    type_ = next((found for found in types if found.federated_kind == kind), None)
    if type_ is None:
        raise InvalidOption(_not_enabled(kind, name, f"{kind.replace('Federated', '', 1).lower()}s", types))
    metadata = manifest["metadata"]
    inside = (metadata.get("namespace") or namespace or "") if type_.federated_namespaced else ""
    if type_.federated_namespaced and not inside:
        raise InvalidOption(f"{kind} {name} names no namespace: set metadata.namespace or the option namespace.")
    spec = copy.deepcopy(manifest.get("spec") or {})
    if placement is not None:
        names = [{"name": cluster} for cluster in placement]
        if spec.get("placement") not in (None, {"clusters": names}):
            raise InvalidOption(f"{kind} {inside}/{name} has a placement of its own: leave out the option placement.")
        spec["placement"] = {"clusters": names}
    result = Wanted(
        _propagating(type_),
        inside,
        name,
        spec,
        labels=dict(metadata.get("labels") or {}),
        annotations=dict(metadata.get("annotations") or {}),
    )
    for collection in ("annotations", "finalizers"):
        if ((spec.get("template") or {}).get("metadata") or {}).get(collection):
            result.warnings.append(
                f"{result.title}: KubeFed ignores spec.template.metadata.{collection}; use an override with"
                f" path /metadata/{collection}."
            )
    return _checked(result)


def _checked(result: Wanted) -> Wanted:
    if result.type.is_namespace:
        if result.name != result.namespace:
            raise InvalidOption(
                f"{result.type.federated_kind} {result.name} is in namespace {result.namespace}. The name of a"
                " federated namespace must match the name of its containing namespace, or KubeFed ignores it:"
                f" name it {result.namespace}."
            )
        if result.name in SYSTEM_NAMESPACES:
            raise InvalidOption(f"Namespace {result.name} can not be federated: KubeFed never propagates it.")
    return result


def selected(spec: Object, clusters: t.Mapping[str, t.Mapping[str, str]]) -> set[str]:
    """Names of the clusters that a placement means, known or not (util.selectedClusterNames).

    :param spec: of a federated object.
    :param clusters: labels of the KubeFedClusters, by name.
    """
    placement = spec.get("placement") or {}
    if placement.get("clusters") is not None:
        return {entry["name"] for entry in placement["clusters"]}
    selector = placement.get("clusterSelector")
    if selector is None:
        return set()
    return {name for name, labels in clusters.items() if _matches(selector, labels)}


def _matches(selector: Object, labels: t.Mapping[str, str]) -> bool:
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for expression in selector.get("matchExpressions") or []:
        key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
        holds = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not holds.get(operator, False):
            return False
    return True


def placed_spec(spec: Object, clusters: t.Iterable[str]) -> Object:
    """A copy of a spec with its placement on exactly these clusters."""
    return {**copy.deepcopy(spec), "placement": {"clusters": [{"name": name} for name in sorted(clusters)]}}


def planned_spec(existing: Object, wanted_spec: Object, *, scheduled: bool) -> Object:
    """The spec that an existing federated object gets.

    What is not asked for is left as it is: overrides of other paths and clusters, and other fields.

    :param scheduled: a ReplicaSchedulingPreference writes its placement and its replicas.
    """
    spec = {**copy.deepcopy(existing), **copy.deepcopy(wanted_spec)}
    old, new = existing.get("placement"), wanted_spec.get("placement")
    if old is not None and new is not None and (scheduled or _same_placement(old, new)):
        spec["placement"] = copy.deepcopy(old)
    if "overrides" in wanted_spec:
        spec["overrides"] = merge_overrides(
            existing.get("overrides") or [], wanted_spec["overrides"], scheduled=scheduled
        )
    return spec


def _same_placement(old: Object, new: Object) -> bool:
    if old.get("clusters") is None or new.get("clusters") is None:
        return old == new
    return {entry["name"] for entry in old["clusters"]} == {entry["name"] for entry in new["clusters"]}


def merge_overrides(old: list[Object], new: list[Object], *, scheduled: bool = False) -> list[Object]:
    """Overrides of both; for the same cluster and path the new one holds, unless a schedule writes that path."""
    merged: dict[str, dict[str, Object]] = {}
    for entry in old:
        merged.setdefault(entry["clusterName"], {}).update({item["path"]: item for item in entry["clusterOverrides"]})
    for entry in new:
        paths = merged.setdefault(entry["clusterName"], {})
        for item in entry["clusterOverrides"]:
            if not (scheduled and item["path"] == "/spec/replicas"):
                paths[item["path"]] = item
    return [
        {"clusterName": cluster, "clusterOverrides": list(paths.values())} for cluster, paths in merged.items() if paths
    ]


def existed_in(federated: Object) -> set[str] | None:
    """Clusters in which the object was there before it was federated; ``None`` when that was not written down."""
    value = (federated["metadata"].get("annotations") or {}).get(EXISTED_ANNOTATION)
    return None if value is None else {name for name in value.split(",") if name}


def existed_value(clusters: t.Iterable[str]) -> str:
    """The value of the annotation for these clusters."""
    return ",".join(sorted(clusters))


__all__ = (
    "EXISTED_ANNOTATION",
    "FEDERATED_GROUP",
    "MANAGED_LABEL",
    "ORPHAN_ANNOTATION",
    "SYSTEM_NAMESPACES",
    "FederatedType",
    "Key",
    "Wanted",
    "existed_in",
    "existed_value",
    "flatten",
    "merge_overrides",
    "placed_spec",
    "planned_spec",
    "read_type",
    "selected",
    "template",
    "title",
    "wanted",
)
