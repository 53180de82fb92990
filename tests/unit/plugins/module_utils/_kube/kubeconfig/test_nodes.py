# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files as programs and people have them, read as kubectl 1.35 reads them, by libyaml and by PyYAML alone."""

from __future__ import annotations

import gc
import json
import math
import time
import typing as t

import pytest
import yaml

from ansible_collections.cloudburst.federation.plugins.module_utils._aws.eks import clusters
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.kubeconfig import entries, nodes, text_edit
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import FederationError

REGION = "eu-central-1"
ARN = f"arn:aws:eks:{REGION}:123456789012:cluster/vulcan"
CLUSTER = {"name": "vulcan", "arn": ARN, "endpoint": "https://vulcan", "certificateAuthority": {"data": "Q0E="}}
ENTRY = clusters.exec_entry(CLUSTER, REGION, None, None)


@pytest.fixture(name="_reader", params=["libyaml", "PyYAML"])
def _each_reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[None]:
    if request.param == "PyYAML":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    elif not hasattr(yaml, "CSafeLoader"):
        pytest.skip("PyYAML was built without libyaml here")
    nodes.compose.cache_clear()
    yield
    nodes.compose.cache_clear()


def present(text: str, alias: str = "vulcan") -> tuple[str, bool]:
    data = entries.parse(text, "f")
    names = clusters.names_of(data, CLUSTER, REGION, alias, None)
    return entries.apply(text, data, clusters.edit_to_present(data, CLUSTER, REGION, names, ENTRY))


def absent(text: str) -> tuple[str, bool]:
    data = entries.parse(text, "f")
    return entries.apply(text, data, clusters.edit_to_absent(data, "vulcan", REGION, None, None))


def others(text: str) -> dict[str, t.Any]:
    """All but our entries, how nothing is written, and what an empty file gets."""
    data = entries.parse(text, "f")
    rest = {key: value for key, value in data.items() if key not in ("kind", "apiVersion", "current-context")}
    for key in entries.LISTS:
        rest[key] = [entry for entry in data.get(key) or [] if entry["name"] not in (ARN, "vulcan")]
    return rest


BLOCK = "kind: Config\nclusters:\n- name: a\n  cluster: {server: https://a}\ncontexts: []\nusers: []\n"
# kubectl reads each of them.
READ = {
    "null lists": "kind: Config\nclusters: null\ncontexts: ~\nusers:\ncurrent-context: Null\n",
    "JSON with null lists": '{"kind":"Config","clusters":null,"users":[],"contexts":null,"current-context":""}',
    "JSON without lists": '{\n  "apiVersion": "v1",\n  "kind": "Config"\n}\n',
    "JSON with tabs": '{\n\t"kind": "Config",\n\t"clusters": null,\n\t"users": [\n\t\t{"name": "u"}\n\t]\n}\n',
    "braces with nothing in them": "{}\n",
    "braces without quotes": '{kind: Config, clusters: [], users: , contexts: null, current-context: ""}',
    "two documents": f"---\n{BLOCK}---\nkind: Other\n",
    "an end without a beginning": f"{BLOCK}---\n",
    "a second document that is broken": f"{BLOCK}...\n---\nx: [\n",
    "an end": f"---\n{BLOCK}...\n",
    "a mark and carriage returns": "\ufeff" + BLOCK.replace("\n", "\r\n"),
    "nothing but a comment": "# none yet\n",
    "nothing": "",
    "an indented root": "  kind: Config\n  users:\n  - name: u\n  clusters: []\n",
    "a user without content": "users:\n- name: admin\ncontexts:\n- name: x\n  context: {user: admin, cluster: c}\n",
    "merged mappings": "x: &x {a: 1, b: [2]}\nusers:\n- name: &n u\n  user: {<<: *x, b: 3}\n- name: *n\n",
    "names that would be something else": "users:\n- name: 'no'\n- name: \"110\"\n- name: 2024-01-31\n- name: 1:30\n",
    "a next line in a name": 'users:\n- name: "a\\Nb\\Lc"\n  user: {token: x}\n',
    "a next line as it is": 'users:\n- name: "a\u0085b"\n  user: {token: x}\n',
    "names beyond the plane": "users:\n- name: Küche 🚀\n  user: {as: ü}\n",
    "unknown fields": "colors: true\nclusters:\n- name: a\n  cluster: {server: https://a, api-version: v1}\n",
}
JSON = {name: text for name, text in READ.items() if name.startswith("JSON")}


