# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a kubeconfig looks like, what an edit does not touch is the same afterwards, to the byte."""

from __future__ import annotations

import itertools
import json
import random
import typing as t

import pytest
import yaml

from ansible_collections.cloudburst.federation.plugins.module_utils._aws.eks import clusters
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.kubeconfig import entries
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import FederationError

REGION = "eu-central-1"
ARN = f"arn:aws:eks:{REGION}:123456789012:cluster/vulcan"
CLUSTER = {"name": "vulcan", "arn": ARN, "endpoint": "https://vulcan", "certificateAuthority": {"data": "Q0E="}}
SEEDS = range(25)

# Entries of others as people and programs write them. Each is given with the indentation of its list.
CLUSTERS = [
    "- cluster:\n    server: https://a   # ours\n  name: {name}\n",
    "- name: {name}\n  cluster: {{server: 'https://b', certificate-authority: \"/x # y\"}}  # flow\n",
    "- # a dash alone\n  # and this\n  name: {name}\n  cluster:\n    server: >-\n      https://folded\n      .com\n",
    '- {{"name": "{name}", "cluster": {{"server": "https://j"}}}}\n',
    "-\n  name: {name}\n  cluster:\n    extensions:\n    - name: minikube\n      extension:\n        at: 2024-01-31\n",
    "- !!map\n  name: '{name}'\n  cluster: ~\n",
]
USERS = [
    "- name: {name}\n  user:\n    token: |+\n      one\n        two\n\n",
    "- name: {name}\n  user:\n    client-key-data: |\n      ä€𝄞\n# not of the text above\n",
    "- user: &u{n}\n    token: abc\n  name: {name}\n- name: {name}-again\n  user: *u{n}\n",
    "- name: {name}\n  user:\n    exec:\n      args: [get, --it]\n      command: x\n      env: null\n",
    "- name: {name}\n  user: {{}}   # nobody\n",
    '- &e{n}\n  name: {name}\n  user: {{password: "a\\tb\'#"}}\n',
    "- name: {name}\n  user:\n    <<: {{token: merged}}\n    as: me\n",
]
CONTEXTS = [
    "- context:\n    cluster: c\n    user: u\n  name: {name}\n",
    "- name: {name}\n  context: {{cluster: c, user: u, namespace: 'n'}}\n\n# after an empty line\n",
    '- "name": "{name}"\n  "context":\n    "cluster": "c"\n    user: >\n      folded\n\n',
]
EMPTY = {
    "clusters": ["clusters: []\n", "clusters:\n", "clusters: null # none\n", "", "clusters: [  ] # none\n"],
    "contexts": ["contexts: []\n", "contexts: ~\n", "", "contexts: [\n# none\n]\n"],
    "users": ["users: []   # none\n", '"users" : []\n', "", "users:    \n"],
}
OTHERS = [
    "apiVersion: v1\n",
    "kind: Config\n",
    "preferences: {}\n",
    "# a comment: with a colon\n",
    "\n",
    "extensions:\n- name: x\n  extension:\n  - a\n  - b # last\n",
]
CURRENT = ["current-context: ''\n", 'current-context: ""  # none\n', "current-context:\n", "current-context: a\n", ""]


