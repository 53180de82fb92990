# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Services can be shared, and what is said of the others."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._traffic import checks


def service(**spec: t.Any) -> dict[str, t.Any]:
    return {"spec": {"selector": {"app": "shop"}, "ports": [{"name": "http", "port": 80}], **spec}}


def test_a_service_as_it_comes_is_fine() -> None:
    assert checks.service_problems(service(type="NodePort", externalTrafficPolicy="Cluster")) == []
    assert checks.service_warnings(service()) == []


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"type": "ExternalName"}, "its type is ExternalName, so it has no endpoints"),
        ({"clusterIP": "None"}, "it is headless"),
        ({"selector": None}, "it has no selector"),
        ({"externalTrafficPolicy": "Local"}, "its externalTrafficPolicy is Local, so clients from outside never get"),
        ({"internalTrafficPolicy": "Local"}, "its internalTrafficPolicy is Local, so clients in the cluster never"),
        ({"ports": [{"name": "dns", "port": 53, "protocol": "UDP"}]}, "it has no TCP port"),
    ],
)
def test_what_keeps_a_service_from_being_shared(spec: dict[str, t.Any], said: str) -> None:
    (problem,) = checks.service_problems(service(**spec))
    assert problem.startswith(said)


def test_affinity_is_warned_of() -> None:
    (warning,) = checks.service_warnings(service(sessionAffinity="ClientIP"))
    assert warning.startswith("its sessionAffinity is ClientIP")


def test_preferring_the_same_node_is_warned_of() -> None:
    (warning,) = checks.service_warnings(service(trafficDistribution="PreferSameNode"))
    assert warning.startswith("its trafficDistribution is PreferSameNode")
    assert checks.service_warnings(service(trafficDistribution="PreferSameZone")) == []


def test_ports_are_chosen_by_name_or_number() -> None:
    two = service(ports=[{"name": "http", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}])
    assert checks.chosen_ports(two, None) == (["dns", "http"], "")
    assert checks.chosen_ports(two, "http") == (["http"], "")
    assert checks.chosen_ports(two, 80) == (["http"], "")
    assert checks.chosen_ports(two, "https") == ([], "it has no port 'https'; it has: http 80, dns 53")
    assert "is not a TCP port" in checks.chosen_ports(two, "dns")[1]
    assert checks.chosen_ports(service(ports=[{"port": 80}]), None) == ([""], "")


def test_a_port_with_another_name_is_told() -> None:
    other = service(ports=[{"name": "web", "port": 80}])
    (problem,) = checks.port_name_problems(service(), other, ["http"])
    assert problem.startswith("its port 'http' has another name in the other cluster, which has 'web'")
    assert checks.port_name_problems(service(), other, []) == []
    assert checks.port_name_problems(service(), service(), ["http"]) == []


def pod(port: t.Any, **probe: t.Any) -> dict[str, t.Any]:
    container = {"ports": [{"name": "web", "containerPort": 8080}], "readinessProbe": {"httpGet": {"port": port}}}
    container["readinessProbe"].update(probe)  # type: ignore[attr-defined]
    return {"spec": {"containers": [container]}}


def test_requests_of_readiness_probes() -> None:
    asked = {"path": "/", "scheme": "HTTP", "headers": {}, "timeout": 1, "period": 10, "failures": 3}
    assert checks.readiness_request([pod("web")], {"http": 8080}) == {"http": asked}
    assert checks.readiness_request([pod(8080)], {"http": "web"}) == {"http": asked}
    assert checks.readiness_request([pod(9000)], {"http": "web"}) == {}
    get = {"port": 8080, "path": "/up", "scheme": "HTTPS", "httpHeaders": [{"name": "Host", "value": "shop"}]}
    found = checks.readiness_request([pod(0, httpGet=get, timeoutSeconds=2, periodSeconds=5)], {"http": 8080})
    assert found["http"] == {
        "path": "/up", "scheme": "HTTPS", "headers": {"Host": "shop"}, "timeout": 2, "period": 5, "failures": 3,
    }  # fmt: skip
    # It asks another host than the pod
    assert checks.readiness_request([pod(0, httpGet={**get, "host": "db"})], {"http": 8080}) == {}
    assert checks.readiness_request([], {"http": 8080}) == {}


def test_a_container_that_starts_first_and_stays_has_a_probe_too() -> None:
    found = pod("web")
    (container,) = found["spec"].pop("containers")
    found["spec"]["initContainers"] = [{**container, "restartPolicy": "Always"}]
    assert checks.readiness_request([found], {"http": "web"})["http"]["path"] == "/"
    found["spec"]["initContainers"] = [container]
    assert checks.readiness_request([found], {"http": "web"}) == {}


