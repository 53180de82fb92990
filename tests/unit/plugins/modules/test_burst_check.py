# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import io
import json
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils import basic

from ansible_collections.cloudburst.federation.plugins.modules import burst_check
from ansible_collections.cloudburst.federation.plugins.modules.burst_check import (
    environment_problems,
    helm_problems,
    host_problems,
    member_endpoint,
    member_problems,
)

KUBECONFIG = """
contexts: [{name: kubernetes-admin@kubernetes, context: {cluster: kubernetes, user: kubernetes-admin}}]
clusters: [{name: kubernetes, cluster: {server: https://192.0.2.1}}]
users: [{name: kubernetes-admin, user: {}}]
"""


@pytest.mark.parametrize(
    ("kubeconfig", "context", "message"),
    [
        (None, "earth", "there is no file"),
        ("", "earth", "has no such context; it has: none"),
        ("[]", "earth", "is not a kubeconfig: its content is a list"),
        ("a: ]", "earth", "is broken in line 1, column 4"),
        (KUBECONFIG, "earth", "it has: kubernetes-admin@kubernetes"),
        (KUBECONFIG.replace("users:", "others:"), "kubernetes-admin@kubernetes", "lacks its user 'kubernetes-admin'"),
        (
            KUBECONFIG.replace("user: {}", "user: {as: jane}"),
            "kubernetes-admin@kubernetes",
            "acts as somebody else (as)",
        ),
        (KUBECONFIG.replace("user: {}", "user: {token: 1}"), "kubernetes-admin@kubernetes", "token in user"),
        (
            KUBECONFIG.replace(
                "user: {}", "user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: nowhere}}"
            ),
            "kubernetes-admin@kubernetes",
            "the command nowhere, which gets its credentials, does not exist",
        ),
    ],
)
def test_contexts_that_can_not_be_used(tmp_path: Path, kubeconfig: str | None, context: str, message: str) -> None:
    file = tmp_path / "config"
    if kubeconfig is not None:
        file.write_text(kubeconfig)
    problems = host_problems({"host": None, "api_key": None, "kubeconfig": str(file), "host_context": context})
    assert len(problems) == 1
    assert message in str(problems[0])


def test_a_complete_context_is_fine(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(KUBECONFIG)
    assert (
        host_problems(
            {"host": None, "api_key": None, "kubeconfig": str(file), "host_context": "kubernetes-admin@kubernetes"}
        )
        == []
    )


def test_the_files_of_kubeconfig_count_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contexts, *others = KUBECONFIG.strip().splitlines()
    (tmp_path / "a").write_text(contexts)
    (tmp_path / "b").write_text("\n".join(others))
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'a'}:{tmp_path / 'b'}")
    assert (
        host_problems(
            {"host": None, "api_key": None, "kubeconfig": None, "host_context": "kubernetes-admin@kubernetes"}
        )
        == []
    )


def test_the_current_context_may_be_that_of_any_cluster() -> None:
    (problem,) = host_problems({"host": None, "api_key": None, "kubeconfig": None, "host_context": None})
    assert problem.variable == "burst_host_context"
    assert "K8S_AUTH_CONTEXT" in problem.allowed


def test_no_kubeconfig_is_needed_beside_an_address_and_a_token() -> None:
    given = {"host": "https://10.10.0.10:6443", "kubeconfig": "/nowhere", "host_context": None}
    assert host_problems({**given, "api_key": "mine"}) == []
    assert host_problems({**given, "api_key": None, "client_cert": "/run/job/client.crt"}) == []
    # By whose token, then? kubernetes.core would take that of the current context, or of the pod that it runs in
    (problem,) = host_problems({**given, "api_key": None})
    assert problem.variable == "burst_host_context"
    assert "K8S_AUTH_API_KEY" in problem.allowed


def test_what_helm_does_not_heed_is_named_without_its_value() -> None:
    assert environment_problems({"K8S_AUTH_HOST": "h", "K8S_AUTH_API_KEY": "k", "K8S_AUTH_PROXY": ""}) == []
    problems = environment_problems({"K8S_AUTH_PASSWORD": "hunter2", "K8S_AUTH_IMPERSONATE_USER": "eve", "HOME": "/"})
    assert [problem.variable for problem in problems] == ["K8S_AUTH_IMPERSONATE_USER", "K8S_AUTH_PASSWORD"]
    assert "hunter2" not in str(problems)


def member(file: Path, **changes: str | None) -> dict[str, str | None]:
    given = {"kubeconfig": str(file), "host_context": "earth", "host": None, "api_key": None}
    given |= {"member_kubeconfig": None, "member_host": None}
    return {**given, "member_context": "kubernetes-admin@kubernetes", **changes}


@pytest.mark.parametrize("version", ["v4.0.0", "v4.3.1+g12500dd", "v10.0"])
def test_helm_4_needs_a_kubernetes_core_that_can_run_it(version: str) -> None:
    (problem,) = helm_problems(version, runs_four=False)
    assert str(problem).startswith(f"helm: '{version}' cannot be used; this kubernetes.core can only run helm 3")
    assert helm_problems(version, runs_four=True) == []


