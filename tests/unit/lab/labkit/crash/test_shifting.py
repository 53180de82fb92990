# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the playbooks are killed while they shift and drain."""

from __future__ import annotations

from labkit.crash.shifting import Moment

BEGUN = ["edge_haproxy : Look for the watch", "edge_haproxy : Stop the watch"]
DRAINED = [*BEGUN, "Protect the volumes from deletion with their claims"]


def test_it_is_killed_a_little_into_the_task() -> None:
    moment = Moment(2)
    assert not moment(BEGUN[:1], 4.0)
    assert not moment(BEGUN, 5.0)
    assert not moment(BEGUN, 5.2)
    assert moment(BEGUN, 5.4)


def test_it_withdraws_nothing() -> None:
    assert Moment(9)(DRAINED, 5.0)
    assert Moment(0)(DRAINED, 5.0)
    assert not Moment(0)(BEGUN, 5.0)
