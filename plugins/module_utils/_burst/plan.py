# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection: it can change without notice and deprecation.

"""What can be said about a burst's variables without asking any system. Pure functions."""

from __future__ import annotations

import re
import typing as t

from .._kube.kubeconfig.contexts import choose
from .._kube.kubeconfig.credentials import check_credentials
from .._kube.kubeconfig.entries import view
from .._kubefed.resources.conflicts import other_writer, other_writer_on_openshift
from .._kubefed.resources.validation import problems_of, useless_problem
from .._runtime.errors import InvalidOption
from .problem import Problem
from .rules import RULES, cluster_name, overlaps, ports, public_address, service_network, vpc_network, zones
from .traffic import edge_problems, form_problems, traffic_problems

# "Inbound or outbound rules per security group" is 60 unless AWS has raised it for the account:
# https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
_GROUP_RULES = 60

# How names end in the partitions where it is not amazonaws.com, by how their regions begin: dnsSuffix in
# https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json
_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "us-isof-": "csp.hci.ic.gov",
}

# Where a PodSpec has its containers.
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")

# pkg/controller/util/naming.go and federated namespaces' controller: KubeFed never propagates these.
_SYSTEM_NAMESPACES = ("default", "kube-public", "kube-system")


def name_problems(name: str, host_name: str) -> list[Problem]:
    """Check the name of the burst (stack, EKS cluster, member, context) and that of the host cluster."""
    problems = [*RULES["name"]("burst_name", name), *RULES["host_name"]("burst_host_name", host_name)]
    if name == host_name:
        problems.append(Problem("burst_name", name, "burst_host_name is the same; each member needs its own"))
    return problems


def network_problems(
    vpc_cidr: str, service_cidr: str, local_networks: t.Sequence[str], local_service_cidr: str
) -> list[Problem]:
    """Check that each network is one, that AWS takes the two which it gets, and that none overlaps another.

    The data centre's networks may overlap each other: they are only routed to the same place.
    """
    malformed = [
        *vpc_network("burst_vpc_cidr", vpc_cidr),
        *service_network("burst_service_cidr", service_cidr),
        *RULES["network"]("burst_local_service_cidr", local_service_cidr),
        *_local_problems(local_networks),
    ]
    if malformed:
        return malformed
    named = [
        ("burst_vpc_cidr", vpc_cidr),
        ("burst_service_cidr", service_cidr),
        ("burst_local_service_cidr", local_service_cidr),
    ]
    return overlaps(named, _listed("burst_local_networks", local_networks))


def link_problems(remote_networks: t.Sequence[str], local_networks: t.Sequence[str]) -> list[Problem]:
    """Check the networks at both ends of a link to a cluster that exists: none may be at both ends."""
    malformed = [*RULES["networks"]("burst_remote_networks", remote_networks), *_local_problems(local_networks)]
    if malformed:
        return malformed
    remote, local = _listed("burst_remote_networks", remote_networks), _listed("burst_local_networks", local_networks)
    return [problem for entry in remote for problem in overlaps([entry], local)]


def _local_problems(local_networks: t.Sequence[str]) -> list[Problem]:
    if not local_networks:
        allowed = "list the data centre's networks, at least that of the Kubernetes nodes"
        return [Problem("burst_local_networks", [], allowed)]
    return RULES["networks"]("burst_local_networks", local_networks)


def _listed(variable: str, values: t.Sequence[str]) -> list[tuple[str, str]]:
    return [(f"{variable}[{index}]", value) for index, value in enumerate(values)]


def zone_problems(region: str, zones_given: t.Sequence[str]) -> list[Problem]:
    """Check that there are two different availability zones of the region, as EKS demands."""
    foreign = [
        Problem("burst_zones", zone, f"it must be a zone of burst_region, such as {region}a")
        for zone in zones_given
        if not re.fullmatch(re.escape(region) + "[a-z]", zone)
    ]
    return foreign or zones("burst_zones", zones_given)


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
            f"AWS holds {_GROUP_RULES}; merge adjacent ranges or networks",
        )
    ]


