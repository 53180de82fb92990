# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run does with the burst that is kept for it; the keeper is a process that only tells."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._burst.state import HoldFile, holds, now
from ansible_collections.cloudburst.federation.plugins.plugin_utils import _burst

CHECKOUT = Path(__file__).resolve().parents[4]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The run's temporary directory."""
    monkeypatch.setattr(_burst, "folder", lambda: str(tmp_path))
    monkeypatch.setattr(_burst, "_LOOK", 0.01)
    return tmp_path


def silent(what: str, since: float) -> None:
    raise AssertionError(f"waited for {what}")


def test_a_run_without_a_burst_may_go_on() -> None:
    assert _burst.why_to_stop(silent) is None


def test_a_run_whose_burst_is_renewed_may_go_on(folder: Path) -> None:
    HoldFile(str(folder), "vulcan").write(now() - 5)
    assert _burst.why_to_stop(silent) is None


def test_a_run_that_has_lost_the_burst_may_not(folder: Path) -> None:
    HoldFile(str(folder), "mars").write(now())
    HoldFile(str(folder), "vulcan").write(now(), "deploy@elsewhere has it")
    assert _burst.why_to_stop(silent) == "deploy@elsewhere has it"


def test_in_doubt_it_waits_and_shows_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after the sleep of a machine: the keeper looks first."""
    monkeypatch.setattr(_burst, "_SHOWN_EVERY", 0.02)
    hold_file = HoldFile(str(folder), "vulcan")
    hold_file.write(now() - 7200)
    shown: list[str] = []

    def show(what: str, since: float) -> None:
        shown.append(what)
        if len(shown) == 2:
            hold_file.write(now())

    assert _burst.why_to_stop(show) is None
    assert shown == ["the data centre's cluster to renew this run's hold on the burst vulcan"] * 2


def test_it_does_not_wait_for_ever(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_burst, "_PATIENCE", 0.05)
    HoldFile(str(folder), "vulcan").write(now() - 60)
    assert "has not renewed this run's hold on the burst vulcan for 60 s" in str(_burst.why_to_stop(silent))


def test_it_does_not_wait_for_a_keeper_that_is_gone(folder: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    monkeypatch = pytest.MonkeyPatch()
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: gone.pid)
        HoldFile(str(folder), "vulcan").write(now() - 60)
    assert "has been gone for 60 s" in str(_burst.why_to_stop(silent))


def keeper(folder: Path) -> int:
    """A process that takes its file away when it is told to let go."""
    process = os.fork()
    if process:
        return process
    try:
        told = threading.Event()
        signal.signal(signal.SIGTERM, lambda number, frame: told.set())
        hold_file = HoldFile(str(folder), "vulcan")
        hold_file.write(now())
        told.wait(30)
        time.sleep(0.3)
        hold_file.remove()
    finally:
        os._exit(0)


def test_it_lets_go_and_waits_until_that_is_done(folder: Path) -> None:
    process = keeper(folder)
    try:
        while not holds(str(folder)):
            time.sleep(0.01)
        _burst.let_go(20)
        assert holds(str(folder)) == []
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


ACTION = """
import os, signal, threading
from time import sleep
from ansible.plugins.action import ActionBase
from ansible_collections.cloudburst.federation.plugins.module_utils._burst.state import HoldFile, holds, now
from ansible_collections.cloudburst.federation.plugins.plugin_utils._burst import folder


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        run = os.getppid()
        if os.fork() == 0:
            os.setsid()
            told = threading.Event()
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, lambda *_: told.set())
            hold_file = HoldFile(folder(), "vulcan")
            if self._task.args["ending"] == "lost":
                hold_file.write(now(), "deploy@elsewhere has it")
                os._exit(0)
            hold_file.write(now())
            told.wait(60)
            os.kill(run, 0)
            open(self._task.args["path"], "w").close()
            hold_file.remove()
            os._exit(0)
        while not holds(folder()):
            pass
        signals = {
            "interrupted": [signal.SIGINT],
            "terminated": [signal.SIGTERM],
            "out of time": [signal.SIGTERM, signal.SIGTERM],
            "hung up": [signal.SIGHUP],
        }
        if self._task.args["ending"] in signals:
            if os.fork() == 0:
                os.setsid()  # this process does not outlive the first one
                for sent in signals[self._task.args["ending"]]:
                    os.kill(run, sent)
                    sleep(0.05)
                os._exit(0)
            threading.Event().wait(60)
        return {"failed": self._task.args["ending"] == "failed"}
"""


@pytest.fixture
def run(tmp_path: Path) -> t.Callable[[str], subprocess.CompletedProcess[str]]:
    """Runs a playbook that has a burst and a task after it, with what comes with the collection's playbooks."""
    (tmp_path / "collections" / "ansible_collections" / "cloudburst").mkdir(parents=True)
    (tmp_path / "collections" / "ansible_collections" / "cloudburst" / "federation").symlink_to(CHECKOUT)
    (tmp_path / "action_plugins").mkdir()
    (tmp_path / "action_plugins" / "holds.py").write_text(ACTION)
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "holds.py").touch()

    def play(ending: str) -> subprocess.CompletedProcess[str]:
        tasks = [
            {"holds": {"path": str(tmp_path / "let-go"), "ending": ending}},
            {
                "cloudburst.federation.burst_lock": {"name": "vulcan", "kubeconfig": "/nowhere"},
                "when": ending == "lost",
            },
        ]
        plays = [
            {"hosts": "localhost", "gather_facts": False, "tasks": tasks},
            {"import_playbook": "cloudburst.federation.burst_status", "when": False},
        ]
        (tmp_path / "playbook.yml").write_text(json.dumps(plays))
        return subprocess.run(
            [sys.executable, Path(sys.executable).with_name("ansible-playbook"), "playbook.yml"],
            cwd=tmp_path,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"),
                "ANSIBLE_HOME": str(tmp_path / "home"),
                "HOME": str(tmp_path),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return play


Play = t.Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize("ending", ["ok", "failed", "interrupted", "terminated", "out of time", "hung up"])
def test_the_playbooks_let_go_before_ansible_playbook_ends(tmp_path: Path, run: Play, ending: str) -> None:
    """The keeper sees that the run is still there; in a container it would be killed with it."""
    ended = run(ending)
    assert ended.returncode == {"ok": 0, "failed": 2}.get(ending, 99), ended.stdout + ended.stderr
    assert (tmp_path / "let-go").exists()
    assert not list((tmp_path / "home" / "tmp").iterdir())


def test_no_task_begins_when_the_burst_is_lost(run: Play) -> None:
    ended = run("lost")
    assert ended.returncode == 2
    assert '"msg": "deploy@elsewhere has it"' in ended.stdout


def test_it_does_not_wait_for_ever_for_that(folder: Path) -> None:
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    try:
        HoldFile(str(folder), "vulcan").write(now())
        _burst.let_go(0.1)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert received == [signal.SIGTERM]
    assert [state.burst for state in holds(str(folder))] == ["vulcan"]
