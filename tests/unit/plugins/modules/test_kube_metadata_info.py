# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of an API server on loopback, and what of its answers is returned."""

from __future__ import annotations

import json
import threading
import typing as t
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest.importorskip("kubernetes")

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.client import Client
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.connect import connect_with_token
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.errors import ApiError
from ansible_collections.cloudburst.federation.plugins.modules.kube_metadata_info import QUERY_SPEC, answer

SECRET = {
    "metadata": {
        "name": "sh.helm.release.v1.kubefed.v1",
        "namespace": "kube-federation-system",
        "uid": "u1",
        "labels": {"owner": "helm", "status": "deployed"},
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hidden"},
    }
}
NAMESPACE = {"metadata": {"name": "kube-federation-system", "uid": "u2"}}
ANSWERS = {
    "/api/v1/namespaces/kube-federation-system/secrets": {"metadata": {}, "items": [SECRET]},
    "/api/v1/namespaces/kube-federation-system": NAMESPACE,
}
FORBIDDEN = "/api/v1/namespaces/forbidden/secrets"


class Asked(t.NamedTuple):
    """A request."""

    path: str
    query: dict[str, str]
    accept: str


@pytest.fixture(name="server")
def _server() -> t.Iterator[tuple[Client, list[Asked]]]:
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urllib.parse.urlsplit(self.path)
            asked.append(Asked(url.path, dict(urllib.parse.parse_qsl(url.query)), self.headers["Accept"]))
            found = ANSWERS.get(url.path)
            body = json.dumps(found or {"kind": "Status", "message": "no"}).encode()
            self.send_response(200 if found else 403 if url.path == FORBIDDEN else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: t.Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield connect_with_token(f"http://127.0.0.1:{server.server_address[1]}", b"", "t", proxy="", label="earth"), asked
    server.shutdown()
    server.server_close()


def query(**given: t.Any) -> dict[str, t.Any]:
    return {**{name: spec.get("default") for name, spec in QUERY_SPEC.items()}, **given}


def test_a_selection_shows_no_annotations_and_asks_for_the_metadata_alone(server: tuple[Client, list[Asked]]) -> None:
    client, asked = server
    selection = query(
        api_version="v1",
        resource="secrets",
        namespace="kube-federation-system",
        label_selectors=["owner=helm", "name=kubefed"],
    )
    metadata = SECRET["metadata"]
    assert answer(client, selection) == [{key: metadata[key] for key in ("name", "namespace", "uid", "labels")}]
    assert asked[0].query["labelSelector"] == "owner=helm,name=kubefed"
    assert "as=PartialObjectMetadataList" in asked[0].accept


def test_one_object_by_its_name(server: tuple[Client, list[Asked]]) -> None:
    client, asked = server
    named = query(api_version="v1", resource="namespaces", name="kube-federation-system")
    assert answer(client, named) == [{"name": "kube-federation-system", "namespace": None, "uid": "u2", "labels": {}}]
    assert "as=PartialObjectMetadata;" in asked[0].accept


@pytest.mark.parametrize("name", ["v1.security.openshift.io", None])
def test_nothing_is_there_or_the_type_is_not_known(server: tuple[Client, list[Asked]], name: str | None) -> None:
    client, asked = server
    wanted = query(api_version="apiregistration.k8s.io/v1", resource="apiservices", name=name)
    assert answer(client, wanted) == []
    assert asked[0].path.startswith("/apis/apiregistration.k8s.io/v1/apiservices")


def test_a_rejection_is_no_empty_answer(server: tuple[Client, list[Asked]]) -> None:
    with pytest.raises(ApiError):
        answer(server[0], query(api_version="v1", resource="secrets", namespace="forbidden"))
