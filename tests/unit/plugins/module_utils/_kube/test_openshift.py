# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.openshift import of_network


def network(**config: t.Any) -> dict[str, t.Any]:
    default = {"type": "OVNKubernetes", "ovnKubernetesConfig": config}
    return {"spec": {"clusterNetwork": [{"cidr": "10.128.0.0/14", "hostPrefix": 23}], "defaultNetwork": default}}


@pytest.mark.parametrize(
    ("config", "via_host", "advertised"),
    [
        ({}, False, False),
        ({"gatewayConfig": {"ipForwarding": "Global"}}, False, False),
        ({"gatewayConfig": {"routingViaHost": True}}, True, False),
        ({"routeAdvertisements": "Enabled"}, False, True),
    ],
)
def test_what_ovn_kubernetes_does(config: dict[str, t.Any], via_host: bool, advertised: bool) -> None:
    assert of_network(network(**config)) == {
        "pod_networks": ["10.128.0.0/14"],
        "routing_via_host": via_host,
        "advertised": advertised,
    }


@pytest.mark.parametrize("spec", [{}, {"defaultNetwork": {"type": "Calico"}}, {"defaultNetwork": None}])
def test_another_network(spec: dict[str, t.Any]) -> None:
    assert of_network({"spec": spec}) is None
    assert of_network({}) is None


def test_what_is_left_out_has_its_default() -> None:
    found = of_network({"spec": {"defaultNetwork": {"type": "OVNKubernetes"}}})
    assert found == {"pod_networks": [], "routing_via_host": False, "advertised": False}
