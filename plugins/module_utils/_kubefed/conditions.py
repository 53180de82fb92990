# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Reads the conditions of a KubeFedCluster. Pure functions.

Source: pkg/controller/kubefedcluster/clusterclient.go of KubeFed v0.10.0.
"""

from __future__ import annotations

from .._kube.objects import Object, condition


def is_ready(cluster: Object) -> bool:
    """Whether KubeFed works with this cluster. A cluster that went offline has no condition Ready at all."""
    return condition(cluster, "Ready").get("status") == "True"


def last_probe(cluster: Object) -> str:
    """When KubeFed last probed the cluster, or an empty string."""
    return _time(cluster, "lastProbeTime")


def last_transition(cluster: Object) -> str:
    """When a condition of the cluster last changed, or an empty string.

    KubeFed creates a new client when spec, labels or annotations change, and the first report of a client counts as a
    change, whatever the client before it has reported (KubeFed v0.10.0, pkg/controller/kubefedcluster/controller.go).
    """
    return _time(cluster, "lastTransitionTime")


def _time(cluster: Object, field: str) -> str:
    """A time that all conditions of a cluster have in common."""
    conditions = (cluster.get("status") or {}).get("conditions") or []
    return str(conditions[0].get(field) or "") if conditions else ""


def readiness(cluster: Object) -> str:
    """What KubeFed's controller last said about a cluster, for the user."""
    if is_ready(cluster):
        return "Ready"
    reports = []
    for found in (cluster.get("status") or {}).get("conditions") or []:
        reports.append(
            f"{found.get('type')}={found.get('status')} {found.get('reason') or ''}: {found.get('message') or ''}"
            f" (probed {found.get('lastProbeTime') or 'never'})"
        )
    return "; ".join(reports) or "KubeFed's controller has not processed it yet"


__all__ = ("is_ready", "last_probe", "last_transition", "readiness")
