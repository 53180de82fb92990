# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Results and diffs of federated objects. Pure functions, except for what the store reads."""

from __future__ import annotations

import copy
import typing as t

from ..._kube.objects import MASK, Object, without_copies, without_secrets
from ..kinds import built_in, federated_name
from .model import TrackedObject, existed_in
from .overrides import ANNOTATIONS_PATH
from .ownership import ANNOTATION as RECORD
from .placement import selected
from .schedules import KIND as SCHEDULE_KIND
from .schedules import replicas
from .status import Propagation, propagation
from .store import Store


def as_results(tracked: t.Iterable[TrackedObject], store: Store) -> list[Object]:
    """Federated objects as the module returns them."""
    return [as_result(one, store) for one in tracked]


def as_result(tracked: TrackedObject, store: Store) -> Object:
    """A federated object as the module returns it."""
    found = propagation(tracked.found) if tracked.found else Propagation(False, False, "", {})
    return {
        "kind": tracked.type.federated_kind,
        "namespace": tracked.namespace,
        "name": tracked.name,
        "changed": tracked.changed,
        "placement": sorted(selected(tracked.spec, store.members.labels)),
        "propagated": found.done,
        "clusters": {name: state.status or "OK" for name, state in sorted(found.clusters.items())},
        "existed_in": sorted((existed_in(tracked.found) if tracked.found else None) or ()),
        "not_removed": tracked.not_removed,
        **({"pods": tracked.pods} if tracked.pods else {}),
        **({"replicas": replicas(tracked.spec)} if store.is_scheduled(tracked) else {}),
    }


def schedule_as_result(namespace: str, name: str, *, changed: bool) -> Object:
    """A ReplicaSchedulingPreference as the module returns it."""
    return {
        "kind": SCHEDULE_KIND,
        "namespace": namespace,
        "name": name,
        "changed": changed,
        "placement": [],
        "propagated": True,
        "clusters": {},
        "existed_in": [],
        "not_removed": [],
    }


def shown(object_: Object | None) -> Object | None:
    """The parts of a federated object that this collection sets, with a Secret's data masked."""
    if object_ is None:
        return None
    rules = built_in(federated_name(str(object_.get("kind"))))
    is_secret = rules is not None and rules.holds_secrets
    result: Object = {"spec": copy.deepcopy(object_.get("spec") or {})}
    metadata = _shown_metadata(object_["metadata"], secret=is_secret)
    if metadata:
        result["metadata"] = metadata
    template = result["spec"].get("template")
    if isinstance(template, dict):
        if isinstance(template.get("metadata"), dict):
            template["metadata"] = {**template["metadata"], **_shown_metadata(template["metadata"], secret=is_secret)}
        if is_secret:
            result["spec"]["template"] = without_secrets(template)
    for override in result["spec"].get("overrides") or []:
        for item in override.get("clusterOverrides") or []:
            if "value" in item:
                item["value"] = _shown_value(str(item.get("path")), item["value"], secret=is_secret)
    return result


def _shown_value(path: str, value: t.Any, *, secret: bool) -> t.Any:
    """The value of an override, masked likewise."""
    if path == ANNOTATIONS_PATH and isinstance(value, dict):
        return without_copies(value, secret=secret)
    if path.startswith(f"{ANNOTATIONS_PATH}/"):
        key = path[len(ANNOTATIONS_PATH) + 1 :].replace("~1", "/").replace("~0", "~")
        return without_copies({key: value}, secret=secret)[key]
    return MASK if secret and not path.startswith("/metadata/") else value


def _shown_metadata(metadata: Object, *, secret: bool) -> Object:
    """Labels and annotations, where there are any, without what holds a whole object and without our record."""
    result = {key: metadata[key] for key in ("labels", "annotations") if metadata.get(key)}
    if "annotations" in result:
        result["annotations"] = {
            key: value for key, value in without_copies(result["annotations"], secret=secret).items() if key != RECORD
        }
    return result


__all__ = ("as_result", "as_results", "schedule_as_result", "shown")
