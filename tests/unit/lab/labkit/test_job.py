# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

from labkit import job, settings


@pytest.mark.parametrize(
    ("value", "text"),
    [("vulcan", "vulcan"), (2, "2"), (["a", "b"], "a\nb"), ([], "[]\n"), ([{"from": 80}], "- from: 80\n")],
)
def test_a_variable_as_a_survey_gives_it(value: t.Any, text: str) -> None:
    assert job.text_of(value) == text
    if not isinstance(value, str) and "\n" in text and text.startswith(("-", "[")):
        assert yaml.safe_load(text) == value


def test_all_answers_are_text_and_the_clusters_are_reached_by_credentials() -> None:
    found = job.answers({"burst_node_count": 2, "burst_kubeconfig": "~/.kube/config", "lab_x": 1}, {"burst_zones": ""})
    assert all(isinstance(value, str) for value in found.values())
    assert found["burst_kubeconfig"] == found["burst_host_context"] == found["burst_zones"] == ""
    assert "lab_x" not in found


def test_the_uppermost_folder_that_others_may_not_enter(tmp_path: Path) -> None:
    inner = tmp_path / "home" / "cache" / "venv"
    inner.mkdir(parents=True)
    (tmp_path / "home").chmod(0o700)
    assert job.closed(inner) in (tmp_path / "home", *tmp_path.parents, tmp_path)
    assert job.closed(Path("/usr/bin")) is None


def event(name: str, **data: t.Any) -> job.Event:
    return {"event": name, "event_data": data, "stdout": ""}


def test_what_failed_for_good() -> None:
    said = {"msg": "why"}
    events = [
        event("runner_on_ok", task="a", res=said),
        event("runner_on_failed", task="b", res=said, ignore_errors=True),
        event("runner_on_failed", task="c", res=said),
    ]
    assert job.failures(events) == [{"task": "c", "msg": "why"}]


def test_progress_is_counted() -> None:
    lines = ["Create the stack: waiting for the stack", "ok: [mgmt]", ""]
    assert job.progress([{"event": "verbose", "stdout": line} for line in lines]) == 1


def test_how_long_a_job_waited_for_the_lock() -> None:
    lock = {"task_action": "cloudburst.federation.burst_lock"}
    events = [
        event("runner_on_start", **lock),
        event("runner_on_ok", duration=1.5, **lock),
        event("runner_on_ok", duration=90.0, task_action="cloudburst.federation.cloudformation_stack"),
    ]
    assert job.lock_seconds(events) == 1.5
    assert job.lock_seconds([]) == 0


def test_the_last_of_several_jobs_removes_their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CACHE", tmp_path / "cache")
    folder = tmp_path / "runner"
    with job.shared(folder):
        with job.shared(folder):
            assert folder.is_dir()
        assert folder.is_dir()
    assert not folder.exists()
    (folder / "of somebody else").mkdir(parents=True)
    with job.shared(folder):
        pass
    assert (folder / "of somebody else").is_dir()
