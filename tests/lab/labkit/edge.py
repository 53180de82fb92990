# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data centre's edge: a host with HAProxy, and firewall rules that forward customers to it (tests/lab/edge).

A lab comes up without it. Its HAProxy belongs to the data centre's administrator, who has set it up for earth alone and
has never heard of the collection.

    customers ── inet ── fw ──:80──── edge ── earth:30080
                          └──:8080─── earth:30080
"""

from __future__ import annotations

import sys

from labkit import commands, machines, namespaces
from labkit import settings as s

NODE_PORT = 30080  # of the Service that customers use on earth
BACKEND = "shop"
_DOOR = "etc/nftables.d/customers.nft"  # on the firewall; its nftables.conf includes it
_READY = s.STATE / "edge-ready"
_PLUG = "eth0"
_CHECKED = "check inter 1s fall 2 rise 2 weight 2"


def door() -> str:
    """The firewall's rules for customers: port 80 leads to the edge, 8080 to earth's own port."""
    return f"""table ip customers
delete table ip customers
table ip customers {{
  chain prerouting {{
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan0" ip daddr {s.FW_WAN} tcp dport 80 dnat to {s.EDGE}:80
    iifname "wan0" ip daddr {s.FW_WAN} tcp dport 8080 dnat to {s.EARTH}:{NODE_PORT}
  }}
}}
"""


def haproxy() -> str:
    """The administrator's /etc/haproxy/haproxy.cfg: Debian's, with a front end and earth's server.

    Customers of the host `sticky` come back to their server. Nobody is sent to the backend `hashed`.
    """
    return f"""global
    log /dev/log local0
    stats socket /run/haproxy/admin.sock mode 660 level admin expose-fd listeners
    stats socket /run/haproxy/operator.sock mode 660 level operator
    user haproxy
    group haproxy
    daemon

defaults
    mode http
    option forwardfor
    option redispatch 1
    retries 3
    retry-on conn-failure empty-response 503
    timeout connect 1s
    timeout client 60s
    timeout server 60s

frontend customers
    bind :80
    use_backend sticky if {{ hdr(host) sticky }}
    default_backend {BACKEND}

backend {BACKEND}
    balance roundrobin
    server earth {s.EARTH}:{NODE_PORT} {_CHECKED}

backend sticky
    balance roundrobin
    cookie server insert indirect nocache
    server earth {s.EARTH}:{NODE_PORT} {_CHECKED} cookie earth

backend hashed
    balance source
    server earth {s.EARTH}:{NODE_PORT} {_CHECKED}
"""


MACHINE = machines.Machine(
    name=s.NS_EDGE,
    address=s.EDGE,
    files={"/etc/haproxy/haproxy.cfg": haproxy()},
    services=("haproxy.service",),
    routes=(f"route replace default via {s.FW_LAN}",),
)


def is_there() -> bool:
    """Whether it is up."""
    return _READY.exists()


def up() -> None:
    """Bring it up, unless it is up already."""
    if is_there():
        return
    namespaces.netns_delete(s.NS_EDGE)
    namespaces.netns_add(s.NS_EDGE)
    namespaces.plug(s.NS_EDGE, _PLUG, s.NS_LAN, "lan", address=f"{s.EDGE}/{s.PREFIX}")
    machines.make_keys([MACHINE])
    MACHINE.boot()
    file = machines.FW.directory / "root" / _DOOR
    file.parent.mkdir(exist_ok=True)
    file.write_text(door())
    namespaces.nft(s.NS_FW, door())
    _READY.touch()


def down() -> None:
    """Take it away, whatever there is of it."""
    _READY.unlink(missing_ok=True)
    (machines.FW.directory / "root" / _DOOR).unlink(missing_ok=True)
    namespaces.nft(s.NS_FW, "table ip customers\ndelete table ip customers\n")
    MACHINE.stop()
    namespaces.netns_delete(s.NS_EDGE)


_COMMANDS: commands.Commands = {("up",): up, ("down",): down}


if __name__ == "__main__":
    commands.main("edge", _COMMANDS, sys.argv[1:])
