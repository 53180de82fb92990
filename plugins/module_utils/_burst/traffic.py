# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What burst_traffic may say: which Services are shared with customers, and how these reach them. Pure functions."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .._kube.objects import Object
from .._kubefed.kinds import rules_of_manifest
from .._traffic import checks
from .problem import Problem

METHODS = ("edge", "endpoints", "hooks")
_KEYS = ("service", "namespace", "method", "port", "backend", "frontend")
_FRONTEND = ("address", "port", "mode")
_MODES = ("http", "tcp")
# Letters, digits, '-', '_', '.' and ':': https://docs.haproxy.org/2.6/configuration.html#2.2
_BACKEND = re.compile(r"[A-Za-z0-9_.:-]+")
_NUMBER = re.compile(r"[0-9]{1,5}")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
# kube-apiserver's --service-node-port-range
_NODE_PORTS = (30000, 32767)

Entry = t.Mapping[str, t.Any]


def form_problems(variable: str, value: t.Any) -> list[Problem]:
    """Check what each entry of burst_traffic is made of."""
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        return [Problem(variable, value, "it must be a list of Services, each with service and namespace")]
    problems = [
        problem for index, entry in enumerate(value) for problem in _entry_problems(f"{variable}[{index}]", entry)
    ]
    return (
        problems
        or [
            Problem(f"{variable}[{index}]", entry, "an earlier entry is the same; name each once")
            for index, entry in enumerate(value)
            if entry in value[:index]
        ]
        or _edge_conflicts(variable, value)
    )


def _edge_conflicts(variable: str, entries: t.Sequence[Entry]) -> list[Problem]:
    """Entries of which HAProxy can have one alone."""
    problems = []
    backends: dict[str, int] = {}
    for index, entry in enumerate(entries):
        where = f"{variable}[{index}]"
        if "backend" in entry:
            first = backends.setdefault(entry["backend"], index)
            if first != index:
                allowed = f"{variable}[{first}] has the same backend, whose servers can be those of one entry alone"
                problems.append(Problem(f"{where}.backend", entry["backend"], allowed))
        front = entry.get("frontend")
        for earlier, other in enumerate(entries[:index]) if front else ():
            if _same_place(entry, other):
                allowed = f"{variable}[{earlier}].frontend has the same port"
                problems.append(Problem(f"{where}.frontend", front, allowed))
                break
    return problems


def _same_place(entry: Entry, other: Entry) -> bool:
    """Whether two front ends cannot be there at once; those of one Service are named after their ports."""
    front, others = entry["frontend"], other.get("frontend")
    if not others or int(front["port"]) != int(others["port"]):
        return False
    addresses = {front.get("address", "*"), others.get("address", "*")}
    same = (entry["service"], entry["namespace"]) == (other["service"], other["namespace"])
    return len(addresses) == 1 or "*" in addresses or same


def _entry_problems(variable: str, entry: Entry) -> list[Problem]:
    problems = [
        Problem(f"{variable}.{key}", entry[key], f"it must be one of {', '.join(_KEYS)}")
        for key in entry
        if key not in _KEYS
    ]
    for key in ("service", "namespace"):
        if not isinstance(entry.get(key), str) or not _LABEL.fullmatch(entry[key]):
            problems.append(Problem(f"{variable}.{key}", entry.get(key), f"it must be the name of a {key}"))
    method = entry.get("method")
    if "method" in entry and method not in METHODS:
        problems.append(Problem(f"{variable}.method", method, f"it must be {', '.join(METHODS[:-1])} or {METHODS[-1]}"))
    port = entry.get("port")
    if isinstance(port, bool) or not isinstance(port, (str, int, type(None))):
        problems.append(Problem(f"{variable}.port", port, "it must be the name or the number of a port"))
    if method in ("endpoints", "hooks"):
        problems += [
            Problem(f"{variable}.{key}", entry[key], f"it is for the method edge, and this entry's is {method}")
            for key in ("backend", "frontend")
            if key in entry
        ]
    if "backend" in entry and (not isinstance(entry["backend"], str) or not _BACKEND.fullmatch(entry["backend"])):
        problems.append(Problem(f"{variable}.backend", entry["backend"], "it must be the name of a backend of HAProxy"))
    if "frontend" in entry:
        problems += _frontend_problems(f"{variable}.frontend", entry["frontend"])
    return problems


