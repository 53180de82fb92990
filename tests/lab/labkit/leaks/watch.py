# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Continuously searches the command lines and environments of all processes of the lab and its machines."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

from labkit.leaks.forms import Search

EVERY = 0.01  # seconds
# A process becomes another program soon after it began; later it seldom does, and is looked at once in a second.
_FRESH = 30  # looks


class Watch:
    """A thread that looks until the block ends. `found` has (place, command, name of the secret)."""

    def __init__(self, search: Search) -> None:
        self.found: set[tuple[str, str, str]] = set()
        self.looks = 0
        self.processes = 0
        self._search = search
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        seen: dict[str, int] = {}
        while not self._over.is_set():
            began = time.monotonic()
            there = {path.name for path in Path("/proc").iterdir() if path.name.isdigit()}
            self.processes += len(there - seen.keys())
            seen = {pid: seen.get(pid, 0) + 1 for pid in there}
            for pid, times in seen.items():
                if times < _FRESH or times % 100 == 0:
                    self._look(pid)
            self.looks += 1
            self._over.wait(max(0.0, EVERY - (time.monotonic() - began)))

    def _look(self, pid: str) -> None:
        with contextlib.suppress(OSError):
            process = Path("/proc", pid)
            line = (process / "cmdline").read_bytes()
            for place, data in (("cmdline", line), ("environ", (process / "environ").read_bytes())):
                for name in self._search.names(data):
                    command = Path(line.split(b"\0")[0].decode(errors="replace")).name
                    self.found.add((place, command, name))
