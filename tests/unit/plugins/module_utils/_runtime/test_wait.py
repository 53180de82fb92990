# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting: deadlines, slices and what is said when they end."""

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import (
    Pending,
    TerminalState,
    Unavailable,
    WaitTimeout,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.wait import PollResult, Waiter


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def waiter(clock: Clock, **options: float) -> Waiter:
    return Waiter(**{"timeout": 60, "sleep": 5, **options}, clock=clock, pause=clock.sleep)


def test_done_at_once_takes_no_time() -> None:
    clock = Clock()
    assert waiter(clock).until("nothing", lambda: PollResult(True, "fine")) == PollResult(True, "fine")
    assert clock.now == 1000


def test_polls_until_done() -> None:
    clock = Clock()
    states = [PollResult(False), PollResult(False), PollResult(True)]
    waiter(clock).until("something", lambda: states.pop(0))
    assert clock.now == 1010


def test_a_shorter_sleep_is_taken_and_a_longer_one_is_not() -> None:
    clock = Clock()
    states = [PollResult(False), PollResult(True)]
    waiter(clock).until("something", lambda: states.pop(0), sleep=1)
    assert clock.now == 1001
    states = [PollResult(False), PollResult(True)]
    waiter(clock, sleep=2).until("something", lambda: states.pop(0), sleep=30)
    assert clock.now == 1003


def test_the_deadline_says_what_was_waited_for_and_what_was_last_said() -> None:
    with pytest.raises(WaitTimeout) as caught:
        waiter(Clock()).until("vulcan to be Ready", lambda: PollResult(False, "no route to host"))
    assert caught.value.message == "Timed out after 60 s waiting for vulcan to be Ready. Last state: no route to host"


def test_one_deadline_holds_for_all_waits() -> None:
    clock = Clock()
    both = waiter(clock)
    states = [PollResult(False)] * 10 + [PollResult(True)]
    both.until("the first", lambda: states.pop(0))
    with pytest.raises(WaitTimeout):
        both.until("the second", lambda: PollResult(False))
    assert clock.now == 1060


def test_earlier_slices_count() -> None:
    clock = Clock()
    with pytest.raises(WaitTimeout):
        waiter(clock, waited=50).until("something", lambda: PollResult(False))
    assert clock.now == 1010


def test_a_used_up_slice_is_no_failure() -> None:
    clock = Clock()
    with pytest.raises(Pending) as caught:
        waiter(clock, slice_=12).until("something", lambda: PollResult(False, "still at it"))
    assert (caught.value.what, caught.value.last, caught.value.waited) == ("something", "still at it", 10)


def test_the_deadline_comes_before_the_slice() -> None:
    with pytest.raises(WaitTimeout):
        waiter(Clock(), timeout=60, slice_=12, waited=60).until("something", lambda: PollResult(False))


def test_a_terminal_state_ends_the_wait_at_once() -> None:
    clock = Clock()

    def poll() -> PollResult:
        raise TerminalState("gone for good")

    with pytest.raises(TerminalState):
        waiter(clock).until("something", poll)
    assert clock.now == 1000


def test_who_can_not_be_asked_just_now_is_asked_again() -> None:
    clock = Clock()
    answers: list[PollResult | Exception] = [
        PollResult(False),
        Unavailable("no route to host"),
        PollResult(True, "fine"),
    ]

    def poll() -> PollResult:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert waiter(clock).until("something", poll) == PollResult(True, "fine")
    assert clock.now == 1010


def test_the_deadline_says_who_could_not_be_asked() -> None:
    def poll() -> PollResult:
        raise Unavailable("no route to host")

    with pytest.raises(WaitTimeout, match=r"Last state: no answer at the moment: no route to host$"):
        waiter(Clock()).until("something", poll)


def test_a_wait_is_left_to_a_later_slice_only_once_it_has_begun() -> None:
    clock = Clock()
    assert not waiter(clock, slice_=12).is_under_way
    assert not waiter(clock, waited=10).is_under_way
    later = waiter(clock, slice_=12, waited=10)
    assert later.is_under_way
    with pytest.raises(Pending) as caught:
        later.resume_later("an answer", "no route to host")
    assert (caught.value.what, caught.value.last, clock.now) == ("an answer", "no route to host", 1005)
    with pytest.raises(WaitTimeout):
        waiter(clock, slice_=12, waited=60).resume_later("an answer", "no route to host")
