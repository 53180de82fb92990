# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script that site_to_site_vpn puts on the firewall, rendered for both kinds of IPsec."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.tests.unit.roles import Role

TUNNELS = [
    {"outside_address": f"198.51.100.{20 + number}", "inside_address": f"169.254.{number}.2", "inside_peer": "::"}
    for number in (1, 2)
]


def render(*, kernel: bool) -> str:
    variables = {
        "ansible_managed": "Ansible managed",
        "site_to_site_vpn_name": "vulcan",
        "site_to_site_vpn_remote_network": "10.11.0.0/16",
        "site_to_site_vpn_local_networks": ["10.10.0.0/24", "10.10.128.0/24"],
        "site_to_site_vpn_forward_chain": "inet filter forward",
        "site_to_site_vpn_accept_from_remote": False,
        "__site_to_site_vpn_id": "cloudburst-vulcan",
        "__site_to_site_vpn_unit": "cloudburst-vulcan-vpn",
        "__site_to_site_vpn_directory": "/etc/swanctl/cloudburst-vulcan",
        "__site_to_site_vpn_interface": "cb-vulcan-",
        "__site_to_site_vpn_number": 4096,
        "__site_to_site_vpn_groups": [4097, 4098],
        "__site_to_site_vpn_mss": 1360,
        "__site_to_site_vpn_kernel": {"rc": 0 if kernel else 1},
        "__site_to_site_vpn_tunnels": TUNNELS,
    }
    return Role("site_to_site_vpn").render("tunnel.sh.j2", **variables)


@pytest.mark.parametrize("kernel", [True, False])
def test_shellcheck_has_nothing_to_say(kernel: bool, tmp_path: Path) -> None:
    script = tmp_path / "tunnel"
    script.write_text(render(kernel=kernel))
    argv = ["shellcheck", "--severity=warning", str(script)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
