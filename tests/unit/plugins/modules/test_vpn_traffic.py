# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tunnels' script says, and what the user reads of it."""

from __future__ import annotations

import contextlib
import io
import json
import re
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils import basic

from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.module import PROGRESS_VARIABLE
from ansible_collections.cloudburst.federation.plugins.modules import vpn_traffic

UP = "tunnel 1 (198.51.100.10, ipsec0) is up, 84 bytes in"
DOWN = "tunnel 2 (198.51.100.11) is down, its service is active, strongSwan last said: retransmit 2"

Slice = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Slice:
    """Runs one slice of the module with a script that says this and ends with that."""

    def run(status: int, said: str, *, waited: float = 0.0, **options: t.Any) -> dict[str, t.Any]:
        script = tmp_path / "tunnel"
        script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >{tmp_path}/asked\ncat <<END\n{said}\nEND\nexit {status}\n')
        script.chmod(0o755)
        arguments = {"script": str(script), "probe_host": "10.11.0.5", "wait_timeout": 100, **options}
        monkeypatch.setenv(PROGRESS_VARIABLE, json.dumps({"slice": 0, "waited": waited, "slice_state": {}}))
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
        output = io.StringIO()
        with contextlib.redirect_stdout(output), pytest.raises(SystemExit):
            vpn_traffic.main()
        answer: dict[str, t.Any] = json.loads(output.getvalue())
        return answer

    return run


def test_both_tunnels(look: Slice, tmp_path: Path) -> None:
    result = look(0, f"{UP}\n10.11.0.5 port 443 answers")
    assert (result["passes"], result["changed"]) == (True, False)
    assert result["tunnels"] == [UP, "10.11.0.5 port 443 answers"]
    assert (tmp_path / "asked").read_text() == "check 10.11.0.5 443\n"


def test_what_strongswan_said_is_shown_while_it_lasts(look: Slice) -> None:
    pending = look(1, DOWN)["pending"]
    assert (pending["what"], pending["last"]) == ("traffic to pass through the tunnels", DOWN)


def test_one_tunnel_is_enough_after_a_minute(look: Slice) -> None:
    assert look(3, f"{UP}\n{DOWN}")["pending"]["last"] == f"{UP}; {DOWN}"
    assert look(3, f"{UP}\n{DOWN}", waited=61.0)["passes"]
    assert look(3, f"{UP}\n{DOWN}", waited=31.0, wait_timeout=30)["passes"]


def test_the_deadline_tells_where_to_look(look: Slice) -> None:
    result = look(1, DOWN, waited=101.0)
    # A busy machine may need a second more.
    said = r"No traffic passes through the tunnels\. Timed out after 10[1-9] s waiting for traffic"
    assert re.match(said, result["msg"])
    assert f"Last state: {DOWN}. No tunnel is up: check the path from this host to the peer" in result["msg"]
    result = look(1, f"{UP}\n10.11.0.5 port 443 does not answer: nothing came back", waited=101.0)
    assert (
        "A tunnel is up: look at the routes back and the rules at the other end (on AWS the VPN connection's static"
        in result["msg"]
    )


def test_a_script_that_does_not_work(look: Slice) -> None:
    assert "failed with 2: there is no tunnel 3" in look(2, "there is no tunnel 3")["msg"]
    result = look(0, "", script="/nowhere/tunnel")
    assert "/nowhere/tunnel cannot be run: No such file or directory. Run the role site_to_site_vpn" in result["msg"]


def test_without_waiting(look: Slice) -> None:
    assert look(1, DOWN, wait=False)["passes"] is False
