# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Rejects, before anything is written, what KubeFed or the clusters would reject or ignore."""

from __future__ import annotations

import copy
import typing as t

from ..._kube.objects import Object
from ..._runtime.errors import FederationError, InvalidOption
from ..kinds import rules_of
from ..listing import shortened
from ..resources.conflicts import other_writer, other_writer_on_openshift
from ..resources.dry_run import DryRun, dry_runs, try_out
from ..resources.model import DesiredObject, Key
from ..resources.overrides import ANNOTATIONS_PATH, apply_override, body_in
from ..resources.placement import selected
from ..resources.plan import Plan
from ..resources.scaled_workloads import ScaledWorkloads
from ..resources.schedules import Schedule
from ..types.model import FederatedType
from .context import Context


def check_plans(
    context: Context, plans: t.Sequence[Plan], schedules: t.Sequence[Schedule], autoscaling: ScaledWorkloads
) -> None:
    """Reject what KubeFed would accept but not carry out.

    :raises InvalidOption: with all reasons.
    """
    problems: list[str] = []
    unknown: set[str] = set()
    labels = context.labels
    namespaces = {plan.desired.name: plan for plan in plans if plan.desired.type.is_namespace}
    seen: set[Key] = set()
    for plan in plans:
        desired = plan.desired
        if plan.key in seen:
            problems.append(f"{desired.title} is given twice.")
        seen.add(plan.key)
        if "placement" not in plan.spec:
            problems.append(f"{desired.title} has no placement: set the option placement or cluster_selector.")
        placed = selected(plan.spec, labels)
        reason = _other_writer(desired, plan.spec, placed) if "template" in desired.spec else ""
        if reason:
            problems.append(f"{desired.type.kind} {desired.name} cannot be federated: {reason}.")
        problems += _openshift_problems(context, plan, placed)
        unknown |= {name for name in placed if name not in labels}
        if desired.type.is_namespace or not desired.type.namespaced:
            continue
        if (desired.type.federated_kind, desired.name) in context.store.scheduled_in(desired.namespace):
            # A schedule places on all clusters, and means those of the namespace
            placed = set()
        problems += _namespace_problems(context, desired, placed, namespaces.get(desired.namespace))
    problems += autoscaling.problems(plans)
    targets = {(plan.desired.type.federated_kind, plan.desired.namespace, plan.desired.name) for plan in plans}
    for schedule in schedules:
        if schedule.key not in targets and not _is_federated(context, *schedule.key):
            problems.append(f"{schedule.title}: there is no {schedule.key[0]} of that name for it to schedule.")
        unknown |= {name for name in schedule.spec.get("clusters") or {} if name != "*" and name not in labels}
    if unknown:
        known = ", ".join(sorted(labels)) or "none"
        text = f"placement has {', '.join(sorted(unknown))}, not a member of the federation. Members are: {known}."
        if context.check_mode:
            # An earlier task of the same play may be the one that joins it
            context.warn(text)
        else:
            problems.append(text)
    if problems:
        raise InvalidOption(shortened(problems, separator=" "))


def _namespace_problems(
    context: Context, desired: DesiredObject, placed: set[str], namespace: Plan | None
) -> list[str]:
    store = context.store
    if store.scope == "Namespaced":
        if desired.namespace == store.namespace:
            return []
        return [f"{desired.title}: this federation has scope Namespaced, and propagates only from {store.namespace}."]
    if desired.namespace == store.namespace:
        return [f"{desired.title}: KubeFed never propagates from its own namespace."]
    if namespace is not None:
        spec = namespace.spec
    else:
        federated = store.namespace_of(desired.namespace)
        if federated is None or federated["metadata"].get("deletionTimestamp"):
            return [
                f"{desired.title}: namespace {desired.namespace} is not federated, so KubeFed would propagate "
                "nothing from it. Add the Namespace to definition."
            ]
        spec = federated["spec"]
    missing = placed - selected(spec, context.labels)
    if missing:
        return [
            f"{desired.title} is placed on {', '.join(sorted(missing))}, but FederatedNamespace {desired.namespace} is"
            " not, and KubeFed uses only the clusters that both have in common: place the namespace there too."
        ]
    return []