@pytest.mark.parametrize("version", ["v3.19.0", "v3.4.1+g1", "", "helm: no such template"])
def test_helm_3_is_run_by_any_kubernetes_core(version: str) -> None:
    assert helm_problems(version, runs_four=False) == []


def test_a_cluster_that_exists_is_reached_by_a_context_or_an_address(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(KUBECONFIG)
    assert member_problems(member(file)) == []
    assert member_endpoint(member(file)) == {"host": "192.0.2.1", "port": 443}
    by_host = member(file, member_host="https://[2001:db8::1]:6443", member_context=None)
    assert member_problems(by_host) == []
    assert member_endpoint(by_host) == {"host": "2001:db8::1", "port": 6443}


def test_a_cluster_that_exists_is_another_one(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(KUBECONFIG)
    (problem,) = member_problems(member(file, member_context="nowhere"))
    assert str(problem).startswith("burst_member_context: 'nowhere' cannot be used")
    (problem,) = member_problems(member(file, host_context="kubernetes-admin@kubernetes"))
    assert "that of the data centre's own cluster" in str(problem)
    (problem,) = member_problems(member(file, member_kubeconfig=str(tmp_path / "none")))
    assert problem.variable == "burst_member_kubeconfig"


TWICE = """
contexts:
  - {name: earth, context: {cluster: kubernetes, user: kubernetes-admin}}
  - {name: earth-shop, context: {cluster: kubernetes-2, user: kubernetes-admin, namespace: shop}}
  - {name: behind-a-proxy, context: {cluster: by-name, user: kubernetes-admin}}
clusters:
  - {name: kubernetes, cluster: {server: "https://API.example.com:443/"}}
  - {name: kubernetes-2, cluster: {server: "https://api.example.com"}}
  - {name: by-name, cluster: {server: "https://api.example.com", tls-server-name: mars}}
users: [{name: kubernetes-admin, user: {}}]
"""


@pytest.mark.parametrize(
    ("changes", "variable"),
    [
        ({"member_context": "earth-shop"}, "burst_member_context"),
        ({"member_context": None, "member_host": "https://api.example.com:443"}, "burst_member_host"),
        ({"member_context": "earth-shop", "host": "api.example.com", "api_key": "a"}, "burst_member_context"),
        (
            {"member_context": "earth-shop", "host": "api.example.com", "client_cert": "c", "host_context": None},
            "burst_member_context",
        ),
        ({"member_context": "behind-a-proxy"}, None),
        ({"member_context": None, "member_host": "https://api.example.com:6443"}, None),
        ({"member_context": None, "member_host": "https://api.example.com/k8s/clusters/c-1"}, None),
    ],
)
def test_another_context_of_the_data_centres_own_cluster(
    tmp_path: Path, changes: dict[str, str | None], variable: str | None
) -> None:
    """Its applications would be withdrawn from the data centre at the end."""
    file = tmp_path / "config"
    file.write_text(TWICE)
    problems = member_problems(member(file, **changes))
    assert [problem.variable for problem in problems] == ([variable] if variable else [])
    if problems:
        assert "that of the data centre's own cluster" in str(problems[0])


@pytest.mark.parametrize(
    "host", ["https://mars:https", "https://mars:99999", "ftp://mars", "https://", "mars example", "https://[2001"]
)
def test_an_address_of_a_cluster_that_is_none(tmp_path: Path, host: str) -> None:
    file = tmp_path / "config"
    file.write_text(KUBECONFIG)
    (problem,) = member_problems(member(file, member_host=host, member_context=None))
    assert problem.variable == "burst_member_host"


PLAN = {
    "region": "eu-central-1",
    "zones": ["eu-central-1a", "eu-central-1b"],
    "vpc_cidr": "10.11.0.0/16",
    "service_cidr": "10.5.0.0/24",
    "local_networks": ["10.10.0.0/24"],
    "local_service_cidr": "10.4.0.0/24",
    "firewall_address": "203.0.113.10",
}
OPTIONS = {"name": "vulcan", "host_name": "earth", "host": "https://10.10.0.10:6443", "plan": PLAN}


@pytest.mark.parametrize(
    ("changes", "variables"),
    [
        ({}, []),
        ({"plan": None}, []),
        ({"commands": ["sh", "kubectl-nowhere"]}, ["PATH"]),
        ({"python_libraries": ["json", "nowhere"]}, ["ansible_python_interpreter"]),
        ({"host": None}, ["burst_host_context"]),
        (
            {"name": "Vulcan", "host": None, "plan": {**PLAN, "firewall_address": "10.10.0.1"}},
            ["burst_name", "burst_host_context", "burst_firewall_address"],
        ),
    ],
)
def test_the_task_names_all_problems_at_once(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, t.Any], variables: list[str]
) -> None:
    for name in ("K8S_AUTH_CONTEXT", "K8S_AUTH_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("K8S_AUTH_API_KEY", "abc")
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {**OPTIONS, **changes}}).encode()
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", arguments)
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
    output = io.StringIO()
    with contextlib.redirect_stdout(output), pytest.raises(SystemExit):
        burst_check.main()
    answer = json.loads(output.getvalue())
    assert answer.get("failed", False) is bool(variables)
    assert [problem["variable"] for problem in answer.get("problems", [])] == variables
    assert all(f"({number}) {name}: " in answer["msg"] for number, name in enumerate(variables, 1))
