# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Paths of resources on a Kubernetes API server. Pure functions."""

from __future__ import annotations

import typing as t
from urllib.parse import quote

from .._runtime.errors import InvalidOption


def resource_path(
    group: str, version: str, plural: str, *, namespace: str | None = None, name: str | None = None
) -> str:
    """Path of a collection of resources, or of one of them.

    Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris

    :param group: API group; empty for the core group.
    :param namespace: ``None`` for cluster-scoped resources and for all namespaces.
    :raises InvalidOption: a name would lead to another path.
    """
    parts = [] if namespace is None else ["namespaces", namespace]
    parts.append(plural)
    if name is not None:
        parts.append(name)
    return version_path(group, version) + _path_of(parts)


def version_path(group: str, version: str) -> str:
    """Path of a version of an API group, which is empty for the core group.

    :raises InvalidOption: a name would lead to another path.
    """
    return _path_of(["apis", group, version] if group else ["api", version])


def _path_of(parts: t.Sequence[str]) -> str:
    for part in parts:
        # No object has this name, and a client or server may take it for the parent folder
        if part in ("", ".", ".."):
            raise InvalidOption(f"{part!r} is not a valid name in Kubernetes; it would be part of {'/'.join(parts)}.")
    # RBAC's names hold colons, which are fine in a path
    return "".join(f"/{quote(part, safe=':')}" for part in parts)


__all__ = ("resource_path", "version_path")
