#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service_backends
short_description: Show where Services can be reached in both clusters
version_added: 1.0.0
description:
  - Lists, for each Service, the addresses of the nodes and the node ports at which it can be reached in the host
    cluster and in a member, with weights in proportion to the ready pods of each cluster.
  - It changes nothing.
author:
  - cloudburst.federation contributors (@cloudburst)
extends_documentation_fragment:
  - cloudburst.federation._attributes.reading
  - cloudburst.federation._attributes.actiongroup_k8s
  - cloudburst.federation._kube
  - cloudburst.federation._member
options:
  name:
    description:
      - Name of the member in the federation.
    type: str
    required: true
  host_name:
    description:
      - Name of the host cluster in the federation.
    type: str
    required: true
  services:
    description:
      - The Services.
    type: list
    elements: dict
    required: true
    suboptions:
      service:
        description:
          - Name of the Service.
        type: str
        required: true
      namespace:
        description:
          - Its namespace.
        type: str
        required: true
      port:
        description:
          - Name or number of the port that customers use. Can be left out if the Service has a single port.
        type: str
  draining:
    description:
      - Whether the member is to get no new customers. Its backends have the state V(draining) then, and are left out if
        the member cannot be asked.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Find where the shop can be reached
  cloudburst.federation.service_backends:
    context: kubernetes-admin@kubernetes
    name: vulcan
    host_name: earth
    services:
      - service: shop
        namespace: shop
  register: shop
"""

RETURN = r"""
backends:
  description: Every address at which a Service can be reached.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: Address of a node.
      type: str
      sample: 10.11.0.20
    port:
      description: Node port.
      type: int
      sample: 31080
    weight:
      description: Weight from 1 to 100, or 0 if it is not to get new customers.
      type: int
      sample: 50
    cluster:
      description: Name of the cluster.
      type: str
      sample: vulcan
    service:
      description: Name of the Service.
      type: str
      sample: shop
    namespace:
      description: Its namespace.
      type: str
      sample: shop
    service_port:
      description: The Service's port.
      type: int
      sample: 80
    service_port_name:
      description: The name of that port, or an empty string.
      type: str
      sample: http
    state:
      description: >-
        V(ready), V(draining) if it is to get no new customers, or V(down) if the cluster has no ready pod of the
        Service. If the Service's C(externalTrafficPolicy) is C(Local), V(down) if the node has none.
      type: str
      sample: ready
    ready_pods:
      description: Number of ready pods of the Service in the cluster.
      type: int
      sample: 2
"""

import typing as t

from ..module_utils._edge.backends import Cluster, backends, warnings
from ..module_utils._kube.client import Client
from ..module_utils._kube.connect import connect_as, connect_member
from ..module_utils._kube.errors import Unreachable
from ..module_utils._kube.module import run_reading
from ..module_utils._kube.parallel import each
from ..module_utils._kube.paths import resource_path
from ..module_utils._runtime.argspec import kube_spec, member_spec
from ..module_utils._runtime.errors import InvalidOption
from ..module_utils._runtime.module import QuietModule


def find(module: QuietModule) -> list[dict[str, t.Any]]:
    """Ask both clusters."""
    params = module.params
    clients = [(params["host_name"], connect_as(params, label=params["host_name"]))]
    try:
        clients.append((params["name"], connect_member(params)))
        clients[1][1].request("GET", "/version")
    except (InvalidOption, Unreachable) as error:
        if not params["draining"] and not module.check_mode:
            raise
        module.warn(f"Without {params['name']}: {error.message}")
        del clients[1:]
    nodes = each(lambda pair: pair[1].list(resource_path("", "v1", "nodes")), clients)
    draining = {params["name"]} if params["draining"] else set()
    found: list[dict[str, t.Any]] = []
    for service in params["services"]:
        clusters = [
            _read(name, client, service, of_cluster) for (name, client), of_cluster in zip(clients, nodes, strict=True)
        ]
        # In check mode and on the way back, a cluster may not have the Service.
        if draining or module.check_mode:
            clusters = [cluster for cluster in clusters if cluster.service is not None]
        for cluster in clusters if not draining else ():
            for text in warnings(cluster.service or {}):
                module.warn(f"{cluster.name}: the Service {service['namespace']}/{service['service']}: {text}")
        found += backends(service["service"], service["namespace"], service["port"], clusters, draining)
    # One that is named twice, for two backends of HAProxy or two load balancers, is at the same places.
    once: dict[tuple[str, str, int], dict[str, t.Any]] = {}
    for place in found:
        once.setdefault((place["cluster"], place["address"], place["port"]), place)
    return list(once.values())


def _read(name: str, client: Client, service: dict[str, t.Any], nodes: list[t.Any]) -> Cluster:
    namespace = service["namespace"]
    found = client.get(resource_path("", "v1", "services", namespace=namespace, name=service["service"]))
    slices = client.list(
        resource_path("discovery.k8s.io", "v1", "endpointslices", namespace=namespace),
        labelSelector=f"kubernetes.io/service-name={service['service']}",
    )
    return Cluster(name, found, slices, nodes)


def main() -> None:
    """Run the module."""
    service = {
        "service": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "port": {"type": "str"},
    }
    module = QuietModule(
        argument_spec={
            **kube_spec(),
            **member_spec(),
            "name": {"type": "str", "required": True},
            "host_name": {"type": "str", "required": True},
            "services": {"type": "list", "elements": "dict", "required": True, "options": service},
            "draining": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    run_reading(module, lambda module: {"backends": find(module)})


if __name__ == "__main__":
    main()
