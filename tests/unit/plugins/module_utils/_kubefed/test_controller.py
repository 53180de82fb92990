# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a controller that does not run."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.controller import (
    controller_trouble,
    out_of_memory,
)


def deployment(replicas: int, **status: int) -> dict[str, t.Any]:
    metadata = {"name": "kubefed-controller-manager", "namespace": "kube-federation-system"}
    return {"metadata": metadata, "spec": {"replicas": replicas}, "status": status}


def test_a_controller_that_runs_is_no_trouble() -> None:
    assert controller_trouble(deployment(2, readyReplicas=1), "") == ""


def test_a_controller_that_is_scaled_to_nothing() -> None:
    said = controller_trouble(deployment(0), "")
    assert "is scaled to 0. Run: kubectl --namespace kube-federation-system scale deployment" in said


def test_a_controller_whose_pods_do_not_start() -> None:
    said = controller_trouble(deployment(2), "pod a, container b: ImagePullBackOff")
    assert said.endswith("kubefed-controller-manager none is ready: pod a, container b: ImagePullBackOff")
    assert "look at kubectl --namespace kube-federation-system get pods" in controller_trouble(deployment(2), "")


@pytest.mark.parametrize(("there", "named"), [((), "kubectl"), (("oc",), "oc"), (("oc", "kubectl"), "kubectl")])
def test_the_command_is_one_that_the_user_has(
    there: tuple[str, ...], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in there:
        (tmp_path / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert f"Run: {named} --namespace" in controller_trouble(deployment(0), "")


def controller(
    count: int, *, reason: str = "OOMKilled", at: str = "2026-11-27T03:00:00Z", limit: str = "512Mi"
) -> t.Any:
    ended = {"terminated": {"reason": reason, "exitCode": 137, "finishedAt": at}}
    return {
        "metadata": {"name": "pod-a"},
        "spec": {"containers": [{"name": "c", "resources": {"limits": {"memory": limit} if limit else {}}}]},
        "status": {"containerStatuses": [{"name": "c", "ready": True, "restartCount": count, "lastState": ended}]},
    }


def test_a_controller_that_is_killed_again_and_again() -> None:
    said = out_of_memory([controller(4)], datetime(2026, 11, 27, 3, 2, tzinfo=UTC))
    assert "pod pod-a has exited 4 times, and was last killed at 2026-11-27T03:00:00Z, with a limit of 512Mi" in said
    assert "kubefed_host_memory_limit" in said
    said = out_of_memory([controller(4, limit="")], datetime(2026, 11, 27, 3, 2, tzinfo=UTC))
    assert "no limit of its own" in said


@pytest.mark.parametrize(
    "pod",
    [
        controller(1),
        controller(4, reason="Error"),
        # It has run since
        controller(4, at="2026-11-27T02:00:00Z"),
        {"metadata": {"name": "new"}},
    ],
)
def test_a_controller_with_memory_enough(pod: t.Any) -> None:
    assert out_of_memory([pod], datetime(2026, 11, 27, 3, 2, tzinfo=UTC)) == ""
