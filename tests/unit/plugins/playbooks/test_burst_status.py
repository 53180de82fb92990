# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

import jinja2

from ansible_collections.cloudburst.federation.plugins.filter.one_line import FilterModule

TEMPLATE = Path(__file__).resolve().parents[4] / "playbooks" / "templates" / "burst_status.j2"


def lines(costs: dict[str, t.Any]) -> list[str]:
    """What the playbook shows of costs, without a stack."""
    # What follows needs more of Ansible than Jinja has
    source = TEMPLATE.read_text().partition("{% for tunnel in")[0]
    environment = jinja2.Environment(trim_blocks=True)
    environment.filters["cloudburst.federation.one_line"] = FilterModule().filters()["one_line"]
    given = {
        "burst_name": "vulcan",
        "burst_is_eks": True,
        "eks_stack_status": {"stacks": {}, "tunnel_ends": [], "costs": costs},
    }
    return [line for line in environment.from_string(source).render(given).splitlines() if line.startswith("cost")]


def test_what_the_burst_costs() -> None:
    costs = {
        "running": [
            {"what": "EKS cluster", "hourly_cost": 0.1},
            {"what": "2 nodes x9.large, with 20 GiB each", "hourly_cost": None},
        ],
        "leftovers": [
            {"kind": "load_balancer", "name": "a0b1", "monthly_cost": 16.43},
            {"kind": "security_group", "name": "k8s-elb-a0b1", "monthly_cost": 0.0},
            {"kind": "instance", "name": "default-1", "monthly_cost": None},
        ],
        "hourly_cost": 0.123,
        "since": "2026-11-27T08:00:00Z",
        "cost_so_far": 0.46,
        "prices": "list prices of us-east-1 in June 2026",
    }
    assert lines(costs) == [
        "cost: EKS cluster: 0.1 USD an hour",
        "cost: 2 nodes x9.large, with 20 GiB each: not known",
        "cost: load balancer a0b1: 16.43 USD a month",
        "cost: instance default-1: not known",
        "cost together: about 0.123 USD an hour by list prices of us-east-1 in June 2026, and traffic",
        "cost so far: about 0.46 USD since 2026-11-27T08:00:00Z",
    ]


def test_without_a_burst_nothing_is_said_of_costs() -> None:
    nothing = {"running": [], "leftovers": [], "hourly_cost": 0.0, "cost_so_far": None, "prices": "list prices"}
    assert lines(nothing) == lines({}) == []