def app_problems(
    apps: t.Sequence[t.Mapping[str, t.Any]],
    clusters: t.Collection[str],
    kubefed_namespace: str,
    openshift: t.Collection[str] = (),
) -> list[Problem]:
    """Check each application's namespace, placement and resources, as plain Kubernetes manifests.

    :param clusters: names that a placement can use.
    :param openshift: those of them that are known to be OpenShift.
    """
    problems = []
    for index, app in enumerate(apps):
        where = f"burst_apps[{index}]"
        namespace = app["namespace"]
        if RULES["host_name"]("", namespace) or namespace in (*_SYSTEM_NAMESPACES, kubefed_namespace):
            system = ", ".join((*_SYSTEM_NAMESPACES, kubefed_namespace))
            problems.append(
                Problem(f"{where}.namespace", namespace, f"it must be a DNS label; KubeFed never propagates {system}")
            )
        known = ", ".join(sorted(clusters))
        problems.extend(
            Problem(f"{where}.placement", name, f"the federation has no such cluster; there are {known}")
            for name in app["placement"]
            if name not in clusters
        )
        on_openshift = sorted(set(app["placement"]) & set(openshift))
        for number, resource in enumerate(app["resources"]):
            place = f"{where}.resources[{number}]"
            malformed = _resource_problems(place, resource, namespace)
            problems.extend(malformed or _conflicts(place, resource, on_openshift))
    return problems


def _conflicts(where: str, resource: t.Mapping[str, t.Any], openshift: t.Sequence[str]) -> list[Problem]:
    """What KubeFed and the clusters would undo for each other; federated_resource would find it after the join."""
    metadata, kind = resource["metadata"], resource["kind"]
    group = str(resource["apiVersion"]).rpartition("/")[0]
    name, body = metadata["name"], dict(resource)
    reason = other_writer(group, kind, name, body, metadata.get("annotations") or {})
    if reason:
        return [Problem(where, f"{kind} {name}", f"it cannot be federated: {reason}")]
    reason = other_writer_on_openshift(group, kind, name, body) if openshift else ""
    allowed = f"it cannot be federated to {', '.join(openshift)}: {reason}"
    return [Problem(where, f"{kind} {name}", allowed)] if reason else []


def overflow_problems(apps: t.Sequence[t.Mapping[str, t.Any]], name: str, host_name: str) -> list[Problem]:
    """Check that applications whose overflow goes to the burst are placed on both clusters."""
    return [
        Problem(f"burst_apps[{index}].placement", list(app["placement"]), f"overflow needs both {host_name} and {name}")
        for index, app in enumerate(apps)
        if app.get("overflow") and not {name, host_name} <= set(app["placement"])
    ]


