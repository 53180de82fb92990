# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manifests are read as kubectl reads them.

What is expected was taken from k8s.io/apimachinery 0.35.4 (YAMLOrJSONDecoder), given the same texts.
"""

from __future__ import annotations

import json
import math
import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources import yaml_reader
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption


def documents(text: str) -> list[t.Any]:
    return yaml_reader.read(text, "shop.yml").documents


def chain(levels: int) -> str:
    """Nested by aliases, with as much without them as go-yaml wants to see."""
    links = [f"a{n}: &a{n} [{f'*a{n - 1}' if n else 1}]" for n in range(levels - 1)]
    return "\n".join([f"plain: [{'x,' * 500}]", *links])


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T10:11:12Z", "2026-01-31T10:11:12Z"),
        ("2026-01-31 10:11:12", "2026-01-31 10:11:12"),
        ("12:30:00", "12:30:00"),
        ("10:20:30:40:50:59", "10:20:30:40:50:59"),
        ("1:1.5", "1:1.5"),
        ("yes", True),
        ("On", True),
        ("y", True),
        ("N", False),
        ("off", False),
        ("yEs", "yEs"),
        ("~", None),
        ("Null", None),
        ("", None),
        ("0777", 511),
        ("0o17", 15),
        ("08", 8),
        ("0x1F", 31),
        ("0X1f", 31),
        ("-0b11", -3),
        ("0b2", "0b2"),
        ("0x", "0x"),
        ("1_000", 1000),
        ("_1", "_1"),
        ("+5", 5),
        ("1.10", 1.1),
        ("1.", 1),
        (".5", 0.5),
        (".5_0", 0.5),
        ("1e3", 1000),
        ("1e21", 1e21),
        ("1e400", "1e400"),
        ("9223372036854775807", 9223372036854775807),
        ("18446744073709551615", 18446744073709551615),
        ("18446744073709551616", 18446744073709552000),
        ("1.2.3", "1.2.3"),
        ("'5'", "5"),
        ("! 5", "5"),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
        ("!!bool on", True),
        ("!!binary aGVsbG8=", "hello"),
        ("!ours 5", "5"),
        ("!!timestamp 2026-01-31", "2026-01-31"),
    ],
)
def test_a_plain_value(plain: str, expected: t.Any) -> None:
    (found,) = documents(f"a: {plain}\n")
    assert found == {"a": expected}
    assert type(found["a"]) is type(expected)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("on", "true"),
        ("no", "false"),
        ("0777", "511"),
        ("1.10", "1.1"),
        ("1e20", "1e+20"),
        ("1234567.5", "1.2345675e+06"),
        ("2026-01-31", "2026-01-31"),
        (".inf", ".inf"),
        ("1e300", ".inf"),
    ],
)
def test_a_key_becomes_text(key: str, expected: str) -> None:
    assert documents(f"{key}: x") == [{expected: "x"}]


def test_aliases_and_merge_keys() -> None:
    assert documents("a: &a {x: 1}\nb: *a") == [{"a": {"x": 1}, "b": {"x": 1}}]
    assert documents("a: &a {x: 1, z: 2}\nb: {<<: *a, x: 3}")[0]["b"] == {"x": 3, "z": 2}
    # Here go-yaml differs from PyYAML: what is merged in goes over what was before
    assert documents("a: &a {x: 1, z: 2}\nb: {x: 3, <<: *a}")[0]["b"] == {"x": 1, "z": 2}
    assert documents("a: &a {x: 1}\nb: &b {x: 2}\nc: {<<: [*a, *b]}")[0]["c"] == {"x": 1}
    assert documents("'<<': 1") == [{"<<": 1}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": "\\ud83d\\ude80", "b": "x\\/y"}', [{"a": "\U0001f680", "b": "x/y"}]),
        ('{"a": "\\ud83d"}', [{"a": "\ufffd"}]),
        ('{\n\t"a": 1\n}', [{"a": 1}]),
        ('{"a": 1.0, "b": 1e3}', [{"a": 1, "b": 1000}]),
        ('{"a": 1}{"b": 2}\n{"c": 3}\n', [{"a": 1}, {"b": 2}, {"c": 3}]),
        ('{"a": 1}\n---\n{"b": 2}\n---\nc: 3\n', [{"a": 1}, {"b": 2}, {"c": 3}]),
        ("{a: b}", [{"a": "b"}]),
        ('{"a": 1,}', [{"a": 1}]),
        ('\n [{"a": "\\ud83d\\ude80"}]', [[{"a": "\U0001f680"}]]),
        ("[a, yes]", [["a", True]]),
        ("---\n# none\n---\n\n---\na: 1\n---\n", [None, None, {"a": 1}, None]),
        ("# none\n", []),
        ("", []),
        ("\ufeffa: 1", [{"a": 1}]),
        ("a: 1\n---\n\ufeffa: 2\nb: 3\n--- # c\r\n\ufeffa: 4\nb: 5", [{"a": 1}, {"a": 2, "b": 3}, {"a": 4, "b": 5}]),
        ("a: 1\r\nb: |\r\n  x\r\n  y\r\n", [{"a": 1, "b": "x\ny\n"}]),
    ],
)
def test_a_text(text: str, expected: list[t.Any]) -> None:
    assert documents(text) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_may_begin_with_a_byte_order_mark(encoding: str) -> None:
    assert yaml_reader.decoded("a: \u00e4".encode(encoding), "x") == "a: \u00e4"


@pytest.mark.parametrize("content", [b"a: \xff", b"\xff\xfea"])
def test_what_is_no_text_is_rejected(content: bytes) -> None:
    with pytest.raises(InvalidOption, match=r"shop\.yml cannot be read: it is not UTF"):
        yaml_reader.decoded(content, "shop.yml")


@pytest.mark.parametrize("text", ["a: 1\na: 2", '{"a": 1, "a": 2}'])
def test_a_key_that_is_given_twice_is_told(text: str) -> None:
    found = yaml_reader.read(text, "shop.yml")
    assert found.documents == [{"a": 2}]
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("shop.yml: the key a is given twice")


def test_what_a_merge_key_brings_is_not_given_twice() -> None:
    assert yaml_reader.read("a: &a {x: 1}\nb: {<<: *a, x: 3}", "shop.yml").warnings == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: b: c", r"shop\.yml is not YAML: line 1, column 5"),
        ("a: 1\nb: [1, 2\nc: 3", "line 3"),
        ('{"a": 1}{"b": 2}{c: 3}', "not JSON, line 1"),
        ('{"a": \n"\\x"}', "not JSON, line 2.*and not YAML"),
        ("a: *nowhere", "unknown anchor 'nowhere'"),
        ("a: &a [*a]", "contains itself"),
        ("<<: 1", "a merge key"),
        ("a:\n  ~: 1", "line 2: a key is empty"),
        ("[x]: 1", "a key is a list"),
        ("a: .nan", "line 1: nan is not a JSON number"),
        ("a: -.inf", "not a JSON number"),
        ("a: !!int x", "line 1: 'x' is no int"),
        ("a: !!binary iVBORw0KGgo=", "line 1: a value has the tag !!binary"),
        ("a: 1\x00", "NUL"),
        ("[" * 20000, "nested more than 200 levels deep"),
        ("[" * 201 + "]" * 201, r"^shop.yml cannot be read: it is nested more than 200 levels deep\.$"),
        ("a: 1\nb: " + "[" * 200 + "]" * 200, r"^shop.yml cannot be read: line 2: it is nested more than 200 levels"),
        (chain(201), r"line 2: it is nested more than 200 levels deep"),
        ("a: " + "[" * 300, "line 1: it is nested more than 200 levels deep"),
        ('{"a":' * 20000, "nested more than 200 levels deep"),
    ],
)
def test_what_can_not_be_read_is_rejected(text: str, says: str) -> None:
    with pytest.raises(InvalidOption, match=says):
        documents(text)


def test_what_is_nested_deeply_may_be_read() -> None:
    for text in ("[" * 200 + "]" * 200, "a: " + "[" * 199 + "]" * 199, chain(200)):
        assert len(documents(text)) == 1


def test_a_short_text_that_means_a_long_one_is_rejected() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(InvalidOption, match="excessive aliasing"):
        documents("\n".join(lines))


def test_numbers_of_a_playbook_are_written_as_go_writes_them() -> None:
    assert (
        json.dumps(yaml_reader.as_json({"a": [1.0, 1.5, True, 1e21]}, "definition")) == '{"a": [1, 1.5, true, 1e+21]}'
    )
    # Beyond 64 bits with a sign, the API server has it as a float: another value would differ for ever
    large = [2**63 - 1, -(2**63), 2**63, 10**29]
    assert json.dumps(yaml_reader.as_json(large, "definition")) == (
        "[9223372036854775807, -9223372036854775808, 9223372036854776000, 1e+29]"
    )
    assert documents('{"a": 12345678901234567890}') == [{"a": 12345678901234567000}]
    with pytest.raises(InvalidOption, match="too large"):
        yaml_reader.as_json([10**400], "definition")
    with pytest.raises(InvalidOption, match="not a JSON number"):
        yaml_reader.as_json([math.inf], "definition")
    deep: t.Any = 1
    for _level in range(400):
        deep = {"a": deep}
    with pytest.raises(InvalidOption, match="definition cannot be read: it is nested more than 200 levels deep"):
        yaml_reader.as_json(deep, "definition")
