#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: helm_watched
version_added: 1.0.0
short_description: Run kubernetes.core.helm and show the progress of the release's pods
author:
  - cloudburst.federation contributors (@cloudburst)
description:
  - Runs M(kubernetes.core.helm), which shows nothing while it waits, and returns the same result.
  - Meanwhile, a line every 15 seconds shows what keeps the pods in O(release_namespace) from running.
requirements:
  - What M(kubernetes.core.helm) requires.
extends_documentation_fragment:
  - cloudburst.federation._attributes
  - cloudburst.federation._attributes.actiongroup_k8s
  - cloudburst.federation._attributes.progress
  - cloudburst.federation._kube
options:
  release_namespace:
    description:
      - Namespace of the release, which is passed on, and whose pods are checked.
    type: str
    required: true
  helm:
    description:
      - All other options of M(kubernetes.core.helm), under its own names. O(kubeconfig) and O(context) are passed on.
    type: dict
    required: true
seealso:
  - module: kubernetes.core.helm
"""

EXAMPLES = r"""
- name: Install KubeFed
  cloudburst.federation.helm_watched:
    context: kubernetes-admin@kubernetes
    release_namespace: kube-federation-system
    helm:
      release_name: kubefed
      create_namespace: true
      chart_ref: /srv/charts/kubefed-0.10.0.tgz
      wait: true
      timeout: 600s
"""

RETURN = r"""
status:
  description: As returned by M(kubernetes.core.helm), together with all of its other keys.
  returned: on success
  type: dict
  sample: {"name": "kubefed", "status": "deployed"}
"""

import typing as t

from ..module_utils._kube.connect import connect_as
from ..module_utils._kube.module import run_reading
from ..module_utils._kube.objects import condition
from ..module_utils._kube.paths import resource_path
from ..module_utils._kube.workloads import held_up, trouble
from ..module_utils._runtime.argspec import kube_spec
from ..module_utils._runtime.module import QuietModule, Result


def said(pods: list[dict[str, t.Any]]) -> str:
    """What pods say, as one line."""
    ready = [pod for pod in pods if condition(pod, "Ready").get("status") == "True"]
    message = trouble(pods).message or held_up(pods)
    return f"{len(ready)} of {len(pods)} pods ready" + (f"; {message}" if message else "")


def read(module: QuietModule) -> Result:
    """What the module returns."""
    client = connect_as(module.params, label="host cluster")
    pods = client.list(resource_path("", "v1", "pods", namespace=module.params["release_namespace"]))
    return {"said": said(pods)}


def main() -> None:
    """Look at the pods once; helm is run by the action plugin."""
    module = QuietModule(
        argument_spec={
            **kube_spec(),
            "release_namespace": {"type": "str", "required": True},
            "helm": {"type": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    run_reading(module, read)


if __name__ == "__main__":
    main()
