# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries of a cluster: whose they are, what they are called, and what is taken over."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._aws.eks import clusters
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.kubeconfig import entries
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption

REGION = "eu-central-1"
ARN = f"arn:aws:eks:{REGION}:123456789012:cluster/vulcan"
ELSEWHERE = f"arn:aws:eks:{REGION}:210987654321:cluster/vulcan"
CLUSTER: entries.Config = {
    "name": "vulcan",
    "arn": ARN,
    "endpoint": "https://vulcan",
    "certificateAuthority": {"data": "Q0E="},
}
ENTRY = clusters.exec_entry(CLUSTER, REGION, None, None)
ROLE = "arn:aws:iam::123456789012:role/r"
PROGRAM = "/home/me/.kube/config.eks/get_token.py"

# Listing 1 of the article, with the context and the cluster that go with it.
LISTING_1 = """\
clusters:
- name: kubernetes-eks
  cluster:
    server: https://old
    insecure-skip-tls-verify: true
contexts:
- name: vulcan
  context:
    cluster: kubernetes-eks
    user: kubernetes-eks-user
    namespace: mine
current-context: vulcan
users:
# by hand
- name: kubernetes-eks-user
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1alpha1
      command: aws
      args:
      - eks
      - get-token
      - --cluster-name
      - vulcan
"""


def present(data: entries.Config, alias: str | None = "vulcan", user: str | None = None, **more: t.Any) -> t.Any:
    names = clusters.names_of(data, CLUSTER, REGION, alias, user)
    entry = more.pop("entry", ENTRY)
    return entries.merged(data, clusters.edit_to_present(data, CLUSTER, REGION, names, entry, **more))


def content(data: entries.Config, list_name: str, name: str) -> entries.Config:
    found = entries.find(data, list_name, name)
    assert found is not None
    return found


def test_exec_entry_is_that_of_the_aws_cli() -> None:
    assert clusters.exec_entry(CLUSTER, REGION, "burst", ROLE) == {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "args": [
            *("--region", REGION, "eks", "get-token", "--cluster-name", "vulcan", "--output", "json"),
            *("--role", ROLE),
        ],
        "command": "aws",
        "env": [{"name": "AWS_PROFILE", "value": "burst"}],
    }


@pytest.mark.parametrize(
    ("outpost", "words"),
    [({}, ["--cluster-id", "i-1"]), ({"etcdInstanceType": "m5"}, ["--cluster-name", "vulcan"])],
)
def test_a_local_cluster_on_an_outpost_goes_by_its_id(outpost: dict[str, str], words: list[str]) -> None:
    cluster = {**CLUSTER, "id": "i-1", "outpostConfig": outpost}
    entry = clusters.exec_entry(cluster, REGION, None, None)
    assert words == entry["args"][4:6]
    data = {"users": [{"name": ARN, "user": {"exec": entry}}]}
    assert clusters.edit_to_absent(data, "vulcan", REGION, None, None).entries["users"] == {ARN: None}


def test_listing_1_is_taken_over_under_its_own_names_and_lifted() -> None:
    data = entries.parse(LISTING_1, "f")
    edit = clusters.edit_to_present(
        data, CLUSTER, REGION, clusters.names_of(data, CLUSTER, REGION, "vulcan", None), ENTRY
    )
    text, kept = entries.apply(LISTING_1, data, edit)
    assert kept
    assert "# by hand" in text
    after = entries.parse(text, "f")
    assert {key: [e["name"] for e in after[key]] for key in entries.LISTS} == {
        "clusters": ["kubernetes-eks"],
        "contexts": ["vulcan"],
        "users": ["kubernetes-eks-user"],
    }
    assert content(after, "users", "kubernetes-eks-user")["exec"] == ENTRY
    assert content(after, "contexts", "vulcan")["namespace"] == "mine"
    assert content(after, "clusters", "kubernetes-eks") == {
        "server": "https://vulcan",
        "certificate-authority-data": "Q0E=",
    }
    gone = entries.merged(after, clusters.edit_to_absent(after, "vulcan", REGION, None, "vulcan"))
    assert gone == {"clusters": [], "contexts": [], "users": [], "current-context": ""}


def test_an_entry_of_hand_that_others_share_is_not_given_another_server() -> None:
    data = entries.parse(LISTING_1, "f")
    data["contexts"].append({"name": "other", "context": {"cluster": "kubernetes-eks", "user": "admin"}})
    after = present(data)
    assert content(after, "clusters", "kubernetes-eks")["server"] == "https://old"
    assert content(after, "contexts", "vulcan")["cluster"] == ARN


