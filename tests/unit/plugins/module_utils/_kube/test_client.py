# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An API server that trickles, has no end, or sends what fills the memory; it listens on loopback."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import threading
import time
import typing as t
import urllib.parse

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._aws.eks import reach
from ansible_collections.cloudburst.federation.plugins.module_utils._kube import client as client_module
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.client import Client
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.connect import connect_with_token
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.errors import ApiError, Unreachable, cause
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import FederationError

pytest.importorskip("kubernetes")

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
# What a server does with a connection on which it was asked for a path.
Behaviour = t.Callable[[socket.socket, str], None]


@pytest.fixture(name="serve")
def _serve() -> t.Iterator[t.Callable[[Behaviour], Client]]:
    servers: list[socketserver.ThreadingTCPServer] = []

    def start(behave: Behaviour) -> Client:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                asked = b""
                while b"\r\n\r\n" not in asked:
                    asked += self.request.recv(4096)
                with contextlib.suppress(OSError):
                    behave(self.request, asked.split()[1].decode())

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return connect_with_token(f"http://127.0.0.1:{server.server_address[1]}", b"", "t", proxy="", label="vulcan")

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def answer(connection: socket.socket, body: t.Any, status: str = "200 OK") -> None:
    text = json.dumps(body).encode()
    # The server answers once on each connection; else the next request could go out on one that is about to end
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(text)}\r\n\r\n"
    connection.sendall(head.encode() + text)


def page(names: t.Sequence[str], more: str = "") -> dict[str, t.Any]:
    return {"metadata": {"continue": more}, "items": [{"metadata": {"name": name}} for name in names]}


def trickle(connection: socket.socket, begin: bytes, byte: bytes) -> None:
    connection.sendall(begin)
    while True:
        connection.sendall(byte)
        time.sleep(0.02)


@pytest.mark.parametrize(
    "begin",
    [b"HTTP/1.1 200 OK\r\nX: ", HEAD + b"Content-Length: 100000\r\n\r\n{", b""],
    ids=["header", "body", "status"],
)
def test_who_trickles_is_given_up(
    begin: bytes, serve: t.Callable[[Behaviour], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "REQUEST_TIMEOUT", 0.5)
    client = serve(lambda connection, _path: trickle(connection, begin, b" "))
    began = time.monotonic()
    with pytest.raises(Unreachable, match=r"no complete answer from 127\.0\.0\.1:.* to GET /version within"):
        client.get("/version")
    assert time.monotonic() - began < 2


def test_who_trickles_does_not_hold_up_the_look_at_an_end_point(serve: t.Callable[[Behaviour], Client]) -> None:
    client = serve(lambda connection, _path: trickle(connection, HEAD + b"X: ", b" "))
    cluster = {"endpoint": client.connection.server, "certificateAuthority": {"data": ""}}
    began = time.monotonic()
    assert reach.no_answer(cluster, None, 0.2) == "no answer within 1 s"
    assert time.monotonic() - began < 2


def test_what_would_fill_the_memory_is_rejected(
    serve: t.Callable[[Behaviour], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAXIMUM_SIZE", 2**20)
    client = serve(lambda connection, _path: connection.sendall(HEAD + b"\r\n" + b" " * 2**23))
    with pytest.raises(FederationError, match="answers with more than 1 MiB"):
        client.get("/version")


def test_a_list_in_pages(serve: t.Callable[[Behaviour], Client]) -> None:
    pages = {"": page("ab", "2"), "2": page("c", "3"), "3": page("d")}

    def behave(connection: socket.socket, path: str) -> None:
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
        assert query["limit"] == "500"
        answer(connection, pages[query.get("continue", "")])

    assert [item["metadata"]["name"] for item in serve(behave).list("/api/v1/pods")] == list("abcd")


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({}, "repeats a page"),
        ({"MAXIMUM_PAGES": 5}, "has more than 5 pages"),
        ({"LIST_TIMEOUT": 0.2}, "has not ended after"),
    ],
)
def test_a_list_without_an_end_is_rejected(
    limit: dict[str, t.Any],
    reason: str,
    serve: t.Callable[[Behaviour], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in limit.items():
        monkeypatch.setattr(client_module, name, value)
    number = iter(range(10**6))
    client = serve(lambda connection, _path: answer(connection, page("a", str(next(number)) if limit else "again")))
    with pytest.raises(FederationError, match=f"vulcan: the list of /api/v1/pods {reason}"):
        client.list("/api/v1/pods")


@pytest.mark.parametrize("times", [1, 2, 9])
def test_a_list_whose_rest_is_gone_is_begun_anew(times: int, serve: t.Callable[[Behaviour], Client]) -> None:
    asked: list[str] = []

    def behave(connection: socket.socket, path: str) -> None:
        asked.append(path)
        if "continue" not in path:
            answer(connection, page("a", "2"))
        elif sum("continue" in each for each in asked) <= times:
            answer(connection, {"kind": "Status", "reason": "Expired", "message": "too old", "code": 410}, "410 Gone")
        else:
            answer(connection, page("b"))

    client = serve(behave)
    if times < client_module.LIST_TRIES:
        assert [item["metadata"]["name"] for item in client.list("/api/v1/pods")] == ["a", "b"]
    else:
        with pytest.raises(ApiError, match="was answered with 410: too old"):
            client.list("/api/v1/pods")
        assert len(asked) == 2 * client_module.LIST_TRIES


def test_an_answer_that_breaks_off_is_asked_for_once_more_where_that_changes_nothing(
    serve: t.Callable[[Behaviour], Client],
) -> None:
    asked: list[str] = []

    def behave(connection: socket.socket, path: str) -> None:
        asked.append(path)
        if len(asked) % 2:
            connection.sendall(HEAD + b"Content-Length: 9\r\n\r\n{")
        else:
            answer(connection, {})

    client = serve(behave)
    assert client.request("GET", "/version") == {}
    with pytest.raises(Unreachable, match="no answer from"):
        client.create("/api/v1/namespaces", {})
    assert len(asked) == 3


@pytest.mark.parametrize("text", ["<" * 65_000, "HTTPSConnectionPool(" * 4_000])
def test_no_cause_takes_its_time(text: str) -> None:
    began = time.process_time()
    cause(Exception(text))
    assert time.process_time() - began < 0.2
