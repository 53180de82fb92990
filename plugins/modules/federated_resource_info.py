#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: federated_resource_info
version_added: 1.0.0
short_description: List all federated resources
author:
  - cloudburst.federation contributors (@cloudburst)
description:
  - Lists the federated resources of all types that KubeFed propagates, in one call for each type, without the templates
    and overrides in them.
  - The list is empty if KubeFed is not installed.
extends_documentation_fragment:
  - cloudburst.federation._attributes.reading
  - cloudburst.federation._attributes.actiongroup_k8s
  - cloudburst.federation._kube
options:
  kubefed_namespace:
    description:
      - The namespace of KubeFed in the host cluster.
    type: str
    default: kube-federation-system
seealso:
  - module: cloudburst.federation.federated_resource
  - module: kubernetes.core.k8s_info
"""

EXAMPLES = r"""
- name: List all federated resources
  cloudburst.federation.federated_resource_info:
    context: kubernetes-admin@kubernetes
  register: federated

- name: Show the federated namespaces
  ansible.builtin.debug:
    msg: "{{ federated.resources | selectattr('kind', 'eq', 'FederatedNamespace') | map(attribute='metadata.name') }}"
"""

RETURN = r"""
resources:
  description: The federated resources, sorted by kind, namespace and name.
  returned: success
  type: list
  elements: dict
  contains:
    apiVersion:
      description: Group and version of the federated type.
      returned: success
      type: str
      sample: types.kubefed.io/v1beta1
    kind:
      description: The federated kind.
      returned: success
      type: str
      sample: FederatedDeployment
    metadata:
      description: Its C(name), C(namespace), C(uid), C(labels) and C(annotations).
      returned: success
      type: dict
      sample:
        name: fedhttp
        namespace: fedtestns
        uid: 0b0a6b1c-4d5e-4f60-8a7b-9c0d1e2f3a4b
        labels: {}
        annotations: {}
    spec:
      description: Its C(placement), and C(retainReplicas).
      returned: success
      type: dict
      sample:
        placement:
          clusters:
            - name: earth
            - name: vulcan
        retainReplicas: false
    status:
      description: Its C(clusters), in which KubeFed has created it, each with what prevents it there, if anything does.
      returned: success
      type: dict
      sample:
        clusters:
          - name: earth
          - name: vulcan
            status: CreationFailed
"""

from ..module_utils._kube.connect import connect_as
from ..module_utils._kube.module import run_reading
from ..module_utils._kube.objects import Object
from ..module_utils._kubefed import host as kubefed
from ..module_utils._kubefed.api import DEFAULT_NAMESPACE
from ..module_utils._runtime.argspec import kube_spec
from ..module_utils._runtime.module import QuietModule, Result


def without_contents(resource: Object) -> Object:
    """A federated resource without what it makes in the clusters, which may be secret."""
    metadata, spec = resource["metadata"], resource.get("spec") or {}
    return {
        "apiVersion": resource["apiVersion"],
        "kind": resource["kind"],
        "metadata": {
            **{key: metadata.get(key) for key in ("name", "namespace", "uid")},
            **{key: metadata.get(key) or {} for key in ("labels", "annotations")},
        },
        "spec": {
            "placement": spec.get("placement") or {},
            "retainReplicas": bool(spec.get("retainReplicas")),
        },
        "status": {"clusters": (resource.get("status") or {}).get("clusters") or []},
    }


def order(resource: Object) -> tuple[str, str, str]:
    """What resources are sorted by."""
    metadata = resource["metadata"]
    return resource["kind"], metadata["namespace"] or "", metadata["name"]


def read(module: QuietModule) -> Result:
    """What the module returns."""
    host = connect_as(module.params, label="host cluster")
    found = kubefed.federated(host, module.params["kubefed_namespace"])
    return {"resources": sorted(map(without_contents, found), key=order)}


def main() -> None:
    """Options in, one call, result out."""
    module = QuietModule(
        argument_spec={**kube_spec(), "kubefed_namespace": {"type": "str", "default": DEFAULT_NAMESPACE}},
        supports_check_mode=True,
    )
    run_reading(module, read)


if __name__ == "__main__":
    main()
