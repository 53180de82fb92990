# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source, run by its path as ansible-rulebook does, and the rulebooks around it."""

from __future__ import annotations

import asyncio
import re
import runpy
import socket
import threading
import time
import typing as t
from pathlib import Path

import jinja2
import pytest
import yaml
from jinja2.nativetypes import NativeEnvironment

from ansible_collections.cloudburst.federation.plugins.module_utils._burst.variables import VARIABLES
from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.options import demand_spec
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.argspec import kube_spec

EDA = Path(__file__).resolve().parents[3] / "extensions" / "eda"
SOURCE = EDA / "plugins" / "event_source" / "cluster_pressure.py"
# Of burst_watch and burst_status
TASKS = EDA.parents[1] / "playbooks" / "tasks" / "pressure.yml"
RULEBOOKS = sorted((EDA / "rulebooks").glob("*.yml"))
OWN = {"interval", "dry"}
# What a burst has anyhow
SHARED = {
    *("burst_name", "burst_kubeconfig", "burst_host_context"),
    *("burst_kubefed_namespace", "burst_apps", "burst_node_count"),
}
MODULE = "cloudburst.federation.cluster_pressure"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("K8S_AUTH_CONTEXT", raising=False)


@pytest.fixture(scope="module")
def source() -> dict[str, t.Any]:
    return runpy.run_path(str(SOURCE))


def test_options_are_those_of_the_module_and_all_are_documented(source: dict[str, t.Any]) -> None:
    documented = yaml.safe_load(source["DOCUMENTATION"])["options"]
    specs = {**kube_spec(), **demand_spec(), "interval": {"type": "float", "default": 30}, "dry": {"type": "bool"}}
    assert set(documented) == set(specs)
    for name, spec in specs.items():
        for key in ("type", "elements", "choices", "aliases", "required"):
            assert documented[name].get(key) == spec.get(key), (name, key)
        if "default" in spec:
            assert documented[name].get("default") == spec["default"], name


def test_arguments_are_read_as_a_modules_options(source: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_CONTEXT", "earth")
    given = {"name": "vulcan", "pending_seconds": "7", "signals": "", "kubeconfig": None}
    params = source["read_args"]({**given, "eda_feedback_queue": object()})
    assert (params["context"], params["pending_seconds"], params["interval"]) == ("earth", 7, 30)
    assert params["signals"] == ["pods", "autoscalers"]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "name"),
        ({"name": "vulcan", "intervall": 3}, "intervall"),
        *(({"name": "vulcan", "interval": wrong}, f"interval is {wrong}") for wrong in (0, -1, "nan", "inf")),
        ({"name": "vulcan", "pending_seconds": "soon"}, "pending_seconds"),
    ],
)
def test_wrong_arguments_are_named_in_one_line(source: dict[str, t.Any], given: dict[str, t.Any], named: str) -> None:
    with pytest.raises(ValueError, match=named) as caught:
        source["read_args"](given)
    assert "\n" not in str(caught.value)


def test_it_ends_with_one_line_where_nobody_answers(source: dict[str, t.Any]) -> None:
    args = {"name": "vulcan", "host": "https://127.0.0.1:1", "api_key": "not-shown"}
    with pytest.raises(Exception, match=r"no answer from 127\.0\.0\.1:1") as caught:
        asyncio.run(source["main"](asyncio.Queue(), args))
    assert "\n" not in str(caught.value)
    assert "not-shown" not in str(caught.value)


