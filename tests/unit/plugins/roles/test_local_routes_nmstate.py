# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy for NMState, which immutable nodes get instead of a unit of systemd."""

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.tests.unit.roles import Role

ROUTES = [{"network": "10.11.0.0/16", "via": "10.10.0.1"}]


@pytest.mark.parametrize(("state", "more"), [("present", {}), ("absent", {"state": "absent"})])
def test_the_policy_adds_or_removes_the_routes(state: str, more: dict[str, str]) -> None:
    role = Role("local_routes", burst_name="vulcan", local_routes_routes=ROUTES, local_routes_state=state)
    policy = role.value("__local_routes_policy")
    assert (policy["apiVersion"], policy["kind"]) == ("nmstate.io/v1", "NodeNetworkConfigurationPolicy")
    assert policy["metadata"]["name"] == "cloudburst-vulcan-routes"
    (route,) = policy["spec"]["desiredState"]["routes"]["config"]
    assert 1024 <= route.pop("metric") < 1024 + 65536
    expected = {"destination": "10.11.0.0/16", "next-hop-address": "10.10.0.1", "next-hop-interface": "br-ex"}
    assert route == {**expected, **more}


def test_no_host_is_connected_to() -> None:
    """An immutable node may have no Python: every task is one of the controller's own."""
    role = Role("local_routes")
    tasks = role._read("tasks/nmstate.yml")
    own = {"ansible.builtin.set_fact", "ansible.builtin.debug"}
    assert all(own & set(task) for task in tasks)
