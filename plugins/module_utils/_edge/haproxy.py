# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Adds servers to a running HAProxy over its admin socket, and removes them, without changing its configuration.

The role edge_haproxy also installs this file together with a systemd unit that runs it, to add the servers again after
a reload. It imports only the standard library and works with Python 3.8.

The commands are documented in HAProxy's management guide (https://docs.haproxy.org/2.6/management.html#9.3). Since 2.6,
servers can be added at run time without the experimental mode.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import socket as sockets
import sys
import tempfile
import time
import typing as t

OLDEST = (2, 6)
PREFIX = "cloudburst-"  # of the servers of all bursts
# "Backend must use a dynamic load balancing to support dynamic servers": static-rr and map-based hashes are not
# (HAProxy, src/server.c, cli_parse_add_server). The socket does not tell a map-based hash from a consistent one.
ALGORITHMS = ("roundrobin", "leastconn", "random", "first")
_HEAVIEST = 256  # configuration.txt, "weight"
_NEAR = 0.02  # how far a weight may be from the exact value
_IN_MAINTENANCE, _DRAINING = 0x01 | 0x02 | 0x04 | 0x20 | 0x40, 0x08 | 0x10  # include/haproxy/server-t.h, SRV_ADMF_*
_CHECK = "check inter 1s fall 2 rise 2 on-marked-down shutdown-sessions"
_TIMEOUT = 5.0  # seconds
# After a playbook was killed, its module runs on for some seconds on this host and may have removed the server.
_NOT_FOUND = "No such server"


class HaproxyError(Exception):
    """HAProxy rejects a command or does not answer; the message says what to do next."""


class Server(t.NamedTuple):
    """A server of a backend in its present state.

    :ivar weight: its present weight. :ivar initial: the one from the configuration.
    :ivar up: whether it takes traffic. :ivar sessions: its sessions, including those in its queue.
    """

    name: str
    address: str
    port: int
    weight: int
    initial: int
    up: bool
    draining: bool
    maintenance: bool
    sessions: int


class DesiredServers(t.NamedTuple):
    """The servers that a burst adds to a backend.

    :ivar servers: address and port of each server.
    :ivar ready: number of ready pods behind all of them. :ivar others: the same for the servers that existed before.
    """

    backend: str
    servers: tuple[tuple[str, int], ...]
    ready: int
    others: int


def server_name(burst: str, address: str, port: int) -> str:
    """The name of a burst's server, by which it is recognized."""
    return f"{PREFIX}{burst}-{address}-{port}"


def belongs_to(burst: str, name: str) -> bool:
    """Whether a server is this burst's, and not that of a burst whose name begins with the same letters."""
    return re.fullmatch(re.escape(f"{PREFIX}{burst}-") + r"[0-9.]+-[0-9]+", name) is not None


def weights(before: t.Mapping[str, int], added: t.Sequence[str], ready: int, others: int) -> dict[str, int]:
    """Weights that give each cluster a share of the requests in proportion to its ready pods.

    The servers that existed before keep their weights if these leave room for the others, and always keep the ratio
    between them.

    :param before: initial weight of each server that existed before.
    :param added: names of the burst's servers, which get equal shares.
    :param ready: ready pods behind the added servers. :param others: ready pods behind the servers from before.
    """
    total = sum(before.values())
    if not added:
        return dict(before)
    if not ready:
        return {**before, **dict.fromkeys(added, 0)}
    if not total or not others:
        return {**before, **dict.fromkeys(added, max(before.values(), default=0) or 1)}
    each = total * ready / others / len(added)
    heaviest = max(each, *before.values())
    # As small as possible: after a server has come back, roundrobin needs 16 times the sum of all weights in requests
    # until the shares are right again (HAProxy, src/lb_fwrr.c; BE_WEIGHT_SCALE in include/haproxy/defaults.h).
    scale = _HEAVIEST / heaviest
    for factor in range(1, int(scale) + 1):
        if abs(each * factor - round(each * factor)) <= _NEAR * each * factor:
            scale = float(factor)
            break
    scaled = {name: max(1, round(weight * scale)) if weight else 0 for name, weight in before.items()}
    return {**scaled, **dict.fromkeys(added, max(1, round(each * scale)))}


