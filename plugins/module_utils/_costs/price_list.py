# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Prices of a region as AWS's Price List Query API has them."""

from __future__ import annotations

import datetime
import json
import re
import typing as t

from .._aws.errors import AwsError, calling
from . import table

# https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html has the three end points,
# which all know every region of the partition "aws". Other partitions have none.
_END_POINTS = {**dict.fromkeys(("eu", "il", "af", "me"), "eu-central-1"), "ap": "ap-south-1"}
_ELSEWHERE = "us-east-1"
_OTHER_PARTITIONS = ("cn-", "us-gov-", "us-iso", "eu-iso", "eusc-")

# A price is not worth waiting for.
CONFIG = {"connect_timeout": 3.0, "read_timeout": 5.0, "retries": {"total_max_attempts": 1, "mode": "standard"}}

# Service and usage type, which carries the region's own prefix in most regions: EUC1-NatGateway-Hours.
# https://docs.aws.amazon.com/cur/latest/userguide/cur-data-transfers-charges.html and usage reports name them.
_USAGE = {
    table.CLUSTER: ("AmazonEKS", "AmazonEKS-Hours:perCluster", ""),
    table.EXTENDED_SUPPORT: ("AmazonEKS", "AmazonEKS-Hours:extendedSupport", ""),
    table.NAT_GATEWAY: ("AmazonEC2", "NatGateway-Hours", ""),
    table.ADDRESS: ("AmazonVPC", "PublicIPv4:InUseAddress", ""),
    table.VPN_CONNECTION: ("AmazonVPC", "VPN-Usage-Hours:ipsec.1", ""),
    table.ENDPOINT_IN_A_ZONE: ("AmazonVPC", "VpcEndpoint-Hours", ""),
    table.APPLICATION_BALANCER: ("AWSELB", "LoadBalancerUsage", "LoadBalancing:Application"),
    table.NETWORK_BALANCER: ("AWSELB", "LoadBalancerUsage", "LoadBalancing:Network"),
    table.CLASSIC_BALANCER: ("AWSELB", "LoadBalancerUsage", "LoadBalancing"),
    table.SNAPSHOT: ("AmazonEC2", "EBS:SnapshotUsage", ""),
    table.LOGS: ("AmazonCloudWatch", "TimedStorage-ByteHrs", ""),
    "volume standard": ("AmazonEC2", "EBS:VolumeUsage", ""),
    "volume io1": ("AmazonEC2", "EBS:VolumeUsage.piops", ""),
    **{f"volume {name}": ("AmazonEC2", f"EBS:VolumeUsage.{name}", "") for name in ("gp2", "gp3", "io2", "st1", "sc1")},
}
_INSTANCES = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}

Filter = dict[str, str]


def end_point(region: str) -> str:
    """The region whose Price List is asked about a region; empty where there is none."""
    if region.startswith(_OTHER_PARTITIONS):
        return ""
    return _END_POINTS.get(region.partition("-")[0], _ELSEWHERE)


class ListedPrices:
    """The Price List of a region.

    Who may not ask it, or gets no answer, is not kept waiting a second time.

    :param client: of the service ``pricing``.
    :param region: whose prices are wanted.
    """

    def __init__(self, client: t.Any, region: str) -> None:
        self._client = client
        self._region = region
        self._answers = True
        today = datetime.datetime.now(datetime.UTC)
        self.name = f"AWS's price list for {region} on {today:%Y-%m-%d}"

    def price(self, what: str) -> float | None:
        """US dollars for one of the table's names, ``instance TYPE`` or ``volume TYPE``."""
        query = query_for(what, self._region)
        if not self._answers or query is None:
            return None
        service, filters = query
        products: list[t.Any] = []
        try:
            with calling("ask for prices"):
                for page in self._client.get_paginator("get_products").paginate(ServiceCode=service, Filters=filters):
                    products += [json.loads(text) for text in page["PriceList"]]
        except AwsError:
            self._answers = False
        return price_in(products, what)


def query_for(what: str, region: str) -> tuple[str, list[Filter]] | None:
    """Service and filters of GetProducts for a thing; ``None`` where nothing is known of it.

    https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_Filter.html
    """
    here = _filter("regionCode", region)
    kind, _space, type_ = what.partition(" ")
    if kind == "instance":
        exact = {"instanceType": type_, **_INSTANCES}
        return "AmazonEC2", [here, *(_filter(field, value) for field, value in exact.items())]
    if what not in _USAGE:
        return None
    service, usage, operation = _USAGE[what]
    filters = [here, _filter("usagetype", usage, "CONTAINS")]
    return service, filters + ([_filter("operation", operation)] if operation else [])


def _filter(field: str, value: str, type_: str = "TERM_MATCH") -> Filter:
    return {"Type": type_, "Field": field, "Value": value}


def price_in(products: t.Iterable[t.Mapping[str, t.Any]], what: str) -> float | None:
    """The price of a thing on demand, for the first of it in a month; ``None`` where there is none or more than one.

    :param products: as GetProducts returns them, each parsed.
    """
    usage = re.compile(rf"(?!TS-)([A-Z]+[0-9]*-)?{re.escape(_USAGE[what][1])}") if what in _USAGE else None
    found = set()
    for product in products:
        if usage and not usage.fullmatch(str(product["product"]["attributes"].get("usagetype") or "")):
            continue
        for term in ((product.get("terms") or {}).get("OnDemand") or {}).values():
            for dimension in term["priceDimensions"].values():
                price = float(dimension["pricePerUnit"].get("USD") or 0)
                if price > 0 and dimension.get("beginRange", "0") == "0":
                    found.add(price)
    return found.pop() if len(found) == 1 else None


__all__ = ("CONFIG", "ListedPrices", "end_point", "price_in", "query_for")