def build(seed: int) -> str:
    """A kubeconfig, always the same for a seed."""
    chance = random.Random(seed)
    numbers = itertools.count()
    parts = chance.sample(OTHERS, chance.randint(0, len(OTHERS)))
    for key, choices in (("clusters", CLUSTERS), ("users", USERS), ("contexts", CONTEXTS)):
        indent = chance.choice(["", "  ", "    "])
        chosen = chance.choices(choices, k=chance.randint(0, 4))
        if not chosen:
            parts.append(chance.choice(EMPTY[key]))
            continue
        text = chance.choice([f"{key}:\n", f"{key}: # these\n", f"'{key}':\n# first\n"])
        for entry in chosen:
            number = next(numbers)
            filled = entry.format(name=f"n{number}", n=number)
            text += "".join(indent + line if line.strip() else line for line in filled.splitlines(keepends=True))
        parts.append(text)
    parts.append(chance.choice(CURRENT))
    chance.shuffle(parts)
    whole = chance.choice(["", "---\n", "# head\n---\n", "\ufeff"]) + "".join(parts)
    # A block of text at the very end is another text without its last line's end.
    if chance.random() < 0.3 and not whole.rstrip().endswith(("folded", ".com", "two", "𝄞")):
        whole = whole.rstrip("\n")
    if chance.random() < 0.3:
        whole = whole.replace("\n", "\r\n")
    return whole


def flow(seed: int) -> str:
    """A kubeconfig in JSON, as programs write it: on one line or indented."""
    chance = random.Random(seed)
    data: dict[str, t.Any] = {"kind": "Config", "apiVersion": "v1"}
    for key, name in entries.LISTS.items():
        if chance.random() < 0.9:
            data[key] = [{"name": f"n{n}", name: {"x": "ä}],{"}} for n in range(chance.randint(0, 3))]
    if chance.random() < 0.5:
        data["current-context"] = chance.choice(["", "n1"])
    items = list(data.items())
    chance.shuffle(items)
    indent = chance.choice([None, 1, 2, 4])
    return json.dumps(dict(items), indent=indent, ensure_ascii=False) + chance.choice(["", "\n"])


def present(text: str, context: str = "vulcan") -> str:
    data = entries.parse(text, "f")
    names = clusters.names_of(data, CLUSTER, REGION, context, None)
    entry = clusters.exec_entry(CLUSTER, REGION, None, None)
    edited, kept = entries.apply(text, data, clusters.edit_to_present(data, CLUSTER, REGION, names, entry))
    assert kept
    return edited


def absent(text: str) -> str:
    data = entries.parse(text, "f")
    edited, kept = entries.apply(text, data, clusters.edit_to_absent(data, "vulcan", REGION, None, None))
    assert kept
    return edited


def foreign(text: str) -> dict[str, t.Any]:
    """What others have in a kubeconfig."""
    data = entries.parse(text, "f")
    rest = {key: value for key, value in data.items() if key not in (*entries.LISTS, "current-context")}
    for key in entries.LISTS:
        rest[key] = [entry for entry in data.get(key) or [] if entry["name"] not in (ARN, "vulcan")]
    return rest


def is_within(before: str, after: str) -> bool:
    """Whether after is before with something put in between; empty lists and the current context do not count."""

    def lines(text: str) -> list[str]:
        words = ("clusters", "contexts", "users", "'", '"users', "current-context", "]")
        kept = [line for line in text.split("\n") if not line.lstrip("\ufeff").startswith(words)]
        return kept[:-1] + ([kept[-1]] if kept[-1] else []) if kept else []

    rest = iter([line.rstrip("\r") for line in lines(after)])
    return all(line.rstrip("\r") in rest for line in lines(before))


@pytest.mark.parametrize("seed", SEEDS)
def test_text_of_others_stays_to_the_byte(seed: int) -> None:
    text = build(seed)
    with_it = present(text)
    assert foreign(with_it) == foreign(text)
    assert is_within(text, with_it), with_it
    assert ("\r\n" in with_it) == ("\r\n" in text) or "\n" not in text
    assert present(with_it) == with_it
    # And back again: but for how an empty list and an empty current context are written, and a last line's end.
    back = absent(with_it)
    assert foreign(back) == foreign(text)
    assert is_within(text, back), back
    assert absent(back) == back
    # From then on it is the same every time.
    assert absent(present(back)) == back


