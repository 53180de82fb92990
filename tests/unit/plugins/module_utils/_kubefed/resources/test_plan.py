# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""A federated object as it is to be."""

from __future__ import annotations

from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.plan import planned_spec


def test_what_is_not_asked_for_is_left_as_it_is() -> None:
    by_hand = {
        "clusterName": "earth",
        "clusterOverrides": [{"path": "/spec/replicas", "value": 5}, {"path": "/metadata/annotations", "value": {}}],
    }
    existing = {
        "template": {"old": True},
        "retainReplicas": True,
        "placement": {"clusters": [{"name": "vulcan"}, {"name": "earth"}]},
        "overrides": [by_hand],
    }
    asked = {
        "template": {"new": True},
        "placement": {"clusters": [{"name": "earth"}, {"name": "vulcan"}]},
        "overrides": [
            {"clusterName": "earth", "clusterOverrides": [{"path": "/metadata/annotations", "value": {"a": "b"}}]}
        ],
    }
    planned = planned_spec(existing, asked, scheduled=False)
    assert planned["template"] == {"new": True}
    assert planned["retainReplicas"] is True
    assert planned["placement"] == existing["placement"]
    assert planned["overrides"][0]["clusterOverrides"] == [
        {"path": "/spec/replicas", "value": 5},
        {"path": "/metadata/annotations", "value": {"a": "b"}},
    ]


def test_a_schedule_is_not_fought() -> None:
    existing = {
        "placement": {"clusters": [{"name": "vulcan"}]},
        "overrides": [{"clusterName": "vulcan", "clusterOverrides": [{"path": "/spec/replicas", "value": 3}]}],
    }
    asked = {
        "placement": {"clusters": [{"name": "earth"}]},
        "overrides": [{"clusterName": "vulcan", "clusterOverrides": [{"path": "/spec/replicas", "value": 1}]}],
    }
    assert planned_spec(existing, asked, scheduled=True) == existing
    assert planned_spec(existing, asked, scheduled=False) == asked
