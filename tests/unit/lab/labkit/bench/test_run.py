# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of how make bench times, and of what it asks for."""

from __future__ import annotations

import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
import yaml

from labkit.bench import access, join, meter, resources, run
from labkit.bench.report import Sample
from labkit.errors import LabError

MIB = 1024 * 1024


def metered(record: Path, *command: str) -> int:
    """Run a command under the meter; its exit status."""
    return subprocess.run([sys.executable, meter.__file__, str(record), *command], check=False).returncode


def test_meter_tells_time_and_size(tmp_path: Path) -> None:
    record = tmp_path / "record"
    assert metered(record, sys.executable, "-c", f"import time; x = b'x' * {60 * MIB}; time.sleep(0.5)") == 0
    sample = run.total(record.read_text())
    assert 0.5 < sample.seconds < 5
    assert 0.005 < sample.processor < 0.5
    assert 60 < sample.mebibytes < 100


def test_meter_is_small_itself(tmp_path: Path) -> None:
    record = tmp_path / "record"
    assert metered(record, "true") == 0
    assert run.total(record.read_text()).mebibytes < 30


@pytest.mark.parametrize(("script", "status"), [("exit 3", 3), ("kill -TERM $$", 143)])
def test_meter_passes_the_status_on(tmp_path: Path, script: str, status: int) -> None:
    assert metered(tmp_path / "record", "sh", "-c", script) == status


def test_total_adds_the_processes_of_a_task() -> None:
    record = (
        """{"seconds": 1.5, "processor": 0.5, "mebibytes": 40.0}\n{"seconds": 2, "processor": 1, "mebibytes": 30}\n"""
    )
    assert run.total(record) == Sample(3.5, 1.5, 40.0)


def test_a_command_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"(?s)ended with 4\n.*as far as that"):
        run.Bench(tmp_path).script("echo as far as that\nexit 4")


def test_a_script_ends_with_its_first_failure(tmp_path: Path) -> None:
    with pytest.raises(LabError):
        run.Bench(tmp_path).script("false\ntrue")


def test_a_gate_is_passed_before_and_not_timed(tmp_path: Path) -> None:
    bench = run.Bench(tmp_path)
    sample = bench.script(f"test -e {tmp_path}/passed", gate=f"sleep 1; touch {tmp_path}/passed")
    assert sample.seconds < 1


def test_the_gate_of_a_task_is_passed_once(tmp_path: Path) -> None:
    run.Bench(tmp_path)
    (tmp_path / "gate").write_text(f"echo passed >> {tmp_path}/passed")
    for _each in range(2):
        subprocess.run([tmp_path / "python", "-c", ""], check=True)
    assert (tmp_path / "passed").read_text() == "passed\n"
    assert len((tmp_path / "waited").read_text().splitlines()) == 1
    assert len((tmp_path / "record").read_text().splitlines()) == 2


def test_waiting_has_an_end(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(LabError, match="in vain for the end of time"):
        run.Bench(tmp_path).until("the end of time", lambda: False, timeout=0.1, every=0.01)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("output", "changed"),
    [
        ("changed: [mgmt]\n\nPLAY RECAP ***\nmgmt   : ok=1    changed=1    unreachable=0    failed=0\n", True),
        ("ok: [mgmt] => changed=1\n\nPLAY RECAP ***\nmgmt   : ok=1    changed=0    unreachable=0\n", False),
        ("ERROR!", None),
    ],
)
def test_recap(output: str, changed: bool | None) -> None:
    assert run.recap_changed(output) is changed


def test_everybody_begins_once() -> None:
    assert [run.turned("abc", turn)[0] for turn in range(4)] == ["a", "b", "c", "a"]
    assert run.turned("abc", 2) == ["c", "a", "b"]


def test_resources_are_one_file_for_all() -> None:
    documents = list(yaml.safe_load_all(resources.documents(resources.config_map(number) for number in range(3))))
    assert [document["metadata"]["name"] for document in documents] == ["bench-0000", "bench-0001", "bench-0002"]
    assert documents[0]["spec"]["placement"] == {"clusters": []}


@pytest.mark.parametrize(("text", "value"), [("10s", 10), ("1m30s", 90), ("2m", 120), ("2m0s", 120), ("0.5s", 0.5)])
def test_duration(text: str, value: float) -> None:
    assert join.seconds(text) == value


def documentation(**options: t.Any) -> dict[str, t.Any]:
    """As ansible-doc tells it."""
    return {access.MODULE: {"doc": {"options": options}}}


def test_choices_are_asked_of_the_documentation() -> None:
    state = {"choices": ["present", "absent"]}
    found = access.choices(documentation(state=state, name={}, exec={"choices": ["aws", "helper"]}))
    assert found == [{}, {"exec": "aws"}, {"exec": "helper"}]


def test_way_of_a_kubeconfig() -> None:
    entry = {"command": "/opt/token", "args": ["--for", "vulcan"], "env": [{"name": "AWS_PROFILE", "value": "burst"}]}
    way = access.way_of({"users": [{"name": "x", "user": {"exec": entry}}]}, "file", {"exec": "helper"})
    who = "eks_kubeconfig's entry, exec=helper"
    assert way == access.Way(
        who, ("/opt/token", "--for", "vulcan"), (("AWS_PROFILE", "burst"),), "file", (("exec", "helper"),)
    )
    assert not access.is_peers(way)


def test_way_of_the_peer() -> None:
    entry = {"command": "aws", "args": ["--region", "eu-central-1", "eks", "get-token"], "env": None}
    way = access.way_of({"users": [{"name": "x", "user": {"exec": entry}}]}, "file", {})
    assert way is not None
    assert way.who == "eks_kubeconfig's entry"
    assert access.is_peers(way)


def test_way_without_a_command() -> None:
    assert access.way_of({"users": [{"name": "x", "user": {"token": "k8s-aws-v1.x"}}]}, "file", {}) is None
    assert access.way_of({"users": None}, "file", {}) is None
