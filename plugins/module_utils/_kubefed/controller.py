# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""KubeFed's controller manager on the host: whether it runs, and where its pods are."""

from __future__ import annotations

import shutil
import typing as t
from datetime import UTC, datetime, timedelta

from .._kube.client import Client
from .._kube.errors import ApiError
from .._kube.objects import Object
from .._kube.paths import resource_path
from .._kube.workloads import CRASHES, held_up, trouble
from .._runtime.errors import TerminalState

# The kubelet starts a container again after five minutes at the latest
_KILLED_LATELY = timedelta(minutes=6)


def _pods(host: Client, namespace: str) -> list[Object]:
    path = resource_path("", "v1", "pods", namespace=namespace)
    return host.list(path, labelSelector="kubefed-control-plane=controller-manager")


def pod_addresses(host: Client, namespace: str) -> list[str]:
    """Addresses and nodes of the pods that connect to the members, for whoever configures a firewall."""
    return sorted(
        f"{pod['status']['podIP']} on node {pod['spec'].get('nodeName')}"
        for pod in _pods(host, namespace)
        if (pod.get("status") or {}).get("podIP")
    )


def controller_outage(host: Client, namespace: str, *, waiting: bool = True) -> str:
    """Why KubeFed's controller manager is down, so that what it has reported is outdated; empty if it runs.

    :param waiting: whether it still has something to do, so that it matters if it is killed again and again.
    :raises TerminalState: it is scaled to zero, or runs out of memory again and again.
    """
    name = "kubefed-controller-manager"
    try:
        found = _pods(host, namespace) if waiting else []
        hunger = out_of_memory(found, datetime.now(UTC))
        deployment = host.get(resource_path("apps", "v1", "deployments", namespace=namespace, name=name))
        if hunger:
            raise TerminalState(hunger)
        if deployment is None or not controller_trouble(deployment, ""):
            return ""
        found = found or _pods(host, namespace)
    except ApiError as error:
        if error.status == 403:
            # Only a hint, for which permissions may be missing
            return ""
        raise
    message = controller_trouble(deployment, trouble(found).message or held_up(found))
    if (deployment.get("spec") or {}).get("replicas") == 0:
        raise TerminalState(f"{message}, and then this again.")
    return message


def controller_trouble(deployment: Object, trouble: str) -> str:
    """Why KubeFed's controller manager does not run, and what to do; empty when one of its pods is ready.

    :param deployment: of the controller manager.
    :param trouble: what its pods say.
    """
    if (deployment.get("status") or {}).get("readyReplicas"):
        return ""
    metadata, wanted = deployment["metadata"], (deployment.get("spec") or {}).get("replicas", 1)
    where = f"{_command()} --namespace {metadata['namespace']}"
    if wanted == 0:
        return (
            f"KubeFed's controller is not running: deployment {metadata['name']} is scaled to 0. Run: {where} scale "
            f"deployment {metadata['name']} --replicas=2"
        )
    return (
        f"KubeFed's controller is not running: of the {wanted} pods of deployment {metadata['name']} none is ready: "
        f"{trouble or f'look at {where} get pods'}"
    )


def _command() -> str:
    """The command for the user: on OpenShift, there may be only oc, which takes the same arguments."""
    return "oc" if shutil.which("oc") and not shutil.which("kubectl") else "kubectl"


def out_of_memory(pods: t.Iterable[Object], now: datetime) -> str:
    """The message about a controller manager that runs out of memory again and again, or an empty string.

    It has to hold everything that is federated, and each of its pods begins with all of it (kubefed#1235). If one was
    killed a minute ago, the next one will be, too.

    :param pods: of the controller manager.
    :param now: with its time zone.
    """
    for pod in pods:
        limits = {
            container["name"]: ((container.get("resources") or {}).get("limits") or {}).get("memory")
            for container in (pod.get("spec") or {}).get("containers") or []
        }
        for container in (pod.get("status") or {}).get("containerStatuses") or []:
            for state in ("state", "lastState"):
                ended = (container.get(state) or {}).get("terminated") or {}
                count = int(container.get("restartCount") or 0) + (state == "state")
                if ended.get("reason") != "OOMKilled" or count < CRASHES:
                    continue
                if now - _moment(str(ended.get("finishedAt"))) <= _KILLED_LATELY:
                    limit = limits.get(container.get("name"))
                    return (
                        "KubeFed's controller manager exceeds its memory limit: pod"
                        f" {pod['metadata']['name']} has exited {count} times, and was last killed at"
                        f" {ended['finishedAt']}, with {f'a limit of {limit}' if limit else 'no limit of its own'}."
                        " Raise kubefed_host_memory_limit and run the role kubefed_host, then this again."
                    )
    return ""


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


__all__ = ("controller_outage", "controller_trouble", "out_of_memory", "pod_addresses")
