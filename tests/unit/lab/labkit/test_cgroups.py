# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of the control groups' layout on machines with cgroup v1, v2 and both."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from labkit import cgroups, settings

HYBRID = """\
23 29 0:21 / /sys rw,nosuid - sysfs sysfs rw
30 23 0:26 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 / /sys/fs/cgroup/pids rw,relatime shared:4 - cgroup cgroup rw,pids
33 30 0:29 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
34 30 0:30 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
"""
UNIFIED = (
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n40 1 0:26 / /mnt/c rw - cgroup2 c rw\n"
)


def test_hybrid() -> None:
    v1, v2 = cgroups.parse_hierarchies(HYBRID)
    assert [path.name for path in v1] == ["cpu,cpuacct", "pids", "systemd"]
    assert v2 == Path("/sys/fs/cgroup/unified")


def test_unified() -> None:
    assert cgroups.parse_hierarchies(UNIFIED) == ([], Path("/sys/fs/cgroup"))


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Path]:
    """Directories that stand for hierarchies: plain ones, which is what the calls see of the real ones."""
    monkeypatch.setattr(cgroups, "hierarchies", lambda: sorted(tmp_path.iterdir()))
    yield tmp_path


def test_make_copies_cpuset(mounts: Path) -> None:
    root = mounts / "cpuset"
    group = root / settings.CGROUP / "node-a"
    group.mkdir(parents=True)  # the kernel makes the files with the directory
    for directory in (root, root / settings.CGROUP, group):
        for file in ("cpuset.cpus", "cpuset.mems"):
            (directory / file).write_text("0-1\n" if directory == root else "\n")
    assert cgroups.make("node-a") == f"/{settings.CGROUP}/node-a"
    assert (group / "cpuset.cpus").read_text() == "0-1"
    assert (group / "cpuset.mems").read_text() == "0-1"


def test_make_delegates_controllers_of_v2(mounts: Path) -> None:
    root = mounts / "unified"
    (root / settings.CGROUP / "base").mkdir(parents=True)
    for directory in (root, root / settings.CGROUP):
        (directory / "cgroup.controllers").write_text("cpu memory pids\n")
        (directory / "cgroup.subtree_control").write_text("memory\n" if directory == root else "\n")
    cgroups.make("base")
    assert (root / "cgroup.subtree_control").read_text() == "+cpu +pids"
    assert (root / settings.CGROUP / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"


def test_kill_removes_what_is_empty(mounts: Path) -> None:
    (mounts / "pids" / settings.CGROUP / "node-a" / "kubepods").mkdir(parents=True)
    cgroups.kill("node-a", timeout=1)
    assert [path.name for path in (mounts / "pids" / settings.CGROUP).iterdir()] == []
