# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the conditions of a KubeFedCluster say."""

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed import conditions


def member(*given: tuple[str, str]) -> Object:
    return {
        "status": {
            "conditions": [
                {
                    "type": kind,
                    "status": value,
                    "reason": "R",
                    "message": "said",
                    "lastProbeTime": "2026-01-01T00:00:00Z",
                }
                for kind, value in given
            ]
        }
    }


@pytest.mark.parametrize(
    ("cluster", "ready"),
    [
        ({}, False),
        (member(), False),
        (member(("Ready", "True")), True),
        (member(("Ready", "False"), ("Offline", "False")), False),
        (member(("Offline", "True")), False),
        (member(("ConfigMalformed", "True")), False),
    ],
)
def test_ready_is_what_says_so(cluster: Object, ready: bool) -> None:
    assert conditions.is_ready(cluster) is ready


def test_what_was_last_said_of_a_cluster() -> None:
    assert conditions.readiness(member(("Ready", "True"))) == "Ready"
    assert conditions.readiness(member(("Offline", "True"))) == "Offline=True R: said (probed 2026-01-01T00:00:00Z)"
    assert "has not processed" in conditions.readiness({})
    assert conditions.last_probe(member(("Offline", "True"))) == "2026-01-01T00:00:00Z"
    assert conditions.last_probe({}) == ""
    assert conditions.last_transition({"status": {"conditions": [{"lastTransitionTime": "2026-01-01T00:00:01Z"}]}}) == (
        "2026-01-01T00:00:01Z"
    )
    assert conditions.last_transition({}) == conditions.last_transition(member(("Offline", "True"))) == ""
