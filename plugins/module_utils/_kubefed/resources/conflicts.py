# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Conflicts between KubeFed and a cluster's own controllers, which would overwrite each other endlessly. Pure.

KubeFed writes an object whole, as its template and overrides say, each time that it is another than after KubeFed's own
last write. It keeps finalizers and annotations, of a Service the addresses and node ports that the cluster has chosen,
of a ServiceAccount the secrets, and with retainReplicas the replicas: nothing else that is written in the cluster
(RetainClusterFields in pkg/controller/sync/dispatch/retain.go and ObjectNeedsUpdate in
pkg/controller/util/propagatedversion.go, v0.10.0).
"""

from __future__ import annotations

import typing as t

from ..._kube.objects import Object
from ..kinds import rules_for

# cert-manager's cainjector and OpenShift's service CA: https://cert-manager.io/docs/concepts/ca-injector
_INJECTED = ("cert-manager.io/inject-", "service.beta.openshift.io/inject-cabundle")
# As the READMEs of mittwald/kubernetes-replicator and emberstack/kubernetes-reflector have them
_COPIED = ("replicator.v1.mittwald.de/replicate-from", "reflector.v1.k8s.emberstack.com/reflects")


def other_writer(group: str, kind: str, name: str, body: Object, annotations: t.Mapping[str, t.Any]) -> str:
    """Who would undo what KubeFed writes, and what to do instead; or an empty string.

    :param body: the object as KubeFed would write it; its metadata does not matter.
    :param annotations: those that it would have.
    """
    reason = rules_for(group, kind).cluster_writes(name, body)
    if reason:
        return reason
    for key in sorted(annotations):
        if key.startswith(_INJECTED):
            return f"for its annotation {key}, each cluster writes a caBundle into it: apply it in each cluster instead"
        # With data of its own, it is a copy that has been made
        if key in _COPIED and not body.get("data"):
            return (
                f"for its annotation {key}, each cluster copies data into it, which KubeFed would remove: apply it in "
                "each cluster instead"
            )
    return ""


def other_writer_on_openshift(group: str, kind: str, name: str, body: Object) -> str:
    """The same for what OpenShift alone would undo; see :func:`other_writer`."""
    return rules_for(group, kind).openshift_writes(name, body)


def made_by(group: str, kind: str, metadata: Object) -> str:
    """Who in a cluster makes an object that is there, and would undo what KubeFed writes to it; or an empty string.

    Of several owners, one at most is the controller:
    https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/

    :param metadata: of the object as it is there.
    """
    owner = next((entry for entry in metadata.get("ownerReferences") or [] if entry.get("controller")), None)
    return f"{owner['kind']} {owner['name']}" if owner else rules_for(group, kind).made_by(metadata)


__all__ = ("made_by", "other_writer", "other_writer_on_openshift")
