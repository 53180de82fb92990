# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Reads, applies and deletes objects in the two clusters of a membership.

In check mode nothing is written, but what would be written is recorded.
"""

from __future__ import annotations

import typing as t

from ..._kube.client import Client
from ..._kube.diff import Changes, differences
from ..._kube.errors import ApiError
from ..._kube.objects import Object, without_secrets
from ..._kube.waiting import wait_absent
from ..._runtime.wait import Waiter
from ..api import path_of
from ..host import through_webhook
from .manifests import fingerprint
from .model import Membership

# These are immutable. kubefedctl, too, deletes a binding with another role and creates it again.
_IMMUTABLE = {"roleRef", "type"}


class Cluster:
    """One of the two clusters.

    :param side: ``host`` or ``member``, as the diff calls it.
    :param client: ``None`` if the cluster cannot be reached: then nothing is found, and everything would be created.
    :param namespace: KubeFed's, for the kinds that live in one.
    """

    def __init__(
        self, side: str, client: Client | None, namespace: str, *, waiter: Waiter, check_mode: bool, changes: Changes
    ) -> None:
        self.client = client
        self._side = side
        self._namespace = namespace
        self._waiter = waiter
        self._check_mode = check_mode
        self._changes = changes

    def get(self, kind: str, name: str) -> Object | None:
        """An object, or ``None`` where there is none."""
        return None if self.client is None else self.client.get(path_of(kind, self._namespace, name))

    def ensure(
        self, manifest: Object, *, absent: bool = False, secret: bool = False, through_kubefed: bool = False
    ) -> Object:
        """Bring an object into the desired form.

        :param absent: it is known not to exist.
        :param secret: its data is not shown.
        :param through_kubefed: KubeFed's webhook is asked, which may not be up yet.
        :returns: the object as it is now, or would be.
        """
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        existing = None if absent else self.get(kind, name)
        patch = differences(existing, manifest) if existing else manifest
        if not patch:
            return t.cast(Object, existing)
        replaced = existing is not None and bool(_IMMUTABLE & set(patch))
        change = (self._where(kind, name), *_shown_change(existing, patch, manifest, replaced=replaced, secret=secret))
        if self._check_mode or self.client is None:
            self._changes.record(*change)
            return {**(existing or {}), **manifest}
        client = self.client
        if replaced and existing is not None:
            client.delete(path_of(kind, self._namespace, name), uid=existing["metadata"]["uid"])
            existing = None

        def write() -> Object:
            if existing is not None:
                return client.patch(path_of(kind, self._namespace, name), patch)
            return self._create(client, manifest)

        written = through_webhook(self._waiter, write) if through_kubefed else write()
        self._changes.record(*change)
        return written

    def _create(self, client: Client, manifest: Object) -> Object:
        """Create an object, or update it if somebody else has created it meanwhile."""
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        try:
            return client.create(path_of(kind, self._namespace), manifest)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
        found = self.get(kind, name) or {}
        rest = differences(found, manifest)
        return client.patch(path_of(kind, self._namespace, name), rest) if rest else found

    def delete(self, kind: str, name: str) -> None:
        """Delete an object, if there is one."""
        if self.client is None:
            return
        path = path_of(kind, self._namespace, name)
        existed = self.client.get(path) is not None if self._check_mode else self.client.delete(path)
        if existed:
            self._changes.record(self._where(kind, name), {"state": "present"}, {"state": "absent"})

    def wait_absent(self, kind: str, name: str, what: str) -> None:
        """Wait until a deleted object no longer exists; not in check mode.

        :param what: completes the sentence "waiting for …".
        """
        if self.client is not None and not self._check_mode:
            wait_absent(self._waiter, self.client, path_of(kind, self._namespace, name), what, sleep=1)

    def _where(self, kind: str, name: str) -> str:
        return f"{self._side}: {kind} {name}"


class Session:
    """One run of the module over both clusters.

    :param request: the desired membership.
    :param host: the cluster that KubeFed runs on.
    :param member: the cluster that joins or leaves; ``None`` if it cannot be reached.
    :param check_mode: write nothing, but record what would be written.
    :param slice_state: survives from one slice of a wait to the next.
    """

    def __init__(
        self,
        request: Membership,
        host: Client,
        member: Client | None,
        *,
        waiter: Waiter,
        check_mode: bool,
        changes: Changes,
        slice_state: dict[str, t.Any],
    ) -> None:
        self.request = request
        self.host_client = host
        self.member_client = member
        self.host = Cluster("host", host, request.namespace, waiter=waiter, check_mode=check_mode, changes=changes)
        self.member = Cluster(
            "member", member, request.namespace, waiter=waiter, check_mode=check_mode, changes=changes
        )
        self.waiter = waiter
        self.check_mode = check_mode
        self.changes = changes
        self.slice_state = slice_state


def _shown_change(
    existing: Object | None, patch: Object, manifest: Object, *, replaced: bool, secret: bool
) -> tuple[Object | None, Object]:
    """An object before and after a change, as the diff shows it.

    :param replaced: it is deleted and created anew.
    :param secret: its data is not shown.
    """
    shown = without_secrets if secret else _readable
    if existing is None or replaced:
        return None, shown(manifest)
    return shown({key: _old_part(existing.get(key), value) for key, value in patch.items()}), shown(patch)


def _readable(manifest: Object) -> Object:
    """A readable form of a manifest or a patch: certificates are replaced by their fingerprints."""
    spec = manifest.get("spec")
    if not isinstance(spec, dict) or not spec.get("caBundle"):
        return manifest
    return {**manifest, "spec": {**spec, "caBundle": f"(certificates, {fingerprint(spec['caBundle'])})"}}


def _old_part(found: t.Any, patch: t.Any) -> t.Any:
    """The part of an object that a patch changes."""
    if isinstance(found, dict) and isinstance(patch, dict):
        return {key: _old_part(found.get(key), value) for key, value in patch.items() if key in found}
    return found


__all__ = ("Cluster", "Session")
