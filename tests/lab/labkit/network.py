# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's own networks: the data centre's LAN, the firewall's line, and the "internet" between public addresses.

mgmt, earth ── lan ── fw ── inet ── 198.51.100.0/24 (AWS's tunnel ends and NAT, attached by the fabric)
                               ├─── 192.0.2.0/24    (aws, registry, dns)
                               └─── customers, who can reach the firewall's address alone
"""

from __future__ import annotations

from labkit import namespaces
from labkit import settings as s

LAN_BRIDGE = "lan"


def create() -> None:
    """Make all namespaces, links, addresses and routes. The machines' routes come with their boot (node_routes)."""
    namespaces.run(["ip", "netns", "attach", s.NS_MGMT, "1"])  # the sandbox's own namespace is the management host's
    namespaces.ip(s.NS_MGMT, "link set lo up")
    for name in (s.NS_LAN, s.NS_AWS, s.NS_REGISTRY, s.NS_DNS, s.NS_CUSTOMERS):
        namespaces.netns_add(name)
    for name in (s.NS_EARTH, s.NS_FW, s.NS_INET):
        namespaces.netns_add(name, forward=True)

    namespaces.bridge_add(s.NS_LAN, LAN_BRIDGE)
    for name, interface, address in (
        (s.NS_MGMT, "eth0", s.MGMT),
        (s.NS_EARTH, "eth0", s.EARTH),
        (s.NS_FW, "lan0", s.FW_LAN),
    ):
        namespaces.plug(name, interface, s.NS_LAN, LAN_BRIDGE, address=f"{address}/{s.PREFIX}")
    namespaces.ip(s.NS_MGMT, f"route add default via {s.FW_LAN}")
    namespaces.ip(s.NS_EARTH, *node_routes())

    namespaces.link(
        *(s.NS_FW, "wan0", s.NS_INET, "dc"),
        addr_a=f"{s.FW_WAN}/{s.PREFIX}",
        addr_b=f"{s.WAN_GATEWAY}/{s.PREFIX}",
    )
    namespaces.ip(s.NS_FW, f"route replace default via {s.WAN_GATEWAY}")
    namespaces.bridge_add(s.NS_INET, namespaces.CLOUD_BRIDGE, address=f"{s.CLOUD_GATEWAY}/{s.PREFIX}")
    namespaces.bridge_add(s.NS_INET, namespaces.SERVICES_BRIDGE, address=f"{s.SERVICES_GATEWAY}/{s.PREFIX}")
    for name, address in ((s.NS_AWS, s.AWS_API), (s.NS_REGISTRY, s.REGISTRY), (s.NS_DNS, s.DNS)):
        namespaces.plug(name, "eth0", s.NS_INET, namespaces.SERVICES_BRIDGE, address=f"{address}/{s.PREFIX}")
        namespaces.ip(name, f"route add default via {s.SERVICES_GATEWAY}")
    namespaces.ip(s.NS_REGISTRY, f"address add {s.ECR_ADDRESS}/{s.PREFIX} dev eth0")
    namespaces.link(
        *(s.NS_CUSTOMERS, "eth0", s.NS_INET, "customers"),
        addr_a=f"{s.CUSTOMERS}/{s.PREFIX}",
        addr_b=f"{s.CUSTOMERS_GATEWAY}/{s.PREFIX}",
    )
    namespaces.ip(s.NS_CUSTOMERS, f"route add {s.FW_WAN} via {s.CUSTOMERS_GATEWAY}")
    namespaces.nft(s.NS_INET, internet_rules())


def node_routes() -> list[str]:
    """`ip` commands for the routes that the data centre's node boots with.

    Private networks that nobody announced are not routed there. The firewall sends them to its provider, as any does
    that was not told otherwise: what is to be kept from happening."""
    # A route is looked up before kube-proxy's rules see a packet: services need one, and any will do.
    services = f"route replace {s.EARTH_SERVICES} via {s.FW_LAN}"
    private = [f"route replace unreachable {network}" for network in s.PRIVATE[:3]]
    return [f"route replace default via {s.FW_LAN}", services, *private]


def internet_rules() -> str:
    """nftables rules of the "internet": it carries nothing from or to a private address, and counts what came."""
    private = ", ".join(s.PRIVATE)
    return f"""table ip internet {{
  chain private {{
    type filter hook prerouting priority raw; policy accept;
    ip saddr {{ {private} }} ip daddr {{ {private} }} counter drop
    ip saddr {{ {private} }} counter drop
    ip daddr {{ {private} }} counter drop
  }}
}}
"""


def firewall_interfaces() -> str:
    """The firewall's service that sets up its interfaces, at the time of a boot when networkd or ifupdown would."""
    return f"""[Unit]
Description=Interfaces
DefaultDependencies=no
Wants=network.target
After=network-pre.target
Before=network.target network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=ip link set lan0 up
ExecStart=ip link set wan0 up
ExecStart=ip route replace default via {s.WAN_GATEWAY}

[Install]
WantedBy=multi-user.target
"""


def firewall_rules() -> str:
    """/etc/nftables.conf of the firewall: nothing comes in from outside but what a file in /etc/nftables.d leads on,
    the LAN's hosts go out with its address.

    So does what comes from the VPC, for bursts whose nodes have their way out here (burst_node_egress: datacenter)."""
    private = ", ".join(s.PRIVATE)
    return f"""#!/usr/sbin/nft -f
flush ruleset
table inet filter {{
  chain input {{
    type filter hook input priority filter; policy drop;
    ct state vmap {{ established : accept, related : accept, invalid : drop }}
    iifname != "wan0" accept
  }}
  chain forward {{
    type filter hook forward priority filter; policy drop;
    ct state vmap {{ established : accept, related : accept, invalid : drop }}
    iifname != "wan0" accept
    ct status dnat accept
  }}
}}
table ip nat {{
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan0" ip saddr {{ {s.LAN}, {s.VPC} }} ip daddr != {{ {private} }} masquerade
  }}
}}
include "/etc/nftables.d/*.nft"
"""
