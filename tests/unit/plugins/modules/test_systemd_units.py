# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files and units brought to a state. What systemd itself does is seen in the lab."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.modules import systemd_units
from ansible_collections.cloudburst.federation.plugins.modules.systemd_units import (
    Failed,
    Job,
    parsed,
    start_actions,
    stop_actions,
)

UNIT = {
    **{"name": "a.service", "started": True, "reload_for": [], "restart_for": [], "restart": False},
    **{"stop_before_reload": False, "tries": 1},
}


class Host:
    """What a module is to the job: its options, and a systemctl that remembers what it was told."""

    def __init__(self, states: dict[str, str], *, check_mode: bool = False, **params: t.Any) -> None:
        self.check_mode = check_mode
        self.params = {"directories": [], "files": [], "units": [], "cleanup": [], **params}
        self.states = states
        self.told: list[str] = []
        self.rejections = 0
        self.says = "Job failed.\nSee the log."

    def run_command(self, command: list[str]) -> tuple[int, str, str]:
        if command[:2] == ["systemctl", "show"]:
            return 0, "\n\n".join(self.states[name] for name in command[4:]), ""
        self.told.append(" ".join(word for word in command[1:] if word != "--"))
        if self.rejections:
            self.rejections -= 1
            return 1, "", self.says
        return 0, "", ""


def state(active: str, file: str, reload: str = "no") -> str:
    return f"ActiveState={active}\nUnitFileState={file}\nNeedDaemonReload={reload}\n"


def job_of(host: Host) -> Job:
    return Job(t.cast(t.Any, host))


def test_what_systemctl_shows_is_read_unit_by_unit() -> None:
    output = state("active", "enabled") + "\n" + state("inactive", "")
    assert parsed(output, ["a.service", "b.timer"]) == {
        "a.service": {"ActiveState": "active", "UnitFileState": "enabled", "NeedDaemonReload": "no"},
        "b.timer": {"ActiveState": "inactive", "UnitFileState": "", "NeedDaemonReload": "no"},
    }


@pytest.mark.parametrize(
    ("unit", "active", "file", "changed", "actions"),
    [
        ({}, "inactive", "", [], ["enable", "start"]),
        ({}, "active", "enabled", ["/etc/a"], []),
        ({"started": False}, "inactive", "disabled", [], ["enable"]),
        ({"restart": True}, "active", "enabled", [], ["restart"]),
        ({"restart": True}, "failed", "enabled", [], ["start"]),
        ({"restart_for": ["/etc/a"], "reload_for": ["/etc/b"]}, "active", "enabled", ["/etc/a", "/etc/b"], ["restart"]),
        ({"restart_for": ["/etc/a"], "reload_for": ["/etc/b"]}, "active", "enabled", ["/etc/b"], ["reload"]),
        ({"reload_for": ["/etc/b"]}, "inactive", "enabled", ["/etc/b"], ["start"]),
    ],
)
def test_what_brings_a_unit_to_its_state(
    unit: dict[str, t.Any], active: str, file: str, changed: list[str], actions: list[str]
) -> None:
    assert start_actions({**UNIT, **unit}, {"ActiveState": active, "UnitFileState": file}, changed) == actions


def test_only_what_runs_is_stopped() -> None:
    assert stop_actions({"ActiveState": "active", "UnitFileState": "enabled"}) == ["stop", "disable"]
    assert stop_actions({"ActiveState": "failed", "UnitFileState": "enabled"}) == ["disable"]
    assert stop_actions({}) == []


@pytest.fixture
def unit_files(monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any) -> str:
    monkeypatch.setattr(systemd_units, "UNIT_DIRECTORIES", (f"{tmp_path}/",))
    monkeypatch.setattr(systemd_units, "PAUSE", 0)
    return f"{tmp_path}/a.service"


def files(path: str, content: str = "new\n", **options: t.Any) -> list[dict[str, t.Any]]:
    return [{"path": path, "content": content, "mode": "0644", "secret": False, **options}]