def _resource_problems(where: str, resource: t.Mapping[str, t.Any], namespace: str) -> list[Problem]:
    metadata = resource.get("metadata") or {}
    if not isinstance(metadata, dict):
        return [Problem(f"{where}.metadata", metadata, "it must be a mapping with a name")]
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
    """Check that nodes that can only reach AWS's services can pull the images of what is placed on their cluster.

    VPC endpoints lead to the private registries of ECR in their own region, and not to ECR Public
    (https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html, "Considerations"). The first pull
    through a pull-through cache needs a way to the internet, by the same page, so an image has to be there already.

    :param cluster: the name of the nodes' cluster.
    :param region: the cluster's.
    """
    suffix = next((end for begin, end in _SUFFIXES.items() if region.startswith(begin)), "amazonaws.com")
    host = f".dkr.ecr.{region}.{suffix}"
    registry = re.compile(rf"[0-9]{{12}}{re.escape(host)}/.+")
    allowed = (
        f"with burst_node_egress endpoints, nodes can pull images only from ECR in {region}: copy it to a repository "
        f"there, and name it as 123456789012{host}/repository:tag"
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


def context_problems(
    path: str, files: t.Sequence[tuple[dict[str, t.Any], str]], context: str, variable: str = "burst_host_context"
) -> list[Problem]:
    """Check that a context is complete in a kubeconfig.

    :param path: where the file is, for messages.
    :param files: what is in it, or in each file of KUBECONFIG, with the folder where relative paths begin.
    :param variable: which names the context.
    """
    content = view([data for data, _folder in files])
    contexts = {entry["name"]: entry.get("context") or {} for entry in content.get("contexts") or []}
    clusters = {entry["name"] for entry in content.get("clusters") or []}
    users = {entry["name"] for entry in content.get("users") or []}
    if context not in contexts:
        there = ", ".join(sorted(contexts)) or "none"
        return [Problem(variable, context, f"{path} has no such context; it has: {there}")]
    lost = [
        f"{kind} {contexts[context].get(kind)!r}"
        for kind, names in (("cluster", clusters), ("user", users))
        if contexts[context].get(kind) not in names
    ]
    if lost:
        return [Problem(variable, context, f"{path} lacks its {' and '.join(lost)}")]
    try:
        access = choose(files, context, path)
        check_credentials(access)
    except InvalidOption as exc:
        return [Problem(variable, context, exc.message)]
    if "as" in access.user:
        allowed = (
            f"its user in {path} acts as somebody else (as), which the modules of kubernetes.core ignore"
            " (kubernetes-client/python#362): one part of the burst would run with different permissions from the rest."
            " Choose a context whose own user has the permissions"
        )
        return [Problem(variable, context, allowed)]
    return []


def plan_problems(plan: t.Mapping[str, t.Any]) -> list[Problem]:
    """Check the whole plan of a burst.

    :param plan: the options of the module burst_check's plan, and its name and host_name.
    """
    clusters = {plan["name"], plan["host_name"], *plan["members"]}
    apps = app_problems(plan["apps"], clusters, plan["kubefed_namespace"], plan["openshift"])
    apps += overflow_problems(plan["apps"], plan["name"], plan["host_name"])
    return [
        *(eks_problems(plan) if plan["extension"] == "eks" else existing_problems(plan)),
        *apps,
        *(_traffic_problems(plan) if not apps else ()),
    ]


def _traffic_problems(plan: t.Mapping[str, t.Any]) -> list[Problem]:
    method = "edge" if plan["edge_hosts"] else "endpoints"
    traffic = [{"method": method, **entry} for entry in plan["traffic"]]
    opened = plan["ports"] if plan["extension"] == "eks" else None
    return form_problems("burst_traffic", traffic) or [
        *edge_problems(traffic, plan["edge_hosts"]),
        *traffic_problems(traffic, plan["apps"], (plan["host_name"], plan["name"]), opened),
    ]


def eks_problems(plan: t.Mapping[str, t.Any]) -> list[Problem]:
    """Check the plan of an EKS cluster."""
    return [
        *cluster_name("burst_name", plan["name"]),
        *zone_problems(plan["region"], plan["zones"]),
        *network_problems(plan["vpc_cidr"], plan["service_cidr"], plan["local_networks"], plan["local_service_cidr"]),
        *(_attached_problems(plan) if plan["link"] == "none" else _vpn_problems(plan)),
        *ports("burst_ports", plan["ports"]),
        *rule_problems(plan["ports"], plan["local_networks"]),
        *(image_problems(plan["apps"], plan["name"], plan["region"]) if plan["node_egress"] == "endpoints" else ()),
    ]


def _vpn_problems(plan: t.Mapping[str, t.Any]) -> list[Problem]:
    """Check AWS's other end of the VPN connection."""
    return public_address("burst_firewall_address", plan["firewall_address"] or "")


def _attached_problems(plan: t.Mapping[str, t.Any]) -> list[Problem]:
    """Check a VPC that somebody else attaches to a network once it exists.

    Without routes of its own to the data centre, its nodes come up only by another way out. EKS gives up on them after
    a while, so that is not left to how fast somebody is.
    """
    if plan["node_egress"] != "datacenter":
        return []
    allowed = "nat or endpoints with burst_link none, where the VPC has no way to the data centre until it is attached"
    return [Problem("burst_node_egress", plan["node_egress"], allowed)]


def existing_problems(plan: t.Mapping[str, t.Any]) -> list[Problem]:
    """Check the way to an existing cluster. With a network that exists already, no networks are named."""
    return link_problems(plan["remote_networks"], plan["local_networks"]) if plan["remote_networks"] else []
