# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""A running HAProxy, spoken to over its admin socket: servers that come and go without a change of its configuration.

The role edge_haproxy installs this file beside a systemd unit too, which runs it to put servers back after a reload: it
imports nothing but the standard library, and works with Python 3.8.

HAProxy's management guide has the commands (https://docs.haproxy.org/2.6/management.html#9.3); it takes servers at run
time without its experimental mode since 2.6.
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
PREFIX = "cloudburst-"  # of the servers of any burst
# "Backend must use a dynamic load balancing to support dynamic servers": static-rr and the hashes that map are none
# (HAProxy, src/server.c, cli_parse_add_server). Nothing at the socket tells a hash that maps from a consistent one.
ALGORITHMS = ("roundrobin", "leastconn", "random", "first")
_HEAVIEST = 256  # configuration.txt, "weight"
_NEAR = 0.02  # how far a weight may be from the exact one
_IN_MAINTENANCE, _DRAINING = 0x01 | 0x02 | 0x04 | 0x20 | 0x40, 0x08 | 0x10  # include/haproxy/server-t.h, SRV_ADMF_*
_CHECK = "check inter 1s fall 2 rise 2 on-marked-down shutdown-sessions"
_NO_ANSWER = 5.0  # seconds
# A module goes on for some seconds on this host after a playbook that was killed, and may be first.
_GONE = "No such server"


class HaproxyError(Exception):
    """HAProxy rejects a command or does not answer; the message says what to do next."""


class Server(t.NamedTuple):
    """A server of a backend as it is now.

    :ivar weight: its weight in use. :ivar initial: the one that its configuration gave it.
    :ivar up: whether it takes traffic. :ivar sessions: those that it has, or that wait for it.
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


class Wanted(t.NamedTuple):
    """What a burst adds to a backend.

    :ivar servers: address and port of each server.
    :ivar ready: ready pods behind them all. :ivar others: ready pods behind the servers that were there before.
    """

    backend: str
    servers: tuple[tuple[str, int], ...]
    ready: int
    others: int


def server_name(burst: str, address: str, port: int) -> str:
    """The name of a burst's server, by which it is found again."""
    return f"{PREFIX}{burst}-{address}-{port}"


def is_of(burst: str, name: str) -> bool:
    """Whether a server is one of this burst's, and not of another whose name begins alike."""
    return re.fullmatch(re.escape(f"{PREFIX}{burst}-") + r"[0-9.]+-[0-9]+", name) is not None


def weights(before: t.Mapping[str, int], added: t.Sequence[str], ready: int, others: int) -> dict[str, int]:
    """Weights with which each cluster gets as much as it has of the ready pods.

    The servers that were there keep their weights where these leave room for the others, and keep what they are to each
    other in any case.

    :param before: initial weight of each server that was there.
    :param added: names of the burst's servers, among which its share is divided evenly.
    :param ready: ready pods behind those added. :param others: ready pods behind those before.
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
    # No more than it takes: after a server has come back, roundrobin needs as many requests as 16 times the sum of all
    # weights until the shares are right again (HAProxy, src/lb_fwrr.c; BE_WEIGHT_SCALE in include/haproxy/defaults.h).
    scale = _HEAVIEST / heaviest
    for factor in range(1, int(scale) + 1):
        if abs(each * factor - round(each * factor)) <= _NEAR * each * factor:
            scale = float(factor)
            break
    scaled = {name: max(1, round(weight * scale)) if weight else 0 for name, weight in before.items()}
    return {**scaled, **dict.fromkeys(added, max(1, round(each * scale)))}


class Haproxy:
    """A HAProxy that listens on an admin socket."""

    def __init__(self, socket: str) -> None:
        """:param socket: path of the socket."""
        self.socket = socket

    def ask(self, command: str) -> str:
        """One command, and what HAProxy answers."""
        try:
            with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as connection:
                connection.settimeout(_NO_ANSWER)
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

    def tell(self, command: str, *, answered: str = "") -> None:
        """One command, which HAProxy carries out without a word, or with ``answered`` in what it says."""
        said = self.ask(command)
        if said and not (answered and answered in said):
            raise HaproxyError(f"HAProxy rejects '{command}': {said}")

    def check(self, backends: t.Iterable[str]) -> None:
        """Whether it can be given servers for these backends; raises HaproxyError if not, and changes nothing."""
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

    def changes(self, burst: str, wanted: Wanted) -> list[str]:
        """The commands that make a backend have a burst's servers with the right weights; none when it has them.

        Servers of this burst that are no longer wanted are not among them: they have to be drained.
        """
        there = self.servers(wanted.backend)
        names = [server_name(burst, address, port) for address, port in wanted.servers]
        before = {name: server.initial for name, server in there.items() if not name.startswith(PREFIX)}
        right = weights(before, names, wanted.ready, wanted.others)
        commands = [
            f"set weight {wanted.backend}/{name} {weight}"
            for name, weight in right.items()
            if name in there and there[name].weight != weight
        ]
        for name, (address, port) in zip(names, wanted.servers):
            place = f"{wanted.backend}/{name}"
            server = there.get(name)
            if server is None:
                commands.append(f"add server {place} {address}:{port} {_CHECK} weight {right[name]}")
                commands.append(f"enable health {place}")
            if server is None or server.draining or server.maintenance:
                commands.append(f"set server {place} state ready")
        return commands

    def apply(self, commands: t.Iterable[str]) -> None:
        """Carry out what :meth:`changes` says."""
        for command in commands:
            self.tell(command, answered="New server registered" if command.startswith("add ") else "")

    def of_burst(self, burst: str) -> list[tuple[str, Server]]:
        """Every server of a burst with its backend."""
        backends = {row["pxname"] for row in self._statistics() if is_of(burst, row["svname"])}
        return [
            (backend, server)
            for backend in sorted(backends)
            for server in self.servers(backend).values()
            if is_of(burst, server.name)
        ]

    def deserted(self, burst: str) -> list[str]:
        """The backends in which a burst's servers take traffic and no other one does."""
        found = []
        for backend in sorted({backend for backend, _server in self.of_burst(burst)}):
            up = [is_of(burst, server.name) for server in self.servers(backend).values() if server.up]
            if up and all(up):
                found.append(backend)
        return found

    def drain(self, backend: str, server: Server) -> None:
        """Give a server no new sessions; those that it has go on."""
        if not server.draining and not server.maintenance:
            self.tell(f"set server {backend}/{server.name} state drain", answered=_GONE)

    def remove(self, backend: str, server: Server) -> bool:
        """Take a server away that has no sessions any more; False where connections to it are still being closed."""
        place = f"{backend}/{server.name}"
        if not server.maintenance:
            self.tell(f"set server {place} state maint", answered=_GONE)
        said = self.ask(f"del server {place}")
        return "deleted" in said or _GONE in said


