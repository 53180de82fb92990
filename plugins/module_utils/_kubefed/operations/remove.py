# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Federated objects removed."""

from __future__ import annotations

import typing as t

from ..._kube.objects import Object
from ..._kube.parallel import each
from ..._runtime.errors import InvalidOption
from ..resources.model import ORPHAN_ANNOTATION, existed_in, selected
from ..resources.schedules import KIND as SCHEDULE_KIND
from ..resources.schedules import path as schedule_path
from ..resources.store import Item, schedule_told
from .withdraw import Withdrawal


class Removal(Withdrawal):
    """Removes federated objects, out of some clusters first, and leaves in all of them what was there before."""

    def remove(
        self, items: list[Item], schedules: t.Sequence[tuple[str, str]] = (), *, wait: bool, orphan: bool = False
    ) -> list[Object]:
        """Remove federated objects, their schedules before, and from the clusters what KubeFed has made for them.

        What was there before it was federated stays, and so does everything of a federated object of which that is not
        known. The namespace goes last, and only when nothing else is federated in it.

        :param orphan: everything in the clusters stays.
        :returns: the result for each.
        """
        first = [item for item in items if not item.type.is_namespace]
        last = [item for item in items if item.type.is_namespace]
        taken = {item.key for item in first}
        for namespace in last:
            others = [
                item.title
                for item in self._federated.items(None, namespace.namespace)
                if not item.type.is_namespace and item.key not in taken
            ]
            if others:
                raise InvalidOption(
                    f"{namespace.title} also holds {', '.join(sorted(others))}, which KubeFed would delete in all"
                    " clusters with it: remove these first, or leave the namespace out."
                )
        told = [self._unschedule(namespace, name) for namespace, name in schedules]
        for group, next_group in ((first, last), (last, [])):
            self._remove(group, wait=wait or bool(next_group), orphan=orphan)
        if not self._check_mode:
            self._federated.refresh(items)
        return [self._federated.told(item) for item in items] + told

    def _unschedule(self, namespace: str, name: str) -> Object:
        path = schedule_path(namespace, name)
        found = self._host.get(path)
        if found is not None:
            self._changes.record(f"{SCHEDULE_KIND} {namespace}/{name}", {"state": "present"}, {"state": "absent"})
            self._federated.scheduled_in(namespace).pop((str(found["spec"].get("targetKind")), name), None)
            if not self._check_mode:
                self._host.delete(path)
        return schedule_told(namespace, name, changed=found is not None)

    def _remove(self, items: list[Item], *, wait: bool, orphan: bool) -> None:
        joined = set(self._members.labels)
        for item in items:
            self._take_from(item, self._to_withdraw(item, orphan=orphan))
        # Orphaning frees what is in all clusters: what is to go must be gone before
        partly = {
            item.key: joined - selected(item.spec, self._members.labels) for item in items if item.found is not None
        }
        if any(partly.values()) and not self._check_mode:
            self._waits.withdrawn([item for item in items if item.key in partly], partly)
        each(lambda item: self._delete(item, orphan=orphan), items)
        for item in items:
            if item.changed:
                self._changes.record(item.title, {"state": "present"}, {"state": "absent"})
        if wait and items and not self._check_mode:
            self._waits.removed(items)

    def _to_withdraw(self, item: Item, *, orphan: bool) -> set[str]:
        """Clusters that an object must leave before it is deleted.

        Those where KubeFed made it, when it is to survive in others, as orphaning is for all clusters or none. And
        those that are not Ready: KubeFed would wait for them for ever.
        """
        if item.found is None or item.found["metadata"].get("deletionTimestamp"):
            return set()
        placed = selected(item.spec, self._members.labels) & set(self._members.labels)
        away = {name for name in placed if not self._members.ready(name)}
        existed = existed_in(item.found)
        if not orphan and existed is not None and existed & placed:
            away |= placed - existed
        return away

    def _delete(self, item: Item, *, orphan: bool) -> None:
        if item.found is None or item.found["metadata"].get("deletionTimestamp"):
            return
        item.changed = True
        if self._check_mode:
            return
        existed = existed_in(item.found)
        placed = selected(item.spec, self._members.labels)
        if orphan or existed is None or existed & placed:
            annotation = {"metadata": {"annotations": {ORPHAN_ANNOTATION: "true"}}}
            self._host.patch(item.path, annotation)
        self._host.delete(item.path)


__all__ = ("Removal",)
