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


class Progress:
    """Prints what begins, goes on and ends. On a terminal what goes on is one line that is rewritten each second."""

    def __init__(
        self,
        total: int,
        out: t.TextIO | None = None,
        clock: t.Callable[[], float] = time.monotonic,
        verb: str = "built",
    ) -> None:
        """`total` is the number of things to be done, `verb` what was done to them in the end."""
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
            self._say(line(number, self._total, name, what or f"done in {seconds(self._clock() - since)}"))

    def tell(self) -> None:
        """Tells what goes on, if it is time to."""
        with self._lock:
            now = self._clock()
            if self._terminal:
                self._out.write(
                    "\r\x1b[K"
                    + "   ".join(
                        line(number, self._total, name, seconds(now - since))
                        for name, (number, since, _told) in self._running.items()
                    )
                )
                self._out.flush()
                return
            for name, (number, since, told) in list(self._running.items()):
                if now - told >= EVERY:
                    self._running[name] = (number, since, now)
                    self._say(line(number, self._total, name, seconds(now - since)))

    def _say(self, text: str) -> None:
        self._out.write(("\r\x1b[K" if self._terminal else "") + text + "\n")
        self._out.flush()

    def _tick(self) -> None:
        while not self._stop.wait(1.0):
            self.tell()
