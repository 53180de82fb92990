# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Federated resources in a federation: made, withdrawn from clusters, and removed."""

from __future__ import annotations

import typing as t

from ..._kube.client import Client
from ..._kube.diff import Changes
from ..._kube.objects import Object
from ..._runtime.wait import Waiter
from ..resources.store import Federated
from ..waiting.propagation import Waits
from ..waiting.running import Running
from .place import Placement
from .remove import Removal
from .withdraw import Withdrawal


class Resources(Federated):
    """What is federated, and what can be done to it.

    :param host: the cluster that KubeFed runs on.
    :param namespace: KubeFed's namespace there.
    :param check_mode: write nothing, but record what would be written.
    :param warn: tells the user.
    :param slice_state: what is to survive into the next slice of a wait.
    """

    def __init__(
        self,
        host: Client,
        namespace: str,
        *,
        waiter: Waiter,
        check_mode: bool,
        changes: Changes,
        warn: t.Callable[[str], None],
        slice_state: Object,
    ) -> None:
        super().__init__(host, namespace)
        running = Running(self.members, lambda: waiter.elapsed, slice_state.setdefault("troubles", {}))
        waits = Waits(self, waiter, running)
        self.placement = Placement(self, waits, waiter, check_mode=check_mode, changes=changes, warn=warn)
        self.withdrawal = Withdrawal(self, waits, waiter, check_mode=check_mode, changes=changes, warn=warn)
        self.removal = Removal(self, waits, waiter, check_mode=check_mode, changes=changes, warn=warn)


__all__ = ("Resources",)
