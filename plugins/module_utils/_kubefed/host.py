# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""KubeFed on its host cluster: what is read from it and how it is written to."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone

from .._kube.client import ApiError, Client, Object, Unreachable, each, resource_path
from .._kube.objects import lingering
from .._runtime.errors import FederationError, TerminalState
from .._runtime.wait import State, Waiter
from .api import CORE_GROUP, CORE_VERSION, path_of
from .status import controller_trouble, out_of_memory
from .waiting.workloads import held_up, trouble

Outcome = t.TypeVar("Outcome")


def scope_of(host: Client, namespace: str) -> str:
    """``Cluster`` or ``Namespaced``, from the KubeFedConfig.

    :raises FederationError: when KubeFed is not there.
    """
    config = host.get(path_of("KubeFedConfig", namespace, "kubefed"))
    if config is None:
        raise FederationError(
            f"{host.label}: KubeFed is not installed in namespace {namespace}: it has no KubeFedConfig named kubefed."
            " Install KubeFed there first, or set kubefed_namespace.",
            kubefed_installed=False,
        )
    return str((config.get("spec") or {}).get("scope") or "Cluster")


def clusters(host: Client, namespace: str) -> dict[str, Object]:
    """The KubeFedClusters by name."""
    return {item["metadata"]["name"]: item for item in host.list(path_of("KubeFedCluster", namespace))}


def type_configs(host: Client, namespace: str) -> list[Object]:
    """The FederatedTypeConfigs: the types that KubeFed propagates."""
    return host.list(resource_path(CORE_GROUP, CORE_VERSION, "federatedtypeconfigs", namespace=namespace))


def _pods(host: Client, namespace: str) -> list[Object]:
    path = resource_path("", "v1", "pods", namespace=namespace)
    return host.list(path, labelSelector="kubefed-control-plane=controller-manager")


def pods(host: Client, namespace: str) -> list[str]:
    """Addresses of the pods that reach out to the members, with their nodes, as a firewall's owner wants to know."""
    return sorted(
        f"{pod['status']['podIP']} on node {pod['spec'].get('nodeName')}"
        for pod in _pods(host, namespace)
        if (pod.get("status") or {}).get("podIP")
    )


def silence(host: Client, namespace: str, *, waiting: bool = True) -> str:
    """Why KubeFed's controller manager says nothing more, so that what it has said is old; empty when it runs.

    :param waiting: whether it has yet to do something, so that one which is killed again and again matters.
    :raises TerminalState: somebody has scaled it to nothing, or it is killed for want of memory again and again.
    """
    name = "kubefed-controller-manager"
    try:
        found = _pods(host, namespace) if waiting else []
        hunger = out_of_memory(found, datetime.now(timezone.utc))
        deployment = host.get(resource_path("apps", "v1", "deployments", namespace=namespace, name=name))
        if hunger:
            raise TerminalState(hunger)
        if deployment is None or not controller_trouble(deployment, ""):
            return ""
        found = found or _pods(host, namespace)
    except ApiError as error:
        if error.status == 403:
            # A help, for which the right may be missing
            return ""
        raise
    told = controller_trouble(deployment, trouble(found).message or held_up(found))
    if (deployment.get("spec") or {}).get("replicas") == 0:
        raise TerminalState(f"{told}, and then this again.")
    return told


def gone(client: Client, path: str) -> State:
    """Whether an object that was to be deleted is gone, and why not."""
    found = client.get(path)
    return State(found is None, lingering(found) if found else "")


def federated_to(host: Client, namespace: str, cluster: str) -> list[str]:
    """Kinds and names of the federated objects which KubeFed says it has put into a cluster."""
    try:
        # In scope Namespaced there is nothing of it elsewhere, but there may be another KubeFed that knows the cluster
        inside = namespace if scope_of(host, namespace) == "Namespaced" else None
    except ApiError:
        raise
    except FederationError:
        return []
    types = [config["spec"]["federatedType"] for config in type_configs(host, namespace)]
    paths = [resource_path(type_["group"], type_["version"], type_["pluralName"], namespace=inside) for type_ in types]
    found = []
    for type_, items in zip(types, each(host.list, paths)):
        for item in items:
            if cluster in [entry["name"] for entry in (item.get("status") or {}).get("clusters") or []]:
                found.append(f"{type_['kind']} {item['metadata']['namespace']}/{item['metadata']['name']}")
    return sorted(found)


def through_webhook(waiter: Waiter, call: t.Callable[[], Outcome]) -> Outcome:
    """Call, and call again while KubeFed's admission webhook is not up yet: its failurePolicy is Fail."""
    answer: list[Outcome] = []
    lost: list[Unreachable] = []

    def poll() -> State:
        try:
            answer.append(call())
        except ApiError as error:
            if error.status >= 500 and "failed calling webhook" in error.message:
                return State(False, error.message)
            raise
        except Unreachable as error:
            # It may have been done: who calls again has to look first
            lost.append(error)
        return State(True)

    waiter.until("KubeFed's admission webhook", poll, sleep=2)
    if lost:
        raise lost[0]
    return answer[0]


__all__ = (
    "clusters",
    "federated_to",
    "gone",
    "pods",
    "scope_of",
    "silence",
    "through_webhook",
    "type_configs",
)
