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


SAVED = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:DOCKER-USER - [0:0]\nCOMMIT\n"
OWNED = "Error: Could not process rule: Operation not permitted\ninsert rule inet firewalld filter_FORWARD accept"


@pytest.mark.parametrize(
    ("chain", "status", "stderr", "saved", "said"),
    [
        ("inet filter forward", 0, "", "", ""),
        ("inet nowhere forward", 1, "Error: No such file or directory", "", "and fw has no such chain: Error: No such"),
        ("inet firewalld filter_FORWARD", 1, OWNED, "", "its table belongs to the program that created"),
        ("inet firewalld filter_FORWARD", 1, OWNED, "", "set NftablesTableOwner to no"),
        ("ip filter FORWARD", 0, "", SAVED, "which fw manages with iptables"),
        ("ip filter DOCKER-USER", 0, "", SAVED, "Leave site_to_site_vpn_forward_chain empty, and let iptables accept"),
        ("ip filter FORWARD", 0, "", "", ""),
        ("ip filter forward", 0, "", SAVED.replace("DOCKER-USER", "forward"), ""),
        ("ip mine FORWARD", 0, "", "", ""),
        ("inet filter FORWARD", 0, "", SAVED, ""),
    ],
)
def test_a_forward_chain_that_takes_no_rules(chain: str, status: int, stderr: str, saved: str, said: str) -> None:
    given = {
        "inventory_hostname": "fw",
        "site_to_site_vpn_name": "vulcan",
        "site_to_site_vpn_forward_chain": chain,
        "__site_to_site_vpn_chain": {"rc": status, "stderr": stderr},
        "__site_to_site_vpn_iptables": {"rc": 0, "stdout": saved},
    }
    rejections = [" ".join(each.split()) for each in Role("site_to_site_vpn").rejections("prepare.yml", **given)]
    assert len(rejections) == bool(said), rejections
    assert said in "".join(rejections)


OTHER = "taken /etc/swanctl/cloudburst-mars/tunnel:"
OWN = "taken /etc/swanctl/cloudburst-vulcan/tunnel:"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], ""),
        ([OWN + 'remotes="10.11.0.0/16"'], ""),
        ([OTHER + 'remotes="10.12.0.0/16"'], ""),
        ([OTHER + 'remotes="10.11.0.0/16"'], "fw: site_to_site_vpn_tunnels: 10.11.0.0/16 "),
        ([OTHER + 'remotes="10.12.0.0/16 10.11.128.0/17"', OWN], "of the burst mars lead to 10.11.128.0/17"),
        ([OTHER.replace("mars", "vulcan-2") + 'remotes="10.0.0.0/8"'], "of the burst vulcan-2 lead to 10.0.0.0/8"),
    ],
)
@pytest.mark.parametrize("tunnels", [[TUNNEL], []])
def test_two_bursts_on_one_firewall_need_different_networks(
    tunnels: list[dict[str, t.Any]], lines: list[str], said: str
) -> None:
    role = Role(
        "site_to_site_vpn",
        inventory_hostname="fw",
        ansible_facts={"os_family": "Debian", "packages": {}},
        site_to_site_vpn_name="vulcan",
        site_to_site_vpn_tunnels=tunnels,
        site_to_site_vpn_local_networks=["10.10.0.0/24"],
        burst_region="eu-central-1",
        __site_to_site_vpn_seen={"stdout_lines": ["forwards 1", "kernel 0", *lines]},
    )
    found = role.rejections("requirements.yml")
    assert len(found) == bool(said), found
    assert said.partition(": ")[0] in "".join(found)


def test_what_is_not_from_aws_is_not_taken_for_it() -> None:
    role = Role("site_to_site_vpn", site_to_site_vpn_tunnels=[], site_to_site_vpn_name="vulcan")
    assert role.value("__site_to_site_vpn_expected") == []
    assert role.value("__site_to_site_vpn_expected", burst_region="x", burst_extension="existing") == []
