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

from labkit import commands, forwarding, machines, namespaces
from labkit import settings as s

NODE_PORT = 30080  # of the Service that customers use on earth
BACKEND = "shop"
_TABLE = "customers"
FORWARDED = {80: f"{s.EDGE}:80", 8080: f"{s.EARTH}:{NODE_PORT}"}  # to the edge, and to earth's own port
_READY = s.STATE / "edge-ready"
_PLUG = "eth0"
_CHECKED = "check inter 1s fall 2 rise 2 weight 2"


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
    forwarding.forward(_TABLE, FORWARDED)
    _READY.touch()


def down() -> None:
    """Take it away, whatever there is of it."""
    _READY.unlink(missing_ok=True)
    forwarding.stop(_TABLE)
    MACHINE.stop()
    namespaces.netns_delete(s.NS_EDGE)


_COMMANDS: commands.Commands = {("up",): up, ("down",): down}


if __name__ == "__main__":
    commands.main("edge", _COMMANDS, sys.argv[1:])
