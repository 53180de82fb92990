# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every object of a cluster, without what changes by itself."""

from __future__ import annotations

import hashlib
import json
import subprocess
import typing as t

Object = dict[str, t.Any]

# Types that change while nobody does anything, each with the reason.
LEFT_OUT = {
    "events": "a log, not a state",
    "events.events.k8s.io": "a log, not a state",
    "leases.coordination.k8s.io": "renewed every few seconds by kubelet and controllers",
    "componentstatuses": "no object, but a question to the API server",
    "endpoints": "made of the endpoint slices, which are looked at",
}
# Fields of all objects: what the API server counts, and who wrote what when.
_METADATA = ("resourceVersion", "managedFields", "generation", "creationTimestamp")
# What controllers write about themselves: revisions, which of its pods leads KubeFed, when they last looked.
_ANNOTATIONS = (
    "deployment.kubernetes.io/revision",
    "control-plane.alpha.kubernetes.io/leader",
    "endpoints.kubernetes.io/last-change-trigger-time",
)
# The day on which a token was last used: https://kubernetes.io/docs/reference/labels-annotations-taints/
_LABEL_OF_TODAY = "kubernetes.io/legacy-token-last-used"


def objects(kubectl: t.Sequence[str]) -> dict[str, t.Any]:
    """`type namespace/name` → what it is, for every object that a cluster lists.

    :param kubectl: the words that begin a command of kubectl to the cluster.
    """
    found: dict[str, t.Any] = {}
    names = _ask(kubectl, "api-resources", "--verbs=list", "-o", "name", "--no-headers").split()
    for name in sorted(set(names) - set(LEFT_OUT)):
        for item in json.loads(_ask(kubectl, "get", name, "--all-namespaces", "-o", "json"))["items"]:
            metadata = item["metadata"]
            where = "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))
            found[f"{name} {where}"] = steady(item)
    return found


def steady(item: Object) -> Object:
    """What of an object stays the same as long as nobody changes it; secrets by their digest."""
    metadata = {key: value for key, value in item["metadata"].items() if key not in _METADATA}
    annotations = {k: v for k, v in (metadata.pop("annotations", None) or {}).items() if k not in _ANNOTATIONS}
    if annotations:
        metadata["annotations"] = annotations
    if labels := {k: v for k, v in (metadata.pop("labels", None) or {}).items() if k != _LABEL_OF_TODAY}:
        metadata["labels"] = labels
    kept: Object = {key: value for key, value in item.items() if key not in ("metadata", "status", "data")}
    kept["metadata"] = metadata
    if item.get("data") is not None:
        text = json.dumps(item["data"], sort_keys=True)
        kept["data"] = hashlib.sha256(text.encode()).hexdigest()[:16]
    if item.get("kind") == "Pod":
        # A pod that was there must be the same one, and must not have been started again.
        statuses = (item.get("status") or {}).get("containerStatuses") or []
        kept["restarts"] = {each["name"]: each["restartCount"] for each in statuses}
    return kept


def _ask(kubectl: t.Sequence[str], *words: str) -> str:
    return subprocess.run([*kubectl, *words], capture_output=True, text=True, check=True).stdout
