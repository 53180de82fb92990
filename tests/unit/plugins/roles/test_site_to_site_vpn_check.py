# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role site_to_site_vpn asks of a firewall before it changes anything."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.tests.unit.roles import Role

TUNNEL = {
    "local_address": "203.0.113.10",
    "remote_address": "198.51.100.20",
    "psk": "aB3._xyzaB3._xyz",
    "remote_networks": ["10.11.0.0/16"],
}
INSIDE = {"inside_local": "169.254.10.2", "inside_remote": "169.254.10.1"}


def rejections(
    tunnel: dict[str, t.Any], *, kernel: int = 1, addresses: tuple[str, ...] = ("10.10.0.1",), version: str = ""
) -> list[str]:
    # As ip shows them: 2: eth0    inet 10.10.0.1/24 brd 10.10.0.255 scope global eth0\       valid_lft forever …
    shown = [f"{number}: eth{number}    inet {address}/24 scope global" for number, address in enumerate(addresses)]
    packages = {"charon-systemd": [{"version": version}]} if version else {}
    role = Role(
        "site_to_site_vpn",
        inventory_hostname="fw",
        ansible_facts={"os_family": "Debian", "packages": packages},
        site_to_site_vpn_name="vulcan",
        site_to_site_vpn_tunnels=[tunnel],
        site_to_site_vpn_local_networks=["10.10.0.0/24", "10.10.128.0/24"],
        __site_to_site_vpn_forwards={"stdout": "1"},
        __site_to_site_vpn_kernel={"rc": kernel},
        __site_to_site_vpn_addresses={"stdout": "\n".join(shown)},
    )
    return role.rejections("requirements.yml")


@pytest.mark.parametrize("version", ["", "5.9.8-5+deb12u1", "5.9.11-2"])
def test_without_ipsec_in_the_kernel_each_local_network_needs_an_address(version: str) -> None:
    (rejection,) = rejections(TUNNEL, version=version)
    assert "fw has no address in 10.10.128.0/24. Set inside_local and inside_remote" in rejection


@pytest.mark.parametrize(
    "given",
    [
        {"kernel": 0},
        {"addresses": ("10.10.0.1", "10.10.128.1")},
        {"version": "5.9.12-1"},
        {"version": "5.9.14"},
        {"version": "6.0.1-6+deb13u2"},
    ],
)
def test_what_needs_none(given: dict[str, t.Any]) -> None:
    assert rejections(TUNNEL, **given) == []


def test_a_tunnel_with_addresses_inside_needs_none() -> None:
    assert rejections({**TUNNEL, **INSIDE}) == []
