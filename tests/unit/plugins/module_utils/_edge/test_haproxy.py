# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A HAProxy that takes servers at run time; the real one is in the lab."""

from __future__ import annotations

import socket
import threading
import typing as t
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._edge.haproxy import (
    DesiredServers,
    Haproxy,
    HaproxyError,
    belongs_to,
    restore,
    restore_weights,
    save_desired,
    server_name,
    weights,
)

STATE = (
    "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight"
    " srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state"
    " bk_f_forced_id srv_f_forced_id srv_fqdn srv_port\n"
)
NAME = "cloudburst-vulcan-10.11.0.20-30080"


class Fake:
    """Answers as HAProxy 2.6 does for one backend."""

    def __init__(self, path: Path) -> None:
        self.level, self.version, self.algorithm = "admin", "2.6.12-1", "roundrobin"
        self.servers: dict[str, list[t.Any]] = {"earth": ["10.10.0.10", 30080, 10, 10, 0]}
        self.commands: list[str] = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(8)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(f"{self.answer(connection.recv(4096).decode().strip())}\n".encode())

    def answer(self, command: str) -> str:
        words = command.split()
        if command == "show cli level":
            return self.level
        if command == "show info":
            return f"Name: HAProxy\nVersion: {self.version}\n"
        if command == "show stat":
            rows = [f"shop,{name},{'MAINT' if s[4] & 1 else 'UP'},0,0," for name, s in self.servers.items()]
            return "\n".join(["# pxname,svname,status,scur,qcur,algo", *rows, f"shop,BACKEND,UP,0,0,{self.algorithm}"])
        if words[:3] == ["show", "servers", "state"]:
            return STATE + "\n".join(
                f"2 shop 1 {name} {s[0]} 2 {s[4]} {s[2]} {s[3]} 9 6 3 4 6 0 0 0 - {s[1]} - 0 0"
                for name, s in self.servers.items()
            )
        self.commands.append(command)
        name = words[2].partition("/")[2]
        if words[0] != "add" and name not in self.servers:
            return "No such server."
        if words[0] == "add":
            address, _colon, port = words[3].partition(":")
            weight = int(words[words.index("weight") + 1])
            self.servers[name] = [address, int(port), weight, weight, 1]
            return "New server registered."
        if words[:2] == ["set", "weight"]:
            self.servers[name][2] = int(words[3])
        elif words[:2] == ["set", "server"]:
            self.servers[name][4] = {"ready": 0, "drain": 8, "maint": 1}[words[4]]
        elif words[0] == "del":
            del self.servers[name]
            return "Server deleted."
        return ""


@pytest.fixture
def fake(tmp_path: Path) -> t.Iterator[Fake]:
    found = Fake(tmp_path / "socket")
    yield found
    found.listener.close()


DESIRED = DesiredServers("shop", (("10.11.0.20", 30080),), 1, 2)


def shares(found: t.Mapping[str, int], added: t.Collection[str]) -> float:
    return sum(found[name] for name in added) / sum(found.values())


@pytest.mark.parametrize("before", [{"a": 1}, {"a": 10}, {"a": 100, "b": 50}, {"a": 256}, {"a": 1, "b": 1, "c": 1}])
@pytest.mark.parametrize(("ready", "others"), [(1, 1), (1, 2), (7, 3), (1, 10), (20, 3)])
@pytest.mark.parametrize("added", [["v"], ["v", "w"], ["v", "w", "x"]])
def test_shares_follow_ready_pods(before: dict[str, int], ready: int, others: int, added: list[str]) -> None:
    found = weights(before, added, ready, others)
    assert abs(shares(found, added) - ready / (ready + others)) < 0.03
    assert all(0 < weight <= 256 for weight in found.values())


def test_weights_stay_where_they_leave_room() -> None:
    assert weights({"a": 10, "b": 10}, ["v", "w"], 1, 1) == {"a": 10, "b": 10, "v": 10, "w": 10}
    assert weights({"a": 10, "off": 0}, ["v"], 1, 1) == {"a": 10, "off": 0, "v": 10}
    assert weights({"a": 10}, [], 1, 1) == {"a": 10}


def test_weights_are_no_larger_than_they_have_to_be() -> None:
    assert weights({"a": 1}, ["v", "w"], 1, 1) == {"a": 2, "v": 1, "w": 1}
    assert weights({"a": 1, "b": 1}, ["v", "w", "x"], 1, 1) == {"a": 3, "b": 3, "v": 2, "w": 2, "x": 2}


def test_no_ready_pods() -> None:
    assert weights({"a": 10}, ["v"], 0, 3) == {"a": 10, "v": 0}
    assert weights({"a": 10}, ["v"], 2, 0) == {"a": 10, "v": 10}


