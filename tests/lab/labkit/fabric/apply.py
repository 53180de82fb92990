# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings network namespaces into the planned state: adds what is missing, and removes what is obsolete.

It reads the present state, never that of an earlier run, so it can be stopped anywhere and run again.
"""

from __future__ import annotations

import json
import re
import typing as t
from functools import partial

from labkit import namespaces
from labkit.errors import LabError

from .plan import Link, Namespace, is_ours

_PROTOCOL = "77"  # marks routes and rules as the fabric's own
_LAST = "4000000"  # metric of a blackhole, so that it never takes a real route's place
# Devices that a plan can name; all others (pods' and the IKE daemon's) belong to somebody else.
_DEVICES = re.compile(r"sn[0-9a-f]{10}|eth\d|inet0|wan0|vgw0|vpc0|aws0")
_SYSCTL = (
    *("net.ipv4.ip_forward=1", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"),
    *(f"net.ipv4.conf.{i}.{k}=0" for i in ("all", "default") for k in ("rp_filter", "send_redirects")),
)
_SYSCTL_ROUTER = ("net.bridge.bridge-nf-call-iptables=0",)  # what stays in a subnet is not the router's business


class Network:
    """The namespaces of the fabric. Not for use by two threads at a time."""

    def __init__(self) -> None:
        self._done: dict[str, Namespace] = {}

    def apply(self, wanted: t.Mapping[str, Namespace]) -> dict[str, str]:
        """Brings all namespaces into the `wanted` state; returns namespace → error for those to be retried."""
        present = set(namespaces.netns_list())
        errors: dict[str, str] = {}
        for name in sorted(n for n in present if is_ours(n) and n not in wanted):
            self._done.pop(name, None)
            self._attempt(errors, name, partial(self._remove, name))
        changed = [
            s
            for n, s in wanted.items()
            if self._done.get(n) != s or not present.issuperset({n, *(k.peer_namespace for k in s.links)})
        ]
        peers: dict[str, set[str]] = {}
        for one in wanted.values():
            for link in one.links:
                peers.setdefault(link.peer_namespace, set()).add(link.peer)
        # A link needs its bridge, an address its link, a route its address: each step for all, then the next.
        for one in changed:
            self._done.pop(one.name, None)
            self._attempt(errors, one.name, partial(self._devices, one, peers.get(one.name, set()), present))
        for one in changed:
            self._attempt(errors, one.name, partial(self._links, one))
        for one in changed:
            self._attempt(errors, one.name, partial(self._addresses_and_rules, one))
        for one in changed:
            if one.name not in errors:
                self._attempt(errors, one.name, partial(self._routes, one))
            if one.name not in errors:
                self._done[one.name] = one
        return errors

    @staticmethod
    def _attempt(errors: dict[str, str], name: str, step: t.Callable[[], None]) -> None:
        if name in errors:
            return
        try:
            step()
        except LabError as error:
            errors[name] = str(error)

    @staticmethod
    def _remove(name: str) -> None:
        # A process that has not ended yet would keep the namespace, and with it the far ends of its links.
        for device in _show(name):
            if _DEVICES.fullmatch(device):
                namespaces.run(["ip", "-n", name, "link", "del", device], check=False)
        namespaces.netns_delete(name)

    @staticmethod
    def _devices(one: Namespace, peers: set[str], present: set[str]) -> None:
        if one.name not in present:
            namespaces.netns_add(one.name, forward=True)
        settings = [*_SYSCTL, *(_SYSCTL_ROUTER if one.bridges else ())]
        namespaces.run(["sysctl", "-eqw", *settings], netns=one.name)
        there = _show(one.name)
        wanted = {*one.bridges, *(k.name for k in one.links), *peers}
        commands = [f"link del {d}" for d in there if _DEVICES.fullmatch(d) and d not in wanted]
        commands += [f"link add {b} type bridge" for b in one.bridges if b not in there]
        commands += [f"link set {b} up" for b in one.bridges]
        _batch(one.name, commands)

    @staticmethod
    def _links(one: Namespace) -> None:
        there = _show(one.name)
        for link in one.links:
            far = _show(link.peer_namespace)
            if link.name in there and not _joined(there[link.name], far.get(link.peer)):
                _batch(one.name, [f"link del {link.name}"])
                far = _show(link.peer_namespace)
                del there[link.name]
            if link.name not in there:
                if link.peer in far:
                    _batch(link.peer_namespace, [f"link del {link.peer}"])
                _batch(one.name, [f"link add {link.name} type veth peer name {link.peer} netns {link.peer_namespace}"])
            _batch(link.peer_namespace, _far_end(link, far.get(link.peer, {})))
            _batch(one.name, [f"link set {link.name} up"])
        if one.proxy_arp:
            settings = [f"net.ipv4.conf.{d}.proxy_arp=1" for d in one.proxy_arp]
            settings += [f"net.ipv4.neigh.{d}.proxy_delay=0" for d in one.proxy_arp]
            namespaces.run(["sysctl", "-qw", *settings], netns=one.name)

    @staticmethod
    def _addresses_and_rules(one: Namespace) -> None:
        there = _show(one.name)
        wanted = set(one.addresses)
        have = {
            (device, f"{a['local']}/{a['prefixlen']}")
            for device, found in there.items()
            if _DEVICES.fullmatch(device) or device == "lo" or any(d == device for d, _a in wanted)
            for a in found.get("addr_info", ())
            if a["family"] == "inet" and a["scope"] != "host"
        }
        _batch(one.name, [f"addr del {a} dev {d}" for d, a in sorted(have - wanted)])
        _batch(one.name, [f"addr add {a} dev {d}" for d, a in one.addresses if (d, a) not in have])

        wanted_rules = {f"{p} {r if r.startswith('from ') else f'from all {r}'}" for p, r in one.rules}
        printed = (
            namespaces.run(["ip", "-n", one.name, "rule", "show"]).stdout.replace(":\t", " ").replace("[detached] ", "")
        )
        # "1000 from all iif eth0 lookup 7 proto 77"
        split = (line.rpartition(" proto ") for line in printed.splitlines())
        ours = {rule for rule, _proto, number in split if number.strip() == _PROTOCOL}
        _batch(one.name, [f"rule del pref {r}" for r in sorted(ours - wanted_rules)])
        _batch(one.name, [f"rule add pref {r} protocol {_PROTOCOL}" for r in sorted(wanted_rules - ours)])

        table = f"table ip fabric {{\n{one.ruleset}}}\n" if one.ruleset else ""
        namespaces.run(["nft", "-f", "-"], netns=one.name, stdin=f"table ip fabric\ndelete table ip fabric\n{table}")

    @staticmethod
    def _routes(one: Namespace) -> None:
        wanted = {(number, destination): way for number, ways in one.routes for destination, way in ways}
        shown = namespaces.run(["ip", "-n", one.name, "-j", "route", "show", "table", "all", "proto", _PROTOCOL]).stdout
        have: dict[tuple[int, str], str] = {}
        for route in json.loads(shown or "[]"):
            way = "blackhole" if route.get("type") == "blackhole" else f"via {route.get('gateway')} dev {route['dev']}"
            have[(_number(route.get("table", "main")), route["dst"])] = way
        commands = []
        for (number, destination), way in have.items():
            if wanted.get((number, destination), "").removesuffix(" onlink") != way:
                kind = "blackhole " if way == "blackhole" else ""
                commands.append(f"route del {kind}{destination} table {number} proto {_PROTOCOL}")
        for (number, destination), way in wanted.items():
            if have.get((number, destination)) == way.removesuffix(" onlink"):
                continue
            if way == "blackhole":
                commands.append(f"route add blackhole {destination} table {number} metric {_LAST} proto {_PROTOCOL}")
            else:
                commands.append(f"route add {destination} {way} table {number} proto {_PROTOCOL}")
        _batch(one.name, commands)


def _number(table: str | int) -> int:
    return 254 if table == "main" else int(table)


def _show(netns: str) -> dict[str, dict[str, t.Any]]:
    """The devices in a namespace by name; none if there is no such namespace."""
    result = namespaces.run(["ip", "-n", netns, "-j", "addr", "show"], check=False)
    return {d["ifname"]: d for d in json.loads(result.stdout or "[]")} if result.returncode == 0 else {}


def _joined(near: t.Mapping[str, t.Any], far: t.Mapping[str, t.Any] | None) -> bool:
    return far is not None and far.get("link_index") == near["ifindex"] and near.get("link_index") == far["ifindex"]


def _far_end(link: Link, found: t.Mapping[str, t.Any]) -> list[str]:
    commands = [f"link set {link.peer} up"]
    if link.bridge and found.get("master") != link.bridge:
        commands.insert(0, f"link set {link.peer} master {link.bridge}")
    has = {f"{a['local']}/{a['prefixlen']}" for a in found.get("addr_info", ()) if a["family"] == "inet"}
    if link.peer_address and link.peer_address not in has:
        commands.append(f"addr add {link.peer_address} dev {link.peer}")
    return commands


def _batch(netns: str, commands: t.Sequence[str]) -> None:
    if commands:
        namespaces.run(["ip", "-n", netns, "-batch", "-"], stdin="\n".join(commands) + "\n")