@pytest.mark.parametrize(
    ("alias", "user_alias", "context", "user"),
    [(None, None, ARN, ARN), ("a", None, "a", ARN), (None, "u", "u", "u"), ("a", "u", "a", "u")],
)
def test_names_are_those_of_the_aws_cli(alias: str | None, user_alias: str | None, context: str, user: str) -> None:
    assert clusters.names_of({}, CLUSTER, REGION, alias, user_alias) == clusters.Names(ARN, context, user)


def test_a_context_of_a_cluster_of_the_same_name_in_another_account_is_led_here() -> None:
    data = present({}, entry=ENTRY)
    for name in entries.LISTS:
        for entry in data[name]:
            entry["name"] = entry["name"].replace(ARN, ELSEWHERE)
    data["contexts"][0]["context"] = {"cluster": ELSEWHERE, "user": ELSEWHERE}
    assert content(present(data), "contexts", "vulcan") == {"cluster": ARN, "user": ARN}


def test_a_new_user_alias_leaves_no_second_user() -> None:
    data = present(present({}), user="operator")
    assert [user["name"] for user in data["users"]] == ["operator"]


@pytest.mark.parametrize("user", [{"token": "x"}, {"exec": {"command": "aws", "args": ["eks", "get-token"]}}, {}])
def test_a_name_that_something_else_has_is_rejected(user: dict[str, t.Any]) -> None:
    data: entries.Config = {
        "contexts": [{"name": "vulcan", "context": {"cluster": "c", "user": "admin"}}],
        "users": [{"name": "admin", "user": user}],
    }
    with pytest.raises(InvalidOption, match=r"alias .* context vulcan, .* something else \(cluster c, user admin\)"):
        present(data)
    with pytest.raises(InvalidOption, match="user_alias is 'admin', but the user of this name is for something else"):
        present(data, alias="free", user="admin")


def test_what_the_user_added_stays() -> None:
    user = {
        "as": "admin",
        "token": "old",
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "interactiveMode": "Never",
            "command": "/opt/bin/aws",
            "args": ["eks", "get-token", "--cluster-name", "vulcan"],
            "env": [{"name": "AWS_PROFILE", "value": "old"}, {"name": "X", "value": "1"}],
        },
    }
    data: entries.Config = {
        "contexts": [{"name": "vulcan", "context": {"cluster": ARN, "user": ARN}}],
        "users": [{"name": ARN, "user": user}],
    }
    after = present(data, entry=clusters.exec_entry(CLUSTER, REGION, "new", None))
    assert content(after, "users", ARN) == {
        "as": "admin",
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "interactiveMode": "Never",
            "command": "/opt/bin/aws",
            "args": ENTRY["args"],
            "env": [{"name": "X", "value": "1"}, {"name": "AWS_PROFILE", "value": "new"}],
        },
    }


def test_proxy_url_is_set_left_and_removed() -> None:
    data = present({}, proxy_url="http://proxy:3128")
    assert content(data, "clusters", ARN)["proxy-url"] == "http://proxy:3128"
    assert present(data) == data
    assert "proxy-url" not in content(present(data, proxy_url=""), "clusters", ARN)


def test_our_program_and_the_aws_cli_replace_each_other() -> None:
    program = clusters.exec_entry(CLUSTER, REGION, None, ROLE, ("/usr/bin/python3", PROGRAM))
    assert program["args"] == ["-I", PROGRAM, "--region", REGION, "--cluster-name", "vulcan", "--role", ROLE]
    data = present(present({}), entry=program)
    assert content(data, "users", ARN)["exec"] == program
    assert content(present(data), "users", ARN)["exec"] == ENTRY
    assert clusters.edit_to_absent(data, "vulcan", REGION, None, "vulcan").entries["users"] == {ARN: None}
    content(data, "users", ARN)["exec"]["args"].remove("-I")
    assert clusters.edit_to_absent(data, "vulcan", REGION, None, "vulcan").entries["users"] == {ARN: None}


