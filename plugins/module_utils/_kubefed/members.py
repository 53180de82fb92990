# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Reaches the member clusters with the credentials that KubeFed itself uses."""

from __future__ import annotations

from .._kube.client import MERGE_PATCH, Client
from .._kube.connect import connect_with_token
from .._kube.objects import Object, decoded
from .._kube.openshift import is_openshift
from .._runtime.errors import FederationError
from . import host as kubefed
from .api import MANAGED_LABEL, path_of
from .conditions import is_ready

# Marks an object in a member on which we have set the label to "false", until it is withdrawn
RELEASED_ANNOTATION = "cloudburst.federation/released"


class Members:
    """The members of a federation.

    :param host: the cluster that KubeFed runs on.
    :param namespace: KubeFed's namespace there.
    """

    def __init__(self, host: Client, namespace: str) -> None:
        self._host = host
        self._namespace = namespace
        self._clusters = kubefed.clusters(host, namespace)
        self._clients: dict[str, Client | FederationError] = {}
        self._openshift: dict[str, bool] = {}

    @property
    def labels(self) -> dict[str, dict[str, str]]:
        """Labels of the members, by name."""
        return {name: cluster["metadata"].get("labels") or {} for name, cluster in self._clusters.items()}

    def ready(self, name: str) -> bool:
        """Whether this cluster is Ready."""
        return is_ready(self._clusters.get(name) or {})

    def client(self, name: str) -> Client:
        """A client for a member.

        :raises FederationError: it cannot be reached; this is remembered, and not tried again.
        """
        if name not in self._clients:
            try:
                self._clients[name] = self._connect(name)
            except FederationError as error:
                self._clients[name] = error
        found = self._clients[name]
        if isinstance(found, FederationError):
            raise found
        return found

    def _connect(self, name: str) -> Client:
        spec = (self._clusters.get(name) or {}).get("spec") or {}
        reference = (spec.get("secretRef") or {}).get("name")
        secret = self._host.get(path_of("Secret", self._namespace, reference)) if reference else None
        token = decoded(secret, "token")
        if not token:
            raise FederationError(f"{name}: the host cluster has no credentials for it.")
        client = connect_with_token(
            spec["apiEndpoint"],
            decoded({"data": spec}, "caBundle").encode(),
            token,
            unverified=spec.get("disabledTLSValidations") or (),
            proxy=spec.get("proxyURL") or "",
            label=name,
        )
        client.get("/version")
        return client

    def is_openshift(self, name: str) -> bool:
        """Whether a member is OpenShift; False if it cannot be reached."""
        if name not in self._openshift:
            try:
                self._openshift[name] = is_openshift(self.client(name))
            except FederationError:
                self._openshift[name] = False
        return self._openshift[name]

    def metadata(self, name: str, path: str) -> dict[str, Object]:
        """Metadata of the objects that a path of a member's API lists, by name."""
        return {item["metadata"]["name"]: item["metadata"] for item in self.client(name).list(path, metadata_only=True)}

    def objects(self, name: str, path: str) -> dict[str, Object]:
        """The objects that a path of a member's API lists, by name."""
        return {item["metadata"]["name"]: item for item in self.client(name).list(path)}

    def stop_managing(self, name: str, path: str) -> None:
        """Make KubeFed leave the object at a path alone, while it is still placed on that member."""
        self._mark(name, path, label="false", annotation="true")

    def remove_marks(self, name: str, path: str) -> None:
        """Remove the traces of KubeFed from the object at a path that is not placed on that member any more."""
        self._mark(name, path, label=None, annotation=None)

    def resume_managing(self, name: str, path: str) -> bool:
        """Undo a :meth:`stop_managing` that was not followed by a withdrawal.

        :returns: whether the label was set by :meth:`stop_managing`, and not by a user on purpose.
        """
        found = self.client(name).get(path)
        if not found or RELEASED_ANNOTATION not in (found["metadata"].get("annotations") or {}):
            return False
        self._mark(name, path, label="true", annotation=None)
        return True

    def _mark(self, name: str, path: str, *, label: str | None, annotation: str | None) -> None:
        self.client(name).patch(
            path,
            {"metadata": {"labels": {MANAGED_LABEL: label}, "annotations": {RELEASED_ANNOTATION: annotation}}},
            content_type=MERGE_PATCH,
        )


__all__ = ("Members",)
