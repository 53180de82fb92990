# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Network namespaces, links between them, and running programs in them. Runs inside the sandbox as root.

Namespaces are entered by `nsenter`, not `ip netns exec`: that remounts /sys, and the kubelet no longer finds its
control groups.
"""

from __future__ import annotations

import subprocess
import typing as t
import zlib
from pathlib import Path

from labkit import settings
from labkit.cgroups import kill as cgroup_kill
from labkit.cgroups import make as cgroup_make
from labkit.errors import LabError

__all__ = [
    "attach_public",
    "bridge_add",
    "cgroup_kill",
    "cgroup_make",
    "ip",
    "link",
    "netns_add",
    "netns_delete",
    "netns_list",
    "nft",
    "plug",
    "run",
]

NETNS = Path("/run/netns")
CLOUD_BRIDGE = "cloud"  # in the namespace inet: 198.51.100.0/24
SERVICES_BRIDGE = "services"  # in the namespace inet: 192.0.2.0/24


def within(netns: str) -> list[str]:
    """The words before a command that run it in `netns`."""
    return ["nsenter", f"--net={NETNS / netns}", "--"]


def run(
    argv: t.Sequence[str], *, netns: str | None = None, stdin: str | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run `argv` (in `netns`) and return what it said; a failure raises LabError with the program's own message."""
    done = subprocess.run(
        [*(within(netns) if netns else ()), *argv],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode:
        place = f" in namespace {netns}" if netns else ""
        raise LabError(f"{' '.join(argv)}{place} ended with {done.returncode}: {(done.stderr or done.stdout).strip()}")
    return done


def netns_add(name: str, *, forward: bool = False) -> None:
    """Make the network namespace `name`, its loopback up, unless it is there; `forward` lets it route."""
    if not (NETNS / name).exists():
        run(["ip", "netns", "add", name])
    ip(name, "link set lo up")
    if forward:
        run(["sysctl", "-qw", "net.ipv4.ip_forward=1"], netns=name)


def netns_delete(name: str) -> None:
    """Delete `name` and with it every interface, route and rule in it. A missing one is no error."""
    if (NETNS / name).exists():
        run(["ip", "netns", "delete", name])


def netns_list() -> list[str]:
    """Names of all network namespaces of the lab."""
    return sorted(file.name for file in NETNS.iterdir()) if NETNS.is_dir() else []


def ip(netns: str, *commands: str) -> None:
    """Run `ip` commands ("addr add … dev …") in `netns` as one batch; what is there already is no error here only
    when the command says `replace`."""
    run(["ip", "-netns", netns, "-batch", "-"], stdin="\n".join(commands) + "\n")


def nft(netns: str, ruleset: str) -> None:
    """Load an nftables ruleset (as in a file for `nft -f`) in `netns`, all of it or nothing."""
    run(["nft", "-f", "-"], netns=netns, stdin=ruleset)


def link(ns_a: str, if_a: str, ns_b: str, if_b: str, *, addr_a: str | None = None, addr_b: str | None = None) -> None:
    """Join two namespaces by a veth pair, both ends up; `addr_*` are addresses with prefix length ("10.0.0.1/24")."""
    run(["ip", "link", "add", if_a, "netns", ns_a, "type", "veth", "peer", "name", if_b, "netns", ns_b])
    for netns, interface, address in ((ns_a, if_a, addr_a), (ns_b, if_b, addr_b)):
        ip(netns, *([f"addr add {address} dev {interface}"] if address else ()), f"link set {interface} up")


def bridge_add(netns: str, name: str, *, address: str | None = None) -> None:
    """Make the bridge `name` in `netns`, up, with `address` (with prefix length) if given."""
    ip(
        netns,
        f"link add {name} type bridge",
        *([f"addr add {address} dev {name}"] if address else ()),
        f"link set {name} up",
    )


def port_name(netns: str, interface: str) -> str:
    """A name for the switch's end of a cable: at most 15 characters, the same for the same cable."""
    name = f"{netns}.{interface}"
    return name if len(name) <= 15 else f"p{zlib.crc32(name.encode()):08x}"


def plug(netns: str, interface: str, switch: str, bridge: str, *, address: str | None = None) -> None:
    """Give `netns` an `interface` plugged into `bridge` of namespace `switch`."""
    port = port_name(netns, interface)
    link(netns, interface, switch, port, addr_a=address)
    ip(switch, f"link set {port} master {bridge}")


def attach_public(netns: str, address: str, *, interface: str = "wan0", default: bool = True) -> None:
    """Attach `netns` to AWS's public network 198.51.100.0/24 with `address` (no prefix length) and a default route."""
    plug(netns, interface, settings.NS_INET, CLOUD_BRIDGE, address=f"{address}/{settings.PREFIX}")
    if default:
        ip(netns, f"route replace default via {settings.CLOUD_GATEWAY}")
