# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What the process that keeps a burst for a run tells that run.

It is in a file in the run's own temporary directory on the controller and goes with it. No later run reads it: who has
the burst is said by the Lease alone.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import time
import typing as t

_PREFIX = "cloudburst-lock-"
_SIZE = 8192  # more than any state takes: one write replaces the whole


class Hold(t.NamedTuple):
    """A run's hold on a burst, which a process keeps.

    :ivar burst: its name.
    :ivar keeper: id of the process that keeps it.
    :ivar renewed: when the Lease was last renewed, by :func:`now`.
    :ivar lost: why the run has it no longer; empty while it has.
    """

    burst: str
    keeper: int
    renewed: float
    lost: str = ""


def now() -> float:
    """Seconds on a clock that all processes of a machine share, and that goes on while the machine sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)  # Linux has it
    return time.time() if clock is None else time.clock_gettime(clock)


class HoldFile:
    """The file that the keeper writes. If it cannot be written, the run knows no more than the Lease says.

    :param folder: the run's temporary directory.
    :param burst: name of the burst.
    """

    def __init__(self, folder: str, burst: str) -> None:
        self._path = os.path.join(folder, f"{_PREFIX}{burst}-{os.getpid()}")
        self._burst = burst
        self._file: int | None = None
        with contextlib.suppress(OSError):
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)

    def write(self, renewed: float, lost: str = "") -> None:
        """Write the state; nothing happens if the file cannot be written."""
        if self._file is not None:
            text = json.dumps(Hold(self._burst, os.getpid(), renewed, lost)._asdict())
            with contextlib.suppress(OSError):
                os.pwrite(self._file, text.encode().ljust(_SIZE), 0)

    def remove(self) -> None:
        """Remove the file."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._path)


def holds(folder: str) -> list[Hold]:
    """The holds of the run with this temporary directory."""
    found = []
    for path in glob.glob(os.path.join(glob.escape(folder), f"{_PREFIX}*")):
        # It may go at any time, or have been made a moment ago
        with contextlib.suppress(OSError, ValueError, TypeError), open(path, encoding="utf-8") as file:
            found.append(Hold(**json.load(file)))
    return found


__all__ = ("Hold", "HoldFile", "holds", "now")
