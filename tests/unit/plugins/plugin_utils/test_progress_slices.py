# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waits of two slices, run by ansible-playbook: what one leaves reaches the next, and what both say is shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

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
from {FEDERATION}.module_utils._runtime.errors import TerminalState
from {FEDERATION}.module_utils._runtime.module import run_module
from {FEDERATION}.module_utils._runtime.wait import PollResult


def call(run):
    params = run.module.params
    run.module.no_log_values.update(filter(None, params["secrets"]))
    waited = run.waiter.elapsed - run.waiter.spent

    def poll():
        time.sleep(0.1)
        polls = run.slice_state["polls"] = run.slice_state.get("polls", 0) + 1
        run.slice_state["text"] = run.slice_state.get("text", params["text"] * params["times"])
        if polls == 2 and params["foreign"]:
            run.warn(f"warned of {{params['foreign']}}")
            run.result["said"] = params["foreign"]
            raise TerminalState(f"It says: {{params['foreign']}}", answer=params["foreign"])
        return PollResult(polls == 2, f"poll {{params['foreign']}}")

    run.waiter.until("all polls", poll)
    run.module.exit_json(
        changed=True,
        text_is_whole=run.slice_state["text"] == params["text"] * params["times"],
        waited_before=0 < waited < 60,
    )


run_module(
    AnsibleModule(
        argument_spec={{
            "secrets": {{"type": "list", "default": [], "no_log": False}},
            "text": {{"type": "str", "default": ""}},
            "times": {{"type": "int", "default": 1}},
            "foreign": {{"type": "str"}},
            "wait_timeout": {{"type": "int", "default": 60}},
            "wait_sleep": {{"type": "int", "default": 1}},
        }}
    ),
    call,
)
"""


Play = t.Callable[..., tuple[list[dict[str, t.Any]], str]]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Runs tasks, and returns what each has registered, and all that was shown."""
    (tmp_path / "collections" / "ansible_collections" / "cloudburst").mkdir(parents=True)
    (tmp_path / "collections" / "ansible_collections" / "cloudburst" / "federation").symlink_to(CHECKOUT)
    for folder, text in (("library", MODULE), ("action_plugins", ACTION)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "polls.py").write_text(text)
    (tmp_path / "hosts").write_text("localhost\n[burst_firewall]\n[burst_nodes]\n")
    (tmp_path / "templates").symlink_to(CHECKOUT / "playbooks" / "templates")

    def run(tasks: list[dict[str, t.Any]], **environment: str) -> tuple[list[dict[str, t.Any]], str]:
        kept = {"content": "{{ results | to_json }}", "dest": str(tmp_path / "results.json"), "mode": "0600"}
        entry = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "tasks": [
                *({**task, "register": f"result_{number}", "ignore_errors": True} for number, task in enumerate(tasks)),
                {
                    "name": "Keep the results",
                    "ansible.builtin.copy": kept,
                    "vars": {"results": [f"{{{{ result_{number} }}}}" for number in range(len(tasks))]},
                },
            ],
        }
        (tmp_path / "playbook.yml").write_text(json.dumps([entry]))
        ended = subprocess.run(
            [sys.executable, Path(sys.executable).with_name("ansible-playbook"), "--inventory=hosts", "playbook.yml"],
            cwd=tmp_path,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"),
                "ANSIBLE_HOME": str(tmp_path / "home"),
                "ANSIBLE_NOCOLOR": "true",
                "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
                "ANSIBLE_REMOTE_TMP": str(tmp_path / "home" / "tmp"),
                "HOME": str(tmp_path),
                **environment,
            },
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        said = ended.stdout + ended.stderr
        assert ended.returncode == 0, said
        assert not [path for path in (tmp_path / "home" / "tmp").iterdir() if path.is_dir()]
        return json.loads((tmp_path / "results.json").read_text()), said

    return run


def test_no_secret_spoils_what_a_slice_hands_on(play: Play) -> None:
    secrets = ["1", "a", "true", "0.", "{", " ", ""]
    results, said = play([{"name": "Poll", "polls": {"secrets": [s], "text": "10.1 a true {}"}} for s in secrets])
    for secret, result in zip(secrets, results, strict=True):
        assert not result.get("failed"), (secret, result, said)
        assert all(result[key] is True for key in ("changed", "text_is_whole", "waited_before")), (secret, result)
    assert said.count("Poll: waiting for ") == len(secrets)


