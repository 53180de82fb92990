# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of what stands behind clusters and node groups."""

from __future__ import annotations

import threading
import time
import typing as t
from pathlib import Path

import pytest

from labkit.errors import LabError
from labkit.fabric import clusters
from labkit.fabric.addresses import NodeAddress
from labkit.fabric.clusters import _Worker
from labkit.fabric.files import write


class Thing(_Worker):
    """Comes up after as many failures as told, once it is `ready`."""

    def __init__(self, failures: t.Sequence[Exception] = ()) -> None:
        self.states: list[str] = []
        super().__init__("thing", lambda: self.states.append(self.state))
        self.ready = threading.Event()
        self.failures = list(failures)
        self.gone = 0

    def up(self) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.wait_for("it is ready", self.ready.is_set)

    def down(self) -> None:
        self.gone += 1


def _until(check: t.Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not check():
        assert time.monotonic() < end, "not so after 5 s"
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_RETRY", 0.01)


def test_comes_up_and_goes() -> None:
    thing = Thing()
    thing.start()
    _until(lambda: thing.message == "waiting until it is ready")
    assert thing.state == "CREATING"
    thing.ready.set()
    _until(lambda: thing.state == "ACTIVE")
    thing.remove()
    _until(lambda: thing.state == "DELETED")
    assert thing.gone == 1
    assert thing.states == ["ACTIVE", "DELETED"]


def test_removal_does_not_wait_for_readiness() -> None:
    thing = Thing()
    thing.start()
    thing.remove()
    _until(lambda: thing.state == "DELETED")
    assert "ACTIVE" not in thing.states


def test_found_and_not_wanted_is_taken_away_without_coming_up() -> None:
    thing = Thing([AssertionError("it came up")])
    thing.remove()
    assert thing.state == "DELETING"
    thing.start()
    _until(lambda: thing.state == "DELETED")
    assert thing.failures


def test_failure_is_tried_again_and_said_and_a_defect_too() -> None:
    thing = Thing([LabError("no luck"), KeyError("defect")])
    thing.ready.set()
    thing.start()
    _until(lambda: thing.state == "ACTIVE")
    assert thing.states == ["CREATING", "CREATING", "ACTIVE"]


def test_what_takes_too_long_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_LIMIT", 0.0)
    thing = Thing()
    thing.start()
    _until(lambda: "FAILED" in thing.states)
    assert "still waiting until it is ready" in thing.message or thing.message == "waiting until it is ready"
    thing.remove()
    _until(lambda: thing.state == "DELETED")


def test_pods_have_addresses_of_their_nodes_range_and_are_not_masqueraded() -> None:
    network = clusters.pod_network("node", "10.11.1.0/24", Path("/state/addresses"))
    pods = network["plugins"][0]
    assert pods["type"] == "ptp"
    assert pods["ipMasq"] is False
    assert pods["ipam"]["ranges"] == [[{"subnet": "10.11.1.0/24"}]]


def test_instance_ids_look_like_ec2s_and_differ() -> None:
    places = [NodeAddress("subnet-a", "eu-central-1a", f"10.11.0.{i}", "") for i in (21, 22)]
    ids = [clusters.instance_id(p) for p in places]
    assert ids[0] != ids[1]
    assert all(len(i) == 19 and i.startswith("i-") for i in ids)


def test_a_file_is_replaced_only_when_its_content_changes(tmp_path: Path) -> None:
    file = tmp_path / "new" / "hosts"
    write(file, "a\n")
    first = file.stat().st_ino
    write(file, "a\n")
    assert file.stat().st_ino == first
    write(file, "b\n")
    assert file.read_text() == "b\n"
    assert list(file.parent.iterdir()) == [file]
