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

from ..._kube.objects import Object
from ..._runtime.errors import InvalidOption
from ..api import FEDERATED_GROUP
from ..types.model import FederatedType, not_enabled
from .services import own_fields
from .validation import applied_problems

Key = tuple[str, str, str]
# By name of cluster: {path, op, value}, and kind and name of the resources that they are for
Overrides = dict[str, list[Object]]

MANAGED_LABEL = "kubefed.io/managed"
ORPHAN_ANNOTATION = "kubefed.io/orphan"
# In which clusters the object was there before it was federated: there it is the user's, and is never deleted.
# Without the annotation nobody knows.
EXISTED_ANNOTATION = "cloudburst.federation/existed-in"

# From which clusters an object is kept by the names in its placement, though its clusterSelector means them. KubeFed
# takes no notice of a selector beside names (util.selectedClusterNames), so it can stay there, to be what counts again.
WITHDRAWN_ANNOTATION = "cloudburst.federation/withdrawn-from"

# On a federated object that has retainReplicas for the sake of an autoscaler: it goes with that
RETAIN_ANNOTATION = "cloudburst.federation/retain-replicas"

# KubeFed never propagates these (isSystemNamespace in pkg/controller/sync/accessor.go)
SYSTEM_NAMESPACES = ("kube-system", "kube-public", "default")
# Annotations that tools and controllers leave on objects: about the object they were found on alone
_LOCAL_ANNOTATIONS = ("kubectl.kubernetes.io/", "deployment.kubernetes.io/", "deprecated.daemonset.template.")
# Their controllers annotate them; an override replaces all annotations, so KubeFed and the controller would never agree
_ANNOTATED_BY_CONTROLLERS = ("DaemonSet", "Deployment", "PersistentVolumeClaim")
ANNOTATIONS_PATH = "/metadata/annotations"
# pkg/controller/util/overrides.go
_INVALID_PATHS = ("/metadata/namespace", "/metadata/name", "/metadata/generateName", "/kind")
_OPERATIONS = ("add", "remove", "replace")
_BARE = {"template", "placement"}
# The operators of a label selector, and whether they need values
_OPERATORS = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False}


@dataclass(eq=False)
class Identity:
    """Which federated object it is.

    :ivar namespace: of the federated object; empty for a cluster-scoped one.
    """

    type: FederatedType
    namespace: str
    name: str

    @property
    def key(self) -> Key:
        """Tells federated objects apart."""
        return self.type.name, self.namespace, self.name

    @property
    def title(self) -> str:
        """What it is called in messages."""
        kind = self.type.federated_kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"


@dataclass
class Wanted(Identity):
    """A federated resource as it is asked for.

    :ivar spec: of the federated object. A field that is missing is left as it is.
    :ivar creation_labels: of the federated object, when it has to be created; no matter for one that is there.
    :ivar complete: whether all is said, so that what was set before and is not said any more goes.
    """

    spec: Object
    labels: dict[str, str] = field(default_factory=dict)
    creation_labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    complete: bool = True

    @property
    def is_bare(self) -> bool:
        """Whether nothing but a placement is said of it."""
        return not (self.labels or self.annotations or self.spec.get("template") or set(self.spec) - _BARE)


class Placing(t.NamedTuple):
    """Where resources are to be placed.

    :ivar placement: as a federated resource has it in its spec.
    :ivar clusters: the names of the clusters that this means at present.
    """

    placement: Object
    clusters: tuple[str, ...]


def placing(
    names: t.Sequence[str] | None, selector: Object | None, clusters: t.Mapping[str, t.Mapping[str, str]]
) -> Placing | None:
    """Read the options placement and cluster_selector; ``None`` without either.

    :param clusters: labels of the KubeFedClusters, by name.
    :raises InvalidOption: when the selector is none that KubeFed understands.
    """
    if names is not None:
        return Placing({"clusters": [{"name": name} for name in names]}, tuple(names))
    if selector is None:
        return None
    check_selector(selector)
    placement = {"clusterSelector": selector}
    return Placing(placement, tuple(sorted(selected({"placement": placement}, clusters))))