def test_target_ports() -> None:
    ports = [{"name": "http", "port": 80, "targetPort": "web"}, {"port": 81}, {"port": 53, "protocol": "UDP"}]
    assert checks.target_ports(service(ports=ports)) == {"http": "web", "": 81}


def test_ports_that_the_security_group_keeps_closed() -> None:
    ranges = [{"from": 80, "to": 80}, {"from": 30000, "to": 32767}]
    assert checks.unopened_ports([8080, 80, 30000, 8080], ranges) == [8080]


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ({}, True),
        ({"matchLabels": {"app": "shop"}}, True),
        ({"matchLabels": {"app": "blog"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["shop"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["shop"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, True),
    ],
)
def test_selectors(selector: dict[str, t.Any], selected: bool) -> None:
    assert checks.selects(selector, {"app": "shop"}) is selected


def policy(name: str, rules: t.Any, **spec: t.Any) -> dict[str, t.Any]:
    return {"metadata": {"name": name}, "spec": {"podSelector": {}, "ingress": rules, **spec}}


def warned(*policies: dict[str, t.Any]) -> list[str]:
    return checks.policy_warnings(policies, "Ingress", {"app": "shop"}, ["10.10.0.0/24", "10.10.128.0/24"])


def test_policies_that_let_nobody_in_from_the_data_centre() -> None:
    lan = {"from": [{"ipBlock": {"cidr": "10.10.0.0/24"}}]}
    assert warned(policy("deny", [])) == [
        "deny lets nothing from 10.10.0.0/24, 10.10.128.0/24. Add an ipBlock with it"
    ]  # fmt: skip
    assert warned(policy("lan", [lan])) == ["lan lets nothing from 10.10.128.0/24. Add an ipBlock with it"]
    assert warned(policy("all", [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}])) == []
    assert warned(policy("open", [{}])) == []


def test_policies_add_up() -> None:
    assert warned(policy("deny", []), policy("all", [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}])) == []


def test_what_a_policy_excepts() -> None:
    """As 'anywhere but the private networks', which is often asked for."""
    block = {"cidr": "0.0.0.0/0", "except": ["10.10.0.0/16", "172.16.0.0/12"]}
    assert warned(policy("internet", [{"from": [{"ipBlock": block}]}])) == [
        "internet lets nothing from 10.10.0.0/24, 10.10.128.0/24. Add an ipBlock with it"
    ]
    inside = {"cidr": "10.10.0.0/16", "except": ["10.10.128.128/25"]}
    assert warned(policy("part", [{"from": [{"ipBlock": inside}]}])) == [
        "part lets nothing from 10.10.128.0/24. Add an ipBlock with it"
    ]
    assert warned(policy("all", [{"from": [{"ipBlock": {"cidr": "10.10.0.0/16", "except": ["10.10.5.0/24"]}}]}])) == []


def test_blocks_add_up() -> None:
    halves = [{"ipBlock": {"cidr": f"10.10.{third}.0/25"}} for third in (0, 128)]
    others = [{"ipBlock": {"cidr": f"10.10.{third}.128/25"}} for third in (0, 128)]
    assert warned(policy("both", [{"from": halves}, {"from": others}])) == []
    assert warned(policy("one", [{"from": halves}]), policy("other", [{"from": others}])) == []
    assert len(warned(policy("one", [{"from": halves}]))) == 1


@pytest.mark.parametrize(
    ("ports", "left"),
    [
        ([{"port": 443}], "one lets nothing from 10.10.0.0/24. Add an ipBlock with it"),
        ([{"port": 8080, "protocol": "UDP"}], "one lets nothing from 10.10.0.0/24. Add an ipBlock with it"),
        ([{"port": 8080}], "one lets nothing from 10.10.0.0/24 on port 9090. Add an ipBlock with it"),
        ([{"port": 8080, "endPort": 9090}], None),
        ([{"port": "web"}], None),
        ([{"protocol": "TCP"}], None),
        ([], None),
    ],
)
def test_the_ports_of_policies(ports: list[dict[str, t.Any]], left: str | None) -> None:
    rule = {"from": [{"ipBlock": {"cidr": "10.10.0.0/16"}}], "ports": ports}
    found = checks.policy_warnings([policy("one", [rule])], "Ingress", {}, ["10.10.0.0/24"], {8080, 9090})
    assert found == ([left] if left else [])


def test_policies_for_other_pods_or_the_other_direction() -> None:
    assert warned(policy("blog", [], podSelector={"matchLabels": {"app": "blog"}})) == []
    assert warned(policy("out", [], policyTypes=["Egress"])) == []
    out = policy("out", [], egress=[{"to": [{"podSelector": {}}]}])
    assert checks.policy_warnings([out], "Egress", None, ["10.11.0.0/16"]) == [
        "out lets nothing to 10.11.0.0/16. Add an ipBlock with it"
    ]
