# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of how many is being built, and for how long."""

from __future__ import annotations

import sys
import threading
import time
import typing as t

EVERY = 15.0  # seconds between two lines about work that goes on, where the output is no terminal


def seconds(duration: float) -> str:
    """How long something took, for people: `7 s`, `128 s`, `11 min 20 s`."""
    whole = round(duration)
    return f"{whole} s" if whole < 180 else f"{whole // 60} min {whole % 60:02d} s"


def line(number: int, total: int, name: str, state: str) -> str:
    """One line of progress, numbers aligned."""
    return f"[{number:>{len(str(total))}}/{total}] {name} … {state}"


class Plan:
    """How long things are expected to take, and from what has ended, how long the rest will.

    :param lanes: the things of each lane, with the seconds that each takes on two processors. Those of one lane come
        one after the other, the lanes run side by side.
    """

    def __init__(self, lanes: t.Sequence[t.Mapping[str, float]]) -> None:
        self._lanes = lanes
        self._expected = {name: expected for lane in lanes for name, expected in lane.items()}
        self._took: dict[str, float] = {}

    def ended(self, name: str, took: float) -> None:
        """Something has ended, after so many seconds."""
        self._took[name] = took

    def left(self, running: t.Mapping[str, float]) -> float:
        """Seconds that are left.

        :param running: what goes on, and for how many seconds.
        """
        expected = sum(self._expected[name] for name in self._took)
        # A first thing that is quickly done says little.
        pace = (sum(self._took.values()) + 30) / (expected + 30)
        return max(
            sum(
                max(expected * pace - running.get(name, 0.0), 1.0)
                for name, expected in lane.items()
                if name not in self._took
            )
            for lane in self._lanes
        )


def about(duration: float) -> str:
    """A duration that is not known exactly: `less than a minute`, `about 7 min`."""
    return "less than a minute" if duration < 60 else f"about {round(duration / 60)} min"


class Progress:
    """Prints what begins, runs and ends. On a terminal, the running steps are one line that is updated each second."""

    def __init__(
        self,
        total: int,
        out: t.TextIO | None = None,
        clock: t.Callable[[], float] = time.monotonic,
        verb: str = "built",
        plan: Plan | None = None,
    ) -> None:
        """`total` is the number of things to be done, `verb` what was done to them in the end.

        With a `plan`, what goes on is one line for all, with the time that is left.
        """
        self._plan = plan
        self._ended = 0
        self._told = clock()
        self._verb = verb
        self._total = total
        self._out = out or sys.stderr
        self._clock = clock
        self._terminal = self._out.isatty()
        self._lock = threading.Lock()
        self._running: dict[str, tuple[int, float, float]] = {}  # name: number, since when, when last told
        self._begun = 0
        self._since = clock()
        self._stop = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Progress:
        """Starts to tell."""
        self._ticker.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        """Stops to tell, with a summary when nothing failed."""
        self._stop.set()
        self._ticker.join()
        with self._lock:
            if _failure[0] is None:
                self._say(f"{self._verb} {self._begun} of {self._total} in {seconds(self._clock() - self._since)}")
            elif self._terminal:
                self._out.write("\n")

    def begin(self, name: str) -> None:
        """Work on `name` begins."""
        with self._lock:
            self._begun += 1
            now = self._clock()
            self._running[name] = (self._begun, now, now)
            if not self._terminal:
                self._say(line(self._begun, self._total, name, "started"))

    def end(self, name: str, what: str = "") -> None:
        """Work on `name` has ended, well unless `what` says otherwise."""
        with self._lock:
            number, since, _told = self._running.pop(name)
            self._ended += 1
            if self._plan:
                self._plan.ended(name, self._clock() - since)
            self._say(line(number, self._total, name, what or f"done in {seconds(self._clock() - since)}"))

    def tell(self) -> None:
        """Print the running steps, if it is time to."""
        with self._lock:
            now = self._clock()
            if self._terminal:
                self._out.write("\r\x1b[K" + (self._overview(now) if self._plan else self._each(now)))
                self._out.flush()
                return
            if self._plan:
                if now - self._told >= EVERY:
                    self._told = now
                    self._say(self._overview(now))
                return
            for name, (number, since, told) in list(self._running.items()):
                if now - told >= EVERY:
                    self._running[name] = (number, since, now)
                    self._say(line(number, self._total, name, seconds(now - since)))

    def _each(self, now: float) -> str:
        return "   ".join(
            line(number, self._total, name, seconds(now - since))
            for name, (number, since, _told) in self._running.items()
        )

    def _overview(self, now: float) -> str:
        """What is done, what is left, and for how long."""
        running = {name: now - since for name, (_number, since, _told) in self._running.items()}
        at_work = ", ".join(f"{name} ({seconds(duration)})" for name, duration in running.items())
        left = about(self._plan.left(running)) if self._plan else ""
        return f"{self._ended} of {self._total} done, {self._total - self._ended} left, {left}: {at_work}"

    def _say(self, text: str) -> None:
        self._out.write(("\r\x1b[K" if self._terminal else "") + text + "\n")
        self._out.flush()

    def _tick(self) -> None:
        while not self._stop.wait(1.0):
            self.tell()
