#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_servers
short_description: Add a burst's servers to a running HAProxy and drain them
version_added: 1.0.0
description:
  - Adds servers to backends of a running HAProxy over its admin socket, and removes them again. Its configuration stays
    as it is, and it is not reloaded.
  - Each cluster gets a share of the requests that corresponds to its ready pods. Servers that were there before keep
    their weights if these leave room for that; otherwise all weights of the backend are scaled, and get their initial
    values back when the burst's servers are drained.
  - HAProxy forgets such servers when it is reloaded. With O(keep_file), they can be put back, as the role
    P(cloudburst.federation.edge_haproxy#role) does.
  - Requires HAProxy 2.6 or later.
author:
  - cloudburst.federation contributors (@cloudburst)
extends_documentation_fragment:
  - cloudburst.federation._attributes
  - cloudburst.federation._attributes.progress
  - cloudburst.federation._wait
options:
  state:
    description:
      - With V(present), the backends have the servers in O(backends), and no others of this burst. With O(wait), the
        module first waits until each new server accepts connections.
      - With V(drained), no backend has a server of this burst. Each gets no new sessions, and is removed when the last
        one has ended, or after O(wait_timeout), when the remaining ones are closed. It fails before any change if they
        are the only servers of a backend that are up, unless O(force) is set.
    type: str
    choices: [present, drained]
    default: present
  burst:
    description:
      - Name of the burst, which is part of the servers' names.
    type: str
    required: true
  socket:
    description:
      - Path of the admin socket, which C(stats socket) in HAProxy's configuration sets. Its level must be C(admin).
    type: path
    default: /run/haproxy/admin.sock
  backends:
    description:
      - The backends to add servers to. They must exist, and C(balance) must be C(roundrobin), C(leastconn), C(random)
        or C(first).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Name of the backend.
        type: str
        required: true
      servers:
        description:
          - The servers.
        type: list
        elements: dict
        default: []
        suboptions:
          address:
            description:
              - IPv4 address.
            type: str
            required: true
          port:
            description:
              - TCP port.
            type: int
            required: true
      ready:
        description:
          - Number of ready pods behind these servers.
        type: int
        default: 1
      others_ready:
        description:
          - Number of ready pods behind the servers that the backend has without the burst.
        type: int
        default: 1
  force:
    description:
      - Whether to drain the burst's servers even from a backend that has no other server that is up, so that its
        clients reach nobody.
    type: bool
    default: false
  keep_file:
    description:
      - Path of a file that says which servers HAProxy is to have. It is removed with O(state=drained).
    type: path
  wait_timeout:
    description:
      - How many seconds to wait.
    type: int
    default: 60
  wait_sleep:
    description:
      - Seconds between two looks.
    type: int
    default: 1
"""

EXAMPLES = r"""
- name: Send customers to both clusters
  cloudburst.federation.haproxy_servers:
    burst: vulcan
    backends:
      - name: shop
        servers:
          - {address: 10.11.0.20, port: 31080}
          - {address: 10.11.16.20, port: 31080}
        ready: 4
        others_ready: 2

- name: Send customers only to the data centre
  cloudburst.federation.haproxy_servers:
    burst: vulcan
    state: drained
    wait_timeout: 300
"""

RETURN = r"""
backends:
  description: The backends in O(backends) with all their servers, after the change, or as they are in check mode.
  returned: with O(state=present)
  type: list
  elements: dict
  contains:
    name:
      description: Name of the backend.
      type: str
      sample: shop
    servers:
      description: Its servers.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the server.
          type: str
          sample: earth
        burst:
          description: Whether it is one of this burst.
          type: bool
          sample: false
        weight:
          description: Its weight.
          type: int
          sample: 10
        up:
          description: Whether it gets requests.
          type: bool
          sample: true
servers:
  description: The servers of the burst, after the change.
  returned: success
  type: list
  elements: dict
  contains:
    backend:
      description: Name of the backend.
      type: str
      sample: shop
    name:
      description: Name of the server.
      type: str
      sample: cloudburst-vulcan-10.11.0.20-31080
    address:
      description: Its address.
      type: str
      sample: 10.11.0.20
    port:
      description: Its port.
      type: int
      sample: 31080
    weight:
      description: Its weight.
      type: int
      sample: 10
    up:
      description: Whether it gets requests.
      type: bool
      sample: true
commands:
  description: What HAProxy was told, or would be told in check mode.
  returned: success
  type: list
  elements: str
  sample: [set server shop/cloudburst-vulcan-10.11.0.20-31080 state drain]
cut:
  description: Number of sessions that had not ended after O(wait_timeout) and were closed.
  returned: success
  type: int
  sample: 0
"""

import contextlib
import os
import socket
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._edge.haproxy import (
    DesiredServers,
    Haproxy,
    HaproxyError,
    Server,
    belongs_to,
    read_desired,
    restore_weights,
    save_desired,
    server_name,
)
from ..module_utils._runtime.argspec import wait_spec
from ..module_utils._runtime.errors import FederationError, InvalidOption, WaitTimeout
from ..module_utils._runtime.module import Run, run_module
from ..module_utils._runtime.wait import PollResult

# HAProxy closes idle connections to a server within seconds (configuration.txt, "pool-purge-delay", 5 s).
_IDLE = 30
_CONNECT = 2.0  # seconds

# Evaluated as it stands, also on a managed host's Python
_Servers = t.List[t.Tuple[str, Server]]


def call(run: Run) -> None:
    """Bring HAProxy into the desired state."""
    params = run.module.params
    haproxy = Haproxy(params["socket"])
    run.result.update(commands=[], cut=0, servers=[])
    try:
        if params["state"] == "present":
            present(run, haproxy)
        else:
            drained(run, haproxy)
    except HaproxyError as error:
        raise FederationError(str(error)) from error


def present(run: Run, haproxy: Haproxy) -> None:
    """Give the backends their servers, with the right weights."""
    params = run.module.params
    desired = [
        DesiredServers(
            each["name"],
            tuple((server["address"], server["port"]) for server in each["servers"]),
            each["ready"],
            each["others_ready"],
        )
        for each in params["backends"]
    ]
    try:
        haproxy.check(each.backend for each in desired)
    except HaproxyError as error:
        raise InvalidOption(str(error)) from error
    expected = {(each.backend, server_name(params["burst"], *place)) for each in desired for place in each.servers}
    there = haproxy.of_burst(params["burst"])
    known = {(server.address, server.port) for _backend, server in there}
    obsolete = [(backend, server) for backend, server in there if (backend, server.name) not in expected]
    if params["wait"] and not run.check_mode:
        wait_for_answers(run, sorted({place for each in desired for place in each.servers} - known))
    commands = [command for each in desired for command in haproxy.changes(params["burst"], each)]
    run.result["commands"] = commands + [_drain_command(*each) for each in obsolete]
    run.result["changed"] = bool(run.result["commands"])
    _show_diff(run)
    if run.check_mode:
        run.result["backends"] = _backends(haproxy, params["burst"], desired)
        return
    # Saved first: if this run is killed in between, the watch completes it.
    if params["keep_file"] and save_desired(params["keep_file"], haproxy, params["burst"], desired):
        run.result["changed"] = True
    haproxy.apply(commands)
    drain_and_remove(run, haproxy, obsolete)
    run.result["servers"] = [_shown(*each) for each in haproxy.of_burst(params["burst"])]
    run.result["backends"] = _backends(haproxy, params["burst"], desired)


def _backends(haproxy: Haproxy, burst: str, desired: t.Iterable[DesiredServers]) -> list[dict[str, t.Any]]:
    return [
        {
            "name": each.backend,
            "servers": [
                {"name": found.name, "burst": belongs_to(burst, found.name), "weight": found.weight, "up": found.up}
                for found in haproxy.servers(each.backend).values()
            ],
        }
        for each in desired
    ]


def wait_for_answers(run: Run, places: t.Sequence[tuple[str, int]]) -> None:
    """Wait until each of these addresses and ports accepts a connection from this host."""

    def look() -> PollResult:
        silent = []
        for place in places:
            try:
                socket.create_connection(place, timeout=_CONNECT).close()
            except OSError as error:
                silent.append(f"{place[0]} port {place[1]}: {error.strerror or error}")
        return PollResult(not silent, "; ".join(silent))

    try:
        run.waiter.until("the burst's servers to accept connections", look)
    except WaitTimeout as error:
        raise WaitTimeout(
            f"Timed out after {run.waiter.elapsed:.0f} s waiting for the burst's servers to accept connections from"
            f" this host: {error.details['last']}. HAProxy was not changed. Look at the route from here, at burst_ports"
            " and burst_local_networks, which the nodes' security group is made of, and at the pods."
        ) from error


def drained(run: Run, haproxy: Haproxy) -> None:
    """Remove the burst's servers from all backends."""
    params = run.module.params
    try:
        there = haproxy.of_burst(params["burst"]) if os.path.exists(params["socket"]) else []
    except HaproxyError as error:
        # If HAProxy does not run, there are no such servers: they are not in its configuration.
        run.warn(f"No traffic was drained: {error}")
        there = []
        haproxy_runs = False
    else:
        haproxy_runs = os.path.exists(params["socket"])
    if there and not params["force"]:
        _check_others(haproxy, params["burst"])
    file = params["keep_file"]
    content = read_desired(file) if file else None
    run.result["commands"] = [_drain_command(*each) for each in there]
    run.result["changed"] = bool(there) or content is not None
    _show_diff(run)
    if run.check_mode:
        return
    drain_and_remove(run, haproxy, there)
    if content is not None:
        if haproxy_runs:
            restore_weights(haproxy, content["weights"])
        # Last: the weights in it are needed again if this run is killed.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(file)


def _check_others(haproxy: Haproxy, burst: str) -> None:
    lonely = haproxy.without_others(burst)
    if lonely:
        raise FederationError(
            f"Nothing was drained: {', '.join(lonely)} in HAProxy has no server that is up but those of {burst}, so"
            " customers would reach nobody. Bring one of the others up and run this again, or set force."
        )


def drain_and_remove(run: Run, haproxy: Haproxy, servers: _Servers) -> None:
    """Drain servers, and remove them once they are idle."""
    if not servers:
        return
    for backend, server in servers:
        haproxy.drain(backend, server)
    names = {server.name for _backend, server in servers}

    def sessions() -> dict[str, int]:
        now = [server for _backend, server in haproxy.of_burst(run.module.params["burst"]) if server.name in names]
        return {server.name: server.sessions for server in now if server.sessions}

    def look() -> PollResult:
        open_sessions = sessions()
        shown = ", ".join(f"{name} has {count}" for name, count in open_sessions.items())
        return PollResult(not open_sessions, shown)

    try:
        if run.module.params["wait"]:
            run.waiter.until("the last sessions to end", look)
    except WaitTimeout:
        run.result["cut"] = sum(sessions().values())
        run.warn(f"{run.result['cut']} sessions had not ended after {run.waiter.elapsed:.0f} s and were closed.")
    for backend, server in servers:
        _remove(run, haproxy, backend, server)


def _remove(run: Run, haproxy: Haproxy, backend: str, server: Server) -> None:
    tries = _IDLE
    while not haproxy.remove(backend, server):
        haproxy.ask(f"shutdown sessions server {backend}/{server.name}")
        tries -= 1
        if not tries:
            raise FederationError(
                f"HAProxy has drained {backend}/{server.name}, which gets no more traffic, but keeps it, as connections"
                " to it are still open. Run this again."
            )
        time.sleep(1.0)


def _show_diff(run: Run) -> None:
    if run.module._diff:
        run.result["diff"] = {"prepared": "".join(f"{command}\n" for command in run.result["commands"])}


def _drain_command(backend: str, server: Server) -> str:
    return f"set server {backend}/{server.name} state drain"


def _shown(backend: str, server: Server) -> dict[str, t.Any]:
    fields = server._asdict()
    return {"backend": backend, **{name: fields[name] for name in ("name", "address", "port", "weight", "up")}}


def main() -> None:
    """Run the module."""
    server = {"address": {"type": "str", "required": True}, "port": {"type": "int", "required": True}}
    backend = {
        "name": {"type": "str", "required": True},
        "servers": {"type": "list", "elements": "dict", "default": [], "options": server},
        "ready": {"type": "int", "default": 1},
        "others_ready": {"type": "int", "default": 1},
    }
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "drained"], "default": "present"},
            "burst": {"type": "str", "required": True},
            "socket": {"type": "path", "default": "/run/haproxy/admin.sock"},
            "backends": {"type": "list", "elements": "dict", "default": [], "options": backend},
            "force": {"type": "bool", "default": False},
            "keep_file": {"type": "path"},
            **wait_spec(timeout=60, sleep=1),
        },
        supports_check_mode=True,
    )
    run_module(module, call)


if __name__ == "__main__":
    main()
