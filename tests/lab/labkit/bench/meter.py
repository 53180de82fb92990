# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`meter.py FILE COMMAND…`: runs a command and adds a line to FILE: its time, its time on a processor, and its size.

It is the command's small parent: a process starts with the resident size of the one that started it, so whatever is
measured must not be started by a large one.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main(record: str, command: list[str]) -> int:
    """Returns the command's exit status as a shell would tell it."""
    began = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ)
    _child, status, usage = os.wait4(child, 0)
    seconds = time.monotonic() - began
    with open(record, "a", encoding="utf-8") as file:  # noqa: PTH123 - pathlib would be half of this process
        processor = usage.ru_utime + usage.ru_stime
        told = {"seconds": seconds, "processor": processor, "mebibytes": usage.ru_maxrss / 1024}
        file.write(json.dumps(told) + "\n")
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
