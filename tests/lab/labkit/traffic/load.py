# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A constant rate of requests from the customers' host, by vegeta, and what it says of them."""

from __future__ import annotations

import datetime
import json
import math
import signal
import subprocess
import typing as t
from pathlib import Path

from labkit import artifacts, namespaces
from labkit import settings as s

TIMEOUT = 60  # seconds that a customer waits
SLOW = 1.0  # seconds after which a customer notices
_ENOUGH = 20  # answers, for a percentile


class Request(t.NamedTuple):
    """What became of a request: when it was sent and how long it took (s), whether and why it failed, and the node."""

    sent: float
    took: float
    failed: bool
    node: str
    error: str = ""


class Load:
    """Requests to `url`, `rate` each second, for `seconds` or until it is stopped.

    Two at once need different files for their results."""

    def __init__(self, url: str, rate: int, seconds: float = 0, results: Path = s.STATE / "traffic.results") -> None:
        self._results = results
        vegeta = artifacts.load().bin / "vegeta"
        self._vegeta = str(vegeta)
        argv = [
            *(self._vegeta, "attack", f"-rate={rate}/s", f"-duration={seconds:g}s", f"-timeout={TIMEOUT}s"),
            *("-keepalive=false", "-max-body=0", "-redirects=-1", f"-output={self._results}"),
        ]
        self._process = subprocess.Popen(
            [*namespaces.within(s.NS_CUSTOMERS), *argv], stdin=subprocess.PIPE, text=True, start_new_session=True
        )
        stdin = t.cast("t.IO[str]", self._process.stdin)
        stdin.write(f"GET {url}\n")
        stdin.close()

    def stop(self) -> list[Request]:
        """Send no more, wait for the last answers, and tell."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self) -> list[Request]:
        """Wait for the end, and tell."""
        self._process.wait()
        return read(self._vegeta, self._results)


def read(vegeta: str, results: Path) -> list[Request]:
    """Vegeta's results, decoded by itself."""
    encoded = subprocess.run([vegeta, "encode", str(results)], capture_output=True, text=True, check=True).stdout
    return [parse(line) for line in encoded.splitlines()]


def parse(line: str) -> Request:
    """One result as `vegeta encode` writes it: https://github.com/tsenart/vegeta#encode-command."""
    result = json.loads(line)
    server = (result.get("headers") or {}).get("Server") or [""]
    sent = datetime.datetime.fromisoformat(result["timestamp"][:26].rstrip("Z") + "+00:00")
    return Request(sent.timestamp(), result["latency"] / 1e9, result["code"] != 200, server[0], result["error"])


def percentile(values: t.Sequence[float], part: float) -> float:
    """The value that `part` of all do not exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else 0.0


def phase(name: str, planned: bool, offered: int, requests: t.Sequence[Request], seconds: float) -> dict[str, t.Any]:
    """What is written down of a phase."""
    good = [request for request in requests if not request.failed]
    earth = sum(request.node == "earth" for request in good)
    latencies = [request.took * 1000 for request in good]
    return {
        "name": name,
        "planned": planned,
        "seconds": round(seconds, 1),
        "offered": offered,
        "requests": len(requests),
        "failed": len(requests) - len(good),
        "share": {
            "earth": round(earth / len(good), 3) if good else 0.0,
            "vulcan": round((len(good) - earth) / len(good), 3) if good else 0.0,
        },
        "p50_ms": round(percentile(latencies, 0.5), 1),
        "p99_ms": round(percentile(latencies, 0.99), 1),
    }


def whole_after(requests: t.Sequence[Request], since: float) -> float:
    """Seconds from `since` until the last request that failed was sent; 0 if none failed."""
    return max((request.sent - since for request in requests if request.failed), default=0.0)


def noticed(requests: t.Sequence[Request]) -> float:
    """Seconds between the first and the last request whose customer has noticed something; 0 if none has."""
    times = [request.sent for request in requests if request.failed or request.took > SLOW]
    return max(times, default=0.0) - min(times, default=0.0)


def slower(requests: t.Sequence[Request]) -> float | None:
    """Seconds that an answer from elsewhere takes more than one from earth; None for too few of either.

    Of those that did not have to wait for others: the 10th percentile. Which pod has a queue is a matter of chance.
    """
    good = [request for request in requests if not request.failed]
    here = [request.took for request in good if request.node == "earth"]
    there = [request.took for request in good if request.node != "earth"]
    if min(len(here), len(there)) < _ENOUGH:
        return None
    return percentile(there, 0.1) - percentile(here, 0.1)


def served(requests: t.Sequence[Request], seconds: float) -> float:
    """Answers a second while requests were being sent: those that came later are not counted."""
    if not requests:
        return 0.0
    began = min(request.sent for request in requests)
    return sum(not r.failed and r.sent + r.took <= began + seconds for r in requests) / seconds
