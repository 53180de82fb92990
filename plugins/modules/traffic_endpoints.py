#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: traffic_endpoints
version_added: 1.0.0
short_description: Share Services of the host cluster with a member's pods
author:
  - cloudburst.federation contributors (@cloudburst)
description:
  - Adds the member's pods to Services of the host cluster, so that whoever uses such a Service there, by its cluster
    IP, a node port, an Ingress or a load balancer, reaches the pods of both clusters.
  - For this, it installs a keeper, a Deployment with two replicas, in KubeFed's namespace in the host cluster. The
    keeper writes EndpointSlices of its own for each Service. An endpoint is ready while the member says so and the
    keeper's connections through the tunnel reach it, which it tries twice a second.
  - The Services' own EndpointSlices and the pods stay as they are.
  - The host cluster must be able to reach the addresses of the member's pods.
extends_documentation_fragment:
  - cloudburst.federation._attributes
  - cloudburst.federation._attributes.actiongroup_k8s
  - cloudburst.federation._attributes.progress
  - cloudburst.federation._kube
  - cloudburst.federation._member
  - cloudburst.federation._wait
options:
  state:
    description:
      - With V(present), the Services in O(services) are shared, and no others. With O(wait), the module waits until
        every endpoint that the member calls ready is ready in the host cluster too.
      - With V(drained), the member's endpoints are terminating, so no new connection goes to them as long as the host
        cluster has a ready endpoint of its own. Existing connections go on. RV(targets) lists where they lead. It
        applies to all Services that are shared, and works without the member. It fails before any change if the host
        cluster has no ready endpoint of its own for one of them, unless O(force) is set.
      - With V(absent), everything that this module and the keeper have created is removed from both clusters. What is
        not drained yet is drained first.
    type: str
    choices: [present, drained, absent]
    default: present
  name:
    description:
      - Name of the member in the federation.
    type: str
    required: true
  services:
    description:
      - The Services to share. Both clusters must have them. Ignored unless O(state=present).
    type: list
    elements: dict
    default: []
    suboptions:
      service:
        description:
          - Name of the Service.
        type: str
        required: true
      namespace:
        description:
          - Namespace of the Service.
        type: str
        required: true
      port:
        description:
          - Name or number of the only port to share. The default is all ports.
        type: str
  image:
    description:
      - Image of the keeper's pods. It must contain a C(python3) of version 3.11 or later; only its standard library is
        used.
    type: str
    default: docker.io/library/python:3-slim
  opened_ports:
    description:
      - Ranges of TCP ports on which the member's nodes accept connections from the host cluster, such as those of a
        security group. Services whose pods listen on other ports are rejected. The default is not to check.
    type: list
    elements: dict
    suboptions:
      from:
        description:
          - First port.
        type: int
        required: true
      to:
        description:
          - Last port.
        type: int
        required: true
  host_networks:
    description:
      - Networks of the host cluster's nodes and pods. The module warns about NetworkPolicies in the member that let
        nothing in from them.
    type: list
    elements: str
    default: []
  member_networks:
    description:
      - Networks of the member's pods. The module warns about NetworkPolicies in the host cluster that let nothing out
        to them.
    type: list
    elements: str
    default: []
  force:
    description:
      - Whether to drain the member even from a Service that has no other ready endpoint, so that its clients reach
        nobody once the member is gone.
    type: bool
    default: false
  kubefed_namespace:
    description:
      - The namespace of KubeFed, which is that of the keeper too.
    type: str
    default: kube-federation-system
  wait_timeout:
    description:
      - How many seconds to wait.
    type: int
    default: 120
notes:
  - The keeper reaches the member's API server the way KubeFed does, as the C(KubeFedCluster) says. In the member it may
    only read EndpointSlices and Services, in the namespaces of the shared Services. Its token does not expire, but is
    removed together with its service account.
  - Rejected are Services whose C(externalTrafficPolicy) or C(internalTrafficPolicy) is C(Local), those that are
    headless or have no selector, and those of the type C(ExternalName).
seealso:
  - module: cloudburst.federation.traffic_flows
  - module: cloudburst.federation.kubefed_join
  - name: EndpointSlices
    description: What they are and who manages them.
    link: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
"""

EXAMPLES = r"""
- name: Let the pods in the cloud serve the shop's customers too
  cloudburst.federation.traffic_endpoints:
    context: kubernetes-admin@kubernetes
    name: vulcan
    services:
      - service: shop
        namespace: shop
    opened_ports:
      - from: 80
        to: 80

- name: Send no more customers there
  cloudburst.federation.traffic_endpoints:
    context: kubernetes-admin@kubernetes
    name: vulcan
    state: drained
  register: drained

- name: Wait until the last ones are served
  cloudburst.federation.traffic_flows:
    targets: "{{ drained.targets }}"
  delegate_to: firewall

- name: Remove the keeper and its EndpointSlices
  cloudburst.federation.traffic_endpoints:
    context: kubernetes-admin@kubernetes
    name: vulcan
    state: absent
