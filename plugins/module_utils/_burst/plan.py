# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection: it can change without notice and deprecation.

"""What can be said about a burst's variables without asking any system. Pure functions."""

from __future__ import annotations

import ipaddress
import itertools
import re
import typing as t

from .._kube.kubeconfig.contexts import choose
from .._kube.kubeconfig.credentials import check_credentials
from .._kube.kubeconfig.entries import view
from .._kubefed.resources.validation import problems_of, useless_problem
from .._runtime.errors import InvalidOption

# What three systems take together: Kubernetes a DNS-1123 subdomain (RFC 1123) as a KubeFedCluster's name, EKS up to 100
# letters, digits, '-' and '_' (CreateCluster, "name"), CloudFormation letters, digits and '-' (CreateStack).
_BURST_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
# Roles and groups that CloudFormation names after the stack stay readable, and so do DNS labels.
_BURST_NAME_MAX = 63
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DNS_LABEL_MAX = 63

# What EKS takes as service network (KubernetesNetworkConfigRequest, "serviceIpv4Cidr").
_SERVICE_BLOCKS = tuple(ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_SERVICE_PREFIXES = (12, 24)
# Amazon VPC, "VPC CIDR blocks", takes /16 to /28; beyond /24 its subnets have no room for EKS's interfaces beside pods.
_VPC_PREFIXES = (16, 24)

# "Inbound or outbound rules per security group" is 60 unless AWS has raised it for the account:
# https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
_GROUP_RULES = 60

# What a customer gateway's address can't be: IANA's special-purpose registry, without the documentation blocks.
_NOT_PUBLIC = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",
    )
)

# Where a PodSpec has its containers.
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")

# pkg/controller/util/naming.go and federated namespaces' controller: KubeFed never propagates these.
_SYSTEM_NAMESPACES = ("default", "kube-public", "kube-system")


class Problem(t.NamedTuple):
    """One reason why a burst can't work: the variable, its value, and what is allowed."""

    variable: str
    value: t.Any
    allowed: str

    def __str__(self) -> str:
        value = repr(self.value)
        return f"{self.variable}: {value if len(value) <= 200 else value[:200] + '...'} can't be used; {self.allowed}"


def network_problem(variable: str, value: t.Any) -> Problem | None:
    """Say why a value is no IPv4 network in the form 10.0.0.0/16, or return None."""
    allowed = "an IPv4 network is wanted, as 10.11.0.0/16: an address whose host bits are zero, and a prefix length"
    if not isinstance(value, str) or "/" not in value:
        return Problem(variable, value, allowed)
    try:
        ipaddress.IPv4Network(value)
    except ValueError as exc:
        return Problem(variable, value, f"{allowed} ({exc})")
    return None


def name_problems(name: str, host_name: str) -> list[Problem]:
    """Check the name of the burst (stack, EKS cluster, member, context) and that of the host cluster."""
    problems = []
    if not _BURST_NAME.fullmatch(name) or len(name) > _BURST_NAME_MAX:
        problems.append(
            Problem(
                "burst_name",
                name,
                "CloudFormation, EKS and KubeFed together take lower-case letters, digits and '-', beginning with a "
                f"letter and ending with a letter or digit, at most {_BURST_NAME_MAX} characters",
            )
        )
    if not _is_label(host_name):
        problems.append(
            Problem(
                "burst_host_name",
                host_name,
                "KubeFed takes lower-case letters, digits and '-', beginning and ending with a letter or digit, at "
                f"most {_DNS_LABEL_MAX} characters",
            )
        )
    if name == host_name:
        problems.append(Problem("burst_name", name, "burst_host_name is the same; each member needs its own"))
    return problems


def network_problems(
    vpc_cidr: str, service_cidr: str, local_networks: t.Sequence[str], local_service_cidr: str
) -> list[Problem]:
    """Check that each network is one, that AWS takes the two which it gets, and that none overlaps another.

    The data centre's networks may overlap each other: they are only routed to the same place.
    """
    named = [
        ("burst_vpc_cidr", vpc_cidr),
        ("burst_service_cidr", service_cidr),
        ("burst_local_service_cidr", local_service_cidr),
    ]
    local = [(f"burst_local_networks[{index}]", value) for index, value in enumerate(local_networks)]
    malformed = [problem for problem in (network_problem(*item) for item in named + local) if problem]
    if not local:
        malformed.append(
            Problem(
                "burst_local_networks", [], "list the data centre's networks, that of the Kubernetes nodes at least"
            )
        )
    if malformed:
        return malformed

    problems = []
    vpc, service = ipaddress.IPv4Network(vpc_cidr), ipaddress.IPv4Network(service_cidr)
    low, high = _VPC_PREFIXES
    if not low <= vpc.prefixlen <= high:
        problems.append(Problem("burst_vpc_cidr", vpc_cidr, f"a prefix length from {low} to {high} is wanted"))
    low, high = _SERVICE_PREFIXES
    if not low <= service.prefixlen <= high or not any(service.subnet_of(block) for block in _SERVICE_BLOCKS):
        blocks = ", ".join(str(block) for block in _SERVICE_BLOCKS)
        problems.append(
            Problem("burst_service_cidr", service_cidr, f"EKS takes prefix lengths {low} to {high} within {blocks}")
        )
    pairs = itertools.chain(itertools.combinations(named, 2), itertools.product(named, local))
    for (variable, value), (other, other_value) in pairs:
        if ipaddress.IPv4Network(value).overlaps(ipaddress.IPv4Network(other_value)):
            problems.append(
                Problem(variable, value, f"it overlaps {other} {other_value}; choose networks that share no address")
            )
    return problems


