# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._burst.survey import value_of
from ansible_collections.cloudburst.federation.plugins.module_utils._burst.variables import VARIABLES
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption

ZONES = ["eu-central-1a", "eu-central-1b"]


@pytest.mark.parametrize(
    "given",
    [
        ZONES,
        "eu-central-1a\neu-central-1b",
        "eu-central-1a\r\n\r\n  eu-central-1b \r\n",
        "eu-central-1a, eu-central-1b",
        "- eu-central-1a\n- eu-central-1b\n",
        "  - eu-central-1a\n  - eu-central-1b\n",
        "\t- eu-central-1a\r\n\t- eu-central-1b\r\n",
        "-\n  eu-central-1a\n-\n  eu-central-1b\n",
        "[eu-central-1a, eu-central-1b]",
        '["eu-central-1a", "eu-central-1b"]',
    ],
)
def test_a_list_as_a_text_area_gives_it(given: t.Any) -> None:
    assert value_of(given, "burst_zones", "list", []) == ZONES


def test_the_entries_of_a_list_are_text() -> None:
    assert value_of("- 1\n- 2.5", "burst_x", "list", []) == ["1", "2.5"]


@pytest.mark.parametrize("given", [None, "", "  \n", "\r\n"])
@pytest.mark.parametrize("kind", ["list", "data", "int", "bool", "duration"])
def test_an_empty_answer_is_not_set(given: t.Any, kind: str) -> None:
    assert value_of(given, "burst_x", kind, "the default") == "the default"


@pytest.mark.parametrize("given", [[{"from": 80, "to": 80}], "- {from: 80, to: 80}", '[{"from": 80, "to": 80}]'])
def test_structures_are_yaml_or_json(given: t.Any) -> None:
    assert value_of(given, "burst_ports", "data", []) == [{"from": 80, "to": 80}]


def test_manifests_are_read_as_kubectl_reads_them() -> None:
    assert value_of("- {since: 2026-11-27, at: 12:30:00}", "burst_apps", "data", []) == [
        {"since": "2026-11-27", "at": "12:30:00"}
    ]


def test_an_empty_list_is_one_that_is_set() -> None:
    assert value_of([], "burst_ports", "data", "the default") == []
    assert value_of("[]", "burst_ports", "data", "the default") == []


@pytest.mark.parametrize(("given", "number"), [("2", 2), (" 10 ", 10), (2, 2), (2.0, 2)])
def test_a_number(given: t.Any, number: int) -> None:
    assert value_of(given, "burst_node_count", "int", 1) == number


@pytest.mark.parametrize(
    ("given", "duration"), [("8h", "8h"), (" 90m\n", "90m"), ("off", "off"), (False, "off"), (8, "8")]
)
def test_a_duration(given: t.Any, duration: str) -> None:
    """YAML takes an off without quotation marks for false."""
    assert value_of(given, "burst_lease", "duration", "8h") == duration


@pytest.mark.parametrize(
    ("given", "truth"), [("true", True), ("No", False), ("1", True), (False, False), (1, True), ("y", True)]
)
def test_a_truth_value(given: t.Any, truth: bool) -> None:
    assert value_of(given, "burst_keep_federated", "bool", None) is truth


@pytest.mark.parametrize(
    ("given", "kind", "why"),
    [
        ("two", "int", "it must be a whole number"),
        ("2.5", "int", "it must be a whole number"),
        ("9" * 30, "int", "it must be a whole number"),
        ("perhaps", "bool", "it must be true or false"),
        ("{a: b}", "data", "it must be a list, in YAML or JSON"),
        ("80", "data", "it must be a list, in YAML or JSON"),
        ("- {from: 80", "data", "line 2.*it must be a list, in YAML or JSON"),
        ("- a\n---\n- b", "data", "it must be a list, in YAML or JSON"),
        ("- {a: b}", "list", "it must be a list: one entry per line"),
        ("- a\n-\n", "list", "it must be a list: one entry per line"),
        ({"a": "b"}, "list", "it must be a list"),
        (80, "data", "it must be a list"),
        (2.5, "int", "it must be a whole number"),
        (float("inf"), "int", "it must be a whole number"),
        (True, "int", "it must be a whole number"),
        ([2], "int", "it must be a whole number"),
        (2, "bool", "it must be true or false"),
        ([], "bool", "it must be true or false"),
        (["prod"], "str", "it must be text"),
        ({"a": "b"}, "str", "it must be text"),
        (True, "str", "in quotes where YAML would read anything else"),
        (True, "duration", "it must be text such as 8h, or off"),
    ],
)
def test_all_else_is_rejected_by_name(given: t.Any, kind: str, why: str) -> None:
    with pytest.raises(InvalidOption, match=f"burst_x.*{why}"):
        value_of(given, "burst_x", kind, [])


@pytest.mark.parametrize("given", [{"users": [{"user": {"token": "abc.def"}}]}, [{"token": "abc.def"}]])
@pytest.mark.parametrize("name", ["burst_kubeconfig", "burst_member_api_key"])
def test_what_is_no_text_is_not_shown_where_a_text_may_be_secret(given: t.Any, name: str) -> None:
    """Such as a kubeconfig's content in place of its path."""
    with pytest.raises(InvalidOption) as rejected:
        value_of(given, name, VARIABLES[name].kind, "")
    assert rejected.value.message.startswith(f"{name}: a {'mapping' if isinstance(given, dict) else 'list'} cannot")
    assert "abc" not in rejected.value.message


@pytest.mark.parametrize(("given", "kind"), [("{" + "x" * 100_000, "data"), ("9" * 100_000, "int")])
def test_a_long_value_is_not_repeated_whole(given: str, kind: str) -> None:
    with pytest.raises(InvalidOption) as rejected:
        value_of(given, "burst_apps", kind, [])
    assert len(rejected.value.message) < 400


@pytest.mark.parametrize("given", ["---\n- a\n- b\n", "# two\n- a\n- b\n"])
def test_a_list_in_yaml_may_begin_as_a_file_does(given: str) -> None:
    assert value_of(given, "burst_zones", "list", []) == ["a", "b"]


@pytest.mark.parametrize(
    ("given", "kind", "meant"),
    [
        (" vulcan\r\n", "str", "vulcan"),
        (123456789012, "str", "123456789012"),
    ],
)
def test_text(given: t.Any, kind: str, meant: t.Any) -> None:
    assert value_of(given, "burst_x", kind, "") == meant
