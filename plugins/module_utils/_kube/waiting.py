# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Waits for changes that a cluster makes by itself."""

from __future__ import annotations

from .._runtime.wait import PollResult, Waiter
from .client import Client
from .objects import lingering


def wait_absent(waiter: Waiter, client: Client, path: str, what: str, *, sleep: float) -> None:
    """Wait until a deleted object no longer exists, and show meanwhile what blocks its deletion.

    :param path: of the object in the API.
    :param what: completes the sentence "waiting for …".
    :param sleep: seconds between two polls.
    :raises WaitTimeout: it is still there when the deadline has passed.
    """

    def poll() -> PollResult:
        found = client.get(path)
        return PollResult(found is None, lingering(found) if found else "")

    waiter.until(what, poll, sleep=sleep)


__all__ = ("wait_absent",)
