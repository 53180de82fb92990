# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The TCP connections that a Linux kernel tracks, its own and forwarded ones.

They are read by netlink, as the command conntrack does, which therefore need not be installed. The constants are from
linux/netfilter/nfnetlink_conntrack.h, linux/netfilter/nfnetlink.h, linux/netlink.h and
linux/netfilter/nf_conntrack_tcp.h.
"""

from __future__ import annotations

import socket
import struct
import typing as t

from .._runtime.errors import TerminalState

_NETFILTER = 12  # NETLINK_NETFILTER
_GET = (1 << 8) | 1  # NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET
_REQUEST_DUMP = 0x1 | 0x300  # NLM_F_REQUEST, NLM_F_DUMP
_ERROR, _DONE = 2, 3  # NLMSG_ERROR, NLMSG_DONE
_TYPE = 0x3FFF  # NLA_TYPE_MASK
_TUPLE_REPLY, _PROTOINFO = 2, 4  # CTA_TUPLE_REPLY, CTA_PROTOINFO
_TUPLE_IP, _TUPLE_PROTO = 1, 2  # CTA_TUPLE_IP, CTA_TUPLE_PROTO
_V4_SRC, _V6_SRC = 1, 3  # CTA_IP_V4_SRC, CTA_IP_V6_SRC
_PROTO_NUM, _PROTO_SRC_PORT = 1, 2  # CTA_PROTO_NUM, CTA_PROTO_SRC_PORT
_PROTOINFO_TCP, _TCP_STATE = 1, 1  # CTA_PROTOINFO_TCP, CTA_PROTOINFO_TCP_STATE
_ESTABLISHED = 3  # TCP_CONNTRACK_ESTABLISHED
_TIMEOUT = 10.0

# Destination of a connection: address and port
Target = t.Tuple[str, int]


def parse_target(text: str) -> Target | None:
    """Address and port in a text such as ``10.11.1.34:80`` or ``[2001:db8::1]:80``; ``None`` for any other.

    The address is normalized, so that it can be compared with those of the kernel.
    """
    host, _colon, port = text.rpartition(":")
    family = socket.AF_INET
    if host[:1] + host[-1:] == "[]":
        host, family = host[1:-1], socket.AF_INET6
    try:
        number = int(port)
        return (socket.inet_ntop(family, socket.inet_pton(family, host)), number) if 0 < number < 65536 else None
    except (OSError, ValueError):
        return None


def attributes(data: bytes) -> dict[int, bytes]:
    """Parse netlink attributes into a mapping by number; if a number occurs again, the last one counts."""
    found = {}
    while len(data) >= 4:
        length, number = struct.unpack_from("=HH", data)
        if length < 4:
            break
        found[number & _TYPE] = data[4:length]
        data = data[(length + 3) & ~3 :]
    return found


def established(message: bytes) -> Target | None:
    """The destination of an established TCP connection; ``None`` for any other.

    It is the source of the replies, that is the destination after all address translation, such as kube-proxy's.

    :param message: a tracked connection without the headers of netlink and netfilter.
    """
    entry = attributes(message)
    state = attributes(attributes(entry.get(_PROTOINFO, b"")).get(_PROTOINFO_TCP, b"")).get(_TCP_STATE, b"")
    if state[:1] != bytes([_ESTABLISHED]):
        return None
    answers = attributes(entry.get(_TUPLE_REPLY, b""))
    ends, transport = attributes(answers.get(_TUPLE_IP, b"")), attributes(answers.get(_TUPLE_PROTO, b""))
    if transport.get(_PROTO_NUM, b"")[:1] != bytes([socket.IPPROTO_TCP]) or _PROTO_SRC_PORT not in transport:
        return None
    if _V4_SRC in ends:
        address = socket.inet_ntop(socket.AF_INET, ends[_V4_SRC])
    elif _V6_SRC in ends:
        address = socket.inet_ntop(socket.AF_INET6, ends[_V6_SRC])
    else:
        return None
    return address, int(struct.unpack("!H", transport[_PROTO_SRC_PORT][:2])[0])


def messages(data: bytes) -> t.Iterator[tuple[int, bytes]]:
    """Type and content of each netlink message."""
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        if length < 16:
            break
        yield kind, data[16:length]
        data = data[(length + 3) & ~3 :]


def all_established() -> list[Target]:
    """The destinations of all established TCP connections that this host tracks.

    :raises TerminalState: the kernel does not list them.
    """
    found: list[Target] = []
    try:
        with socket.socket(getattr(socket, "AF_NETLINK", 16), socket.SOCK_RAW, _NETFILTER) as kernel:
            kernel.bind((0, 0))
            kernel.settimeout(_TIMEOUT)
            kernel.send(struct.pack("=IHHII", 20, _GET, _REQUEST_DUMP, 1, 0) + struct.pack("=BBH", 0, 0, 0))
            while True:
                for kind, content in messages(kernel.recv(1 << 20)):
                    if kind == _DONE:
                        return found
                    if kind == _ERROR:
                        code = -struct.unpack_from("=i", content)[0]
                        raise OSError(code, "netlink")
                    # Skip the netfilter header
                    target = established(content[4:])
                    if target:
                        found.append(target)
    except OSError as error:
        raise TerminalState(
            f"The kernel does not tell which connections it tracks: {error}. Run this as root, on a host whose kernel"
            " has nf_conntrack_netlink."
        ) from error


__all__ = ("Target", "all_established", "attributes", "established", "messages", "parse_target")