def zone_problems(region: str, zones: t.Sequence[str]) -> list[Problem]:
    """Check that there are two different availability zones of the region, as EKS demands."""
    problems = [
        Problem("burst_zones", zone, f"availability zones of burst_region are wanted, as {region}a and {region}b")
        for zone in zones
        if not re.fullmatch(re.escape(region) + "[a-z]", zone)
    ]
    if len(set(zones)) < 2 or len(set(zones)) != len(zones):
        problems.append(Problem("burst_zones", list(zones), "EKS wants subnets in at least two different zones"))
    return problems


def firewall_problems(address: str) -> list[Problem]:
    """Check that the firewall's outer address is one that AWS can reach it at."""
    allowed = "the public IPv4 address is wanted at which the data centre's firewall is reached from the internet"
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError as exc:
        return [Problem("burst_firewall_address", address, f"{allowed} ({exc})")]
    reserved = [block for block in _NOT_PUBLIC if parsed in block]
    return [Problem("burst_firewall_address", address, f"{allowed}, and this one is in {block}") for block in reserved]


def port_problems(ports: t.Sequence[t.Mapping[str, int]]) -> list[Problem]:
    """Check ranges of TCP ports, each with the keys from and to."""
    return [
        Problem(f"burst_ports[{index}]", dict(entry), "from and to are wanted, with 1 <= from <= to <= 65535")
        for index, entry in enumerate(ports)
        if not 1 <= entry["from"] <= entry["to"] <= 65535
    ]


def rule_problems(ports: t.Sequence[t.Mapping[str, int]], local_networks: t.Sequence[str]) -> list[Problem]:
    """Check that the security groups hold their rules: each range of ports is opened to each network.

    The VPC is one of the networks, and the group of the control plane has its one port.
    """
    sources = 1 + len(set(local_networks))
    ranges = len({(entry["from"], entry["to"]) for entry in ports})
    rules = max(ranges, 1) * sources
    if rules <= _GROUP_RULES:
        return []
    variable, value = ("burst_ports", list(ports)) if ranges > sources else ("burst_local_networks", local_networks)
    opened = f"{ranges} ranges of burst_ports" if ranges > 1 else "one range of ports"
    return [
        Problem(
            variable,
            value,
            f"{opened} for the VPC and {sources - 1} burst_local_networks make {rules} rules, and a security group of "
            f"AWS holds {_GROUP_RULES}; put neighbouring ranges or networks together",
        )
    ]


def app_problems(
    apps: t.Sequence[t.Mapping[str, t.Any]], clusters: t.Collection[str], kubefed_namespace: str
) -> list[Problem]:
    """Check each application's namespace, placement and resources, as plain Kubernetes manifests.

    :param clusters: names that a placement can use.
    """
    problems = []
    for index, app in enumerate(apps):
        where = f"burst_apps[{index}]"
        namespace = app["namespace"]
        if not _is_label(namespace) or namespace in (*_SYSTEM_NAMESPACES, kubefed_namespace):
            system = ", ".join((*_SYSTEM_NAMESPACES, kubefed_namespace))
            problems.append(
                Problem(f"{where}.namespace", namespace, f"a DNS label is wanted; KubeFed never propagates {system}")
            )
        known = ", ".join(sorted(clusters))
        problems.extend(
            Problem(f"{where}.placement", name, f"the federation has no such cluster; there are {known}")
            for name in app["placement"]
            if name not in clusters
        )
        for number, resource in enumerate(app["resources"]):
            problems.extend(_resource_problems(f"{where}.resources[{number}]", resource, namespace))
    return problems


def _resource_problems(where: str, resource: t.Mapping[str, t.Any], namespace: str) -> list[Problem]:
    metadata = resource.get("metadata") or {}
    if not isinstance(metadata, dict):
        return [Problem(f"{where}.metadata", metadata, "a mapping with a name is wanted")]
    missing = [key for key in ("apiVersion", "kind") if not resource.get(key)]
    if not metadata.get("name"):
        missing.append("metadata.name")
    if missing:
        shown = {key: resource[key] for key in ("apiVersion", "kind") if key in resource}
        return [Problem(where, shown, f"{', '.join(missing)} must be set")]
    own = metadata.get("namespace", namespace)
    if own != namespace:
        return [Problem(f"{where}.metadata.namespace", own, f"leave it out, or use the application's own, {namespace}")]
    texts = problems_of(resource) or [useless_problem(resource)]
    return [Problem(where, f"{resource['kind']} {metadata['name']}", text) for text in texts if text]


