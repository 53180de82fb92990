# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each field of a kubeconfig as client-go has it; the commands that get credentials are real ones."""

from __future__ import annotations

import base64
import json
import os
import threading
import time
import typing as t
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.client import Client
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.connect import connect_as
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.errors import Unreachable
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.kubeconfig import credentials, exec_plugin
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.kubeconfig.contexts import Access
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.urls import login_of
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import (
    FederationError,
    InvalidOption,
)

pytest.importorskip("kubernetes")

V1BETA1 = "client.authentication.k8s.io/v1beta1"
V1 = "client.authentication.k8s.io/v1"


def kubeconfig(user: t.Any = None, cluster: t.Any = None, **changes: t.Any) -> dict[str, t.Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "https://192.0.2.1:6443", **(cluster or {})}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
        **changes,
    }


def connected(data: t.Any, context: str | None = None, **given: t.Any) -> Client:
    names = ("kubeconfig", "context", "host", "api_key", "ca_cert", "validate_certs")
    given = {"kubeconfig": data, "context": context, **given}
    return connect_as({name: given.get(name) for name in names}, label="host cluster")


def headers(data: t.Any, **given: t.Any) -> list[tuple[str, str]]:
    return list(connected(data, **given)._identity.headers())


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


def jwt(expires: float) -> str:
    body = base64.urlsafe_b64encode(json.dumps({"exp": expires}).encode()).decode().rstrip("=")
    return f"eyJ.{body}.s"


# -- as


def test_whom_a_user_acts_as_goes_along() -> None:
    user = {
        "token": "abc",
        "as": "jané",
        "as-uid": "4711",
        "as-groups": ["dev", "ops"],
        "as-user-extra": {"example.com/a%b": ["1", "2"]},
    }
    expected = [
        ("Authorization", "Bearer abc"),
        ("Impersonate-User", "jan\u00c3\u00a9"),
        ("Impersonate-Uid", "4711"),
        ("Impersonate-Group", "dev"),
        ("Impersonate-Group", "ops"),
        ("Impersonate-Extra-example.com%2Fa%25b", "1"),
        ("Impersonate-Extra-example.com%2Fa%25b", "2"),
    ]
    assert headers(kubeconfig(user)) == expected
    # As with kubectl --token, another token does not make somebody else of it.
    assert headers(kubeconfig(user), api_key="mine") == [("Authorization", "Bearer mine"), *expected[1:]]


