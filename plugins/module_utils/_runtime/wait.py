# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Waiting with a deadline, in slices short enough that progress can be shown between them."""

from __future__ import annotations

import time
import typing as t

from .errors import Pending, Unavailable, WaitTimeout


class PollResult(t.NamedTuple):
    """The result of a poll."""

    done: bool
    last: str = ""


class Waiter:
    """One deadline for all waits of a module's run.

    :param timeout: seconds until a wait is given up, counted over all slices.
    :param sleep: seconds between two polls.
    :param slice_: seconds after which an unfinished wait raises :class:`Pending`; ``None`` waits it out.
    :param waited: seconds which earlier slices have spent.
    :param clock: a monotonic clock in seconds.
    :param pause: sleeps for a number of seconds.
    """

    def __init__(
        self,
        *,
        timeout: float,
        sleep: float,
        slice_: float | None = None,
        waited: float = 0.0,
        clock: t.Callable[[], float] = time.monotonic,
        pause: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self._timeout = timeout
        self._sleep = sleep
        self._slice = slice_
        self._waited = waited
        self._clock = clock
        self._pause = pause
        self._start = clock()
        self._begun = waited > 0

    @property
    def is_under_way(self) -> bool:
        """Whether a wait has begun, perhaps in an earlier slice, and can be continued in a later slice."""
        return self._begun and self._slice is not None

    @property
    def spent(self) -> float:
        """Seconds since this waiter was created, without earlier slices."""
        return self._clock() - self._start

    @property
    def elapsed(self) -> float:
        """Seconds since the task began to wait, with earlier slices."""
        return self._waited + self.spent

    @property
    def remaining(self) -> float:
        """Seconds left until the deadline, never below 0."""
        return max(0.0, self._timeout - self._waited - self.spent)

    def until(self, what: str, poll: t.Callable[[], PollResult], *, sleep: float | None = None) -> PollResult:
        """Poll until it is done.

        If a system is unavailable, the poll is repeated.

        :param what: completes the sentence "waiting for …".
        :param poll: returns a :class:`PollResult`; it raises TerminalState if further waiting is useless.
        :param sleep: seconds between two polls where they differ from the module's own.
        :returns: what the last poll found.
        :raises WaitTimeout: when the deadline has passed. There is at least one poll, also after the deadline.
        :raises Pending: when the slice is used up.
        """
        interval = self._sleep if sleep is None else min(sleep, self._sleep)
        while True:
            try:
                found = poll()
            except Unavailable as error:
                found = PollResult(False, f"no answer at the moment: {error.message}")
            if found.done:
                return found
            self._begun = True
            self._check_deadline(what, found.last)
            if self._slice is not None and self.spent + interval > self._slice:
                raise Pending(what, found.last, self.spent)
            self._pause(min(interval, self.remaining))

    def resume_later(self, what: str, last: str) -> t.NoReturn:
        """Pause, and continue a wait that :attr:`is_under_way` in the next slice.

        :raises WaitTimeout: when the deadline has passed.
        :raises Pending: else.
        """
        self._check_deadline(what, last)
        self._pause(min(self._sleep, self.remaining))
        raise Pending(what, last, self.spent)

    def _check_deadline(self, what: str, last: str) -> None:
        if self.remaining <= 0:
            raise WaitTimeout(
                f"Timed out after {self._waited + self.spent:.0f} s waiting for {what}. Last state: {last or 'none'}",
                last=last,
            )


__all__ = ("PollResult", "Waiter")
