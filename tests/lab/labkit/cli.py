# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command `tests/lab/lab`: what happens outside the sandbox."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from labkit import artifacts, build, sandbox, settings
from labkit.errors import LabError

READY = settings.STATE / "ready"
EXEC = settings.LAB_DIR / "exec"


@contextlib.contextmanager
def _locked() -> t.Iterator[None]:
    """One `up` or `down` at a time for each lab."""
    settings.STATE_ROOT.mkdir(parents=True, exist_ok=True)
    file = settings.STATE_ROOT / f".{settings.LAB_NAME}.lock"
    while True:
        with file.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _say("waiting for another `lab up` or `lab down`")
                fcntl.flock(lock, fcntl.LOCK_EX)
            # whoever had it may have removed it
            if not file.exists() or file.stat().st_ino != os.fstat(lock.fileno()).st_ino:
                continue
            try:
                yield
            finally:
                if not settings.STATE.exists():
                    file.unlink()
                    with contextlib.suppress(OSError):
                        settings.STATE_ROOT.rmdir()
            return


def _say(text: str) -> None:
    print(f"lab: {text}", file=sys.stderr, flush=True)


def _inside(command: str) -> int:
    """Run one of labkit.lifecycle's commands in the sandbox; its exit status."""
    argv = sandbox.enter([sys.executable, "-m", "labkit.lifecycle", command])
    return subprocess.run(argv, env=sandbox.environment(), cwd="/", check=False).returncode


def _up() -> int:
    started = time.monotonic()
    with _locked():
        if READY.exists() and sandbox.pid() is not None:
            if _inside("verify") == 0:
                _say(f"{settings.LAB_NAME!r} is up (looked at in {time.monotonic() - started:.1f} s)")
                return 0
            _say("it stays ill, so it is brought up anew")
        built = build.ensure()
        if settings.STATE.exists():
            _say("clearing away what an earlier lab left")
        begun = time.monotonic()
        sandbox.clear()
        settings.STATE.mkdir(parents=True)
        artifacts.save(built)
        sandbox.start(built.venv_lab / "bin" / "supervisord")
        status = _inside("up")
        if status == 130:
            raise KeyboardInterrupt
        if status:
            _say(f"{settings.LAB_NAME!r} did not come up; logs are in {settings.LOG}; `lab down` clears it away")
            return 1
        READY.touch()
        took = time.monotonic() - begun
        _say(f"{settings.LAB_NAME!r} is up after {took:.0f} s; try: {_short(EXEC)} kubectl get nodes")
    return 0


def _down() -> int:
    started = time.monotonic()
    with _locked():
        there = settings.STATE.exists()
        sandbox.clear()
    _say(f"{settings.LAB_NAME!r} is down, {time.monotonic() - started:.1f} s" if there else "nothing is up")
    return 0


def _status() -> int:
    if sandbox.pid() is None:
        _say(f"{settings.LAB_NAME!r} is down")
        return 3
    if not READY.exists():
        _say(f"{settings.LAB_NAME!r} has not come up whole (yet)")
    return _inside("status")


def _build() -> int:
    build.ensure()
    return 0


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="lab",
        description="Figure 1 on one machine. LAB_NAME names the lab, CLOUDBURST_LAB_STATE is where labs are kept "
        "(/var/lib/cloudburst-lab), CLOUDBURST_CACHE where what is built is kept (~/.cache/cloudburst-federation).",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("build", "build what is missing, and nothing else"),
        ("up", "bring the lab up, building what is missing; one that is up is looked at and left alone"),
        ("down", "take it away: processes, mounts, namespaces, control groups, files"),
        ("status", "show its parts and whether they are well; 3 if it is down"),
        ("shell", "a shell on the management host"),
    ):
        commands.add_parser(name, help=text, description=text)
    execute = commands.add_parser("exec", help="run a command on the management host (as tests/lab/exec does)")
    execute.add_argument("argv", nargs=argparse.REMAINDER, metavar="COMMAND")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        _say("this needs root: it makes namespaces and control groups")
        return 1
    if arguments.command in ("exec", "shell"):
        words = arguments.argv if arguments.command == "exec" else ["bash"]
        os.execv(EXEC, [str(EXEC), *words])
    try:
        return {"build": _build, "up": _up, "down": _down, "status": _status}[arguments.command]()
    except (LabError, build.BuildError) as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        _say("interrupted; the next `lab up` or `lab down` clears it away")
        return 130