def check_selector(selector: Object) -> None:
    """Refuse what is no label selector (metav1.LabelSelectorAsSelector).

    :raises InvalidOption: with what is wrong and what is allowed.
    """
    unknown = sorted(set(selector) - {"matchLabels", "matchExpressions"})
    if unknown:
        raise InvalidOption(f"cluster_selector has {', '.join(unknown)}; allowed are matchLabels and matchExpressions.")
    if not isinstance(selector.get("matchLabels") or {}, dict):
        raise InvalidOption("cluster_selector.matchLabels must be a dictionary of labels.")
    for key, value in (selector.get("matchLabels") or {}).items():
        if not isinstance(value, str):
            raise InvalidOption(f"cluster_selector.matchLabels.{key} is {value!r}; put it in quotes, a label is text.")
    expressions = selector.get("matchExpressions") or []
    if not isinstance(expressions, list) or not all(isinstance(entry, dict) for entry in expressions):
        raise InvalidOption("cluster_selector.matchExpressions must be a list of dictionaries.")
    for entry in expressions:
        operator, values = entry.get("operator"), entry.get("values") or []
        if not entry.get("key") or operator not in _OPERATORS:
            raise InvalidOption(
                f"cluster_selector.matchExpressions has {entry}; each needs a key and an operator, which is one of"
                f" {', '.join(_OPERATORS)}."
            )
        if bool(values) != _OPERATORS[operator]:
            raise InvalidOption(
                f"cluster_selector.matchExpressions has {entry}; operator {operator} needs"
                f" {'values' if _OPERATORS[operator] else 'no values'}."
            )


def check_overrides(overrides: t.Mapping[str, t.Any]) -> Overrides:
    """Read the option overrides.

    :returns: for each cluster, the overrides with the kind and the name of the resources they are for, where given.
    :raises InvalidOption: for what KubeFed would refuse (GetOverrides in pkg/controller/util/overrides.go).
    """
    for cluster, entries in overrides.items():
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise InvalidOption(f"overrides.{cluster} must be a list of dictionaries with path, op and value.")
        for entry in entries:
            unknown = sorted(set(entry) - {"path", "op", "value", "kind", "name"})
            if unknown:
                raise InvalidOption(
                    f"overrides.{cluster} has {', '.join(unknown)}; allowed are path, op, value, kind and name."
                )
            _check_override(entry, f"overrides.{cluster}")
    return dict(overrides)


def _check_override(entry: Object, where: str) -> None:
    path, operation = entry.get("path"), entry.get("op") or "replace"
    if not isinstance(path, str) or not path.startswith("/"):
        raise InvalidOption(f"{where} has path {path!r}; it must begin with '/', such as /spec/replicas.")
    if path in _INVALID_PATHS:
        raise InvalidOption(f"{where} has path {path}, which KubeFed refuses, as it does {', '.join(_INVALID_PATHS)}.")
    if operation not in _OPERATIONS:
        raise InvalidOption(f"{where} has op {operation!r} for {path}; allowed are {', '.join(_OPERATIONS)}.")
    if operation != "remove" and "value" not in entry:
        raise InvalidOption(f"{where} has op {operation} for {path} and no value.")


def unused_overrides(overrides: Overrides, wants: t.Iterable[Wanted]) -> list[str]:
    """The overrides that are for none of the resources, for messages."""
    found = list(wants)
    return [
        f"overrides.{cluster} with path {entry['path']}"
        for cluster, entries in overrides.items()
        for entry in entries
        if not any(_is_for(entry, want) for want in found)
    ]


def _is_for(entry: Object, want: Wanted) -> bool:
    if entry.get("kind"):
        if entry["kind"] not in (want.type.kind, want.type.federated_kind):
            return False
    elif want.type.is_namespace:
        # It is there so that the others can be: only by its kind is it meant
        return False
    return entry.get("name") in (None, want.name)


def _overrides_for(want: Wanted, overrides: Overrides) -> list[Object]:
    found = []
    for cluster, entries in overrides.items():
        items = [
            {key: entry[key] for key in ("op", "path", "value") if key in entry}
            for entry in entries
            if _is_for(entry, want)
        ]
        paths = [item["path"] for item in items]
        twice = sorted({path for path in paths if paths.count(path) > 1})
        if twice:
            raise InvalidOption(f"overrides.{cluster} has {', '.join(twice)} twice for {want.title}.")
        if items:
            found.append({"clusterName": cluster, "clusterOverrides": items})
    return found


