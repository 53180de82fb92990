# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a cluster is reached, by each of the options and what goes over what; nothing is sent."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils import basic

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.connect import connect_as, secrets_of
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.argspec import kube_spec
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption

pytest.importorskip("kubernetes")

NAMES = ("kubernetes-admin@kubernetes", "arn:aws:eks:eu-central-1:000000000000:cluster/Vulcan", "UPPER")


def kubeconfig(**changes: t.Any) -> dict[str, t.Any]:
    cluster = {"server": "https://10.11.0.10:443", **changes.pop("cluster", {})}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": "theirs"}}],
        "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in NAMES],
        "current-context": "",
        **changes,
    }


def params(prefix: str = "", **given: t.Any) -> dict[str, t.Any]:
    names = ("kubeconfig", "context", "host", "api_key", "ca_cert", "validate_certs")
    return {f"{prefix}{name}": given.get(name) for name in names}


@pytest.fixture(autouse=True)
def no_kubeconfig_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("context", NAMES)
def test_a_context_may_have_any_name(context: str) -> None:
    client = connect_as(params(kubeconfig=kubeconfig(), context=context), label="x")
    assert client.connection == ("https://10.11.0.10:443", b"", True, "")
    assert client.connection.address == "10.11.0.10:443"


def test_an_empty_current_context_is_told_with_those_there_are() -> None:
    with pytest.raises(InvalidOption, match=r"no current context.*kubernetes-admin@kubernetes"):
        connect_as(params(kubeconfig=kubeconfig()), label="host cluster")


def test_host_and_api_key_need_no_kubeconfig(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("PEM")
    given = params("member_", host="https://vulcan:6443", api_key="mine", ca_cert=str(ca), validate_certs=False)
    client = connect_as(given, label="x", prefix="member_")
    assert client.connection == ("https://vulcan:6443", b"PEM", False, "")
    assert client._identity.headers() == [("Authorization", "Bearer mine")]


def test_each_option_goes_over_the_kubeconfig() -> None:
    given = params(kubeconfig=kubeconfig(), context="UPPER", host="https://other:443")
    client = connect_as(given, label="x")
    assert client.connection.server == "https://other:443"
    assert client._identity.headers() == [("Authorization", "Bearer theirs")]
    client = connect_as({**given, "host": None, "api_key": "mine"}, label="x")
    assert client.connection.server == "https://10.11.0.10:443"
    assert client._identity.headers() == [("Authorization", "Bearer mine")]


def test_the_proxy_of_the_kubeconfig_is_the_clusters_and_that_of_the_environment_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://here:3128")
    client = connect_as(params(kubeconfig=kubeconfig(), context="UPPER"), label="x")
    assert client.connection.proxy == ""
    assert client._configuration.proxy == "http://here:3128"
    own = kubeconfig(cluster={"proxy-url": "http://there:3128"})
    client = connect_as(params(kubeconfig=own, context="UPPER"), label="x")
    assert client.connection.proxy == "http://there:3128"
    assert client._configuration.proxy == "http://there:3128"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"host": "vulcan:6443", "api_key": "k"}, "member_host is 'vulcan:6443'"),
        ({"host": "https://v:1", "api_key": "k", "ca_cert": "/nowhere"}, "member_ca_cert is '/nowhere'"),
        ({"kubeconfig": kubeconfig(), "context": "mars"}, "no context 'mars'"),
        ({}, "member_kubeconfig"),
    ],
)
def test_what_can_not_be_used(given: dict[str, t.Any], reason: str) -> None:
    with pytest.raises(InvalidOption, match=reason):
        connect_as(params("member_", **given), label="x", prefix="member_")


@pytest.mark.parametrize("where", ["option", "kubeconfig", "key"])
def test_a_sparse_file_is_not_read_whole(tmp_path: Path, where: str) -> None:
    sparse = tmp_path / "sparse"
    with sparse.open("w") as file:
        file.truncate(3 << 30)
    given = params(kubeconfig=kubeconfig(), context="UPPER")
    if where == "option":
        given["ca_cert"] = str(sparse)
    elif where == "kubeconfig":
        given["kubeconfig"] = kubeconfig(cluster={"certificate-authority": str(sparse)})
    else:
        user = {"client-certificate": str(sparse), "client-key": str(sparse)}
        given["kubeconfig"] = kubeconfig(users=[{"name": "u", "user": user}])
    with pytest.raises(InvalidOption, match=r"sparse has 3221225472 bytes, more than 2097152"):
        connect_as(given, label="x")


def options(monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, t.Any]:
    """A module's options as this environment fills them in."""
    for name, value in environment.items():
        monkeypatch.setenv(f"K8S_AUTH_{name}", value)
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": {}}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    return dict(basic.AnsibleModule(argument_spec=kube_spec()).params)


def test_the_environment_of_kubernetes_core_is_heeded_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its modules in the same play go there, through this proxy, as this user; so must these."""
    for name in ("ca", "cert", "key"):
        (tmp_path / name).write_text("PEM")
    found = options(
        monkeypatch,
        HOST="https://10.10.0.10:6443",
        CA_CERT=str(tmp_path / "ca"),
        VALIDATE_CERTS="no",
        CERT_FILE=str(tmp_path / "cert"),
        KEY_FILE=str(tmp_path / "key"),
        PROXY="http://proxy:3128",
        IMPERSONATE_USER="jane",
        IMPERSONATE_GROUPS="ops,dev",
    )
    client = connect_as(found, label="x")
    # The proxy is this machine's way to the cluster, and none that KubeFed would have to take
    assert client.connection == ("https://10.10.0.10:6443", b"PEM", False, "")
    assert client._configuration.proxy == "http://proxy:3128"
    assert client._configuration.cert_file == str(tmp_path / "cert")
    assert client._configuration.key_file == str(tmp_path / "key")
    assert client._identity.headers() == [
        ("Impersonate-User", "jane"),
        ("Impersonate-Group", "ops"),
        ("Impersonate-Group", "dev"),
    ]


def test_who_is_named_to_act_as_goes_over_the_kubeconfigs() -> None:
    user = {"token": "theirs", "as": "eve", "as-groups": ["kings"]}
    given = params(kubeconfig=kubeconfig(users=[{"name": "u", "user": user}]), context="UPPER")
    client = connect_as({**given, "impersonate_user": "jane"}, label="x")
    assert client._identity.headers() == [("Authorization", "Bearer theirs"), ("Impersonate-User", "jane")]
    with pytest.raises(InvalidOption, match="impersonate_groups needs impersonate_user"):
        connect_as({**given, "impersonate_groups": ["ops"]}, label="x")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"client_cert": "/nowhere", "client_key": "/nowhere"}, "client_cert is '/nowhere'"),
        ({"client_cert": __file__}, "client_cert and client_key: set both"),
        ({"proxy": "proxy:3128"}, "proxy is 'proxy:3128'"),
    ],
)
def test_ways_of_this_machine_that_can_not_be_used(given: dict[str, t.Any], reason: str) -> None:
    with pytest.raises(InvalidOption, match=reason):
        connect_as({**params(kubeconfig=kubeconfig(), context="UPPER"), **given}, label="x")


def test_secrets_of_a_kubeconfig() -> None:
    user = {"token": "t", "password": "p", "client-key-data": "k", "exec": {"env": [{"name": "A", "value": "e"}]}}
    assert secrets_of({"users": [{"name": "u", "user": user}, {"name": "empty", "user": None}]}) == {"t", "p", "k", "e"}
    assert secrets_of("~/.kube/config") == set()
    assert secrets_of(None) == set()
