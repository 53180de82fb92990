# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What is remembered about a burst's demand, on a ConfigMap in the data centre's cluster. Pure functions.

How long a pod waits, or an autoscaler is held, Kubernetes itself says. The rest is written there, so that it is known
after a restart, and to whoever watches from another machine.
"""

from __future__ import annotations

import typing as t
from datetime import datetime

from .._kube.objects import Object
from .._kube.paths import resource_path
from .times import parsed, written

# Where the burst's Lease is, too: it is there before KubeFed is
NAMESPACE = "kube-system"
_PREFIX, _SUFFIX = "cloudburst-", "-demand"


class Memory(t.NamedTuple):
    """What is remembered; ``None`` for what has not happened.

    :ivar full_since: since when the nodes are fuller than they are to be.
    :ivar idle_since: since when all would find room in the data centre.
    :ivar up_begun: when a burst was last told to begin or to grow.
    :ivar up_ended: when the playbook burst_up last ended well.
    :ivar down_begun: when a burst was last told to end.
    :ivar down_ended: when the playbook burst_down last ended well.
    :ivar worked: when a playbook was last seen working on the burst, so that one that has failed is known.
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
        """Whether a burst was begun that has not been taken away."""
        began = [moment for moment in (self.up_begun, self.up_ended) if moment]
        return bool(began) and (self.down_ended is None or self.down_ended < max(began))

    @property
    def shown(self) -> dict[str, str]:
        """As it is written, and returned to users."""
        return {key: written(value) for key, value in self._asdict().items()}


def name_of(burst: str) -> str:
    """Name of the ConfigMap."""
    return f"{_PREFIX}{burst}{_SUFFIX}"


def path(burst: str, *, create: bool = False) -> str:
    """API path of the ConfigMap, or of where it is created."""
    return resource_path("", "v1", "configmaps", namespace=NAMESPACE, name=None if create else name_of(burst))


def memory_of(found: Object | None) -> Memory:
    """What a ConfigMap holds; nothing where there is none, and of what cannot be read."""
    data = (found or {}).get("data") or {}
    return Memory(**{key: parsed(data.get(key)) for key in Memory._fields})


def manifest(burst: str, memory: Memory, found: Object | None) -> Object:
    """The ConfigMap that is to be there, over what is: written only if nobody else has written it meanwhile."""
    metadata: Object = {"name": name_of(burst), "namespace": NAMESPACE}
    if found:
        metadata["resourceVersion"] = found["metadata"]["resourceVersion"]
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": memory.shown}


__all__ = ("NAMESPACE", "Memory", "manifest", "memory_of", "name_of", "path")
