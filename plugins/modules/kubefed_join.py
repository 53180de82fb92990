#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubefed_join
version_added: 1.0.0
short_description: Join a cluster to a KubeFed federation, or remove it
author:
  - cloudburst.federation contributors (@cloudburst)
description:
  - Makes a Kubernetes cluster a member of a KubeFed federation as C(kubefedctl join) of KubeFed 0.10.0 does, and
    removes it as C(kubefedctl unjoin) does. The command C(kubefedctl) is not needed.
  - The result is the same as that of C(kubefedctl), with the same names, so that either can remove a member that the
    other has joined.
  - The next run finishes an interrupted join or leave. Anything that has changed since, such as a role's rules, the
    token, the certificate authority or the endpoint, is repaired, and KubeFed is made to use it.
  - The host cluster can be a member of its own federation. It is then reached in the same way as the host, unless the
    options for the member say otherwise.
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
      - With V(present), the cluster is a member.
      - With V(absent), it is not. Service account, roles, bindings and secrets are removed from it, and KubeFed's
        namespace too, unless that is the host's own or contains anything that neither KubeFed nor Kubernetes put
        there. This module does not handle what is federated to the member. Withdraw that first, with
        M(cloudburst.federation.federated_resource) and its
        O(cloudburst.federation.federated_resource#module:state=withdrawn).
      - With V(absent) and a member that cannot be reached, the host cluster is cleaned up, and RV(not_removed) and a
        warning list what could not be removed from the member. The module tries twice to connect to each address of
        the member, for 10 seconds each, and waits up to 30 seconds for a response.
    type: str
    choices:
      - present
      - absent
    default: present
  name:
    description:
      - Name of the member in the federation, a DNS-1123 subdomain.
    type: str
    required: true
  member_kubeconfig:
    description:
      - The kubeconfig with access to the member, as the path of a file or its content as a dictionary. The default is
        O(kubeconfig).
      - KubeFed uses its server, certificate authority and proxy too, unless O(api_endpoint), O(ca_bundle) and
        O(proxy_url) say otherwise.
    type: raw
  member_context:
    description:
      - The context of the member in O(member_kubeconfig). It can have any name. The default is O(name), and for the
        host cluster itself, O(context).
    type: str
  member_validate_certs:
    description:
      - Whether to verify the certificate of the member's API server. The default is taken from the kubeconfig,
        otherwise V(true).
    type: bool
  api_endpoint:
    description:
      - URL at which KubeFed's pods reach the member's API server. The default is the URL that this module uses.
    type: str
  ca_bundle:
    description:
      - Certificates, in PEM, with which KubeFed verifies the member's API server. The default is the certificates that
        this module uses, otherwise those that Kubernetes stores with a service account's token.
    type: str
  proxy_url:
    description:
      - URL of the proxy through which KubeFed reaches the member. The default is the C(proxy-url) of the member's
        cluster in the kubeconfig. An empty string means no proxy.
      - KubeFed 0.10.0 does not use the proxy if O(disabled_tls_validations) disables anything.
    type: str
  disabled_tls_validations:
    description:
      - Which checks of the member's API server certificate KubeFed skips. The default is V([*]) if this module does
        not verify the certificate either, otherwise none.
      - V(*) means all checks, and cannot be combined with others.
    type: list
    elements: str
    choices:
      - '*'
      - SubjectName
      - ValidityPeriod
  host_cluster_name:
    description:
      - Name of the host cluster, used in the names of the objects created in the member. A DNS-1123 subdomain.
      - The default is the name under which the member was joined before, otherwise the name of the host's context with
        each invalid character replaced, such as V(kubernetes-admin-kubernetes) for C(kubernetes-admin@kubernetes).
    type: str
  kubefed_namespace:
    description:
      - The namespace of KubeFed in the host cluster. It has the same name in the member.
    type: str
    default: kube-federation-system
  secret_name:
    description:
      - Name of the Secret in the host cluster that holds the member's token.
      - The default is the name of the Secret in use, otherwise O(name) followed by V(-token). Secrets left by earlier
        attempts are removed.
    type: str
  labels:
    description:
      - Labels of the KubeFedCluster, by which placements can select it. Its other labels are left unchanged.
    type: dict
    default: {}
  annotations:
    description:
      - Annotations of the KubeFedCluster. Its other annotations are left unchanged.
    type: dict
    default: {}
  rights:
    description:
      - What KubeFed may do in the member.
      - With V(all), everything, as with C(kubefedctl join).
      - With V(types), only what it needs to check the member's health and to propagate the types that the federation
        propagates when this module runs, and those in O(types). With the scope C(Namespaced), this applies only to its
        own namespace. Each run updates the permissions to the types at that time.
      - KubeFed's token is stored in the host cluster, so anyone who can read it there has the same permissions. If
        KubeFed propagates a type that it may not watch in a member, its controller exits after five minutes, again and
        again, so M(cloudburst.federation.federated_resource) does not enable such a type.
    type: str
    choices:
      - all
      - types
    default: all
  types:
    description:
      - With O(rights=types), additional types that will be enabled later, with the name of their
        C(FederatedTypeConfig), which is the plural, a dot and the group.
    type: list
    elements: str
    default: []
  clean_member:
    description:
      - With O(state=absent), whether to remove everything that was created in the member. With V(false), the module
        does not even connect to the member, which is useful if it will be or has been deleted.
      - RV(not_removed) lists what stays.
    type: bool
    default: true
  wait_timeout:
    description:
      - How many seconds to wait until KubeFed reports the cluster as Ready, or until everything is gone.
    type: int
    default: 300
seealso:
  - module: cloudburst.federation.federated_resource
  - name: KubeFed's user guide
    description: What joining a cluster means in KubeFed.
    link: https://github.com/kubernetes-retired/kubefed/blob/master/docs/cluster-registration.md
"""

EXAMPLES = r"""
- name: Join the cluster in the data centre to its own federation
  cloudburst.federation.kubefed_join:
    context: kubernetes-admin@kubernetes
    name: earth
    member_context: kubernetes-admin@kubernetes
    host_cluster_name: earth

- name: Join the cluster in the cloud, for workloads that select clusters by label
  cloudburst.federation.kubefed_join:
    context: kubernetes-admin@kubernetes
    host_cluster_name: earth
    name: vulcan
    labels:
      place: cloud
    wait_timeout: 600

- name: Join it with minimal permissions for KubeFed, plus those for a type that is enabled later
  cloudburst.federation.kubefed_join:
    context: kubernetes-admin@kubernetes
    host_cluster_name: earth
    name: vulcan
    rights: types
    types: [statefulsets.apps]

- name: Remove the cluster in the cloud from the federation
  cloudburst.federation.kubefed_join:
    context: kubernetes-admin@kubernetes
    host_cluster_name: earth
    name: vulcan
    state: absent

- name: Remove a cluster that no longer exists from the federation
  cloudburst.federation.kubefed_join:
    context: kubernetes-admin@kubernetes
    host_cluster_name: earth
    name: vulcan
    state: absent
    clean_member: false

- name: Join a cluster with the token of a service account, and let KubeFed reach it through a proxy
  cloudburst.federation.kubefed_join:
    context: kubernetes-admin@kubernetes
    host_cluster_name: earth
    name: vulcan
    member_host: https://vulcan.example.com:6443
    member_api_key: "{{ vulcan_token }}"
    member_ca_cert: /etc/ssl/vulcan.pem
    api_endpoint: https://10.11.0.10:443
    proxy_url: http://proxy.example.com:3128
    ca_bundle: "{{ lookup('ansible.builtin.file', '/etc/ssl/vulcan.pem') }}"

- name: Join a cluster whose certificate has another name to a KubeFed with the scope Namespaced
  cloudburst.federation.kubefed_join:
    kubeconfig: ~/.kube/earth.yml
    member_kubeconfig: ~/.kube/vulcan.yml
    member_context: arn:aws:eks:eu-central-1:123456789012:cluster/vulcan
    host_cluster_name: earth
    name: vulcan
    kubefed_namespace: shop-federation
    secret_name: vulcan-credentials
    disabled_tls_validations: [SubjectName]
"""

RETURN = r"""
cluster:
  description: The member as reported by KubeFed.
  returned: when O(state=present)
  type: dict
  contains:
    name:
      description: Its name in the federation.
      type: str
      returned: always
      sample: vulcan
    endpoint:
      description: URL of its API server, as KubeFed uses it.
      type: str
      returned: always
      sample: https://10.11.0.10:443
    ready:
      description: Whether KubeFed's last probe found it ready.
      type: bool
      returned: always
      sample: true
    conditions:
      description: The conditions of the KubeFedCluster.
      type: list
      elements: dict
      returned: always
      sample:
        - type: Ready
          status: "True"
          reason: ClusterReady
          message: /healthz responded with ok
    kubernetes_version:
      description: Version of its API server, empty until KubeFed has reached it.
      type: str
      returned: always
      sample: v1.35.4
    secret:
      description: Name of the Secret in the host cluster that holds its token.
      type: str
      returned: always
      sample: vulcan-token
    service_account:
      description: Name of KubeFed's service account in it.
      type: str
      returned: always
      sample: vulcan-earth
    scope:
      description: Scope of the federation, from the host's KubeFedConfig.
      type: str
      returned: always
      sample: Cluster
not_removed:
  description: What was not removed from the member, and why.
  returned: when O(state=absent)
  type: list
  elements: str
  sample:
    - "namespace kube-federation-system in vulcan, because it also holds configmaps/notes"
"""

import typing as t

from ..module_utils._kube.client import Client
from ..module_utils._kube.connect import connect_as, connect_member
from ..module_utils._kube.diff import Changes
from ..module_utils._kube.errors import Unreachable
from ..module_utils._kube.module import prepare
from ..module_utils._kube.urls import login_of
from ..module_utils._kubefed.api import DEFAULT_NAMESPACE
from ..module_utils._kubefed.membership import rights
from ..module_utils._kubefed.membership.join import join
from ..module_utils._kubefed.membership.model import TLS_VALIDATIONS, read_options
from ..module_utils._kubefed.membership.session import Session
from ..module_utils._kubefed.membership.unjoin import unjoin
from ..module_utils._runtime.argspec import kube_spec, member_spec, wait_spec
from ..module_utils._runtime.errors import InvalidOption
from ..module_utils._runtime.module import QuietModule, Run, run_module


def member_client(params: dict[str, t.Any]) -> Client:
    """A client of the member. If the host is the member, it is the host's client."""
    own = [name for name in params if name.startswith("member_")]
    if params["name"] == params["host_cluster_name"] and all(params[name] is None for name in own):
        return connect_as(params, label=params["name"])
    return connect_member(params)


def call(run: Run) -> None:
    """One membership."""
    params = run.module.params
    request = read_options(params)
    host = connect_as(params, label="host cluster")
    member: Client | None = None
    no_member = ""
    try:
        if params["state"] == "present" or params["clean_member"]:
            member = member_client(params)
            run.module.no_log_values.update(login_of(member.connection.proxy))
    except (InvalidOption, Unreachable) as error:
        # Nothing to reach the member by: it may be gone for good, or in check mode not be there yet
        if params["state"] == "present" and not run.check_mode:
            raise
        no_member = error.message
    changes = Changes()
    session = Session(
        request,
        host,
        member,
        waiter=run.waiter,
        check_mode=run.check_mode,
        changes=changes,
        slice_state=run.slice_state,
    )
    try:
        if params["state"] == "present":
            if member is None:
                run.warn(f"Predicted without the member: {no_member}")
            run.result["cluster"] = join(session, wait=params["wait"])
        else:
            not_removed = unjoin(session, wait=params["wait"], clean_member=params["clean_member"], no_member=no_member)
            run.result["not_removed"] = not_removed
            for line in not_removed if params["clean_member"] else ():
                run.warn(f"Not removed: {line}")
    finally:
        run.result["changed"] = bool(changes)
        if run.module._diff:
            run.result["diff"] = changes.diff


def main() -> None:
    """Options in, one call, result out."""
    module = QuietModule(
        argument_spec={
            **kube_spec(),
            **member_spec(),
            **wait_spec(timeout=300),
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "name": {"type": "str", "required": True},
            "member_validate_certs": {"type": "bool"},
            "api_endpoint": {"type": "str"},
            "ca_bundle": {"type": "str"},
            "proxy_url": {"type": "str"},
            "disabled_tls_validations": {
                "type": "list",
                "elements": "str",
                "choices": list(TLS_VALIDATIONS),
            },
            "host_cluster_name": {"type": "str"},
            "kubefed_namespace": {"type": "str", "default": DEFAULT_NAMESPACE},
            "secret_name": {"type": "str", "no_log": False},
            "labels": {"type": "dict", "default": {}},
            "annotations": {"type": "dict", "default": {}},
            "rights": {"type": "str", "choices": [rights.ALL, rights.TYPES], "default": rights.ALL},
            "types": {"type": "list", "elements": "str", "default": []},
            "clean_member": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    prepare(module)
    run_module(module, call)


if __name__ == "__main__":
    main()
