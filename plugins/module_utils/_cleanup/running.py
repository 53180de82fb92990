# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What of a burst's stack is paid by the hour, and how much that is. Pure."""

from __future__ import annotations

import typing as t

from .ownership import Thing
from .prices import HOURS, hourly, instance, monthly

# What CloudFormation calls it -> the kind as ARNs have it, and what a person calls it
_PAID = {
    "AWS::EKS::Cluster": ("cluster", "EKS cluster"),
    "AWS::EC2::NatGateway": ("natgateway", "NAT gateway"),
    "AWS::EC2::EIP": ("elastic-ip", "public address of the NAT gateway"),
    "AWS::EC2::VPNConnection": ("vpn-connection", "VPN connection with its two public addresses"),
}
# What EKS gives a node without being asked
# (https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html, diskSize).
_ROOT_GIB = 20.0


def running(resources: t.Sequence[t.Mapping[str, t.Any]], things: t.Sequence[Thing]) -> list[dict[str, t.Any]]:
    """What there is of the stack and is paid by the hour, as a module returns it.

    :param resources: the stack's, as CloudFormation lists them; what is not there yet, or no more, left out.
    :param things: what is in the burst's VPCs: those of the stack are taken.
    """
    ids = {str(row["PhysicalResourceId"]) for row in resources if row.get("PhysicalResourceId")}
    found = [
        _row(*_PAID[row["ResourceType"]], row["PhysicalResourceId"], hourly(_PAID[row["ResourceType"]][0]))
        for row in resources
        if row["ResourceType"] in _PAID and row.get("PhysicalResourceId") and row["ResourceStatus"] != "CREATE_FAILED"
    ]
    for thing in things:
        if thing.kind == "vpc_endpoint" and thing.id in ids and thing.type != "Gateway":
            what = f"interface end point {thing.name.rpartition('.')[2]} in {thing.count} zones"
            found.append(_row("vpc-endpoint", what, thing.id, hourly("vpc-endpoint", count=thing.count)))
        # CloudFormation has a slash in the id of a node group as well.
        elif thing.kind == "node_group" and thing.id in ids:
            what = f"{thing.count} nodes {thing.type}, with {_ROOT_GIB:.0f} GiB each"
            found.append(_row("nodegroup", what, thing.id, _nodes(thing)))
    return found


def _nodes(group: Thing) -> float | None:
    price = instance(group.type)
    disk = (monthly("volume", gib=_ROOT_GIB, type_="gp3") or 0.0) / HOURS
    return None if price is None else round((price + disk) * group.count, 5)


def _row(kind: str, what: str, id_: str, cost: float | None) -> dict[str, t.Any]:
    return {"kind": kind, "what": what, "id": id_, "hourly_cost": cost}


__all__ = ("running",)