def image_problems(apps: t.Sequence[t.Mapping[str, t.Any]], cluster: str, region: str) -> list[Problem]:
    """Check that nodes which reach AWS's services alone can pull the images of what is placed on their cluster.

    VPC end points lead to the private registries of ECR in their own region, and not to ECR Public
    (https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html, "Considerations"). The first pull
    through a pull-through cache needs a way to the internet, by the same page, so an image has to be there already.

    :param cluster: the name of the nodes' cluster.
    :param region: the cluster's.
    """
    registry = re.compile(rf"[0-9]{{12}}\.dkr\.ecr\.{re.escape(region)}\.amazonaws\.com(\.cn)?/.+")
    allowed = (
        f"with burst_node_egress endpoints, nodes can pull images from ECR in {region} alone: copy it to a repository "
        f"there, and name it as 123456789012.dkr.ecr.{region}.amazonaws.com/repository:tag"
    )
    return [
        Problem(where, image, allowed)
        for index, app in enumerate(apps)
        if cluster in app["placement"]
        for number, resource in enumerate(app["resources"])
        for where, image in _images(f"burst_apps[{index}].resources[{number}]", resource)
        if not registry.fullmatch(image)
    ]


def _images(where: str, value: t.Any) -> t.Iterator[tuple[str, str]]:
    """Every image in a manifest with its place: of containers of all sorts, however deep their pod is, and of volumes
    (KEP 4639)."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _images(f"{where}[{index}]", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _images(f"{where}.{key}", item)
            containers = item if key in _CONTAINERS and isinstance(item, list) else []
            for index, entry in enumerate(containers):
                if isinstance(entry, dict) and isinstance(entry.get("image"), str):
                    yield f"{where}.{key}[{index}].image", entry["image"]
            if key == "image" and isinstance(item, dict) and isinstance(item.get("reference"), str):
                yield f"{where}.image.reference", item["reference"]


def _is_label(value: str) -> bool:
    return len(value) <= _DNS_LABEL_MAX and _DNS_LABEL.fullmatch(value) is not None


def context_problems(path: str, files: t.Sequence[tuple[dict[str, t.Any], str]], context: str) -> list[Problem]:
    """Check that a context is complete in a kubeconfig.

    :param path: where the file is, for messages.
    :param files: what is in it, or in each file of KUBECONFIG, with the folder where relative paths begin.
    """
    content = view([data for data, _folder in files])
    contexts = {entry["name"]: entry.get("context") or {} for entry in content.get("contexts") or []}
    clusters = {entry["name"] for entry in content.get("clusters") or []}
    users = {entry["name"] for entry in content.get("users") or []}
    if context not in contexts:
        there = ", ".join(sorted(contexts)) or "none"
        return [Problem("burst_host_context", context, f"{path} has no such context; it has: {there}")]
    lost = [
        f"{kind} {contexts[context].get(kind)!r}"
        for kind, names in (("cluster", clusters), ("user", users))
        if contexts[context].get(kind) not in names
    ]
    if lost:
        return [Problem("burst_host_context", context, f"burst_kubeconfig {path} lacks its {' and '.join(lost)}")]
    try:
        access = choose(files, context, path)
        check_credentials(access)
    except InvalidOption as exc:
        return [Problem("burst_host_context", context, exc.message)]
    if "as" in access.user:
        allowed = (
            f"its user in {path} acts as somebody else (as), which the modules of kubernetes.core ignore"
            " (kubernetes-client/python#362): a part of the burst would be done with other rights than the rest. Name a"
            " context whose user has the rights itself"
        )
        return [Problem("burst_host_context", context, allowed)]
    return []


def plan_problems(plan: t.Mapping[str, t.Any]) -> list[Problem]:
    """Check all that a burst is to look like.

    :param plan: the options of the module burst_check's plan, and its name and host_name.
    """
    clusters = {plan["name"], plan["host_name"], *plan["members"]}
    return [
        *zone_problems(plan["region"], plan["zones"]),
        *network_problems(plan["vpc_cidr"], plan["service_cidr"], plan["local_networks"], plan["local_service_cidr"]),
        *firewall_problems(plan["firewall_address"]),
        *port_problems(plan["ports"]),
        *rule_problems(plan["ports"], plan["local_networks"]),
        *app_problems(plan["apps"], clusters, plan["kubefed_namespace"]),
        *(image_problems(plan["apps"], plan["name"], plan["region"]) if plan["node_egress"] == "endpoints" else ()),
    ]
