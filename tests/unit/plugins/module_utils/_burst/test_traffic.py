# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What burst_traffic may say."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._burst.traffic import (
    edge_problems,
    form_problems,
    traffic_problems,
)

ENTRY: dict[str, t.Any] = {"service": "shop", "namespace": "shop", "method": "edge", "backend": "shop"}
OPEN = ({"from": 80, "to": 80}, {"from": 30000, "to": 32767})


def service(
    *ports: dict[str, t.Any],
    kind: str = "NodePort",
    placement: tuple[str, ...] = ("earth", "vulcan"),
    spec: dict[str, t.Any] | None = None,
) -> t.Any:
    resource = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "shop"},
        "spec": {
            "type": kind,
            "selector": {"app": "shop"},
            "ports": list(ports) or [{"name": "http", "port": 80}],
            **(spec or {}),
        },
    }
    return [{"namespace": "shop", "placement": list(placement), "resources": [resource]}]


def problems(entry: dict[str, t.Any], apps: t.Any, opened: t.Any = OPEN, hosts: tuple[str, ...] = ("edge",)) -> str:
    found = form_problems("burst_traffic", [entry]) or [
        *edge_problems([entry], hosts),
        *traffic_problems([entry], apps, ("earth", "vulcan"), opened),
    ]
    return "; ".join(map(str, found))


def test_a_service_in_both_clusters_is_fine() -> None:
    assert problems(ENTRY, service()) == ""
    own = {**ENTRY, "frontend": {"address": "10.10.0.20", "port": 80, "mode": "tcp"}}
    del own["backend"]
    assert problems(own, service()) == ""
    assert (
        problems({**ENTRY, "port": "http"}, service({"name": "http", "port": 80}, {"name": "admin", "port": 81})) == ""
    )
    # Pods' addresses need no node port
    endpoints = {"service": "shop", "namespace": "shop", "method": "endpoints"}
    assert problems(endpoints, service(kind="ClusterIP")) == ""
    # A cluster that is there already has no security group of ours
    assert problems(ENTRY, service(), opened=None) == ""


@pytest.mark.parametrize(
    ("changes", "apps", "message"),
    [
        ({"service": "shops"}, service(), "burst_apps has no such Service; it has: shop/shop"),
        ({}, service(placement=("earth",)), "its application must be placed on earth and vulcan, and vulcan is not"),
        ({"port": "https"}, service(), "the Service has no such port; it has 80 (http)"),
        ({}, service({"name": "a", "port": 80}, {"name": "b", "port": 81}), "name one of 80 (a), 81 (b)"),
        ({}, service({"port": 53, "protocol": "UDP"}), "only TCP can be sent to both clusters"),
        ({}, service(kind="ClusterIP"), "make it a Service of the type NodePort"),
        (
            {"method": "dns"},
            service(),
            "burst_traffic[0].method: 'dns' cannot be used; it must be edge, endpoints or hooks",
        ),
        ({"method": "hooks"}, service(), "it is for the method edge, and this entry's is hooks"),
        ({"backend": "sh op"}, service(), "it must be the name of a backend of HAProxy"),
        ({"frontend": {"port": 80}}, service(), "set backend, the name of a backend in your HAProxy, or frontend"),
        ({"frontend": {"port": 0}}, service(), "burst_traffic[0].frontend.port: 0 cannot be used"),
        ({"frontend": {"port": 80, "mode": "udp"}}, service(), "it must be http or tcp"),
        ({"frontend": {"port": 80, "address": "edge"}}, service(), "it must be an IPv4 address of the edge host"),
        ({"weight": 3}, service(), "it must be one of service, namespace, method"),
        ({"namespace": None}, service(), "it must be the name of a namespace"),
    ],
)
def test_what_can_not_work_is_named(changes: dict[str, t.Any], apps: t.Any, message: str) -> None:
    assert message in problems({**ENTRY, **changes}, apps)


def test_node_ports_must_be_open() -> None:
    closed = [{"from": 80, "to": 80}]
    assert "burst_traffic[0] needs node ports, any from 30000 to 32767, and 30000 is closed" in problems(
        ENTRY, service(), opened=closed
    )
    fixed = service({"port": 80, "nodePort": 30080})
    assert problems(ENTRY, fixed, opened=[{"from": 30080, "to": 30080}]) == ""
    assert "needs its node port 30080, and 30080 is closed" in problems(ENTRY, fixed, opened=closed)


ENDPOINTS = {"service": "shop", "namespace": "shop", "method": "endpoints"}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"externalTrafficPolicy": "Local"}, "burst_traffic[0]: 'shop/shop' cannot be used; its externalTrafficPolicy"),
        ({"clusterIP": "None"}, "it is headless (clusterIP None)"),
        ({"selector": {}}, "it has no selector"),
    ],
)
def test_services_that_cannot_be_shared_are_named(spec: dict[str, t.Any], message: str) -> None:
    assert message in problems(ENDPOINTS, service(spec=spec))


@pytest.mark.parametrize("target", [{"targetPort": 8080}, {"targetPort": "web"}])
def test_the_ports_of_pods_must_be_open(target: dict[str, t.Any]) -> None:
    apps = service({"name": "http", "port": 80, **target})
    container = {"name": "shop", "ports": [{"name": "web", "containerPort": 8080}]}
    apps[0]["resources"].append(workload({"containers": [container]}))
    assert "burst_traffic[0] needs port 8080, on which its pods listen, and it is closed" in problems(ENDPOINTS, apps)
    assert problems(ENDPOINTS, apps, opened=[{"from": 8000, "to": 8999}]) == ""
    assert problems(ENDPOINTS, apps, opened=None) == ""


