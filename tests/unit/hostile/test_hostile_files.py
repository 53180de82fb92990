# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubeconfigs, AWS's documents and answers that nobody means well with: rejected in one line, or read as they are."""

from __future__ import annotations

import ipaddress
import json
import re
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.cloudburst.federation.plugins.module_utils._aws.eks import clusters
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.connect import (
    connect_as,
    connect_with_token,
    secrets_of,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.errors import Unreachable
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.kubeconfig import entries
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import decoded
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.paths import resource_path
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import (
    FederationError,
    InvalidOption,
)
from ansible_collections.cloudburst.federation.plugins.modules import burst_check
from ansible_collections.cloudburst.federation.plugins.plugin_utils._customer_gateway import (
    CustomerGatewayError,
    tunnels,
)
from ansible_collections.cloudburst.federation.tests.unit.hostile.mutations import TRIES, bomb, texts, values

KEY = "aB3._xyzaB3._xyzaB3._xyzaB3._xyz"
# A secret that no message may show
SECRET = "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo="
GOOD = f"""\
apiVersion: v1
kind: Config
current-context: a@b
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==
    server: https://10.10.0.10:6443
    proxy-url: http://proxy.example.com:3128
  name: b
contexts:
- context: {{cluster: b, user: kubernetes-admin}}
  name: a@b
users:
- name: kubernetes-admin
  user:
    client-certificate-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==
    client-key-data: {SECRET}
- name: other
  user:
    token: "{SECRET}"
"""
TUNNEL = f"""
  <ipsec_tunnel>
    <customer_gateway>
      <tunnel_outside_address><ip_address>203.0.113.10</ip_address></tunnel_outside_address>
      <tunnel_inside_address><ip_address>169.254.10.2</ip_address></tunnel_inside_address>
    </customer_gateway>
    <vpn_gateway>
      <tunnel_outside_address><ip_address>198.51.100.20</ip_address></tunnel_outside_address>
      <tunnel_inside_address><ip_address>169.254.10.1</ip_address></tunnel_inside_address>
    </vpn_gateway>
    <ike><authentication_protocol>sha1</authentication_protocol><lifetime>28800</lifetime>
      <encryption_protocol>aes-128-cbc</encryption_protocol><pre_shared_key>{KEY}</pre_shared_key></ike>
    <ipsec><lifetime>3600</lifetime><tcp_mss_adjustment>1379</tcp_mss_adjustment></ipsec>
  </ipsec_tunnel>"""
DOCUMENT = f'<?xml version="1.0" encoding="UTF-8"?>\n<vpn_connection id="vpn-1">{TUNNEL}</vpn_connection>'
CLUSTER = {
    "name": "vulcan",
    "arn": "arn:aws:eks:eu-central-1:123456789012:cluster/vulcan",
    "endpoint": "https://A1B2.gr7.eu-central-1.eks.amazonaws.com",
    "certificateAuthority": {"data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="},
    "status": "ACTIVE",
}


def rejected(call: t.Callable[[], t.Any]) -> bool:
    """Whether it is rejected, in one line that shows no secret; any other exception fails the test."""
    try:
        call()
    except FederationError as error:
        assert error.message == " ".join(error.message.split())
        assert len(error.message) < 10_000
        assert SECRET not in error.message
        return True
    return False


def test_kubeconfigs_are_read_or_rejected() -> None:
    edit = entries.Edit({"clusters": {"b": None}, "contexts": {"n": {"cluster": "c", "user": "u"}}, "users": {}}, "n")

    def change(text: str) -> None:
        data = entries.parse(text, "/k")
        changed, _kept = entries.apply(text, data, edit)
        assert entries.parse(changed, "/k") == entries.merged(data, edit)
        assert SECRET not in entries.excerpt(data, {"users": ["kubernetes-admin", "other"], "clusters": ["b"]})

    told = [rejected(lambda text=text: change(text)) for text in texts(GOOD)]  # type: ignore[misc]
    assert True in told
    assert False in told


def test_clusters_are_reached_by_kubeconfigs_or_not(tmp_path: Path) -> None:
    pytest.importorskip("kubernetes")
    file = tmp_path / "config"
    options: dict[str, t.Any] = dict.fromkeys(("host", "api_key", "ca_cert", "validate_certs"))

    def address(given: t.Any) -> str:
        return connect_as({**options, "kubeconfig": given, "context": "a@b"}, label="x").connection.address

    def connect(text: str) -> None:
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        # Nothing is sent: the name of the address is all that is looked at
        assert address(str(file))

    told = [rejected(lambda text=text: connect(text)) for text in texts(GOOD)]  # type: ignore[misc]
    assert True in told
    assert False in told
    for given in values(yaml.safe_load(GOOD)):
        secrets_of(given)
        rejected(lambda given=given: address(given))  # type: ignore[misc]


def test_the_check_says_what_is_wrong_with_a_kubeconfig(tmp_path: Path) -> None:
    for text in texts(GOOD, seed=2):
        file = tmp_path / "config"
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        given = {"host": None, "api_key": None, "kubeconfig": str(file), "host_context": "a@b"}
        for problem in burst_check.host_problems(given):
            assert "\n" not in str(problem)
            assert SECRET not in str(problem)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (bomb(), "its aliases expand to more than"),
        ("a: " + "x" * 10_000_000, "it has 10000003 characters"),
        ("[" * 100_000, "is broken"),
        ("!!python/object/apply:os.system [id]", "is broken"),
        ("a: &a [*a]", "an anchor contains itself"),
        ("\0", "is broken"),
    ],
    ids=["bomb", "10 MB", "depth", "code", "loop", "binary"],
)
def test_what_would_take_all_memory_or_run_something(text: str, reason: str) -> None:
    with pytest.raises(FederationError, match=reason):
        entries.parse(text, "/k")


