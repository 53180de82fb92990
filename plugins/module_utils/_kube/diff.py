# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Compares an object with its desired form, and records the changes of a run."""

from __future__ import annotations

import typing as t

from .objects import Object


def differences(
    existing: Object, wanted: Object, *, exact: t.Collection[str] = ("rules", "subjects", "roleRef", "spec")
) -> Object:
    """A merge patch that brings ``existing`` into the desired form; empty if it has that already.

    Labels, annotations and all fields except the exact ones may hold more, which is left alone.

    :param wanted: the desired fields.
    :param exact: top-level fields that may hold nothing else. What else is in them becomes null.
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


__all__ = ("Changes", "differences")
