#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: burst_check
short_description: Check the variables of a burst
version_added: 1.0.0
description:
  - Checks the variables of a burst and the machine that it is started from, and fails with all problems at once.
  - It warns about applications on the burst's cluster that use a Service which has no pods there.
  - It contacts neither AWS nor any cluster, and changes nothing.
  - Messages name the collection's variables, which are the options below prefixed with C(burst_).
author:
  - cloudburst.federation contributors (@cloudburst)
requirements:
  - PyYAML
extends_documentation_fragment:
  - cloudburst.federation._attributes.reading
options:
  name:
    description:
      - Name of the burst, which is also the name of the EKS cluster, of the federation's member and of the context.
    type: str
    required: true
  host_name:
    description:
      - Name of the data centre's cluster in the federation.
    type: str
    required: true
  host_context:
    description:
      - Context of the data centre's cluster in O(kubeconfig). It must be set, since the current context could be that
        of any cluster.
      - If not set, the value of the environment variable E(K8S_AUTH_CONTEXT) is used.
    type: str
  kubeconfig:
    description:
      - Path of the kubeconfig file. The default is the files in E(KUBECONFIG), otherwise C(~/.kube/config).
      - If not set, the value of the environment variable E(K8S_AUTH_KUBECONFIG) is used.
    type: path
  host:
    description:
      - URL of the API server of the data centre's cluster, if it is not in a kubeconfig. With E(K8S_AUTH_API_KEY) in
        the environment, O(kubeconfig) is not checked.
      - If not set, the value of the environment variable E(K8S_AUTH_HOST) is used.
    type: str
  member_kubeconfig:
    description:
      - Path of the kubeconfig file of the cluster to be docked, if it already exists. The default is O(kubeconfig).
    type: path
  member_context:
    description:
      - Its context in O(member_kubeconfig).
    type: str
  member_host:
    description:
      - URL of its API server, if it is not in a kubeconfig. O(member_kubeconfig) is not checked then.
    type: str
  commands:
    description:
      - Commands that must be in the C(PATH).
    type: list
    elements: str
    default: []
  python_libraries:
    description:
      - Python libraries that the interpreter must find.
    type: list
    elements: str
    default: []
  plan:
    description:
      - The planned burst. Leave it out if a burst will only be removed.
    type: dict
    suboptions:
      extension:
        description:
          - Whether an EKS cluster is created, or a cluster that already exists is docked.
        type: str
        choices: [eks, existing]
        default: eks
      link:
        description:
          - What connects both clusters. With V(none), an EKS cluster's VPC has no VPN connection, and is attached to
            a network that is there already.
        type: str
        choices: [strongswan, device, none]
        default: strongswan
      region:
        description:
          - AWS region. Required with O(plan.extension=eks), as are O(plan.zones), O(plan.vpc_cidr),
            O(plan.service_cidr) and O(plan.local_service_cidr).
        type: str
      zones:
        description:
          - Availability zones for the subnets.
        type: list
        elements: str
      vpc_cidr:
        description:
          - Network of the VPC.
        type: str
      service_cidr:
        description:
          - Service network of the EKS cluster.
        type: str
      local_networks:
        description:
          - Networks of the data centre that the extension should reach.
        type: list
        elements: str
        default: []
      remote_networks:
        description:
          - Networks of a cluster that already exists, if routes to them are needed.
        type: list
        elements: str
        default: []
      local_service_cidr:
        description:
          - Service network of the data centre's cluster.
        type: str
      firewall_address:
        description:
          - Public address of the data centre's firewall. Required with O(plan.extension=eks), but for
            O(plan.link=none).
        type: str
      node_egress:
        description:
          - How nodes pull their images. With V(endpoints), they can pull them only from ECR in O(plan.region).
        type: str
        choices: [nat, endpoints, datacenter]
        default: nat
      ports:
        description:
          - Ranges of TCP ports that the security groups open.
        type: list
        elements: dict
        default: []
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
      kubefed_namespace:
        description:
          - Namespace of KubeFed.
        type: str
        default: kube-federation-system
      members:
        description:
          - Names of further clusters in the federation, which placements can use too.
        type: list
        elements: str
        default: []
      openshift:
        description:
          - Names of the clusters that are known to be OpenShift, which writes into some objects itself.
        type: list
        elements: str
        default: []
      apps:
        description:
          - Applications of the federation.
        type: list
        elements: dict
        default: []
        suboptions:
          namespace:
            description:
              - Namespace of the application.
            type: str
            required: true
          placement:
            description:
              - Names of the clusters to run it on.
            type: list
            elements: str
            required: true
          resources:
            description:
              - Plain Kubernetes manifests.
            type: list
            elements: dict
            default: []
          overflow:
            description:
              - Whether only those replicas run on the burst's cluster for which the data centre has no room. The
                application must be placed on both.
            type: bool
            default: false
      traffic:
        description:
          - Services that customers should reach in both clusters, as the role
            P(cloudburst.federation.burst_traffic#role) takes them.
        type: list
        elements: dict
        default: []
      edge_hosts:
        description:
          - Hosts with a HAProxy for the method C(edge), which is the default if there is one.
        type: list
        elements: str
        default: []
seealso:
  - module: cloudburst.federation.kubefed_join
  - module: cloudburst.federation.federated_resource
"""

EXAMPLES = r"""
- name: Check the variables of a burst
  cloudburst.federation.burst_check:
    name: vulcan
    host_name: earth
    host_context: kubernetes-admin@kubernetes
    kubeconfig: ~/.kube/config
    commands: [aws, helm]
    plan:
      region: eu-central-1
      zones: [eu-central-1a, eu-central-1b]
      vpc_cidr: 10.11.0.0/16
      service_cidr: 10.5.0.0/24
      local_networks: [10.10.0.0/24, 10.10.128.0/24]
      local_service_cidr: 10.4.0.0/24
      firewall_address: 203.0.113.10
"""

RETURN = r"""
member_endpoint:
  description:
    - Address of the API server of a cluster that already exists.
  returned: with O(member_context) or O(member_host)
  type: dict
  contains:
    host:
      description: Name or address, without brackets.
      type: str
      sample: mars.example.com
    port:
      description: TCP port.
      type: int
      sample: 6443
problems:
  description:
    - The problems found.
  returned: on failure
  type: list
  elements: dict
  contains:
    variable:
      description: Name of the variable, with the position in it.
      type: str
      sample: burst_local_networks[1]
    value:
      description: Its value.
      type: raw
      sample: 10.11.4.0/24
    allowed:
      description: What is wrong with it and what is allowed.
      type: str
      sample: it overlaps burst_vpc_cidr 10.11.0.0/16; they must be networks that share no address
"""

import importlib.util
import os
import re
import typing as t
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib
from ansible.module_utils.common.process import get_bin_path
from ansible_collections.kubernetes.core.plugins.module_utils.helm import AnsibleHelmModule

from ansible_collections.cloudburst.federation.plugins.module_utils._burst.dependencies import missing_services
from ansible_collections.cloudburst.federation.plugins.module_utils._burst.plan import (
    Problem,
    context_problems,
    name_problems,
    plan_problems,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.kubeconfig.contexts import (
    choose,
    load,
    source_of,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.urls import check_url, host_and_port
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import (
    FederationError,
    InvalidOption,
    one_line,
    without_login,
)

# What kubernetes.core's other modules read, and its module helm does not (plugins/module_utils/helm_args_common.py):
# the playbooks would go to the cluster in two ways, or as two users.
_NOT_HELMS = {
    f"K8S_AUTH_{name}": instead
    for names, instead in (
        (("CLIENT_CERT", "CERT_FILE", "CLIENT_KEY", "KEY_FILE"), "put the client certificate into a kubeconfig"),
        (("USERNAME", "PASSWORD"), "set K8S_AUTH_API_KEY, or put them into a kubeconfig"),
        (("PROXY", "NO_PROXY"), "set HTTPS_PROXY and NO_PROXY, or put proxy-url into a kubeconfig"),
        (("PROXY_HEADERS_BASIC_AUTH", "PROXY_HEADERS_PROXY_BASIC_AUTH"), "put the login into the URL of the proxy"),
        (("IMPERSONATE_USER", "IMPERSONATE_GROUPS"), "name a user who has the rights"),
        (("CA_CERT",), "set K8S_AUTH_SSL_CA_CERT"),
        (("VALIDATE_CERTS",), "set K8S_AUTH_VERIFY_SSL"),
    )
    for name in names
}

# What a plan must have for an EKS cluster.
_EKS = ("region", "zones", "vpc_cidr", "service_cidr", "local_service_cidr")


def _argument_spec() -> dict[str, t.Any]:
    names: dict[str, t.Any] = {"type": "list", "elements": "str"}
    port = {"from": {"type": "int", "required": True}, "to": {"type": "int", "required": True}}
    app = {
        "namespace": {"type": "str", "required": True},
        "placement": {**names, "required": True},
        "resources": {"type": "list", "elements": "dict", "default": []},
        "overflow": {"type": "bool", "default": False},
    }
    plan = {
        "extension": {"type": "str", "choices": ["eks", "existing"], "default": "eks"},
        "link": {"type": "str", "choices": ["strongswan", "device", "none"], "default": "strongswan"},
        "region": {"type": "str"},
        "zones": names,
        "vpc_cidr": {"type": "str"},
        "service_cidr": {"type": "str"},
        "local_networks": {**names, "default": []},
        "remote_networks": {**names, "default": []},
        "local_service_cidr": {"type": "str"},
        "firewall_address": {"type": "str"},
        "node_egress": {"type": "str", "choices": ["nat", "endpoints", "datacenter"], "default": "nat"},
        "ports": {"type": "list", "elements": "dict", "default": [], "options": port},
        "kubefed_namespace": {"type": "str", "default": "kube-federation-system"},
        "members": {**names, "default": []},
        "openshift": {**names, "default": []},
        "apps": {"type": "list", "elements": "dict", "default": [], "options": app},
        "traffic": {"type": "list", "elements": "dict", "default": []},
        "edge_hosts": {**names, "default": []},
    }
    return {
        "name": {"type": "str", "required": True},
        "host_name": {"type": "str", "required": True},
        "host_context": {"type": "str", "fallback": (env_fallback, ["K8S_AUTH_CONTEXT"])},
        "kubeconfig": {"type": "path", "fallback": (env_fallback, ["K8S_AUTH_KUBECONFIG"])},
        "host": {"type": "str", "fallback": (env_fallback, ["K8S_AUTH_HOST"])},
        "commands": {**names, "default": []},
        "python_libraries": {**names, "default": []},
        "member_kubeconfig": {"type": "path"},
        "member_context": {"type": "str"},
        "member_host": {"type": "str"},
        "plan": {
            "type": "dict",
            "options": plan,
            "required_if": [("extension", "eks", _EKS)],
        },
    }


def _machine_problems(commands: list[str], libraries: list[str]) -> list[Problem]:
    problems = []
    for command in commands:
        try:
            get_bin_path(command)
        except ValueError:
            problems.append(Problem("PATH", os.environ.get("PATH", ""), f"{command} must be in one of these"))
    problems.extend(
        Problem("ansible_python_interpreter", library, "it must find this Python library; install it there")
        for library in libraries
        if importlib.util.find_spec(library) is None
    )
    return problems


def _helm_version(module: AnsibleModule) -> str:
    """What helm says; nothing where there is none."""
    path = module.get_bin_path("helm")
    if path is None:
        return ""
    _status, said, _complaints = module.run_command([path, "version", "--template", "{{.Version}}"])
    return str(said).strip()


def environment_problems(environment: t.Mapping[str, str]) -> list[Problem]:
    """Reject environment variables that only some modules of the playbooks use. Their values may be secret."""
    return [
        Problem(name, "(hidden)", f"helm, which installs KubeFed, does not heed it: unset it, and {_NOT_HELMS[name]}")
        for name in sorted(environment)
        if name in _NOT_HELMS and environment[name]
    ]


def helm_problems(version: str, *, runs_four: bool) -> list[Problem]:
    """Reject a helm that lacks options with which kubernetes.core runs it, such as ``list --all``.

    :param version: as helm has it, such as v4.3.1; nothing is said of one that cannot be read.
    :param runs_four: whether this kubernetes.core can run helm 4. 6.4.0 is the first that can:
        https://github.com/ansible-collections/kubernetes.core/blob/main/CHANGELOG.rst
    """
    major = re.match(r"v?(\d+)\.", version)
    if runs_four or not major or int(major[1]) < 4:
        return []
    allowed = "this kubernetes.core can only run helm 3: install kubernetes.core 6.4.0 or newer, or helm 3"
    return [Problem("helm", version, allowed)]


def host_problems(options: dict[str, t.Any]) -> list[Problem]:
    """Check that the data centre's cluster can be reached, as far as that can be told without asking it."""
    if _is_by_address(options):
        return []
    if not options["host_context"]:
        allowed = (
            "it must be the context of the data centre's cluster. Set it, or K8S_AUTH_CONTEXT, or K8S_AUTH_HOST and "
            "K8S_AUTH_API_KEY in the environment"
        )
        return [Problem("burst_host_context", "", allowed)]
    return _context_problems("burst_kubeconfig", options["kubeconfig"], "burst_host_context", options["host_context"])


def _is_by_address(options: dict[str, t.Any]) -> bool:
    """Whether the data centre's cluster is reached by its address alone, without a context."""
    return bool(options["host"] and (options["api_key"] or options.get("client_cert")))


def member_problems(options: dict[str, t.Any]) -> list[Problem]:
    """Check that a cluster which exists already can be reached, as far as that can be told without asking it."""
    if not options["member_host"] and not options["member_context"]:
        return []
    variable = "burst_member_host" if options["member_host"] else "burst_member_context"
    kubeconfig = options["member_kubeconfig"] or options["kubeconfig"]
    if options["member_host"]:
        problems = _address_problems(options["member_host"])
    else:
        problems = _context_problems("burst_member_kubeconfig", kubeconfig, variable, options["member_context"])
    if not problems and _member(options) == _host(options):
        allowed = "it is that of the data centre's own cluster; it must be another one's"
        return [Problem(variable, options["member_host"] or options["member_context"], allowed)]
    return problems


def _address_problems(server: str) -> list[Problem]:
    try:
        check_url(_url(server), "server", ("http", "https"))
    except InvalidOption:
        shown, allowed = without_login(server), "it must be the URL of an API server, such as https://10.30.0.10:6443"
        return [Problem("burst_member_host", shown, allowed)]
    return []


def member_endpoint(options: dict[str, t.Any]) -> dict[str, t.Any]:
    """Host and port of a cluster that exists already; :func:`member_problems` has found none."""
    host, port, *_rest = _member(options)
    return {"host": host, "port": port}


# A cluster, told from others by how it is reached: host, port and path of its API server, and the rest of a kubeconfig
# by which one address can lead to several clusters.
_Place = tuple[str, int, str, str, str]


def _member(options: dict[str, t.Any]) -> _Place:
    """The cluster that is docked."""
    kubeconfig = options["member_kubeconfig"] or options["kubeconfig"]
    return _place(options["member_host"], kubeconfig, options["member_context"])


def _host(options: dict[str, t.Any]) -> _Place | None:
    """The data centre's cluster, if it can be told: :func:`host_problems` tells of the rest."""
    server = options["host"] if _is_by_address(options) else None
    try:
        return _place(server, options["kubeconfig"], options["host_context"])
    except FederationError:
        return None


def _place(server: str | None, kubeconfig: str | None, context: str | None) -> _Place:
    cluster = {"server": server} if server else choose(load(kubeconfig), context, source_of(kubeconfig)).cluster
    url = _url(cluster["server"])
    path = urlsplit(url).path.rstrip("/")
    return (*host_and_port(url), path, cluster.get("tls-server-name", ""), cluster.get("proxy-url", ""))


def _url(server: str) -> str:
    return server if "://" in server else f"https://{server}"


def _context_problems(file_variable: str, kubeconfig: str | None, variable: str, context: str) -> list[Problem]:
    source = source_of(kubeconfig)
    try:
        files = load(kubeconfig)
    except FederationError as error:
        return [Problem(file_variable, source, error.message)]
    return context_problems(source, files, context, variable)


def main() -> None:
    module = AnsibleModule(argument_spec=_argument_spec(), supports_check_mode=True)
    options = {
        **module.params,
        "api_key": os.environ.get("K8S_AUTH_API_KEY"),
        "client_cert": os.environ.get("K8S_AUTH_CLIENT_CERT") or os.environ.get("K8S_AUTH_CERT_FILE"),
    }
    if importlib.util.find_spec("yaml") is None:
        module.fail_json(msg=missing_required_lib("PyYAML"))
    problems = _machine_problems(options["commands"], options["python_libraries"])
    problems += name_problems(options["name"], options["host_name"])
    if "helm" in options["commands"]:
        problems += environment_problems(os.environ)
        problems += helm_problems(_helm_version(module), runs_four=hasattr(AnsibleHelmModule, "is_helm_v4"))
    problems += host_problems(options)
    problems += member_problems(options)
    if options["plan"] is not None:
        problems += plan_problems({**options["plan"], "name": options["name"], "host_name": options["host_name"]})
    if problems:
        listed = "; ".join(f"({number}) {problem}" for number, problem in enumerate(problems, 1))
        module.fail_json(
            msg=one_line(f"Rejected before any change: {listed}"),
            problems=[problem._asdict() for problem in problems],
        )
    result: dict[str, t.Any] = {"changed": False}
    if options["member_host"] or options["member_context"]:
        result["member_endpoint"] = member_endpoint(options)
    for line in missing_services(options["plan"]["apps"], options["name"]) if options["plan"] else ():
        module.warn(f"burst_apps: {line}.")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
