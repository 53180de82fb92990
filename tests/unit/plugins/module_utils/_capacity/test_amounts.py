# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.amounts import (
    NOTHING,
    Amount,
    amount,
    quantity,
    requested,
    total,
)

GIB = 2**30


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        (2, 2),
        ("1.5Gi", 3 * 2**29),
        ("64Mi", 64 * 2**20),
        ("2k", 2000),
        ("1e3", 1000),
        ("12E2", 1200),
        ("1E", 10**18),
        ("250m", 1),
        ("0", 0),
        (".5k", 500),
    ],
)
def test_a_quantity_is_read_as_kubernetes_does_and_rounded_up(text: object, number: int) -> None:
    assert quantity(text) == number


@pytest.mark.parametrize(("text", "number"), [("250m", 250), ("1", 1000), ("1.5", 1500), ("100u", 1), (0.1, 100)])
def test_cpu_is_counted_in_thousandths(text: object, number: int) -> None:
    assert quantity(text, thousandths=True) == number


@pytest.mark.parametrize("text", ["", "m", "1 Gi", "ten", "1KiB", "--1", "Infinity"])
def test_what_is_no_quantity_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="no quantity"):
        quantity(text)


def container(cpu: str, memory: str = "0", **more: object) -> dict[str, object]:
    return {"resources": {"requests": {"cpu": cpu, "memory": memory}}, **more}


def test_a_pod_requests_what_its_containers_do() -> None:
    assert requested({"containers": [container("100m", "1Gi"), container("1", "1Gi")]}) == Amount(1100, 2 * GIB, 1)


def test_a_pod_without_requests_still_is_a_pod() -> None:
    assert requested({"containers": [{"name": "web"}]}) == Amount(0, 0, 1)


def test_an_init_container_counts_where_it_is_larger() -> None:
    spec = {"initContainers": [container("2")], "containers": [container("500m", "1Gi")]}
    assert requested(spec) == Amount(2000, GIB, 1)


def test_a_sidecar_counts_beside_the_containers_and_the_init_containers_after_it() -> None:
    sidecar = container("100m", restartPolicy="Always")
    assert requested({"initContainers": [sidecar, container("1")], "containers": [container("500m")]}).cpu == 1100
    assert requested({"initContainers": [container("1"), sidecar], "containers": [container("500m")]}).cpu == 1000
    assert requested({"initContainers": [sidecar], "containers": [container("500m")]}).cpu == 600


def test_requests_of_the_whole_pod_go_over_those_of_its_containers() -> None:
    spec = {"containers": [container("500m", "1Gi")], "resources": {"requests": {"cpu": "2"}}}
    assert requested(spec) == Amount(2000, GIB, 1)


def test_overhead_is_added() -> None:
    assert requested({"containers": [container("500m")], "overhead": {"cpu": "250m", "memory": "120Mi"}}) == Amount(
        750, 120 * 2**20, 1
    )


def test_room_holds_what_is_as_large_as_it() -> None:
    assert Amount(100, 100, 1).holds(Amount(100, 100, 1))
    assert not Amount(100, 100, 1).holds(Amount(101, 100, 1))
    assert not Amount(100, 100, 1).holds(Amount(100, 101, 1))
    assert not Amount(100, 100, 1).holds(Amount(100, 100, 2))


def test_a_share_is_of_what_is_taken_most_of() -> None:
    assert Amount(50, 30, 1).share_of(Amount(100, 100, 10)) == 0.5
    assert NOTHING.share_of(NOTHING) == 0
    assert Amount(1, 0, 0).share_of(NOTHING) == float("inf")


def test_amounts_add_up() -> None:
    assert total([]) == NOTHING
    assert total([Amount(1, 2, 3), Amount(1, 2, 3)]) == Amount(2, 4, 6)
    assert amount({"cpu": "2", "memory": "1Gi", "pods": "30"}).shown == {"cpu": 2.0, "memory_mib": 1024, "pods": 30}