def test_absent_takes_what_was_left_without_a_context_but_of_no_other_profile() -> None:
    data = present({}, entry=clusters.exec_entry(CLUSTER, REGION, "one", None))
    data["contexts"] = []
    gone = clusters.edit_to_absent(data, "vulcan", REGION, "one", None).entries
    assert gone == {"clusters": {ARN: None}, "contexts": {}, "users": {ARN: None}}
    assert clusters.edit_to_absent(data, "vulcan", REGION, "two", None).entries["users"] == {}
    assert not any(clusters.edit_to_absent(data, "vulcan", "eu-west-1", None, None).entries.values())


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("name", "vulcan/1"),
        ("name", "-x"),
        ("region", "../../x"),
        ("region", "eu-central-1.example.com"),
        ("alias", " "),
        ("user_alias", ""),
        ("role_arn", "role/r"),
        ("assume_role_arn", "arn:aws:iam::1:user/u"),
        ("proxy_url", "proxy:3128"),
        ("proxy_url", "ftp://proxy"),
    ],
)
def test_bad_input_is_rejected_with_option_and_value(option: str, value: str) -> None:
    params = dict.fromkeys(("alias", "user_alias", "region", "role_arn", "assume_role_arn", "proxy_url"))
    clusters.check({**params, "name": "vulcan", "proxy_url": "", "role_arn": ROLE})
    with pytest.raises(InvalidOption, match=f"^{option} is '{value}'; it must be"):
        clusters.check({**params, "name": "vulcan", option: value})


TAKEN = ["eks", "get-token", "--cluster-name", "vulcan", "--region", REGION]


def by_hand(args: list[str], command: str = "aws", **more: t.Any) -> entries.Config:
    entry = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": command, "args": args, **more}
    return {
        "clusters": [{"name": ARN, "cluster": {"server": "https://old"}}],
        "contexts": [{"name": "vulcan", "context": {"cluster": ARN, "user": "me"}}],
        "users": [{"name": "me", "user": {"exec": entry}}],
    }


@pytest.mark.parametrize(
    ("command", "args"),
    [
        ("aws", ["--profile", "prod", *TAKEN]),
        ("/opt/aws", [*TAKEN, "--endpoint-url=https://eks.example.com", "--no-verify-ssl"]),
        ("aws-vault", ["exec", "--region", "us-east-1", "prod", "--", "aws", *TAKEN, "--output", "json"]),
        ("env", ["AWS_CA_BUNDLE=/ca", "/usr/bin/aws", *TAKEN]),
        ("aws", ["--debug", *TAKEN, "--role-arn", "arn:aws:iam::123456789012:role/theirs"]),
    ],
)
def test_a_command_that_somebody_has_added_to_stays_to_the_word(command: str, args: list[str]) -> None:
    data = by_hand(args, command, installHint="ask us", unheard="of")
    after = present(data)
    assert content(after, "users", "me") == content(data, "users", "me")
    assert content(after, "clusters", ARN)["server"] == "https://vulcan"
    gone = entries.merged(after, clusters.edit_to_absent(after, "vulcan", REGION, None, None))
    assert gone["users"] == gone["contexts"] == gone["clusters"] == []


def test_of_such_a_command_only_what_leads_to_the_cluster_changes() -> None:
    data = by_hand(["--profile=prod", "eks", "get-token", "--cluster-name=vulcan", "--role-arn", "old", "--debug"])
    entry = clusters.exec_entry(CLUSTER, REGION, "burst", ROLE)
    args = ["--profile=burst", "eks", "get-token", "--cluster-name=vulcan", "--role-arn", ROLE, "--debug"]
    after = content(present(data, entry=entry), "users", "me")["exec"]
    assert after["args"] == [*args, "--region", REGION]
    assert after["env"] == [{"name": "AWS_PROFILE", "value": "burst"}]
    data = by_hand(["exec", "prod", "--", "aws", *TAKEN], "aws-vault")
    after = content(present(data, entry=clusters.exec_entry(CLUSTER, REGION, None, ROLE)), "users", "me")["exec"]
    assert after["args"] == ["exec", "prod", "--", "aws", *TAKEN, "--role", ROLE]


def test_the_profile_among_the_words_tells_whose_it_is_and_our_program_takes_it_over() -> None:
    data = by_hand(["--profile", "prod", *TAKEN])
    assert clusters.edit_to_absent(data, "vulcan", REGION, "other", None).entries["users"] == {}
    assert clusters.edit_to_absent(data, "vulcan", REGION, "prod", None).entries["users"] == {"me": None}
    program = clusters.exec_entry(CLUSTER, REGION, None, None, ("/usr/bin/python3", PROGRAM))
    after = content(present(data, entry=program), "users", "me")["exec"]
    assert (after["command"], after["env"]) == ("/usr/bin/python3", [{"name": "AWS_PROFILE", "value": "prod"}])


def test_a_password_in_an_option_is_not_shown() -> None:
    params = dict.fromkeys(("alias", "user_alias", "region", "role_arn", "assume_role_arn"))
    with pytest.raises(InvalidOption, match=r"'ftp://\*+@proxy'"):
        clusters.check({**params, "name": "vulcan", "proxy_url": "ftp://me:s3cret@proxy"})