def _frontend_problems(variable: str, value: t.Any) -> list[Problem]:
    if not isinstance(value, dict) or set(value) - set(_FRONTEND):
        return [Problem(variable, value, f"it must have port, and can have address and mode ({' or '.join(_MODES)})")]
    problems = []
    port = value.get("port")
    if isinstance(port, bool) or not _NUMBER.fullmatch(str(port)) or not 1 <= int(str(port)) <= 65535:
        problems.append(Problem(f"{variable}.port", port, "it must be a number from 1 to 65535"))
    address = value.get("address", "*")
    try:
        if address != "*":
            ipaddress.IPv4Address(str(address))
    except ValueError:
        problems.append(Problem(f"{variable}.address", address, "it must be an IPv4 address of the edge host, or *"))
    if value.get("mode", "http") not in _MODES:
        problems.append(Problem(f"{variable}.mode", value["mode"], f"it must be {' or '.join(_MODES)}"))
    return problems


def traffic_problems(
    traffic: t.Sequence[Entry], apps: t.Sequence[Entry], clusters: t.Sequence[str], opened: t.Sequence[Entry] | None
) -> list[Problem]:
    """Hold burst_traffic against the applications.

    :param traffic: burst_traffic, with the method of each entry.
    :param clusters: names of the two clusters that customers are to reach.
    :param opened: burst_ports, where the security group is ours; else None.
    """
    services = {
        (app["namespace"], resource["metadata"]["name"]): (app, resource)
        for app in apps
        for resource in app["resources"]
        if resource.get("kind") == "Service" and isinstance(resource.get("metadata"), dict)
    }
    problems = []
    for index, entry in enumerate(traffic):
        where = f"burst_traffic[{index}]"
        found = services.get((entry["namespace"], entry["service"]))
        if found is None:
            known = ", ".join(sorted(f"{namespace}/{name}" for namespace, name in services)) or "none"
            allowed = f"burst_apps has no such Service; it has: {known}"
            problems.append(Problem(where, f"{entry['namespace']}/{entry['service']}", allowed))
            continue
        app, service = found
        lacking = [name for name in clusters if name not in app["placement"]]
        if lacking:
            allowed = f"its application must be placed on {' and '.join(clusters)}, and {' and '.join(lacking)} is not"
            problems.append(Problem(where, f"{entry['namespace']}/{entry['service']}", allowed + " in its placement"))
        problems += _port_problems(where, entry, service, app["resources"], opened)
        problems += _repeated(where, entry, traffic[:index], service)
    return problems


def _repeated(where: str, entry: Entry, earlier: t.Sequence[Entry], service: Entry) -> list[Problem]:
    """Check that a Service is not shared twice over, which would give the cloud more than its share.

    At the edge, several backends may have the same Service.
    """
    name = f"{entry['namespace']}/{entry['service']}"
    ports = {port.get("port") for port in _chosen(service, entry)}
    for index, other in enumerate(earlier):
        if (other["namespace"], other["service"]) != (entry["namespace"], entry["service"]):
            continue
        methods = {entry["method"], other["method"]}
        if methods == {"edge"} or not ports & {port.get("port") for port in _chosen(service, other)}:
            continue
        if len(methods) == 1:
            return [Problem(where, name, f"burst_traffic[{index}] shares the same port; name it once")]
        if "endpoints" in methods:
            allowed = (
                f"burst_traffic[{index}] shares it too, by another method. With endpoints, whoever comes to its node"
                " ports is sent to both clusters already; name it once"
            )
            return [Problem(where, name, allowed)]
    return []


def _chosen(service: Entry, entry: Entry) -> list[Entry]:
    """The ports of a Service that an entry shares."""
    wanted = entry.get("port")
    return [
        port
        for port in (service.get("spec") or {}).get("ports") or []
        if wanted in (None, "") or str(wanted) in (port.get("name"), str(port.get("port")))
    ]


