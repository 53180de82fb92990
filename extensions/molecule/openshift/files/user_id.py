# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A webhook that gives each pod without a user one of its namespace's own range, as OpenShift does."""

from __future__ import annotations

import base64
import http.server
import json
import os
import ssl
import sys

USER = 1000650000


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers an AdmissionReview."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        context = request["object"]["spec"].get("securityContext") or {}
        response = {"uid": request["uid"], "allowed": True}
        if "runAsUser" not in context:
            patch = [{"op": "add", "path": "/spec/securityContext", "value": {**context, "runAsUser": USER}}]
            response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
        answer = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
        self._answer(json.dumps(answer).encode())

    def do_DELETE(self) -> None:
        self._answer(b"{}")
        os._exit(0)

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Listen with a certificate; both are given as arguments: address, port, certificate, key."""
    address, port, certificate, key = sys.argv[1:]
    server = http.server.ThreadingHTTPServer((address, int(port)), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