def workload(spec: dict[str, t.Any], app: str = "shop") -> dict[str, t.Any]:
    return {"kind": "Deployment", "spec": {"template": {"metadata": {"labels": {"app": app}}, "spec": spec}}}


def test_which_pods_have_the_port_that_a_service_names() -> None:
    apps = service({"name": "http", "port": 80, "targetPort": "web"})
    resources = apps[0]["resources"]
    closed = {"name": "shop", "ports": [{"name": "web", "containerPort": 8080}]}
    said = "burst_traffic[0] needs port 8080, on which its pods listen, and it is closed"
    # Another application's pods may have a port of the same name
    resources[1:] = [workload({"containers": [closed]}, "blog")]
    assert problems(ENDPOINTS, apps) == ""
    opened = {"name": "shop", "ports": [{"name": "web", "containerPort": 80}]}
    resources[1:] = [workload({"containers": [closed]}), workload({"containers": [opened]}, "blog")]
    assert said in problems(ENDPOINTS, apps)
    # A container that starts first and stays serves too; one that ends does not
    resources[1:] = [workload({"containers": [], "initContainers": [{**closed, "restartPolicy": "Always"}]})]
    assert said in problems(ENDPOINTS, apps)
    resources[1:] = [workload({"containers": [], "initContainers": [closed]})]
    assert problems(ENDPOINTS, apps) == ""
    resources[1:] = [{"kind": "Pod", "metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [closed]}}]
    assert said in problems(ENDPOINTS, apps)


@pytest.mark.parametrize(
    ("changes", "spec", "message"),
    [
        ({"method": None}, {}, "burst_traffic[0].method: None cannot be used; it must be edge, endpoints or hooks"),
        ({"port": True}, {}, "burst_traffic[0].port: True cannot be used; it must be the name or the number of a port"),
        ({"port": {"number": 80}}, {}, "it must be the name or the number of a port"),
        ({"frontend": {"port": "\u00b2"}}, {}, "it must be a number from 1 to 65535"),
        ({"frontend": {"port": 80, "address": 5}}, {}, "it must be an IPv4 address of the edge host"),
        ({}, {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False}, "allocateLoadBalancerNodePorts: false"),
        ({}, {"selector": None}, "it has no selector"),
    ],
)
def test_odd_values_are_named(changes: dict[str, t.Any], spec: dict[str, t.Any], message: str) -> None:
    assert message in problems({**ENTRY, **changes}, service(spec=spec))


def all_problems(*entries: dict[str, t.Any], apps: t.Any = None) -> str:
    found = form_problems("burst_traffic", list(entries)) or traffic_problems(
        entries, apps or service({"name": "http", "port": 80}, {"name": "admin", "port": 81}), ("earth", "vulcan"), None
    )
    return "; ".join(map(str, found))


OWN = {**{key: value for key, value in ENTRY.items() if key != "backend"}, "port": 80}


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([{**ENTRY, "port": 80}, {**ENTRY, "port": "admin"}], "burst_traffic[1].backend: 'shop' cannot be used"),
        (
            [{**OWN, "frontend": {"port": 80}}, {**OWN, "port": 81, "frontend": {"port": "80", "address": "10.0.0.1"}}],
            "burst_traffic[1].frontend: {'port': '80', 'address': '10.0.0.1'} cannot be used; burst_traffic[0].frontend"
            " has the same port",
        ),
        (
            [ENDPOINTS, {**ENDPOINTS, "port": "http"}],
            "burst_traffic[1]: 'shop/shop' cannot be used; burst_traffic[0] shares the same port; name it once",
        ),
        ([{**ENDPOINTS, "port": 80}, {**ENDPOINTS, "port": "http"}], "burst_traffic[0] shares the same port"),
        ([{**ENTRY, "port": 80}, {**ENDPOINTS, "port": "http"}], "burst_traffic[0] shares it too, by another method"),
        (["shop"], "it must be a list of Services, each with service and namespace"),
    ],
)
def test_what_is_named_twice_is_named(entries: t.Any, message: str) -> None:
    assert message in all_problems(*entries)


def test_a_service_can_be_in_several_places() -> None:
    assert all_problems({**ENTRY, "port": 80}, {**ENTRY, "port": 80, "backend": "sticky"}) == ""
    assert all_problems({**OWN, "frontend": {"port": 80}}, {**OWN, "port": 81, "frontend": {"port": 81}}) == ""
    assert all_problems({**ENDPOINTS, "port": 80}, {**ENDPOINTS, "port": "admin"}) == ""
    assert all_problems({**ENTRY, "port": 80}, {**ENDPOINTS, "port": "admin"}) == ""
    assert all_problems({**ENTRY, "port": 80}, {**ENDPOINTS, "method": "hooks", "port": 80}) == ""


def test_the_edge_needs_a_host() -> None:
    assert "group burst_edge needs a host" in problems(ENTRY, service(), hosts=())


def test_each_is_named_once() -> None:
    assert "an earlier entry is the same" in "; ".join(map(str, form_problems("burst_traffic", [ENTRY, ENTRY])))
    assert "must be a list" in "; ".join(map(str, form_problems("burst_traffic", {"shop": 1})))
