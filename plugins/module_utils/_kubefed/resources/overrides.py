# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Reads, checks and applies the overrides of federated objects. Pure functions.

Source: pkg/controller/util/overrides.go of KubeFed v0.10.0.
"""

from __future__ import annotations

import copy
import typing as t

from ..._kube.objects import Object
from ..._runtime.errors import InvalidOption
from .model import DesiredObject
from .validation import applied_problems

# By name of cluster: {path, op, value}, and kind and name of the resources that they are for
Overrides = dict[str, list[Object]]

ANNOTATIONS_PATH = "/metadata/annotations"
REPLICAS_PATH = "/spec/replicas"
_INVALID_PATHS = ("/metadata/namespace", "/metadata/name", "/metadata/generateName", "/kind")
_OPERATIONS = ("add", "remove", "replace")


def check_overrides(overrides: t.Mapping[str, t.Any]) -> Overrides:
    """Read the option overrides.

    :returns: for each cluster, the overrides with the kind and the name of the resources they are for, where given.
    :raises InvalidOption: KubeFed would reject it (GetOverrides in pkg/controller/util/overrides.go).
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
        raise InvalidOption(f"{where} has path {path}, which KubeFed rejects, as it does {', '.join(_INVALID_PATHS)}.")
    if operation not in _OPERATIONS:
        raise InvalidOption(f"{where} has op {operation!r} for {path}; allowed are {', '.join(_OPERATIONS)}.")
    if operation != "remove" and "value" not in entry:
        raise InvalidOption(f"{where} has op {operation} for {path} and no value.")


def unused_overrides(overrides: Overrides, desired: t.Iterable[DesiredObject]) -> list[str]:
    """The overrides that are for none of the resources, for messages."""
    found = list(desired)
    return [
        f"overrides.{cluster} with path {entry['path']}"
        for cluster, entries in overrides.items()
        for entry in entries
        if not any(_is_for(entry, one) for one in found)
    ]


def _is_for(entry: Object, desired: DesiredObject) -> bool:
    if entry.get("kind"):
        if entry["kind"] not in (desired.type.kind, desired.type.federated_kind):
            return False
    elif desired.type.is_namespace:
        # It is there so that the others can be: only by its kind is it meant
        return False
    return entry.get("name") in (None, desired.name)


def overrides_for(desired: DesiredObject, overrides: Overrides) -> list[Object]:
    """The overrides of the option that are for a resource, as a federated object has them."""
    found = []
    for cluster, entries in overrides.items():
        items = [
            {key: entry[key] for key in ("op", "path", "value") if key in entry}
            for entry in entries
            if _is_for(entry, desired)
        ]
        paths = [item["path"] for item in items]
        twice = sorted({path for path in paths if paths.count(path) > 1})
        if twice:
            raise InvalidOption(f"overrides.{cluster} has {', '.join(twice)} twice for {desired.title}.")
        if items:
            found.append({"clusterName": cluster, "clusterOverrides": items})
    return found


def check_overrides_of(desired: DesiredObject) -> None:
    """Reject overrides that KubeFed would reject, or that do not fit the template."""
    clusters = [str(entry.get("clusterName")) for entry in desired.spec.get("overrides") or []]
    twice = sorted({cluster for cluster in clusters if clusters.count(cluster) > 1})
    if twice:
        raise InvalidOption(
            f"{desired.title} has overrides for {', '.join(twice)} more than once: merge them into one entry."
        )
    for entry in desired.spec.get("overrides") or []:
        cluster, items = entry.get("clusterName"), entry.get("clusterOverrides") or []
        where = f"{desired.title}: overrides for {cluster}"
        paths = [item.get("path") for item in items]
        for item in items:
            _check_override(item, where)
            if paths.count(item["path"]) > 1:
                raise InvalidOption(f"{where} have path {item['path']} more than once.")
        if isinstance(desired.spec.get("template"), dict):
            body = copy.deepcopy(desired.spec["template"])
            body["metadata"] = {**(body.get("metadata") or {}), "name": desired.name, "namespace": desired.namespace}
            body.setdefault("apiVersion", "")
            for item in items:
                problem = apply_override(body, item)
                if problem:
                    raise InvalidOption(
                        f"{where}: {item.get('op') or 'replace'} {item['path']} does not fit: {problem}"
                    )
            wrong = applied_problems(body, desired.type.kind, desired.type.group)
            if wrong:
                raise InvalidOption(f"{where} make it invalid: {'; '.join(wrong)}.")


def apply_override(body: Object, item: Object) -> str:
    """Apply one override to an object in place.

    As RFC 6902 says, but for one thing: KubeFed v0.10.0 replaces a field that is not there, as its own scheduler does
    with the replicas of a template without any (seen; its evanphx/json-patch takes that as adding).

    :returns: why it cannot be applied, or an empty string.
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
            return f"{last!r} is not a position in a list of {len(found)}; '-' means its end."
        if operation == "add":
            found.insert(len(found) if last == "-" else int(last), item.get("value"))
        elif operation == "remove":
            del found[int(last)]
        else:
            found[int(last)] = item.get("value")
    elif not isinstance(found, dict):
        return "it is inside a scalar value."
    elif operation == "remove":
        del found[last]
    else:
        found[last] = item.get("value")
    return ""


def body_in(spec: Object, cluster: str) -> Object:
    """The object that a federated one creates in a cluster, as far as its overrides can be applied."""
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


def merge_overrides(old: list[Object], new: list[Object], *, scheduled: bool = False) -> list[Object]:
    """Overrides of both; for the same cluster and path the new one holds, unless a schedule writes that path."""
    merged: dict[str, dict[str, Object]] = {}
    for entry in old:
        merged.setdefault(entry["clusterName"], {}).update({item["path"]: item for item in entry["clusterOverrides"]})
    for entry in new:
        paths = merged.setdefault(entry["clusterName"], {})
        for item in entry["clusterOverrides"]:
            if not (scheduled and item["path"] == REPLICAS_PATH):
                paths[item["path"]] = item
    return [
        {"clusterName": cluster, "clusterOverrides": list(paths.values())} for cluster, paths in merged.items() if paths
    ]


def common_annotations(spec: Object, clusters: t.Collection[str]) -> Object | None:
    """The annotations that a federated object has in all of these clusters, as they come from a plain resource."""
    found = [
        item.get("value")
        for entry in spec.get("overrides") or []
        if entry["clusterName"] in clusters
        for item in entry.get("clusterOverrides") or []
        if item["path"] == ANNOTATIONS_PATH
    ]
    return found[0] if found and len(found) == len(clusters) and all(value == found[0] for value in found) else None


__all__ = (
    "ANNOTATIONS_PATH",
    "REPLICAS_PATH",
    "Overrides",
    "apply_override",
    "body_in",
    "check_overrides",
    "check_overrides_of",
    "common_annotations",
    "merge_overrides",
    "overrides_for",
    "unused_overrides",
)
