# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""List prices of what a burst has on AWS: one dated table. Pure.

US dollars without tax, of us-east-1; other regions are up to half as much again. Traffic, requests and provisioned
performance cost extra. They are those of the public price pages as of AS_OF:
https://aws.amazon.com/eks/pricing/, https://aws.amazon.com/vpc/pricing/, https://aws.amazon.com/privatelink/pricing/,
https://aws.amazon.com/vpn/pricing/, https://aws.amazon.com/elasticloadbalancing/pricing/,
https://aws.amazon.com/ebs/pricing/, https://aws.amazon.com/cloudwatch/pricing/, https://aws.amazon.com/ec2/pricing/on-demand/.
"""

from __future__ import annotations

AS_OF = "June 2026"
SOURCE = f"list prices of us-east-1 in {AS_OF}"

# By the hour
CLUSTER = "cluster"
# On top of CLUSTER, once the cluster's version of Kubernetes is in extended support: 0.60 together
EXTENDED_SUPPORT = "cluster, extended support"
NAT_GATEWAY = "NAT gateway"
# Every public IPv4 address that AWS gives is paid for, used or not: of a NAT gateway, and those that load balancers and
# VPN connections have by themselves (https://aws.amazon.com/blogs/networking-and-content-delivery/identify-and-optimize-public-ipv4-address-usage-on-aws/).
# Usage reports have the two ends of a VPN connection as PublicIPv4:InUseAddress with the operation CreateVpnConnection.
ADDRESS = "public IPv4 address"
VPN_CONNECTION = "VPN connection"
ENDPOINT_IN_A_ZONE = "interface endpoint in a zone"
APPLICATION_BALANCER = "Application Load Balancer"
NETWORK_BALANCER = "Network Load Balancer"
CLASSIC_BALANCER = "Classic Load Balancer"
# By GiB and month
SNAPSHOT = "snapshot"
LOGS = "stored logs"

PRICES = {
    CLUSTER: 0.10,
    EXTENDED_SUPPORT: 0.50,
    NAT_GATEWAY: 0.045,
    ADDRESS: 0.005,
    VPN_CONNECTION: 0.05,
    ENDPOINT_IN_A_ZONE: 0.01,
    APPLICATION_BALANCER: 0.0225,
    NETWORK_BALANCER: 0.0225,
    CLASSIC_BALANCER: 0.025,
    SNAPSHOT: 0.05,
    LOGS: 0.03,
}
# A volume of this type, by GiB and month
VOLUMES = {"gp3": 0.08, "gp2": 0.10, "io1": 0.125, "io2": 0.125, "st1": 0.045, "sc1": 0.015, "standard": 0.05}
# A "large" instance on demand with Linux, by the hour. Other sizes are multiples of it.
LARGE = {
    **{"t3": 0.0832, "t3a": 0.0752, "t4g": 0.0672},
    **{"m5": 0.096, "m5a": 0.086, "m6i": 0.096, "m6a": 0.0864, "m6g": 0.077, "m7i": 0.1008, "m7g": 0.0816},
    **{"c5": 0.085, "c5a": 0.077, "c6i": 0.085, "c6a": 0.0765, "c6g": 0.068, "c7i": 0.08925, "c7g": 0.0725},
    **{"r5": 0.126, "r5a": 0.113, "r6i": 0.126, "r6a": 0.1134, "r6g": 0.1008, "r7i": 0.1323, "r7g": 0.1071},
}
_SIZES = {"medium": 0.5, "large": 1, "xlarge": 2}


def instance(type_: str) -> float | None:
    """US dollars an hour for an instance on demand; ``None`` for a type that is not in the table."""
    family, _dot, size = type_.partition(".")
    number = size.removesuffix("xlarge")
    large = LARGE.get(family)
    if large is None:
        return None
    if size in _SIZES:
        return round(large * _SIZES[size], 5)
    return round(large * 2 * int(number), 5) if number != size and number.isdigit() else None


__all__ = (
    *("ADDRESS", "APPLICATION_BALANCER", "AS_OF", "CLASSIC_BALANCER", "CLUSTER", "ENDPOINT_IN_A_ZONE"),
    *("EXTENDED_SUPPORT", "LOGS", "NAT_GATEWAY", "NETWORK_BALANCER", "PRICES", "SNAPSHOT", "SOURCE", "VOLUMES"),
    *("VPN_CONNECTION", "instance"),
)
