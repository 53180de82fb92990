# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.amounts import Amount
from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.instances import (
    Kind,
    Plan,
    cheapest_first,
    check_cost,
    cost,
    kind_of,
    planned,
    reserved_cpu,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.packing import Load
from ansible_collections.cloudburst.federation.plugins.module_utils._costs.prices import Prices
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption

MIB = 2**20
NODE = Kind("m6i.large", Amount(1000, 1000 * MIB, 29), 0.096)


def described(**changed: t.Any) -> dict[str, t.Any]:
    """What EC2 says of an m6i.large."""
    return {
        "InstanceType": "m6i.large",
        "VCpuInfo": {"DefaultVCpus": 2},
        "MemoryInfo": {"SizeInMiB": 8192},
        "NetworkInfo": {"MaximumNetworkInterfaces": 3, "Ipv4AddressesPerInterface": 10},
        **changed,
    }


@pytest.mark.parametrize(("cpus", "reserved"), [(1, 60), (2, 70), (3, 75), (4, 80), (8, 90), (96, 310)])
def test_a_part_of_the_cores_is_reserved(cpus: int, reserved: int) -> None:
    assert reserved_cpu(cpus) == reserved


def test_a_node_has_what_eks_leaves_of_it() -> None:
    """An m6i.large takes 29 pods, and has 1930m of its cores."""
    kind = kind_of(described())
    assert kind.free == Amount(1930 - 150, (7577 - 255 - 11 * 29 - 100) * MIB, 29 - 2)
    assert kind.price == 0.096


@pytest.mark.parametrize(
    ("cpus", "interfaces", "pods"), [(29, 15, 110), (30, 15, 250), (2, 3, 29), (29, 4, 110), (29, 3, 89)]
)
def test_no_more_pods_than_eks_advises(cpus: int, interfaces: int, pods: int) -> None:
    network = {"MaximumNetworkInterfaces": interfaces, "Ipv4AddressesPerInterface": 10 if cpus == 2 else 30}
    assert kind_of(described(VCpuInfo={"DefaultVCpus": cpus}, NetworkInfo=network)).free.pods == pods - 2


def test_memory_is_reserved_for_all_pods_that_have_an_address() -> None:
    """An m6i.4xlarge has addresses for 234 pods, of which EKS takes 110."""
    network = {"MaximumNetworkInterfaces": 8, "Ipv4AddressesPerInterface": 30}
    size = {"VCpuInfo": {"DefaultVCpus": 16}, "MemoryInfo": {"SizeInMiB": 65536}}
    free = kind_of(described(**size, NetworkInfo=network)).free
    assert free.memory == (60620 - 255 - 11 * 234 - 100) * MIB


def test_the_cheapest_is_first_and_what_has_no_price_is_last() -> None:
    kinds = [Kind(name, NODE.free, price) for name, price in (("a", None), ("b", 0.2), ("c", 0.1), ("d", None))]
    assert [kind.name for kind in cheapest_first(kinds)] == ["c", "b", "a", "d"]


def loads(number: int, cpu: int = 400) -> list[Load]:
    return [Load("", Amount(cpu, 0, 1))] * number


@pytest.mark.parametrize(
    ("number", "least", "most", "there", "nodes", "short"),
    [
        (0, 1, 10, 0, 1, 0),
        (0, 2, 10, 0, 2, 0),
        (2, 1, 10, 0, 2, 0),
        (7, 1, 10, 0, 4, 0),
        (7, 1, 3, 0, 3, 1),
        # None is taken away
        (1, 1, 10, 3, 3, 0),
    ],
)
def test_there_are_as_many_nodes_as_pods_need(
    number: int, least: int, most: int, there: int, nodes: int, short: int
) -> None:
    plan = planned(loads(number), [NODE], least=least, most=most, there=there)
    assert (plan.nodes, plan.short) == (nodes, short)


def test_a_pod_that_no_type_takes_is_told() -> None:
    plan = planned(loads(1, 1001), [NODE], least=1, most=9, there=0)
    assert (plan.short, plan.too_large, plan.missing) == (1, 1, Amount(1001, 0, 1))


def test_what_is_missing_at_the_maximum_is_told_and_the_maximum_is_taken() -> None:
    """Two of 400 on each node; a pod that none takes is short at any size."""
    plan = planned([*loads(7), *loads(1, 1001)], [NODE], least=1, most=2, there=0)
    assert (plan.nodes, plan.short, plan.too_large) == (2, 4, 1)
    assert plan.missing == Amount(3 * 400 + 1001, 0, 4)
    enough = planned(loads(7), [NODE], least=1, most=4, there=0)
    assert (enough.short, enough.missing) == (0, Amount(0, 0, 0))


def test_each_node_may_be_the_smallest_of_the_types() -> None:
    large = NODE._replace(name="m6i.xlarge", free=Amount(3000, 3000 * MIB, 58), price=0.192)
    assert planned(loads(7), [large, NODE], least=1, most=9, there=0).nodes == 4


class List:
    """A region's prices."""

    name = "AWS's price list for eu-central-1 on 2026-11-27"

    def price(self, what: str) -> float | None:
        return {"instance m6i.large": 0.2, "instance m6a.large": 0.1, "volume gp3": 0.0}.get(what)


def test_what_a_burst_costs_is_that_of_the_dearest_type() -> None:
    plan = Plan(3, [NODE._replace(name="m6a.large"), NODE])
    prices = Prices(List())
    assert cost(plan, fixed=[("cluster", 1), ("vpc-endpoint", 16)], prices=prices) == pytest.approx(0.6 + 0.10 + 0.16)
    with pytest.raises(InvalidOption, match="price of x9"):
        cost(Plan(1, [NODE._replace(name="x9", price=None)]), fixed=[], prices=prices)


def test_a_disk_is_part_of_a_node() -> None:
    bare = Prices().instance("m6i.large")
    assert bare is not None
    assert cost(Plan(1, [NODE]), fixed=[], prices=Prices()) == pytest.approx(bare + 20 * 0.08 / 730, abs=1e-4)


def test_what_costs_more_than_it_may_is_rejected_with_the_sum() -> None:
    plan, prices = Plan(3, [NODE]), Prices(List())
    hourly = cost(plan, fixed=[("cluster", 1)], prices=prices)
    assert hourly == pytest.approx(0.7)
    check_cost(plan, hourly, hourly, prices)
    with pytest.raises(InvalidOption, match=r"up to 0\.7 USD per hour with 3 nodes, by AWS's price list for eu"):
        check_cost(plan, hourly, 0.6999, prices)
