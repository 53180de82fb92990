# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Records which fields this collection has set, so that they can be removed later. Pure functions.

Server-side apply cannot tell: in KubeFed's CRDs overrides are an atomic list, which one field manager owns as a whole.
So the object bears a record in an annotation, of names and fingerprints of values. What others have set is not in it,
and neither is what they have changed since.
"""

from __future__ import annotations

import copy
import hashlib
import json
import typing as t

from ..._kube.objects import Object
from .model import RETAIN_ANNOTATION, DesiredObject
from .overrides import ANNOTATIONS_PATH, REPLICAS_PATH

ANNOTATION = "cloudburst.federation/set"

# KubeFed leaves these to the clusters (RetainClusterFields in pkg/controller/sync/dispatch/retain.go), and so would
# leave what an override has put there. It is emptied first, and the override goes once the clusters have that.
_LEFT_TO_CLUSTERS: dict[str, t.Any] = {ANNOTATIONS_PATH: {}, "/metadata/finalizers": []}
_NOT_FIELDS = ("template", "placement", "overrides")


class Owned(t.NamedTuple):
    """A federated object without the fields that a task no longer sets.

    :ivar object: a copy.
    :ivar emptied: whether an override was emptied, which is to go later.
    :ivar namespace_labels: labels of the host's namespace that are to go.
    :ivar record: what stays recorded.
    """

    object: Object
    emptied: bool
    namespace_labels: set[str]
    record: dict[str, str]


def _asked(desired: DesiredObject) -> Object:
    """What a task sets on a federated object besides template and placement, by its name in the record."""
    said = {f"field {key}": value for key, value in desired.spec.items() if key not in _NOT_FIELDS}
    said.update(_overrides(desired.spec))
    said.update({f"label {key}": value for key, value in desired.labels.items()})
    said.update({f"annotation {key}": value for key, value in desired.annotations.items()})
    if said.pop(f"annotation {RETAIN_ANNOTATION}", None):
        # An autoscaler asks for it, not the task
        said.pop("field retainReplicas", None)
    if desired.type.is_namespace:
        # The host's own namespace has them then, from where they would be taken again
        labels = ((desired.spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
        said.update({f"namespace {key}": value for key, value in labels.items()})
    return said


def _there(object_: Object, namespace_labels: t.Mapping[str, str]) -> Object:
    """The same for an existing object.

    :param namespace_labels: of the host's own namespace, for a federated namespace.
    """
    spec, metadata = object_.get("spec") or {}, object_["metadata"]
    found = {f"field {key}": value for key, value in spec.items() if key not in _NOT_FIELDS}
    found.update(_overrides(spec))
    found.update({f"label {key}": value for key, value in (metadata.get("labels") or {}).items()})
    found.update({f"annotation {key}": value for key, value in (metadata.get("annotations") or {}).items()})
    found.update({f"namespace {key}": value for key, value in namespace_labels.items()})
    return found


def owned(
    found: Object, desired: DesiredObject, namespace_labels: t.Mapping[str, str], *, scheduled: bool, settled: bool
) -> Owned:
    """Remove what was set and is no longer desired.

    :param scheduled: a ReplicaSchedulingPreference writes its replicas.
    :param settled: the clusters have the object as it is, so that emptied overrides can go.
    """
    said, has, before = _asked(desired), _there(found, namespace_labels), record_of(found)
    record = {
        key: _fingerprint(value)
        for key, value in said.items()
        if (key in before or key not in has or has[key] != value) and not (scheduled and _is_of_replicas(key))
    }
    if not desired.complete:
        return Owned(copy.deepcopy(found), False, set(), {**before, **record})
    going = [
        key
        for key, print_ in before.items()
        if key not in said and _fingerprint(has.get(key)) == print_ and not (scheduled and _is_of_replicas(key))
    ]
    made = copy.deepcopy(found)
    emptied = False
    labels = set()
    for key in going:
        kind, _space, name = key.partition(" ")
        if kind == "field":
            made["spec"].pop(name, None)
        elif kind == "override":
            cluster, _space, path = name.partition(" ")
            kept = _take(made["spec"], cluster, path, settled=settled)
            if kept is not None:
                emptied = True
                record[key] = _fingerprint(kept)
        elif kind == "namespace":
            labels.add(name)
            # The host's namespace has it until KubeFed has taken it away
            record[key] = before[key]
        else:
            made["metadata"][f"{kind}s"].pop(name, None)
    return Owned(made, emptied, labels, record)


def own_metadata(object_: Object, labels: t.Mapping[str, t.Any], annotations: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Set the labels and annotations of an object that is not federated, and remove those no longer desired.

    :param object_: is changed.
    :returns: what is to be recorded.
    """
    metadata = object_["metadata"]
    asked = {"label": labels, "annotation": annotations}
    said = {f"{kind} {key}": value for kind, values in asked.items() for key, value in values.items()}
    has = {f"{kind} {key}": value for kind in asked for key, value in (metadata.get(f"{kind}s") or {}).items()}
    before = record_of(object_)
    for key, print_ in before.items():
        kind, _space, name = key.partition(" ")
        if kind in asked and key not in said and key in has and _fingerprint(has[key]) == print_:
            metadata[f"{kind}s"].pop(name)
    for kind, values in asked.items():
        if values:
            metadata[f"{kind}s"] = {**(metadata.get(f"{kind}s") or {}), **values}
    return {
        key: _fingerprint(value) for key, value in said.items() if key in before or key not in has or has[key] != value
    }


