# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's third cluster, mars: one that exists already, at a site of its own, and not on AWS (tests/lab/mars).

A lab comes up without it. `up` brings it into a lab that is up, and the context `mars` into the management host's
kubeconfig; `down` takes both away. Two ways lead there, and without either earth and mars are apart:

- mars-fw, its firewall, is an IPsec peer which takes the data centre's firewall for the other end. Its side is set up
  here, as an administrator would who has never heard of the collection.
- `line up` lays a leased line: a router with an address in both networks, and routes by way of it. `line down` takes
  it away.

    mars ── mars-lan ── mars-fw ── inet
                 └── line ── lan
"""

from __future__ import annotations

import secrets
import sys

from labkit import commands, kube, machines, mgmt, namespaces
from labkit import settings as s
from labkit.build.progress import Progress
from labkit.errors import LabError
from labkit.steps import Step, run

DIRECTORY = s.STATE / "mars"
PSK = DIRECTORY / "psk"  # of the tunnel; tests/lab/inventory_mars reads it
_READY = DIRECTORY / "ready"
_BRIDGE = "lan"
_INET_PORT = "mars"  # the internet's end of its firewall's line
_OWN = (s.MARS_LAN, s.MARS_PODS)
_OF_EARTH = (s.LAN, s.EARTH_PODS)

MARS = kube.ControlPlane(name="mars", netns=s.NS_MARS, address=s.MARS, service_cidr=s.MARS_SERVICES)
NODE = kube.Node(
    control_plane=MARS,
    name="mars",
    netns=s.NS_MARS,
    address=s.MARS,
    cni=kube.bridge_cni("mars", s.MARS_PODS),
    cluster_cidr=s.MARS_PODS,
    max_pods=110,
)


def firewall_rules() -> str:
    """/etc/nftables.conf of mars-fw: IKE and ESP in UDP come in, hosts go out, and earth and mars reach each other."""
    return f"""#!/usr/sbin/nft -f
flush ruleset
table inet filter {{
  chain input {{
    type filter hook input priority filter; policy drop;
    ct state vmap {{ established : accept, related : accept, invalid : drop }}
    iifname {{ "lo", "lan0" }} accept
    iifname "wan0" udp dport {{ 500, 4500 }} accept
  }}
  chain forward {{
    type filter hook forward priority filter; policy drop;
    ct state vmap {{ established : accept, related : accept, invalid : drop }}
    iifname "lan0" oifname "wan0" ip daddr != {{ {", ".join(s.PRIVATE)} }} accept
    iifname "lan0" oifname "ipsec0" accept
    iifname "ipsec0" oifname "lan0" ip saddr {{ {", ".join(_OF_EARTH)} }} accept
  }}
}}
table ip nat {{
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan0" ip saddr {s.MARS_LAN} masquerade
  }}
}}
"""


def firewall_interfaces() -> str:
    """The service that sets up its interfaces, at the time of a boot when networkd or ifupdown would."""
    return f"""[Unit]
Description=Interfaces
DefaultDependencies=no
Wants=network.target
After=network-pre.target
Before=network.target network-online.target strongswan.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=ip link set lan0 up
ExecStart=ip link set wan0 up
ExecStart=ip route replace default via {s.MARS_WAN_GATEWAY}
ExecStart=ip route replace {s.MARS_PODS} via {s.MARS}

[Install]
WantedBy=multi-user.target
"""


def strongswan() -> str:
    """/etc/strongswan.conf of mars-fw. The lab's kernels may have no ESP: libipsec does it in user space.

    It lays routes of its own, which would lead the tunnel into itself: their table comes last, where nothing gets to,
    and those of strongswan_routes() decide."""
    return """charon-systemd {
  load = random nonce openssl aes sha1 sha2 hmac kdf gcm kernel-libipsec kernel-netlink socket-default vici
  routing_table_prio = 40000
  plugins {
    kernel-libipsec {
      allow_peer_ts = yes
    }
  }
}
swanctl {
  load = openssl random
}
"""


def strongswan_routes() -> str:
    """The part of strongSwan's unit that sets up its device, which is there as soon as the daemon runs."""
    lines = [f"ip address replace {s.MARS_FW_INSIDE}/30 dev ipsec0"]
    lines += [f"ip route replace {network} dev ipsec0 src {s.MARS_FW_LAN}" for network in _OF_EARTH]
    return "[Service]\n" + "".join(f"ExecStartPost={line}\n" for line in lines)


def connection(psk: str) -> str:
    """swanctl.conf of the tunnel to the data centre: it waits for the other side to begin."""
    return f"""connections {{
  earth {{
    version = 2
    local_addrs = {s.MARS_FW_WAN}
    remote_addrs = {s.FW_WAN}
    proposals = aes256gcm16-prfsha384-ecp384, aes256-sha256-modp2048
    dpd_delay = 10s
    local {{
      auth = psk
      id = {s.MARS_FW_WAN}
    }}
    remote {{
      auth = psk
      id = {s.FW_WAN}
    }}
    children {{
      earth {{
        local_ts = 0.0.0.0/0
        remote_ts = 0.0.0.0/0
        esp_proposals = aes256gcm16-ecp384, aes256-sha256-modp2048
        dpd_action = clear
      }}
    }}
  }}
}}
secrets {{
  ike-earth {{
    id-earth = {s.FW_WAN}
    secret = "{psk}"
  }}
}}
"""


