# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a burst may live."""

from __future__ import annotations

import datetime
import re

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._burst.lease import (
    Lease,
    in_words,
    is_last,
    moment_of,
    next_lease,
    schedule_of,
    seconds_of,
    stamp,
    state_of,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._burst.rules import RULES

NOW = datetime.datetime(2026, 11, 27, 8, 0, 0, tzinfo=datetime.UTC)
HOUR = 3600


def after(seconds: float) -> datetime.datetime:
    return NOW + datetime.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "seconds"), [("off", None), ("2m", 120), ("8h", 8 * HOUR), ("2d", 48 * HOUR), ("90m", 90 * 60)]
)
def test_durations(text: str, seconds: int | None) -> None:
    assert seconds_of(text) == seconds
    assert RULES["duration"]("burst_lease", text) == []


@pytest.mark.parametrize("text", ["", "8", "8 h", "0h", "-1h", "1.5h", "8H", "never", "8h\n", "9999999m"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        seconds_of(text)
    assert RULES["duration"]("burst_lease", text)


@pytest.mark.parametrize(
    ("lease", "longest", "fits"),
    [
        ("8h", "7d", True),
        ("7d", "7d", True),
        ("168h", "7d", True),
        ("169h", "7d", False),
        ("8h", "7h", False),
        ("61m", "1h", False),
        ("off", "1h", True),
        ("9d", "off", True),
        # What is no duration has a rule of its own
        ("soon", "1h", True),
        ("8h", "", True),
    ],
)
def test_a_lease_is_no_longer_than_a_burst_may_live(lease: str, longest: str, fits: bool) -> None:
    problems = RULES["lease_max"]("burst_lease", [lease, longest])
    assert (problems == []) is fits
    if problems:
        allowed = f"burst_lease: '{lease}' cannot be used; it must be {longest} (burst_lease_max) or less, or off"
        assert str(problems[0]) == allowed


def test_a_lease_begins_with_the_run_and_is_cut_to_the_longest_life() -> None:
    assert next_lease(NOW, 8 * HOUR, None, None, None) == Lease(NOW, after(8 * HOUR))
    assert next_lease(NOW, 8 * HOUR, 4 * HOUR, None, None).end == after(4 * HOUR)
    made = after(-24 * HOUR)
    assert next_lease(NOW, 8 * HOUR, 30 * HOUR, made, None).end == after(6 * HOUR)
    assert next_lease(NOW, 8 * HOUR, 33 * HOUR, made, None).end == after(8 * HOUR)
    # As long as it may: nothing is left
    assert next_lease(NOW, 8 * HOUR, 20 * HOUR, made, None).end < NOW


@pytest.mark.parametrize(
    ("longest", "last"), [(None, False), (8 * HOUR + 1, False), (8 * HOUR, True), (2 * HOUR, True)]
)
def test_a_lease_that_the_longest_life_ends_is_the_last(longest: int | None, last: bool) -> None:
    made = after(0.4)
    assert is_last(next_lease(NOW, 8 * HOUR, longest, made, None), longest, made) is last


def test_a_second_run_extends_it_if_that_is_worth_it() -> None:
    def held(end: float) -> Lease:
        return Lease(after(-HOUR), after(end))

    assert next_lease(NOW, 10 * HOUR, None, None, held(9 * HOUR + 1)) == held(9 * HOUR + 1)
    assert next_lease(NOW, 10 * HOUR, None, None, held(9 * HOUR)) == Lease(NOW, after(10 * HOUR))
    # One that is over, or longer than what is wanted now
    assert next_lease(NOW, 10 * HOUR, None, None, held(-60)) == Lease(NOW, after(10 * HOUR))
    assert next_lease(NOW, 2 * HOUR, None, None, held(40 * HOUR)) == Lease(NOW, after(2 * HOUR))


@pytest.mark.parametrize(
    ("left", "state"),
    [(None, "none"), (HOUR + 1, "running"), (HOUR, "near"), (1, "near"), (0, "over"), (-HOUR, "over")],
)
def test_states(left: float | None, state: str) -> None:
    assert state_of(NOW, None if left is None else after(left)) == state


def test_moments_of_a_stack() -> None:
    found = schedule_of(Lease(NOW, after(8 * HOUR)))
    assert found == {
        "end": "2026-11-27T16:00:00",
        "again_from": "2026-11-27T17:00:00",
        "again_until": "2026-11-29T17:00:00",
        "warnings": [{"minutes": 60, "at": "2026-11-27T15:00:00"}, {"minutes": 15, "at": "2026-11-27T15:45:00"}],
    }
    # No warning that would have had to go out before
    assert [each["minutes"] for each in schedule_of(Lease(NOW, after(30 * 60)))["warnings"]] == [15]
    assert schedule_of(Lease(NOW, after(120)))["warnings"] == []


@pytest.mark.parametrize(
    ("seconds", "warned"), [(15 * 60, []), (15 * 60 + 1, [15]), (HOUR, [15]), (HOUR + 1, [60, 15])]
)
def test_a_warning_goes_out_only_if_the_lease_was_longer_than_it(seconds: int, warned: list[int]) -> None:
    assert [each["minutes"] for each in schedule_of(Lease(NOW, after(seconds)))["warnings"]] == warned


def test_moments_as_text() -> None:
    assert moment_of(stamp(NOW)) == moment_of(f"{stamp(NOW)}Z") == NOW
    assert moment_of("") is None
    assert [in_words(seconds) for seconds in (59, 60, 3661, -90000)] == [
        "less than a minute",
        "1 min",
        "1 h 1 min",
        "1 d 1 h",
    ]
