# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The context that all operations on federated objects share."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..._kube.client import Client
from ..._kube.diff import Changes
from ..._kube.objects import Object
from ..._runtime.wait import Waiter
from ..resources.placement import ClusterLabels
from ..resources.store import Store
from ..waiting.propagation import Waits
from ..waiting.running import Running


@dataclass(frozen=True)
class Context:
    """A federation, and how a task works on it.

    :ivar check_mode: write nothing, but record what would be written.
    :ivar changes: the record of what is written.
    :ivar warn: warns the user.
    """

    store: Store
    waits: Waits
    waiter: Waiter
    check_mode: bool
    changes: Changes
    warn: t.Callable[[str], None]

    @property
    def host(self) -> Client:
        """The cluster that KubeFed runs on."""
        return self.store.host

    @property
    def labels(self) -> ClusterLabels:
        """Labels of the members, by name."""
        return self.store.members.labels


def open_federation(
    host: Client,
    namespace: str,
    *,
    waiter: Waiter,
    check_mode: bool,
    changes: Changes,
    warn: t.Callable[[str], None],
    slice_state: Object,
) -> Context:
    """The context of a task.

    :param host: the cluster that KubeFed runs on.
    :param namespace: KubeFed's namespace there.
    :param slice_state: what is to survive into the next slice of a wait.
    :raises FederationError: KubeFed is not installed.
    """
    store = Store(host, namespace)
    running = Running(store.members, lambda: waiter.elapsed, slice_state.setdefault("troubles", {}))
    return Context(store, Waits(store, waiter, running), waiter, check_mode, changes, warn)


__all__ = ("Context", "open_federation")
