#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kube_metadata_info
version_added: 1.0.0
short_description: Read the names and labels of objects of several types in one call
author:
  - cloudburst.federation contributors (@cloudburst)
description:
  - Reads which objects exist, and their labels. Nothing else leaves the API server, so this is safe for Secrets.
  - One task answers all the questions that a play has for a cluster. M(kubernetes.core.k8s_info) takes a task for each
    type.
extends_documentation_fragment:
  - cloudburst.federation._attributes.reading
  - cloudburst.federation._attributes.actiongroup_k8s
  - cloudburst.federation._kube
options:
  queries:
    description:
      - What is looked for.
    type: list
    elements: dict
    required: true
    suboptions:
      api_version:
        description:
          - Group and version, for example V(v1) or V(apps/v1).
        type: str
        required: true
      resource:
        description:
          - The plural name of the type in lowercase, for example V(secrets), as C(kubectl api-resources) lists it.
        type: str
        required: true
      namespace:
        description:
          - The namespace of the objects.
          - If not set, objects without a namespace, or those in all namespaces.
        type: str
      name:
        description:
          - The name of the only object that is looked for.
        type: str
      label_selectors:
        description:
          - Labels that the objects must have, as kubectl takes them with C(--selector).
          - Mutually exclusive with O(queries[].name).
        type: list
        elements: str
        default: []
seealso:
  - module: kubernetes.core.k8s_info
"""

EXAMPLES = r"""
- name: Look for helm's releases, and read the namespace's labels
  cloudburst.federation.kube_metadata_info:
    context: kubernetes-admin@kubernetes
    queries:
      - api_version: v1
        resource: secrets
        namespace: kube-federation-system
        label_selectors: [owner=helm]
      - api_version: v1
        resource: namespaces
        name: kube-federation-system
  register: found

- name: Show the releases
  ansible.builtin.debug:
    msg: "{{ found.results[0] | map(attribute='name') }}"
"""

RETURN = r"""
results:
  description:
    - For each of the O(queries), a list of the objects found. It is empty if there are none, or if the cluster does not
      have the type.
  returned: success
  type: list
  elements: list
  sample:
    - - name: sh.helm.release.v1.kubefed.v1
        namespace: kube-federation-system
        uid: 0b0a6b1c-4d5e-4f60-8a7b-9c0d1e2f3a4b
        labels:
          owner: helm
          status: deployed
    - - name: kube-federation-system
        namespace: null
        uid: 5c1b7d2e-7f0a-4b8e-9a53-0d6c1e2f3a4b
        labels: {}
"""

import typing as t

from ..module_utils._kube.client import Client
from ..module_utils._kube.connect import connect_as
from ..module_utils._kube.module import run_reading
from ..module_utils._kube.objects import Object
from ..module_utils._kube.paths import resource_path
from ..module_utils._runtime.argspec import kube_spec
from ..module_utils._runtime.module import QuietModule, Result

QUERY_SPEC: dict[str, t.Any] = {
    "api_version": {"type": "str", "required": True},
    "resource": {"type": "str", "required": True},
    "namespace": {"type": "str"},
    "name": {"type": "str"},
    "label_selectors": {"type": "list", "elements": "str", "default": []},
}


def answer(client: Client, query: t.Mapping[str, t.Any]) -> list[Object]:
    """What one query finds, sorted by namespace and name.

    :raises FederationError: the cluster does not answer, or answers with an error.
    """
    group, _slash, version = query["api_version"].rpartition("/")
    path = resource_path(group, version, query["resource"], namespace=query["namespace"], name=query["name"])
    if query["name"] is None:
        selected = {"labelSelector": ",".join(query["label_selectors"])} if query["label_selectors"] else {}
        found = client.list(path, metadata_only=True, **selected)
    else:
        only = client.get(path, metadata_only=True)
        found = [only] if only else []
    return sorted(map(_short, found), key=lambda row: (row["namespace"] or "", row["name"]))


def _short(found: Object) -> Object:
    # No annotations: kubectl apply keeps a copy of a whole Secret there
    metadata = found["metadata"]
    return {**{key: metadata.get(key) for key in ("name", "namespace", "uid")}, "labels": metadata.get("labels") or {}}


def read(module: QuietModule) -> Result:
    """What the module returns."""
    client = connect_as(module.params, label="cluster")
    return {"results": [answer(client, query) for query in module.params["queries"]]}


def main() -> None:
    """Options in, one call, result out."""
    module = QuietModule(
        argument_spec={
            **kube_spec(),
            "queries": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": QUERY_SPEC,
                "mutually_exclusive": [("name", "label_selectors")],
            },
        },
        supports_check_mode=True,
    )
    run_reading(module, read)


if __name__ == "__main__":
    main()
