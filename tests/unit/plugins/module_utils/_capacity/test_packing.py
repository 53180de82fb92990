# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.amounts import Amount
from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.packing import (
    Load,
    Room,
    decreasing,
    packed,
    without_room,
)

NODE = Amount(1000, 1000, 10)


def loads(*cpus: int, memory: int = 0, alone: str = "") -> list[Load]:
    return [Load(f"pod-{index}", Amount(cpu, memory, 1), alone=alone) for index, cpu in enumerate(cpus)]


def room(cpu: int = 1000) -> Room:
    return Room("node", NODE._replace(cpu=cpu))


def test_pods_find_room_up_to_the_last_thousandth() -> None:
    assert without_room(loads(600, 400), [room()]) == []
    assert [load.name for load in without_room(loads(600, 401), [room()])] == ["pod-1"]


def test_the_largest_is_placed_first_wherever_it_stands() -> None:
    assert without_room(loads(300, 300, 700, 700), [room(), room()]) == []
    assert [load.amount.cpu for load in decreasing(loads(100, 300, 200), NODE)] == [300, 200, 100]


def test_nodes_are_left_as_they_are() -> None:
    there = room()
    without_room(loads(600), [there])
    assert there.free == NODE


def test_pods_that_want_to_be_alone_take_a_node_each() -> None:
    assert len(without_room(loads(1, 1, 1, alone="web"), [room(), room()])) == 1
    taken = room()
    taken.holds.add("web")
    assert len(without_room(loads(1, alone="web"), [taken])) == 1


def test_the_number_of_pods_is_limited_too() -> None:
    assert without_room(loads(*[1] * 10), [room()]) == []
    assert len(without_room(loads(*[1] * 11), [room()])) == 1


@pytest.mark.parametrize(
    ("cpus", "nodes"),
    [
        ([], 0),
        ([1], 1),
        # Filled to 90 percent exactly, and to more
        ([450, 450], 1),
        ([450, 451], 2),
        ([900, 900], 2),
        ([901, 900], 3),
        ([600, 600, 600], 3),
    ],
)
def test_a_node_is_added_where_packing_is_fuller_than_90_percent(cpus: list[int], nodes: int) -> None:
    assert packed(loads(*cpus), room()) == (nodes, [])


def test_what_no_node_takes_is_named() -> None:
    nodes, left = packed(loads(1001, 10), room())
    assert (nodes, [load.name for load in left]) == (1, ["pod-0"])


def test_packing_needs_no_fewer_nodes_than_there_is_load_and_never_twice_as_many() -> None:
    choose = random.Random(15)
    for _turn in range(20):
        many = loads(*(choose.randint(50, 500) for _index in range(60)))
        least = -(-sum(load.amount.cpu for load in many) // 1000)
        assert least <= packed(many, Room("node", NODE._replace(pods=110))).nodes <= 2 * least
