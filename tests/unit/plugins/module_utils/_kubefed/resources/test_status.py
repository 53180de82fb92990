# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the status of a federated object says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources import status


def federated(reason: str | None = None, generation: int = 2, seen: int = 2, **clusters: str) -> Object:
    condition: Object = {"type": "Propagation", "status": "False" if reason else "True"}
    if reason:
        condition["reason"] = reason
    return {
        "metadata": {"generation": generation},
        "status": {
            "observedGeneration": seen,
            "conditions": [condition],
            "clusters": [{"name": name, **({"status": value} if value else {})} for name, value in clusters.items()],
        },
    }


def test_propagated_is_current_true_and_everywhere() -> None:
    assert status.propagated(federated(earth="", vulcan=""), {"earth", "vulcan"}).done
    assert not status.propagated(federated(seen=1, earth="", vulcan=""), {"earth", "vulcan"}).done
    assert not status.propagated({"metadata": {"generation": 1}}, {"earth"}).done
    missing = status.propagated(federated(earth=""), {"earth", "vulcan"})
    assert not missing.done
    assert missing.last == "earth: OK; not there yet: vulcan"


def test_placed_nowhere_is_propagated() -> None:
    assert status.propagated(federated(), set()).done


@pytest.mark.parametrize(
    ("found", "message", "terminal"),
    [
        (federated("CheckClusters", vulcan="ClusterNotReady"), "", ""),
        (federated("CheckClusters", vulcan="CreationFailed"), 'namespaces "shop" not found', ""),
        (federated("CheckClusters", vulcan="CreationFailed"), 'Service "x" is invalid: port', "CreationFailed"),
        (federated("CheckClusters", vulcan="UpdateFailed"), "spec.selector: field is immutable", "UpdateFailed"),
        (federated("CheckClusters", vulcan="AlreadyExists"), "", "AlreadyExists"),
        (federated("CheckClusters", vulcan="ManagedLabelFalse"), "", "ManagedLabelFalse"),
        (federated("CheckClusters", vulcan="ApplyOverridesFailed"), "missing path", "missing path"),
        (federated("ComputePlacementFailed"), "", "ComputePlacementFailed"),
        (federated("NamespaceNotFederated"), "", ""),
        (federated("CheckClusters", seen=1, vulcan="AlreadyExists"), "", ""),
    ],
)
def test_terminal_is_what_comes_again_each_time(found: Object, message: str, terminal: str) -> None:
    said = status.propagation(found, {"vulcan": message}).terminal
    assert terminal in said
    assert bool(said) is bool(terminal)


def event(
    message: str, *, kind: str = "FederatedService", name: str = "web", when: str = "1", level: str = "Warning"
) -> Object:
    return {
        "type": level,
        "involvedObject": {"kind": kind, "name": name},
        "message": message,
        "lastTimestamp": when,
    }


def test_the_clusters_own_messages() -> None:
    said = 'Failed to create Service "shop/web" in cluster "{}": {}'
    events = [
        event(said.format("vulcan", "new"), when="2"),
        event(said.format("vulcan", "old"), when="1"),
        event(said.format("earth", 'Service "web" is invalid: "x": y')),
        event(said.format("mars", "of another"), name="other"),
        event(said.format("mars", "of another kind"), kind="FederatedSecret"),
        event(said.format("mars", "no warning"), level="Normal"),
        event("something else"),
    ]
    assert status.event_messages(events, "FederatedService", "web") == {
        "vulcan": "new",
        "earth": 'Service "web" is invalid: "x": y',
    }


@pytest.mark.parametrize(
    "message",
    [
        'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0',
        "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        'PersistentVolumeClaim "flour" is invalid: spec: Forbidden: spec is immutable after creation',
    ],
)
def test_an_answer_that_comes_again_each_time_ends_a_wait(message: str) -> None:
    found = status.propagation(federated("CheckClusters", vulcan="CreationFailed"), {"vulcan": message})
    assert found.terminal == f"vulcan: CreationFailed: {message}"


def update(count: int, last: str, *, name: str = "web", first: str = "2026-11-27T02:50:00Z") -> Object:
    return {
        "involvedObject": {"kind": "FederatedDeployment", "name": name},
        "message": 'Updating Deployment "shop/web" in cluster "vulcan"',
        "count": count,
        "firstTimestamp": first,
        "lastTimestamp": last,
    }


LATELY = "2026-11-27T02:59:00Z"


@pytest.mark.parametrize(
    ("event", "written", "told"),
    [
        (update(5, LATELY), "2026-11-27T02:40:00Z", {"vulcan": "5 times since 2026-11-27T02:50:00Z"}),
        # As often as it may have been meant
        (update(4, LATELY), "2026-11-27T02:40:00Z", {}),
        # No more
        (update(20, "2026-11-27T02:53:00Z"), "2026-11-27T02:40:00Z", {}),
        # It was changed just before, by whom it is for
        (update(20, LATELY), "2026-11-27T02:58:40Z", {}),
        (update(20, LATELY, name="other"), "2026-11-27T02:40:00Z", {}),
    ],
)
def test_what_is_written_again_and_again(event: Object, written: str, told: Object) -> None:
    metadata = {
        "name": "web",
        "creationTimestamp": "2026-11-27T02:00:00Z",
        # The status is KubeFed's, each time that it has written
        "managedFields": [{"time": written}, {"time": LATELY, "subresource": "status"}],
    }
    found = {"kind": "FederatedDeployment", "metadata": metadata}
    assert status.rewritten(found, [event], datetime(2026, 11, 27, 3, 0, tzinfo=UTC)) == told