def _check_overrides_of(want: Wanted) -> None:
    """Refuse overrides that KubeFed would refuse, or that don't fit the template."""
    clusters = [str(entry.get("clusterName")) for entry in want.spec.get("overrides") or []]
    twice = sorted({cluster for cluster in clusters if clusters.count(cluster) > 1})
    if twice:
        raise InvalidOption(
            f"{want.title} has overrides for {', '.join(twice)} more than once: make one entry of them."
        )
    for entry in want.spec.get("overrides") or []:
        cluster, items = entry.get("clusterName"), entry.get("clusterOverrides") or []
        where = f"{want.title}: overrides for {cluster}"
        paths = [item.get("path") for item in items]
        for item in items:
            _check_override(item, where)
            if paths.count(item["path"]) > 1:
                raise InvalidOption(f"{where} have path {item['path']} more than once.")
        if isinstance(want.spec.get("template"), dict):
            body = copy.deepcopy(want.spec["template"])
            body["metadata"] = {**(body.get("metadata") or {}), "name": want.name, "namespace": want.namespace}
            body.setdefault("apiVersion", "")
            for item in items:
                problem = apply_override(body, item)
                if problem:
                    raise InvalidOption(
                        f"{where}: {item.get('op') or 'replace'} {item['path']} does not fit: {problem}"
                    )
            wrong = applied_problems(body, want.type.kind, want.type.group)
            if wrong:
                raise InvalidOption(f"{where} make of it what does not fit: {'; '.join(wrong)}.")


def apply_override(body: Object, item: Object) -> str:
    """Apply one override to an object in place.

    As RFC 6902 says, but for one thing: KubeFed v0.10.0 replaces a field that is not there, as its own scheduler does
    with the replicas of a template without any (seen; its evanphx/json-patch takes that as adding).

    :returns: why it can not be applied, or an empty string.
    """
    operation = item.get("op") or "replace"
    keys = [key.replace("~1", "/").replace("~0", "~") for key in item["path"].split("/")[1:]]
    found: t.Any = body
    for depth, key in enumerate(keys[:-1], start=1):
        inner = _child(found, key)
        if inner is None:
            return f"there is no /{'/'.join(keys[:depth])}, where it would go."
        found = inner
    last = keys[-1]
    there = _child(found, last) is not None or (isinstance(found, dict) and last in found)
    if not there and (operation == "remove" or (operation == "replace" and isinstance(found, list))):
        return f"there is nothing to {operation}."
    if isinstance(found, list):
        if operation == "add" and last != "-" and not (last.isdigit() and int(last) <= len(found)):
            return f"{last!r} is no position in a list of {len(found)}; '-' means its end."
        if operation == "add":
            found.insert(len(found) if last == "-" else int(last), item.get("value"))
        elif operation == "remove":
            del found[int(last)]
        else:
            found[int(last)] = item.get("value")
    elif not isinstance(found, dict):
        return "it is inside of a plain value."
    elif operation == "remove":
        del found[last]
    else:
        found[last] = item.get("value")
    return ""


def body_in(spec: Object, cluster: str) -> Object:
    """The object that a federated one makes in a cluster, as far as its overrides can be applied."""
    body = copy.deepcopy(spec.get("template") or {})
    body.setdefault("metadata", {})
    for entry in spec.get("overrides") or []:
        if entry.get("clusterName") == cluster:
            for item in entry.get("clusterOverrides") or []:
                apply_override(body, copy.deepcopy(item))
    return body


def _child(found: t.Any, key: str) -> t.Any:
    if isinstance(found, dict):
        return found.get(key)
    if isinstance(found, list) and key.isdigit() and int(key) < len(found):
        return found[int(key)]
    return None


