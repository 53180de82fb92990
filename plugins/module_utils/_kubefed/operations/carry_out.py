# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Carries out a request with the operation for its state."""

from __future__ import annotations

import typing as t

from ..._kube.objects import Object
from ..._runtime.errors import InvalidOption
from ..resources.documents import secrets_in
from ..resources.model import DesiredObject
from ..resources.overrides import unused_overrides
from ..resources.placement import Placement, read_placement
from ..resources.request import Request
from ..resources.template import desired_object
from .apply import apply
from .context import Context
from .place import place
from .remove import remove
from .restore import restore
from .withdraw import withdraw


class Task(t.NamedTuple):
    """What of a task's module a request with ``contents`` needs.

    :ivar result: gets what was taken from the namespace and what was left out, before anything is written.
    :ivar slice_state: what is to survive into the next slice of a wait.
    :ivar hide: is called with the values that no result may show.
    """

    result: Object
    slice_state: Object
    hide: t.Callable[[set[str]], object]


def carry_out(context: Context, request: Request, task: Task) -> list[Object]:
    """Carry out the request.

    :returns: the result for each federated object.
    :raises InvalidOption: KubeFed or the clusters would reject something; nothing has been written.
    """
    if request.state == "present":
        placement = read_placement(request.placement, request.cluster_selector, context.labels)
        if request.contents:
            desired = _from_namespace(context, request, placement, task)
        else:
            if request.enable_types:
                context.store.look_up_types(request.manifests or [])
            desired = _desired(context, request, request.manifests or [], placement)
        return apply(context, desired, request.schedules, wait=request.wait, wait_for_pods=request.wait_for_pods)
    given = None if request.manifests is None else _desired(context, request, request.manifests, None)
    tracked = context.store.tracked(given, request.namespace or "")
    if request.state == "placed":
        return place(context, tracked, request.clusters, wait=request.wait, wait_for_pods=request.wait_for_pods)
    if request.state == "withdrawn":
        return withdraw(context, tracked, set(request.clusters), wait=request.wait)
    if request.state == "restored":
        return restore(context, tracked, set(request.clusters), wait=request.wait)
    return remove(context, tracked, request.schedules, wait=request.wait, orphan=request.orphan)


def _desired(
    context: Context, request: Request, manifests: list[Object], placement: Placement | None
) -> list[DesiredObject]:
    """The federated objects of these manifests."""
    context.store.require_types(manifests)
    desired = [
        desired_object(
            entry,
            context.store.types,
            namespace=request.namespace,
            placement=placement,
            overrides=request.overrides,
        )
        for entry in manifests
    ]
    for one in desired:
        one.creation_labels = request.creation_labels
        # It is there so that the others can be, and need not say all
        one.complete = not (one.type.is_namespace and one.is_bare and len(desired) > 1)
    unused = unused_overrides(request.overrides, desired)
    if unused:
        raise InvalidOption(
            f"{'; '.join(unused)}: it matches no resource of this task. A Namespace is selected only by its kind."
        )
    return desired


def _from_namespace(context: Context, request: Request, placement: Placement | None, task: Task) -> list[DesiredObject]:
    """The federated objects of the contents of a namespace, including those that exist already."""
    namespace = request.namespace or ""
    inventory = context.store.inventory(namespace, enable=request.enable_types)
    if placement is None:
        own = context.store.placement_of(namespace)
        placement = read_placement(
            None if own is None or "clusters" not in own else [entry["name"] for entry in own["clusters"]],
            (own or {}).get("clusterSelector"),
            context.labels,
        )
        inventory.federated = []
    for warning in inventory.warnings:
        context.warn(warning)
    # In a later slice of a wait they are federated already
    taken = task.slice_state.setdefault("taken", [])
    taken += [{"kind": entry["kind"], "name": entry["metadata"]["name"]} for entry in inventory.manifests]
    task.result["taken"], task.result["left_out"] = taken, inventory.left_out
    task.hide(secrets_in(inventory.manifests))
    desired = _desired(context, request, inventory.manifests, placement)
    spec = {} if placement is None else {"placement": placement.spec}
    return desired + [
        DesiredObject(type_, namespace, name, dict(spec), complete=False) for type_, name in inventory.federated
    ]


__all__ = ("Task", "carry_out")
