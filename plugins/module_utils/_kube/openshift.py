# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What an OpenShift cluster says about itself; it is detected by the API groups that it serves."""

from __future__ import annotations

import typing as t

from .client import Client
from .errors import ApiError
from .objects import Object

_GROUP = "/apis/security.openshift.io"
_NETWORK = "/apis/operator.openshift.io/v1/networks/cluster"


def is_openshift(client: Client) -> bool:
    """Whether the cluster has SCCs."""
    return client.get(_GROUP) is not None


def ovn_kubernetes(client: Client) -> dict[str, t.Any] | None:
    """How OVN-Kubernetes treats the addresses of pods.

    :returns: ``None`` without OVN-Kubernetes, or where its configuration may not be read. Otherwise ``pod_networks``;
        ``routing_via_host``, whether the routes of the nodes apply to packets of pods; and ``advertised``, whether the
        addresses of pods are announced by BGP.
    """
    try:
        network = client.get(_NETWORK)
    except ApiError as error:
        if error.status == 403:
            return None
        raise
    return None if network is None else of_network(network)


def of_network(network: Object) -> dict[str, t.Any] | None:
    """The same, read from the Network operator's configuration.

    Fields and defaults as in operator/v1/types_network.go of https://github.com/openshift/api
    """
    spec = network.get("spec") or {}
    default = spec.get("defaultNetwork") or {}
    if default.get("type") != "OVNKubernetes":
        return None
    config = default.get("ovnKubernetesConfig") or {}
    return {
        "pod_networks": [entry["cidr"] for entry in spec.get("clusterNetwork") or []],
        "routing_via_host": bool((config.get("gatewayConfig") or {}).get("routingViaHost")),
        "advertised": config.get("routeAdvertisements") == "Enabled",
    }


__all__ = ("is_openshift", "of_network", "ovn_kubernetes")
