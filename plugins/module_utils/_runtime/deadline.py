# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Limits a call's time: a socket's timeout begins anew with each byte, and name resolution has none."""

from __future__ import annotations

import threading
import typing as t

Result = t.TypeVar("Result")


class TooLate(Exception):
    """The call did not end in time."""


def within(seconds: float, call: t.Callable[[threading.Event], Result]) -> Result:
    """What a call returns, if it does so in time; what it raises is raised.

    :param call: is given an event that is set once nobody waits for it any more. It is left to itself then, and does
        not keep the process from ending.
    :raises TooLate: it does not.
    """
    given_up = threading.Event()
    returned: list[Result] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            returned.append(call(given_up))
        except BaseException as error:  # it is the caller's
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not returned:
        given_up.set()
        raise TooLate
    return returned[0]


__all__ = ("TooLate", "within")
