# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What something that was left costs a month, approximately. Pure.

List prices in US dollars without tax, of us-east-1; other regions are up to half as much again. Traffic, requests and
provisioned performance come on top. From the public price pages in 2025: https://aws.amazon.com/elasticloadbalancing/pricing/,
https://aws.amazon.com/ebs/pricing/, https://aws.amazon.com/cloudwatch/pricing/, https://aws.amazon.com/vpc/pricing/,
https://aws.amazon.com/vpn/pricing/, https://aws.amazon.com/eks/pricing/.
"""

from __future__ import annotations

import typing as t

HOURS = 730  # of a month, as AWS's own calculator counts

_HOURLY = {
    "load_balancer": 0.0225,
    "classic_load_balancer": 0.025,
    "natgateway": 0.045,
    "vpn-connection": 0.05,
    "elastic-ip": 0.005,
    "cluster": 0.10,
    "vpc-endpoint": 0.01,
}
_VOLUME_PER_GIB = {"gp3": 0.08, "gp2": 0.10, "io1": 0.125, "io2": 0.125, "st1": 0.045, "sc1": 0.015, "standard": 0.05}
_SNAPSHOT_PER_GIB = 0.05
_LOG_PER_GIB = 0.03
# What is not paid for by itself.
_FREE = {
    *("target_group", "network_interface", "security_group", "node_group", "security-group", "network-interface"),
    *("vpc", "subnet", "route-table", "internet-gateway", "vpn-gateway", "customer-gateway", "launch-template"),
    *("stack", "nodegroup", "access-entry", "role"),
}


def monthly(kind: str, *, gib: float = 0.0, volume_type: str = "") -> float | None:
    """US dollars a month; ``None`` where it is not known: what an instance costs hangs on its type.

    :param kind: of one of this collection's things, or of a resource as its ARN names it.
    :param gib: what it stores.
    """
    if kind == "volume":
        price = _VOLUME_PER_GIB.get(volume_type)
        return None if price is None else round(price * gib, 2)
    if kind == "snapshot":
        return round(_SNAPSHOT_PER_GIB * gib, 2)
    if kind == "log_group":
        return round(_LOG_PER_GIB * gib, 2)
    if kind in _FREE:
        return 0.0
    hourly = _HOURLY.get(kind)
    return None if hourly is None else round(hourly * HOURS, 2)


def total(costs: t.Iterable[float | None]) -> float:
    """The sum of what is known."""
    return round(sum(cost for cost in costs if cost is not None), 2)


__all__ = ("HOURS", "monthly", "total")
