# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Tries out objects, as KubeFed would write them, on the host's API server before they are federated.

With ``dryRun=All``, the server decodes, completes and validates an object as it otherwise would, and stores nothing:
https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
"""

from __future__ import annotations

import copy
import json
import re
import typing as t

from ..._kube.client import Client
from ..._kube.errors import ApiError
from ..._kube.objects import Object
from ..._kube.parallel import each
from ..types.model import FederatedType
from .model import DesiredObject
from .overrides import apply_override

# kubectl asks for field validation too, since what is unknown is dropped without a word otherwise:
# https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
_QUERY = {"dryRun": "All", "fieldValidation": "Warn"}
# The namespace for objects whose own is not there yet: each cluster has it
_STAND_IN = "default"
# What the members may see otherwise: their own policies, addresses and ports, some of which the object may have there,
# and webhooks that cannot be rehearsed
_NOT_FOR_GOOD = (
    "denied the request",
    "denied request",
    "already allocated",
    "not in the valid range",
    "not configured on",
    "does not support dry run",
)


class DryRun(t.NamedTuple):
    """An object to try out on the API server.

    :ivar title: kind and name, for messages.
    :ivar path: of the collection that it would be created in.
    """

    title: str
    path: str
    body: Object


def dry_runs(desired: DesiredObject, spec: Object, clusters: t.Iterable[str], *, exists: bool) -> list[DryRun]:
    """The object that each of these clusters would get, without duplicates.

    :param spec: the desired spec of the federated object.
    :param exists: whether its namespace does.
    """
    if not isinstance(spec.get("template"), dict):
        return []
    overrides = {entry["clusterName"]: entry.get("clusterOverrides") or [] for entry in spec.get("overrides") or []}
    namespace = desired.namespace if exists else _STAND_IN
    found: dict[str, DryRun] = {}
    for cluster in sorted(clusters):
        body = _body(desired.type, desired.name, namespace, spec["template"])
        for item in overrides.get(cluster, []):
            apply_override(body, item)
        found.setdefault(
            json.dumps(body, sort_keys=True, default=str),
            DryRun(f"{desired.type.kind} {desired.name}", desired.type.target_path(namespace), body),
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


class Verdicts(t.NamedTuple):
    """The API server's answers.

    :ivar rejections: its messages about objects that are invalid.
    :ivar unknown: fields that the type of an object does not have, which would be dropped.
    """

    rejections: list[str]
    unknown: list[str]


def try_out(host: Client, given: t.Sequence[DryRun]) -> Verdicts:
    """Try out objects on the API server.

    Only answers that an object cannot be read or is invalid count as rejections. Others, such as a missing permission,
    need not apply to KubeFed in the members.
    """
    rejections: dict[str, str] = {}
    unknown: dict[str, list[str]] = {}
    for entry, (message, fields) in zip(given, each(lambda entry: _tried(host, entry), given)):
        if message:
            rejections.setdefault(entry.title, message)
        if fields:
            unknown.setdefault(entry.title, fields)
    return Verdicts(
        [f"{title} would be rejected by the clusters: {message}" for title, message in rejections.items()],
        [f"{title}: {', '.join(fields)}" for title, fields in unknown.items()],
    )


def _tried(host: Client, entry: DryRun) -> tuple[str, list[str]]:
    warnings: list[str] = []
    message = ""
    try:
        host.request("POST", entry.path, body=entry.body, query=_QUERY, warnings=warnings)
    except ApiError as error:
        if error.status in (400, 422) and not any(text in error.message for text in _NOT_FOR_GOOD):
            message = error.message
    return message, [field for text in warnings for field in re.findall(r'unknown field "([^"]*)"', text)]


__all__ = ("DryRun", "Verdicts", "dry_runs", "try_out")