@pytest.mark.parametrize("pipelining", ["false", "true"])
def test_what_a_slice_hands_on_may_be_of_any_length(play: Play, pipelining: str) -> None:
    """The environment, and with it the command line of the next slice, ended at 128 KiB."""
    states = [
        {"text": "i-0123456789abcdef ", "times": 60000},
        # A shell's quotes make up to 17 characters of each
        {"text": "'", "times": 30000},
    ]
    results, said = play([{"name": "Poll", "polls": state} for state in states], ANSIBLE_PIPELINING=pipelining)
    for result in results:
        assert not result.get("failed"), said
        assert all(result[key] is True for key in ("changed", "text_is_whole", "waited_before")), result


def task_of(file: str, name: str, **variables: t.Any) -> dict[str, t.Any]:
    """A task of the collection's own, however deep it is in blocks."""

    def tasks(entries: list[dict[str, t.Any]]) -> t.Iterator[dict[str, t.Any]]:
        for entry in entries:
            yield entry
            for part in ("tasks", "block", "rescue", "always"):
                yield from tasks(entry.get(part) or [])

    (found,) = [task for task in tasks(yaml.safe_load((CHECKOUT / file).read_text())) if task.get("name") == name]
    return {**found, "vars": {**(found.get("vars") or {}), **variables}}


def test_text_of_others_does_nothing_to_a_terminal(play: Play) -> None:
    """Neither between slices, nor in warnings, failures and results, nor in what roles and playbooks show."""
    foreign = "\x1b]0;mine\x07\x1b[2J \x9b31m \u202eevil\u2066 \u2028stack x: DELETED \rend"
    secret = "two\nlines \x07secret"
    status = {
        "burst_name": "vulcan",
        "burst_is_eks": True,
        "burst_has_tunnel": False,
        "eks_stack_status": {
            "stacks": {},
            "tunnel_ends": [{"outside_ip_address": "1.2.3.4", "status": "DOWN", "status_message": foreign}],
            "costs": {},
        },
        "burst_members": {
            "resources": [
                {
                    "metadata": {"name": "vulcan"},
                    "status": {
                        "conditions": [{"type": "Offline", "reason": "Gone", "message": f"{foreign}\nstack y: "}]
                    },
                }
            ]
        },
        "burst_federated": {"resources": []},
        "burst_watch_demand": {"failed": True, "msg": foreign},
    }
    failed = {"msg": foreign}
    events = {"resources": [{"metadata": {"creationTimestamp": "2026-11-25T04:00:00Z"}, "message": foreign}]}
    namespace = {"resources": [{"status": {"conditions": [{"status": "True", "message": foreign}]}}]}
    host = {"kubefed_host_namespace": "kubefed", "ansible_failed_result": failed}
    present, absent = "roles/kubefed_host/tasks/present.yml", "roles/kubefed_host/tasks/absent.yml"
    check = {"burst_check_region": "eu-central-1", "burst_check_profile": "", "ansible_failed_result": failed}
    tasks = [
        {"name": "Poll", "polls": {"foreign": foreign + secret, "secrets": [secret]}},
        task_of(present, "present | Fail with what helm and the cluster say", **host, __kubefed_host_events=events),
        task_of(
            absent,
            "absent | Fail with what blocks the deletion of the namespace",
            **host,
            __kubefed_host_remaining=namespace,
        ),
        task_of("roles/burst_check/tasks/main.yml", "Fail with AWS's message", **check),
        task_of("playbooks/burst_status.yml", "Show the burst", **status),
    ]
    results, said = play(tasks)
    obeyed = {character for character in said if not character.isprintable() and character != "\n"}
    assert not obeyed, (obeyed, said)
    assert all("evil" in str(result.get("msg")) for result in results), results
    assert [line for line in results[-1]["msg"] if line.startswith("stack")] == [
        "stack cloudburst-vulcan: there is none"
    ]
    assert said.count("evil") >= len(results) + 3
    assert "\x1b" not in str(results)
    assert "secret" not in said.replace('"secrets"', ""), said
