# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What things on AWS cost, approximately: by AWS's Price List where it can be asked, else by the table."""

from __future__ import annotations

import typing as t

from . import table
from .table import ADDRESS

HOURS = 730  # of a month, as AWS's own calculator counts
# The disk that EKS gives a node without being asked
# (https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html, diskSize).
ROOT_GIB = 20.0

# What an ARN calls it -> what is paid for it by the hour
_HOURLY = {
    "cluster": (table.CLUSTER,),
    "natgateway": (table.NAT_GATEWAY,),
    "elastic-ip": (ADDRESS,),
    "vpn-connection": (table.VPN_CONNECTION, ADDRESS, ADDRESS),
    # Each zone
    "vpc-endpoint": (table.ENDPOINT_IN_A_ZONE,),
}
# What is not paid for by itself.
_FREE = {
    *("security-group", "network-interface", "vpc", "subnet", "route-table", "internet-gateway", "vpn-gateway"),
    *("customer-gateway", "launch-template"),
    *("stack", "nodegroup", "access-entry", "role"),
}
_BALANCERS = {"network": table.NETWORK_BALANCER, "classic": table.CLASSIC_BALANCER}


class PriceList(t.Protocol):
    """Where prices of a region come from."""

    name: str

    def price(self, what: str) -> float | None:
        """US dollars for what a name of the table, ``instance TYPE`` or ``volume TYPE`` stands for, if it is known."""


class Prices:
    """Prices, and where they come from.

    :param price_list: is asked first, once for each thing that is to be paid for.
    """

    def __init__(self, price_list: PriceList | None = None) -> None:
        self._list = price_list
        self._known: dict[str, float | None] = {}
        self._listed: set[str] = set()

    @property
    def source(self) -> str:
        """Where the prices come from that have been looked up so far."""
        rest = sorted(set(self._known) - self._listed)
        if self._list is None or not self._listed:
            return table.SOURCE
        return self._list.name + (f", and {table.SOURCE} for {', '.join(rest)}" if rest else "")

    def price(self, what: str) -> float | None:
        """US dollars for one of the table's names, ``instance TYPE`` or ``volume TYPE``; ``None`` if nobody knows."""
        if what not in self._known:
            listed = self._list.price(what) if self._list else None
            if listed is not None:
                self._listed.add(what)
            self._known[what] = _in_table(what) if listed is None else listed
        return self._known[what]

    def instance(self, type_: str) -> float | None:
        """US dollars an hour for an instance on demand."""
        return self.price(f"instance {type_}")

    def volume(self, gib: float, type_: str) -> float | None:
        """US dollars a month for a volume of EBS."""
        price = self.price(f"volume {type_}")
        return None if price is None else round(price * gib, 2)

    def nodes(self, type_: str, count: int, gib: float) -> float | None:
        """US dollars an hour for nodes on demand, each with its disk.

        :param gib: size of the disk, a gp3.
        """
        price, disk = self.instance(type_), self.price("volume gp3")
        return None if price is None or disk is None else round((price + disk * gib / HOURS) * count, 5)

    def stored(self, what: str, gib: float) -> float | None:
        """US dollars a month for snapshots or logs of this size."""
        price = self.price(what)
        return None if price is None else round(price * gib, 2)

    def balancer(self, type_: str, addresses: int) -> float | None:
        """US dollars a month for a load balancer without traffic.

        :param type_: ``application``, ``network`` or ``classic``.
        :param addresses: the public addresses that it has by itself, which are paid for too.
        """
        return self.month_of(self.price(_BALANCERS.get(type_, table.APPLICATION_BALANCER)), addresses=addresses)

    def month_of(self, hour: float | None, *, addresses: int = 0) -> float | None:
        """US dollars a month of what costs so much by the hour."""
        address = self.price(ADDRESS) or 0.0 if addresses else 0.0
        return None if hour is None else round(round(hour + address * addresses, 5) * HOURS, 2)

    def hourly(self, kind: str, *, type_: str = "", count: int = 1) -> float | None:
        """US dollars an hour of what is paid by the hour; ``None`` where it is not known.

        :param kind: as the ARN of a resource names it.
        :param type_: of an end point.
        :param count: in how many zones an end point is.
        """
        if kind in _FREE or (kind == "vpc-endpoint" and type_ == "Gateway"):
            return 0.0
        parts = [self.price(what) for what in _HOURLY.get(kind, ())]
        known = [part for part in parts if part is not None]
        return round(sum(known) * count, 5) if parts and len(known) == len(parts) else None

    def monthly(self, kind: str, *, type_: str = "", count: int = 1) -> float | None:
        """US dollars a month of what is paid by the hour; see :meth:`hourly`."""
        return self.month_of(self.hourly(kind, type_=type_, count=count))


def total(costs: t.Iterable[float | None]) -> float:
    """The sum of what is known."""
    return round(sum(cost for cost in costs if cost is not None), 2)


def _in_table(what: str) -> float | None:
    kind, _space, type_ = what.partition(" ")
    if kind == "instance":
        return table.instance(type_)
    return table.VOLUMES.get(type_) if kind == "volume" else table.PRICES.get(what)


__all__ = ("HOURS", "ROOT_GIB", "PriceList", "Prices", "total")
