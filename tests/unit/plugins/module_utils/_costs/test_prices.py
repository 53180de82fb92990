# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What things cost: by the table, and by AWS's price list where it can be asked."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._costs import table
from ansible_collections.cloudburst.federation.plugins.module_utils._costs.price_list import (
    ListedPrices,
    end_point,
    query_for,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._costs.prices import Prices

Answer = dict[str, t.Any]


@pytest.mark.parametrize(
    ("type_", "price"),
    [
        *[("m6i.large", 0.096), ("m6i.xlarge", 0.192), ("m6i.8xlarge", 1.536), ("t3.medium", 0.0416)],
        *[("t3.nano", None), ("m6i.metal", None), ("x9.large", None), ("", None), ("m6i", None)],
    ],
)
def test_what_instances_cost(type_: str, price: float | None) -> None:
    assert Prices().instance(type_) == price


def product(usage: str, *prices: str, begin: str = "0") -> str:
    """A product in the form of https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html."""
    dimensions = {
        f"SKU.T.{n}": {"unit": "Hrs", "beginRange": begin, "pricePerUnit": {"USD": price}}
        for n, price in enumerate(prices)
    }
    return json.dumps(
        {
            "product": {"sku": "SKU", "attributes": {"usagetype": usage, "regionCode": "eu-central-1"}},
            "terms": {"OnDemand": {"SKU.T": {"priceDimensions": dimensions}}, "Reserved": {}},
        }
    )


class Client:
    """A client of the service ``pricing``."""

    def __init__(self, *pages: list[str], error: Exception | None = None) -> None:
        self.pages, self.error = pages, error
        self.asked: list[Answer] = []

    def get_paginator(self, operation: str) -> Client:
        assert operation == "get_products"
        return self

    def paginate(self, **arguments: t.Any) -> t.Iterator[Answer]:
        self.asked.append(arguments)
        if self.error:
            raise self.error
        yield from ({"PriceList": page} for page in self.pages)


def test_the_price_list_comes_first_and_what_it_lacks_is_in_the_table() -> None:
    client = Client([], [product("EUC1-NatGateway-Hours", "0.0520000000")])
    prices = Prices(ListedPrices(client, "eu-central-1"))
    assert prices.source == table.SOURCE  # nothing was looked up
    assert prices.hourly("natgateway") == 0.052
    assert prices.source.startswith("AWS's price list for eu-central-1 on 20")
    assert "june" not in prices.source.lower()
    assert prices.hourly("natgateway", count=2) == 0.104
    assert len(client.asked) == 1  # once for each thing
    assert prices.hourly("cluster") == 0.1
    assert prices.source.endswith(f"and {table.SOURCE} for cluster")


@pytest.mark.parametrize(
    ("rows", "price"),
    [
        ([product("EUC1-NatGateway-Hours", "0.052")], 0.052),
        ([product("NatGateway-Hours", "0.052")], 0.052),
        ([product("EUC1-RegionalNatGateway-Hours", "0.09"), product("EUC1-NatGateway-Hours", "0.052")], 0.052),
        ([product("EUC1-NatGateway-Hours", "0.0")], 0.045),
        ([product("EUC1-NatGateway-Hours", "0.052", "0.049")], 0.045),  # who knows which
        ([product("EUC1-NatGateway-Hours", "0.01", begin="100")], 0.045),
        ([product("EUC1-NatGateway-Bytes", "0.052")], 0.045),
        ([], 0.045),
    ],
)
def test_only_the_thing_itself_has_its_price(rows: list[str], price: float) -> None:
    assert Prices(ListedPrices(Client(rows), "eu-central-1")).hourly("natgateway") == price


def test_who_may_not_ask_is_not_kept_waiting_twice() -> None:
    exceptions = pytest.importorskip("botocore.exceptions")
    client = Client(error=exceptions.ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetProducts"))
    prices = Prices(ListedPrices(client, "eu-central-1"))
    assert prices.hourly("cluster") == 0.1
    assert prices.hourly("vpn-connection") == 0.06
    assert len(client.asked) == 1
    assert prices.source == table.SOURCE


def test_everything_in_the_table_can_be_asked_for_in_words_that_boto3_takes() -> None:
    session = pytest.importorskip("botocore.session").get_session()
    model = session.get_service_model("pricing")
    types = model.shape_for("FilterType").enum
    for what in [*table.PRICES, *(f"volume {name}" for name in table.VOLUMES), "instance m6i.large"]:
        query = query_for(what, "eu-central-1")
        assert query, what
        assert all(each["Type"] in types and set(each) == {"Type", "Field", "Value"} for each in query[1])
    assert query_for("a new thing", "eu-central-1") is None


@pytest.mark.parametrize(
    ("region", "where"),
    [
        *[("eu-central-1", "eu-central-1"), ("me-south-1", "eu-central-1"), ("ap-northeast-1", "ap-south-1")],
        *[("us-west-2", "us-east-1"), ("sa-east-1", "us-east-1"), ("cn-north-1", ""), ("us-gov-west-1", "")],
    ],
)
def test_which_end_point_is_asked(region: str, where: str) -> None:
    assert end_point(region) == where
    known = pytest.importorskip("botocore.session").get_session().get_available_regions("pricing")
    assert where in [*known, ""]
