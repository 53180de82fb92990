# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is private to the collection: it may change in any release.

"""What AWS says about a Site-to-Site VPN connection, as facts that can go into an IKE daemon's configuration.

Nothing that is returned can be anything else than an address, a number, a key of AWS's alphabet or a name out of the
tables below, whatever the document held.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
import xml.etree.ElementTree as ET

# A connection's document has about 6 kB.
MAXIMUM_LENGTH = 65536

# https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html, "Pre-shared key"
_KEY = re.compile(r"[1-9A-Za-z._][0-9A-Za-z._]{7,63}")
# What stands there for a key that is in Secrets Manager (and would pass for a key):
# https://docs.aws.amazon.com/vpn/latest/s2svpn/enhanced-security-storage.html; "PreSharedKeyArn" does not tell,
# which is there with the other storage too: https://github.com/hashicorp/terraform-provider-aws/pull/42819
_ELSEWHERE = "REDACTED"
_LINK_LOCAL = ipaddress.IPv4Network("169.254.0.0/16")

# Offered in this order. AWS takes the lowest of what is offered, and its document names the lowest that it would take
# (AES128, SHA-1, group 2), so nothing is offered that should not be used. Each is in AWS's list of accepted values
# (same page: AES256, AES256-GCM-16; SHA2-256 and up; Diffie-Hellman groups 14 and up).
IKE_PROPOSALS = ("aes256gcm16-prfsha384-ecp384", "aes256gcm16-prfsha256-modp2048", "aes256-sha256-modp2048")
ESP_PROPOSALS = ("aes256gcm16-ecp384", "aes256gcm16-modp2048", "aes256-sha256-modp2048")

# AWS's names → swanctl's, for what is at least as strong as the above.
_CIPHERS = {
    "aes-256-cbc": "aes256",
    "aes256": "aes256",
    "aes-256-gcm-16": "aes256gcm16",
    "aes256-gcm-16": "aes256gcm16",
}
_HASHES = {"sha2-256": "sha256", "sha2-384": "sha384", "sha2-512": "sha512"}
_GROUPS = {
    "group14": "modp2048",
    "group15": "modp3072",
    "group16": "modp4096",
    "group17": "modp6144",
    "group18": "modp8192",
    "group19": "ecp256",
    "group20": "ecp384",
    "group21": "ecp521",
}


class CustomerGatewayError(ValueError):
    """A document that is not what AWS sends. The text is one line and shows no key."""


class Tunnel(t.TypedDict):
    """One tunnel of a connection. Lifetimes are in seconds; the inside addresses share a network of 30 bits."""

    remote_address: str
    local_address: str
    inside_local: str
    inside_remote: str
    psk: str
    ike_lifetime: int
    ike_proposals: list[str]
    esp_lifetime: int
    esp_proposals: list[str]
    tcp_mss: int


class _Builder(ET.TreeBuilder):
    """Builds the tree of a document that has no type declaration, and with it no entities of its own."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise CustomerGatewayError("it has a document type declaration, which AWS's never has")


def tunnels(document: t.Any) -> list[Tunnel]:
    """Read a ``CustomerGatewayConfiguration``.

    :param document: the XML text, as ``DescribeVpnConnections`` returns it.
    :returns: the tunnels, in the order of their outside addresses, which stays the same from call to call.
    :raises CustomerGatewayError: when it is not such a document, or holds a value that AWS would not send.
    """
    root = _parse(document)
    if root.tag != "vpn_connection":
        raise CustomerGatewayError(f"it is a document of {root.tag[:40]!r}, not of 'vpn_connection'")
    found = [_tunnel(element, number) for number, element in enumerate(root.findall("ipsec_tunnel"), start=1)]
    if not found:
        raise CustomerGatewayError("it has no tunnel")
    if len({tunnel["remote_address"] for tunnel in found}) != len(found):
        raise CustomerGatewayError("two of its tunnels have the same outside address")
    return sorted(found, key=lambda tunnel: ipaddress.IPv4Address(tunnel["remote_address"]))


def _parse(document: t.Any) -> ET.Element:
    if not isinstance(document, str):
        raise CustomerGatewayError(f"it is a {type(document).__name__}, not a string")
    if len(document) > MAXIMUM_LENGTH:
        raise CustomerGatewayError(f"it has {len(document)} characters, more than {MAXIMUM_LENGTH}")
    try:
        # As bytes: a text with an encoding in its declaration is read by that encoding, and AWS's says UTF-8.
        return ET.fromstring(document.encode("utf-8"), parser=ET.XMLParser(target=_Builder()))
    except ET.ParseError as exc:
        raise CustomerGatewayError(f"it is not XML: {exc}") from exc
    except (UnicodeError, LookupError, ValueError) as exc:
        if isinstance(exc, CustomerGatewayError):
            raise
        raise CustomerGatewayError("it is not XML in UTF-8") from exc


