# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What of a burst's stack is paid by the hour, and how much that is. Pure."""

from __future__ import annotations

import typing as t

from .._costs.prices import ROOT_GIB, Prices
from .._costs.table import EXTENDED_SUPPORT
from .kinds import KIND_OF, endpoint_in_words, nodes_in_words
from .things import Thing

# What CloudFormation calls it -> the kind as ARNs have it, and what a person calls it
_PAID = {
    "AWS::EKS::Cluster": ("cluster", "EKS cluster"),
    "AWS::EC2::NatGateway": ("natgateway", "NAT gateway"),
    "AWS::EC2::EIP": ("elastic-ip", "public address of the NAT gateway"),
    "AWS::EC2::VPNConnection": ("vpn-connection", "VPN connection with its two public addresses"),
}


def running(
    resources: t.Sequence[t.Mapping[str, t.Any]], things: t.Sequence[Thing], prices: Prices, *, extended: bool = False
) -> list[dict[str, t.Any]]:
    """What there is of the stack and is paid by the hour, as a module returns it.

    :param resources: the stack's, as CloudFormation lists them; what is not there yet, or no more, left out.
    :param things: what is in the burst's VPCs: those of the stack are taken.
    :param extended: whether the cluster's version of Kubernetes is in extended support, which is paid for too.
    """
    ids = {str(row["PhysicalResourceId"]) for row in resources if row.get("PhysicalResourceId")}
    found = [
        _row(*_PAID[row["ResourceType"]], row["PhysicalResourceId"], prices.hourly(_PAID[row["ResourceType"]][0]))
        for row in resources
        if row["ResourceType"] in _PAID and row.get("PhysicalResourceId") and row["ResourceStatus"] != "CREATE_FAILED"
    ]
    for thing in things:
        # CloudFormation has a slash in the id of a node group as well.
        paid = KIND_OF[thing.kind].running(thing, prices) if thing.id in ids else None
        if paid:
            found.append(_row(paid.kind, paid.what, thing.id, paid.hourly))
    if extended:
        what = "extended support of the cluster's version of Kubernetes"
        found.append(_row("extended-support", what, "", prices.price(EXTENDED_SUPPORT)))
    return found


def planned(resources: t.Mapping[str, t.Mapping[str, t.Any]], prices: Prices) -> list[dict[str, t.Any]]:
    """What of a template's resources will be paid for by the hour, in the same form as :func:`running`.

    :param resources: by logical id, as the template has them.
    """
    found = []
    for name, resource in resources.items():
        type_, given = str(resource["Type"]), resource.get("Properties") or {}
        if type_ in _PAID:
            kind, what = _PAID[type_]
            found.append(_row(kind, what, name, prices.hourly(kind)))
        elif type_ == "AWS::EC2::VPCEndpoint" and given.get("VpcEndpointType") == "Interface":
            service, zones = given["ServiceName"], len(given["SubnetIds"])
            # A function composes it, whose argument ends with the service's name
            service = service if isinstance(service, str) else str(next(iter(service.values())))
            cost = prices.hourly("vpc-endpoint", count=zones)
            found.append(_row("vpc-endpoint", endpoint_in_words(service, zones), name, cost))
        elif type_ == "AWS::EKS::Nodegroup":
            instances, count = str(given["InstanceTypes"][0]), int(given["ScalingConfig"]["DesiredSize"])
            cost = prices.nodes(instances, count, ROOT_GIB)
            spot = given.get("CapacityType") == "SPOT"
            found.append(_row("nodegroup", nodes_in_words(instances, count, spot=spot), name, cost))
    return found


def _row(kind: str, what: str, id_: str, cost: float | None) -> dict[str, t.Any]:
    return {"kind": kind, "what": what, "id": id_, "hourly_cost": cost}


__all__ = ("planned", "running")
