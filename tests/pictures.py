# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draws the pictures of bursts that the documentation shows, with the code that burst_status.yml draws them with.

`python tests/pictures.py` writes them to docs/docsite/rst/images.
"""

from __future__ import annotations

import importlib
import sys
import typing as t
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
IMAGES = CHECKOUT / "docs" / "docsite" / "rst" / "images"
TEMPLATES = CHECKOUT / "playbooks" / "templates"

Answers = dict[str, t.Any]


def _node(name: str, said: str = "") -> Answers:
    condition = {"type": "Ready", "status": "False" if said else "True", "message": said}
    return {"metadata": {"name": name}, "status": {"conditions": [condition]}}


def _member(name: str, said: str = "") -> Answers:
    ready = {"type": "Ready", "status": "True", "reason": "ClusterReady", "message": "/healthz responded with ok"}
    offline = {"type": "Offline", "status": "True", "reason": "ClusterNotReachable", "message": said}
    return {"metadata": {"name": name}, "status": {"conditions": [offline if said else ready]}}


def _federated(kind: str, name: str, **there: str) -> Answers:
    return {
        "kind": f"Federated{kind}",
        "metadata": {"namespace": "httpbin", "name": name},
        "spec": {"placement": {"clusters": [{"name": "earth"}, {"name": "vulcan"}]}},
        "status": {"clusters": [{"name": cluster, "status": status} for cluster, status in there.items()]},
    }


def _tunnel(number: int, state: str) -> str:
    device = f", vpn-vulcan-{number}" if state == "up" else ""
    return f"tunnel {number} (203.0.113.{19 + number}{device}) is {state}, its service is active"


def _answers(**other: t.Any) -> Answers:
    """What the systems say of a burst that works, but for what is given."""
    kinds = (("Namespace", "httpbin"), ("Deployment", "httpbin"), ("Service", "httpbin"))
    return {
        "name": "vulcan",
        "region": "eu-central-1",
        "host_name": "earth",
        "asked": "2026-11-27T08:00:00Z",
        "stacks": {"cloudburst-vulcan": "CREATE_COMPLETE"},
        "tunnel_ends": [
            {"outside_ip_address": f"203.0.113.{end}", "status": "UP", "status_message": ""} for end in (20, 21)
        ],
        "costs": {
            "running": [
                {"what": "EKS cluster", "hourly_cost": 0.1},
                {"what": "2 nodes t3.large", "hourly_cost": 0.19},
                {"what": "VPN connection", "hourly_cost": 0.05},
            ],
            "hourly_cost": 0.34,
            "prices": "list prices of eu-central-1 in June 2026",
        },
        "members": {"resources": [_member("earth"), _member("vulcan")]},
        "host_nodes": {"resources": [_node("earth")]},
        "extension_nodes": {"resources": [_node("ip-10-11-0-4"), _node("ip-10-11-1-7")]},
        "federated": [{"resources": [_federated(kind, name, earth="", vulcan="") for kind, name in kinds]}],
        "tunnels": {"fw": [_tunnel(1, "up"), _tunnel(2, "up")]},
        "routes": {"fw": ["10.11.0.0/16 dev vpn-vulcan-1"], "earth": ["10.11.0.0/16 via 10.10.0.1"]},
        **other,
    }


BURSTS = {
    "burst_works": _answers(),
    "burst_tunnel_down": _answers(
        tunnel_ends=[
            {"outside_ip_address": "203.0.113.20", "status": "UP", "status_message": ""},
            {"outside_ip_address": "203.0.113.21", "status": "DOWN", "status_message": "IPSEC IS DOWN"},
        ],
        tunnels={"fw": [_tunnel(1, "up"), _tunnel(2, "down")]},
    ),
    "burst_node_not_ready": _answers(
        extension_nodes={
            "resources": [_node("ip-10-11-0-4"), _node("ip-10-11-1-7", "Kubelet stopped posting node status.")]
        },
    ),
    "burst_stack_rolls_back": _answers(
        stacks={"cloudburst-vulcan": "ROLLBACK_IN_PROGRESS"},
        members={"resources": [_member("earth"), _member("vulcan", "cluster is not reachable")]},
        extension_nodes={},
        federated=[{"resources": [_federated("Deployment", "httpbin", earth="", vulcan="ClusterNotReady")]}],
    ),
}


def draw(answers: Answers) -> str:
    """The picture of a burst, as SVG."""
    drawing = importlib.import_module("ansible_collections.cloudburst.federation.plugins.filter.burst_status")
    return t.cast("str", drawing.burst_status(answers, "svg", (TEMPLATES / "burst_status.svg.j2").read_text()))


def main() -> int:
    """Write all pictures."""
    # It makes the checkout importable as a collection.
    sys.path.insert(0, str(CHECKOUT / "tests" / "unit"))
    importlib.import_module("conftest")
    for name, answers in BURSTS.items():
        (IMAGES / f"{name}.svg").write_text(draw(answers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
