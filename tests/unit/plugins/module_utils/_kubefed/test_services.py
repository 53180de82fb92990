# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a Service is each cluster's own."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed import services

PORT = {"name": "http", "protocol": "TCP", "port": 80, "nodePort": 30123}


def service(**spec: t.Any) -> Object:
    return {"spec": spec}


def test_a_node_port_that_was_written_is_kept() -> None:
    made = service(type="NodePort", ports=[dict(PORT), {"port": 53, "protocol": "UDP", "nodePort": 30053}])
    assert services.own_fields(made, exported=False) == []
    # Without the protocol, KubeFed does not find the cluster's port, whose node port it would keep
    assert made["spec"]["ports"] == [
        {"name": "http", "port": 80, "nodePort": 30123},
        {"port": 53, "protocol": "UDP", "nodePort": 30053},
    ]


def test_what_a_cluster_has_given_is_left_out() -> None:
    made = service(ports=[dict(PORT)], clusterIP="10.96.0.7", clusterIPs=["10.96.0.7"], healthCheckNodePort=31000)
    assert services.own_fields(made, exported=True) == []
    assert made == service(ports=[{"name": "http", "protocol": "TCP", "port": 80}])


def test_an_address_that_was_written_is_left_out_and_told() -> None:
    made = service(clusterIP="10.96.0.7")
    assert services.own_fields(made, exported=False) == ["spec.clusterIP"]
    assert made == service()
    made = service(clusterIP="None", clusterIPs=["None"])
    assert services.own_fields(made, exported=False) == []
    assert made["spec"]["clusterIP"] == "None"


@pytest.mark.parametrize(
    ("wanted", "found", "says"),
    [
        (service(clusterIP="None"), service(clusterIP="10.96.0.7"), "cannot become headless"),
        (service(), service(clusterIP="None"), "cannot get a cluster IP"),
        (service(clusterIP="None"), service(clusterIP="None"), ""),
        (service(), service(clusterIP="10.96.0.7"), ""),
        (service(type="ExternalName"), service(clusterIP="None"), ""),
        (service(clusterIP="None"), service(type="ExternalName"), ""),
        (service(ports=[PORT]), service(ports=[{**PORT, "nodePort": 31999}]), "the node port 31999 there"),
        (service(ports=[PORT]), service(ports=[PORT]), ""),
        (service(ports=[PORT]), service(ports=[{**PORT, "port": 81, "nodePort": 31999}]), ""),
        (service(ports=[{**PORT, "protocol": None}]), service(ports=[{**PORT, "nodePort": 31999}]), ""),
        (service(), service(ports=[PORT]), ""),
        ({}, {}, ""),
        (
            service(healthCheckNodePort=31098),
            service(healthCheckNodePort=31099),
            "health check has the node port 31099 there, and cannot get 31098",
        ),
        (service(), service(healthCheckNodePort=31099), ""),
    ],
)
def test_what_would_stay_as_it_is(wanted: Object, found: Object, says: str) -> None:
    reason = services.obstacle(wanted, found)
    assert says in reason if says else reason == ""