def recorded(planned: Object, found: Object, record: dict[str, str]) -> None:
    """Write the record into a planned object, unless it only gets shorter."""
    before = record_of(found)
    rest = record.items() - before.items()
    if not rest and _without(planned) == _without(found):
        record = before
    annotations = planned["metadata"].get("annotations") or {}
    annotations.pop(ANNOTATION, None)
    if record:
        annotations[ANNOTATION] = json.dumps(record, sort_keys=True, separators=(",", ":"))
    if annotations or "annotations" in planned["metadata"]:
        planned["metadata"]["annotations"] = annotations


def record_of(object_: Object) -> dict[str, str]:
    """The record on an object; empty if it has none that can be read."""
    try:
        found = json.loads((object_["metadata"].get("annotations") or {}).get(ANNOTATION) or "{}")
    except ValueError:
        return {}
    return {key: value for key, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}


def _fingerprint(value: t.Any) -> str:
    """A fingerprint of a value, so that the annotation holds no secret."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:10]


def _is_of_replicas(key: str) -> bool:
    return key.startswith("override ") and key.endswith(f" {REPLICAS_PATH}")


def _overrides(spec: Object) -> Object:
    return {
        f"override {entry.get('clusterName')} {item.get('path')}": [item.get("op") or "replace", item.get("value")]
        for entry in spec.get("overrides") or []
        for item in entry.get("clusterOverrides") or []
    }


def _take(spec: Object, cluster: str, path: str, *, settled: bool) -> t.Any:
    """Remove an override, or empty it first; then :func:`_overrides` returns what remains."""
    entry = next(found for found in spec["overrides"] if found["clusterName"] == cluster)
    item = next(found for found in entry["clusterOverrides"] if found["path"] == path)
    empty = _LEFT_TO_CLUSTERS.get(path)
    if empty is not None and item.get("op") != "remove" and not (settled and item.get("value") == empty):
        item.update({"op": "add", "value": copy.deepcopy(empty)})
        return ["add", empty]
    entry["clusterOverrides"].remove(item)
    if not entry["clusterOverrides"]:
        spec["overrides"].remove(entry)
    if not spec["overrides"]:
        del spec["overrides"]
    return None


def _without(object_: Object) -> Object:
    metadata = object_["metadata"]
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key != ANNOTATION}
    return {"spec": object_.get("spec"), "labels": metadata.get("labels") or {}, "annotations": annotations}


__all__ = ("ANNOTATION", "Owned", "own_metadata", "owned", "record_of", "recorded")
