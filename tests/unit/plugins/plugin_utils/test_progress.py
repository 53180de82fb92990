# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One result of several slices, and the line that is shown between them."""

from __future__ import annotations

from ansible_collections.cloudburst.federation.plugins.plugin_utils._progress import line, merge


def test_a_single_slice_is_its_own_result() -> None:
    assert merge({}, {"changed": False, "x": 1}) == {"changed": False, "x": 1}


def test_a_change_in_any_slice_is_a_change() -> None:
    assert merge({"changed": True}, {"changed": False})["changed"] is True
    assert merge({"changed": False}, {"changed": True})["changed"] is True


def test_a_failure_keeps_the_change_before_it() -> None:
    assert merge({"changed": True}, {"failed": True, "msg": "no"}) == {"changed": True, "failed": True, "msg": "no"}


def test_diffs_are_kept_in_order() -> None:
    first, second = {"before": {}, "after": {"a": 1}}, {"before": {"a": 1}, "after": {}}
    assert merge({"changed": True, "diff": first}, {"changed": True, "diff": second})["diff"] == [first, second]
    assert merge({"changed": True, "diff": [first]}, {"changed": False})["diff"] == [first]


def test_a_warning_is_given_once() -> None:
    assert merge({"warnings": ["a", "b"]}, {"warnings": ["b", "c"]})["warnings"] == ["a", "b", "c"]


def test_for_all_else_the_last_slice_holds() -> None:
    assert merge({"cluster": {"ready": False}}, {"cluster": {"ready": True}})["cluster"] == {"ready": True}


def test_the_line_fits_on_one_line() -> None:
    assert line({"what": "vulcan", "last": "dial tcp:\n  i/o timeout"}, 34.6) == (
        "waiting for vulcan since 35 s: dial tcp: i/o timeout"
    )
    assert line({"what": "vulcan", "last": ""}, 5) == "waiting for vulcan since 5 s"