@pytest.mark.parametrize("seed", SEEDS)
def test_json_stays_json_and_others_stay_to_the_byte(seed: int) -> None:
    text = flow(seed)
    with_it = present(text)
    json.loads(with_it)
    assert foreign(with_it) == foreign(text)
    rest = iter(with_it)
    assert all(character in rest for character in text.replace('""', "").replace("[]", ""))
    assert present(with_it) == with_it
    back = absent(with_it)
    json.loads(back)
    assert foreign(back) == foreign(text)
    assert absent(present(back)) == back


@pytest.mark.parametrize("seed", SEEDS)
def test_entries_in_the_middle_go_without_a_trace(seed: int) -> None:
    text = absent(present(build(seed)))
    # Others write behind ours.
    data = entries.parse(text, "f")
    later = entries.Edit({key: {"zz": {"later": True}} for key in entries.LISTS})
    with_it = present(text)
    both = entries.apply(with_it, entries.parse(with_it, "f"), later)[0]
    assert absent(both) == entries.apply(text, data, later)[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clusters:\n- name: a\n\tcluster: {}\n", "line 3, column 1: found "),
        ("kind: Config\nusers: []\nusers: []\n", "line 3, column 1: users appears twice"),
        ("users:\n- name: a\n  user: {token: x, token: y}\n", "line 3, column 20: token appears twice"),
        ("a: [1\n---\nb: 1\n", "line 2, column 1"),
        ("a: &x [*x]\n", "line 1, column 8: an anchor contains itself"),
        ("a: *x\n", "line 1, column 4: found undefined alias"),
        ("kind: \x07Config\n", "line 1, column 7: special characters are not allowed"),
        ('{"clusters": [}', "line 1, column 15"),
        ("current-context: [a]\n", "current-context is a list, not a string"),
        ("users:\n- name: a\n  user: text\n", "user of a in users is a string, not a mapping"),
        ("users:\n- name: 12\n", "the name of entry 1 of users is a number (12), not a string. Put it in quotes"),
    ],
)
def test_what_kubectl_rejects_is_rejected_with_its_place(text: str, said: str) -> None:
    with pytest.raises(FederationError) as caught:
        entries.parse(text, "f")
    assert said in caught.value.message


def test_of_two_entries_of_our_name_one_is_left() -> None:
    # kubectl rejects the file otherwise.
    text = "contexts:\n- name: vulcan\n  context: {}\n- name: a\n- name: vulcan # second\n  context: {user: u}\n"
    edit = entries.Edit({"contexts": {"vulcan": {"user": "u"}}})
    assert entries.apply(text, entries.parse(text, "f"), edit) == (
        "contexts:\n- name: vulcan\n  context:\n    user: u\n- name: a\n",
        True,
    )


def test_an_anchor_in_our_entry_costs_the_comments_but_no_content() -> None:
    text = "# head\nusers:\n- name: u\n  user: &it {token: x}\n- name: other\n  user: *it\n"
    edited, kept = entries.apply(text, entries.parse(text, "f"), entries.Edit({"users": {"u": {"token": "y"}}}))
    assert not kept
    assert yaml.safe_load(edited)["users"] == [
        {"name": "u", "user": {"token": "y"}},
        {"name": "other", "user": {"token": "x"}},
    ]


@pytest.mark.parametrize(
    "name", ["1e5", "1e999", "0o17", "12:30:45", "y", "No", "~", "", "2024-01-01", "a: b", "- x", ".5"]
)
def test_names_stay_text_for_every_parser(name: str) -> None:
    text = entries.dump({"name": name})
    assert yaml.safe_load(text) == {"name": name}
    assert text.split(": ", 1)[1][0] in "'\""


@pytest.mark.parametrize("text", ["# nothing yet\n", "# nothing yet", "---\n", "---", "null\n", "{}\n", "\ufeff"])
def test_a_file_without_content_keeps_its_comments(text: str) -> None:
    edited = present(text)
    assert entries.find(entries.parse(edited, "f"), "contexts", "vulcan")
    assert "nothing yet" not in text or edited.startswith("# nothing yet")
