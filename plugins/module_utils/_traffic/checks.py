# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Whether a Service can be shared with the member by EndpointSlices. Pure functions.

What kube-proxy does with a Service is read from pkg/proxy/topology.go and pkg/proxy/serviceport.go of Kubernetes 1.35.
"""

from __future__ import annotations

import ipaddress
import typing as t

from .._kube.objects import Object


def service_problems(service: Object) -> list[str]:
    """Reasons why a Service cannot be shared; none if it can. Each completes "Service x: ...".

    :param service: the Service as the cluster has it, or a manifest, in which the API server's defaults may be missing.
    """
    spec = service.get("spec") or {}
    problems = []
    if spec.get("type") == "ExternalName":
        return ["its type is ExternalName, so it has no endpoints"]
    if spec.get("clusterIP") == "None":
        problems.append(
            "it is headless (clusterIP None): its clients keep addresses from DNS and would go on using those of a"
            " cluster that is gone. Give them a Service with a cluster IP"
        )
    if not spec.get("selector"):
        problems.append(
            "it has no selector, so whoever manages its endpoints has to add those of the other cluster. Give it a"
            " selector"
        )
    for field, clients in (("externalTrafficPolicy", "from outside"), ("internalTrafficPolicy", "in the cluster")):
        if spec.get(field) == "Local":
            problems.append(
                f"its {field} is Local, so clients {clients} never get to another cluster. Set it to Cluster, or use"
                " the method edge"
            )
    if spec.get("ports") and not any((port.get("protocol") or "TCP") == "TCP" for port in spec["ports"]):
        problems.append("it has no TCP port, and the way to its endpoints is probed by TCP connections")
    return problems


def service_warnings(service: Object) -> list[str]:
    """Behaviour that users may not expect. Each completes "Service x: ..."."""
    spec = service.get("spec") or {}
    warnings = []
    if spec.get("sessionAffinity") == "ClientIP":
        warnings.append(
            "its sessionAffinity is ClientIP: known clients stay where they are, so that shares follow clients rather"
            " than pods, and the sessions of those in the other cluster begin anew when the burst ends"
        )
    if spec.get("trafficDistribution") == "PreferSameNode":
        # topologyModeFromHints in pkg/proxy/topology.go: each endpoint needs a hint for its node
        warnings.append(
            "its trafficDistribution is PreferSameNode, which is off while it is shared: endpoints in another cluster"
            " are on none of these nodes, and one endpoint without a hint for a node switches it off for all of them"
        )
    return warnings


def chosen_ports(service: Object, wanted: str | int | None) -> tuple[list[str], str]:
    """The names of the ports to share, and an error message, which is empty if the choice is valid.

    :param wanted: name or number of a port, or ``None`` for all.
    """
    ports = (service.get("spec") or {}).get("ports") or []
    if wanted in (None, ""):
        return sorted(port.get("name") or "" for port in ports), ""
    found = [port for port in ports if str(wanted) in (port.get("name"), str(port.get("port")))]
    if not found:
        known = ", ".join(f"{port.get('name') or '(no name)'} {port.get('port')}" for port in ports) or "none"
        return [], f"it has no port {wanted!r}; it has: {known}"
    if (found[0].get("protocol") or "TCP") != "TCP":
        return [], f"its port {wanted!r} is not a TCP port, and the way to its endpoints is probed by TCP connections"
    return [found[0].get("name") or ""], ""


def port_name_problems(service: Object, other: Object, names: t.Iterable[str]) -> list[str]:
    """Ports that the other cluster's Service lacks: kube-proxy ignores slices with another port name.

    :param service: the host's.
    :param other: the member's.
    :param names: of the ports that are shared.
    """
    there = {port.get("name") or "": port for port in (other.get("spec") or {}).get("ports") or []}
    problems = []
    for port in (service.get("spec") or {}).get("ports") or []:
        name = port.get("name") or ""
        if name in set(names) and name not in there:
            known = ", ".join(repr(each) for each in sorted(there)) or "none"
            problems.append(
                f"its port {name!r} has another name in the other cluster, which has {known}. Endpoints are matched by"
                " the port's name: use the same one in both"
            )
    return problems


def readiness_request(pods: t.Iterable[Object], ports: t.Mapping[str, int | str]) -> dict[str, Object]:
    """The HTTP requests of the pods' readiness probes, by the name of the Service's port that leads there.

    Probes of other ports, commands and gRPC probes tell nothing about the path to the port. Defaults are the API's,
    SetDefaults_Probe and SetDefaults_HTTPGetAction in pkg/apis/core/v1/defaults.go.

    :param pods: those of the Service; the first one with such a probe counts.
    :param ports: target port, a number or a container port's name, by the name of the Service's port.
    """
    for pod in pods:
        found: dict[str, Object] = {}
        for container in serving_containers(pod.get("spec") or {}):
            named = {port["name"]: port["containerPort"] for port in container.get("ports") or [] if port.get("name")}
            probe = container.get("readinessProbe") or {}
            get = probe.get("httpGet") or {}
            if not get or get.get("host"):
                continue
            number = named.get(get["port"], get["port"])
            for name, target in ports.items():
                if named.get(t.cast(str, target), target) == number:
                    found[name] = {
                        "path": get.get("path") or "/",
                        "scheme": get.get("scheme") or "HTTP",
                        "headers": {entry["name"]: entry["value"] for entry in get.get("httpHeaders") or []},
                        "timeout": probe.get("timeoutSeconds") or 1,
                        "period": probe.get("periodSeconds") or 10,
                        "failures": probe.get("failureThreshold") or 3,
                    }
        if found:
            return found
    return {}


def serving_containers(spec: Object) -> list[Object]:
    """The containers of a pod whose ports a Service can have as its targets.

    Those that start first and stay are among them, FindPort in k8s.io/endpointslice/utils.go.
    """
    stay = [each for each in spec.get("initContainers") or [] if each.get("restartPolicy") == "Always"]
    return [*(spec.get("containers") or []), *stay]


def numbers_of(name: str, pods: t.Iterable[Object]) -> list[int]:
    """The numbers that a named TCP port has in pods, of which only the specifications are given."""
    return sorted(
        {
            port["containerPort"]
            for spec in pods
            for container in serving_containers(spec)
            for port in container.get("ports") or []
            if port.get("name") == name and port.get("containerPort") and port.get("protocol", "TCP") == "TCP"
        }
    )


def target_ports(service: Object) -> dict[str, int | str]:
    """Target port by name of each TCP port of a Service."""
    return {
        port.get("name") or "": port.get("targetPort") or port["port"]
        for port in (service.get("spec") or {}).get("ports") or []
        if (port.get("protocol") or "TCP") == "TCP"
    }


def unopened_ports(numbers: t.Iterable[int], ranges: t.Iterable[t.Mapping[str, int]]) -> list[int]:
    """The ports that no range of the security group opens."""
    opened = list(ranges)
    return [n for n in sorted(set(numbers)) if not any(entry["from"] <= n <= entry["to"] for entry in opened)]


def selects(selector: Object | None, labels: t.Mapping[str, str]) -> bool:
    """Whether a label selector of the API selects something with these labels; an empty one selects all."""
    selector = selector or {}
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for rule in selector.get("matchExpressions") or []:
        key, operator, values = rule["key"], rule["operator"], rule.get("values") or []
        if {
            "In": labels.get(key) not in values or key not in labels,
            "NotIn": key in labels and labels[key] in values,
            "Exists": key not in labels,
            "DoesNotExist": key in labels,
        }[operator]:
            return False
    return True


def policy_warnings(
    policies: t.Iterable[Object],
    direction: str,
    labels: t.Mapping[str, str] | None,
    networks: t.Iterable[str],
    ports: t.Collection[int] = (),
) -> list[str]:
    """NetworkPolicies that block traffic to or from the other cluster. Each completes "NetworkPolicy x: ...".

    Policies are additive: traffic that one of them allows is allowed
    (https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation).

    :param direction: ``Ingress`` or ``Egress``.
    :param labels: labels of the pods that must be reached; ``None`` checks each policy on its own.
    :param networks: networks of the other cluster.
    :param ports: TCP ports on which the pods listen, as far as they are known.
    """
    there = [ipaddress.ip_network(network, strict=False) for network in networks]
    closed: list[tuple[str, list[Object]]] = []
    for policy in policies:
        spec = policy.get("spec") or {}
        types = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
        if direction in types and (labels is None or selects(spec.get("podSelector"), labels)):
            closed.append((policy["metadata"]["name"], spec.get(direction.lower()) or []))
    together = [rule for _name, rules in closed for rule in rules]
    key = "from" if direction == "Ingress" else "to"
    warnings = []
    for name, rules in closed:
        blocked = [
            f"{network}{_on(missing)}"
            for network in there
            if (missing := _unreached(rules, key, network, ports)) is not None
            and (labels is None or _unreached(together, key, network, ports) is not None)
        ]
        if blocked:
            warnings.append(f"{name} lets nothing {key} {', '.join(blocked)}. Add an ipBlock with it")
    return warnings


def _on(ports: t.Sequence[int]) -> str:
    return f" on port {', '.join(map(str, ports))}" if ports else ""


def _unreached(
    rules: t.Iterable[Object],
    key: str,
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
    ports: t.Collection[int],
) -> list[int] | None:
    """The ports of a network that no rule lets through; none at all for all of them, ``None`` if all get through."""
    rules = list(rules)
    missing = [port for port in sorted(ports) if not _covered(network, rules, key, port)]
    if not ports:
        return None if _covered(network, rules, key, None) else []
    return None if not missing else missing if len(missing) < len(set(ports)) else []


def _covered(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network, rules: t.Iterable[Object], key: str, port: int | None
) -> bool:
    """Whether the rules for a port let a whole network through, each of them a part of it maybe."""
    allowed: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
    for rule in rules:
        if port is not None and rule.get("ports") and not any(_is_for(entry, port) for entry in rule["ports"]):
            continue
        if not rule.get(key):
            return True
        for peer in rule[key]:
            allowed += _allowed(peer.get("ipBlock") or {})
    same = t.cast("list[ipaddress.IPv4Network]", [block for block in allowed if block.version == network.version])
    return any(network.subnet_of(t.cast(t.Any, block)) for block in ipaddress.collapse_addresses(same))


def _is_for(entry: Object, port: int) -> bool:
    """Whether a port of a rule is this one. Nobody knows here which number a name stands for."""
    if entry.get("protocol", "TCP") != "TCP":
        return False
    first = entry.get("port")
    return not isinstance(first, int) or first <= port <= int(entry.get("endPort") or first)


def _allowed(block: Object) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The networks of an ipBlock: its cidr without what it excepts."""
    if not block.get("cidr"):
        return []
    found: list[t.Any] = [ipaddress.ip_network(block["cidr"], strict=False)]
    for text in block.get("except") or []:
        gone: t.Any = ipaddress.ip_network(text, strict=False)
        rest: list[t.Any] = []
        for each in found:
            if gone.version == each.version and gone.subnet_of(each):
                rest += each.address_exclude(gone)
            elif gone.version != each.version or not each.subnet_of(gone):
                rest.append(each)
        found = rest
    return found


__all__ = (
    "chosen_ports",
    "numbers_of",
    "policy_warnings",
    "port_name_problems",
    "readiness_request",
    "selects",
    "service_problems",
    "service_warnings",
    "serving_containers",
    "target_ports",
    "unopened_ports",
)
