# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Reads and changes the placement of federated objects. Pure functions.

Source: pkg/controller/util/placement.go of KubeFed v0.10.0.
"""

from __future__ import annotations

import copy
import typing as t

from ..._kube.objects import Object
from ..._runtime.errors import InvalidOption
from .model import WITHDRAWN_ANNOTATION

# Labels of the KubeFedClusters, by name
ClusterLabels = t.Mapping[str, t.Mapping[str, str]]

# The operators of a label selector, and whether they need values
_OPERATORS = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False}


class Placement(t.NamedTuple):
    """The desired placement of resources.

    :ivar spec: as a federated object has it in spec.placement.
    :ivar clusters: the names of the clusters that this means at present.
    """

    spec: Object
    clusters: tuple[str, ...]


def read_placement(names: t.Sequence[str] | None, selector: Object | None, clusters: ClusterLabels) -> Placement | None:
    """Read the options placement and cluster_selector; ``None`` without either.

    :param clusters: labels of the KubeFedClusters, by name.
    :raises InvalidOption: KubeFed would not understand the selector.
    """
    if names is not None:
        return Placement({"clusters": [{"name": name} for name in names]}, tuple(names))
    if selector is None:
        return None
    check_selector(selector)
    placement = {"clusterSelector": selector}
    return Placement(placement, tuple(sorted(selected({"placement": placement}, clusters))))


def check_selector(selector: Object) -> None:
    """Reject a value that is not a label selector (metav1.LabelSelectorAsSelector).

    :raises InvalidOption: with what is wrong and what is allowed.
    """
    unknown = sorted(set(selector) - {"matchLabels", "matchExpressions"})
    if unknown:
        raise InvalidOption(f"cluster_selector has {', '.join(unknown)}; allowed are matchLabels and matchExpressions.")
    if not isinstance(selector.get("matchLabels") or {}, dict):
        raise InvalidOption("cluster_selector.matchLabels must be a dictionary of labels.")
    for key, value in (selector.get("matchLabels") or {}).items():
        if not isinstance(value, str):
            raise InvalidOption(
                f"cluster_selector.matchLabels.{key} is {value!r}; put it in quotes, since labels are strings."
            )
    expressions = selector.get("matchExpressions") or []
    if not isinstance(expressions, list) or not all(isinstance(entry, dict) for entry in expressions):
        raise InvalidOption("cluster_selector.matchExpressions must be a list of dictionaries.")
    for entry in expressions:
        operator, values = entry.get("operator"), entry.get("values") or []
        if not entry.get("key") or operator not in _OPERATORS:
            raise InvalidOption(
                f"cluster_selector.matchExpressions has {entry}; each needs a key and an operator, which is one of"
                f" {', '.join(_OPERATORS)}."
            )
        if bool(values) != _OPERATORS[operator]:
            raise InvalidOption(
                f"cluster_selector.matchExpressions has {entry}; operator {operator} needs"
                f" {'values' if _OPERATORS[operator] else 'no values'}."
            )


def selected(spec: Object, clusters: ClusterLabels) -> set[str]:
    """Names of the clusters that a placement selects, whether they are members or not (util.selectedClusterNames).

    :param spec: of a federated object.
    :param clusters: labels of the KubeFedClusters, by name.
    """
    placement = spec.get("placement") or {}
    if placement.get("clusters") is not None:
        return {entry["name"] for entry in placement["clusters"]}
    selector = placement.get("clusterSelector")
    if selector is None:
        return set()
    return {name for name, labels in clusters.items() if _matches(selector, labels)}


def _matches(selector: Object, labels: t.Mapping[str, str]) -> bool:
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for expression in selector.get("matchExpressions") or []:
        key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
        holds = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not holds.get(operator, False):
            return False
    return True


def with_clusters(federated: Object, clusters: t.Collection[str], labels: ClusterLabels) -> Object:
    """The placement of a federated object with these clusters added.

    If it was withdrawn from just these, it is by its clusterSelector again, and otherwise by names.

    :param labels: of the KubeFedClusters, by name.
    """
    spec = federated.get("spec") or {}
    selector = (spec.get("placement") or {}).get("clusterSelector")
    if selector is not None and withdrawn_from(federated) == set(clusters):
        return {"clusterSelector": copy.deepcopy(selector)}
    return {"clusters": [{"name": name} for name in sorted(selected(spec, labels) | set(clusters))]}


def withdrawn_from(federated: Object) -> set[str]:
    """Clusters that a federated object is temporarily withdrawn from, with its clusterSelector kept."""
    value = (federated["metadata"].get("annotations") or {}).get(WITHDRAWN_ANNOTATION) or ""
    return {name for name in value.split(",") if name}


def without_clusters(federated: Object, clusters: t.Collection[str], labels: ClusterLabels) -> Object:
    """A copy of a federated object that is no longer placed on these clusters.

    :param labels: of the KubeFedClusters, by name.
    """
    result = copy.deepcopy(federated)
    spec = result.setdefault("spec", {})
    placement = spec.get("placement") or {}
    placed = selected(spec, labels)
    before = withdrawn_from(federated)
    if before or placement.get("clusters") is None:
        annotations = result["metadata"].setdefault("annotations", {})
        annotations[WITHDRAWN_ANNOTATION] = ",".join(sorted(before | (placed & set(clusters))))
    spec["placement"] = {**placement, "clusters": [{"name": name} for name in sorted(placed - set(clusters))]}
    return result


def restored(federated: Object, former_members: t.Collection[str]) -> Object | None:
    """A copy of a federated object whose clusterSelector applies again, as all withdrawn clusters have left.

    :param former_members: clusters that are not members any more.
    :returns: ``None`` when there is nothing to be done.
    """
    before = withdrawn_from(federated)
    if not before & set(former_members):
        return None
    result = copy.deepcopy(federated)
    members = before - set(former_members)
    if members:
        result["metadata"]["annotations"][WITHDRAWN_ANNOTATION] = ",".join(sorted(members))
        return result
    del result["metadata"]["annotations"][WITHDRAWN_ANNOTATION]
    placement = (result.get("spec") or {}).get("placement") or {}
    if placement.get("clusterSelector") is not None:
        placement.pop("clusters", None)
    return result


def same_placement(old: Object, new: Object) -> bool:
    """Whether two placements mean the same, by names in any order."""
    if old.get("clusters") is None or new.get("clusters") is None:
        return old == new
    return {entry["name"] for entry in old["clusters"]} == {entry["name"] for entry in new["clusters"]}


__all__ = (
    "ClusterLabels",
    "Placement",
    "check_selector",
    "read_placement",
    "restored",
    "same_placement",
    "selected",
    "with_clusters",
    "withdrawn_from",
    "without_clusters",
)
