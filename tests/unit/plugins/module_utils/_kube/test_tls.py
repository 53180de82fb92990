# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a member's certificate goes unverified: what is named, and nothing else."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import threading
import typing as t
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.connect import connect_with_token
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.errors import Unreachable
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption

pytest.importorskip("kubernetes")
pytest.importorskip("cryptography")

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


class Pair(t.NamedTuple):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def issue(issuer: Pair | None, address: str = "127.0.0.1", until: datetime.datetime = NOW + DAY) -> Pair:
    """A certificate, of its own authority where there is no issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority" if issuer is None else "server")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 10 * DAY)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        builder = builder.add_extension(names, critical=False)
    return Pair(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


OURS, THEIRS = issue(None), issue(None)


class Handler(BaseHTTPRequestHandler):
    tokens: t.ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        self.tokens.append(self.headers["Authorization"])
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_request(self, *args: t.Any) -> None:
        pass


@pytest.fixture(name="serve")
def _serve(tmp_path: Path) -> t.Iterator[t.Callable[[Pair], str]]:
    servers: list[HTTPServer] = []

    def start(pair: Pair) -> str:
        key = pair.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = tmp_path / "pem"
        file.write_bytes(pair.pem() + key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        server = HTTPServer(("127.0.0.1", 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"https://127.0.0.1:{server.server_port}"

    Handler.tokens.clear()
    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


GOOD, NAME, TIME, ISSUER = "good", "for another name", "expired", "of another authority"
CASES = {
    GOOD: issue(OURS),
    NAME: issue(OURS, address="192.0.2.1"),
    TIME: issue(OURS, until=NOW - DAY),
    ISSUER: issue(THEIRS),
}


@pytest.mark.parametrize(
    ("unverified", "taken"),
    [
        ([], [GOOD]),
        (["SubjectName"], [GOOD, NAME]),
        (["ValidityPeriod"], [GOOD, TIME]),
        (["SubjectName", "ValidityPeriod"], [GOOD, NAME, TIME]),
        (["*"], [GOOD, NAME, TIME, ISSUER]),
    ],
)
def test_only_what_is_named_goes_unverified(
    unverified: list[str], taken: list[str], serve: t.Callable[[Pair], str]
) -> None:
    found = []
    for case, pair in CASES.items():
        client = connect_with_token(serve(pair), OURS.pem(), "abc", proxy="", label="vulcan", unverified=unverified)
        try:
            client.get("/version")
        except Unreachable as error:
            assert "certificate verify failed" in error.message
        else:
            found.append(case)
    assert found == taken
    # Who was not trusted has not seen the token either.
    assert Handler.tokens == ["Bearer abc"] * len(taken)


def test_certificates_that_are_none() -> None:
    with pytest.raises(InvalidOption, match="vulcan: the certificates of its authority cannot be used"):
        connect_with_token("https://h", b"x", "t", proxy="", label="vulcan", unverified=["ValidityPeriod"])
