# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Site-to-Site VPN as EC2 has it: tunnels' addresses and keys, the customer gateway's configuration. Pure functions."""

from __future__ import annotations

import ipaddress
import re
import secrets
import string
import typing as t
import xml.etree.ElementTree as ET

# https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html
RESERVED_INSIDE = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "169.254.0.0/30",
        "169.254.1.0/30",
        "169.254.2.0/30",
        "169.254.3.0/30",
        "169.254.4.0/30",
        "169.254.5.0/30",
        "169.254.169.252/30",
    )
)
LINK_LOCAL = ipaddress.IPv4Network("169.254.0.0/16")
KEY = re.compile(r"[1-9A-Za-z._][0-9A-Za-z._]{7,63}")


class InvalidOptionError(ValueError):
    """A tunnel option that EC2 would reject; the text is the message."""


def pre_shared_key() -> str:
    """A key as AWS generates it: 32 letters, digits, dots and underscores, not beginning with 0."""
    alphabet = string.ascii_letters + string.digits + "._"
    first = secrets.choice(alphabet.replace("0", ""))
    return first + "".join(secrets.choice(alphabet) for _turn in range(31))


def inside_cidr(taken: t.Collection[str]) -> str:
    """A free /30 of 169.254.0.0/16 that is not reserved; `taken` are those in use."""
    while True:
        block = ipaddress.IPv4Network((int(LINK_LOCAL.network_address) + 4 * secrets.randbelow(2**14), 30))
        if block not in RESERVED_INSIDE and str(block) not in taken:
            return str(block)


def check_inside_cidr(value: str, taken: t.Collection[str]) -> str:
    """`value` itself, when EC2 would take it for a tunnel's inside network."""
    try:
        block = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise InvalidOptionError(f"The tunnel inside cidr {value} is invalid.") from error
    if block.prefixlen != 30 or not block.subnet_of(LINK_LOCAL) or block in RESERVED_INSIDE:
        raise InvalidOptionError(
            f"The tunnel inside cidr {value} is invalid. It must be a /30 of 169.254.0.0/16 that is not reserved."
        )
    if value in taken:
        raise InvalidOptionError(f"The tunnel inside cidr {value} is in use.")
    return value


def check_key(value: str) -> str:
    """`value` itself, when EC2 would take it for a pre-shared key."""
    if not KEY.fullmatch(value):
        raise InvalidOptionError(
            "The pre-shared key is invalid. It must have 8 to 64 letters, digits, dots and underscores, and must not "
            "start with 0."
        )
    return value


def public_addresses(network: str, first: int, last: int, taken: t.Collection[str], count: int) -> list[str]:
    """The lowest `count` addresses of `network` between its hosts `first` and `last` that are not `taken`."""
    base = ipaddress.IPv4Network(network).network_address
    free = [str(base + host) for host in range(first, last + 1) if str(base + host) not in taken]
    if len(free) < count:
        raise InvalidOptionError("No public address is left.")
    return free[:count]


def configuration(
    vpn_id: str,
    customer_gateway_id: str,
    vpn_gateway_id: str,
    customer_address: str,
    static: bool,
    tunnels: t.Sequence[t.Mapping[str, str]],
) -> str:
    """CustomerGatewayConfiguration of a connection, in AWS's own shape.

    `tunnels` have OutsideIpAddress, TunnelInsideCidr and PreSharedKey. The first host of an inside network is AWS's."""
    root = ET.Element("vpn_connection", id=vpn_id)
    _texts(
        root,
        customer_gateway_id=customer_gateway_id,
        vpn_gateway_id=vpn_gateway_id,
        vpn_connection_type="ipsec.1",
    )
    if static:
        _texts(root, vpn_connection_attributes="NoBGPVPNConnection")
    for tunnel in tunnels:
        amazon, customer = ipaddress.IPv4Network(tunnel["TunnelInsideCidr"]).hosts()
        part = ET.SubElement(root, "ipsec_tunnel")
        for name, outside, inside in (
            ("customer_gateway", customer_address, customer),
            ("vpn_gateway", tunnel["OutsideIpAddress"], amazon),
        ):
            end = ET.SubElement(part, name)
            _texts(ET.SubElement(end, "tunnel_outside_address"), ip_address=outside)
            _texts(
                ET.SubElement(end, "tunnel_inside_address"),
                ip_address=str(inside),
                network_mask="255.255.255.252",
                network_cidr="30",
            )
        _texts(
            ET.SubElement(part, "ike"),
            authentication_protocol="sha1",
            encryption_protocol="aes-128-cbc",
            lifetime="28800",
            perfect_forward_secrecy="group2",
            mode="main",
            pre_shared_key=tunnel["PreSharedKey"],
        )
        ipsec = ET.SubElement(part, "ipsec")
        _texts(
            ipsec,
            protocol="esp",
            authentication_protocol="hmac-sha1-96",
            encryption_protocol="aes-128-cbc",
            lifetime="3600",
            perfect_forward_secrecy="group2",
            mode="tunnel",
            clear_df_bit="true",
            fragmentation_before_encryption="true",
            tcp_mss_adjustment="1379",
        )
        _texts(ET.SubElement(ipsec, "dead_peer_detection"), interval="10", retries="3")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


# Some of those in https://docs.aws.amazon.com/vpn/latest/s2svpn/your-cgw.html, by id: vendor, platform, software. The
# ids are the lab's own.
DEVICES = {
    "9005b6c1": ("Generic", "Generic", "Vendor Agnostic"),
    "a1b2c3d4": ("Strongswan", "Ubuntu 16.04", "Strongswan 5.5.1+"),
    "b5fb6a5d": ("Palo Alto Networks", "PA Series", "PANOS 7.0+"),
}


def sample_configuration(device: str, ike: str, customer_address: str, tunnels: t.Sequence[t.Mapping[str, str]]) -> str:
    """What the lab has for a device: a text for people, as AWS's is, with the addresses and keys of each tunnel."""
    lines = [f"! {' '.join(DEVICES[device])}, {ike}"]
    for number, tunnel in enumerate(tunnels, start=1):
        amazon, customer = ipaddress.IPv4Network(tunnel["TunnelInsideCidr"]).hosts()
        lines += [
            f"! Tunnel {number}",
            f"customer gateway {customer_address} inside {customer}/30",
            f"virtual private gateway {tunnel['OutsideIpAddress']} inside {amazon}/30",
            f"pre-shared key {tunnel['PreSharedKey']}",
        ]
    return "\n".join(lines) + "\n"


def _texts(parent: ET.Element, **children: str) -> None:
    for name, text in children.items():
        ET.SubElement(parent, name).text = text
