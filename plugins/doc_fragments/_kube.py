# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection: it may change in any release.

from __future__ import annotations


class ModuleDocFragment:
    # Must be kept in sync with kube_spec() in plugins/module_utils/_runtime/argspec.py
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - The kubeconfig with access to the host cluster, on which KubeFed runs, as the path of a file or its content as
        a dictionary.
      - The default is the files in E(KUBECONFIG), otherwise C(~/.kube/config).
      - It is read the way C(kubectl) does, including impersonation (C(as)). A command that gets credentials (C(exec))
        is run without a terminal, for up to 120 seconds.
      - If not set, the value of the environment variable E(K8S_AUTH_KUBECONFIG) is used.
    type: raw
  context:
    description:
      - The context of the host cluster in O(kubeconfig). It can have any name. The default is the current context.
      - If not set, the value of the environment variable E(K8S_AUTH_CONTEXT) is used.
    type: str
  host:
    description:
      - URL of the host cluster's API server. With O(api_key), no kubeconfig is needed. Without it, this URL replaces
        the server in O(kubeconfig).
      - If not set, the value of the environment variable E(K8S_AUTH_HOST) is used.
    type: str
  api_key:
    description:
      - A bearer token for the host cluster's API server.
      - If not set, the value of the environment variable E(K8S_AUTH_API_KEY) is used.
    type: str
  ca_cert:
    description:
      - Path of a PEM file with the certificates to verify the host cluster's API server with.
      - If not set, the value of the environment variable E(K8S_AUTH_CA_CERT), otherwise E(K8S_AUTH_SSL_CA_CERT),
        is used.
    type: path
    aliases: [ssl_ca_cert]
  validate_certs:
    description:
      - Whether to verify the certificate of the host cluster's API server. The default is taken from the kubeconfig,
        otherwise V(true).
      - If not set, the value of the environment variable E(K8S_AUTH_VALIDATE_CERTS), otherwise
        E(K8S_AUTH_VERIFY_SSL), is used.
    type: bool
    aliases: [verify_ssl]
  client_cert:
    description:
      - Path of a file with the client certificate, in PEM, by which the host cluster knows its user. It needs
        O(client_key). Together with O(host), no kubeconfig is needed.
      - If not set, the value of the environment variable E(K8S_AUTH_CLIENT_CERT), otherwise E(K8S_AUTH_CERT_FILE), is
        used.
    type: path
    aliases: [cert_file]
  client_key:
    description:
      - Path of a file with the key of O(client_cert), in PEM.
      - If not set, the value of the environment variable E(K8S_AUTH_CLIENT_KEY), otherwise E(K8S_AUTH_KEY_FILE), is
        used.
    type: path
    aliases: [key_file]
  proxy:
    description:
      - URL of the proxy through which this machine reaches the host cluster. It takes precedence over the proxy in
        O(kubeconfig), and is not passed on to KubeFed.
      - If not set, the value of the environment variable E(K8S_AUTH_PROXY) is used.
    type: str
  no_proxy:
    description:
      - Hosts that are reached without O(proxy), separated by commas.
      - If not set, the value of the environment variable E(K8S_AUTH_NO_PROXY) is used.
    type: str
  impersonate_user:
    description:
      - The user as whom the requests to the host cluster are made, as with C(kubectl --as). It takes precedence over
        C(as) in O(kubeconfig).
      - If not set, the value of the environment variable E(K8S_AUTH_IMPERSONATE_USER) is used.
    type: str
  impersonate_groups:
    description:
      - The groups of O(impersonate_user), as with C(kubectl --as-group).
      - If not set, the value of the environment variable E(K8S_AUTH_IMPERSONATE_GROUPS) is used, with commas between
        them.
    type: list
    elements: str
requirements:
  - kubernetes >= 24.2.0
"""
