# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Reads objects of Kubernetes, and masks their secrets. Pure functions."""

from __future__ import annotations

import base64
import typing as t

# An object, or any other mapping in JSON that a Kubernetes API server takes or gives
Object = dict[str, t.Any]

MASK = "(hidden)"
# The type of a Secret that Kubernetes fills with the token of a service account
SERVICE_ACCOUNT_TOKEN = "kubernetes.io/service-account-token"
# kubectl apply keeps a whole object there, a Secret's data too:
# https://kubernetes.io/docs/reference/labels-annotations-taints/#kubectl-kubernetes-io-last-applied-configuration
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# How JSON begins, and gzip in base64
_WHOLE = ("{", "[", "H4sI")


def without_secrets(manifest: Object) -> Object:
    """Mask the data of a Secret in a manifest or a patch, also where it is a template."""
    shown = {}
    for key, value in manifest.items():
        if key in ("data", "stringData") and isinstance(value, dict):
            shown[key] = {name: MASK for name in value}
        else:
            shown[key] = value
    return shown


def without_copies(annotations: t.Mapping[str, t.Any], *, secret: bool = False) -> Object:
    """Mask annotations that hold a whole object.

    Not only kubectl apply keeps objects there, also of Secrets, in JSON or compressed: kapp in
    kapp.k14s.io/original, Rancher in objectset.rio.cattle.io/applied.

    :param secret: whether they are a Secret's.
    """
    return {
        key: MASK if key == LAST_APPLIED or (secret and str(value).lstrip().startswith(_WHOLE)) else value
        for key, value in annotations.items()
    }


def condition(item: Object, type_: str) -> Object:
    """A condition of an object, or an empty dictionary."""
    for found in (item.get("status") or {}).get("conditions") or []:
        if found.get("type") == type_:
            return t.cast(Object, found)
    return {}


def lingering(found: Object) -> str:
    """Why an object that is being deleted still exists: a namespace's conditions, and finalizers.

    Whoever set a finalizer removes it after the cleanup that it stands for:
    https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
    """
    metadata = found.get("metadata") or {}
    reasons = [
        str(entry["message"])
        for entry in (found.get("status") or {}).get("conditions") or []
        if entry.get("status") == "True" and entry.get("message")
    ]
    if not reasons and metadata.get("finalizers"):
        reasons = [f"held by the finalizers {', '.join(metadata['finalizers'])}"]
    if not metadata.get("deletionTimestamp"):
        return "; ".join(["still there", *reasons])
    return f"being deleted since {metadata['deletionTimestamp']}" + (f": {'; '.join(reasons)}" if reasons else "")


def decoded(secret: Object | None, key: str) -> str:
    """Decode a value of a Secret; an empty string if there is none."""
    value = ((secret or {}).get("data") or {}).get(key)
    try:
        return base64.b64decode(value).decode(errors="replace") if value else ""
    except (TypeError, ValueError):
        return ""


__all__ = (
    "LAST_APPLIED",
    "MASK",
    "SERVICE_ACCOUNT_TOKEN",
    "Object",
    "condition",
    "decoded",
    "lingering",
    "without_copies",
    "without_secrets",
)
