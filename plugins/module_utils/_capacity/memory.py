# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Stores what was seen of a burst's demand in a ConfigMap in the data centre's cluster. Pure functions.

Kubernetes itself knows how long a pod has been waiting, or an autoscaler has been at its limit. Everything else is
stored there, so that it survives a restart and can be read from other machines.
"""

from __future__ import annotations

import typing as t
from datetime import datetime

from .._kube.objects import Object
from .._kube.paths import resource_path
from .times import parsed, written

# The namespace of the burst's Lease, too; it exists before KubeFed does
NAMESPACE = "kube-system"
_PREFIX, _SUFFIX = "cloudburst-", "-demand"


class Memory(t.NamedTuple):
    """Times of what was seen; ``None`` if it has not happened.

    :ivar full_since: since when the nodes have been fuller than they should be.
    :ivar idle_since: since when all pods would have fitted into the data centre.
    :ivar up_begun: when a burst was last started or enlarged.
    :ivar up_ended: when the playbook burst_up last succeeded.
    :ivar down_begun: when the end of a burst was last started.
    :ivar down_ended: when the playbook burst_down last succeeded.
    :ivar worked: when a playbook was last seen working on the burst, which shows whether one has failed.
    """

    full_since: datetime | None = None
    idle_since: datetime | None = None
    up_begun: datetime | None = None
    up_ended: datetime | None = None
    down_begun: datetime | None = None
    down_ended: datetime | None = None
    worked: datetime | None = None

    @property
    def unfinished(self) -> bool:
        """Whether a burst was started that has not been removed yet."""
        began = [moment for moment in (self.up_begun, self.up_ended) if moment]
        return bool(began) and (self.down_ended is None or self.down_ended < max(began))

    @property
    def shown(self) -> dict[str, str]:
        """The times as they are stored, and returned to users."""
        return {key: written(value) for key, value in self._asdict().items()}


def name_of(burst: str) -> str:
    """Name of the ConfigMap."""
    return f"{_PREFIX}{burst}{_SUFFIX}"


def path(burst: str, *, create: bool = False) -> str:
    """API path of the ConfigMap, or of the collection in which it is created."""
    return resource_path("", "v1", "configmaps", namespace=NAMESPACE, name=None if create else name_of(burst))


def memory_of(found: Object | None) -> Memory:
    """Read a ConfigMap. Nothing is remembered if there is none, or where it cannot be read."""
    data = (found or {}).get("data") or {}
    return Memory(**{key: parsed(data.get(key)) for key in Memory._fields})


def manifest(burst: str, memory: Memory, found: Object | None) -> Object:
    """The ConfigMap to write. Writing it fails if somebody else has changed it since ``found`` was read."""
    metadata: Object = {"name": name_of(burst), "namespace": NAMESPACE}
    if found:
        metadata["resourceVersion"] = found["metadata"]["resourceVersion"]
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": memory.shown}


__all__ = ("NAMESPACE", "Memory", "manifest", "memory_of", "name_of", "path")
