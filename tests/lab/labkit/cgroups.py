# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's control groups, on hosts with cgroup v1, v2 or both.

The lab has one directory `cloudburst-lab-<LAB_NAME>` in every hierarchy; `base` below it holds the lab's programs, and
each node and booted machine has one of its own, so that it can be ended with everything it started. No group with
groups below it holds processes, which v2 demands. The lab was made on a machine with v1 (and v2 beside it, without
controllers); that the v2 part delegates controllers as it should is tested on directories only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
import typing as t
from pathlib import Path

from labkit import settings
from labkit.errors import LabError

MOUNTINFO = Path("/proc/self/mountinfo")


def parse_hierarchies(mountinfo: str) -> tuple[list[Path], Path | None]:
    """Mount points of the v1 hierarchies, and that of v2 (None without), from the text of /proc/self/mountinfo.

    Only hierarchies mounted whole and below /sys/fs/cgroup count, each once.
    """
    v1: dict[str, Path] = {}
    v2: Path | None = None
    for line in mountinfo.splitlines():
        left, _dash, right = line.partition(" - ")
        fields, kind = left.split(), right.split()
        where = Path(fields[4])
        if not where.is_relative_to("/sys/fs/cgroup"):
            continue
        if kind[0] == "cgroup":
            v1.setdefault(kind[2], where)
        elif kind[0] == "cgroup2" and v2 is None:
            v2 = where
    return sorted(set(v1.values())), v2


def hierarchies() -> list[Path]:
    """Mount points of all hierarchies of this machine."""
    v1, v2 = parse_hierarchies(MOUNTINFO.read_text())
    return [*v1, *([v2] if v2 else [])]


def path(name: str = "") -> str:
    """Path of the group `name` inside each hierarchy, as kubelet's cgroupRoot wants it."""
    return f"/{settings.CGROUP}/{name}".rstrip("/")


def directories(name: str = "") -> list[Path]:
    """Directory of the group `name` in each hierarchy."""
    return [mount / path(name)[1:] for mount in hierarchies()]


def make(name: str) -> str:
    """Make the group `name` in every hierarchy, usable for processes at once; returns path(name)."""
    parts = path(name)[1:].split("/")
    for mount in hierarchies():
        parent = mount
        for part in parts:
            if (parent / "cgroup.subtree_control").exists():
                _delegate(parent)
            child = parent / part
            child.mkdir(exist_ok=True)
            # v1's cpuset starts empty, and a process cannot be put into an empty one
            for file in ("cpuset.cpus", "cpuset.mems"):
                if (parent / file).exists() and (child / file).exists() and not (child / file).read_text().strip():
                    value = (parent / file).read_text().strip()
                    if value:
                        (child / file).write_text(value)
            parent = child
    return path(name)


def _delegate(directory: Path) -> None:
    """v2: let the children of `directory` have every controller that it has itself."""
    wanted = set((directory / "cgroup.controllers").read_text().split())
    wanted -= set((directory / "cgroup.subtree_control").read_text().split())
    if not wanted:
        return
    try:
        (directory / "cgroup.subtree_control").write_text(" ".join(f"+{controller}" for controller in sorted(wanted)))
    except OSError as error:
        raise LabError(
            f"{directory}/cgroup.subtree_control does not take {sorted(wanted)} ({error.strerror}). Inside a container "
            "with a private cgroup namespace, move its processes into a child group first, or start it with the "
            "host's cgroup namespace."
        ) from error


def enter(name: str) -> None:
    """Put the calling process into the group `name`."""
    for directory in directories(name):
        (directory / "cgroup.procs").write_text("0")


def processes(name: str = "") -> list[int]:
    """Ids of all processes in the group and below it, as the caller's PID namespace numbers them."""
    found: set[int] = set()
    for directory in directories(name):
        for file in directory.rglob("cgroup.procs"):
            with contextlib.suppress(OSError):  # a group may vanish meanwhile
                found.update(int(pid) for pid in file.read_text().split())
    return sorted(found - {0})


def kill(name: str = "", *, timeout: float = 20) -> None:
    """End every process in the group `name` (default: all of the lab's) and below, and remove the groups.

    Raises LabError when something is left after `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        for pid in processes(name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        left = [directory for directory in directories(name) if not _remove(directory)]
        if not left:
            return
        if time.monotonic() > end:
            raise LabError(f"control groups are still in use: {', '.join(map(str, left))} by {processes(name)}")
        time.sleep(0.05)


def _remove(directory: Path) -> bool:
    """Remove a group with those below it; whether nothing is left of it."""
    if not directory.is_dir():
        return True
    below: t.Iterable[Path] = sorted((p for p in directory.rglob("*") if p.is_dir()), reverse=True)
    for group in (*below, directory):
        with contextlib.suppress(OSError):
            group.rmdir()
    return not directory.exists()