def _is_federated(context: Context, kind: str, namespace: str, name: str) -> bool:
    type_ = next((found for found in context.store.types if found.federated_kind == kind), None)
    return type_ is not None and name in context.store.listed(type_, namespace)


def _other_writer(desired: DesiredObject, spec: Object, placed: t.Collection[str]) -> str:
    """What KubeFed and one of these clusters would keep overwriting, see :func:`other_writer`."""
    kind = desired.type
    overrides = {entry["clusterName"]: entry.get("clusterOverrides") or [] for entry in spec.get("overrides") or []}
    body: Object = spec.get("template") or {}
    for cluster in sorted(placed):
        items = overrides.get(cluster, [])
        annotations = next((item.get("value") for item in items if item["path"] == ANNOTATIONS_PATH), None) or {}
        reason = other_writer(kind.group, kind.kind, desired.name, body, annotations)
        if reason and items:
            # It may be just what an override is for
            there = copy.deepcopy(body)
            for item in items:
                apply_override(there, item)
            reason = other_writer(kind.group, kind.kind, desired.name, there, annotations)
        if reason:
            return reason
    return ""


def _openshift_problems(context: Context, plan: Plan, placed: t.Collection[str]) -> list[str]:
    """What one of these clusters would overwrite because it is OpenShift."""
    kind = plan.desired.type
    if not plan.changes("template", "overrides", "placement"):
        return []
    reasons = {
        cluster: other_writer_on_openshift(kind.group, kind.kind, plan.desired.name, body_in(plan.spec, cluster))
        for cluster in sorted(set(placed) & set(context.labels))
    }
    return [
        f"{kind.kind} {plan.desired.name} cannot be federated to {cluster}: {reason}."
        for cluster, reason in reasons.items()
        if reason and context.store.members.is_openshift(cluster)
    ]


def dry_run_plans(context: Context, plans: t.Sequence[Plan]) -> None:
    """Reject new and changed objects that the clusters would reject, and warn about fields that they would drop.

    :raises InvalidOption: with all reasons.
    """
    labels = context.labels
    given: list[DryRun] = []
    for plan in plans:
        desired = plan.desired
        if desired.type.is_namespace or not plan.changes("template", "overrides"):
            continue
        exists = not desired.type.namespaced or context.store.own_namespace(desired.namespace) is not None
        given += dry_runs(desired, plan.spec, selected(plan.spec, labels) & set(labels), exists=exists)
    verdicts = try_out(context.host, given)
    if verdicts.rejections:
        raise InvalidOption(shortened(verdicts.rejections, separator=" "))
    if verdicts.unknown:
        context.warn(
            "Fields that the type does not have are dropped by the API servers. Is it a typing mistake?"
            f" {shortened(verdicts.unknown, separator='; ')}."
        )


def check_updates(context: Context, plans: t.Sequence[Plan]) -> None:
    """Reject changes that are impossible though KubeFed would report success, for example of Services.

    :raises InvalidOption: with all reasons.
    """
    problems = []
    listings: dict[tuple[str, str, str], dict[str, Object]] = {}
    for plan in plans:
        type_, namespace, name = plan.desired.type, plan.desired.namespace, plan.desired.name
        obstacle = rules_of(type_).update_obstacle
        if obstacle is None or not plan.changes("template", "overrides", "placement"):
            continue
        for cluster in sorted(selected(plan.spec, context.labels) & set(context.labels)):
            key = (type_.name, namespace, cluster)
            if key not in listings:
                listings[key] = _in_cluster(context, cluster, type_, namespace)
            found = listings[key].get(name)
            reason = obstacle(body_in(plan.spec, cluster), found) if found else ""
            if reason:
                problems.append(f"{type_.kind} {namespace}/{name} in {cluster}: {reason}.")
    if problems:
        raise InvalidOption(
            f"{' '.join(problems)} KubeFed leaves this field of a Service to the cluster, and would report it as "
            "done. First remove the Service with state absent, or with kubectl where it existed before it was "
            "federated."
        )


def _in_cluster(context: Context, cluster: str, type_: FederatedType, namespace: str) -> dict[str, Object]:
    try:
        return context.store.members.objects(cluster, type_.target_path(namespace))
    except FederationError:
        # Whether it can be reached at all is looked at elsewhere
        return {}


__all__ = ("check_plans", "check_updates", "dry_run_plans")
