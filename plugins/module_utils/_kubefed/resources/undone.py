# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What KubeFed and a cluster's own controller would undo for each other without end. Pure functions.

KubeFed writes an object whole, as its template and overrides say, each time that it is another than after KubeFed's own
last write. It keeps finalizers and annotations, of a Service the addresses and node ports that the cluster has chosen,
of a ServiceAccount the secrets, and with retainReplicas the replicas: nothing else that is written in the cluster
(RetainClusterFields in pkg/controller/sync/dispatch/retain.go and ObjectNeedsUpdate in
pkg/controller/util/propagatedversion.go, v0.10.0).
"""

from __future__ import annotations

import typing as t

from ..._kube.objects import Object

# cert-manager's cainjector and OpenShift's service CA: https://cert-manager.io/docs/concepts/ca-injector
_INJECTED = ("cert-manager.io/inject-", "service.beta.openshift.io/inject-cabundle")
_KINDS = {
    # https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding
    ("", "PersistentVolume"): "the cluster binds it to a claim, and KubeFed would take that out again",
    ("", "Node"): "its kubelet writes it",
    ("coordination.k8s.io", "Lease"): "its holder renews it every few seconds",
}
# https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/ has the first; Istio and OpenShift
# publish theirs in each namespace likewise
_PUBLISHED = ("kube-root-ca.crt", "istio-ca-root-cert", "openshift-service-ca.crt")


def undone(group: str, kind: str, name: str, body: Object, annotations: t.Mapping[str, t.Any]) -> str:
    """Who would undo what KubeFed writes, and what to do instead; or an empty string.

    :param body: the object as KubeFed would write it; its metadata does not matter.
    :param annotations: those that it would have.
    """
    reason = _KINDS.get((group, kind), "")
    spec = body.get("spec") if isinstance(body.get("spec"), dict) else {}
    spec = t.cast(Object, spec)
    if (group, kind) == ("rbac.authorization.k8s.io", "ClusterRole") and body.get("aggregationRule"):
        # https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
        reason = (
            "with its aggregationRule, each cluster writes its rules itself: federate the ClusterRoles that it is"
            " aggregated from, and apply this one in each cluster without the federation"
        )
    elif (group, kind) == ("", "PersistentVolumeClaim") and not spec.get("volumeName"):
        reason = (
            "the cluster binds it to a volume, and refuses KubeFed's updates from then on: set spec.volumeName where"
            " the volume is known, let the volumeClaimTemplates of a StatefulSet make it, or apply it in each cluster"
            " without the federation"
        )
    elif (group, kind) == ("batch", "Job") and spec.get("ttlSecondsAfterFinished") is not None:
        # https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
        reason = (
            "with ttlSecondsAfterFinished, each cluster deletes it when it has ended, and KubeFed makes it again, so"
            " that it would run without end: leave that field out"
        )
    elif (group, kind) == ("", "ConfigMap") and name in _PUBLISHED:
        reason = "each cluster makes its own, with its own authority"
    elif any(key.startswith(_INJECTED) for key in annotations):
        key = next(key for key in sorted(annotations) if key.startswith(_INJECTED))
        reason = f"for its annotation {key}, each cluster writes a caBundle into it: apply it in each cluster instead"
    return reason


__all__ = ("undone",)