def test_it_ends_at_once_when_cancelled_and_never_blocks_the_loop(source: dict[str, t.Any]) -> None:
    """At an address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        args = {"name": "vulcan", "host": f"http://127.0.0.1:{server.getsockname()[1]}", "api_key": "x"}

        async def run() -> int:
            task = asyncio.create_task(source["main"](asyncio.Queue(), args))
            turns = 0
            until = time.monotonic() + 1
            while time.monotonic() < until:
                await asyncio.sleep(0.01)
                turns += 1
            began = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert time.monotonic() - began < 0.5
            return turns

        assert asyncio.run(run()) > 20


def test_what_a_thread_raises_is_raised_and_what_comes_too_late_is_dropped(source: dict[str, t.Any]) -> None:
    in_thread = source["in_thread"]
    go = threading.Event()

    async def late() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(in_thread(go.wait), 0.05)

    asyncio.run(late())
    go.set()
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(lambda: 1 // 0))
    assert asyncio.run(in_thread(lambda: 7)) == 7


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_rulebooks_take_the_variables_of_a_burst(path: Path, source: dict[str, t.Any]) -> None:
    (ruleset,) = yaml.safe_load(path.read_text())
    (entry,) = ruleset["sources"]
    options = entry[MODULE]
    assert set(options) <= set(demand_spec()) | set(kube_spec()) | OWN
    for option, value in options.items():
        variable = re.findall(r"\b(burst_\w+)", value)[0]
        own = variable.removeprefix("burst_watch_")
        assert variable in VARIABLES or own in ("interval", "node_labels", "node_allocatable"), variable
        assert own == option or variable in SHARED


def test_rulebooks_watch_alike() -> None:
    """What is asked stands in both, since a rulebook cannot include anything."""
    first, *others = [yaml.safe_load(path.read_text())[0] for path in RULEBOOKS]
    assert others
    for other in others:
        assert other["sources"] == first["sources"]
        assert [rule["condition"] for rule in other["rules"]] == [rule["condition"] for rule in first["rules"]]


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_rulebooks_begin_and_end_only_outside_dry_mode(path: Path) -> None:
    (ruleset,) = yaml.safe_load(path.read_text())
    for rule in ruleset["rules"]:
        dry = next(iter(rule["action"])) == "debug"
        assert rule["condition"].startswith(f"event.dry == {str(dry).lower()} and ")
    assert len(ruleset["rules"]) == 3


def test_the_playbook_asks_as_the_rulebooks_do() -> None:
    (asked,) = [task[MODULE] for task in yaml.safe_load(TASKS.read_text())]
    for path in RULEBOOKS:
        assert set(yaml.safe_load(path.read_text())[0]["sources"][0][MODULE]) - OWN == set(asked)


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    ("apps", "namespaces"),
    [
        ("", []),
        ([{"namespace": "shop", "placement": ["earth", "vulcan"]}], ["shop"]),
        # What stays at home is not helped by a burst
        ([{"namespace": "db", "placement": ["earth"]}, {"namespace": "shop", "placement": ["vulcan"]}], ["shop"]),
        ([{"namespace": name, "placement": ["vulcan"]} for name in ("shop", "a-1")], ["shop", "a-1"]),
    ],
)
def test_a_rulebook_counts_the_namespaces_that_the_burst_takes(
    path: Path, source: dict[str, t.Any], apps: t.Any, namespaces: list[str]
) -> None:
    text = yaml.safe_load(path.read_text())[0]["sources"][0][MODULE]["namespaces"]
    said = NativeEnvironment().from_string(text).render(burst_name="vulcan", burst_apps=apps)
    assert source["read_args"]({"name": "vulcan", "namespaces": said})["namespaces"] == namespaces


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    ("variables", "most"),
    [
        ({}, VARIABLES["burst_node_max"].default),
        ({"burst_node_max": ""}, VARIABLES["burst_node_max"].default),
        ({"burst_node_max": "3"}, 3),
        ({"burst_node_max": 3, "burst_apps": [{"namespace": "shop", "overflow": False}]}, 3),
        # Another run divides the replicas anew
        ({"burst_node_max": 3, "burst_apps": [{"namespace": "shop", "overflow": True}]}, 0),
    ],
)
def test_a_rulebook_knows_how_many_nodes_the_burst_may_have(path: Path, variables: dict[str, t.Any], most: int) -> None:
    text = yaml.safe_load(path.read_text())[0]["sources"][0][MODULE]["node_max"]
    assert int(jinja2.Environment().from_string(text).render(variables)) == most
