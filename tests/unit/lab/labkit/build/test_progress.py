# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of what the lab's build tells its user."""

from __future__ import annotations

import io

import pytest

from labkit.build import progress


@pytest.mark.parametrize(
    ("duration", "text"), [(0.2, "0 s"), (127.6, "128 s"), (179, "179 s"), (180, "3 min 00 s"), (689.4, "11 min 29 s")]
)
def test_seconds(duration: float, text: str) -> None:
    assert progress.seconds(duration) == text


def test_line_is_aligned() -> None:
    assert progress.line(3, 14, "kube-apiserver", "128 s") == "[ 3/14] kube-apiserver … 128 s"


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """An output that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_without_a_terminal_a_line_every_15_seconds() -> None:
    out, clock = io.StringIO(), Clock()
    told = progress.Progress(2, out, clock)
    told.begin("etcd")
    for clock.now in (1.0, 14.0, 15.0, 16.0, 29.0, 30.0):
        told.tell()
    clock.now = 31.0
    told.end("etcd")
    told.begin("helm")
    told.end("helm", "failed")
    assert out.getvalue().splitlines() == [
        "[1/2] etcd … started",
        "[1/2] etcd … 15 s",
        "[1/2] etcd … 30 s",
        "[1/2] etcd … done in 31 s",
        "[2/2] helm … started",
        "[2/2] helm … failed",
    ]


def test_on_a_terminal_one_line_is_rewritten() -> None:
    out, clock = Terminal(), Clock()
    told = progress.Progress(2, out, clock)
    told.begin("etcd")
    told.begin("helm")
    clock.now = 2.0
    told.tell()
    assert out.getvalue() == "\r\x1b[K[1/2] etcd … 2 s   [2/2] helm … 2 s"
    told.end("etcd")
    assert out.getvalue().endswith("\r\x1b[K[1/2] etcd … done in 2 s\n")


def test_summary_when_nothing_failed() -> None:
    out, clock = io.StringIO(), Clock()
    with progress.Progress(1, out, clock) as told:
        told.begin("etcd")
        clock.now = 200.0
        told.end("etcd")
    assert out.getvalue().splitlines()[-1] == "built 1 of 1 in 3 min 20 s"


def test_no_summary_when_something_failed() -> None:
    out = io.StringIO()
    with pytest.raises(RuntimeError), progress.Progress(1, out, Clock()):
        raise RuntimeError
    assert out.getvalue() == ""


def test_the_time_that_is_left_is_that_of_the_longest_lane() -> None:
    plan = progress.Plan([{"etcd": 40.0, "kubelet": 60.0}, {"rootfs": 30.0}])
    assert plan.left({}) == 100
    assert plan.left({"etcd": 10.0}) == 90
    # Half as fast as expected
    plan.ended("etcd", 110.0)
    assert plan.left({}) == 120
    plan.ended("kubelet", 120.0)
    assert plan.left({"rootfs": 500.0}) == 1


@pytest.mark.parametrize(("duration", "text"), [(59, "less than a minute"), (61, "about 1 min"), (400, "about 7 min")])
def test_about(duration: float, text: str) -> None:
    assert progress.about(duration) == text


def test_with_a_plan_one_line_says_what_is_done_and_left() -> None:
    out, clock = io.StringIO(), Clock()
    told = progress.Progress(3, out, clock, plan=progress.Plan([{"etcd": 40.0, "kubelet": 400.0}, {"rootfs": 30.0}]))
    told.begin("etcd")
    told.begin("rootfs")
    clock.now = 15.0
    told.tell()
    clock.now = 20.0
    told.tell()
    assert out.getvalue().splitlines()[2:] == ["0 of 3 done, 3 left, about 7 min: etcd (15 s), rootfs (15 s)"]
    told.end("etcd")
    told.begin("kubelet")
    clock.now = 40.0
    told.tell()
    assert out.getvalue().splitlines()[-1].startswith("1 of 3 done, 2 left, about ")
