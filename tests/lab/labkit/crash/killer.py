# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kills a playbook, with all that it has started."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import tempfile
import time
import typing as t
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


# Whether to kill, of the tasks that have begun and the seconds since the start.
Moment = t.Callable[[list[str], float], bool]


class Kill(t.NamedTuple):
    """What was killed: at which task, which number it had, counted from 1, and how many processes there were."""

    task: str
    number: int
    processes: int


def run(
    playbook: Path | str,
    moment: Moment,
    *,
    after: float = 0.0,
    options: t.Sequence[str] = (),
    output: t.IO[str] | None = None,
) -> Kill | int:
    """Run a playbook, and kill it at a given moment.

    :param moment: whether it has come.
    :param after: seconds after that moment.
    :param output: where the playbook's output goes, when not to our own.
    :returns: the exit status when the playbook has ended before.
    """
    with tempfile.NamedTemporaryFile(prefix="crash-") as file:
        begun_file = Path(file.name)
        environment = {
            **os.environ,
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "lab_crash",
            "LAB_CRASH_FILE": str(begun_file),
        }
        command = ["ansible-playbook", "-i", str(settings.LAB_DIR / "inventory"), str(playbook), *options]
        began = time.monotonic()
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        while process.poll() is None:
            if moment(begun_file.read_text().splitlines(), time.monotonic() - began):
                time.sleep(after)
                number = kill(process.pid)
                process.wait()
                begun = begun_file.read_text().splitlines() or ["before the first task"]
                return Kill(begun[-1], len(begun), number)
            time.sleep(_LOOK)
        return process.returncode


def main(arguments: t.Sequence[str]) -> int:
    """Returns the exit status: 3 when the playbook has ended before the task."""
    parser = argparse.ArgumentParser(prog="crash at", description="Kill a playbook, and all it has started, at a task")
    parser.add_argument("--after", type=float, default=0.0, help="seconds into the task")
    parser.add_argument("--occurrence", type=int, default=1, help="of several tasks with that name, which one")
    parser.add_argument("playbook")
    parser.add_argument("task", help="a part of the task's name, or its number, counted from 1")
    parser.add_argument("options", nargs="*", help="further options of ansible-playbook, after --")
    given = parser.parse_args(arguments)
    ended = run(
        given.playbook,
        lambda begun, seconds: wanted(begun, given.task, given.occurrence),
        after=given.after,
        options=given.options,
    )
    if isinstance(ended, int):
        print(f"crash: the playbook ended with {ended} before that task")
        return _MISSED
    print(f"crash: killed with {ended.processes} processes in task {ended.number}: {ended.task}", flush=True)
    return 0
