# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Sharing Services with the member, draining it, and taking all of it away again, from whatever an earlier try left."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, field

from .._kube.objects import Object, decoded
from .._kube.openshift import is_openshift
from .._kube.paths import resource_path
from .._kubefed.api import path_of
from .._runtime.errors import FederationError, InvalidOption, WaitTimeout
from .._runtime.wait import PollResult, Waiter
from . import checks, keeper, manifests
from .clusters import Cluster

ZONE_LABEL = "topology.kubernetes.io/zone"
# Whose pods may run as any user but root, of an image whose own user is root
NOBODY = 65534
# Seconds that the keeper gets to drain; it looks every second. And for every kube-proxy to have read a slice: it takes
# them up once a second at most (minSyncPeriod in KubeProxyConfiguration)
KEEPER_SECONDS = 6.0
PROXY_SECONDS = 2.0


@dataclass(frozen=True)
class Request:
    """What is asked for.

    :ivar burst: the member's name in the federation.
    :ivar namespace: KubeFed's.
    :ivar services: each with ``namespace``, ``service`` and ``port``.
    :ivar image: of the keeper.
    :ivar opened_ports: ranges of TCP ports that the member's nodes accept; ``None`` where nobody knows.
    :ivar host_networks: where the host's nodes and pods are.
    :ivar member_networks: where the member's pods are.
    :ivar force: whether to drain what nobody else serves.
    """

    burst: str
    namespace: str
    services: t.Sequence[Object] = ()
    image: str = ""
    opened_ports: t.Sequence[t.Mapping[str, int]] | None = None
    host_networks: t.Sequence[str] = ()
    member_networks: t.Sequence[str] = ()
    force: bool = False


@dataclass
class Facts:
    """What both clusters have, and what is wrong with it.

    :ivar services: as the keeper's configuration has them.
    :ivar access: how the keeper reaches the member.
    """

    services: list[Object] = field(default_factory=list)
    zones: list[str] = field(default_factory=list)
    access: Object = field(default_factory=dict)
    user: int | None = NOBODY
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def check_request(request: Request) -> None:
    """Reject what cannot be, without asking any cluster.

    :raises InvalidOption: with option, value and what is allowed.
    """
    seen = set()
    for entry in request.services:
        key = (entry["namespace"], entry["service"])
        if key in seen:
            raise InvalidOption(f"services has {'/'.join(key)} twice; name each Service once.")
        seen.add(key)


# -- present ----------------------------------------------------------------------------------------------------------


def read_facts(request: Request, host: Cluster, member: Cluster) -> Facts:
    """Read what both clusters have. Nothing is written, yet."""
    facts = Facts()
    registered = host.client.get(path_of("KubeFedCluster", request.namespace, request.burst))
    if registered is None:
        facts.problems.append(
            f"{request.burst} is not a member of the federation in {request.namespace}; join it first"
        )
    else:
        facts.access = manifests.member_access(registered)
        scheme = facts.access["proxy"].partition("://")[0]
        if scheme not in ("", "http"):
            facts.problems.append(
                f"the KubeFedCluster {request.burst} has a proxy by {scheme}; the keeper of the endpoints can use one"
                " by http only"
            )
    nodes = host.client.list(resource_path("", "v1", "nodes"), metadata_only=True)
    zones = {(node["metadata"].get("labels") or {}).get(ZONE_LABEL) for node in nodes}
    facts.zones = sorted(zone for zone in zones if zone)
    if is_openshift(host.client):
        facts.user = None
    ports: dict[str, set[int]] = {}
    for entry in request.services:
        ports.setdefault(entry["namespace"], set()).update(_read_service(request, entry, host, member, facts))
    for namespace in sorted({entry["namespace"] for entry in request.services}):
        policies = host.list("NetworkPolicy", namespace)
        facts.warnings += [
            f"NetworkPolicy {namespace}/{text}, or what it applies to does not reach {request.burst}"
            for text in checks.policy_warnings(policies, "Egress", None, request.member_networks, ports[namespace])
        ]
    return facts


