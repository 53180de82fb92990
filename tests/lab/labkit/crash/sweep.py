# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kills the playbooks at each of their tasks in turn, and at random moments (tests/lab/crash sweep).

Each run goes one task further than the one before, from what that one has left. So each task is killed once as it
begins, with all tasks before it done.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from labkit import settings
from labkit.crash import killer

_PLAYBOOKS = settings.REPOSITORY / "playbooks"
_VERIFY = settings.REPOSITORY / "extensions" / "molecule" / "dock" / "verify.yml"


def _at_task(number: int) -> killer.Moment:
    return lambda begun, seconds: len(begun) >= number


def _at_second(moment: float) -> killer.Moment:
    return lambda begun, seconds: seconds >= moment


class Failed(Exception):
    """A promise was not kept."""


class Sweep:
    """All kills, one after the other.

    :param snapshot: file with the state from before.
    :param log: where the playbooks' output goes.
    """

    def __init__(self, snapshot: Path, log: t.IO[str], rng: random.Random) -> None:
        self._snapshot = snapshot
        self._log = log
        self._random = rng
        self.kills = 0
        self._seconds = 0.0  # that an undisturbed burst_up took here, for random moments

    def remember(self) -> None:
        """Take what there is after one undisturbed burst for what must be there after each.

        KubeFed and the applications, which the first burst brings to the data centre, stay there on purpose.
        """
        self._seconds = self._play(_PLAYBOOKS / "burst_up.yml")
        self._play(_PLAYBOOKS / "burst_down.yml")
        self._residue("take")

    def up(self, first: int, last: int) -> None:
        """Kill burst_up at each task; then it must finish the job, and burst_down undo it."""
        self._chain("burst_up", first, last)
        self._finish()
        self._undo()

    def down(self, first: int, last: int) -> None:
        """Kill burst_down at each task; then it must undo all."""
        self._finish()
        self._chain("burst_down", first, last)
        self._undo()

    def undo(self, first: int, last: int, step: int) -> None:
        """Kill burst_up at a task, with no burst before it; then burst_down must undo it without help."""
        for number in range(first, last + 1, step):
            if not self._kill("burst_up", str(number), _at_task(number)):
                break
            self._undo()

    def at_random(self, times: int) -> None:
        """Kill burst_up and burst_down at random moments, in any order; then one undoes all."""
        for number in range(times):
            name, moment = (
                self._random.choice(("burst_up", "burst_up", "burst_down")),
                self._random.uniform(3, self._seconds),
            )
            self._kill(name, f"{number + 1} of {times}, at {moment:.1f} s", _at_second(moment))
        self._finish()
        self._undo()

    def _chain(self, name: str, first: int, last: int) -> None:
        for number in range(first, last + 1):
            if not self._kill(name, str(number), _at_task(number)):
                break

    def _kill(self, name: str, what: str, moment: killer.Moment) -> bool:
        """Whether it was killed; when it ended before, it has to have ended well."""
        began = time.monotonic()
        ended = killer.run(_PLAYBOOKS / f"{name}.yml", moment, output=self._log)
        if isinstance(ended, int):
            if ended:
                raise Failed(f"{name}, to be killed at {what}, ended with {ended} by itself")
            print(f"{name} {what}: it has ended before", flush=True)
            return False
        self.kills += 1
        print(f"{name} {what}: killed after {time.monotonic() - began:.0f} s in {ended.task}", flush=True)
        return True

    def _finish(self) -> None:
        self._play(_PLAYBOOKS / "burst_up.yml")
        self._play(_VERIFY)

    def _undo(self) -> None:
        self._play(_PLAYBOOKS / "burst_down.yml")
        print(self._residue("compare"), flush=True)

    def _play(self, playbook: Path) -> float:
        """Run it to its end, and return the seconds that it took."""
        began = time.monotonic()
        command = ["ansible-playbook", "-i", str(settings.LAB_DIR / "inventory"), str(playbook)]
        done = subprocess.run(
            command, stdout=self._log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False
        )
        seconds = time.monotonic() - began
        print(f"{playbook.parent.name}/{playbook.stem}: {seconds:.0f} s", flush=True)
        if done.returncode:
            raise Failed(f"{playbook} ended with {done.returncode}")
        return seconds

    def _residue(self, command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-B", "-m", "labkit.residue", command, str(self._snapshot)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"Something is left:\n{done.stdout}")
        return done.stdout.strip()


def main(arguments: t.Sequence[str]) -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="crash sweep", description="Kill the playbooks at each task in turn")
    parser.add_argument("parts", nargs="*", metavar="PART", help="up, down, undo, random; all of them by default")
    parser.add_argument("--first", type=int, default=1, help="the first task to kill, counted from 1")
    parser.add_argument("--last", type=int, default=1000, help="the last one")
    parser.add_argument("--step", type=int, default=1, help="for undo: kill at each so many tasks")
    parser.add_argument("--times", type=int, default=20, help="for random: kills")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="for random")
    given = parser.parse_args(arguments)
    parts: dict[str, t.Callable[[Sweep], None]] = {
        "up": lambda sweep: sweep.up(given.first, given.last),
        "down": lambda sweep: sweep.down(given.first, given.last),
        "undo": lambda sweep: sweep.undo(given.first, given.last, given.step),
        "random": lambda sweep: sweep.at_random(given.times),
    }
    if unknown := set(given.parts) - set(parts):
        parser.error(f"{', '.join(sorted(unknown))}: no such part")
    log = settings.LOG / "crash-sweep.log"
    print(f"seed {given.seed}; what the playbooks say is in {log}", flush=True)
    with log.open("w") as file:
        sweep = Sweep(settings.STATE / "before-the-sweep.json", file, random.Random(given.seed))
        try:
            sweep.remember()
            for part in given.parts or parts:
                print(f"-- {part}", flush=True)
                parts[part](sweep)
        except Failed as error:
            print(f"FAILED after {sweep.kills} kills: {error}", flush=True)
            return 1
    print(f"{sweep.kills} kills, nothing left", flush=True)
    return 0