def test_each_group_is_a_header_of_its_own_on_the_wire() -> None:
    seen: list[list[tuple[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.items())
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_request(self, *args: t.Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        place = {"server": f"http://127.0.0.1:{server.server_port}"}
        user = {"token": "abc", "as": "jane", "as-groups": ["dev", "ops"]}
        connected(kubeconfig(user, place)).request("GET", "/version")
    finally:
        server.shutdown()
        server.server_close()
    sent = [(name, value) for name, value in seen[0] if name.lower().startswith(("impersonate", "authorization"))]
    # No token without TLS, as client-go has it.
    assert sent == [("Impersonate-User", "jane"), ("Impersonate-Group", "dev"), ("Impersonate-Group", "ops")]


@pytest.mark.parametrize(
    ("user", "cluster", "reason"),
    [
        ({"as-groups": ["dev"]}, {}, "without as"),
        ({"as": "jane", "as-groups": [1]}, {}, "as-groups must be a list of strings"),
        ({"as": "jane", "as-groups": "dev"}, {}, "as-groups in .* is a string, it must be a list"),
        ({"as": 1000}, {}, "as in .* is a number, it must be a string; put it in quotes"),
        ({"token": 1000}, {}, "token in .* is a number"),
        ({"token": "t", "username": "u", "password": "p"}, {}, "a token and a password"),
        (
            {"exec": {"apiVersion": V1BETA1, "command": "true"}, "auth-provider": {"name": "oidc"}},
            {},
            "exec and auth-pro",
        ),
        ({"client-certificate-data": "QQ=="}, {}, "without a client-key"),
        ({"auth-provider": {"name": "gcp"}}, {}, "auth-provider 'gcp', which kubectl no longer supports"),
        ({"auth-provider": {"name": "oidc", "config": {"id-token": "a.b.c"}}}, {}, "has expired"),
        ({"auth-provider": {"name": "oidc", "config": {"id-token": jwt(1)}}}, {}, "has expired"),
        ({"tokenFile": "/nowhere/token"}, {}, "tokenFile of its user cannot be used: /nowhere/token"),
        ({}, {"insecure-skip-tls-verify": True, "certificate-authority-data": "QQ=="}, "which kubectl rejects"),
        ({}, {"certificate-authority": "/nowhere/ca"}, "/nowhere/ca"),
        ({}, {"certificate-authority-data": "Q"}, "cannot be read"),
        ({}, {"server": ""}, "has no server"),
        ({}, {"proxy-url": "ftp://u:secret@p"}, r"the proxy in .*'ftp://\*{8}@p'"),
    ],
)
def test_what_kubectl_rejects(user: t.Any, cluster: t.Any, reason: str) -> None:
    with pytest.raises(InvalidOption, match=reason) as caught:
        connected(kubeconfig(user, cluster))
    assert "secret" not in str(caught.value)


# -- tokens


def test_a_token_goes_before_a_command_and_a_file_before_a_token(tmp_path: Path) -> None:
    plugin = {"apiVersion": V1BETA1, "command": "/nowhere"}
    assert headers(kubeconfig({"token": "abc", "exec": plugin})) == [("Authorization", "Bearer abc")]
    file = tmp_path / "token"
    file.write_text("filed\n")
    assert headers(kubeconfig({"token": "abc", "tokenFile": str(file)})) == [("Authorization", "Bearer filed")]
    assert headers(kubeconfig({"token": "abc", "tokenFile": "/nowhere"})) == [("Authorization", "Bearer abc")]
    assert headers(kubeconfig({"username": "u", "password": "p"})) == [("Authorization", "Basic dTpw")]
    fresh = jwt(time.time() + 600)
    provider = {"auth-provider": {"name": "oidc", "config": {"id-token": fresh}}}
    assert headers(kubeconfig(provider)) == [("Authorization", f"Bearer {fresh}")]
    assert headers(kubeconfig({})) == headers(kubeconfig(None)) == []


def test_data_goes_before_a_file_unless_it_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "ca"
    file.write_text("PEM")
    data = base64.b64encode(b"DATA").decode()
    both = kubeconfig({}, {"certificate-authority": str(file), "certificate-authority-data": data})
    assert connected(both).connection.ca == b"DATA"
    empty = kubeconfig({}, {"certificate-authority": str(file), "certificate-authority-data": ""})
    assert connected(empty).connection.ca == b"PEM"


def test_no_proxy_is_for_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "192.0.2.1")
    client = connected(kubeconfig({}, {"proxy-url": "http://there:3128"}))
    assert client._pool.proxy is not None
    assert client._pool.proxy.host == "there"
    monkeypatch.setenv("HTTPS_PROXY", "http://here:3128")
    assert connected(kubeconfig({}))._pool.proxy is None


def test_the_name_in_the_certificate() -> None:
    client = connected(kubeconfig({}, {"tls-server-name": "api.example.com"}))
    assert client._pool.connection_pool_kw["server_hostname"] == "api.example.com"


# -- files


def test_of_several_files_the_first_counts_and_paths_begin_at_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "a" / "config", tmp_path / "b" / "config"
    for file, token in ((first, "of-a"), (second, "of-b")):
        file.parent.mkdir()
        (file.parent / "token").write_text(token)
        data = kubeconfig({"tokenFile": "token"})
        if file is second:
            data["users"].append({"name": "other", "user": {"tokenFile": "token"}})
            data["contexts"].append({"name": "y", "context": {"cluster": "c", "user": "other"}})
            data["current-context"] = "y"
        file.write_text(json.dumps(data))
    monkeypatch.setenv("KUBECONFIG", f"{first}:/nowhere:{second}")
    assert headers(None) == [("Authorization", "Bearer of-a")]
    assert headers(None, context="y") == [("Authorization", "Bearer of-b")]
    assert headers(f"{second}:{first}") == [("Authorization", "Bearer of-b")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"current-context": ""}, "has no current context. Choose one of its contexts: x"),
        ({"current-context": None}, "has no current context"),
        ({"contexts": [], "current-context": ""}, "has no current context. Choose one of its contexts: none"),
        ({"current-context": "mars"}, "no context 'mars' in the given kubeconfig. It has: x"),
        ({"users": []}, "names the user 'u', which does not exist"),
        ({"clusters": None}, "names the cluster 'c', which does not exist"),
        ({"users": [{"name": "u"}, {"name": "u"}]}, "has 'u' more than once in users"),
        ({"users": [{"name": 110, "user": {}}]}, r"name of entry 1 of users is a number \(110\), .*Put it in quotes"),
        ({"contexts": [{"name": True}]}, r"entry 1 of contexts is a boolean \(True\)"),
        ({"contexts": [{"name": "x", "context": {"cluster": 1}}]}, "cluster of the context x is a number"),
        ({"clusters": [{"name": "c", "cluster": ["a"]}]}, "cluster of c in clusters is a list, not a mapping"),
        ({"clusters": [{"name": "c", "cluster": []}]}, "cluster of c in clusters is a list, not a mapping"),
        ({"clusters": [{"cluster": {}}]}, "entry 1 of clusters has no name"),
    ],
)
def test_what_leads_nowhere(changes: dict[str, t.Any], reason: str) -> None:
    with pytest.raises(InvalidOption, match=reason):
        connected(kubeconfig({}, **changes))


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=r"there is no file .*none"):
        connected(None)
    with pytest.raises(InvalidOption, match="there is no file /nowhere"):
        connected("/nowhere")


