# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""KubeFed's permissions in a member: all, as with ``kubefedctl join``, or those that it needs for some types.

Pure functions. What it needs is read from KubeFed v0.10.0: its informers list and watch each type that it propagates
(pkg/controller/util/federated_informer.go); it gets, creates, updates, patches and deletes objects of it
(pkg/controller/sync/dispatch); its scheduler lists and watches pods (pkg/schedulingtypes/replicascheduler.go); its
probe asks for the health and the version (pkg/controller/kubefedcluster/clusterclient.go), and its clients for what the
cluster serves.
"""

from __future__ import annotations

import re
import typing as t

from ..._kube.objects import Object
from ..._runtime.errors import InvalidOption
from ..kinds import workload_types

ALL = "all"
TYPES = "types"

_HANDLE = ("create", "delete", "get", "list", "patch", "update", "watch")
_READ = ("get", "list", "watch")
# Of these, KubeFed's scheduler asks for pods, and wait_for_pods of federated_resource also for why there are none
_URLS = ("/api", "/api/*", "/apis", "/apis/*", "/healthz", "/version")
_TYPE = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*")


def check_types(names: t.Iterable[str], option: str) -> None:
    """Reject a value that does not name a type, including ``*``, which would grant all permissions.

    :raises InvalidOption: with option, value and what is allowed.
    """
    for name in names:
        if len(name) > 253 or not _TYPE.fullmatch(name):
            raise InvalidOption(
                f"{option} has {name!r}; allowed is the name of a FederatedTypeConfig, which is the plural, a dot "
                "and the group, such as statefulsets.apps or configmaps."
            )


def propagated(configs: t.Iterable[Object], scope: str) -> set[str]:
    """Names of the types that KubeFed propagates.

    :param configs: the FederatedTypeConfigs.
    :param scope: ``Cluster`` or ``Namespaced``; in the latter no cluster-scoped type is propagated.
    """
    found = set()
    for config in configs:
        target = config["spec"]["targetType"]
        if config["spec"].get("propagation") == "Enabled" and (scope == "Cluster" or target["scope"] == "Namespaced"):
            found.add(f"{target['pluralName']}.{target.get('group') or ''}".rstrip("."))
    return found


def everything() -> list[Object]:
    """A rule for all resources."""
    return [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]


def rules(types: t.Iterable[str]) -> list[Object]:
    """The smallest rules with which KubeFed propagates these types, always in the same order."""
    names = sorted(set(types))
    groups: dict[str, list[str]] = {}
    for name in names:
        plural, _dot, group = name.partition(".")
        groups.setdefault(group, []).append(plural)
    found = [_rule(_HANDLE, group, plurals) for group, plurals in sorted(groups.items())]
    if workload_types() & set(names):
        found += [_rule(_READ, "", ["events", "pods"]), _rule(_READ, "apps", ["replicasets"])]
    return found


def urls() -> Object:
    """The rule for URLs that are not resources: health, version and discovery."""
    return {"verbs": ["get"], "nonResourceURLs": list(_URLS)}


def _rule(verbs: t.Sequence[str], group: str, resources: t.Sequence[str]) -> Object:
    return {"verbs": list(verbs), "apiGroups": [group], "resources": list(resources)}


__all__ = ("ALL", "TYPES", "check_types", "everything", "propagated", "rules", "urls")