def _port_problems(
    where: str, entry: Entry, service: Entry, resources: t.Sequence[Entry], opened: t.Sequence[Entry] | None
) -> list[Problem]:
    spec = service.get("spec") or {}
    ports = spec.get("ports") or []
    wanted = entry.get("port")
    known = ", ".join(f"{port.get('port')}" + (f" ({port['name']})" if port.get("name") else "") for port in ports)
    chosen = _chosen(service, entry)
    if not chosen:
        return [Problem(f"{where}.port", wanted, f"the Service has no such port; it has {known or 'none'}")]
    if entry["method"] == "endpoints":
        return _endpoint_problems(where, entry, service, chosen, resources, opened)
    if len(chosen) > 1:
        return [Problem(f"{where}.port", wanted, f"the Service has several ports; name one of {known}")]
    port = chosen[0]
    if port.get("protocol", "TCP") != "TCP":
        return [Problem(f"{where}.port", wanted or port.get("port"), "only TCP can be sent to both clusters")]
    if spec.get("type") not in ("NodePort", "LoadBalancer"):
        allowed = "with this method, customers come to a node port: make it a Service of the type NodePort"
        return [Problem(f"{where}.service", f"type {spec.get('type', 'ClusterIP')}", allowed)]
    if spec.get("allocateLoadBalancerNodePorts") is False and not port.get("nodePort"):
        allowed = "with this method, customers come to a node port: leave out allocateLoadBalancerNodePorts"
        return [Problem(f"{where}.service", "allocateLoadBalancerNodePorts: false", allowed)]
    if not spec.get("selector"):
        allowed = "it has no selector, so it is not known which pods serve its customers. Give it a selector"
        return [Problem(where, f"{entry['namespace']}/{entry['service']}", allowed)]
    if opened is None:
        return []
    first, last = (port["nodePort"],) * 2 if port.get("nodePort") else _NODE_PORTS
    closed = next((n for n in range(first, last + 1) if not any(r["from"] <= n <= r["to"] for r in opened)), None)
    if closed is None:
        return []
    what = f"its node port {first}" if first == last else f"node ports, any from {first} to {last}"
    return [Problem("burst_ports", list(opened), f"{where} needs {what}, and {closed} is closed")]


def _endpoint_problems(
    where: str,
    entry: Entry,
    service: Entry,
    ports: t.Sequence[Entry],
    resources: t.Sequence[Entry],
    opened: t.Sequence[Entry] | None,
) -> list[Problem]:
    """What is wrong with a Service whose pods are to become endpoints in the data centre."""
    name = f"{entry['namespace']}/{entry['service']}"
    problems = [Problem(where, name, problem) for problem in checks.service_problems(dict(service))]
    if opened is None:
        return problems
    selector = (service.get("spec") or {}).get("selector") or {}
    pods = [spec for resource in resources if (spec := _selected_pod(resource, selector)) is not None]
    targets = checks.target_ports({"spec": {"ports": list(ports)}}).values()
    # A name that no container here has may be one of another application's; it is looked up once the pods are there
    numbers = [
        number
        for target in targets
        for number in ([target] if isinstance(target, int) else checks.numbers_of(target, pods))
    ]
    return problems + [
        Problem("burst_ports", list(opened), f"{where} needs port {number}, on which its pods listen, and it is closed")
        for number in checks.unopened_ports(numbers, t.cast("t.Sequence[t.Mapping[str, int]]", opened))
    ]


def _selected_pod(resource: Entry, selector: t.Mapping[str, str]) -> Object | None:
    """What the pods of a workload are made of, or a Pod itself, if a Service selects them; else None."""
    pod = rules_of_manifest(resource).pod_template(resource)
    labels = (pod.get("metadata") or {}).get("labels") or {}
    return pod.get("spec") if all(labels.get(key) == value for key, value in selector.items()) else None


def edge_problems(traffic: t.Sequence[Entry], edge_hosts: t.Sequence[str]) -> list[Problem]:
    """Check that what is sent to the edge finds a HAProxy there.

    :param traffic: burst_traffic, with the method of each entry.
    :param edge_hosts: the hosts of the inventory's group burst_edge.
    """
    problems = []
    for index, entry in enumerate(traffic):
        if entry.get("method") != "edge":
            continue
        where = f"burst_traffic[{index}]"
        if not edge_hosts:
            problems.append(
                Problem(f"{where}.method", "edge", "the inventory's group burst_edge needs a host with HAProxy for it")
            )
        if ("backend" in entry) == ("frontend" in entry):
            allowed = (
                "set backend, the name of a backend in your HAProxy, or frontend, for a HAProxy of the burst's own"
            )
            problems.append(Problem(where, f"{entry.get('namespace')}/{entry.get('service')}", allowed))
    return problems


__all__ = ("METHODS", "edge_problems", "form_problems", "traffic_problems")