# -- commands


def plugin(folder: Path, answer: t.Any, **entry: t.Any) -> dict[str, t.Any]:
    """A user whose command answers, and leaves what it was told beside it."""
    command = folder / "plugin"
    text = answer if isinstance(answer, str) else json.dumps({"apiVersion": V1BETA1, "status": answer})
    command.write_text(
        f"#!/bin/sh\nprintf '%s' \"$KUBERNETES_EXEC_INFO\" >'{folder}/info'\n"
        f"printf '%s' \"$*:$MORE\" >'{folder}/told'\necho run >>'{folder}/runs'\ncat >'{folder}/stdin'\n"
        f"cat <<'END'\n{text}\nEND\n"
    )
    command.chmod(0o755)
    return {"exec": {"apiVersion": V1BETA1, "command": str(command), **entry}}


def test_a_command_gets_a_token(tmp_path: Path) -> None:
    user = plugin(
        tmp_path, {"token": "abc"}, args=["get", "it"], env=[{"name": "MORE", "value": "m"}], provideClusterInfo=True
    )
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}}
    (tmp_path / "ca").write_text("PEM")
    place = {"certificate-authority": str(tmp_path / "ca"), "extensions": [extension]}
    assert headers(kubeconfig(user, place)) == [("Authorization", "Bearer abc")]
    assert (tmp_path / "told").read_text() == "get it:m"
    assert (tmp_path / "stdin").read_text() == ""
    assert json.loads((tmp_path / "info").read_text()) == {
        "apiVersion": V1BETA1,
        "kind": "ExecCredential",
        "spec": {
            "interactive": False,
            "cluster": {
                "server": "https://192.0.2.1:6443",
                "certificate-authority-data": "UEVN",
                "config": {"audience": "a"},
            },
        },
    }


def test_a_command_hears_nothing_of_our_input(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"somebody else's")
    os.close(writer)
    kept = os.dup(0)
    try:
        os.dup2(reader, 0)
        headers(kubeconfig(plugin(tmp_path, {"token": "abc"})))
    finally:
        os.dup2(kept, 0)
        for handle in (kept, reader):
            os.close(handle)
    assert (tmp_path / "stdin").read_text() == ""


