# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script that site_to_site_vpn puts on the firewall, with real rules and packets in namespaces of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.tests.unit.roles import Role

WORLD = Path(__file__).with_name("firewall.py")
TUNNELS = [
    {
        "remote_address": f"198.51.100.{20 + number}",
        "local_address": "203.0.113.10",
        "inside_local": f"169.254.{number}.2",
        "inside_remote": f"169.254.{number}.1",
        "psk": "aB3._xyzaB3._xyz",
        "remote_networks": ["10.11.0.0/16"],
    }
    for number in (1, 2)
]
FIREWALL = """
table inet filter {
  chain forward {
    type filter hook forward priority filter; policy accept;
  }
  chain other {
  }
}
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan0" ip saddr { 10.10.0.0/16, 10.11.0.0/16 } masquerade
  }
}
"""
POD, SPOOFED, STRANGER = "10.11.0.5", "8.8.8.8", "10.20.0.99"
LAN, ELSEWHERE, INTERNET = "10.10.0.10", "10.20.0.10", "8.8.4.4"


class World:
    """The firewall and its neighbours, in a process of their own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        argv = ["unshare", "--map-root-user", "--net", "--mount", sys.executable, "-B", str(WORLD)]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._script = directory / "tunnel"
        (directory / "firewall.nft").write_text(FIREWALL)
        self.run("nft", "-f", str(directory / "firewall.nft"))

    def _ask(self, **step: t.Any) -> t.Any:
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps(step), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def run(self, *words: str) -> str:
        status, output = self._ask(run=words)
        assert status == 0, (words, output)
        return str(output)

    def script(self, action: str, **settings: t.Any) -> str:
        """Write the script with these settings of the role, and run an action of it."""
        self._script.write_text(render(**settings))
        return self.run("sh", str(self._script), action)

    def send(self, out: str, source: str, to: str, target: str, *ports: int, **more: t.Any) -> t.Any:
        """Who sent a packet, as it is seen where it is to arrive; false when it does not. See firewall.py."""
        source_port, target_port = ports or (1025, 22)
        ends = {"source": [source, source_port], "target": [target, target_port]}
        return self._ask(send={"out": out, "to": to, **ends, **more})

    def ping(self, out: str, source: str, target: str) -> bool:
        return bool(self._ask(ping={"out": out, "source": source, "target": target}))

    def comments(self) -> list[str]:
        """Rules with our comment."""
        lines = self.run("nft", "list", "ruleset").splitlines()
        return [line.strip() for line in lines if 'comment "cloudburst-' in line]


def render(**settings: t.Any) -> str:
    variables = {
        "ansible_managed": "Ansible managed",
        "ansible_facts": {"all_ipv4_addresses": ["203.0.113.10"]},
        "site_to_site_vpn_name": "vulcan",
        "site_to_site_vpn_local_networks": ["10.10.0.0/24", "10.10.128.0/24"],
        "__site_to_site_vpn_directory": "/etc/swanctl/cloudburst-vulcan",
        "__site_to_site_vpn_number": 4096,
        "__site_to_site_vpn_groups": [4097, 4098],
        "__site_to_site_vpn_kernel": {"rc": 0},
        "site_to_site_vpn_tunnels": TUNNELS,
    }
    return Role("site_to_site_vpn").render("tunnel.sh.j2", **{**variables, **settings})


@pytest.mark.parametrize("kernel", [True, False])
def test_shellcheck_has_nothing_to_say(kernel: bool, tmp_path: Path) -> None:
    script = tmp_path / "tunnel"
    script.write_text(render(__site_to_site_vpn_kernel={"rc": 0 if kernel else 1}))
    argv = ["shellcheck", "--severity=warning", str(script)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.fixture
def world(tmp_path: Path) -> t.Iterator[World]:
    made = World(tmp_path)
    yield made
    made.process.communicate(timeout=10)


def to(*networks: str) -> dict[str, t.Any]:
    """Other networks on the other side."""
    return {"site_to_site_vpn_tunnels": [{**tunnel, "remote_networks": list(networks)} for tunnel in TUNNELS]}


CHAIN = {"site_to_site_vpn_forward_chain": "inet filter forward"}
OPEN = {"site_to_site_vpn_accept_from_remote": True}


@pytest.mark.parametrize("chain", [{}, CHAIN])
def test_what_may_pass(world: World, chain: dict[str, str]) -> None:
    # The first packet may be lost while the neighbours find one another.
    passed = any(world.send("vpc", SPOOFED, "lan", LAN) for _attempt in range(3))
    assert passed, "without rules everything passes, so what is below means something"
    world.script("open", **chain)
    assert world.send("lan", LAN, "vpc", POD, answered=True) == [LAN, 1025]
    assert world.send("", "10.10.0.1", "vpc", POD, answered=True) == ["10.10.0.1", 1025]
    assert world.ping("", "169.254.1.2", "169.254.1.1")
    assert world.ping("vpc", POD, "10.10.0.1")
    assert not world.ping("vpc", SPOOFED, "10.10.0.1")
    assert not world.send("vpc", POD, "lan", LAN)
    assert not world.send("vpc", POD, "lan", ELSEWHERE)
    assert not world.send("vpc", POD, "", "10.10.0.1")
    assert not world.send("vpc", POD, "", "169.254.1.2")
    assert not world.send("vpc", "169.254.1.1", "", "169.254.1.2")
    assert not world.send("vpc", POD, "wan", INTERNET)
    assert not world.send("lan", ELSEWHERE, "vpc", POD)
    assert not world.send("wan", INTERNET, "vpc", POD)


def test_connections_from_the_vpc_come_to_the_local_networks_and_nowhere_else(world: World) -> None:
    world.script("open", **OPEN, **CHAIN)
    assert world.send("vpc", POD, "lan", LAN, answered=True)
    assert not world.send("vpc", POD, "lan", ELSEWHERE)
    assert not world.send("vpc", POD, "", "10.10.0.1")
    assert not world.send("vpc", POD, "wan", INTERNET)
    for source in (SPOOFED, STRANGER, "169.254.1.1"):
        assert not world.send("vpc", source, "lan", LAN), source
        assert not world.send("vpc", source, "", "10.10.0.1"), source


def test_a_spoofed_packet_is_no_answer(world: World) -> None:
    world.run("ip", "route", "add", f"{SPOOFED}/32", "via", "169.254.1.1")
    assert world.send("vpc", SPOOFED, "", "10.10.0.1", after=True)
    world.script("open", **OPEN)
    world.run("ip", "route", "replace", f"{SPOOFED}/32", "via", "203.0.113.1")
    world.run("ip", "-n", "wan", "address", "add", f"{SPOOFED}/32", "dev", "eth0")
    assert world.send("lan", LAN, "wan", SPOOFED, 1026, 53, answered=True)
    assert not world.send("vpc", SPOOFED, "lan", LAN, 53, 1026)


@pytest.mark.parametrize("chain", [{}, CHAIN])
def test_the_way_to_the_internet(world: World, chain: dict[str, str]) -> None:
    world.run("nft", "add chain inet filter forward { policy drop; }")
    if not chain:
        world.run("nft", "insert rule inet filter forward accept")
    world.script("open", site_to_site_vpn_remote_egress=True, **chain)
    assert world.send("vpc", POD, "wan", INTERNET, answered=True) == ["203.0.113.10", 1025], "translated"
    assert not world.send("vpc", POD, "lan", LAN)
    assert not world.send("vpc", POD, "lan", ELSEWHERE)
    assert not world.send("vpc", STRANGER, "wan", INTERNET)
    assert not world.send("wan", INTERNET, "vpc", POD)


def test_nothing_for_the_vpc_takes_another_way(world: World) -> None:
    world.script("open", **OPEN)
    world.run("ip", "route", "del", "10.11.0.0/16", "via", "169.254.1.1")
    world.run("ip", "-n", "wan", "address", "add", f"{POD}/32", "dev", "eth0")
    world.run("ip", "route", "del", "unreachable", "10.11.0.0/16")  # as a network manager may do
    assert not world.send("lan", LAN, "wan", POD)
    assert not world.send("", "10.10.0.1", "wan", POD)
    world.run("nft", "delete table inet cloudburst-vulcan")
    assert world.send("lan", LAN, "wan", POD), "without rules it passes, so what is above means something"
    world.script("watch", **OPEN)
    assert not world.send("lan", LAN, "wan", POD)
    assert "unreachable 10.11.0.0/16" in world.run("ip", "route")


# -- rules in the firewall's own chain


def test_rules_are_narrowed(world: World) -> None:
    world.script("open", **CHAIN, **OPEN, site_to_site_vpn_local_networks=["10.10.0.0/24", "10.20.0.0/24"])
    assert world.send("vpc", POD, "lan", LAN, answered=True)
    assert world.send("vpc", POD, "lan", ELSEWHERE, answered=True)
    world.script("open", **CHAIN, **OPEN)
    assert world.send("vpc", POD, "lan", LAN)
    assert not world.send("vpc", POD, "lan", ELSEWHERE)
    assert len(world.comments()) == 2
    assert "10.20.0.0/24" not in world.run("nft", "list", "ruleset")
    world.script("open", **CHAIN)
    assert not world.send("vpc", POD, "lan", LAN), "nor what began before"
    assert len(world.comments()) == 2
    assert next(rule for rule in world.comments() if rule.startswith("iif")).count("ct direction reply") == 1


def test_watch_narrows_too_and_leaves_alone_what_is_right(world: World) -> None:
    world.script("open", **CHAIN, **OPEN)
    world.script("watch", **CHAIN)
    assert not world.send("vpc", POD, "lan", LAN)
    before = world.run("nft", "-a", "list", "ruleset")
    world.script("watch", **CHAIN)
    assert world.run("nft", "-a", "list", "ruleset") == before
    for broken in ("flush chain inet filter forward", "flush chain inet cloudburst-vulcan sources", "flush ruleset"):
        world.run("nft", broken)
        world.script("watch", **CHAIN)
        assert not world.send("vpc", SPOOFED, "lan", LAN), broken
        assert len(world.comments()) == (0 if broken == "flush ruleset" else 2), broken
    world.run("nft", "-f", str(world.directory / "firewall.nft"))
    world.script("watch", **CHAIN)
    assert len(world.comments()) == 2


def test_watch_settles_while_the_chain_is_missing_and_when_it_is_back(world: World) -> None:
    world.script("open", **CHAIN)
    world.run("nft", "flush ruleset")
    for rules in (0, 2):
        world.script("watch", **CHAIN)
        assert len(world.comments()) == rules
        before = world.run("nft", "-a", "list", "ruleset")
        assert world.script("watch", **CHAIN) == ""
        assert world.run("nft", "-a", "list", "ruleset") == before, "rules were loaded again"
        assert not world.send("vpc", SPOOFED, "lan", LAN)
        world.run("nft", "-f", str(world.directory / "firewall.nft"))


@pytest.mark.parametrize("other", ["", "inet filter other"])
def test_no_rule_stays_in_a_chain_that_is_no_longer_named(world: World, other: str) -> None:
    world.script("open", **CHAIN)
    world.run("nft", 'add rule inet filter forward ip saddr 10.9.0.1 accept comment "cloudburst-venus"')
    world.script("open", site_to_site_vpn_forward_chain=other)
    assert len(world.comments()) == (3 if other else 1)
    assert len(world.run("nft", "list", "chain", "inet", "filter", "forward").splitlines()) == 6
    output = world.script("close", site_to_site_vpn_forward_chain="")
    assert ("rules removed" in output) is bool(other)
    assert [rule for rule in world.comments() if "venus" not in rule] == []
    assert "cloudburst-vulcan" not in world.run("nft", "list", "ruleset")
    assert "unreachable" not in world.run("ip", "route")
    assert world.script("close") == ""


def test_a_wrong_chain_keeps_nothing_from_being_closed(world: World) -> None:
    output = world.script("open", site_to_site_vpn_forward_chain="inet filter nowhere")
    assert "there is no chain inet filter nowhere" in output
    assert not world.send("vpc", POD, "lan", LAN)


def test_the_route_of_a_former_network_goes(world: World) -> None:
    world.run("ip", "route", "add", "unreachable", "10.77.0.0/16", "proto", "77", "metric", "4294967000")
    world.script("open", **to("10.12.0.0/16"))
    world.script("open")
    routes = world.run("ip", "route")
    assert "unreachable 10.11.0.0/16" in routes
    assert "10.12.0.0/16" not in routes
    assert "10.77.0.0/16" in routes, "another burst's"


def test_a_tunnel_that_is_up_goes_on_with_the_new_network(world: World) -> None:
    world.run("ip", "route", "del", "10.11.0.0/16")
    former = "10.12.0.0/16 dev vpc0 proto 77 scope link metric 101"
    world.run("ip", "route", "add", *former.split())
    world.script("open")
    routes = world.run("ip", "route")
    assert "10.11.0.0/16 dev vpc0 proto 77 scope link src 10.10.0.1 metric 101" in routes
    assert "10.12.0.0/16" not in routes
    world.run("ip", "route", "del", "10.11.0.0/16", "dev", "vpc0")
    world.script("open")
    assert "10.11.0.0/16 dev vpc0" not in world.run("ip", "route"), "one that is down stays without"


def test_a_peer_without_addresses_inside_and_with_several_networks(world: World) -> None:
    far = "10.12.0.5"
    world.run("ip", "-n", "vpc", "address", "add", f"{far}/32", "dev", "eth0")
    world.run("ip", "route", "add", "10.12.0.0/24", "via", "169.254.1.1")
    bare = [{key: value for key, value in tunnel.items() if "inside" not in key} for tunnel in TUNNELS]
    networks = ["10.11.0.0/16", "10.12.0.0/24"]
    given = {"site_to_site_vpn_tunnels": [{**tunnel, "name": "mars", "remote_networks": networks} for tunnel in bare]}
    world.script("open", **given, **OPEN)
    for pod in (POD, far):
        assert world.send("lan", LAN, "vpc", pod, answered=True) == [LAN, 1025]
        assert world.send("vpc", pod, "lan", LAN)
        assert not world.send("vpc", pod, "wan", INTERNET)
    assert not world.send("vpc", STRANGER, "lan", LAN)
    assert world.run("ip", "route").count("unreachable") == 2
    world.script("open", **to("10.12.0.0/24"))
    assert not world.send("vpc", POD, "lan", LAN)
    assert world.run("ip", "route").count("unreachable") == 1
    world.script("close", **to("10.12.0.0/24"))
    assert "unreachable" not in world.run("ip", "route")


@pytest.mark.parametrize("inside", [True, False])
def test_what_ike_is_asked_for(inside: bool) -> None:
    tunnel = {**TUNNELS[0], "remote_networks": ["10.11.0.0/16", "10.12.0.0/24"]}
    if not inside:
        del tunnel["inside_local"], tunnel["inside_remote"]
    role = Role("site_to_site_vpn")
    given: dict[str, t.Any] = {
        "ansible_managed": "Ansible managed",
        "ansible_facts": {"all_ipv4_addresses": []},
        "site_to_site_vpn_name": "vulcan",
        "site_to_site_vpn_local_networks": ["10.10.0.0/24", "10.10.128.0/24"],
        "site_to_site_vpn_tunnels": [tunnel],
        "__site_to_site_vpn_directory": "/etc/swanctl/cloudburst-vulcan",
        "__site_to_site_vpn_index": 1,
        "__site_to_site_vpn_kernel": {"rc": 1},
    }
    given["__site_to_site_vpn_tunnel"] = role.value("__site_to_site_vpn_tunnels", **given)[0]
    lines = role.render("swanctl.conf.j2", **given).splitlines()
    found = {key.strip(): value.strip() for key, _sign, value in (line.partition("=") for line in lines) if value}
    everything = "0.0.0.0/0"
    assert found["local_ts"] == (everything if inside else "10.10.0.0/24, 10.10.128.0/24")
    assert found["remote_ts"] == (everything if inside else "10.11.0.0/16, 10.12.0.0/24")
    assert found["proposals"].startswith("aes256gcm16-prfsha384-ecp384, ")
    assert found["life_time"] == "3600s"


def test_the_rules_are_there_before_the_network_and_stay_until_the_end() -> None:
    variables = {"ansible_managed": "", "site_to_site_vpn_name": "vulcan", "__site_to_site_vpn_script": "/tunnel"}
    unit = Role("site_to_site_vpn").render("vpn.service.j2", **variables).splitlines()
    assert {"DefaultDependencies=no", "Wants=network-pre.target", "Before=network-pre.target"} <= set(unit)
    # Nothing that may itself wait for the network, as somebody's nftables.service does: that would be a circle
    assert [line for line in unit if line.startswith(("After=", "Requires=", "ExecStop="))] == []


# -- source ports


@pytest.mark.parametrize("own", [["203.0.113.10"], ["192.168.7.2"]])
def test_ports_as_they_are_seen_outside(world: World, own: list[str]) -> None:
    facts = {"ansible_facts": {"all_ipv4_addresses": own}}
    world.script("open", **facts)
    assert world.send("", "203.0.113.10", "wan", "198.51.100.21", 40123, 500) == ["203.0.113.10", 40123]
    world.script("open", site_to_site_vpn_fixed_source_ports=True, **facts)
    for number, port in ((40124, 500), (40125, 4500)):
        seen = world.send("", "203.0.113.10", "wan", "198.51.100.21", number, port, answered=True)
        assert seen == ["203.0.113.10", port]
    assert world.send("", "203.0.113.10", "wan", INTERNET, 40126, 500) == ["203.0.113.10", 40126], "no business of ours"


def test_ports_are_those_of_the_daemon_that_runs(world: World) -> None:
    """What an ended daemon has sent, and what the peer sends until it knows, keeps nothing from the next one."""
    peer = "198.51.100.21"
    world.script("open")
    assert world.send("", "203.0.113.10", "wan", peer, 40123, 500, answered=True)
    fixed = {"site_to_site_vpn_fixed_source_ports": True}
    for number in (40123, 40124, 40125):
        directory = "/run/cloudburst-vulcan-vpn-1"
        world.run("sh", "-c", f"rm -rf {directory}; mkdir {directory}")
        world.script("watch", **fixed)
        assert not world.send("wan", peer, "", "203.0.113.10", 500, 500), "nobody is to hear that"
        seen = world.send("", "203.0.113.10", "wan", peer, number, 500, answered=True)
        assert seen == ["203.0.113.10", 500], number


@pytest.mark.parametrize(
    ("sockets", "said"),
    [
        ([], []),
        (
            [
                'UNCONN 0 0     203.0.113.10:500  0.0.0.0:*    users:(("charon-systemd",pid=99,fd=12))',
                'UNCONN 0 0             [::]:500     [::]:*    users:(("charon-systemd",pid=99,fd=11))',
                'UNCONN 0 0          0.0.0.0:4500 0.0.0.0:*    users:(("openvpn",pid=7,fd=4),("openvpn",pid=8,fd=4))',
            ],
            ["UDP port 500 is in use by charon-systemd (process 99) and UDP port 4500 is in use by openvpn"],
        ),
        (["UNCONN 0 0 0.0.0.0:500 0.0.0.0:*  "], ["UDP port 500 is in use by an unknown program."]),
    ],
)
def test_ports_that_somebody_has_are_rejected_with_his_name(sockets: list[str], said: list[str]) -> None:
    given = {
        "inventory_hostname": "fw",
        "site_to_site_vpn_name": "vulcan",
        "site_to_site_vpn_fixed_source_ports": True,
        "__site_to_site_vpn_ports": {"stdout": "\n".join(sockets), "stdout_lines": sockets},
        "__site_to_site_vpn_forwards": {"stdout": "1"},
        "__site_to_site_vpn_kernel": {"rc": 0},
    }
    role = Role("site_to_site_vpn")
    rejections = role.rejections("requirements.yml", **given)
    assert len(rejections) == len(said)
    for rejection, words in zip(rejections, said):
        assert words in rejection
        assert "or set site_to_site_vpn_fixed_source_ports to false" in rejection
    given["site_to_site_vpn_fixed_source_ports"] = False
    assert role.rejections("requirements.yml", **given) == []


# -- networks that other people have


def test_the_way_to_the_internet_leads_into_no_local_network_with_public_addresses(world: World) -> None:
    """A data centre may have public addresses of its own; with accept_from_remote false nothing is begun there."""
    networks = ["10.10.0.0/24", "8.8.4.0/24"]
    more = {"site_to_site_vpn_local_networks": networks, "site_to_site_vpn_remote_egress": True}
    world.script("open", **more)
    assert not world.send("vpc", POD, "wan", INTERNET)
    assert world.send("wan", INTERNET, "vpc", POD, answered=True)
    world.script("open", **more, **OPEN)
    assert world.send("vpc", POD, "wan", INTERNET, answered=True)


@pytest.mark.parametrize(
    ("local", "remote", "said"),
    [
        (["10.0.0.0/8"], ["10.11.0.0/16"], "it overlaps site_to_site_vpn_local_networks[0] 10.0.0.0/8"),
        (["10.10.0.0/24"], ["10.0.0.0/8"], "it overlaps site_to_site_vpn_local_networks[0] 10.10.0.0/24"),
        (["10.12.0.0/16", "10.11.0.0/16"], ["10.11.0.0/16"], "it overlaps site_to_site_vpn_local_networks[1]"),
        (["10.10.0.0/16", "10.10.1.0/24"], ["10.11.0.0/16"], ""),
    ],
)
def test_no_network_is_at_both_ends(local: list[str], remote: list[str], said: str) -> None:
    given = {"site_to_site_vpn_name": "vulcan", "site_to_site_vpn_local_networks": local, **to(*remote)}
    rejections = Role("site_to_site_vpn").rejections(
        "validate.yml", **{**given, "ansible_facts": {"os_family": "Debian"}}
    )
    assert len(rejections) == bool(said)
    assert said in "".join(rejections)
    assert "_xyz" not in "".join(rejections), "a key"


OWNER = """
cd "$1" && mkfifo orders && { setsid nft -i <orders >/dev/null 2>&1 & } && exec 5>orders
echo 'add table inet owned { flags owner; }' >&5
echo 'add chain inet owned forward { type filter hook forward priority filter; policy accept; }' >&5
setsid sleep 60 >/dev/null 2>&1 &
until nft list chain inet owned forward >/dev/null 2>&1; do sleep 0.1; done
"""


def test_a_chain_of_a_table_that_somebody_owns_keeps_nothing_from_being_closed(world: World) -> None:
    """As firewalld's, with NftablesTableOwner: nobody else may add a rule."""
    world.script("open", **CHAIN, **OPEN)
    world.run("sh", "-c", OWNER, "sh", str(world.directory))
    output = world.script("open", site_to_site_vpn_forward_chain="inet owned forward")
    assert "there is no chain inet owned forward that takes rules" in output
    assert not world.send("vpc", POD, "lan", LAN), "accept_from_remote is false now"
    assert not world.send("vpc", SPOOFED, "lan", LAN)
    assert world.comments() == []
    assert world.script("watch", site_to_site_vpn_forward_chain="inet owned forward") == "", "nothing to do"
