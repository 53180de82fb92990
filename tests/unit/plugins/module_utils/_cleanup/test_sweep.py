# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a sweep says."""

from __future__ import annotations

from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup.sweep import summary


def test_what_is_left_in_a_line() -> None:
    assert summary([]) == "nothing"
    assert summary(["a", "b"]) == "a, b"
    assert summary(["a", "b", "c", "d", "e", "f"]) == "a, b, c, d and 2 more"