class Haproxy:
    """A running HAProxy with an admin socket."""

    def __init__(self, socket: str) -> None:
        """:param socket: path of the socket."""
        self.socket = socket

    def ask(self, command: str) -> str:
        """Send a command and return HAProxy's answer."""
        try:
            with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as connection:
                connection.settimeout(_TIMEOUT)
                connection.connect(self.socket)
                connection.sendall(f"{command}\n".encode())
                answer = b""
                while True:
                    part = connection.recv(65536)
                    if not part:
                        return answer.decode(errors="replace").strip()
                    answer += part
        except OSError as error:
            raise HaproxyError(
                f"{self.socket}: HAProxy does not answer there: {error.strerror or error}. Is it running, and does its"
                " configuration have 'stats socket' with this path?"
            ) from error

    def execute(self, command: str, *, expected: str = "") -> None:
        """Send a command that HAProxy answers with nothing, or with a text that contains ``expected``."""
        said = self.ask(command)
        if said and not (expected and expected in said):
            raise HaproxyError(f"HAProxy rejects '{command}': {said}")

    def check(self, backends: t.Iterable[str]) -> None:
        """Check that servers can be added to these backends, without changing anything.

        :raises HaproxyError: they cannot.
        """
        level = self.ask("show cli level")
        if level != "admin":
            raise HaproxyError(
                f"{self.socket} has the level {level!r}, and only the level admin can add servers. Add"
                " 'level admin' to its line in HAProxy's configuration."
            )
        version = tuple(int(number) for number in re.findall(r"(?m)^Version: (\d+)\.(\d+)", self.ask("show info"))[0])
        if version < OLDEST:
            raise HaproxyError(
                f"HAProxy is {'.'.join(map(str, version))}, and takes servers at run time from"
                f" {'.'.join(map(str, OLDEST))} on."
            )
        rows = {row["pxname"]: row for row in self._statistics() if row["svname"] == "BACKEND"}
        for backend in backends:
            if backend not in rows:
                known = ", ".join(sorted(rows)) or "none"
                raise HaproxyError(f"HAProxy has no backend {backend!r}; it has {known}.")
            algorithm = rows[backend]["algo"]
            if algorithm not in ALGORITHMS:
                raise HaproxyError(
                    f"The backend {backend!r} balances with {algorithm!r}, which cannot be relied on to take servers at"
                    f" run time. Set its 'balance' to one of {', '.join(ALGORITHMS)}."
                )

    def servers(self, backend: str) -> dict[str, Server]:
        """All servers of a backend by name."""
        answer = self.ask(f"show servers state {backend}").splitlines()
        header = next((line[2:].split() for line in answer if line.startswith("# ")), None)
        if header is None:
            raise HaproxyError(f"HAProxy shows no servers of the backend {backend!r}: {' '.join(answer)}")
        states = [dict(zip(header, line.split())) for line in answer if line[:1].isdigit() and " " in line]
        counted = {row["svname"]: row for row in self._statistics() if row["pxname"] == backend}
        found = {}
        for state in states:
            name, admin = state["srv_name"], int(state["srv_admin_state"])
            row = counted.get(name, {})
            found[name] = Server(
                name=name,
                address=state["srv_addr"],
                port=int(state["srv_port"]),
                weight=int(state["srv_uweight"]),
                initial=int(state["srv_iweight"]),
                up=row.get("status", "").startswith(("UP", "no check")),
                draining=bool(admin & _DRAINING),
                maintenance=bool(admin & _IN_MAINTENANCE),
                sessions=int(row.get("scur") or 0) + int(row.get("qcur") or 0),
            )
        return found

    def _statistics(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.ask("show stat").lstrip("# "))))

    def changes(self, burst: str, desired: DesiredServers) -> list[str]:
        """The commands that give a backend a burst's servers with the right weights; empty if it has them already.

        Servers of this burst that are not in ``desired`` are left alone: they have to be drained first.
        """
        there = self.servers(desired.backend)
        names = [server_name(burst, address, port) for address, port in desired.servers]
        before = {name: server.initial for name, server in there.items() if not name.startswith(PREFIX)}
        right = weights(before, names, desired.ready, desired.others)
        commands = [
            f"set weight {desired.backend}/{name} {weight}"
            for name, weight in right.items()
            if name in there and there[name].weight != weight
        ]
        for name, (address, port) in zip(names, desired.servers):
            target = f"{desired.backend}/{name}"
            server = there.get(name)
            if server is None:
                commands.append(f"add server {target} {address}:{port} {_CHECK} weight {right[name]}")
                commands.append(f"enable health {target}")
            if server is None or server.draining or server.maintenance:
                commands.append(f"set server {target} state ready")
        return commands

    def apply(self, commands: t.Iterable[str]) -> None:
        """Execute the commands of :meth:`changes`."""
        for command in commands:
            self.execute(command, expected="New server registered" if command.startswith("add ") else "")

    def of_burst(self, burst: str) -> list[tuple[str, Server]]:
        """All servers of a burst, each with its backend."""
        backends = {row["pxname"] for row in self._statistics() if belongs_to(burst, row["svname"])}
        return [
            (backend, server)
            for backend in sorted(backends)
            for server in self.servers(backend).values()
            if belongs_to(burst, server.name)
        ]

    def without_others(self, burst: str) -> list[str]:
        """The backends in which only the burst's servers take traffic."""
        found = []
        for backend in sorted({backend for backend, _server in self.of_burst(burst)}):
            up = [belongs_to(burst, server.name) for server in self.servers(backend).values() if server.up]
            if up and all(up):
                found.append(backend)
        return found

    def drain(self, backend: str, server: Server) -> None:
        """Send no new sessions to a server; its present ones continue."""
        if not server.draining and not server.maintenance:
            self.execute(f"set server {backend}/{server.name} state drain", expected=_NOT_FOUND)

    def remove(self, backend: str, server: Server) -> bool:
        """Remove a server that has no sessions left.

        :returns: False if connections to it are still being closed, so that it cannot be removed yet.
        """
        target = f"{backend}/{server.name}"
        if not server.maintenance:
            self.execute(f"set server {target} state maint", expected=_NOT_FOUND)
        said = self.ask(f"del server {target}")
        return "deleted" in said or _NOT_FOUND in said


