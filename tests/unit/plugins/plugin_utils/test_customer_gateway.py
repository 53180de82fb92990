# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.plugin_utils._customer_gateway import (
    ESP_PROPOSALS,
    IKE_PROPOSALS,
    MAXIMUM_LENGTH,
    CustomerGatewayError,
    tunnels,
)

KEY = "aB3._xyzaB3._xyzaB3._xyzaB3._xyz"


def tunnel(**changes: str) -> str:
    values = {
        "outside": "198.51.100.20",
        "customer": "203.0.113.10",
        "inside": "169.254.10.2",
        "peer": "169.254.10.1",
        "key": KEY,
        "ike_auth": "sha1",
        "ike_cipher": "aes-128-cbc",
        "ike_life": "28800",
        "group": "group2",
        "esp_auth": "hmac-sha1-96",
        "esp_cipher": "aes-128-cbc",
        "esp_life": "3600",
        "mss": "1379",
        **changes,
    }
    return """
  <ipsec_tunnel>
    <customer_gateway>
      <tunnel_outside_address><ip_address>{customer}</ip_address></tunnel_outside_address>
      <tunnel_inside_address><ip_address>{inside}</ip_address><network_mask>255.255.255.252</network_mask>
        <network_cidr>30</network_cidr></tunnel_inside_address>
    </customer_gateway>
    <vpn_gateway>
      <tunnel_outside_address><ip_address>{outside}</ip_address></tunnel_outside_address>
      <tunnel_inside_address><ip_address>{peer}</ip_address></tunnel_inside_address>
    </vpn_gateway>
    <ike><authentication_protocol>{ike_auth}</authentication_protocol>
      <encryption_protocol>{ike_cipher}</encryption_protocol><lifetime>{ike_life}</lifetime>
      <perfect_forward_secrecy>{group}</perfect_forward_secrecy><mode>main</mode>
      <pre_shared_key>{key}</pre_shared_key></ike>
    <ipsec><protocol>esp</protocol><authentication_protocol>{esp_auth}</authentication_protocol>
      <encryption_protocol>{esp_cipher}</encryption_protocol><lifetime>{esp_life}</lifetime>
      <perfect_forward_secrecy>{group}</perfect_forward_secrecy><mode>tunnel</mode>
      <tcp_mss_adjustment>{mss}</tcp_mss_adjustment></ipsec>
  </ipsec_tunnel>""".format(**values)


