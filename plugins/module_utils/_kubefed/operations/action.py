# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What all that is done to federated objects has in common."""

from __future__ import annotations

import typing as t

from ..._kube.diff import Changes
from ..._runtime.wait import Waiter
from ..resources.store import Federated
from ..waiting.propagation import Waits


class Action:
    """Something that is done to federated objects.

    :param check_mode: write nothing, but record what would be written.
    :param warn: tells the user.
    """

    def __init__(
        self,
        federated: Federated,
        waits: Waits,
        waiter: Waiter,
        *,
        check_mode: bool,
        changes: Changes,
        warn: t.Callable[[str], None],
    ) -> None:
        self._federated = federated
        self._host = federated.host
        self._members = federated.members
        self._waits = waits
        self._waiter = waiter
        self._check_mode = check_mode
        self._changes = changes
        self._warn = warn


__all__ = ("Action",)