"""

RETURN = r"""
services:
  description: What is published in the host cluster.
  returned: always
  type: list
  elements: dict
  contains:
    namespace:
      description: Namespace of the Service.
      type: str
      sample: shop
    service:
      description: Name of the Service.
      type: str
      sample: shop
    endpoints:
      description: Endpoints of the member with their conditions.
      type: list
      elements: dict
      sample:
        - address: 10.11.1.34
          ports: [80]
          ready: true
          serving: true
          terminating: false
targets:
  description: Where connections to the member may still lead.
  returned: with O(state=drained)
  type: list
  elements: str
  sample: ["10.11.1.34:80"]
not_removed:
  description: What was not removed from the member, and why.
  returned: with O(state=absent)
  type: list
  elements: str
  sample:
    - "service account, token, roles and bindings cloudburst-traffic-vulcan in vulcan: vulcan: no answer"
"""

import inspect

from ..module_utils._kube.connect import connect_as, connect_member
from ..module_utils._kube.diff import Changes
from ..module_utils._kube.errors import Unreachable
from ..module_utils._kube.module import prepare
from ..module_utils._kubefed.api import DEFAULT_NAMESPACE
from ..module_utils._runtime.argspec import kube_spec, member_spec, wait_spec
from ..module_utils._runtime.errors import InvalidOption
from ..module_utils._runtime.module import QuietModule, Run, run_module
from ..module_utils._traffic import keeper, shift
from ..module_utils._traffic.clusters import Cluster

# What survives from one slice of a wait to the next
_NOT_REMOVED = "not_removed"


def call(run: Run) -> None:
    """One state of one burst."""
    params = run.module.params
    request = shift.Request(
        burst=params["name"],
        namespace=params["kubefed_namespace"],
        services=params["services"],
        image=params["image"],
        opened_ports=params["opened_ports"],
        host_networks=params["host_networks"],
        member_networks=params["member_networks"],
        force=params["force"],
    )
    shift.check_request(request)
    changes = Changes()
    host = Cluster("host", connect_as(params, label="host cluster"), check_mode=run.check_mode, changes=changes)
    try:
        if params["state"] == "present":
            _present(run, request, host, changes)
        elif params["state"] == "drained":
            shift.drain(request, host, run.waiter)
            run.result["targets"] = shift.drained_targets(request, host)
        else:
            _absent(run, request, host, changes)
        run.result["services"] = shift.described(request, host)
    finally:
        run.result["changed"] = bool(changes)
        if run.module._diff:
            run.result["diff"] = changes.diff


def _present(run: Run, request: shift.Request, host: Cluster, changes: Changes) -> None:
    try:
        member = Cluster("member", connect_member(run.module.params), check_mode=run.check_mode, changes=changes)
        facts = shift.read_facts(request, host, member)
    except (InvalidOption, Unreachable) as error:
        # In check mode the member may not be there yet
        if not run.check_mode:
            raise
        run.warn(f"Predicted without the member: {error.message}")
        changes.record(f"host: keeper of {request.burst}", None, {"services": list(request.services)})
        return
    shift.check_facts(facts)
    for text in facts.warnings:
        run.warn(text)
    shift.share(request, facts, host, member, run.waiter, inspect.getsource(keeper))
    if run.module.params["wait"] and not run.check_mode:
        shift.wait_shared(request, facts, host, member, run.waiter)


def _absent(run: Run, request: shift.Request, host: Cluster, changes: Changes) -> None:
    member: Cluster | None = None
    no_member = ""
    try:
        member = Cluster("member", connect_member(run.module.params), check_mode=run.check_mode, changes=changes)
    except (InvalidOption, Unreachable) as error:
        no_member = error.message
    if _NOT_REMOVED not in run.slice_state:
        run.slice_state[_NOT_REMOVED] = shift.clean_member(request, host, member, no_member)
    shift.clean_host(request, host, run.waiter)
    run.result["not_removed"] = run.slice_state[_NOT_REMOVED]
    for line in run.result["not_removed"]:
        run.warn(f"Not removed: {line}")


def main() -> None:
    """Options in, one call, result out."""
    ranges = {"from": {"type": "int", "required": True}, "to": {"type": "int", "required": True}}
    service = {
        "service": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "port": {"type": "str"},
    }
    module = QuietModule(
        argument_spec={
            **kube_spec(),
            **member_spec(),
            **wait_spec(timeout=120),
            "state": {"type": "str", "choices": ["present", "drained", "absent"], "default": "present"},
            "name": {"type": "str", "required": True},
            "services": {"type": "list", "elements": "dict", "default": [], "options": service},
            "image": {"type": "str", "default": "docker.io/library/python:3-slim"},
            "opened_ports": {"type": "list", "elements": "dict", "options": ranges},
            "host_networks": {"type": "list", "elements": "str", "default": []},
            "member_networks": {"type": "list", "elements": "str", "default": []},
            "force": {"type": "bool", "default": False},
            "kubefed_namespace": {"type": "str", "default": DEFAULT_NAMESPACE},
        },
        supports_check_mode=True,
    )
    prepare(module)
    run_module(module, call)


if __name__ == "__main__":
    main()
