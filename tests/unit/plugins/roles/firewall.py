# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A firewall with its neighbours in network namespaces, and packets that are tried there.

``unshare --map-root-user --net --mount python3 firewall.py`` reads steps from standard input, one JSON document a line,
and answers each with one: {"run": [word, …]} with its exit status and output, {"send": {…}} with the sender of a UDP
packet as it was seen, or false. `send` has "out" and "to" (namespaces), "source" and "target" (addresses with ports);
with "answered", a packet back has to be heard too; with "after", the packet is an answer to one that was sent the other
way before. {"ping": {"out": namespace, "source": address, "target": address}} answers whether an echo came back.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import struct
import subprocess
import sys
import typing as t

# The firewall's address towards each neighbour, and the neighbour's own addresses
NEIGHBOURS = {
    "lan": ("10.10.0.1/24", ["10.10.0.10/24", "10.20.0.10/32"]),
    "vpc": ("169.254.1.2/30", ["169.254.1.1/30", "10.11.0.5/32", "8.8.8.8/32", "10.20.0.99/32"]),
    "wan": ("203.0.113.10/24", ["203.0.113.1/24", "8.8.4.4/32", "198.51.100.21/32"]),
}
ROUTES = {"10.20.0.0/24": "10.10.0.10", "10.11.0.0/16": "169.254.1.1", "default": "203.0.113.1"}
GROUP = 4097
_CLONE_NEWNET = 0x40000000
_PATIENCE = 0.05  # seconds; there is no way but through the kernel

_libc = ctypes.CDLL(None, use_errno=True)
_here = os.open("/proc/self/ns/net", os.O_RDONLY)


def ip(words: str, netns: str = "") -> None:
    subprocess.run(["ip", *(["-n", netns] if netns else []), *words.split()], check=True)


def build() -> None:
    """Make the namespaces around this one, which is the firewall's."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    ip("link set lo up")
    for name, (own, others) in NEIGHBOURS.items():
        ip(f"netns add {name}")
        ip(f"link add {name}0 type veth peer name eth0 netns {name}")
        ip(f"address add {own} dev {name}0")
        ip(f"link set {name}0 up" + (f" group {GROUP}" if name == "vpc" else ""))
        for address in others:
            ip(f"address add {address} dev eth0", name)
        for interface in ("lo", "eth0"):
            ip(f"link set {interface} up", name)
        ip(f"route add default via {own.split('/', maxsplit=1)[0]}", name)
    for network, via in ROUTES.items():
        ip(f"route add {network} via {via}")
    for setting in ("ip_forward=1", "conf.all.rp_filter=0", "conf.vpc0.rp_filter=0"):
        subprocess.run(["sysctl", "-qw", f"net.ipv4.{setting}"], check=True)


def hearing(netns: str, address: str, port: int, *, kind: int = socket.SOCK_DGRAM, protocol: int = 0) -> socket.socket:
    """A socket of a namespace, UDP unless told otherwise; "" is the firewall's."""
    there = os.open(f"/run/netns/{netns}", os.O_RDONLY) if netns else _here
    try:
        if _libc.setns(there, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"no way into {netns}")
        made = socket.socket(socket.AF_INET, kind, protocol)
        made.settimeout(_PATIENCE)
        made.bind((address, port))
        return made
    finally:
        _libc.setns(_here, _CLONE_NEWNET)
        if netns:
            os.close(there)


def heard(out: socket.socket, to: socket.socket, target: tuple[str, int]) -> tuple[str, int] | None:
    """Send a packet; who sent it as the other side sees it, None when it did not come."""
    try:
        out.sendto(b"x", target)
        return t.cast("tuple[str, int]", to.recvfrom(9)[1])
    except OSError:
        return None


def send(
    out: str, to: str, source: list[t.Any], target: list[t.Any], *, answered: bool = False, after: bool = False
) -> t.Any:
    """See above. What comes out is the sender that was seen, false when nothing was heard."""
    with hearing(out, source[0], source[1]) as one, hearing(to, target[0], target[1]) as other:
        if after and not heard(other, one, (source[0], source[1])):
            return "the first packet was not heard"
        seen = heard(one, other, (target[0], target[1]))
        if seen and answered and not heard(other, one, seen):
            return "the answer was not heard"
        return list(seen) if seen else False


def ping(out: str, source: str, target: str) -> bool:
    """See above."""
    request = struct.pack("!BBHHH", 8, 0, ~(0x0800 + 1) & 0xFFFF, 0, 1)
    with hearing(out, source, 0, kind=socket.SOCK_RAW, protocol=socket.IPPROTO_ICMP) as one:
        try:
            one.sendto(request, (target, 0))
            while True:
                packet, sender = one.recvfrom(99)
                if sender[0] == target and packet[(packet[0] & 15) * 4] == 0:
                    return True
        except OSError:
            return False


def main() -> None:
    """Serve."""
    build()
    for line in sys.stdin:
        step = json.loads(line)
        if "send" in step:
            answer: t.Any = send(**step["send"])
        elif "ping" in step:
            answer = ping(**step["ping"])
        else:
            done = subprocess.run(step["run"], capture_output=True, text=True, check=False)
            answer = [done.returncode, done.stdout + done.stderr]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
