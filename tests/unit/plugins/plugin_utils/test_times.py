# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.cloudburst.federation.plugins.plugin_utils._times import report


def test_each_play_has_its_time() -> None:
    began = [("Validate the burst", 100.0), ("Nothing", 103.0), ("Wait for the\nstack", 103.5)]
    assert report(began, 230.0) == [
        "Where the time went, 2 min 10 s in all:",
        "         3 s  Validate the burst",
        "   2 min 6 s  Wait for the stack",
    ]
    assert report([], 1.0) == []
