# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Objects as KubeFed would write them, shown to the host's API server before anything is federated.

With ``dryRun=All`` it decodes, completes and validates an object as it would in earnest, and keeps nothing:
https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
"""

from __future__ import annotations

import copy
import json
import typing as t

from .._kube.client import ApiError, Client, Object, each
from .federate import FederatedType, Wanted, apply_override

# The namespace for objects whose own is not there yet: each cluster has it
_STAND_IN = "default"
# What the member may see otherwise: its own policies, addresses and ports that the object itself has there by now, and
# webhooks that can't be rehearsed
_NOT_FOR_GOOD = ("denied the request", "denied request", "already allocated", "does not support dry run")


class Rehearsal(t.NamedTuple):
    """An object to be shown to the API server.

    :ivar title: kind and name, for messages.
    :ivar path: of the collection that it would be created in.
    """

    title: str
    path: str
    body: Object


def rehearsals(want: Wanted, spec: Object, clusters: t.Iterable[str], *, exists: bool) -> list[Rehearsal]:
    """An object as each of these clusters would get it, the same ones once.

    :param spec: of the federated object as it is to be.
    :param exists: whether its namespace does.
    """
    if not isinstance(spec.get("template"), dict):
        return []
    overrides = {entry["clusterName"]: entry.get("clusterOverrides") or [] for entry in spec.get("overrides") or []}
    namespace = want.namespace if exists else _STAND_IN
    found: dict[str, Rehearsal] = {}
    for cluster in sorted(clusters):
        body = _body(want.type, want.name, namespace, spec["template"])
        for item in overrides.get(cluster, []):
            apply_override(body, item)
        found.setdefault(
            json.dumps(body, sort_keys=True, default=str),
            Rehearsal(f"{want.type.kind} {want.name}", want.type.target_path(namespace), body),
        )
    return list(found.values())


def _body(type_: FederatedType, name: str, namespace: str, template: Object) -> Object:
    body = copy.deepcopy(template)
    body["apiVersion"] = f"{type_.group}/{type_.version}".lstrip("/")
    body["kind"] = type_.kind
    metadata = body["metadata"] = {**(body.get("metadata") or {}), "name": name}
    for field in ("annotations", "finalizers"):
        # KubeFed leaves them out: ObjectForCluster in pkg/controller/sync/resource.go
        metadata.pop(field, None)
    if type_.namespaced:
        metadata["namespace"] = namespace
    return body


def refusals(host: Client, given: t.Sequence[Rehearsal]) -> list[str]:
    """What the API server would never take, in its own words.

    Only what it can't read or finds invalid. It may have other reasons, such as a right that is missing, which need not
    hold for KubeFed in the members.
    """
    told: dict[str, str] = {}
    for entry, message in zip(given, each(lambda entry: _refusal(host, entry), given)):
        if message:
            told.setdefault(entry.title, message)
    return [f"{title} would be refused by the clusters: {message}" for title, message in told.items()]


def _refusal(host: Client, entry: Rehearsal) -> str:
    try:
        host.request("POST", entry.path, body=entry.body, query={"dryRun": "All"})
    except ApiError as error:
        if error.status in (400, 422) and not any(text in error.message for text in _NOT_FOR_GOOD):
            return error.message
    return ""


__all__ = ("Rehearsal", "refusals", "rehearsals")
