# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.autoscalers import limited
from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.times import written


def autoscaler(
    *, status: str = "True", reason: str = "TooManyReplicas", minimum: int | None = 1, scaled: str = "", **more: t.Any
) -> dict[str, t.Any]:
    return {
        "metadata": {"namespace": "shop", "name": "web"},
        "spec": {
            "minReplicas": minimum,
            "maxReplicas": 4,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            **more.pop("spec", {}),
        },
        "status": {
            "currentReplicas": 4,
            "lastScaleTime": scaled or None,
            "conditions": [
                {
                    "type": "ScalingLimited",
                    "status": status,
                    "reason": reason,
                    "lastTransitionTime": "2026-11-27T10:00:00Z",
                }
            ],
            **more,
        },
    }


def test_one_that_wants_more_than_its_maximum_counts() -> None:
    found = limited(autoscaler())
    assert found is not None
    assert (found.namespace, found.name, found.maximum, found.extra) == ("shop", "web", 4, 1)
    assert found.target == ("apps/v1", "Deployment", "web")
    assert written(found.since) == "2026-11-27T10:00:00Z"


@pytest.mark.parametrize(
    "other",
    [
        autoscaler(status="False", reason="DesiredWithinRange"),
        autoscaler(reason="TooFewReplicas"),
        autoscaler(minimum=4),
        {"metadata": {"name": "new"}, "spec": {"maxReplicas": 4}},
    ],
)
def test_one_that_is_within_its_range_or_was_never_to_scale_does_not(other: dict[str, t.Any]) -> None:
    assert limited(other) is None


def test_without_a_minimum_it_is_one() -> None:
    assert limited(autoscaler(minimum=None)) is not None
    assert limited(autoscaler(minimum=None, spec={"maxReplicas": 1})) is None


def test_one_that_went_from_too_few_to_too_many_counts_since_it_has_scaled() -> None:
    found = limited(autoscaler(scaled="2026-11-27T11:00:00Z"))
    assert found is not None
    assert written(found.since) == "2026-11-27T11:00:00Z"


def cpu(target: dict[str, t.Any], current: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "spec": {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]},
        "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": current}}],
    }


@pytest.mark.parametrize(
    ("metrics", "extra"),
    [
        (cpu({"averageUtilization": 50}, {"averageUtilization": 100}), 4),
        (cpu({"averageUtilization": 50}, {"averageUtilization": 51}), 1),
        (cpu({"averageValue": "100m"}, {"averageValue": "250m"}), 6),
        (cpu({"averageUtilization": 50}, {}), 1),
        ({"spec": {"metrics": [{"type": "External", "external": {}}]}, "currentMetrics": [{"type": ""}]}, 1),
    ],
)
def test_how_many_more_it_would_make_is_told_by_its_metrics(metrics: dict[str, t.Any], extra: int) -> None:
    found = limited(autoscaler(**metrics))
    assert found is not None
    assert found.extra == extra
