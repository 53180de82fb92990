# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tries every port of hosts, from the network namespace that it runs in.

``python3 -m labkit.port_scan ADDRESS…`` prints what answers as JSON: {address: {"tcp": [port, …], "udp": [port, …]}}.
``python3 -m labkit.port_scan --stranger NAMESPACE ADDRESS…`` tries them from an address that no security group knows,
in the VPC whose router has this namespace.
``python3 -m labkit.port_scan --send DEVICE SOURCE:TARGET…`` sends a SYN to port 22 of each target, from any address.
"""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import json
import socket
import struct
import subprocess
import sys
import time
import typing as t

from labkit import namespaces

_PORTS = range(1, 65536)
_AT_ONCE = 100  # packets to each, then a breath: the queues of a link are short
_BREATH = 0.005  # seconds
_PATIENCE = 2.0  # seconds for the last answers
_SYN, _SYN_ACK = 0x02, 0x12
_STRANGER = "stranger"
_FREE = 10  # the address in a subnet that the lab gives to nobody
# The first message of IKE in a version that there is not: RFC 7296, 2.5 has it answered. On port 4500 four zero
# bytes come first (RFC 3948).
_IKE = bytes(range(1, 9)) + bytes(8) + bytes((0, 0x30, 34, 0x08)) + bytes(4) + struct.pack("!I", 28)
_IN_UDP = 4500

Port = tuple[str, int]  # address, port


def answering(addresses: t.Sequence[str]) -> dict[str, dict[str, list[int]]]:
    """Ports of each address from which anything came that means "go on"."""
    found = {"tcp": _tcp(addresses), "udp": _udp(addresses)}
    return {
        address: {
            protocol: sorted(port for place, port in ports if place == address) for protocol, ports in found.items()
        }
        for address in addresses
    }


def _tcp(targets: t.Sequence[str]) -> set[Port]:
    """A SYN to each port. The kernel, which knows of no connection, resets those that are answered."""
    sources = {target: _source(target) for target in targets}
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as kept,
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw,
    ):
        kept.bind(("", 0))  # so that nobody else has the port
        own = kept.getsockname()[1]

        def port_of(packet: bytes, _port: int) -> int:
            tcp = packet[(packet[0] & 15) * 4 :]
            port, to = struct.unpack("!HH", tcp[:4])
            return int(port) if to == own and tcp[13] & _SYN_ACK == _SYN_ACK else 0

        return _ask(raw, targets, lambda target, port: (_syn(sources[target], target, own, port), 0), port_of)


def _udp(targets: t.Sequence[str]) -> set[Port]:
    """A beginning of IKE to each port: what does not speak IKE may say so, or nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        return _ask(
            plain,
            targets,
            lambda _target, port: (bytes(4) + _IKE if port == _IN_UDP else _IKE, port),
            lambda _packet, port: port,
        )


def _source(target: str) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((target, 9))
        return str(probe.getsockname()[0])


def _syn(source: str, target: str, own: int, port: int) -> bytes:
    header = struct.pack("!HHIIBBHHH", own, port, 1, 0, 5 << 4, _SYN, 1024, 0, 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!BBH", 0, socket.IPPROTO_TCP, 20)
    total = sum(struct.unpack("!16H", pseudo + header))
    total = (total & 0xFFFF) + (total >> 16)
    return header[:16] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + header[18:]


def _ask(
    out: socket.socket,
    targets: t.Sequence[str],
    packet_to: t.Callable[[str, int], tuple[bytes, int]],
    port_of: t.Callable[[bytes, int], int],
) -> set[Port]:
    """Send to all ports and listen.

    :param packet_to: what is sent to a port of a target, and the port that the kernel is to be told.
    :param port_of: the port that an answer stands for, of the packet and the port it came from; 0 for none.
    """
    found: set[Port] = set()
    out.setblocking(False)

    def listen() -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, (sender, port) = out.recvfrom(2048)
                if sender in targets and (answer := port_of(packet, port)):
                    found.add((sender, answer))

    # Twice: the first packets wait for the way to be found, and on a busy machine a queue loses some of the others.
    for port in (*_PORTS, *_PORTS):
        for target in targets:
            packet, to = packet_to(target, port)
            with contextlib.suppress(OSError):  # unreachable is no answer
                out.sendto(packet, (target, to))
        if port % _AT_ONCE == 0:
            time.sleep(_BREATH)
            listen()
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        listen()
        time.sleep(0.05)
    return found


@contextlib.contextmanager
def _stranger(vpc: str) -> t.Iterator[str]:
    """A namespace with an address of the VPC's first subnet that no interface of AWS's has."""
    found = json.loads(namespaces.run(["ip", "-json", "-4", "address"], netns=vpc).stdout)
    bridges = [each for each in found if each["ifname"].startswith("sn")]
    address = bridges[0]["addr_info"][0]
    gateway = ipaddress.IPv4Interface(f"{address['local']}/{address['prefixlen']}")
    namespaces.netns_delete(_STRANGER)
    namespaces.netns_add(_STRANGER)
    try:
        own = f"{gateway.network[_FREE]}/{gateway.network.prefixlen}"
        namespaces.plug(_STRANGER, "eth0", vpc, bridges[0]["ifname"], address=own)
        namespaces.ip(_STRANGER, f"route add default via {gateway.ip}")
        yield _STRANGER
    finally:
        namespaces.netns_delete(_STRANGER)


def send(device: str, pairs: t.Sequence[str]) -> None:
    """A SYN to port 22 from an address to another, for each "address:address", as it would come out of this device."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        for pair in pairs:
            source, target = pair.split(":")
            ends = socket.inet_aton(source) + socket.inet_aton(target)
            # The kernel fills in length and checksum: raw(7)
            header = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, 64, socket.IPPROTO_TCP, 0) + ends
            raw.sendto(header + _syn(source, target, 1025, 22), (target, 0))


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="port_scan", description="Try every port of hosts")
    parser.add_argument("--stranger", metavar="NAMESPACE", help="from an address of this VPC")
    parser.add_argument("--send", metavar="DEVICE", help="a SYN from SOURCE to TARGET for each SOURCE:TARGET")
    parser.add_argument("addresses", nargs="+")
    given = parser.parse_args()
    if given.send:
        send(given.send, given.addresses)
        return 0
    if not given.stranger:
        print(json.dumps(answering(given.addresses)))
        return 0
    with _stranger(given.stranger) as namespace:
        command = [*namespaces.within(namespace), sys.executable, "-B", "-m", "labkit.port_scan", *given.addresses]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
