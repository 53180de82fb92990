# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs commands and plays on the management host, under the meter."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from labkit import settings
from labkit.bench import meter
from labkit.bench.report import Sample
from labkit.errors import LabError

Task = dict[str, t.Any]


class Bench:
    """A scratch directory, and the means to time in it.

    Python under the meter is isolated from the environment, and starts without looking for packages: it is small and
    quick, and what it starts has the environment whole.
    """

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.empty: list[float] = []  # seconds of plays without a task
        self._record = scratch / "record"
        self._gate = scratch / "gate"
        self._waited = scratch / "waited"
        # What Ansible takes for the host's Python; it is started once for each module
        python = scratch / "python"
        gate = shlex.join(self._metered(self._waited, "bash", f"{self._gate}.open"))
        python.write_text(
            f"#!/bin/sh\n! mv {self._gate} {self._gate}.open 2>/dev/null || {gate} >/dev/null || exit 1\n"
            f'exec {shlex.join(self._metered(self._record, sys.executable))} "$@"\n'
        )
        python.chmod(0o755)
        host = {"ansible_connection": "local", "ansible_python_interpreter": str(python)}
        (scratch / "inventory.json").write_text(json.dumps({"all": {"hosts": {"mgmt": host}}}))

    @staticmethod
    def _metered(record: Path, *command: str) -> list[str]:
        return [sys.executable, "-I", "-S", str(Path(meter.__file__)), str(record), *command]

    # -- what is timed ------------------------------------------------------------------------------------------

    def command(self, *command: str, env: t.Mapping[str, str] | None = None) -> tuple[Sample, str]:
        """One run of a command, with its output; a script's sample is that of all that it runs.

        :raises LabError: it did not end with 0.
        """
        self._record.unlink(missing_ok=True)
        ended = self._run(self._metered(self._record, *command), env=env)
        return total(self._record.read_text()), ended

    def script(self, text: str, *, gate: str = "") -> Sample:
        """One run of a shell script, as one would write it, which ends with its first failure.

        :param gate: another one, which is run before, and not timed.
        """
        if gate:
            self.read("bash", "-c", gate)
        return self.command("bash", "-euo", "pipefail", "-c", text)[0]

    def task(self, task: Task, *, changed: bool, gate: str = "") -> Sample:
        """One run of a play with one task, and one of a play without any.

        :param changed: whether the task must change something; a run which does other than that is no measurement.
        :param gate: a shell script which is run just before the module is started, and not timed.
        :raises LabError: the play failed, or the task did not do what it was to do.
        """
        self.empty.append(self._play([])[0])
        for record in (self._record, self._waited):
            record.unlink(missing_ok=True)
        if gate:
            self._gate.write_text(gate)
        whole, output = self._play([task])
        found = recap_changed(output)
        if found != changed:
            raise LabError(f"{_named(task)} was to end with changed={changed}, but ended with {found}\n{output}")
        if gate:
            whole -= total(self._waited.read_text()).seconds
        return dataclasses.replace(total(self._record.read_text()), play=whole)

    def _play(self, tasks: list[Task]) -> tuple[float, str]:
        """Run a play; seconds and output."""
        playbook = self.scratch / "playbook.json"  # JSON is YAML
        playbook.write_text(json.dumps([{"hosts": "mgmt", "gather_facts": False, "tasks": tasks}]))
        began = time.monotonic()
        output = self._run(
            ["ansible-playbook", "-i", str(self.scratch / "inventory.json"), str(playbook)],
            env={"ANSIBLE_NOCOLOR": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_LOCALHOST_WARNING": "0"},
        )
        return time.monotonic() - began, output

    # -- what is not --------------------------------------------------------------------------------------------

    def do(self, task: Task) -> None:
        """Run a task that changes something, or not."""
        self._play([task])

    def playbook(self, name: str) -> None:
        """Run one of the collection's playbooks in the lab."""
        inventory = settings.LAB_DIR / "inventory"
        self._run(["ansible-playbook", "-i", str(inventory), str(settings.REPOSITORY / "playbooks" / f"{name}.yml")])

    def read(self, *command: str) -> str:
        """What a command prints."""
        return self._run(list(command))

    def until(self, what: str, done: t.Callable[[], bool], *, timeout: float = 300, every: float = 1.0) -> None:
        """Look until it is done.

        :raises LabError: it is not within the timeout.
        """
        end = time.monotonic() + timeout
        while not done():
            if time.monotonic() > end:
                raise LabError(f"bench: waited {timeout:.0f} s in vain for {what}")
            time.sleep(every)

    def emptied(self, name: str) -> Path:
        """A directory of this name in the scratch directory, with nothing in it."""
        path = self.scratch / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        return path

    def _run(self, command: list[str], *, env: t.Mapping[str, str] | None = None) -> str:
        # A file, not a pipe: what is timed must not wait for its reader
        output = self.scratch / "output"
        with output.open("w") as file:
            ended = subprocess.run(
                command,
                env={**os.environ, **(env or {})},
                stdout=file,
                stderr=subprocess.STDOUT if command[0] == "ansible-playbook" else None,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        text = output.read_text(errors="replace")
        if ended.returncode:
            raise LabError(f"`{shlex.join(command)}` ended with {ended.returncode}\n{text[-4000:]}")
        return text


def total(record: str) -> Sample:
    """The sample of all processes in the meter's record: their time added up, and the size of the greatest."""
    lines = [json.loads(line) for line in record.splitlines()]
    seconds, processor = (sum(line[key] for line in lines) for key in ("seconds", "processor"))
    return Sample(seconds, processor, max(line["mebibytes"] for line in lines))


def recap_changed(output: str) -> bool | None:
    """Whether a play changed something, from its recap; None without one."""
    found = re.search(r"^PLAY RECAP.*?\bchanged=(\d+)", output, re.MULTILINE | re.DOTALL)
    return bool(int(found.group(1))) if found else None


def turned(contenders: t.Sequence[t.Any], turn: int) -> list[t.Any]:
    """The contenders, beginning with another one each turn: who comes first, and after whom, evens out."""
    begin = turn % len(contenders)
    return [*contenders[begin:], *contenders[:begin]]


def _named(task: Task) -> str:
    return next(key for key in task if "." in key)
