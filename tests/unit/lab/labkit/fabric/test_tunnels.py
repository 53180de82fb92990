# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's tunnel ends: what the IKE daemon is told, and how its answers are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.fabric import tunnels
from labkit.fabric.model import Tunnel, VpnConnection

TUNNEL = Tunnel("198.51.100.20", "169.254.10.0/30", "a key")
CONNECTION = VpnConnection("vpn-1", "vgw-1", "203.0.113.10", (TUNNEL,), ("10.10.0.0/24",))


def test_message_offers_all_networks_and_no_key() -> None:
    message = tunnels.connection_message("vpn-1-1", CONNECTION, TUNNEL)["vpn-1-1"]
    assert message["children"]["net"]["local_ts"] == message["children"]["net"]["remote_ts"] == ["0.0.0.0/0"]
    assert message["local"] == {"auth": "psk", "id": "198.51.100.20"}
    assert message["remote"] == {"auth": "psk", "id": "203.0.113.10"}
    assert "a key" not in repr(message)


@pytest.mark.parametrize("algorithm", ["aes128-", "-aes256", "-sha1", "-sha512", "-modp1024", "-ecp384"])
def test_defaults_of_aws_are_offered(algorithm: str) -> None:
    message = tunnels.connection_message("vpn-1-1", CONNECTION, TUNNEL)["vpn-1-1"]
    assert any(algorithm in proposal for proposal in message["proposals"])
    assert any(algorithm in proposal for proposal in message["children"]["net"]["esp_proposals"])


def test_daemon_does_ipsec_in_user_space_before_the_kernel_can() -> None:
    configuration = tunnels.daemon_configuration(Path("/state/vici"))
    assert configuration.index("kernel-libipsec") < configuration.index("kernel-netlink")
    assert "unix:///state/vici" in configuration


def _sa(state: bytes, **children: tuple[bytes, bytes]) -> dict[str, object]:
    found = {n: {"state": s, "install-time": age, "uniqueid": n.encode()} for n, (s, age) in children.items()}
    return {"vpn-1-1": {"state": state, "child-sas": found}}


def test_installed_children_are_those_of_established_sas_youngest_first() -> None:
    sas = [
        _sa(b"ESTABLISHED", one=(b"INSTALLED", b"30"), two=(b"INSTALLED", b"4"), old=(b"REKEYED", b"1")),
        _sa(b"CONNECTING", three=(b"INSTALLED", b"2")),
    ]
    assert tunnels.installed_children(sas) == [(4, "two"), (30, "one")]
    assert tunnels.installed_children([]) == []
