# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Federated objects as desired and as tracked, and the annotations on them.

Source of KubeFed's own names: pkg/controller/util/{managedlabel,orphaninganotation}.go of v0.10.0.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ..._kube.objects import Object
from ..types.model import FederatedType

Key = tuple[str, str, str]

ORPHAN_ANNOTATION = "kubefed.io/orphan"
# In which clusters the object was there before it was federated: there it is the user's, and is never deleted.
# Without the annotation, it is unknown.
EXISTED_ANNOTATION = "cloudburst.federation/existed-in"

# From which clusters an object is kept by the names in its placement, though its clusterSelector means them. KubeFed
# takes no notice of a selector beside names (util.selectedClusterNames), so it can stay there, to be what counts again.
WITHDRAWN_ANNOTATION = "cloudburst.federation/withdrawn-from"

# On a federated object that has retainReplicas for the sake of an autoscaler: it goes with that
RETAIN_ANNOTATION = "cloudburst.federation/retain-replicas"

# KubeFed never propagates these (isSystemNamespace in pkg/controller/sync/accessor.go)
SYSTEM_NAMESPACES = ("kube-system", "kube-public", "default")
_BARE = {"template", "placement"}


@dataclass(eq=False)
class Identity:
    """Which federated object it is.

    :ivar namespace: of the federated object; empty for a cluster-scoped one.
    """

    type: FederatedType
    namespace: str
    name: str

    @property
    def key(self) -> Key:
        """The identity of the object."""
        return self.type.name, self.namespace, self.name

    @property
    def title(self) -> str:
        """Its name in messages."""
        kind = self.type.federated_kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"


@dataclass
class DesiredObject(Identity):
    """A desired federated object.

    :ivar spec: of the federated object. A field that is missing is left as it is.
    :ivar creation_labels: of the federated object, when it has to be created; no matter for one that is there.
    :ivar complete: whether all is said, so that what was set before and is not said any more goes.
    """

    spec: Object
    labels: dict[str, str] = field(default_factory=dict)
    creation_labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    complete: bool = True

    @property
    def is_bare(self) -> bool:
        """Whether it has only a placement."""
        return not (self.labels or self.annotations or self.spec.get("template") or set(self.spec) - _BARE)


@dataclass(eq=False)
class TrackedObject(Identity):
    """A federated object on the host, and what a task has done with it.

    :ivar found: as the host has it; ``None`` when it does not exist.
    :ivar has_emptied_overrides: whether it has overrides that are emptied, and go once the clusters have that.
    :ivar withdrawn: clusters that it was taken from.
    :ivar taken_back: clusters in which KubeFed was given it back, see :meth:`Members.resume_managing`.
    :ivar not_removed: what could not be removed from a cluster, and why.
    :ivar pods: how far its pods are, by cluster.
    """

    found: Object | None
    changed: bool = False
    has_emptied_overrides: bool = False
    withdrawn: set[str] = field(default_factory=set)
    taken_back: set[str] = field(default_factory=set)
    not_removed: list[str] = field(default_factory=list)
    pods: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Its API path on the host."""
        return self.type.path(self.namespace, self.name)

    @property
    def target_path(self) -> str:
        """The API path of its target in a member."""
        return self.type.target_path(self.namespace, self.name)

    @property
    def spec(self) -> Object:
        """Its spec, empty when it does not exist."""
        return (self.found or {}).get("spec") or {}

    @property
    def is_being_deleted(self) -> bool:
        """Whether it exists, and somebody has deleted it."""
        return self.found is not None and bool(self.found["metadata"].get("deletionTimestamp"))

    @property
    def is_alive(self) -> bool:
        """Whether it exists, and nobody has deleted it."""
        return self.found is not None and not self.is_being_deleted


def existed_in(federated: Object) -> set[str] | None:
    """Clusters in which the object existed before it was federated; ``None`` if that was not recorded."""
    value = (federated["metadata"].get("annotations") or {}).get(EXISTED_ANNOTATION)
    return None if value is None else {name for name in value.split(",") if name}


def existed_value(clusters: t.Iterable[str]) -> str:
    """The value of the annotation for these clusters."""
    return ",".join(sorted(clusters))


__all__ = (
    "EXISTED_ANNOTATION",
    "ORPHAN_ANNOTATION",
    "RETAIN_ANNOTATION",
    "SYSTEM_NAMESPACES",
    "WITHDRAWN_ANNOTATION",
    "DesiredObject",
    "Identity",
    "Key",
    "TrackedObject",
    "existed_in",
    "existed_value",
)
