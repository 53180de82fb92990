# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Comparing objects with what is wanted of them, and telling the user about it. Pure functions but for the record."""

from __future__ import annotations

import typing as t

Object = dict[str, t.Any]

MASK = "(hidden)"
# kubectl apply keeps a whole object there, a Secret's data too:
# https://kubernetes.io/docs/reference/labels-annotations-taints/#kubectl-kubernetes-io-last-applied-configuration
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def differences(
    existing: Object, wanted: Object, *, exact: t.Collection[str] = ("rules", "subjects", "roleRef", "spec")
) -> Object:
    """The part of ``wanted`` that ``existing`` does not have, as a merge patch; empty when there is none.

    Labels, annotations and all fields but the exact ones may hold more than is wanted: what others put there stays.

    :param exact: top-level fields that are wholly ours. What is in them and not wanted becomes null.
    """
    patch: Object = {}
    for field, value in wanted.items():
        if field in ("apiVersion", "kind"):
            continue
        found = existing.get(field)
        if field == "metadata":
            part = {
                key: missing
                for key in ("labels", "annotations")
                if (missing := _missing((found or {}).get(key) or {}, value.get(key) or {}))
            }
        elif field in exact and isinstance(value, dict):
            part = _missing(found or {}, value)
            part.update(
                {key: None for key, old in (found or {}).items() if key not in value and old not in ("", None, [])}
            )
        elif isinstance(value, dict):
            part = _missing(found or {}, value)
        else:
            part = {} if found == value else value
        if part != {}:
            patch[field] = part
    return patch


def _missing(found: Object, wanted: Object) -> Object:
    return {key: value for key, value in wanted.items() if key not in found or found[key] != value}


class Changes:
    """The record of what a run changes, or in check mode would change: ``changed`` and ``diff`` of the result."""

    def __init__(self) -> None:
        self._before: Object = {}
        self._after: Object = {}

    def __bool__(self) -> bool:
        return bool(self._before or self._after)

    def record(self, where: str, before: t.Any, after: t.Any) -> None:
        """Note a change.

        :param where: the cluster and the object in it.
        :param before: ``None`` for what is created.
        :param after: ``None`` for what is deleted.
        """
        if before is not None:
            self._before[where] = before
        if after is not None:
            self._after[where] = after

    @property
    def diff(self) -> Object:
        """The diff of the result."""
        return {"before": self._before, "after": self._after}


def without_secrets(manifest: Object) -> Object:
    """A manifest, or a patch of one, as it may be shown: the data of a Secret, also as a template, is masked."""
    shown = {}
    for key, value in manifest.items():
        if key in ("data", "stringData") and isinstance(value, dict):
            shown[key] = {name: MASK for name in value}
        else:
            shown[key] = value
    return shown


def condition(item: Object, type_: str) -> Object:
    """A condition of an object, or an empty dictionary."""
    for found in (item.get("status") or {}).get("conditions") or []:
        if found.get("type") == type_:
            return t.cast(Object, found)
    return {}


def lingering(found: Object) -> str:
    """Why an object that was to be deleted is still there: what a namespace says of its contents, and finalizers.

    A finalizer is taken off by who has set it, once what it guards is cleared away:
    https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
    """
    metadata = found.get("metadata") or {}
    told = [
        str(entry["message"])
        for entry in (found.get("status") or {}).get("conditions") or []
        if entry.get("status") == "True" and entry.get("message")
    ]
    if not told and metadata.get("finalizers"):
        told = [f"held by the finalizers {', '.join(metadata['finalizers'])}"]
    if not metadata.get("deletionTimestamp"):
        return "; ".join(["still there", *told])
    return f"being deleted since {metadata['deletionTimestamp']}" + (f": {'; '.join(told)}" if told else "")


__all__ = ("LAST_APPLIED", "MASK", "Changes", "condition", "differences", "lingering", "without_secrets")
