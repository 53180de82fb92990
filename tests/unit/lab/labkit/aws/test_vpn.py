# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, keys and the customer gateway's configuration of a VPN connection."""

from __future__ import annotations

import ipaddress
import xml.etree.ElementTree as ET

import pytest

from labkit.aws import vpn

TUNNELS = (
    {"OutsideIpAddress": "198.51.100.10", "TunnelInsideCidr": "169.254.44.240/30", "PreSharedKey": "first.key_1"},
    {"OutsideIpAddress": "198.51.100.11", "TunnelInsideCidr": "169.254.45.0/30", "PreSharedKey": "second<&key"},
)


def test_generated_keys_are_what_aws_takes() -> None:
    keys = {vpn.pre_shared_key() for _turn in range(200)}
    assert len(keys) == 200
    assert {len(vpn.check_key(key)) for key in keys} == {32}


@pytest.mark.parametrize("key", ["short", "0" + "a" * 20, "a" * 65, "with space", "um!aut.key"])
def test_a_key_that_aws_rejects_is_rejected(key: str) -> None:
    with pytest.raises(vpn.InvalidOptionError, match="pre-shared key is invalid"):
        vpn.check_key(key)


def test_generated_inside_networks_are_free_and_not_reserved() -> None:
    taken: set[str] = set()
    for _turn in range(300):
        block = vpn.inside_cidr(taken)
        assert ipaddress.IPv4Network(block) not in vpn.RESERVED_INSIDE
        assert block not in taken
        taken.add(vpn.check_inside_cidr(block, taken))


@pytest.mark.parametrize("block", ["169.254.0.0/30", "169.254.44.0/29", "10.0.0.0/30", "169.254.44.1/30", "nonsense"])
def test_an_inside_network_that_aws_rejects_is_rejected(block: str) -> None:
    with pytest.raises(vpn.InvalidOptionError, match="tunnel inside cidr"):
        vpn.check_inside_cidr(block, ())


def test_public_addresses_are_given_out_in_turn_until_there_are_none() -> None:
    assert vpn.public_addresses("198.51.100.0/24", 10, 13, {"198.51.100.11"}, 2) == ["198.51.100.10", "198.51.100.12"]
    with pytest.raises(vpn.InvalidOptionError, match="No public address"):
        vpn.public_addresses("198.51.100.0/24", 10, 11, {"198.51.100.11"}, 2)


def test_configuration_has_aws_s_shape() -> None:
    root = ET.fromstring(vpn.configuration("vpn-1", "cgw-1", "vgw-1", "203.0.113.10", True, TUNNELS))
    assert root.tag == "vpn_connection"
    assert root.get("id") == "vpn-1"
    assert root.findtext("vpn_connection_attributes") == "NoBGPVPNConnection"
    first, second = root.findall("ipsec_tunnel")
    assert first.findtext("customer_gateway/tunnel_outside_address/ip_address") == "203.0.113.10"
    assert first.findtext("customer_gateway/tunnel_inside_address/ip_address") == "169.254.44.242"
    assert first.findtext("vpn_gateway/tunnel_outside_address/ip_address") == "198.51.100.10"
    assert first.findtext("vpn_gateway/tunnel_inside_address/ip_address") == "169.254.44.241"
    assert first.findtext("ipsec/dead_peer_detection/interval") == "10"
    assert [end.findtext("ike/pre_shared_key") for end in (first, second)] == ["first.key_1", "second<&key"]
