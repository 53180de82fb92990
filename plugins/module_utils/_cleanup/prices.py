# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What things on AWS cost, approximately: what the stack holds and nodes and disks. Pure.

What only a leftover costs stands in its entry in kinds.py.

List prices in US dollars without tax, of us-east-1; other regions are up to half as much again. Traffic, requests and
provisioned performance come on top. They are those of the public price pages as of AS_OF:
https://aws.amazon.com/eks/pricing/, https://aws.amazon.com/vpc/pricing/, https://aws.amazon.com/privatelink/pricing/,
https://aws.amazon.com/vpn/pricing/, https://aws.amazon.com/elasticloadbalancing/pricing/,
https://aws.amazon.com/ebs/pricing/, https://aws.amazon.com/cloudwatch/pricing/, https://aws.amazon.com/ec2/pricing/on-demand/.
"""

from __future__ import annotations

import typing as t

AS_OF = "June 2026"
SOURCE = f"list prices of us-east-1 in {AS_OF}"
HOURS = 730  # of a month, as AWS's own calculator counts

# Every public IPv4 address that AWS gives is paid for, used or not: of a NAT gateway, and those that load balancers and
# VPN connections have by themselves (https://aws.amazon.com/blogs/networking-and-content-delivery/identify-and-optimize-public-ipv4-address-usage-on-aws/).
# Usage reports have the two ends of a VPN connection as PublicIPv4:InUseAddress with the operation CreateVpnConnection.
_ADDRESS = 0.005
# By the kind as an ARN names it.
_HOURLY = {
    "cluster": 0.10,
    "natgateway": 0.045,
    "elastic-ip": _ADDRESS,
    "vpn-connection": 0.05 + 2 * _ADDRESS,
    # Each zone
    "vpc-endpoint": 0.01,
}
# A "large" on demand with Linux. Other sizes are multiples of it.
_LARGE = {
    **{"t3": 0.0832, "t3a": 0.0752, "t4g": 0.0672},
    **{"m5": 0.096, "m5a": 0.086, "m6i": 0.096, "m6a": 0.0864, "m6g": 0.077, "m7i": 0.1008, "m7g": 0.0816},
    **{"c5": 0.085, "c5a": 0.077, "c6i": 0.085, "c6a": 0.0765, "c6g": 0.068, "c7i": 0.08925, "c7g": 0.0725},
    **{"r5": 0.126, "r5a": 0.113, "r6i": 0.126, "r6a": 0.1134, "r6g": 0.1008, "r7i": 0.1323, "r7g": 0.1071},
}
_SIZES = {"medium": 0.5, "large": 1, "xlarge": 2}
_VOLUME_PER_GIB = {"gp3": 0.08, "gp2": 0.10, "io1": 0.125, "io2": 0.125, "st1": 0.045, "sc1": 0.015, "standard": 0.05}
# What is not paid for by itself.
_FREE = {
    *("security-group", "network-interface", "vpc", "subnet", "route-table", "internet-gateway", "vpn-gateway"),
    *("customer-gateway", "launch-template"),
    *("stack", "nodegroup", "access-entry", "role"),
}


def instance(type_: str) -> float | None:
    """US dollars an hour for an instance on demand; ``None`` for a type that is not in the table."""
    family, _dot, size = type_.partition(".")
    number = size.removesuffix("xlarge")
    large = _LARGE.get(family)
    if large is None:
        return None
    if size in _SIZES:
        return round(large * _SIZES[size], 5)
    return round(large * 2 * int(number), 5) if number != size and number.isdigit() else None


def volume(gib: float, type_: str) -> float | None:
    """US dollars a month for a volume of EBS; ``None`` for a type that is not in the table."""
    price = _VOLUME_PER_GIB.get(type_)
    return None if price is None else round(price * gib, 2)


def month_of(hour: float | None, *, addresses: int = 0) -> float | None:
    """US dollars a month of what costs so much by the hour.

    :param addresses: the public addresses that it has by itself, which are paid for too.
    """
    return None if hour is None else round(round(hour + _ADDRESS * addresses, 5) * HOURS, 2)


def hourly(kind: str, *, type_: str = "", count: int = 1) -> float | None:
    """US dollars an hour of what is paid by the hour; ``None`` where it is not known.

    :param kind: as the ARN of a resource names it.
    :param type_: of an endpoint.
    :param count: in how many zones an endpoint is.
    """
    if kind in _FREE or (kind == "vpc-endpoint" and type_ == "Gateway"):
        return 0.0
    price = _HOURLY.get(kind)
    return None if price is None else round(price * count, 5)


def monthly(kind: str, *, type_: str = "", count: int = 1) -> float | None:
    """US dollars a month of what is paid by the hour; see :func:`hourly`."""
    return month_of(hourly(kind, type_=type_, count=count))


def total(costs: t.Iterable[float | None]) -> float:
    """The sum of what is known."""
    return round(sum(cost for cost in costs if cost is not None), 2)


__all__ = ("AS_OF", "HOURS", "SOURCE", "hourly", "instance", "month_of", "monthly", "total", "volume")
