# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which servers the role edge_haproxy adds to which backend."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudburst.federation.tests.unit.roles import Role


def place(cluster: str, address: str, port: int, number: int, name: str, **more: t.Any) -> dict[str, t.Any]:
    """An entry of burst_backends."""
    return {
        "cluster": cluster,
        "address": address,
        "port": port,
        "service": "shop",
        "namespace": "shop",
        "service_port": number,
        "service_port_name": name,
        "state": "ready",
        "ready_pods": 2,
        **more,
    }


PLACES = [
    place("earth", "10.10.0.10", 30080, 80, "http"),
    place("vulcan", "10.11.0.20", 31080, 80, "http"),
    place("earth", "10.10.0.10", 30443, 443, "https"),
    place("vulcan", "10.11.0.20", 31443, 443, "https"),
]


def wanted(places: t.Any, *services: dict[str, t.Any]) -> t.Any:
    entries = [{"service": "shop", "namespace": "shop", "method": "edge", **each} for each in services]
    role = Role("edge_haproxy", burst_name="vulcan", edge_haproxy_services=entries, edge_haproxy_backends=places)
    return role.value("__edge_haproxy_wanted")


def test_each_backend_has_the_node_ports_of_its_own_port() -> None:
    found = wanted(PLACES, {"backend": "shop", "port": 80}, {"backend": "shop-tls", "port": "https"})
    assert [(each["name"], each["servers"]) for each in found] == [
        ("shop", [{"address": "10.11.0.20", "port": 31080}]),
        ("shop-tls", [{"address": "10.11.0.20", "port": 31443}]),
    ]
    assert [[each["port"] for each in one["before"]] for one in found] == [[30080], [30443]]


def test_no_port_means_the_only_one() -> None:
    (found,) = wanted(PLACES[:2], {"backend": "shop"})
    assert found["servers"] == [{"address": "10.11.0.20", "port": 31080}]
    assert (found["ready"], found["others_ready"]) == (2, 2)


def test_a_node_without_a_pod_of_a_local_service_is_left_out() -> None:
    down = {**PLACES[1], "address": "10.11.16.20", "state": "down"}
    (found,) = wanted([*PLACES[:2], down], {"backend": "shop"})
    assert found["servers"] == [{"address": "10.11.0.20", "port": 31080}]
    # Without any pod, the module waits for them and says so
    none = {**PLACES[1], "state": "down", "ready_pods": 0}
    (found,) = wanted([PLACES[0], none], {"backend": "shop"})
    assert found["servers"] == [{"address": "10.11.0.20", "port": 31080}]