@pytest.mark.parametrize("name", READ)
@pytest.mark.usefixtures("_reader")
def test_what_kubectl_reads_is_read_and_changed_in_its_place(name: str) -> None:
    text = READ[name]
    with_it, kept = present(text)
    assert kept
    assert present(with_it) == (with_it, True)
    back, kept = absent(with_it)
    assert kept
    assert others(with_it) == others(back) == others(text)
    assert absent(back) == (back, True)
    assert entries.find(entries.parse(back, "f"), "users", ARN) is None
    if name in JSON:
        assert json.loads(with_it)["users"][-1]["name"] == ARN
        assert json.loads(back)["kind"] == "Config"
    if "\t" in text:
        assert with_it.startswith('{\n\t"kind"')
    assert with_it.endswith(text.partition(BLOCK)[2])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("clusters:\n- name: 110\n", r"name of entry 1 of clusters is a number \(110\)"),
        ("clusters:\n- name: on\n", r"name of entry 1 of clusters is a boolean \(True\)"),
        ("clusters:\n- name: y\n", r"is a boolean \(True\), not a string. Put it in quotes"),
        ("clusters:\n- name: 010\n", r"is a number \(8\)"),
        ("current-context: 1e3\n", r"current-context is a number \(1000.0\)"),
        ("clusters:\n- cluster: [a]\n  name: x\n", "cluster of x in clusters is a list, not a mapping"),
        ("clusters:\n\t- cluster:\n", "line 2, column 1"),
        ("%YAML 1.2\n---\nkind: Config\n", "kubectl accepts only %YAML 1.1"),
        ("a: !unknown x\n", "tag !unknown is not supported"),
        ("a: {[b]: c}\n", "a key is not a string"),
        ("kind: Config\n]\n", "line 2, column 1"),
        ("{}\n@\n", "line 2, column 1"),
        ("{}\n'x\n", "unexpected end of stream"),
    ],
)
@pytest.mark.usefixtures("_reader")
def test_what_kubectl_rejects_is_rejected(text: str, reason: str) -> None:
    with pytest.raises(FederationError, match=reason):
        entries.parse(text, "f")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *[(word, None) for word in ("", "~", "null", "Null")],
        *[(word, True) for word in ("y", "YES", "on", "true")],
        *[(word, False) for word in ("N", "no", "Off", "FALSE")],
        *[("12", 12), ("-0x1F", -31), ("1_000", 1000), ("0b11", 3), ("0o17", 15), ("017", 15), ("+7", 7)],
        *[("1e3", 1000.0), (".5", 0.5), ("089", 89.0), (".inf", math.inf), ("99999999999999999999", 1e20)],
        # PyYAML's own idea of them is another one.
        *[
            (word, word)
            for word in ("2024-01-31", "2024-01-31T10:11:12Z", "12:30:00", "1:30", "yEs", "1e999", "0x", "=")
        ],
    ],
)
def test_what_a_plain_word_is(written: str, value: t.Any) -> None:
    assert nodes.plain(written) == value
    assert type(nodes.plain(written)) is type(value)


@pytest.mark.parametrize(
    "text", ["a\u0085b", "\u2028", "\ufeffx", "\x7f", "tab\t", "two\nlines\n", " y ", "y", "1e3", "~", ""]
)
@pytest.mark.usefixtures("_reader")
def test_what_we_write_is_read_as_the_same(text: str) -> None:
    data = {"users": [{"name": text, "user": {"as": text}}]}
    for written in (entries.dump(data), text_edit.flow(data)):
        assert entries.parse(written, "f") == data
        assert yaml.safe_load(written) == data


@pytest.mark.parametrize("alias", ["a\u0085b", "a\u2028b", "a\x0bb", "\ufeffa"])
@pytest.mark.parametrize("before", ["", "users: []\ncontexts: []\n", '{"kind": "Config"}'])
@pytest.mark.usefixtures("_reader")
def test_a_name_with_a_strange_character_is_there_from_then_on(alias: str, before: str) -> None:
    try:
        with_it, kept = present(before, alias)
    except FederationError:
        return
    assert kept
    assert present(with_it, alias) == (with_it, True)


def many(number: int) -> str:
    data: dict[str, t.Any] = {"kind": "Config", "clusters": [], "contexts": [], "users": []}
    for index in range(number):
        name = ARN + str(index)
        cluster = {"certificate-authority-data": "QUJD" * 400, "server": f"https://{index}"}
        data["clusters"].append({"cluster": cluster, "name": name})
        data["contexts"].append({"context": {"cluster": name, "user": name}, "name": name})
        data["users"].append({"name": name, "user": {"exec": ENTRY}})
    return entries.dump(data)


@pytest.mark.skipif(not hasattr(yaml, "CSafeLoader"), reason="PyYAML was built without libyaml here")
@pytest.mark.parametrize(("number", "seconds"), [(100, 0.2), (850, 1.6)])
def test_large_files_take_no_time_to_speak_of(number: int, seconds: float) -> None:
    text = many(number)
    assert number < 850 or 1.8 * 2**20 < len(text) < 2 * 2**20
    began = time.process_time()
    _with_it, kept = present(text)
    # Half of it on a machine of the kind in use, with nobody else there.
    assert time.process_time() - began < seconds
    assert kept


def nested(levels: int) -> str:
    return "x: " + "[" * (levels - 1) + "]" * (levels - 1) + "\n"


def aliased(levels: int) -> str:
    return "x0: &x0 [1]\n" + "".join(f"x{number}: &x{number} [*x{number - 1}]\n" for number in range(1, levels - 1))


@pytest.mark.usefixtures("_reader")
def test_a_file_may_be_a_hundred_levels_deep_and_no_more() -> None:
    for text in (nested(100), aliased(100)):
        assert present(text)[1]
    with pytest.raises(
        FederationError, match=r"^f is broken in line 1, column 103: it is nested more than 100 levels deep\. It was"
    ):
        entries.parse(nested(101), "f")
    with pytest.raises(FederationError, match=r"^f is not a kubeconfig: its aliases expand to more than 100 levels\."):
        entries.parse(aliased(101), "f")
    with pytest.raises(FederationError, match="is nested more than 100 levels deep"):
        entries.parse('{"x": ' * 5000 + "1" + "}" * 5000, "f")


def test_many_small_entries_are_not_looked_through_again_and_again() -> None:
    text = "users:\n" + "".join(f"- name: u{number}\n  user: {{token: t}}\n" for number in range(20_000))
    runs: list[int] = []

    def collected(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            runs.append(info["generation"])

    gc.callbacks.append(collected)
    try:
        assert present(text)[1]
    finally:
        gc.callbacks.remove(collected)
    # It took three quarters of the time
    assert len(runs) <= 2


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 20_000, "- " * 100_000, "<" * 1_000_000, "? " * 50_000])
@pytest.mark.usefixtures("_reader")
def test_hostile_files_take_no_time_either(text: str) -> None:
    began = time.process_time()
    with pytest.raises(FederationError):
        entries.parse(text, "f")
    assert time.process_time() - began < 3