def test_a_client_certificate_goes_before_a_command_that_gets_one(tmp_path: Path) -> None:
    user = plugin(tmp_path, {"clientCertificateData": "PEM", "clientKeyData": "KEY"})
    cluster = {"server": "https://192.0.2.1:6443"}
    got = credentials.credentials(Access("x", cluster, user))
    assert list(got.identity.headers()) == []
    assert got.certificate == {"client-certificate-data": "UEVN", "client-key-data": "S0VZ"}
    own = {"client-certificate": "/c", "client-key": "/k"}
    assert credentials.credentials(Access("x", cluster, {**user, **own})).certificate == own
    assert (tmp_path / "runs").read_text().count("run") == 1


def test_a_command_beside_the_kubeconfig(tmp_path: Path) -> None:
    user = plugin(tmp_path, {"token": "abc"})
    user["exec"].update(command="./plugin", env=None, args=None)
    (tmp_path / "config").write_text(json.dumps(kubeconfig(user)))
    assert headers(str(tmp_path / "config")) == [("Authorization", "Bearer abc")]


def test_a_command_is_run_again_when_its_token_expires(tmp_path: Path) -> None:
    soon = time.strftime("%Y-%m-%dT%H:%M:%S.123456789Z", time.gmtime(time.time() + 5))
    client = connected(kubeconfig(plugin(tmp_path, {"token": "abc", "expirationTimestamp": soon})))
    client._identity.headers()
    assert (tmp_path / "runs").read_text().count("run") == 2
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    client = connected(kubeconfig(plugin(tmp_path, {"token": "abc", "expirationTimestamp": later})))
    client._identity.headers()
    assert (tmp_path / "runs").read_text().count("run") == 3


def test_a_missing_command_is_named_with_how_to_install_it() -> None:
    entry = {"apiVersion": V1BETA1, "command": "gke-auth-nowhere", "installHint": "Ask\n the \x1b[31m platform team"}
    with pytest.raises(
        InvalidOption, match=r"gke-auth-nowhere, which gets its credentials, does not exist.*Ask the .*team"
    ):
        connected(kubeconfig({"exec": entry}))


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "kubectl takes .*/v1 or .*/v1beta1"),
        ({"command": ""}, "names no command"),
        ({"apiVersion": V1}, "interactiveMode in its user's exec is None"),
        ({"interactiveMode": "Always"}, "needs a terminal"),
        ({"interactiveMode": "Sometimes"}, "allowed are Never, IfAvailable, Always"),
        ({"env": [{"value": "x"}]}, "entry of env .* has no name"),
        ({"args": "x"}, "args in exec of .* is a string, it must be a list"),
    ],
)
def test_commands_that_kubectl_rejects(entry: dict[str, t.Any], reason: str) -> None:
    with pytest.raises(InvalidOption, match=reason):
        connected(kubeconfig({"exec": {"apiVersion": V1BETA1, "command": "true", **entry}}))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "did not return an ExecCredential"),
        ("[]", "did not return an ExecCredential"),
        ('{"apiVersion": "v1", "status": {"token": "abc"}}', "answered in 'v1' instead of "),
        ({}, "neither a token nor"),
        ({"clientCertificateData": "PEM"}, "neither a token nor"),
    ],
)
def test_answers_that_are_none(tmp_path: Path, answer: t.Any, reason: str) -> None:
    with pytest.raises(Unreachable, match=reason):
        connected(kubeconfig(plugin(tmp_path, answer)))


def test_a_command_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"apiVersion": V1BETA1, "command": "sh", "args": ["-c", "echo The SSO session has expired >&2; exit 255"]}
    with pytest.raises(FederationError, match="exited with 255: The SSO session has expired"):
        connected(kubeconfig({"exec": entry}))
    monkeypatch.setattr(exec_plugin, "PLUGIN_PATIENCE", 0.2)
    entry["args"] = ["-c", "sleep 20"]
    with pytest.raises(FederationError, match="did not return credentials within 0 s"):
        connected(kubeconfig({"exec": entry}))


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://proxy:3128", set()),
        ("http://me@proxy:3128", set()),
        ("http://me:pw@proxy:3128", {"pw"}),
        ("http://me:p/w@proxy:3128", {"p/w"}),
        ("me:pw@proxy:3128", {"pw"}),
    ],
)
def test_a_password_is_known_also_where_the_url_is_rejected(url: str, found: set[str]) -> None:
    assert login_of(url) == found
