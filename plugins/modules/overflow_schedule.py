#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: overflow_schedule
version_added: 1.0.0
short_description: Divide replicas so that only what the data centre cannot run is in the burst
author:
  - cloudburst.federation contributors (@cloudburst)
description:
  - Counts how many replicas of each C(Deployment) and C(ReplicaSet) run in the data centre, and how many more would
    find room there.
  - Returns a C(ReplicaSchedulingPreference) for each of them, to be written with
    M(cloudburst.federation.federated_resource). The data centre has as many replicas as it can run, and the burst has
    the others. If there are fewer replicas later, those in the burst go first. When the burst is withdrawn, the data
    centre has all of them again.
  - The number of all replicas is that of the manifest. If somebody has changed C(totalReplicas) of a
    C(ReplicaSchedulingPreference) since it was made of a manifest with the same number, that is kept.
  - One that a C(HorizontalPodAutoscaler) or a C(ScaledObject) of KEDA in O(resources) scales is left out.
  - It changes nothing.
extends_documentation_fragment:
  - cloudburst.federation._attributes.reading
  - cloudburst.federation._attributes.actiongroup_k8s
  - cloudburst.federation._kube
options:
  name:
    description:
      - Name of the burst in the federation.
    type: str
    required: true
  host_name:
    description:
      - Name of the data centre's cluster in the federation.
    type: str
    required: true
  namespace:
    description:
      - Namespace of the resources.
    type: str
    required: true
  resources:
    description:
      - Plain Kubernetes manifests of the application. Those whose replicas cannot be divided are ignored.
    type: list
    elements: dict
    required: true
  labels:
    description:
      - Labels of each C(ReplicaSchedulingPreference).
    type: dict
    default: {}
seealso:
  - module: cloudburst.federation.cluster_pressure
  - module: cloudburst.federation.federated_resource
"""

EXAMPLES = r"""
- name: Divide the replicas of an application
  cloudburst.federation.overflow_schedule:
    context: kubernetes-admin@kubernetes
    name: vulcan
    host_name: earth
    namespace: shop
    resources: "{{ shop_manifests }}"
  register: divided

- name: Federate it, and let KubeFed divide the replicas in this way
  cloudburst.federation.federated_resource:
    context: kubernetes-admin@kubernetes
    namespace: shop
    placement: [earth, vulcan]
    definition: "{{ shop_manifests + divided.schedules }}"
"""

RETURN = r"""
schedules:
  description: The manifest of each C(ReplicaSchedulingPreference).
  returned: success
  type: list
  elements: dict
  sample:
    - apiVersion: scheduling.kubefed.io/v1alpha1
      kind: ReplicaSchedulingPreference
      metadata:
        name: web
        namespace: shop
        labels: {}
        annotations: {cloudburst.federation/replicas: "12"}
      spec:
        targetKind: FederatedDeployment
        totalReplicas: 12
        rebalance: true
        clusters:
          earth: {minReplicas: 5, weight: 1}
          vulcan: {weight: 1000000}
"""

import typing as t

from ..module_utils._capacity.overflow import capacity, divisible, replicas_in_all, schedule
from ..module_utils._capacity.reading import room_at_home
from ..module_utils._kube.connect import connect_as
from ..module_utils._kube.module import run_reading
from ..module_utils._kube.names import check_name, texts
from ..module_utils._kubefed.resources.schedules import path
from ..module_utils._runtime.argspec import kube_spec
from ..module_utils._runtime.module import QuietModule


def schedules(params: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """What the module returns."""
    for option in ("name", "host_name", "namespace"):
        check_name(params[option], option, limit=63)
    found = divisible(params["resources"])
    if not found:
        return []
    host = connect_as(params, label="host cluster")
    rooms, pods = room_at_home(host)
    namespace, labels = params["namespace"], texts(params["labels"])
    return [
        schedule(
            manifest,
            namespace,
            total=replicas_in_all(manifest, host.get(path(namespace, manifest["metadata"]["name"]))),
            room=capacity(manifest, namespace, pods, rooms),
            host=params["host_name"],
            burst=params["name"],
            labels=labels,
        )
        for manifest in found
    ]


def main() -> None:
    """Options in, one call, result out."""
    module = QuietModule(
        argument_spec={
            **kube_spec(),
            "name": {"type": "str", "required": True},
            "host_name": {"type": "str", "required": True},
            "namespace": {"type": "str", "required": True},
            "resources": {"type": "list", "elements": "dict", "required": True},
            "labels": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    run_reading(module, lambda module: {"schedules": schedules(module.params)})


if __name__ == "__main__":
    main()
