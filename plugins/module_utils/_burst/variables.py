# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The variables of a burst: the only place that says what type each has and what it is where it is not set.

Roles and playbooks get both with the filter ``survey``. What documentation repeats of it is held to it by
tests/unit/docs/test_variables.py.
"""

from __future__ import annotations

import typing as t


class Variable(t.NamedTuple):
    """A variable: ``str``, ``list`` (of texts), ``data`` (a list of anything), ``int``, ``count`` (a number, or auto),
    ``duration`` (such as 8h, or off) or ``bool``.

    :ivar default: what it is where it is not set. Required variables have none, which is told by burst_check.
    :ivar choices: the only values that it may have; all where it is empty.
    """

    kind: str
    default: t.Any = ""
    choices: tuple[str, ...] = ()


_LIST = Variable("list", ())
_DATA = Variable("data", ())
_TEXT = Variable("str")

VARIABLES: dict[str, Variable] = {
    # Parts
    "burst_extension": Variable("str", "eks", ("eks", "existing")),
    "burst_link": Variable("str", "strongswan", ("strongswan", "device", "none")),
    # Every burst
    "burst_name": _TEXT,
    "burst_host_name": _TEXT,
    "burst_host_context": _TEXT,
    "burst_kubeconfig": _TEXT,
    "burst_kubefed_namespace": Variable("str", "kube-federation-system"),
    "burst_kubefed_chart": _TEXT,
    "burst_member_rights": Variable("str", "all", ("all", "types")),
    "burst_member_types": _LIST,
    "burst_apps": _DATA,
    "burst_keep_federated": Variable("bool", False),
    "burst_local_networks": _LIST,
    "burst_local_service_cidr": _TEXT,
    # How customers reach both clusters
    "burst_traffic": _DATA,
    # An EKS cluster
    "burst_region": _TEXT,
    "burst_profile": _TEXT,
    "burst_account": _TEXT,
    "burst_take_over": _TEXT,
    "burst_zones": _LIST,
    "burst_vpc_cidr": Variable("str", "10.11.0.0/16"),
    "burst_service_cidr": Variable("str", "10.5.0.0/24"),
    "burst_kubernetes_version": Variable("str", "1.35"),
    "burst_node_count": Variable("count", 2),
    "burst_node_min": Variable("int", 1),
    "burst_node_max": Variable("int", 10),
    "burst_node_capacity": Variable("str", "on_demand", ("on_demand", "spot")),
    "burst_cost_max_per_hour": _TEXT,
    "burst_node_instance_types": Variable("list", ("m6i.large",)),
    "burst_node_egress": Variable("str", "nat", ("nat", "endpoints", "datacenter")),
    "burst_ports": Variable("data", ({"from": 80, "to": 80}, {"from": 30000, "to": 32767})),
    "burst_admin_arns": _LIST,
    "burst_kubeconfig_access": Variable("str", "aws_cli", ("aws_cli", "helper")),
    "burst_volumes": Variable("str", "keep", ("keep", "remove")),
    # A working day: whoever needs more says so, or runs burst_up again
    "burst_lease": Variable("duration", "8h"),
    "burst_lease_max": Variable("duration", "7d"),
    "burst_lease_mail": _TEXT,
    "burst_lease_policy_arns": _LIST,
    "burst_leftovers": Variable("str", "fail", ("fail", "report")),
    "burst_park": Variable("bool", False),
    "burst_firewall_address": _TEXT,
    "burst_device_type": _TEXT,
    "burst_device_file": _TEXT,
    # A cluster that exists
    "burst_member_kubeconfig": _TEXT,
    "burst_member_context": _TEXT,
    "burst_member_host": _TEXT,
    "burst_member_api_key": _TEXT,
    "burst_member_ca_cert": _TEXT,
    "burst_tunnels": _DATA,
    "burst_remote_networks": _LIST,
    # How burst_status answers
    "burst_status_format": Variable("str", "text", ("text", "json", "metrics", "svg", "html")),
    "burst_status_file": _TEXT,
    "burst_status_refresh": Variable("int", 0),
    # From when on burst_watch begins and ends a burst
    "burst_watch_dry": Variable("bool", False),
    "burst_watch_signals": Variable("list", ("pods", "autoscalers")),
    "burst_watch_pending_seconds": Variable("int", 120),
    "burst_watch_limited_seconds": Variable("int", 180),
    "burst_watch_full_percent": Variable("int", 90),
    "burst_watch_full_seconds": Variable("int", 600),
    "burst_watch_idle_margin_percent": Variable("int", 15),
    "burst_watch_idle_seconds": Variable("int", 1800),
    "burst_watch_lifetime_seconds": Variable("int", 3600),
    "burst_watch_retry_seconds": Variable("int", 900),
}

__all__ = ("VARIABLES", "Variable")