def _read_service(request: Request, entry: Object, host: Cluster, member: Cluster, facts: Facts) -> set[int]:
    """Read one Service; the TCP ports on which its pods listen."""
    namespace, name = entry["namespace"], entry["service"]
    where = f"Service {namespace}/{name}"
    service, other = host.get("Service", namespace, name), member.get("Service", namespace, name)
    for found, label in ((service, host.client.label), (other, member.client.label)):
        if found is None:
            facts.problems.append(f"{where}: {label} has none; place it on both clusters with burst_apps")
    if service is None or other is None:
        return set()
    ports, problem = checks.chosen_ports(service, entry.get("port"))
    problems = [*checks.service_problems(service), *([problem] if problem else [])]
    problems += checks.port_name_problems(service, other, ports)
    there = keeper.endpoints_of(member.list("EndpointSlice", namespace, f"{keeper.SERVICE_LABEL}={name}"), ports)
    numbers = {port.number for endpoint in there.values() for port in endpoint.ports if port.protocol == "TCP"}
    if request.opened_ports is not None:
        problems += [
            f"its pods in {request.burst} listen on port {number}, which burst_ports does not open to the data centre."
            f" Add {{from: {number}, to: {number}}} there"
            for number in checks.unopened_ports(numbers, request.opened_ports)
        ]
    facts.problems += [f"{where}: {text}" for text in problems]
    if problems:
        return numbers
    labels = other["spec"].get("selector") or {}
    facts.warnings += [f"{where}: {text}" for text in checks.service_warnings(service)]
    facts.warnings += [
        f"NetworkPolicy {namespace}/{text} in {request.burst}, or {name} is not reached from the data centre"
        for text in checks.policy_warnings(
            member.list("NetworkPolicy", namespace), "Ingress", labels, request.host_networks, numbers
        )
    ]
    pods = member.list("Pod", namespace, ",".join(f"{key}={value}" for key, value in sorted(labels.items())))
    newest = sorted(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp")), reverse=True)
    targets = {port: target for port, target in checks.target_ports(other).items() if port in ports}
    facts.services.append(
        {
            "namespace": namespace,
            "service": name,
            "ports": ports,
            "requests": checks.readiness_request(newest, targets),
        }
    )
    return numbers


def check_facts(facts: Facts, option: str = "services") -> None:
    """Reject what cannot work, all of it at once.

    :raises InvalidOption: with what to do.
    """
    if facts.problems:
        raise InvalidOption(f"{option}: {'; '.join(facts.problems)}.")


def share(request: Request, facts: Facts, host: Cluster, member: Cluster, waiter: Waiter, program: str) -> None:
    """Set the keeper up; it publishes the endpoints by itself.

    The configuration comes first: it is what a run that takes everything away looks for.
    """
    namespaces = sorted({entry["namespace"] for entry in facts.services})
    content = manifests.configuration(request.burst, manifests.SHIFTED, facts.services, facts.zones)
    before = manifests.read_configuration(host.get("ConfigMap", request.namespace, manifests.name_of(request.burst)))
    if not before:
        host.apply(manifests.configuration_manifest(request.burst, request.namespace, {**content, "services": []}))
    for manifest in manifests.member_manifests(request.burst, request.namespace, namespaces):
        member.apply(manifest)
    token = _token(request, member, waiter)
    for manifest in manifests.host_manifests(
        request.burst,
        request.namespace,
        namespaces,
        image=request.image,
        program=program,
        access=facts.access,
        token=token,
        user=facts.user,
    ):
        host.apply(manifest)
    host.apply(manifests.configuration_manifest(request.burst, request.namespace, content))
    _remove_obsolete(request, host, member, {(e["namespace"], e["service"]) for e in facts.services})


def _token(request: Request, member: Cluster, waiter: Waiter) -> str:
    name = manifests.name_of(request.burst)
    found: list[str] = []

    def poll() -> PollResult:
        found[:] = [decoded(member.get("Secret", request.namespace, name), "token")]
        # In check mode nobody fills what is not there
        done = bool(found[0]) or member.check_mode
        return PollResult(done, f"{member.client.label} has not filled the Secret {name}")

    waiter.until("the token for the keeper", poll, sleep=0.5)
    return found[0]


def _remove_obsolete(request: Request, host: Cluster, member: Cluster, wanted: t.Collection[tuple[str, str]]) -> None:
    """Take away what is there for Services that are not shared any more."""
    slices = [
        item
        for item in our_slices(request, host)
        if (item["metadata"]["namespace"], item["metadata"]["labels"][keeper.SERVICE_LABEL]) not in wanted
    ]
    _remove_slices(host, slices)
    namespaces = {namespace for namespace, _name in wanted}
    _remove_roles(request, host, namespaces | {request.namespace})
    _remove_roles(request, member, namespaces)


def wait_shared(request: Request, facts: Facts, host: Cluster, member: Cluster, waiter: Waiter) -> None:
    """Wait until everything that is ready in the member gets its share of the traffic."""

    def poll() -> PollResult:
        lacking: list[str] = []
        published = our_slices(request, host)
        for entry in facts.services:
            wanted = _ready(member.list("EndpointSlice", entry["namespace"], _of_service(entry)), entry["ports"])
            got = _ready([item for item in published if _is_of(item, entry)], entry["ports"])
            lacking += [f"{entry['service']} {address}" for address in sorted(wanted - got)]
        if not lacking:
            return PollResult(True)
        pods = host.list("Pod", request.namespace, manifests.role_selector(request.burst))
        return PollResult(False, "; ".join([*_pod_states(pods), f"not ready yet: {', '.join(lacking[:10])}"]))

    try:
        waiter.until(f"the endpoints in {request.burst} to answer the keeper", poll, sleep=1)
    except WaitTimeout as error:
        raise WaitTimeout(
            f"{error.message}. The keeper's pods are {manifests.name_of(request.burst)} in namespace"
            f" {request.namespace} of the host cluster, and their logs say what they reach. Check the routes"
            " between the pods of both clusters, the security group of the nodes and NetworkPolicies.",
            **error.details,
        ) from error


def _pod_states(pods: t.Iterable[Object]) -> list[str]:
    """Why pods of the keeper do not run."""
    texts = []
    for pod in pods:
        status = pod.get("status") or {}
        states = [(found.get("state") or {}).get("waiting") or {} for found in status.get("containerStatuses") or []]
        reasons = [f"{state.get('reason')}: {state.get('message', '')}" for state in states if state.get("reason")]
        if not reasons and status.get("phase") == "Pending":
            reasons = [c["message"] for c in status.get("conditions") or [] if c.get("message")]
        texts += [f"pod {pod['metadata']['name']}: {reason}" for reason in reasons[:1]]
    return texts


def described(request: Request, host: Cluster) -> list[Object]:
    """What is published, for the task's result."""
    found: dict[tuple[str, str], list[keeper.Endpoint]] = {}
    for item in our_slices(request, host):
        key = (item["metadata"]["namespace"], item["metadata"]["labels"][keeper.SERVICE_LABEL])
        found.setdefault(key, []).extend(keeper.endpoints_of([item], None).values())
    return [
        {
            "namespace": namespace,
            "service": service,
            "endpoints": [
                {
                    "address": endpoint.address,
                    "ports": [port.number for port in endpoint.ports],
                    "ready": endpoint.ready,
                    "serving": endpoint.serving,
                    "terminating": endpoint.terminating,
                }
                for endpoint in sorted(endpoints)
            ],
        }
        for (namespace, service), endpoints in sorted(found.items())
    ]


# -- drained ----------------------------------------------------------------------------------------------------------


def drain(request: Request, host: Cluster, waiter: Waiter) -> None:
    """Have no new connection go to the member, unless there is nobody else who serves.

    The keeper does it. Where there is none, or it does not do it in time, it is done here.

    :raises FederationError: when the host has no ready endpoint of its own for a Service, before any change.
    """
    deserted = [] if request.force else _deserted(request, host)
    if deserted:
        raise FederationError(
            f"Nothing was drained: {', '.join(deserted)} in the host cluster has no ready endpoint but those of"
            f" {request.burst}, so its customers would reach nobody. Bring a pod up there and run this again, or set"
            " force."
        )
    found = host.get("ConfigMap", request.namespace, manifests.name_of(request.burst))
    content = manifests.read_configuration(found)
    if content and content.get("state") != manifests.DRAINED:
        content = {**content, "state": manifests.DRAINED}
        host.apply(manifests.configuration_manifest(request.burst, request.namespace, content))
    until = time.monotonic() + min(KEEPER_SECONDS, waiter.remaining)
    while not host.check_mode and time.monotonic() < until and _undrained(our_slices(request, host)):
        time.sleep(0.5)
    if _flip(host, our_slices(request, host)):
        _pause(host, PROXY_SECONDS)


def _deserted(request: Request, host: Cluster) -> list[str]:
    """The Services whose customers are served by the member alone."""
    found = []
    for item in _undrained(our_slices(request, host)):
        namespace, name = item["metadata"]["namespace"], item["metadata"]["labels"][keeper.SERVICE_LABEL]
        others = host.list("EndpointSlice", namespace, _of_service({"service": name}))
        if item["endpoints"] and not any(each.ready for each in keeper.endpoints_of(others, None).values()):
            found.append(f"Service {namespace}/{name}")
    return sorted(set(found))


def drained_targets(request: Request, host: Cluster) -> list[str]:
    """Where connections may still lead: address and port of each endpoint."""
    endpoints = keeper.endpoints_of(our_slices(request, host), None).values()
    targets = {(e.address, port.number) for e in endpoints for port in e.ports if port.protocol == "TCP"}
    return [f"[{address}]:{port}" if ":" in address else f"{address}:{port}" for address, port in sorted(targets)]


def _undrained(slices: t.Iterable[Object]) -> list[Object]:
    return [
        item
        for item in slices
        if any((entry.get("conditions") or {}).get("ready") is not False for entry in item.get("endpoints") or [])
    ]


def _flip(host: Cluster, slices: t.Iterable[Object]) -> bool:
    """Make endpoints terminating; whether any was not."""
    found = _undrained(slices)
    for item in found:
        endpoints = [
            {**entry, "conditions": {"ready": False, "serving": True, "terminating": True}}
            if (entry.get("conditions") or {}).get("ready") is not False
            else entry
            for entry in item["endpoints"]
        ]
        host.merge("EndpointSlice", item, {"endpoints": endpoints})
    return bool(found)


# -- absent -----------------------------------------------------------------------------------------------------------


def clean_member(request: Request, host: Cluster, member: Cluster | None, no_member: str) -> list[str]:
    """Remove what the keeper has in the member, if the host knows of a keeper.

    :param member: ``None`` where there is no way to it.
    :param no_member: why.
    :returns: what was not removed, as lines for the user.
    """
    if not _known(request, host):
        return []
    try:
        if member is None:
            raise FederationError(no_member)
        _remove_roles(request, member, ())
        for kind, namespace, name in manifests.member_leftovers(request.burst, request.namespace):
            member.delete(kind, namespace, name)
    except FederationError as error:
        name = manifests.name_of(request.burst)
        return [f"service account, token, roles and bindings {name} in {request.burst}: {error.message}"]
    return []


def clean_host(request: Request, host: Cluster, waiter: Waiter) -> None:
    """Take everything away from the host.

    The keeper loses its rights for the slices first, so that it cannot write them again. What is still shared is
    drained before it goes. What tells that there was a keeper goes last.
    """
    name = manifests.name_of(request.burst)
    _remove_roles(request, host, {request.namespace})
    _remove_slices(host, our_slices(request, host))
    _remove_roles(request, host, ())
    last = [("ConfigMap", request.namespace, name), ("Lease", request.namespace, name)]
    leftovers = [found for found in manifests.host_leftovers(request.burst, request.namespace) if found not in last]
    for kind, namespace, each in leftovers:
        host.delete(kind, namespace, each)
    _wait_gone(request, host, waiter)
    for kind, namespace, each in reversed(last):
        host.delete(kind, namespace, each)


def _known(request: Request, host: Cluster) -> bool:
    return any(
        host.get(kind, namespace, name) is not None
        for kind, namespace, name in manifests.host_leftovers(request.burst, request.namespace)
    )


def _wait_gone(request: Request, host: Cluster, waiter: Waiter) -> None:
    """Wait until the keeper's pods have ended: one of them could write the Lease again."""
    if host.check_mode:
        return

    def poll() -> PollResult:
        pods = host.list("Pod", request.namespace, manifests.role_selector(request.burst))
        return PollResult(not pods, f"there are still {', '.join(pod['metadata']['name'] for pod in pods)}")

    waiter.until("the keeper's pods to end", poll, sleep=1)


def _remove_slices(host: Cluster, slices: t.Sequence[Object]) -> None:
    if _flip(host, slices):
        _pause(host, PROXY_SECONDS)
    for item in slices:
        host.delete("EndpointSlice", item["metadata"]["namespace"], item["metadata"]["name"])


def _remove_roles(request: Request, cluster: Cluster, but: t.Collection[str]) -> None:
    """Remove roles and their bindings from all namespaces but these."""
    for kind in ("RoleBinding", "Role"):
        for item in cluster.list(kind, None, manifests.role_selector(request.burst)):
            if item["metadata"]["namespace"] not in but:
                cluster.delete(kind, item["metadata"]["namespace"], item["metadata"]["name"])


# -- shared -----------------------------------------------------------------------------------------------------------


def our_slices(request: Request, host: Cluster) -> list[Object]:
    """The slices of this burst, in all namespaces."""
    found = host.list("EndpointSlice", None, manifests.slice_selector(request.burst))
    return sorted(found, key=lambda item: (item["metadata"]["namespace"], item["metadata"]["name"]))


def _ready(slices: t.Iterable[Object], ports: t.Collection[str]) -> set[str]:
    return {endpoint.address for endpoint in keeper.endpoints_of(slices, ports).values() if endpoint.ready}


def _of_service(entry: Object) -> str:
    return f"{keeper.SERVICE_LABEL}={entry['service']},{keeper.MANAGED_BY_LABEL}!={keeper.MANAGED_BY}"


def _is_of(item: Object, entry: Object) -> bool:
    metadata = item["metadata"]
    return (metadata["namespace"], metadata["labels"][keeper.SERVICE_LABEL]) == (entry["namespace"], entry["service"])


def _pause(host: Cluster, seconds: float) -> None:
    if not host.check_mode:
        time.sleep(seconds)


__all__ = (
    "Facts",
    "Request",
    "check_facts",
    "check_request",
    "clean_host",
    "clean_member",
    "described",
    "drain",
    "drained_targets",
    "read_facts",
    "share",
    "wait_shared",
)
