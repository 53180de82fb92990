# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""HorizontalPodAutoscalers at their maximum that want more. Pure functions."""

from __future__ import annotations

import math
import typing as t
from datetime import datetime

from .._kube.objects import Object, condition
from .amounts import quantity
from .times import parsed


class Limited(t.NamedTuple):
    """A HorizontalPodAutoscaler that would make more pods than it may.

    :ivar target: what it scales: API version, kind and name.
    :ivar extra: how many pods more it would make, by its metrics; at least one.
    :ivar since: since when.
    :ivar hindrance: why a burst cannot help it; empty where it can.
    """

    namespace: str
    name: str
    target: tuple[str, str, str]
    maximum: int
    extra: int
    since: datetime
    hindrance: str = ""


def limited(found: Object) -> Limited | None:
    """A HorizontalPodAutoscaler, if it is held by its maximum.

    To be at the maximum alone means nothing: ScalingLimited says TooManyReplicas when more are wanted
    (pkg/controller/podautoscaler/horizontal.go). Where minimum and maximum are the same, nobody wanted it to scale.
    The condition was true before, with another reason, where it has gone from below its minimum to above its maximum at
    once; that is when it has scaled.
    """
    spec, status = found.get("spec") or {}, found.get("status") or {}
    maximum, minimum = int(spec.get("maxReplicas") or 0), int(spec.get("minReplicas") or 1)
    limit = condition(found, "ScalingLimited")
    if limit.get("status") != "True" or limit.get("reason") != "TooManyReplicas" or maximum == minimum:
        return None
    said = (parsed(limit.get("lastTransitionTime")), parsed(status.get("lastScaleTime")))
    times = [moment for moment in said if moment]
    if not times:
        return None
    target = spec.get("scaleTargetRef") or {}
    metadata = found["metadata"]
    return Limited(
        metadata.get("namespace", ""),
        metadata["name"],
        (str(target.get("apiVersion")), str(target.get("kind")), str(target.get("name"))),
        maximum,
        max(1, _wanted(spec, status) - maximum),
        max(times),
    )


def _wanted(spec: Object, status: Object) -> int:
    """How many pods its metrics ask for: ceil(current * value / target), of all metrics the most.

    https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#algorithm-details
    """
    current = int(status.get("currentReplicas") or 0)
    ratios = [0.0]
    for target, value in zip(spec.get("metrics") or [], status.get("currentMetrics") or []):
        of = {"Resource": "resource", "ContainerResource": "containerResource", "Pods": "pods"}.get(target.get("type"))
        wish = ((target.get(of) or {}).get("target") or {}) if of and value.get("type") == target.get("type") else {}
        is_ = ((value.get(of or "") or {}).get("current")) or {}
        for key in ("averageUtilization", "averageValue"):
            if wish.get(key) and is_.get(key) is not None:
                ratios.append(quantity(is_[key], thousandths=True) / quantity(wish[key], thousandths=True))
    return math.ceil(current * max(ratios))


__all__ = ("Limited", "limited")
