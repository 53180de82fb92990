# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The types that a cluster serves; each is queried once."""

from __future__ import annotations

import typing as t

from ..._kube.client import Client
from ..._kube.errors import ApiError
from ..._kube.objects import Object
from ..._kube.parallel import each
from ..._kube.paths import version_path
from ..._runtime.errors import InvalidOption


class ApiResource(t.NamedTuple):
    """A type as a cluster serves it (metav1.APIResource)."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    short_names: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The plural with its group, which names the type's FederatedTypeConfig."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """Group and version as a manifest has them."""
        return f"{self.group}/{self.version}" if self.group else self.version


def api_resources(answer: Object) -> list[ApiResource]:
    """Read an APIResourceList, without the subresources."""
    group, _slash, version = str(answer.get("groupVersion") or "").rpartition("/")
    return [
        ApiResource(
            group=group,
            version=version,
            kind=entry["kind"],
            plural=entry["name"],
            namespaced=bool(entry.get("namespaced")),
            short_names=tuple(entry.get("shortNames") or ()),
            verbs=tuple(entry.get("verbs") or ()),
        )
        for entry in answer.get("resources") or []
        if "/" not in entry["name"]
    ]


class ServedTypes:
    """What one cluster serves."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._by_version: dict[str, list[ApiResource]] = {}

    def find(self, group: str, version: str, kind: str) -> ApiResource | None:
        """A type in one version."""
        path = version_path(group, version)
        if path not in self._by_version:
            answer = self._client.get(path)
            self._by_version[path] = [] if answer is None else api_resources(answer)
        return next((found for found in self._by_version[path] if found.kind == kind), None)

    def find_kind(self, kind: str) -> ApiResource | None:
        """A type of which only the kind is known, in its preferred version.

        :raises InvalidOption: when several groups have such a kind.
        """
        found = [resource for resource in self.preferred() if resource.kind == kind]
        # As in kubefedctl, core types take precedence
        if len(found) > 1 and found[0].group:
            names = ", ".join(sorted(resource.name for resource in found))
            raise InvalidOption(f"Federated{kind} may be of {names}: enable the right one first.")
        return found[0] if found else None

    def preferred(self) -> list[ApiResource]:
        """All types, each in the version that the cluster prefers, core types first."""
        groups = (self._client.get("/apis") or {}).get("groups") or []
        versions = [group["preferredVersion"]["groupVersion"].partition("/") for group in groups]
        paths = ["/api/v1", *(version_path(group, version) for group, _slash, version in versions)]
        answers = each(self._get, paths)
        return [resource for answer in answers if answer is not None for resource in api_resources(answer)]

    def _get(self, path: str) -> Object | None:
        try:
            return self._client.get(path)
        except ApiError as error:
            if error.status == 503:
                # An aggregated API without its server, such as a metrics server that is down
                return None
            raise


__all__ = ("ApiResource", "ServedTypes", "api_resources")