def test_a_unit_is_stopped_as_it_was_before_systemd_reads_what_it_is_now(unit_files: str) -> None:
    units = [{**UNIT, "restart_for": [unit_files], "stop_before_reload": True}]
    host = Host({"a.service": state("active", "enabled")}, files=files(unit_files), units=units)
    job = job_of(host)
    job.ensure()
    assert host.told == ["stop a.service", "daemon-reload", "restart a.service"]
    assert job.paths == [unit_files]
    again = job_of(Host(host.states, files=files(unit_files), units=units))
    again.ensure()
    assert not again.changed


def test_what_a_killed_run_has_written_is_read_by_the_next(unit_files: str) -> None:
    host = Host({"a.service": state("active", "enabled", "yes")}, units=[UNIT])
    job_of(host).ensure()
    assert host.told == ["daemon-reload", "restart a.service"]


def test_a_start_is_tried_again(unit_files: str) -> None:
    host = Host({"a.service": state("inactive", "enabled")}, units=[{**UNIT, "tries": 2}])
    host.rejections = 1
    job_of(host).ensure()
    assert host.told == ["start a.service"] * 2
    host.rejections = 2
    with pytest.raises(Failed, match=r"failed with 1: Job failed. See the log. The log is shown by: journalctl"):
        job_of(host).ensure()


def test_check_mode_only_says_what_it_would_do(unit_files: str) -> None:
    units = [{**UNIT, "restart_for": [unit_files]}]
    host = Host({"a.service": state("inactive", "")}, files=files(unit_files), units=units, check_mode=True)
    job = job_of(host)
    job.ensure()
    assert (job.paths, job.actions, host.told) == ([unit_files], ["enable a.service", "start a.service"], [])
    assert job.diffs == [{"before_header": unit_files, "before": "", "after_header": unit_files, "after": "new\n"}]


def test_a_secret_is_for_its_owner_and_in_no_diff(unit_files: str, tmp_path: t.Any) -> None:
    path = tmp_path / "keys" / "psk"
    given = files(str(path), "key\n", mode="0600", secret=True)
    job = job_of(Host({}, directories=[{"path": str(path.parent), "mode": "0700"}], files=given))
    job.ensure()
    assert (path.read_text(), path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (
        "key\n",
        0o600,
        0o700,
    )
    assert job.diffs == []
    path.chmod(0o644)
    job.paths.clear()
    job.ensure()
    assert (job.paths, path.stat().st_mode & 0o777) == ([str(path)], 0o600)


def test_all_of_it_is_removed(unit_files: str, tmp_path: t.Any) -> None:
    directory = tmp_path / "of_it"
    directory.mkdir()
    (directory / "script").write_text("#!/bin/sh\n")
    (directory / "script").chmod(0o755)
    (tmp_path / "a.service").touch()
    params: dict[str, t.Any] = {
        "units": [UNIT],
        "files": [{"path": unit_files}],
        "directories": [{"path": str(directory)}],
        "cleanup": [str(directory / "script"), "close"],
    }
    host = Host({"a.service": state("active", "enabled")}, **params)
    job = job_of(host)
    job.remove()
    assert host.told == ["stop a.service", "disable a.service", "close", "daemon-reload"]
    assert job.paths == [unit_files, str(directory)]
    assert list(tmp_path.iterdir()) == []
    again = job_of(Host({"a.service": state("inactive", "")}, **params))
    again.remove()
    assert not again.changed


def test_what_a_command_says_does_nothing_to_a_terminal() -> None:
    """A log that systemctl quotes may hold what a peer has sent."""
    host = Host({"a.service": state("inactive", "enabled")}, units=[UNIT])
    host.rejections, host.says = 1, "peer \x1b]0;owned\x07 \x9b2J said no"
    with pytest.raises(Failed) as error:
        job_of(host).ensure()
    assert "said no" in str(error.value)
    assert not {"\x1b", "\x07", "\x9b"} & set(str(error.value))
