# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A wait of two slices, run by ansible-playbook: what one slice leaves reaches the next, whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[4]
FEDERATION = "ansible_collections.cloudburst.federation.plugins"

# Each poll takes a slice
ACTION = f"""\
from {FEDERATION}.plugin_utils import _progress

_progress.SLICE_SECONDS = 0.1


class ActionModule(_progress.ProgressAction):
    pass
"""

MODULE = f"""\
#!/usr/bin/python
import time

from ansible.module_utils.basic import AnsibleModule
from {FEDERATION}.module_utils._module import run_module
from {FEDERATION}.module_utils._wait import State


def call(run):
    params = run.module.params
    run.module.no_log_values.update(filter(None, params["secrets"]))
    waited = run.waiter.elapsed - run.waiter.spent

    def poll():
        time.sleep(0.1)
        polls = run.carry["polls"] = run.carry.get("polls", 0) + 1
        run.carry["text"] = run.carry.get("text", params["text"] * params["times"])
        return State(polls == 2, "poll")

    run.waiter.until("all polls", poll)
    run.module.exit_json(
        changed=True,
        text_is_whole=run.carry["text"] == params["text"] * params["times"],
        waited_before=0 < waited < 60,
    )


run_module(
    AnsibleModule(
        argument_spec={{
            "secrets": {{"type": "list", "no_log": False}},
            "text": {{"type": "str"}},
            "times": {{"type": "int"}},
            "wait_timeout": {{"type": "int", "default": 60}},
            "wait_sleep": {{"type": "int", "default": 1}},
        }}
    ),
    call,
)
"""


@pytest.fixture
def polls_in_slices(tmp_path: Path) -> t.Callable[..., tuple[list[dict[str, t.Any]], str]]:
    """Runs a task that polls, a slice each time, in a loop, and returns its results and all that was shown."""
    (tmp_path / "collections" / "ansible_collections" / "cloudburst").mkdir(parents=True)
    (tmp_path / "collections" / "ansible_collections" / "cloudburst" / "federation").symlink_to(CHECKOUT)
    for folder, text in (("library", MODULE), ("action_plugins", ACTION)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "polls.py").write_text(text)

    def run(cases: list[dict[str, t.Any]], **environment: str) -> tuple[list[dict[str, t.Any]], str]:
        copied = {"content": "{{ polled.results | to_json }}", "dest": str(tmp_path / "results.json"), "mode": "0600"}
        task = {
            "name": "Poll",
            "polls": "{{ item }}",
            "loop": cases,
            "loop_control": {"label": ""},
            "register": "polled",
            "ignore_errors": True,
        }
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "tasks": [task, {"name": "Write", "ansible.builtin.copy": copied}],
        }
        (tmp_path / "playbook.yml").write_text(json.dumps([play]))
        ended = subprocess.run(
            [sys.executable, Path(sys.executable).with_name("ansible-playbook"), "playbook.yml"],
            cwd=tmp_path,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"),
                "ANSIBLE_HOME": str(tmp_path / "home"),
                "ANSIBLE_LOCALHOST_WARNING": "false",
                "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
                "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
                "ANSIBLE_REMOTE_TMP": str(tmp_path / "home" / "tmp"),
                "HOME": str(tmp_path),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said = ended.stdout + ended.stderr
        assert ended.returncode == 0, said
        assert not [path for path in (tmp_path / "home" / "tmp").iterdir() if path.is_dir()]
        return json.loads((tmp_path / "results.json").read_text()), said

    return run


def test_no_secret_spoils_what_a_slice_hands_on(polls_in_slices: t.Any) -> None:
    secrets = ["1", "a", "true", "0.", "{", " ", ""]
    cases = [{"secrets": [secret], "text": "10.1 a true {}", "times": 1} for secret in secrets]
    results, said = polls_in_slices(cases)
    for secret, result in zip(secrets, results, strict=True):
        assert not result.get("failed"), (secret, result, said)
        assert all(result[key] is True for key in ("changed", "text_is_whole", "waited_before")), (secret, result)
    assert said.count("Poll: waiting for ") == len(secrets)


@pytest.mark.parametrize("pipelining", ["false", "true"])
def test_what_a_slice_hands_on_may_be_of_any_length(polls_in_slices: t.Any, pipelining: str) -> None:
    """The environment, and with it the command line of the next slice, ended at 128 KiB."""
    (result,), said = polls_in_slices(
        [{"secrets": [], "text": "i-0123456789abcdef ", "times": 60000}], ANSIBLE_PIPELINING=pipelining
    )
    assert not result.get("failed"), said
    assert all(result[key] is True for key in ("changed", "text_is_whole", "waited_before")), result