def test_names_of_bursts_are_told_apart() -> None:
    assert belongs_to("vulcan", server_name("vulcan", "10.11.0.20", 30080))
    assert not belongs_to("vulcan", server_name("vulcan-10", "10.11.0.20", 30080))
    assert not belongs_to("vulcan", "earth")


def test_servers_come_and_go(fake: Fake, tmp_path: Path) -> None:
    haproxy = Haproxy(str(tmp_path / "socket"))
    haproxy.check(["shop"])
    assert save_desired(str(tmp_path / "keep"), haproxy, "vulcan", [DESIRED])
    haproxy.apply(haproxy.changes("vulcan", DESIRED))
    assert fake.servers[NAME][2:] == [5, 5, 0]
    assert haproxy.changes("vulcan", DESIRED) == []
    assert not save_desired(str(tmp_path / "keep"), haproxy, "vulcan", [DESIRED])
    ((backend, server),) = haproxy.of_burst("vulcan")
    haproxy.drain(backend, server)
    assert fake.servers[NAME][4] == 8
    assert haproxy.remove(backend, server)
    assert fake.servers == {"earth": ["10.10.0.10", 30080, 10, 10, 0]}


def test_a_server_that_somebody_else_has_removed_is_no_error(fake: Fake, tmp_path: Path) -> None:
    haproxy = Haproxy(str(tmp_path / "socket"))
    haproxy.apply(haproxy.changes("vulcan", DESIRED))
    ((backend, server),) = haproxy.of_burst("vulcan")
    del fake.servers[NAME]
    haproxy.drain(backend, server)
    assert haproxy.remove(backend, server)


def test_who_serves_alone_is_told(fake: Fake, tmp_path: Path) -> None:
    haproxy = Haproxy(str(tmp_path / "socket"))
    assert haproxy.without_others("vulcan") == []
    haproxy.apply(haproxy.changes("vulcan", DESIRED))
    assert haproxy.without_others("vulcan") == []
    fake.servers["earth"][4] = 1
    assert haproxy.without_others("vulcan") == ["shop"]
    # Where they take no traffic either, nobody has anything to lose
    fake.servers[NAME][4] = 1
    assert haproxy.without_others("vulcan") == []


def test_more_pods_change_weights_alone(fake: Fake, tmp_path: Path) -> None:
    haproxy = Haproxy(str(tmp_path / "socket"))
    haproxy.apply(haproxy.changes("vulcan", DESIRED))
    assert haproxy.changes("vulcan", DESIRED._replace(ready=4)) == [f"set weight shop/{NAME} 20"]


def test_a_reload_is_made_up_for(fake: Fake, tmp_path: Path) -> None:
    haproxy = Haproxy(str(tmp_path / "socket"))
    path = str(tmp_path / "keep")
    assert restore(path) == []
    wanted = DESIRED._replace(ready=100)
    save_desired(path, haproxy, "vulcan", [wanted])
    haproxy.apply(haproxy.changes("vulcan", wanted))
    assert fake.servers["earth"][2] < 10
    del fake.servers[NAME]
    fake.servers["earth"][2] = 10
    assert restore(path)[0].startswith("set weight shop/earth")
    assert NAME in fake.servers
    # Whoever takes a server out by hand has it out
    fake.servers[NAME][4] = 1
    assert restore(path) == []
    restore_weights(haproxy, {"shop": {"earth": fake.servers["earth"][2]}})
    assert fake.servers["earth"][2] == 10


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"level": "operator"}, "Add 'level admin' to its line"),
        ({"version": "2.4.22-1"}, "HAProxy is 2.4, and takes servers at run time from 2.6 on"),
        ({"algorithm": "static-rr"}, "balances with 'static-rr', which cannot be relied on to take servers"),
        ({"algorithm": "source"}, "balances with 'source'"),
    ],
)
def test_what_takes_no_servers(fake: Fake, tmp_path: Path, changes: dict[str, str], message: str) -> None:
    for name, value in changes.items():
        setattr(fake, name, value)
    with pytest.raises(HaproxyError) as error:
        Haproxy(str(tmp_path / "socket")).check(["shop"])
    assert message in str(error.value)
    assert fake.commands == []


def test_there_is_no_such_backend(fake: Fake, tmp_path: Path) -> None:
    with pytest.raises(HaproxyError, match="no backend 'shops'; it has shop"):
        Haproxy(str(tmp_path / "socket")).check(["shops"])
    with pytest.raises(HaproxyError, match="Is it running"):
        Haproxy(str(tmp_path / "none")).check(["shop"])
