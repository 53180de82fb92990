# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries of a cluster in a kubeconfig, and nothing but these."""

from __future__ import annotations

import stat
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.cloudburst.federation.plugins.module_utils._aws.eks import clusters
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.kubeconfig import entries, files
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import FederationError

ARN = "arn:aws:eks:eu-central-1:123456789012:cluster/vulcan"
CLUSTER = {"name": "vulcan", "arn": ARN, "endpoint": "https://vulcan", "certificateAuthority": {"data": "Q0E="}}
NAMES = clusters.Names(cluster=ARN, context="vulcan", user=ARN)
REGION = "eu-central-1"
ENTRY = clusters.exec_entry(CLUSTER, REGION, None, None)

PLAIN = """\
# of the data centre
apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority-data: AAAA
    server: https://10.10.0.10:6443
  name: kubernetes   # ours
contexts:
- context: {cluster: kubernetes, user: admin}
  name: kubernetes-admin@kubernetes
current-context: kubernetes-admin@kubernetes
preferences: {}
users:
- name: admin
  user:
    client-key-data: KEY
# the end
"""
INDENTED = """\
kind: Config
users:
  # first
  - name: a
    user:
      token: |
        one
        two

  # second
  - name: b
    user: {token: x}
clusters:
  - name: c
    cluster: {server: "https://c"}
contexts:
  - name: a@c
    context: {cluster: c, user: a}
"""
NULLS = "apiVersion: v1\nclusters: null\ncontexts: null\ncurrent-context: ''\nkind: Config\nusers: null\n"
NO_NEWLINE = "kind: Config\nclusters: []\ncontexts: []\nusers: []\ncurrent-context: x"
FLOW = '{"kind": "Config", "clusters": [{"name": "c", "cluster": {}}], "contexts": [], "users": []}'


def present(text: str) -> str:
    data = entries.parse(text, "f")
    return entries.apply(text, data, clusters.edit_to_present(data, CLUSTER, REGION, NAMES, ENTRY))[0]


def absent(text: str, alias: str | None = "vulcan") -> str:
    data = entries.parse(text, "f")
    return entries.apply(text, data, clusters.edit_to_absent(data, "vulcan", REGION, None, alias))[0]


@pytest.mark.parametrize("text", [PLAIN, INDENTED, NULLS, NO_NEWLINE, FLOW, "", "# nothing yet\n"])
def test_present_leads_to_the_cluster_and_again_changes_nothing(text: str) -> None:
    data = yaml.safe_load(present(text))
    context = entries.find(data, "contexts", "vulcan")
    assert context == {"cluster": ARN, "user": ARN}
    assert entries.find(data, "clusters", ARN) == {"server": "https://vulcan", "certificate-authority-data": "Q0E="}
    assert present(present(text)) == present(text)


@pytest.mark.parametrize("text", [PLAIN, INDENTED])
def test_lines_of_others_stay_to_the_byte(text: str) -> None:
    # All lines are there, in their order.
    after = iter(present(text).splitlines())
    assert all(line in after for line in text.splitlines())


def test_absent_brings_the_file_back_to_the_byte() -> None:
    assert absent(present(PLAIN)) == PLAIN
    assert absent(PLAIN) == PLAIN


def test_current_context() -> None:
    assert yaml.safe_load(present(PLAIN))["current-context"] == "kubernetes-admin@kubernetes"
    assert yaml.safe_load(present(NULLS))["current-context"] == "vulcan"
    assert yaml.safe_load(absent(present(NULLS)))["current-context"] == ""


def test_what_the_user_added_stays() -> None:
    text = present(PLAIN).replace("    server: https://vulcan", "    server: https://old\n    proxy-url: http://p")
    text = text.replace(f"    user: {ARN}", f"    user: {ARN}\n    namespace: mine")
    data = yaml.safe_load(present(text))
    assert entries.find(data, "clusters", ARN) == {
        "server": "https://vulcan",
        "proxy-url": "http://p",
        "certificate-authority-data": "Q0E=",
    }
    assert (entries.find(data, "contexts", "vulcan") or {})["namespace"] == "mine"