def document(*parts: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>\n') -> str:
    return f'{head}<vpn_connection id="vpn-1">\n{"".join(parts)}</vpn_connection>'


SECOND = {"outside": "198.51.100.3", "inside": "169.254.11.6", "peer": "169.254.11.5"}


def test_both_tunnels_in_the_order_of_their_addresses() -> None:
    found = tunnels(document(tunnel(), tunnel(**SECOND)))
    assert [one["remote_address"] for one in found] == ["198.51.100.3", "198.51.100.20"]
    assert found[1] == {
        "remote_address": "198.51.100.20",
        "local_address": "203.0.113.10",
        "inside_local": "169.254.10.2",
        "inside_remote": "169.254.10.1",
        "psk": KEY,
        "ike_lifetime": 28800,
        "ike_proposals": list(IKE_PROPOSALS),
        "esp_lifetime": 3600,
        "esp_proposals": list(ESP_PROPOSALS),
        "tcp_mss": 1379,
    }


@pytest.mark.parametrize(
    ("changes", "ike", "esp"),
    [
        (
            {"ike_auth": "sha2-384", "ike_cipher": "aes-256-cbc", "group": "group20", "esp_auth": "hmac-sha2-384-192",
             "esp_cipher": "aes-256-cbc"},
            "aes256-sha384-ecp384",
            "aes256-sha384-ecp384",
        ),
        (
            {"ike_auth": "sha2-256", "ike_cipher": "aes256-gcm-16", "group": "group21", "esp_cipher": "aes256-gcm-16"},
            "aes256gcm16-prfsha256-ecp521",
            "aes256gcm16-ecp521",
        ),
        ({"ike_auth": "sha2-256", "ike_cipher": "aes-256-cbc", "group": "group2"}, IKE_PROPOSALS[0], ESP_PROPOSALS[0]),
        ({"ike_auth": "md5; evil", "ike_cipher": "\"x\"\n}"}, IKE_PROPOSALS[0], ESP_PROPOSALS[0]),
    ],
    ids=["named by aws", "authenticated", "weak group", "unknown"],
)  # fmt: skip
def test_strong_algorithms_of_the_document_are_offered_first_and_weak_ones_never(
    changes: dict[str, str], ike: str, esp: str
) -> None:
    (found,) = tunnels(document(tunnel(**changes)))
    assert (found["ike_proposals"][0], found["esp_proposals"][0]) == (ike, esp)
    for proposal in [*found["ike_proposals"], *found["esp_proposals"]]:
        assert "aes256" in proposal
        assert "modp1024" not in proposal
    assert len(set(found["ike_proposals"])) == len(found["ike_proposals"])


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (None, "it is a NoneType, not a string"),
        (b"<a/>", "it is a bytes, not a string"),
        ("", "it is not XML"),
        ("<vpn_connection", "it is not XML"),
        ("<html/>", "it is a document of 'html'"),
        ("x" * (MAXIMUM_LENGTH + 1), f"more than {MAXIMUM_LENGTH}"),
        (document(), "it has no tunnel"),
        (document(head='<!DOCTYPE vpn_connection [<!ENTITY a "b">]>'), "document type declaration"),
        (document(head='<!DOCTYPE vpn_connection SYSTEM "file:///etc/passwd">'), "document type declaration"),
        (document("&a;"), "it is not XML"),
        (document(head='<?xml version="1.0" encoding="nonsense"?>'), "it is not XML"),
        ("<vpn_connection>\ud800</vpn_connection>", "it is not XML in UTF-8"),
        (document(tunnel(), tunnel()), "the same outside address"),
        (document(tunnel(outside="198.51.100.20; rm -rf /")), "is '198.51.100.20; rm -rf /', not an IPv4 address"),
        (document(tunnel(outside="224.0.0.1")), "not an IPv4 address of a host"),
        (document(tunnel(outside="")), "tunnel 1 has no vpn_gateway/tunnel_outside_address/ip_address"),
        (document(tunnel(customer="2001:db8::1")), "not an IPv4 address of a host"),
        (document(tunnel(inside="10.0.0.1")), "not an IPv4 address of 169.254.0.0/16"),
        (document(tunnel(peer="169.254.99.1")), "not the two of one network"),
        (document(tunnel(key="")), "ike/pre_shared_key is missing"),
        (document(tunnel(key="REDACTED")), "the pre-shared key is in Secrets Manager, which is not read"),
        (document(tunnel(key="REDACTED")), "outside-ip-address 198.51.100.20 --pre-shared-key-storage Standard"),
        (document(tunnel(key="0" + KEY)), "ike/pre_shared_key is not a key of AWS"),
        (document(tunnel(key="short")), "ike/pre_shared_key is not a key of AWS"),
        (document(tunnel(key='secret"\n}')), "ike/pre_shared_key is not a key of AWS"),
        (document(tunnel(ike_life="1e3")), "ike/lifetime is '1e3', not a number from 900 to 28800"),
        (document(tunnel(esp_life="99999999999999999999")), "ipsec/lifetime is '99999999999999999999', not a number"),
        (document(tunnel(mss="-1")), "not a number from 500 to 9000"),
    ],
)  # fmt: skip
def test_what_aws_would_not_send_is_rejected_in_one_line(bad: t.Any, says: str) -> None:
    with pytest.raises(CustomerGatewayError) as caught:
        tunnels(bad)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert KEY not in str(caught.value)
