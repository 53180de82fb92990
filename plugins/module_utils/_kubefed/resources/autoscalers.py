# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Knows autoscalers and what they scale, so that KubeFed leaves these replicas alone. Pure functions.

KubeFed writes a template's replicas again whenever somebody else has changed them, unless the federated object has
``spec.retainReplicas``; then it keeps those that the cluster has, for each type that has the field, and before it
applies overrides (RetainClusterFields in pkg/controller/sync/dispatch/retain.go and Update in managed.go, v0.10.0).
https://github.com/kubernetes-retired/kubefed/blob/master/docs/userguide.md (Local Value Retention) names
HorizontalPodAutoscalers as the reason for it.
"""

from __future__ import annotations

import typing as t

from ..._kube.objects import Object
from ..kinds import autoscalers, rules_of
from ..types.model import FederatedType
from .model import DesiredObject
from .schedules import replicas


class Autoscaler(t.NamedTuple):
    """Something that sets the replicas of an object in its namespace.

    :ivar title: kind and name, for messages.
    :ivar target: group, kind and name of what it scales.
    :ivar clusters: where it is or will be, as far as that is known.
    """

    title: str
    target: tuple[str, str, str]
    clusters: frozenset[str] = frozenset()

    def scales(self, type_: FederatedType, name: str) -> bool:
        """Whether it scales this object."""
        return self.target == (type_.group, type_.kind, name)


def is_autoscaler(type_: FederatedType) -> bool:
    """Whether a type is one of autoscalers."""
    return rules_of(type_).autoscaler is not None


def read(kind: str, name: str, body: Object, clusters: t.Iterable[str] = ()) -> Autoscaler | None:
    """Read an autoscaler; ``None`` for one that names no target.

    :param body: the object, or the template of a federated one.
    """
    target = (body.get("spec") or {}).get("scaleTargetRef")
    if not isinstance(target, dict) or not target.get("name"):
        return None
    rules = next(found.autoscaler for found in autoscalers() if found.kind == kind and found.autoscaler)
    group = str(target.get("apiVersion") or rules.target_version).rpartition("/")[0]
    # Deployments were there once; an autoscaler finds them by their kind
    group = "apps" if group == "extensions" else group
    scaled = (group, str(target.get("kind") or rules.target_kind), str(target["name"]))
    return Autoscaler(f"{kind} {name}", scaled, frozenset(clusters))


def may_be_scaled(type_: FederatedType, template: Object) -> bool:
    """Whether an object can have an autoscaler."""
    count = (template.get("spec") or {}).get("replicas") if isinstance(template.get("spec"), dict) else None
    return rules_of(type_).scaled or isinstance(count, int)


def leaves_replicas(type_: FederatedType, template: Object) -> bool:
    """Whether a template does not set replicas, so that ``kubectl apply`` would not change their number.

    KubeFed replaces the whole object, and the API server then sets the default of one replica.
    """
    spec = template.get("spec")
    return rules_of(type_).scaled and isinstance(spec, dict) and spec.get("replicas") is None


def conflict(
    desired: DesiredObject, autoscaler: Autoscaler, spec: Object, *, schedule: str, retains_replicas: bool
) -> str:
    """Why an object cannot be federated as it is with its autoscaler, or an empty string.

    :param spec: of the federated object as it will be.
    :param schedule: title of the ReplicaSchedulingPreference that divides its replicas, or an empty string.
    :param retains_replicas: whether its federated type has the field retainReplicas.
    """
    if schedule:
        return (
            f"{desired.title} is scaled by {autoscaler.title}, and its replicas are divided by {schedule}: each "
            "would endlessly undo what the other does. Use one of the two."
        )
    if spec.get("retainReplicas") is False:
        return (
            f"{desired.title} has retainReplicas: false, and is scaled by {autoscaler.title}: KubeFed would "
            "endlessly undo that. Leave retainReplicas out, or set it to true."
        )
    both = sorted(autoscaler.clusters & set(replicas(spec)))
    if both:
        return (
            f"{desired.title} has an override of /spec/replicas for {', '.join(both)}, where {autoscaler.title} scales"
            " it: KubeFed would endlessly undo that. Remove the override or the autoscaler there."
        )
    if not retains_replicas:
        return (
            f"{desired.title} is scaled by {autoscaler.title}, and {desired.type.federated_kind} has no field"
            " retainReplicas, so KubeFed would endlessly undo that: remove one of the two, or apply"
            f" {desired.type.kind} {desired.name} in each cluster without the federation."
        )
    return ""


__all__ = (
    "Autoscaler",
    "conflict",
    "is_autoscaler",
    "leaves_replicas",
    "may_be_scaled",
    "read",
)
