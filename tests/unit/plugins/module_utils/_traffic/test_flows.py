# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel says of the connections that it tracks."""

from __future__ import annotations

import socket
import struct

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._traffic import flows

NESTED = 0x8000


def attribute(number: int, content: bytes) -> bytes:
    return struct.pack("=HH", len(content) + 4, number) + content + bytes(-len(content) % 4)


def way(source: str, port: int, protocol: int = 6) -> bytes:
    """One direction of a connection, with the end that it comes from."""
    family, number = (socket.AF_INET6, 3) if ":" in source else (socket.AF_INET, 1)
    ends = attribute(number, socket.inet_pton(family, source))
    transport = attribute(1, bytes([protocol])) + attribute(2, struct.pack("!H", port))
    return attribute(1 | NESTED, ends) + attribute(2 | NESTED, transport)


def connection(source: str, port: int, *, state: int = 3, protocol: int = 6) -> bytes:
    """A connection to a node port, which the answers come from elsewhere of."""
    known = attribute(1 | NESTED, way("10.10.0.5", 40000)) + attribute(2 | NESTED, way(source, port, protocol))
    return known + attribute(4 | NESTED, attribute(1 | NESTED, attribute(1, bytes([state]))))


def test_where_a_connection_leads_in_the_end() -> None:
    assert flows.established(connection("10.11.1.34", 80)) == ("10.11.1.34", 80)
    assert flows.established(connection("2001:db8::1", 8080)) == ("2001:db8::1", 8080)


def test_others_do_not_count() -> None:
    time_wait, udp = connection("10.11.1.34", 80, state=7), connection("10.11.1.34", 80, protocol=17)
    assert (flows.established(time_wait), flows.established(udp), flows.established(b"")) == (None, None, None)


def test_messages_of_netlink() -> None:
    first = struct.pack("=IHHII", 16 + 6, 256, 2, 1, 0) + b"\x02\x00\x00\x00ab"
    done = struct.pack("=IHHII", 20, 3, 2, 1, 0) + bytes(4)
    assert list(flows.messages(first + bytes(2) + done)) == [(256, b"\x02\x00\x00\x00ab"), (3, bytes(4))]
    assert list(flows.messages(bytes(16))) == []


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("10.11.1.34:80", ("10.11.1.34", 80)),
        ("[2001:DB8::0:1]:80", ("2001:db8::1", 80)),
        ("10.11.1.34", None),
        ("10.11.1.34:0", None),
        ("shop:80", None),
        ("2001:db8::1:80", None),
    ],
)
def test_targets(text: str, target: flows.Target | None) -> None:
    assert flows.parse_target(text) == target
