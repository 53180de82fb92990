# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Plans changes of federated objects, from the existing and the desired one. Pure functions."""

from __future__ import annotations

import copy
import typing as t
from dataclasses import dataclass

from ..._kube.objects import Object
from .model import (
    EXISTED_ANNOTATION,
    RETAIN_ANNOTATION,
    WITHDRAWN_ANNOTATION,
    DesiredObject,
    Key,
    TrackedObject,
    existed_value,
)
from .overrides import merge_overrides
from .ownership import owned, recorded
from .placement import same_placement
from .status import propagation


@dataclass(eq=False)
class Plan:
    """The planned change of a federated object.

    :ivar tracked: the existing object.
    :ivar object: the object to write.
    :ivar existed_in: clusters that had it before it was federated; ``None`` if that is unknown.
    """

    desired: DesiredObject
    tracked: TrackedObject
    object: Object
    existed_in: set[str] | None = None

    @property
    def key(self) -> Key:
        """The identity of the object."""
        return self.desired.key

    @property
    def spec(self) -> Object:
        """Its planned spec."""
        return t.cast(Object, self.object["spec"])

    def changes(self, *fields: str) -> bool:
        """Whether one of these fields of the spec will change."""
        before = self.tracked.spec
        return any(before.get(field) != self.spec.get(field) for field in fields)

    def note_existence(self) -> None:
        """Record in the object where it existed before, as far as that is known."""
        if self.existed_in is not None:
            annotations = self.object["metadata"].setdefault("annotations", {})
            annotations[EXISTED_ANNOTATION] = existed_value(self.existed_in)


def planned(
    desired: DesiredObject, tracked: TrackedObject, *, scheduled: bool, namespace_labels: t.Mapping[str, str]
) -> Object:
    """Plan a federated object. Notes in ``tracked`` whether overrides of it are emptied.

    :param scheduled: a ReplicaSchedulingPreference writes its placement and its replicas.
    :param namespace_labels: of the host's namespace, for a federated namespace.
    """
    own = owned(
        t.cast(Object, tracked.found) if tracked.is_alive else {"metadata": {}},
        desired,
        namespace_labels,
        scheduled=scheduled,
        settled=tracked.is_alive and propagation(t.cast(Object, tracked.found)).done,
    )
    tracked.has_emptied_overrides = own.emptied
    spec = copy.deepcopy(desired.spec)
    if desired.type.is_namespace:
        kept = {key: value for key, value in namespace_labels.items() if key not in own.namespace_labels}
        _keep_labels(spec, kept)
    if not tracked.is_alive:
        return _new(desired, spec, own.record)
    found, made = t.cast(Object, tracked.found), own.object
    annotations = made["metadata"].get("annotations") or {}
    if "placement" in spec and not scheduled:
        annotations.pop(WITHDRAWN_ANNOTATION, None)
    made["spec"] = planned_spec(made.get("spec") or {}, spec, scheduled=scheduled)
    for key, value in (("labels", desired.labels), ("annotations", desired.annotations)):
        if value:
            made["metadata"][key] = {**(made["metadata"].get(key) or {}), **value}
    if spec.get("retainReplicas") is False:
        (made["metadata"].get("annotations") or {}).pop(RETAIN_ANNOTATION, None)
    recorded(made, found, own.record)
    return made


def _new(desired: DesiredObject, spec: Object, record: dict[str, str]) -> Object:
    metadata: Object = {"name": desired.name}
    if desired.namespace:
        metadata["namespace"] = desired.namespace
    labels = {**desired.creation_labels, **desired.labels}
    for key, value in (("labels", labels), ("annotations", dict(desired.annotations))):
        if value:
            metadata[key] = value
    made: Object = {
        "apiVersion": f"{desired.type.federated_group}/{desired.type.federated_version}",
        "kind": desired.type.federated_kind,
        "metadata": metadata,
        "spec": spec,
    }
    recorded(made, {"metadata": {}}, record)
    return made


def _keep_labels(spec: Object, labels: dict[str, str]) -> None:
    """KubeFed gives the host's namespace only the template's labels: those it has are kept by being in there."""
    if labels:
        body = spec.get("template") or {}
        metadata = body.get("metadata") or {}
        spec["template"] = {**body, "metadata": {**metadata, "labels": {**labels, **(metadata.get("labels") or {})}}}


def planned_spec(existing: Object, desired_spec: Object, *, scheduled: bool) -> Object:
    """The spec that an existing federated object gets.

    Everything else remains: overrides of other paths and clusters, and other fields.

    :param scheduled: a ReplicaSchedulingPreference writes its placement and its replicas.
    """
    spec = {**copy.deepcopy(existing), **copy.deepcopy(desired_spec)}
    old, new = existing.get("placement"), desired_spec.get("placement")
    if old is not None and new is not None and (scheduled or same_placement(old, new)):
        spec["placement"] = copy.deepcopy(old)
    if "overrides" in desired_spec:
        spec["overrides"] = merge_overrides(
            existing.get("overrides") or [], desired_spec["overrides"], scheduled=scheduled
        )
    return spec


def changed_fields(found: Object, planned_object: Object) -> Object:
    """The fields of an object that will change, with their new values."""
    changed = {}
    if found.get("spec") != planned_object.get("spec"):
        changed["spec"] = planned_object.get("spec")
    for key in ("labels", "annotations"):
        if (found["metadata"].get(key) or {}) != (planned_object["metadata"].get(key) or {}):
            changed[key] = planned_object["metadata"].get(key)
    return changed


__all__ = ("Plan", "changed_fields", "planned", "planned_spec")
