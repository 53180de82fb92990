# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.memory import (
    Memory,
    manifest,
    memory_of,
    name_of,
    path,
)

THEN = datetime(2026, 11, 27, 10, tzinfo=UTC)


def test_what_is_written_is_read_again() -> None:
    memory = Memory(idle_since=THEN, up_begun=THEN - timedelta(hours=1))
    assert memory_of(manifest("vulcan", memory, None)) == memory


def test_it_is_written_only_over_what_was_read() -> None:
    there = {"metadata": {"resourceVersion": "7"}}
    assert manifest("vulcan", Memory(), there)["metadata"]["resourceVersion"] == "7"
    assert "resourceVersion" not in manifest("vulcan", Memory(), None)["metadata"]


def test_what_somebody_else_has_written_there_does_no_harm() -> None:
    assert memory_of({"data": {"up_begun": "yesterday", "other": "x"}}) == Memory()
    assert memory_of(None) == memory_of({}) == Memory()


def test_each_burst_has_its_own() -> None:
    assert name_of("vulcan") == "cloudburst-vulcan-demand"
    assert path("vulcan") == "/api/v1/namespaces/kube-system/configmaps/cloudburst-vulcan-demand"


def test_a_burst_is_unfinished_until_it_was_taken_away_after_it_began() -> None:
    later = THEN + timedelta(seconds=1)
    assert not Memory().unfinished
    assert not Memory(down_ended=THEN).unfinished
    assert Memory(up_begun=THEN).unfinished
    assert Memory(up_begun=later, down_ended=THEN).unfinished
    assert not Memory(up_begun=THEN, down_ended=later).unfinished
    # One that was begun by hand
    assert Memory(up_ended=later, down_ended=THEN).unfinished