def restore_weights(haproxy: Haproxy, given: t.Mapping[str, t.Mapping[str, int]]) -> None:
    """Give servers their initial weights back, unless somebody has changed the weights that the burst gave them.

    :param given: backend → server → weight, as :func:`read_desired` returns it.
    """
    for backend, by_name in given.items():
        for name, server in haproxy.servers(backend).items():
            if by_name.get(name) == server.weight != server.initial:
                haproxy.execute(f"set weight {backend}/{name} {server.initial}")


# -- what the watch restores -------------------------------------------------------------------------------------


def save_desired(path: str, haproxy: Haproxy, burst: str, desired: t.Sequence[DesiredServers]) -> bool:
    """Save the desired servers to a file, for :func:`restore`.

    :returns: False if the file had the same content already.
    """
    given = {}
    for each in desired:
        before = {n: s.initial for n, s in haproxy.servers(each.backend).items() if not n.startswith(PREFIX)}
        names = [server_name(burst, address, port) for address, port in each.servers]
        given[each.backend] = {n: w for n, w in weights(before, names, each.ready, each.others).items() if n in before}
    content = {
        "socket": haproxy.socket,
        "burst": burst,
        "backends": [each._asdict() for each in desired],
        "weights": given,
    }
    text = json.dumps(content, indent=1, sort_keys=True)
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return False
    except FileNotFoundError:
        pass
    number, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".servers-")
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)
    return True


def read_desired(path: str) -> dict[str, t.Any] | None:
    """The content of a file that :func:`save_desired` has written; None if there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            content = t.cast("t.Dict[str, t.Any]", json.load(file))
    except FileNotFoundError:
        return None
    content["backends"] = [
        DesiredServers(each["backend"], tuple((a, p) for a, p in each["servers"]), each["ready"], each["others"])
        for each in content["backends"]
    ]
    return content


def restore(path: str) -> list[str]:
    """Add the servers that HAProxy has lost in a reload.

    If all of them exist, none is changed, so that an administrator can disable one.

    :returns: the commands that were executed.
    """
    content = read_desired(path)
    if content is None:
        return []
    haproxy = Haproxy(content["socket"])
    done = []
    for desired in content["backends"]:
        names = {server_name(content["burst"], address, port) for address, port in desired.servers}
        if names - set(haproxy.servers(desired.backend)):
            commands = haproxy.changes(content["burst"], desired)
            haproxy.apply(commands)
            done += commands
    return done


def watch(paths: t.Iterable[str], every: float) -> t.NoReturn:
    """Restore the servers in the files again and again, until the process is ended.

    Each command is printed, and an error once until another one occurs.
    """
    last_error = ""
    while True:
        for path in paths:
            try:
                for command in restore(path):
                    _print_line(sys.stdout, command)
                last_error = ""
            except (HaproxyError, ValueError, KeyError, OSError) as error:
                if str(error) != last_error:
                    last_error = str(error)
                    _print_line(sys.stderr, last_error)
        time.sleep(every)


def _print_line(stream: t.TextIO, line: str) -> None:
    stream.write(f"{line}\n")
    stream.flush()


if __name__ == "__main__":
    watch(sys.argv[1:], 1.0)
