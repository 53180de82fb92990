# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kills burst_up at each task that shifts customers, and burst_down at each that drains, while customers go on asking.

The burst is up, and the shop is placed on both clusters. The playbooks begin where they begin to shift or drain, and
burst_down is ended before it withdraws anything.
"""

from __future__ import annotations

import argparse
import sys
import time
import typing as t
from pathlib import Path

from labkit import settings
from labkit.crash import killer
from labkit.traffic import load, run

_PLAYBOOKS = settings.REPOSITORY / "playbooks"
_FIND = "Find where the Services are and tell your load balancer"
# Where each begins to shift or drain, for each method
_FIRST = {
    ("burst_up", "edge"): _FIND,
    ("burst_up", "endpoints"): _FIND,
    ("burst_down", "edge"): "Check whether the host can be reached",
    ("burst_down", "endpoints"): _FIND,
}
_AFTER_DRAINING = "Protect the volumes from deletion with their claims"
_RATE = 3  # requests a second; a pod serves 5
_LOOKS = 5  # a second; as many as the others, and HAProxy's turns would give all of them to one cluster
_INTO = 0.3  # seconds into a task: long ones are killed in their midst, short ones when they are done
_STEP = 4  # of the runs that are undone, each goes so many tasks further
_LEAST = 0.2  # of a cluster's share when both serve


class Failed(Exception):
    """A promise was not kept."""


class Moment:
    """When to kill: a little into a task, or as soon as draining is over."""

    def __init__(self, number: int) -> None:
        """:param number: of the task, counted from 1; 0 for never."""
        self._number = number
        self._since: float | None = None

    def __call__(self, begun: list[str], seconds: float) -> bool:
        """Whether it has come."""
        if any(_AFTER_DRAINING in name for name in begun):
            return True
        if not self._number or len(begun) < self._number:
            return False
        if self._since is None:
            self._since = seconds
        return seconds - self._since >= _INTO


class Kills:
    """All kills of one method."""

    def __init__(self, method: str, log: t.IO[str]) -> None:
        self._method, self._log = method, log
        self.told: list[tuple[float, str]] = []

    def run(self) -> None:
        """First each run finishes what the one before has begun, then it undoes it."""
        for playbook in ("burst_up", "burst_down"):
            number = 1
            while self._play(playbook, number):
                number += 1
            self._look(both=playbook == "burst_up")
        for playbook, other in (("burst_up", "burst_down"), ("burst_down", "burst_up")):
            number = _STEP
            while self._play(playbook, number):
                self._play(other)
                self._look(both=other == "burst_up")
                number += _STEP
            self._look(both=playbook == "burst_up")

    def _play(self, playbook: str, number: int = 0) -> bool:
        """Whether it was killed in the task; when it has come to its end before, it has to have ended well."""
        began = time.time()
        ended = killer.run(
            _PLAYBOOKS / f"{playbook}.yml",
            Moment(number),
            options=[
                f"--start-at-task={_FIRST[playbook, self._method]}",
                "-eburst_apps={{ lab_shop }}",
                f"-eburst_traffic={{{{ lab_shop_traffic.{self._method} }}}}",
            ],
            output=self._log,
        )
        self._log.flush()
        if isinstance(ended, int):
            if ended:
                raise Failed(f"{playbook} ended with {ended}")
            self._tell(f"{playbook} has ended after {time.time() - began:.0f} s")
            return False
        if _AFTER_DRAINING in ended.task:
            self._tell(f"{playbook} has drained after {time.time() - began:.0f} s")
            return False
        self._tell(f"{playbook} killed in task {number}, {ended.task}")
        return True

    def _look(self, *, both: bool) -> None:
        """Which clusters answer now: both, or only the data centre's."""
        time.sleep(3)
        port = run.PORTS[self._method]
        requests = load.Load(run.url(port, "/get"), _LOOKS, 5, settings.STATE / "traffic-look.results").wait()
        share = load.phase("", True, _LOOKS, requests, 5)["share"]["vulcan"]
        self._tell(f"the cloud has {share:.0%} of the answers")
        if share < _LEAST if both else share > 0:
            raise Failed(f"{self._method}: the cloud has {share:.0%} of the answers")

    def _tell(self, text: str) -> None:
        self.told.append((time.time(), text))
        print(f"{time.strftime('%T')} {self._method}: {text}", flush=True)


def _under_load(method: str, log: t.IO[str]) -> list[str]:
    """All kills of one method, and what went wrong."""
    asked = load.Load(run.url(run.PORTS[method]), _RATE)
    kills, wrong = Kills(method, log), []
    try:
        kills.run()
    except Failed as error:
        wrong.append(str(error))
    finally:
        requests = asked.stop()
    for request in (request for request in requests if request.failed):
        before = [text for moment, text in kills.told if moment <= request.sent][-1:] or ["nothing yet"]
        wrong.append(f"{method}: a request failed after '{before[0]}': {request.error}")
    print(f"{method}: {len(requests)} requests, {sum(request.failed for request in requests)} failed", flush=True)
    return wrong


def main(arguments: t.Sequence[str]) -> int:
    """Returns the exit status: 1 if a request has failed, or a playbook does not do its job."""
    parser = argparse.ArgumentParser(prog="crash shifting", description="Kill the playbooks while they shift and drain")
    parser.add_argument("methods", nargs="*", metavar="METHOD", default=list(run.PORTS))
    methods: list[str] = parser.parse_args(arguments).methods
    wrong: list[str] = []
    path: Path = settings.LOG / "crash-shifting.log"
    with path.open("w") as log:
        for method in methods:
            wrong += _under_load(method, log)
    print(*wrong, sep="\n", file=sys.stderr)
    return 1 if wrong else 0
