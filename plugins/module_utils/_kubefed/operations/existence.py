# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Finds out in which clusters objects existed before they were federated; there, they are never deleted."""

from __future__ import annotations

import typing as t

from ..._kube.objects import Object
from ..._runtime.errors import FederationError, InvalidOption
from ..listing import shortened
from ..resources.conflicts import made_by
from ..resources.model import DesiredObject, existed_in
from ..resources.placement import selected
from ..resources.plan import Plan
from ..types.model import FederatedType
from .context import Context


def look_up(context: Context, plans: t.Iterable[Plan]) -> None:
    """Look whether an object exists already in the clusters that it will be placed on, and note it in its plan.

    For an existing federated object without such a note, it remains unknown.

    :raises InvalidOption: a controller of that cluster creates it, which would conflict with KubeFed.
    """
    problems: list[str] = []
    labels = context.labels
    listings: dict[tuple[str, str, str], dict[str, Object] | None] = {}
    taken_over: dict[str, list[str]] = {}
    for plan in plans:
        desired, tracked = plan.desired, plan.tracked
        known = existed_in(t.cast(Object, tracked.found)) if tracked.is_alive else set()
        if known is None:
            continue
        before = selected(tracked.spec, labels) if tracked.is_alive else set()
        known &= before
        for cluster in sorted((selected(plan.spec, labels) - before) & set(labels)):
            key = (desired.type.name, desired.namespace, cluster)
            if key not in listings:
                listings[key] = _look(context, cluster, desired.type, desired.namespace)
            found = (listings[key] or {}).get(desired.name)
            if found is None or _is_host_namespace(context, desired, found):
                continue
            known.add(cluster)
            maker = made_by(desired.type.group, desired.type.kind, found)
            if maker:
                problems.append(
                    f"{desired.type.kind} {desired.name} is there in {cluster} already, made by {maker}, and each would"
                    f" undo what the other writes: federate that instead, or do not place it on {cluster}."
                )
            if not desired.type.is_namespace:
                taken_over.setdefault(cluster, []).append(f"{desired.type.kind} {desired.name}")
        plan.existed_in = known
    if problems:
        raise InvalidOption(shortened(problems, separator=" "))
    for cluster, names in taken_over.items():
        context.warn(
            f"KubeFed takes over what already exists in {cluster} and changes it to what is given here:"
            f" {shortened(names)}."
        )


def _look(context: Context, cluster: str, type_: FederatedType, namespace: str) -> dict[str, Object] | None:
    try:
        return context.store.members.metadata(cluster, type_.target_path(namespace))
    except FederationError as error:
        context.warn(
            f"It is unknown whether the {type_.plural} of namespace {namespace} exist in {cluster} already:"
            f" {error.message} Those of the same name are taken over, and removed when the cluster is withdrawn."
        )
        return None


def _is_host_namespace(context: Context, desired: DesiredObject, found: Object) -> bool:
    """KubeFed never deletes the namespace that a federated namespace is in."""
    if not desired.type.is_namespace:
        return False
    own = context.store.own_namespace(desired.name)
    return own is not None and own["metadata"]["uid"] == found.get("uid")


__all__ = ("look_up",)
