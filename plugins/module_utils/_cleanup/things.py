# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Things on AWS, and what is known of the burst whose they may be."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Thing:
    """A resource on AWS.

    :ivar kind: the name of one of kinds.KINDS.
    :ivar id: what AWS's calls name it by.
    :ivar vpc: id of its VPC, or empty.
    :ivar state: as AWS says it, or empty.
    :ivar groups: ids of its security groups.
    :ivar gib: what it stores.
    :ivar type: of a volume, a load balancer, an endpoint or an instance, and of the instances of a node group.
    :ivar count: the zones that an endpoint is in, the instances of a node group.
    :ivar addresses: the public addresses that it has by itself.
    :ivar created: when it was made, in seconds since 1970; 0 where that does not matter.
    :ivar description: of an interface.
    :ivar spot: a node group of spot instances.
    :ivar with_instance: a volume that goes with the instance it is attached to.
    """

    kind: str
    id: str
    name: str
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    vpc: str = ""
    state: str = ""
    groups: tuple[str, ...] = ()
    gib: float = 0.0
    type: str = ""
    description: str = ""
    with_instance: bool = False
    created: float = 0.0
    count: int = 1
    addresses: int = 0
    spot: bool = False


@dataclasses.dataclass(frozen=True)
class Burst:
    """What is known about a burst on AWS.

    :ivar vpcs: ids of its VPCs.
    :ivar stack: physical ids of what its stack holds, which CloudFormation removes.
    :ivar cluster: whether its cluster is there.
    :ivar since: when its stack was made, in seconds since 1970; ``None`` where there is no stack.
    :ivar nodes: whether there are nodes in its VPC.
    :ivar ends: whether its stack is being deleted, and the nodes with it.
    """

    name: str
    vpcs: frozenset[str] = frozenset()
    stack: frozenset[str] = frozenset()
    cluster: bool = False
    since: float | None = None
    nodes: bool = False
    ends: bool = False


class Leftover(t.NamedTuple):
    """A thing that belongs to the burst.

    :ivar why: the sign by which it is the burst's.
    :ivar kept: why it is not removed, or empty.
    """

    thing: Thing
    why: str
    kept: str


__all__ = ("Burst", "Leftover", "Thing")
