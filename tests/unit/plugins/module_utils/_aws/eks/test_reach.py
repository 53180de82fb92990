# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why an API server does not answer; and the three answers about a cluster that cannot be used."""

from __future__ import annotations

import base64
import http.server
import socket
import ssl
import subprocess
import threading
import typing as t
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._aws.eks import clusters, reach
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import FederationError


class _Rejecting(http.server.BaseHTTPRequestHandler):
    """Knows nobody, as an API server without anonymous access."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.end_headers()

    def log_message(self, format: str, *args: t.Any) -> None:  # noqa: A002 # the base class's name
        pass


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    key, certificate = folder / f"{name}.key", folder / f"{name}.crt"
    subject = ["-subj", "/CN=x", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return key, certificate


@pytest.fixture(scope="module", name="cluster")
def _cluster(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, t.Any]]:
    key, certificate = _certificate(tmp_path_factory.mktemp("pki"), "own")
    server = http.server.HTTPServer(("127.0.0.1", 0), _Rejecting)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    data = base64.b64encode(certificate.read_bytes()).decode()
    yield {"endpoint": f"https://localhost:{server.server_port}", "certificateAuthority": {"data": data}}
    server.shutdown()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def test_any_answer_will_do(cluster: dict[str, t.Any]) -> None:
    assert reach.no_answer(cluster, None, 3) is None


def test_a_port_that_nobody_listens_at(cluster: dict[str, t.Any]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert reach.no_answer({**cluster, "endpoint": f"https://localhost:{port}"}, None, 3) == "Connection refused"
    assert reach.no_answer(cluster, f"http://127.0.0.1:{port}", 3) == "Connection refused"
    # Nobody but the client can speak SOCKS.
    assert reach.no_answer(cluster, f"socks5://127.0.0.1:{port}", 3) is None


def test_a_host_that_keeps_silent(cluster: dict[str, t.Any]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        endpoint = f"https://localhost:{silent.getsockname()[1]}"
        assert reach.no_answer({**cluster, "endpoint": endpoint}, None, 0.2) == "no answer within 0 s"


def test_a_name_that_is_not_known(cluster: dict[str, t.Any]) -> None:
    said = reach.no_answer({**cluster, "endpoint": "https://vulcan.invalid"}, None, 3)
    assert said == "the name vulcan.invalid cannot be resolved here"


def test_somebody_else(cluster: dict[str, t.Any], tmp_path: Path) -> None:
    other = base64.b64encode(_certificate(tmp_path, "other")[1].read_bytes()).decode()
    said = reach.no_answer({**cluster, "certificateAuthority": {"data": other}}, None, 3)
    assert said == "the server there has no certificate of this cluster (self-signed certificate)"


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ({"endpointPublicAccess": False}, "private: check that the tunnel to its VPC is up"),
        ({"endpointPublicAccess": True, "publicAccessCidrs": ["192.0.2.0/24"]}, "public, open to 192.0.2.0/24"),
        ({}, "public, open to 0.0.0.0/0"),
    ],
)
def test_advice_goes_by_the_end_point(network: dict[str, t.Any], said: str) -> None:
    assert said in reach.advice({"resourcesVpcConfig": network})


class _Eks:
    """Answers as AWS's client does."""

    def __init__(self, status: str) -> None:
        self.status = status

    def describe_cluster(self, name: str) -> dict[str, t.Any]:
        exceptions = pytest.importorskip("botocore.exceptions")
        if not self.status:
            raise exceptions.ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "DescribeCluster")
        return {"cluster": {"name": name, "status": self.status}}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("", "There is no EKS cluster vulcan in eu-central-1"),
        ("CREATING", "is CREATING, not ACTIVE. Wait until it is, for example with wait=true."),
        ("DELETING", "is DELETING, not ACTIVE. It can no longer be used."),
    ],
)
def test_missing_creating_and_gone_are_told_apart(status: str, said: str) -> None:
    with pytest.raises(FederationError) as caught:
        clusters.active(_Eks(status), "vulcan", "eu-central-1", None)
    assert said in caught.value.message
