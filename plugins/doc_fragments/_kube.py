# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection: it may change in any release.

from __future__ import annotations


class ModuleDocFragment:
    # Must be kept in sync with kube_spec() in plugins/module_utils/_argspec.py
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - The kubeconfig with access to the host cluster, the one that KubeFed runs on. The path of a file, or the
        content as a dictionary.
      - The default is what the Kubernetes client library takes, which is the files in E(KUBECONFIG), else
        C(~/.kube/config).
      - If not set, the value of the environment variable E(K8S_AUTH_KUBECONFIG) is used.
    type: raw
  context:
    description:
      - The context of the host cluster in O(kubeconfig). It may have any name. The default is the current context.
      - If not set, the value of the environment variable E(K8S_AUTH_CONTEXT) is used.
    type: str
requirements:
  - kubernetes >= 24.2.0
"""
