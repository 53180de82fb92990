# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Applies and deletes objects in the two clusters that share a Service; in check mode, only predicts it."""

from __future__ import annotations

import typing as t

from .._kube.client import Client
from .._kube.diff import Changes
from .._kube.errors import ApiError
from .._kube.objects import Object, without_secrets
from . import manifests

# JSON is YAML: https://kubernetes.io/docs/reference/using-api/server-side-apply/#serialization
APPLY = "application/apply-patch+yaml"
FIELD_MANAGER = "cloudburst.federation"
# Fields that the API server sets itself
_KEPT_BY_SERVER = {"creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"}


class Cluster:
    """One of the two clusters.

    :param side: ``host`` or ``member``, as the diff calls it.
    """

    def __init__(self, side: str, client: Client, *, check_mode: bool, changes: Changes) -> None:
        self.client = client
        self._side = side
        self.check_mode = check_mode
        self._changes = changes

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """An object, or ``None`` where there is none."""
        return self.client.get(manifests.path(kind, namespace, name))

    def list(self, kind: str, namespace: str | None = None, selector: str = "") -> list[Object]:
        """All objects of a kind in a namespace, or in the cluster."""
        path = manifests.path(kind, namespace)
        return self.client.list(path, labelSelector=selector) if selector else self.client.list(path)

    def apply(self, manifest: Object) -> Object:
        """Apply an object with server-side apply. A dry run on the API server shows what would change.

        :returns: the object as it is now, or in check mode as it would be.
        """
        kind, metadata = manifest["kind"], manifest["metadata"]
        path = manifests.path(kind, metadata["namespace"], metadata["name"])
        existing = self.client.get(path)
        if existing is not None:
            predicted = self._apply(path, manifest, dryRun="All")
            changed = [key for key in predicted if _comparable(predicted, key) != _comparable(existing, key)]
            if not changed:
                return existing
            before = {key: _shown(existing, key) for key in changed}
            after = {key: _shown(predicted, key) for key in changed}
        else:
            predicted = manifest
            before, after = None, {key: _shown(manifest, key) for key in manifest if key not in ("apiVersion", "kind")}
        written = predicted if self.check_mode else self._apply(path, manifest)
        self._changes.record(self._where(kind, metadata["namespace"], metadata["name"]), before, after)
        return written

    def _apply(self, path: str, manifest: Object, **query: str) -> Object:
        parameters = {"fieldManager": FIELD_MANAGER, "force": "true", **query}
        return self.client.request("PATCH", path, body=manifest, query=parameters, content_type=APPLY)

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object, if there is one."""
        path = manifests.path(kind, namespace, name)
        existed = self.client.get(path) is not None if self.check_mode else self.client.delete(path)
        if existed:
            self._changes.record(self._where(kind, namespace, name), {"state": "present"}, {"state": "absent"})

    def merge(self, kind: str, found: Object, patch: Object) -> None:
        """Patch an object; nothing happens if it has been deleted meanwhile."""
        metadata = found["metadata"]
        if not self.check_mode:
            try:
                self.client.patch(manifests.path(kind, metadata["namespace"], metadata["name"]), patch)
            except ApiError as error:
                if error.status != 404:
                    raise
        where = self._where(kind, metadata["namespace"], metadata["name"])
        self._changes.record(where, {key: found.get(key) for key in patch}, patch)

    def _where(self, kind: str, namespace: str, name: str) -> str:
        return f"{self._side}: {kind} {namespace}/{name}"


def _comparable(manifest: Object, key: str) -> t.Any:
    value = manifest.get(key)
    if key == "status":
        return None
    if key == "metadata":
        return {name: entry for name, entry in (value or {}).items() if name not in _KEPT_BY_SERVER}
    return value


def _shown(manifest: Object, key: str) -> t.Any:
    """A part of an object as a diff shows it: secrets masked, a program by its size."""
    if key == "metadata":
        return {name: manifest[key].get(name) or {} for name in ("labels", "annotations")}
    value = manifest.get(key)
    if key == "data" and isinstance(value, dict):
        if manifest.get("kind") == "Secret":
            return without_secrets({key: value})[key]
        return {name: f"({len(text)} characters)" if len(text) > 4000 else text for name, text in value.items()}
    return value


__all__ = ("Cluster",)
