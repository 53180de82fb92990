# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be said of an overflow without a lab. Pure functions."""

from __future__ import annotations

import typing as t

# In this order
EVENTS = ("pressure", "up_begins", "up_ends", "running", "idle", "down_begins", "down_ends")
# Of a watch that is killed
KILLED_EVENTS = ("up_begins", "up_ends", "running", "down_begins", "down_ends")
REPLICAS = 12
AT_HOME = 5
# Six find room on a node of the burst, beside CoreDNS: two nodes for what earth cannot run, and three for more
NODES = 2
MORE = 20
MORE_NODES = 3
# Of which burst all of them find room at home, with the margin
FEWER = 3
NAMESPACE = "overflow"
NAME = "web"


def thousandths(quantity: str) -> int:
    """Cpu in thousandths of a core."""
    return int(quantity[:-1]) if quantity.endswith("m") else int(float(quantity) * 1000)


def request(free: int) -> int:
    """What each pod requests of the cpu, in thousandths, so that earth takes :data:`AT_HOME` and not one more.

    :param free: what earth has free, in thousandths.
    """
    return int(free / (AT_HOME + 0.5))


def application(cpu: int) -> list[dict[str, t.Any]]:
    """The user's application: a Deployment and a NodePort Service.

    :param cpu: what each pod requests, in thousandths.
    """
    labels = {"app": NAME}
    container = {
        "name": "httpbin",
        "image": "docker.io/kennethreitz/httpbin",
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": 80}],
        "readinessProbe": {"httpGet": {"path": "/get", "port": 80}, "periodSeconds": 2},
        "resources": {"requests": {"cpu": f"{cpu}m"}},
        # It is taken out of the Service before it ends. The image has no command sleep.
        "lifecycle": {"preStop": {"sleep": {"seconds": 3}}},
    }
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": NAME},
            "spec": {
                "replicas": REPLICAS,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": NAME},
            "spec": {"type": "NodePort", "selector": labels, "ports": [{"name": "http", "port": 80}]},
        },
    ]


def variables(cpu: int, host: str, burst: str) -> dict[str, t.Any]:
    """The variables of the burst: the lab's own, but for these. A peak here takes minutes, not hours."""
    app = {"namespace": NAMESPACE, "placement": [host, burst], "overflow": True, "resources": application(cpu)}
    return {
        "burst_apps": [app],
        "burst_node_count": "auto",
        "burst_node_min": 1,
        "burst_node_max": MORE_NODES,
        "burst_watch_pending_seconds": 5,
        "burst_watch_idle_seconds": 10,
        "burst_watch_idle_margin_percent": 5,
        "burst_watch_lifetime_seconds": 0,
        # Longer than a run takes until it has the lock: until then, nobody knows that it is under way
        "burst_watch_retry_seconds": 120,
        "burst_watch_interval": 2,
    }


def missing(events: t.Sequence[t.Mapping[str, t.Any]], wanted: t.Sequence[str] = EVENTS) -> list[str]:
    """What did not happen, or not in its turn."""
    seen = [str(event["name"]) for event in events]
    return [name for index, name in enumerate(wanted) if index >= len(seen) or seen[index] != name]


__all__ = (
    "AT_HOME",
    "EVENTS",
    "FEWER",
    "KILLED_EVENTS",
    "MORE",
    "MORE_NODES",
    "NAME",
    "NAMESPACE",
    "NODES",
    "REPLICAS",
    "application",
    "missing",
    "request",
    "thousandths",
    "variables",
)
