# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The killer of playbooks: it waits for the right task and leaves none of the children."""

from __future__ import annotations

import subprocess
import time

import pytest

from labkit.crash import killer as crash

BEGUN = ["Gathering Facts", "role : Start the tunnel", "role : Start the tunnel"]


@pytest.mark.parametrize(
    ("task", "occurrence", "expected"),
    [
        ("Start the tunnel", 1, True),
        ("Start the tunnel", 2, True),
        ("Start the tunnel", 3, False),
        ("Add the routes", 1, False),
        ("3", 1, True),
        ("4", 1, False),
    ],
)
def test_the_task_is_named_or_numbered(task: str, occurrence: int, expected: bool) -> None:
    assert crash.wanted(BEGUN, task, occurrence) is expected


def test_children_of_children_end_too() -> None:
    process = subprocess.Popen(["sh", "-c", "sh -c 'sleep 100 & wait' & wait"])
    end = time.monotonic() + 10
    while len(crash.descendants(process.pid)) < 3 and time.monotonic() < end:
        time.sleep(0.02)
    family = crash.descendants(process.pid)
    assert len(family) >= 3
    assert crash.kill(process.pid) >= 3
    process.wait()
    deadline = time.monotonic() + 5
    while any(_alive(pid) for pid in family) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not [pid for pid in family if _alive(pid)]


def _alive(pid: int) -> bool:
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(done.stdout.strip()) and not done.stdout.strip().startswith("Z")
