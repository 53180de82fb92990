# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that AWS gives when it has a bad day.

`<state>/aws/faults.json` names them, and is read again for every request, so a change counts at once:

    [{"call": "DescribeStacks", "code": "Throttling", "times": 20}]

`call` is an action's name, or, for EKS, method and path such as "GET /clusters/vulcan". `code` is one of CODES. `times`
says how often, counted from when the file was written; without it, until the file is changed.
"""

from __future__ import annotations

import json
import re
import threading
import typing as t
import urllib.parse
import uuid
from pathlib import Path

# code -> HTTP status and message
CODES = {
    "ExpiredToken": (403, "The security token included in the request is expired"),
    "InternalFailure": (500, "The request processing has failed because of an unknown error"),
    "ServiceUnavailable": (503, "The service is unavailable. Please retry shortly"),
    "Throttling": (400, "Rate exceeded"),
}

Message = dict[str, t.Any]
Receive = t.Callable[[], t.Awaitable[Message]]
Send = t.Callable[[Message], t.Awaitable[None]]
App = t.Callable[[Message, Receive, Send], t.Awaitable[None]]


class Faults:
    """What the file says, and how often it was done already."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._text = ""
        self._left: list[tuple[str, str, float]] = []
        self._lock = threading.Lock()

    def code(self, call: str) -> str | None:
        """The code to answer this call with; counts it."""
        with self._lock:
            self._read()
            for number, (named, code, left) in enumerate(self._left):
                if named == call and left > 0:
                    self._left[number] = (named, code, left - 1)
                    return code
        return None

    def _read(self) -> None:
        """A file that cannot be read counts as none, so that a typo breaks no lab."""
        try:
            text = self.file.read_text()
        except OSError:
            text = ""
        if text == self._text:
            return
        self._text, self._left = text, []
        try:
            self._left = [(str(f["call"]), str(f["code"]), float(f.get("times", "inf"))) for f in json.loads(text)]
            self._left = [fault for fault in self._left if fault[1] in CODES]
        except (ValueError, TypeError, KeyError):
            pass


def around(app: App, faults: Faults) -> App:
    """The ASGI application `app`, with `faults` before it."""

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        received = [await receive()]
        while received[-1].get("more_body"):
            received.append(await receive())
        body = b"".join(message.get("body", b"") for message in received)
        code = faults.code(call_of(scope["method"], scope["path"], body))
        if code:
            await _answer_error(scope, send, code)
            return

        async def again() -> Message:
            return received.pop(0) if received else await receive()

        await app(scope, again, send)

    return answer


def call_of(method: str, path: str, body: bytes) -> str:
    """What a request is called in the file."""
    action = urllib.parse.parse_qs(body.decode(errors="replace")).get("Action")
    return action[0] if action else f"{method} {path}"


async def _answer_error(scope: Message, send: Send, code: str) -> None:
    status, message = CODES[code]
    kind, content = _answer(_service(scope), code, message)
    headers = [(b"content-type", kind.encode()), (b"x-amzn-errortype", code.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content.encode()})


def _service(scope: Message) -> str:
    """The service that a request is signed for."""
    authorization = dict(scope["headers"]).get(b"authorization", b"").decode(errors="replace")
    found = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", authorization)
    return found[1] if found else ""


def _answer(service: str, code: str, message: str) -> tuple[str, str]:
    """Content type and content, each service in its own protocol."""
    if service == "eks":
        return "application/json", json.dumps({"message": message})
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    request = uuid.uuid4()
    if service == "ec2":
        inner = f"<Errors><Error>{error}</Error></Errors><RequestID>{request}</RequestID>"
        return "text/xml", f"<Response>{inner}</Response>"
    inner = f"<Error><Type>Sender</Type>{error}</Error><RequestId>{request}</RequestId>"
    return "text/xml", f"<ErrorResponse>{inner}</ErrorResponse>"
