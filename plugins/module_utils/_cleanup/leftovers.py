# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What of the things on AWS the burst has left, and whether it can go now. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._costs.prices import Prices
from .kinds import KIND_OF, KINDS, sign
from .ownership import is_anothers
from .things import Burst, Leftover, Thing


def leftovers(things: t.Sequence[Thing], burst: Burst, *, remove_volumes: bool, cluster_goes: bool) -> list[Leftover]:
    """What of the things is the burst's, in the order in which it can go.

    :param remove_volumes: whether the user has said that data may go.
    :param cluster_goes: take it that the cluster is deleted in between.
    """
    bound = burst if not cluster_goes else dataclasses.replace(burst, cluster=False, nodes=False)
    groups = {thing.id for thing in things if thing.kind == "security_group" and sign(thing, burst)}
    found = []
    for kind in KINDS:
        for thing in things:
            why = sign(thing, burst, groups) if thing.kind == kind.name else None
            if why and not kind.goes_by_itself(thing, bound):
                found.append(Leftover(thing, why, kept(thing, bound, remove_volumes=remove_volumes)))
    return found


def kept(thing: Thing, burst: Burst, *, remove_volumes: bool) -> str:
    """Why one of the burst's things is not removed now; empty when it is."""
    kind = KIND_OF[thing.kind]
    if kind.is_data and not remove_volumes:
        return "it holds data, and volumes is keep"
    return kind.kept(thing, burst)


def is_unmarked(thing: Thing, name: str) -> bool:
    """Whether data that was made by a cluster carries no cluster's tag, so that nobody would find it later.

    The EBS driver sets the cluster's name only when it is told, as EKS's add-on does and its Helm chart does not
    (https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/tagging.md, k8s-tag-cluster-id).
    """
    return sign(thing, Burst(name)) is None and not is_anothers(thing, name)


def as_result(leftover: Leftover, prices: Prices) -> dict[str, t.Any]:
    """A leftover as a module returns it."""
    thing = leftover.thing
    return {
        "kind": thing.kind,
        "id": thing.id,
        "name": thing.name,
        "state": thing.state or None,
        "why": leftover.why,
        "kept": leftover.kept or None,
        "gib": thing.gib or None,
        "monthly_cost": KIND_OF[thing.kind].monthly(thing, prices),
    }


__all__ = ("as_result", "is_unmarked", "kept", "leftovers")
