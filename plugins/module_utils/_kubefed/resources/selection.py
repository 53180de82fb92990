# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Decides which objects of a namespace are federated, and why others are not. Pure functions.

``kubefedctl federate namespace --contents`` takes what is there, pods and tokens included, and so fights the
controllers that make them. Here only what is known to be of use in another cluster is taken: kinds.py has the rules.
"""

from __future__ import annotations

import copy
import re
import typing as t

from ..._kube.objects import Object
from ..api import CORE_GROUP, FEDERATED_GROUP, MANAGED_LABEL, SCHEDULING_GROUP
from ..kinds import BOOKKEEPING, STAYS, TAKEN, KindRules, rules_for, rules_of_manifest
from ..listing import shortened
from ..types.served import ApiResource

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
# What differs between clusters, though an object is taken
_DIFFERENCES = {
    "claims": "PersistentVolumeClaims are not federated. Create them in the other clusters, or pods will wait for "
    "them: ",
    "templates": "New, empty volumes are created in each other cluster for: ",
    "host": "Directories of the nodes, whose contents differ in each cluster, are mounted by: ",
    "services": "In each cluster, these Services' names resolve only to that cluster's own pods: ",
    "bare": "The Endpoints of Services without a selector are not federated, for: ",
    "ports": "Each cluster chooses its own node ports and load balancers for the Services: ",
}


def is_bookkeeping(resource: ApiResource) -> bool:
    """Whether objects of a type are not created by users."""
    return (
        not resource.namespaced
        or "list" not in resource.verbs
        or "create" not in resource.verbs
        or resource.group in (FEDERATED_GROUP, CORE_GROUP, SCHEDULING_GROUP)
        or rules_for(resource.group, resource.kind).from_namespace == BOOKKEEPING
    )


def type_stays(resource: ApiResource, *, propagated: bool) -> str:
    """Why no object of a type is taken, or an empty string.

    :param propagated: whether KubeFed propagates it already, which means that somebody wants it federated.
    """
    rules = rules_for(resource.group, resource.kind)
    if rules.from_namespace == STAYS:
        return rules.stays_because
    if not propagated and rules.from_namespace != TAKEN:
        return "its type is not known to be useful in other clusters: list it in definition, or enable its type"
    return ""


def object_stays(rules: KindRules, found: Object) -> str:
    """Why an object is not taken, or an empty string.

    :param rules: of its kind.
    :param found: the whole object.
    """
    metadata = found["metadata"]
    name = metadata["name"]
    owners = metadata.get("ownerReferences") or []
    if metadata.get("deletionTimestamp"):
        return "it is being deleted"
    if owners:
        return f"{owners[0]['kind']} {owners[0]['name']} creates it, separately in each cluster"
    if len(name) > 253 or not _SUBDOMAIN.fullmatch(name):
        return "a federated resource cannot have this name"
    return rules.object_stays(found)


def manifest(api_version: str, kind: str, found: Object) -> Object:
    """Turn an object of a list into a manifest, without what controllers have added."""
    made = {**copy.deepcopy(found), "apiVersion": api_version, "kind": kind}
    (made["metadata"].get("labels") or {}).pop(MANAGED_LABEL, None)
    spec = made.get("spec") or {}
    inner = (spec.get("template") or {}).get("metadata") or {}
    if inner.get("creationTimestamp", "") is None:
        del inner["creationTimestamp"]
    return made


def warnings(taken: t.Sequence[Object], claims: t.Collection[str]) -> list[str]:
    """Warnings about what will differ in other clusters though it is federated.

    :param taken: the manifests.
    :param claims: names of the PersistentVolumeClaims that stay.
    """
    names: dict[str, list[str]] = {key: [] for key in _DIFFERENCES}
    for entry in taken:
        spec, rules = entry.get("spec") or {}, rules_of_manifest(entry)
        title = f"{rules.kind} {entry['metadata']['name']}"
        for volume in (rules.pod_template(entry).get("spec") or {}).get("volumes") or []:
            claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            if claim:
                names["claims"].append(f"{title} ({claim}{'' if claim in claims else ', which is not there either'})")
            if "hostPath" in volume:
                names["host"].append(f"{title} ({(volume['hostPath'] or {}).get('path')})")
        if spec.get("volumeClaimTemplates"):
            names["templates"].append(title)
        for key in rules.differs(spec):
            names[key].append(entry["metadata"]["name"])
    return [f"{text}{shortened(sorted(names[key]))}." for key, text in _DIFFERENCES.items() if names[key]]


__all__ = ("is_bookkeeping", "manifest", "object_stays", "type_stays", "warnings")