def test_documents_of_connections_are_read_or_rejected() -> None:
    read = 0
    for text in texts(DOCUMENT, TRIES * 4):
        try:
            found = tunnels(text)
        except CustomerGatewayError as error:
            assert "\n" not in str(error)
            assert KEY not in str(error)
            continue
        read += 1
        for tunnel in found:
            assert re.fullmatch(r"[1-9A-Za-z._][0-9A-Za-z._]{7,63}", tunnel["psk"])
            for name in ("remote_address", "local_address", "inside_local", "inside_remote"):
                assert str(ipaddress.IPv4Address(tunnel[name])) == tunnel[name]
            assert all(re.fullmatch(r"[a-z0-9-]+", word) for word in tunnel["ike_proposals"] + tunnel["esp_proposals"])
            assert all(isinstance(tunnel[name], int) for name in ("ike_lifetime", "esp_lifetime", "tcp_mss"))
    assert read


def test_entities_bombs_and_large_documents() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for text in (
        f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><vpn_connection>&l9;</vpn_connection>',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><vpn_connection>&e;</vpn_connection>',
        '<!DOCTYPE x SYSTEM "http://198.51.100.1/x.dtd"><vpn_connection/>',
        DOCUMENT + " " * 10_000_000,
    ):
        with pytest.raises(CustomerGatewayError):
            tunnels(text)


def test_clusters_as_eks_describes_them_are_taken_or_rejected() -> None:
    for found in values(CLUSTER, TRIES * 4):
        if isinstance(found, dict) and not rejected(lambda found=found: clusters.checked(found)):  # type: ignore[misc]
            assert re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]+)?/?", found["endpoint"])
            assert re.fullmatch(r"[A-Za-z0-9+/=]+", found["certificateAuthority"]["data"])


@pytest.mark.parametrize("name", ["..", ".", "", "a/../../b", "a?b=c", "a#b", "a%2e", "a b", "ü\n"])
def test_a_name_is_one_part_of_a_path(name: str) -> None:
    good = resource_path("apps", "v1", "deployments", namespace="shop", name="web")
    for names in (
        {"namespace": name, "name": "web"},
        {"namespace": "shop", "name": name},
    ):
        try:
            path = resource_path("apps", "v1", "deployments", **names)
        except InvalidOption:
            assert name in ("", ".", "..")
            continue
        assert path.count("/") == good.count("/")
        assert re.fullmatch(r"[A-Za-z0-9._~/%:-]+", path)


class Answer(t.NamedTuple):
    status: int
    data: bytes

    @property
    def headers(self) -> t.Any:
        from urllib3 import HTTPHeaderDict

        return HTTPHeaderDict()

    def stream(self, size: int) -> t.Iterator[bytes]:
        yield self.data


@pytest.mark.parametrize("data", ["", "[]", "7", "null", "[" * 100_000, "{", '"x"', "<html>", "\0"])
def test_who_does_not_answer_like_kubernetes(data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("kubernetes")
    client = connect_with_token("https://10.11.0.10", b"", "t", proxy="", label="vulcan")
    monkeypatch.setattr(client._pool, "request", lambda *args, **more: Answer(200, data.encode()))
    with pytest.raises(Unreachable, match="does not answer like a Kubernetes API server"):
        client.get("/version")
    monkeypatch.setattr(client._pool, "request", lambda *args, **more: Answer(500, data.encode()))
    assert rejected(lambda: client.get("/version"))


def test_a_token_that_is_no_header_is_not_shown() -> None:
    pytest.importorskip("kubernetes")
    client = connect_with_token("http://127.0.0.1:1", b"", f"{SECRET}\r\nX: y", proxy="", label="vulcan")
    assert rejected(lambda: client.get("/version"))


def test_secrets_that_are_no_secrets() -> None:
    for found in values(json.loads('{"data": {"token": "dA=="}}'), seed=3):
        if isinstance(found, dict) and isinstance(found.get("data"), (dict, type(None))):
            assert isinstance(decoded(found, "token"), str)
