# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What of a burst's stack is paid by the hour, and how much that is. Pure."""

from __future__ import annotations

import typing as t

from .kinds import KIND_OF
from .prices import hourly
from .things import Thing

# What CloudFormation calls it -> the kind as ARNs have it, and what a person calls it
_PAID = {
    "AWS::EKS::Cluster": ("cluster", "EKS cluster"),
    "AWS::EC2::NatGateway": ("natgateway", "NAT gateway"),
    "AWS::EC2::EIP": ("elastic-ip", "public address of the NAT gateway"),
    "AWS::EC2::VPNConnection": ("vpn-connection", "VPN connection with its two public addresses"),
}


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
        # CloudFormation has a slash in the id of a node group as well.
        paid = KIND_OF[thing.kind].running(thing) if thing.id in ids else None
        if paid:
            found.append(_row(paid.kind, paid.what, thing.id, paid.hourly))
    return found


def _row(kind: str, what: str, id_: str, cost: float | None) -> dict[str, t.Any]:
    return {"kind": kind, "what": what, "id": id_, "hourly_cost": cost}


__all__ = ("running",)
