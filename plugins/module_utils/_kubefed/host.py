# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Reads and writes KubeFed's objects on its host cluster."""

from __future__ import annotations

import typing as t

from .._kube.client import Client
from .._kube.errors import ApiError, Unreachable
from .._kube.objects import Object
from .._kube.parallel import each
from .._kube.paths import resource_path
from .._runtime.errors import FederationError
from .._runtime.wait import PollResult, Waiter
from .api import CORE_GROUP, CORE_VERSION, path_of

Outcome = t.TypeVar("Outcome")


def scope_of(host: Client, namespace: str) -> str:
    """``Cluster`` or ``Namespaced``, from the KubeFedConfig.

    :raises FederationError: KubeFed is not installed.
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


def federated_to(host: Client, namespace: str, cluster: str) -> list[str]:
    """Kinds and names of the federated objects that KubeFed has put into a cluster, by their status."""
    return sorted(
        f"{item['kind']} {item['metadata']['namespace']}/{item['metadata']['name']}"
        for item in federated(host, namespace)
        if cluster in [entry["name"] for entry in (item.get("status") or {}).get("clusters") or []]
    )


def federated(host: Client, namespace: str) -> list[Object]:
    """The federated objects of all types that KubeFed propagates; none where KubeFed is not installed."""
    try:
        # In scope Namespaced there is nothing of it elsewhere, but there may be another KubeFed that knows the cluster
        inside = namespace if scope_of(host, namespace) == "Namespaced" else None
    except ApiError:
        raise
    except FederationError:
        return []
    types = [config["spec"]["federatedType"] for config in type_configs(host, namespace)]
    paths = [resource_path(type_["group"], type_["version"], type_["pluralName"], namespace=inside) for type_ in types]
    return [
        {"apiVersion": f"{type_['group']}/{type_['version']}", "kind": type_["kind"], **item}
        for type_, items in zip(types, each(host.list, paths))
        for item in items
    ]


def through_webhook(waiter: Waiter, call: t.Callable[[], Outcome]) -> Outcome:
    """Retry a call until KubeFed's admission webhook is up: its failurePolicy is Fail."""
    answer: list[Outcome] = []
    lost: list[Unreachable] = []

    def poll() -> PollResult:
        try:
            answer.append(call())
        except ApiError as error:
            if error.status >= 500 and "failed calling webhook" in error.message:
                return PollResult(False, error.message)
            raise
        except Unreachable as error:
            # The call may have succeeded: whoever repeats it has to check first
            lost.append(error)
        return PollResult(True)

    waiter.until("KubeFed's admission webhook", poll, sleep=2)
    if lost:
        raise lost[0]
    return answer[0]


__all__ = (
    "clusters",
    "federated",
    "federated_to",
    "scope_of",
    "through_webhook",
    "type_configs",
)