def _tunnel(element: ET.Element, number: int) -> Tunnel:
    def text(path: str) -> str:
        value = (element.findtext(path) or "").strip()
        if not value:
            raise CustomerGatewayError(f"tunnel {number} has no {path}")
        return value

    def number_between(path: str, low: int, high: int, default: int) -> int:
        value = (element.findtext(path) or "").strip()
        if not value:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise CustomerGatewayError(f"tunnel {number}: {path} is {value[:40]!r}, not a number from {low} to {high}")
        return int(value)

    def address(path: str, inside: bool) -> str:
        value = text(path)
        try:
            parsed = ipaddress.IPv4Address(value)
        except ValueError:
            parsed = None
        wrong = parsed is None or parsed.is_multicast or parsed.is_unspecified or parsed.is_loopback
        if parsed is None or wrong or (parsed in _LINK_LOCAL) is not inside:
            kind = f"an IPv4 address of {_LINK_LOCAL}" if inside else "an IPv4 address of a host"
            raise CustomerGatewayError(f"tunnel {number}: {path} is {value[:40]!r}, not {kind}")
        return str(parsed)

    customer, amazon = "customer_gateway/tunnel_{0}_address/ip_address", "vpn_gateway/tunnel_{0}_address/ip_address"
    inside_local = address(customer.format("inside"), inside=True)
    inside_remote = address(amazon.format("inside"), inside=True)
    if {inside_local, inside_remote} != {
        str(host) for host in ipaddress.IPv4Network(f"{inside_local}/30", strict=False).hosts()
    }:
        raise CustomerGatewayError(
            f"tunnel {number}: the inside addresses {inside_local} and {inside_remote} are not the two of one network"
        )
    remote_address = address(amazon.format("outside"), inside=False)
    return {
        "remote_address": remote_address,
        "local_address": address(customer.format("outside"), inside=False),
        "inside_local": inside_local,
        "inside_remote": inside_remote,
        "psk": _pre_shared_key(element, number, remote_address),
        # The ranges are those of AWS's tunnel options.
        "ike_lifetime": number_between("ike/lifetime", 900, 28800, 28800),
        "ike_proposals": _proposals(element, "ike", IKE_PROPOSALS),
        "esp_lifetime": number_between("ipsec/lifetime", 900, 3600, 3600),
        "esp_proposals": _proposals(element, "ipsec", ESP_PROPOSALS),
        "tcp_mss": number_between("ipsec/tcp_mss_adjustment", 500, 9000, 1379),
    }


def _pre_shared_key(element: ET.Element, number: int, remote_address: str) -> str:
    key = (element.findtext("ike/pre_shared_key") or "").strip()
    if _ELSEWHERE in key.upper():
        raise CustomerGatewayError(
            f"tunnel {number}: the pre-shared key is in Secrets Manager, which is not read. Let AWS keep it with the "
            "connection: aws ec2 modify-vpn-tunnel-options --vpn-connection-id (its id) "
            f"--vpn-tunnel-outside-ip-address {remote_address} --pre-shared-key-storage Standard --tunnel-options {{}}"
        )
    if not _KEY.fullmatch(key):
        raise CustomerGatewayError(
            f"tunnel {number}: ike/pre_shared_key {'is not a key of AWS' if key else 'is missing'}: 8 to 64 letters, "
            "digits, dots and underscores, the first not a zero"
        )
    return key


def _proposals(element: ET.Element, phase: str, ours: t.Sequence[str]) -> list[str]:
    """What to offer: the document's own algorithms first, when they are strong enough, then ours.

    AWS's end may be restricted to what the document names; what is weaker than ours is never offered.
    """

    def name(what: str) -> str:
        value = (element.findtext(f"{phase}/{what}") or "").strip().lower()
        return re.sub(r"^hmac-|-(128|192)$", "", value) if what == "authentication_protocol" else value

    cipher = _CIPHERS.get(name("encryption_protocol"))
    digest = _HASHES.get(re.sub(r"^(sha2-\d+)-\d+$", r"\1", name("authentication_protocol")))
    group = _GROUPS.get(name("perfect_forward_secrecy").replace(" ", ""))
    offered = list(ours)
    if cipher and group and (digest or (phase == "ipsec" and "gcm" in cipher)):
        if "gcm" not in cipher:
            own = f"{cipher}-{digest}-{group}"
        else:
            own = f"{cipher}-prf{digest}-{group}" if phase == "ike" else f"{cipher}-{group}"
        offered = [own, *(proposal for proposal in offered if proposal != own)]
    return offered