def wanted(
    manifest: Object,
    types: t.Sequence[FederatedType],
    *,
    namespace: str | None,
    placing: Placing | None,
    overrides: Overrides | None = None,
) -> Wanted:
    """Make of a plain or federated resource the federated one that is asked for.

    :param namespace: for a resource that names none.
    :param placing: for a plain resource, and for a federated one without a placement.
    :param overrides: see :func:`check_overrides`; those for this resource are added to its own.
    :raises InvalidOption: when KubeFed would refuse or ignore it.
    """
    group = manifest["apiVersion"].rpartition("/")[0]
    make = _as_it_is if group == FEDERATED_GROUP else _from_plain
    result = make(manifest, types, namespace=namespace, placing=placing)
    more = _overrides_for(result, overrides or {})
    if more:
        result.spec["overrides"] = merge_overrides(result.spec.get("overrides") or [], more)
    return _checked(result)


def _from_plain(
    manifest: Object, types: t.Sequence[FederatedType], *, namespace: str | None, placing: Placing | None
) -> Wanted:
    type_ = _type_of(manifest, types)
    metadata = manifest["metadata"]
    name = metadata["name"]
    inside = name if type_.is_namespace else (metadata.get("namespace") or namespace or "")
    if not type_.federated_namespaced:
        inside = ""
    elif not inside:
        raise InvalidOption(f"{type_.kind} {name} names no namespace: set metadata.namespace or the option namespace.")
    warnings: list[str] = []
    spec: Object = {"template": template(manifest, warnings)}
    if placing is not None:
        spec["placement"] = copy.deepcopy(placing.placement)
    result = Wanted(type_, inside, name, spec, warnings=warnings)
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
    elif annotations and placing is not None and placing.clusters:
        spec["overrides"] = [
            {
                "clusterName": cluster,
                "clusterOverrides": [{"op": "add", "path": ANNOTATIONS_PATH, "value": annotations}],
            }
            for cluster in placing.clusters
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
    """The template of a plain resource: all of it but what belongs to the one object it was taken from.

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
    kind, spec = manifest["kind"], body.get("spec")
    if kind == "ScaledObject" and manifest["apiVersion"].startswith("keda.sh/"):
        # KEDA's operator labels it so (ensureScaledObjectLabel in controllers/keda/scaledobject_controller.go), and
        # KubeFed gives an object the template's labels alone
        inner = body.setdefault("metadata", {}).setdefault("labels", {})
        inner.setdefault("scaledobject.keda.sh/name", manifest["metadata"]["name"])
    elif kind == "ServiceAccount":
        body.pop("secrets", None)
    elif kind == "Namespace" and isinstance(spec, dict):
        spec.pop("finalizers", None)
        if not spec:
            del body["spec"]
    elif kind == "Service":
        missed = own_fields(body, exported=bool(metadata.get("uid") or metadata.get("resourceVersion")))
        if missed and warnings is not None:
            warnings.append(
                f"{kind} {metadata.get('name')}: {', '.join(missed)} is left out, as each cluster gives its own."
            )
    return body


def _as_it_is(
    manifest: Object, types: t.Sequence[FederatedType], *, namespace: str | None, placing: Placing | None
) -> Wanted:
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    type_ = next((found for found in types if found.federated_kind == kind), None)
    if type_ is None:
        raise InvalidOption(not_enabled(kind, name, f"{kind.replace('Federated', '', 1).lower()}s", types))
    metadata = manifest["metadata"]
    inside = (metadata.get("namespace") or namespace or "") if type_.federated_namespaced else ""
    if type_.federated_namespaced and not inside:
        raise InvalidOption(f"{kind} {name} names no namespace: set metadata.namespace or the option namespace.")
    spec = copy.deepcopy(manifest.get("spec") or {})
    if placing is not None:
        if spec.get("placement") not in (None, placing.placement):
            raise InvalidOption(
                f"{kind} {inside}/{name} has a placement of its own: leave out the options placement and"
                " cluster_selector."
            )
        spec["placement"] = copy.deepcopy(placing.placement)
    result = Wanted(
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


def _checked(result: Wanted) -> Wanted:
    _check_overrides_of(result)
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


def placed_too(federated: Object, clusters: t.Collection[str], labels: t.Mapping[str, t.Mapping[str, str]]) -> Object:
    """The placement of a federated object that these clusters are added to.

    It is by its clusterSelector again, when it was kept from just these, and by names otherwise.

    :param labels: of the KubeFedClusters, by name.
    """
    spec = federated.get("spec") or {}
    selector = (spec.get("placement") or {}).get("clusterSelector")
    if selector is not None and withdrawn_from(federated) == set(clusters):
        return {"clusterSelector": copy.deepcopy(selector)}
    return {"clusters": [{"name": name} for name in sorted(selected(spec, labels) | set(clusters))]}


def withdrawn_from(federated: Object) -> set[str]:
    """Clusters that a federated object is kept from for a while, without its clusterSelector being given up."""
    value = (federated["metadata"].get("annotations") or {}).get(WITHDRAWN_ANNOTATION) or ""
    return {name for name in value.split(",") if name}


def withdrawn(federated: Object, clusters: t.Collection[str], labels: t.Mapping[str, t.Mapping[str, str]]) -> Object:
    """A copy of a federated object that is placed on these clusters no more.

    :param labels: of the KubeFedClusters, by name.
    """
    result = copy.deepcopy(federated)
    spec = result.setdefault("spec", {})
    placement = spec.get("placement") or {}
    placed = selected(spec, labels)
    before = withdrawn_from(federated)
    if before or placement.get("clusters") is None:
        annotations = result["metadata"].setdefault("annotations", {})
        annotations[WITHDRAWN_ANNOTATION] = ",".join(sorted(before | (placed & set(clusters))))
    spec["placement"] = {**placement, "clusters": [{"name": name} for name in sorted(placed - set(clusters))]}
    return result


def chosen_again(federated: Object, gone: t.Collection[str]) -> Object | None:
    """A copy of a federated object whose clusterSelector counts again, as all it was kept from has left.

    :param gone: clusters that are no members any more.
    :returns: ``None`` when there is nothing to be done.
    """
    before = withdrawn_from(federated)
    if not before & set(gone):
        return None
    result = copy.deepcopy(federated)
    left = before - set(gone)
    if left:
        result["metadata"]["annotations"][WITHDRAWN_ANNOTATION] = ",".join(sorted(left))
        return result
    del result["metadata"]["annotations"][WITHDRAWN_ANNOTATION]
    placement = (result.get("spec") or {}).get("placement") or {}
    if placement.get("clusterSelector") is not None:
        placement.pop("clusters", None)
    return result


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


def common_annotations(spec: Object, clusters: t.Collection[str]) -> Object | None:
    """The annotations that a federated object has in all of these clusters, as :func:`wanted` gives them to each."""
    found = [
        item.get("value")
        for entry in spec.get("overrides") or []
        if entry["clusterName"] in clusters
        for item in entry.get("clusterOverrides") or []
        if item["path"] == ANNOTATIONS_PATH
    ]
    return found[0] if found and len(found) == len(clusters) and all(value == found[0] for value in found) else None


def existed_in(federated: Object) -> set[str] | None:
    """Clusters in which the object was there before it was federated; ``None`` when that was not written down."""
    value = (federated["metadata"].get("annotations") or {}).get(EXISTED_ANNOTATION)
    return None if value is None else {name for name in value.split(",") if name}


def existed_value(clusters: t.Iterable[str]) -> str:
    """The value of the annotation for these clusters."""
    return ",".join(sorted(clusters))


__all__ = (
    "ANNOTATIONS_PATH",
    "EXISTED_ANNOTATION",
    "MANAGED_LABEL",
    "ORPHAN_ANNOTATION",
    "RETAIN_ANNOTATION",
    "SYSTEM_NAMESPACES",
    "WITHDRAWN_ANNOTATION",
    "Identity",
    "Key",
    "Overrides",
    "Placing",
    "Wanted",
    "apply_override",
    "body_in",
    "check_overrides",
    "check_selector",
    "chosen_again",
    "common_annotations",
    "existed_in",
    "existed_value",
    "merge_overrides",
    "placed_too",
    "placing",
    "planned_spec",
    "selected",
    "template",
    "unused_overrides",
    "wanted",
    "withdrawn",
    "withdrawn_from",
)