def test_absent_leaves_what_others_use() -> None:
    text = present(PLAIN) + "# more\n"
    data = yaml.safe_load(text)
    data["contexts"].append({"name": "second", "context": {"cluster": ARN, "user": "admin"}})
    after = yaml.safe_load(absent(yaml.safe_dump(data)))
    assert entries.find(after, "contexts", "vulcan") is None
    assert entries.find(after, "clusters", ARN) is not None
    assert entries.find(after, "users", ARN) is None


@pytest.mark.parametrize(
    "args",
    [
        ["--region", "eu-central-1", "eks", "get-token", "--cluster-name", "vulcan", "--output", "json"],
        ["eks", "get-token", "--cluster-name", "vulcan"],
        ["eks", "get-token", "--cluster-name=vulcan", "--region=eu-central-1"],
    ],
)
def test_entries_of_other_tools_are_known(args: list[str]) -> None:
    data: dict[str, t.Any] = {
        "clusters": [{"name": "c", "cluster": {}}],
        "contexts": [{"name": "vulcan", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"exec": {"command": "aws", "args": args}}}],
    }
    edit = clusters.edit_to_absent(data, "vulcan", REGION, None, None)
    assert edit.entries == {"clusters": {"c": None}, "contexts": {"vulcan": None}, "users": {"u": None}}


@pytest.mark.parametrize(
    "user",
    [
        {"token": "x"},
        {"exec": {"command": "aws", "args": ["eks", "get-token", "--cluster-name", "vulcan2"]}},
        {"exec": {"args": ["eks", "get-token", "--cluster-name", "vulcan", "--region", "eu-west-1"]}},
        {"exec": None},
    ],
)
def test_a_context_of_the_same_name_for_something_else_stays(user: dict[str, t.Any]) -> None:
    data: dict[str, t.Any] = {
        "contexts": [{"name": "vulcan", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": user}],
    }
    edit = clusters.edit_to_absent(data, "vulcan", REGION, None, "vulcan")
    assert entries.merged(data, edit) == data


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clusters: [\n- x", "f is broken in line 2, column 1"),
        ("- a\n", "its content is a list"),
        ("clusters: {a: b}\n", "clusters is a mapping, not a list"),
        ("users:\n- user: {}\n", "entry 1 of users has no name"),
        ("a: !!python/object/apply:os.system [true]\n", "f is broken in line 1"),
    ],
)
def test_what_is_no_kubeconfig_is_rejected(text: str, said: str) -> None:
    with pytest.raises(FederationError, match=said):
        entries.parse(text, "f")


def test_excerpt_masks_secrets() -> None:
    data = {
        "users": [
            {"name": "u", "user": {"token": "SECRET", "exec": {"env": [{"name": "AWS_SECRET", "value": "SECRET"}]}}},
        ],
    }
    assert "SECRET" not in entries.excerpt(data, {"users": {"u": None}}).replace("AWS_SECRET", "")


def test_excerpt_shows_how_a_token_is_got_and_no_password() -> None:
    profile = {"name": "AWS_PROFILE", "value": "prod"}
    ours = {"command": "/usr/bin/aws", "args": ["eks", "get-token", "--cluster-name", "vulcan"], "env": [profile]}
    data = {
        "clusters": [{"name": "c", "cluster": {"server": "https://c", "proxy-url": "http://me:SECRET@proxy:3128"}}],
        "users": [
            {"name": "ours", "user": {"exec": ours}},
            {"name": "theirs", "user": {"exec": {"command": "login", "args": ["--password", "SECRET"]}}},
        ],
    }
    text = entries.excerpt(data, {"clusters": ["c"], "users": ["ours", "theirs"]})
    assert "SECRET" not in text
    shown = yaml.safe_load(text)
    assert shown["clusters"][0]["cluster"]["proxy-url"] == "http://********@proxy:3128"
    assert shown["users"][0]["user"]["exec"] == ours
    assert shown["users"][1]["user"]["exec"] == {"command": "login", "args": "********"}


def test_write_keeps_a_link_and_takes_rights_away(tmp_path: Path) -> None:
    target, link = tmp_path / "real", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o644)
    link.symlink_to(target)
    files.write(str(link), "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]