def restore_weights(haproxy: Haproxy, given: t.Mapping[str, t.Mapping[str, int]]) -> None:
    """Give servers their initial weights back where they still have those that a burst gave them.

    :param given: backend → server → weight, as :func:`kept` has it.
    """
    for backend, by_name in given.items():
        for name, server in haproxy.servers(backend).items():
            if by_name.get(name) == server.weight != server.initial:
                haproxy.tell(f"set weight {backend}/{name} {server.initial}")


# -- what the watch puts back -------------------------------------------------------------------------------------


def keep(path: str, haproxy: Haproxy, burst: str, wanted: t.Sequence[Wanted]) -> bool:
    """Write down what a HAProxy is to have, for :func:`restore`; False when it was written down already."""
    given = {}
    for each in wanted:
        before = {n: s.initial for n, s in haproxy.servers(each.backend).items() if not n.startswith(PREFIX)}
        names = [server_name(burst, address, port) for address, port in each.servers]
        given[each.backend] = {n: w for n, w in weights(before, names, each.ready, each.others).items() if n in before}
    content = {
        "socket": haproxy.socket,
        "burst": burst,
        "backends": [each._asdict() for each in wanted],
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


def kept(path: str) -> dict[str, t.Any] | None:
    """What :func:`keep` has written, None where there is nothing."""
    try:
        with open(path, encoding="utf-8") as file:
            content = t.cast("t.Dict[str, t.Any]", json.load(file))
    except FileNotFoundError:
        return None
    content["backends"] = [
        Wanted(each["backend"], tuple((a, p) for a, p in each["servers"]), each["ready"], each["others"])
        for each in content["backends"]
    ]
    return content


def restore(path: str) -> list[str]:
    """Put back what a reload has made HAProxy forget; the commands that it took.

    Where all servers are there, it leaves them alone, so that whoever takes one out by hand has it out.
    """
    content = kept(path)
    if content is None:
        return []
    haproxy = Haproxy(content["socket"])
    done = []
    for wanted in content["backends"]:
        names = {server_name(content["burst"], address, port) for address, port in wanted.servers}
        if names - set(haproxy.servers(wanted.backend)):
            commands = haproxy.changes(content["burst"], wanted)
            haproxy.apply(commands)
            done += commands
    return done


def watch(paths: t.Iterable[str], every: float) -> t.NoReturn:
    """Look after what the files say, until it is ended; say what was done, and what goes wrong once."""
    last_error = ""
    while True:
        for path in paths:
            try:
                for command in restore(path):
                    _say(sys.stdout, command)
                last_error = ""
            except (HaproxyError, ValueError, KeyError, OSError) as error:
                if str(error) != last_error:
                    last_error = str(error)
                    _say(sys.stderr, last_error)
        time.sleep(every)


def _say(stream: t.TextIO, line: str) -> None:
    stream.write(f"{line}\n")
    stream.flush()


if __name__ == "__main__":
    watch(sys.argv[1:], 1.0)
