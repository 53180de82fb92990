# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What of a namespace's contents is federated, and what is not and why. Pure functions.

``kubefedctl federate namespace --contents`` takes what is there, pods and tokens included, and so fights the
controllers that make them. Here only what is known to be of use in another cluster is taken.
"""

from __future__ import annotations

import copy
import re
import typing as t

from ..._kube.objects import Object
from ..api import CORE_GROUP, FEDERATED_GROUP, SCHEDULING_GROUP
from ..listing import some
from ..types.enabling import ApiResource
from .model import MANAGED_LABEL

# By group and kind
_TAKEN = frozenset(
    (
        ("", "ConfigMap"),
        ("", "LimitRange"),
        ("", "Secret"),
        ("", "Service"),
        ("", "ServiceAccount"),
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "ReplicaSet"),
        ("apps", "StatefulSet"),
        ("autoscaling", "HorizontalPodAutoscaler"),
        ("batch", "CronJob"),
        ("networking.k8s.io", "Ingress"),
        ("networking.k8s.io", "NetworkPolicy"),
        ("policy", "PodDisruptionBudget"),
        ("rbac.authorization.k8s.io", "Role"),
        ("rbac.authorization.k8s.io", "RoleBinding"),
    )
)
# Also when KubeFed propagates the type
_NEVER = {
    ("", "PersistentVolumeClaim"): "its volume, with the data, is in one cluster",
    ("", "Pod"): "a pod lives and dies in one cluster: federate a workload that makes it",
    ("", "ReplicationController"): "make a Deployment of it",
    ("", "ResourceQuota"): "what a cluster has to give is its own affair",
    # Nor could KubeFed take over the one that is there: the API server gives a Job a selector, for good
    ("batch", "Job"): "it runs once, where it is: to run it in other clusters too, give it in definition",
}
# What a cluster keeps for itself: not even named as left out
_BOOKKEEPING = frozenset(
    (
        ("", "Endpoints"),
        ("", "Event"),
        ("apps", "ControllerRevision"),
        ("coordination.k8s.io", "Lease"),
        ("discovery.k8s.io", "EndpointSlice"),
        ("events.k8s.io", "Event"),
    )
)
# https://cert-manager.io/docs/reference/annotations/
_CERTIFICATE = "cert-manager.io/certificate-name"
_LEADER = "control-plane.alpha.kubernetes.io/leader"
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def is_bookkeeping(resource: ApiResource) -> bool:
    """Whether a type is no part of what a user has put into a namespace."""
    return (
        not resource.namespaced
        or "list" not in resource.verbs
        or "create" not in resource.verbs
        or resource.group in (FEDERATED_GROUP, CORE_GROUP, SCHEDULING_GROUP)
        or (resource.group, resource.kind) in _BOOKKEEPING
    )


def type_left(resource: ApiResource, *, propagated: bool) -> str:
    """Why no object of a type is taken, or an empty string.

    :param propagated: whether KubeFed propagates it already; then somebody wants it to be taken.
    """
    reason = _NEVER.get((resource.group, resource.kind))
    if reason is None and not propagated and (resource.group, resource.kind) not in _TAKEN:
        reason = "it is of no type that is known to be of use elsewhere: give it in definition, or enable its type"
    return reason or ""


def left(kind: str, found: Object) -> str:
    """Why an object is not taken, or an empty string.

    :param found: the whole object.
    """
    annotations = found["metadata"].get("annotations") or {}
    metadata = found["metadata"]
    name = metadata["name"]
    owners = metadata.get("ownerReferences") or []
    if metadata.get("deletionTimestamp"):
        return "it is being deleted"
    if owners:
        return f"{owners[0]['kind']} {owners[0]['name']} makes it, in each cluster its own"
    if len(name) > 253 or not _SUBDOMAIN.fullmatch(name):
        return "no federated object can have this name"
    if kind == "Secret" and _CERTIFICATE in annotations:
        return (
            "cert-manager renews it here, which KubeFed would undo, so that it would be issued again and again: give"
            " the Certificate to the other clusters, or place a copy of the Secret on them alone"
        )
    if kind == "Secret":
        return _secret_left(str(found.get("type") or ""))
    if kind == "ConfigMap" and _LEADER in annotations:
        return "it is a lock of those who run in this cluster"
    if kind == "ServiceAccount" and name == "default":
        return "each cluster makes its own"
    return ""


def _secret_left(type_: str) -> str:
    if type_ == "kubernetes.io/service-account-token":
        return "a service account's token is of use in the cluster that made it alone"
    if type_.startswith("helm.sh/release"):
        return "Helm keeps there what it has installed in this cluster"
    if type_ == "bootstrap.kubernetes.io/token":
        return "it lets nodes join this cluster"
    return ""


def manifest(api_version: str, kind: str, found: Object) -> Object:
    """An object of a list as a manifest, without what controllers have put into it."""
    made = {**copy.deepcopy(found), "apiVersion": api_version, "kind": kind}
    (made["metadata"].get("labels") or {}).pop(MANAGED_LABEL, None)
    spec = made.get("spec") or {}
    inner = (spec.get("template") or {}).get("metadata") or {}
    if inner.get("creationTimestamp", "") is None:
        del inner["creationTimestamp"]
    return made


def warnings(taken: t.Sequence[Object], claims: t.Collection[str]) -> list[str]:
    """What will not be the same in other clusters, though it is federated.

    :param taken: the manifests.
    :param claims: names of the PersistentVolumeClaims that are left.
    """
    told: list[str] = []
    names: dict[str, list[str]] = {"claims": [], "templates": [], "host": [], "services": [], "ports": [], "bare": []}
    for entry in taken:
        kind, spec = entry["kind"], entry.get("spec") or {}
        title = f"{kind} {entry['metadata']['name']}"
        for volume in _pod_spec(kind, spec).get("volumes") or []:
            claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            if claim:
                names["claims"].append(f"{title} ({claim}{'' if claim in claims else ', which is not there either'})")
            if "hostPath" in volume:
                names["host"].append(f"{title} ({(volume['hostPath'] or {}).get('path')})")
        if spec.get("volumeClaimTemplates"):
            names["templates"].append(title)
        if kind == "Service" and spec.get("type") != "ExternalName":
            names["services" if spec.get("selector") else "bare"].append(entry["metadata"]["name"])
            if spec.get("type") in ("NodePort", "LoadBalancer"):
                names["ports"].append(entry["metadata"]["name"])
    for key, text in (
        ("claims", "PersistentVolumeClaims stay local. Make them in the other clusters, or pods will wait for them: "),
        ("templates", "Volumes are made anew, and empty, in each other cluster for: "),
        ("host", "Directories of the nodes are mounted, which hold something else in each cluster, by: "),
        ("services", "In each cluster, these Services' names resolve to that cluster's own pods alone: "),
        ("bare", "The end points of Services without a selector stay local, for: "),
        ("ports", "Each cluster chooses node ports and load balancers of its own for the Services: "),
    ):
        if names[key]:
            told.append(f"{text}{some(sorted(names[key]))}.")
    return told


def _pod_spec(kind: str, spec: Object) -> Object:
    if kind == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    return t.cast(Object, (spec.get("template") or {}).get("spec") or {})


__all__ = ("is_bookkeeping", "left", "manifest", "type_left", "warnings")