def firewall() -> machines.Machine:
    """The machine mars-fw."""
    return machines.Machine(
        name=s.NS_MARS_FW,
        address=s.MARS_FW_LAN,
        files={
            "/etc/nftables.conf": firewall_rules(),
            "/lib/systemd/system/interfaces.service": firewall_interfaces(),
            "/etc/strongswan.conf": strongswan(),
            "/etc/systemd/system/strongswan.service.d/routes.conf": strongswan_routes(),
        },
        secret_files={"/etc/swanctl/conf.d/earth.conf": connection(_psk())},
        services=("nftables.service", "interfaces.service", "strongswan.service"),
        interfaces=("lan0", "wan0"),
        seen_from=s.NS_MARS,
    )


def _psk() -> str:
    """The tunnel's key, made when it is first asked for."""
    if not PSK.exists():
        DIRECTORY.mkdir(exist_ok=True, mode=0o700)
        PSK.touch(mode=0o600)
        PSK.write_text(secrets.token_hex(24))
    return PSK.read_text()


def create_networks() -> None:
    """Make the site's namespaces, links, addresses and routes."""
    _delete_networks()
    namespaces.netns_add(s.NS_MARS_LAN)
    for name in (s.NS_MARS, s.NS_MARS_FW):
        namespaces.netns_add(name, forward=True)
    namespaces.bridge_add(s.NS_MARS_LAN, _BRIDGE)
    for name, interface, address in ((s.NS_MARS, "eth0", s.MARS), (s.NS_MARS_FW, "lan0", s.MARS_FW_LAN)):
        namespaces.plug(name, interface, s.NS_MARS_LAN, _BRIDGE, address=f"{address}/{s.PREFIX}")
    # A route is looked up before kube-proxy's rules see a packet: services need one, and any will do.
    ways = [f"route add {network} via {s.MARS_FW_LAN}" for network in ("default", s.MARS_SERVICES)]
    namespaces.ip(s.NS_MARS, *ways)
    namespaces.link(
        *(s.NS_MARS_FW, "wan0", s.NS_INET, _INET_PORT),
        addr_a=f"{s.MARS_FW_WAN}/{s.PREFIX}",
        addr_b=f"{s.MARS_WAN_GATEWAY}/{s.PREFIX}",
    )


def _delete_networks() -> None:
    line_down()
    for name in (s.NS_MARS, s.NS_MARS_FW, s.NS_MARS_LAN):
        namespaces.netns_delete(name)


def line_up() -> None:
    """Lay the line between both sites; one that is there stays."""
    if not is_there():
        raise LabError("mars is not up; bring it up with: tests/lab/mars up")
    line_down()
    namespaces.netns_add(s.NS_LINE, forward=True)
    namespaces.plug(s.NS_LINE, "earth", s.NS_LAN, "lan", address=f"{s.LINE_EARTH}/{s.PREFIX}")
    namespaces.plug(s.NS_LINE, "mars", s.NS_MARS_LAN, _BRIDGE, address=f"{s.LINE_MARS}/{s.PREFIX}")
    namespaces.ip(s.NS_LINE, f"route add {s.EARTH_PODS} via {s.EARTH}", f"route add {s.MARS_PODS} via {s.MARS}")
    for name, routes in _line_routes().items():
        namespaces.ip(name, *(f"route replace {route}" for route in routes))


def line_down() -> None:
    """Take the line away, if there is one."""
    for name, routes in _line_routes().items():
        for route in routes:
            namespaces.run(["ip", "-netns", name, "route", "del", *route.split()], check=False)
    namespaces.netns_delete(s.NS_LINE)


def _line_routes() -> dict[str, list[str]]:
    to_mars = [f"{network} via {s.LINE_EARTH}" for network in _OWN]
    to_earth = [f"{network} via {s.LINE_MARS}" for network in _OF_EARTH]
    return {s.NS_MGMT: to_mars, s.NS_EARTH: to_mars, s.NS_MARS: to_earth}


def _cluster() -> None:
    MARS.start()
    mgmt.add_context(MARS, s.MARS_CONTEXT)


def _node() -> None:
    kube.masquerade_pods(s.NS_MARS, s.MARS_PODS, "eth0")
    NODE.start()
    NODE.wait()


def _firewall() -> None:
    machine = firewall()
    machines.make_keys([machine])
    machine.boot()


def steps() -> list[Step]:
    """All parts of mars in their order of dependency."""
    return [
        Step("mars's networks", create_networks),
        Step("mars's programs", _cluster, ("mars's networks",)),
        Step("firewall mars-fw", _firewall, ("mars's networks",)),
        Step("mars's control plane", MARS.wait, ("mars's programs",)),
        Step("mars's node", _node, ("mars's programs",)),
        Step("mars's objects for CoreDNS", MARS.install_dns, ("mars's control plane",)),
        Step("mars's CoreDNS", NODE.wait_for_dns, ("mars's node", "mars's objects for CoreDNS", "firewall mars-fw")),
    ]


def is_there() -> bool:
    """Whether it has come up."""
    return _READY.exists()


def up() -> None:
    """Bring it up; one that is up stays as it is."""
    if is_there():
        return
    todo = steps()
    with Progress(len(todo), verb="started") as report:
        run(todo, report)
    _READY.touch()


def down() -> None:
    """Take it away, whatever there is of it."""
    _READY.unlink(missing_ok=True)
    mgmt.remove_context(s.MARS_CONTEXT)
    NODE.stop()
    MARS.stop()
    firewall().stop()
    _delete_networks()
    PSK.unlink(missing_ok=True)


_COMMANDS: commands.Commands = {
    ("up",): up,
    ("down",): down,
    ("line", "up"): line_up,
    ("line", "down"): line_down,
}


if __name__ == "__main__":
    commands.main("mars", _COMMANDS, sys.argv[1:])
