# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Where a pod may run: the labels and taints of nodes. Pure functions."""

from __future__ import annotations

import typing as t

from .._kube.objects import Object

# What keeps a pod away; PreferNoSchedule does not.
_KEEPS_AWAY = ("NoSchedule", "NoExecute")
HOSTNAME = "kubernetes.io/hostname"


def tolerates(pod_spec: Object, taints: t.Sequence[Object]) -> bool:
    """Whether a pod tolerates all taints of a node that would keep it away.

    ToleratesTaint() in k8s.io/api/core/v1/toleration.go.
    """
    tolerations = pod_spec.get("tolerations") or []
    return all(
        any(_tolerated(taint, toleration) for toleration in tolerations)
        for taint in taints
        if taint.get("effect") in _KEEPS_AWAY
    )


def _tolerated(taint: Object, toleration: Object) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")


def selects(pod_spec: Object, labels: t.Mapping[str, str]) -> bool:
    """Whether a pod's node selector and required node affinity take a node with these labels.

    Terms are alternatives, their expressions are not (nodeaffinity.go in component-helpers). Fields of nodes name a
    node, as the pods of a DaemonSet do.
    """
    selector: Object = pod_spec.get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    affinity = ((pod_spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if not affinity:
        return True
    return any(
        not term.get("matchFields")
        and bool(term.get("matchExpressions"))
        and all(_matches(expression, labels) for expression in term["matchExpressions"])
        for term in affinity.get("nodeSelectorTerms") or []
    )


def _matches(expression: Object, labels: t.Mapping[str, str]) -> bool:
    operator, values, label = expression["operator"], expression.get("values") or [], labels.get(expression["key"])
    if operator == "In":
        return label in values
    if operator == "NotIn":
        return label not in values
    if operator == "Exists":
        return label is not None
    if operator == "DoesNotExist":
        return label is None
    try:
        number, limit = int(label or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return number > limit if operator == "Gt" else number < limit


def alone_on_node(pod: Object) -> str:
    """What pods belong to of which each node takes one, by a required anti-affinity to each other; empty for others.

    Only a selector of labels is read, as the controllers of applications write it.
    """
    metadata, spec = pod.get("metadata") or {}, pod.get("spec") or {}
    labels = metadata.get("labels") or {}
    terms = ((spec.get("affinity") or {}).get("podAntiAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or []
    for term in terms:
        wanted = (term.get("labelSelector") or {}).get("matchLabels") or {}
        if term.get("topologyKey") == HOSTNAME and wanted and wanted.items() <= labels.items():
            return f"{metadata.get('namespace')}/{sorted(wanted.items())}"
    return ""


__all__ = ("HOSTNAME", "alone_on_node", "selects", "tolerates")
