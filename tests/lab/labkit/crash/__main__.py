# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command tests/lab/crash, on the lab's management host."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from labkit import settings

_LOOK = 0.01  # seconds between two looks at the tasks that have begun
_MISSED = 3


def descendants(pid: int) -> list[int]:
    """A process and all that it has started and that has not left it, the process itself first."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
    return found


def kill(pid: int) -> int:
    """End a process and its descendants without a warning; how many there were.

    They are stopped first, so that none can start another one meanwhile."""
    killed: set[int] = set()
    while new := set(descendants(pid)) - killed:
        for one in new:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGSTOP)
        killed |= new
    for one in killed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    return len(killed)


def wanted(begun: list[str], task: str, occurrence: int) -> bool:
    """Whether the task has begun: its number, counted from 1, or a part of its name, the occurrence-th of that name."""
    if task.isdigit():
        return len(begun) >= int(task)
    return sum(task in name for name in begun) >= occurrence


def run(arguments: argparse.Namespace, begun_file: Path) -> int:
    """Run the playbook until the task begins, and kill it; 3 when the playbook has ended before."""
    here = Path(__file__).parent
    environment = {
        **os.environ,
        "ANSIBLE_CALLBACK_PLUGINS": str(here / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "lab_crash",
        "LAB_CRASH_FILE": str(begun_file),
    }
    command = ["ansible-playbook", "-i", str(settings.LAB_DIR / "inventory"), arguments.playbook, *arguments.options]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
    begun: list[str] = []
    while process.poll() is None:
        begun = begun_file.read_text().splitlines()
        if wanted(begun, arguments.task, arguments.occurrence):
            time.sleep(arguments.after)
            number = kill(process.pid)
            begun = begun_file.read_text().splitlines()
            process.wait()
            print(f"crash: killed with {number} processes in task {len(begun)}: {begun[-1]}", flush=True)
            return 0
        time.sleep(_LOOK)
    print(f"crash: the playbook ended with {process.returncode} after {len(begun)} tasks, before that one")
    return _MISSED


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="crash", description="Kill a playbook, and all it has started, at a task")
    parser.add_argument("--after", type=float, default=0.0, help="seconds into the task")
    parser.add_argument("--occurrence", type=int, default=1, help="of several tasks with that name, which one")
    parser.add_argument("playbook")
    parser.add_argument("task", help="a part of the task's name, or its number, counted from 1")
    parser.add_argument("options", nargs="*", help="further options of ansible-playbook, after --")
    with tempfile.NamedTemporaryFile(prefix="crash-") as file:
        return run(parser.parse_args(), Path(file.name))


if __name__ == "__main__":
    sys.exit(main())
