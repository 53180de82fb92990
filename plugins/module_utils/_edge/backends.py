# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Where the customers of a Service can be sent from outside: its node port on each node of each cluster. Pure."""

from __future__ import annotations

import typing as t

from .._kube.objects import Object, condition
from .._runtime.errors import InvalidOption

# Whom EndpointSlices of the Service's own pods belong to:
# https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#management
_OWN = "endpointslice-controller.k8s.io"
# https://kubernetes.io/docs/reference/labels-annotations-taints/#node-kubernetes-io-exclude-from-external-load-balancers
_EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
_HEAVIEST = 100


class Cluster(t.NamedTuple):
    """What was read of a Service in a cluster.

    :ivar name: of the cluster in the federation.
    :ivar service: the Service, or None where the cluster has none.
    :ivar slices: its EndpointSlices. :ivar nodes: the cluster's nodes.
    """

    name: str
    service: Object | None
    slices: t.Sequence[Object]
    nodes: t.Sequence[Object]


def chosen_port(service: Object, port: str | None, where: str) -> Object:
    """The port of a Service that customers use.

    :param port: its name or number; it may be left out where there is one alone.
    :param where: whose Service it is, for messages.
    """
    ports = (service.get("spec") or {}).get("ports") or []
    known = ", ".join(f"{each['port']}" + (f" ({each['name']})" if each.get("name") else "") for each in ports)
    found = [each for each in ports if port in (None, "") or str(port) in (each.get("name"), str(each["port"]))]
    if len(found) == 1:
        return t.cast(Object, found[0])
    if found:
        raise InvalidOption(f"{where} has the ports {known}: name one of them as its port.")
    raise InvalidOption(f"{where} has no port {port!r}; it has {known or 'none'}.")


def node_port(port: Object, where: str) -> int:
    """The node port of a Service's port."""
    if port.get("protocol", "TCP") != "TCP":
        raise InvalidOption(f"{where}: port {port['port']} is not TCP, and only TCP can be sent to both clusters.")
    if not port.get("nodePort"):
        raise InvalidOption(f"{where} has no node port. Make it a Service of the type NodePort or LoadBalancer.")
    return int(port["nodePort"])


def ready_pods(slices: t.Iterable[Object], port_name: str) -> dict[str, int]:
    """How many pods of the cluster itself are ready to serve a port, by the name of their node.

    No condition, or one that is not known, counts as ready: EndpointSlice v1, ``conditions.ready``.
    """
    found: dict[str, set[str]] = {}
    for each in slices:
        if (each["metadata"].get("labels") or {}).get("endpointslice.kubernetes.io/managed-by") != _OWN:
            continue
        if port_name not in [port.get("name") or "" for port in each.get("ports") or []]:
            continue
        for endpoint in each.get("endpoints") or []:
            if (endpoint.get("conditions") or {}).get("ready") is not False:
                name = (endpoint.get("targetRef") or {}).get("uid") or endpoint["addresses"][0]
                found.setdefault(endpoint.get("nodeName") or "", set()).add(name)
    return {node: len(names) for node, names in found.items()}


def addresses(nodes: t.Iterable[Object]) -> list[tuple[str, str]]:
    """Name and internal IPv4 address of each node that is ready and may get customers, in the order of addresses."""
    found = []
    for node in nodes:
        if _EXCLUDED in (node["metadata"].get("labels") or {}) or condition(node, "Ready").get("status") != "True":
            continue
        internal = [
            each["address"]
            for each in (node.get("status") or {}).get("addresses") or []
            if each["type"] == "InternalIP" and ":" not in each["address"]
        ]
        found += [(node["metadata"].get("name", ""), address) for address in internal[:1]]
    return sorted(found, key=lambda pair: pair[1])


def warnings(service: Object) -> list[str]:
    """What works otherwise than somebody may expect behind a load balancer. Each completes "Service x: ..."."""
    if (service.get("spec") or {}).get("sessionAffinity") != "ClientIP":
        return []
    return [
        "its sessionAffinity is ClientIP, so each node sends everything that comes from the load balancer's address to"
        " the same pod, and the other pods stay idle"
    ]


def backends(
    service: str, namespace: str, port: str | None, clusters: t.Sequence[Cluster], draining: t.Collection[str] = ()
) -> list[Object]:
    """Every address at which a Service can be reached, with a weight in proportion to the ready pods of its cluster.

    :param draining: names of clusters that are to get no new customers.
    :returns: address, port, weight, cluster, service, namespace, service_port, service_port_name, state (ready,
        draining, down) and ready_pods of each.
    """
    found: list[Object] = []
    shares: list[float] = []
    for cluster in clusters:
        where = f"{cluster.name}: the Service {namespace}/{service}"
        if cluster.service is None:
            raise InvalidOption(f"{where} does not exist.")
        chosen = chosen_port(cluster.service, port, where)
        number = node_port(chosen, where)
        pods = ready_pods(cluster.slices, chosen.get("name") or "")
        ready = sum(pods.values())
        nodes = addresses(cluster.nodes)
        # Nodes without a pod drop what comes to the node port of such a Service:
        # https://kubernetes.io/docs/reference/networking/virtual-ips/#external-traffic-policy
        local = (cluster.service.get("spec") or {}).get("externalTrafficPolicy") == "Local"
        for node, address in nodes:
            here = pods.get(node, 0) if local else ready / len(nodes)
            state = "draining" if cluster.name in draining else "ready" if here else "down"
            shares.append(here if state == "ready" else 0.0)
            found.append(
                {
                    "address": address,
                    "port": number,
                    "cluster": cluster.name,
                    "service": service,
                    "namespace": namespace,
                    "service_port": chosen["port"],
                    "service_port_name": chosen.get("name") or "",
                    "state": state,
                    "ready_pods": ready,
                }
            )
    heaviest = max(shares, default=0.0)
    return [
        {**each, "weight": max(1, round(_HEAVIEST * share / heaviest)) if share else 0}
        for each, share in zip(found, shares, strict=True)
    ]


__all__ = ("Cluster", "addresses", "backends", "chosen_port", "node_port", "ready_pods", "warnings")
