# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""A Kubernetes API server, spoken to in plain JSON.

The kubernetes library makes the TLS connections. Its typed models and its discovery are not used: all paths needed here
are known, and discovery alone costs more than most calls.
"""

from __future__ import annotations

import json
import re
import threading
import time
import traceback
import typing as t
from urllib.parse import urlencode

from .._runtime.deadline import TooLate, within
from .._runtime.errors import FederationError, InvalidOption
from .errors import ApiError, Unreachable, api_error, cause
from .kubeconfig.identity import Identity
from .objects import Object
from .parallel import PARALLEL
from .tls import NO_CHECK_TIME, verifying
from .urls import host_and_port

KUBERNETES_IMPORT_ERROR: str | None = None
try:
    import urllib3
    from kubernetes.client import Configuration
    from kubernetes.client.rest import RESTClientObject
except ImportError:
    KUBERNETES_IMPORT_ERROR = traceback.format_exc()


CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 30.0
# Of a whole answer, however it trickles; a page of large objects takes its time on a slow line
REQUEST_TIMEOUT = 120.0
# Five hundred objects, as large as etcd takes them by default, would be more; nobody has that many of them
MAXIMUM_SIZE = 256 * 2**20
PAGE = 500
# A million objects
MAXIMUM_PAGES = 2000
LIST_TIMEOUT = 600.0
LIST_TRIES = 3


JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
# Only the metadata of the objects, as the API server itself strips them:
# https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
METADATA_OF_ONE = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


class Connection(t.NamedTuple):
    """How a cluster is reached, as its kubeconfig says.

    :ivar server: URL of the API server.
    :ivar ca: certificates of its authority in PEM, or empty.
    :ivar verify: whether its certificate is verified.
    :ivar proxy: URL of the proxy that the kubeconfig names, or empty; not this machine's own.
    """

    server: str
    ca: bytes
    verify: bool
    proxy: str

    @property
    def address(self) -> str:
        """Host and port, as a firewall would be asked for."""
        return ":".join(map(str, host_and_port(self.server)))


class Proxy(t.NamedTuple):
    """A proxy.

    :ivar url: with ``http``, ``https`` or ``socks5``.
    :ivar exceptions: hosts that are reached without it, with commas between them, or ``None``.
    """

    url: str
    exceptions: str | None


class _Received(t.NamedTuple):
    status: int
    warnings: t.Sequence[str]
    data: bytes


class Client:
    """One API server.

    :param configuration: a kubernetes.client.Configuration, which says where and how; as whom it does not.
    :param label: what the cluster is called in messages.
    :param identity: as whom requests are made; ``None`` for nobody.
    :param ca: certificates of the server's authority in PEM, where the configuration names no file with them.
    :param use_environment: take the proxy that this machine's environment names where the configuration has none.
    :param proxy: this machine's own way to the cluster, over what the configuration says.
    """

    def __init__(
        self,
        configuration: t.Any,
        label: str,
        identity: Identity | None = None,
        *,
        ca: bytes = b"",
        use_environment: bool = False,
        proxy: Proxy | None = None,
    ) -> None:
        configuration.connection_pool_maxsize = PARALLEL
        self._identity = identity or Identity()
        self._proxy = str(configuration.proxy or "")
        if proxy:
            configuration.proxy, configuration.no_proxy = proxy
        elif self._proxy:
            # NO_PROXY is for the environment's proxy: http.ProxyURL() in ClientConfig() of client-go's client_config.go
            configuration.no_proxy = None
        elif use_environment:
            fresh = Configuration()
            fresh.host = configuration.host
            configuration.proxy = fresh.proxy
        self._configuration = configuration
        try:
            self._pool = RESTClientObject(configuration).pool_manager
        except (urllib3.exceptions.HTTPError, OSError, ValueError, ImportError) as error:
            raise InvalidOption(
                f"{label}: its proxy, or a file of its certificates, cannot be used: {error}"
            ) from error
        self._ca = ca
        if ca:
            self._pool.connection_pool_kw["ca_cert_data"] = ca.decode(errors="replace")
        self._plain = self._pool.pool_classes_by_scheme
        self._verify()
        self.label = label

    def ignore_validity_period(self) -> None:
        """Take the server's certificate, and those of its authorities, at any time; all else of it is verified.

        :raises ValueError: the authority's certificates are none.
        """
        if self._ca:
            urllib3.util.ssl_.create_urllib3_context().load_verify_locations(cadata=self._ca.decode(errors="replace"))
        self._verify(NO_CHECK_TIME)

    def _verify(self, flags: int = 0) -> None:
        """Have certificates verified as kubectl does, but for what some flags of OpenSSL say.

        Python 3.13 asks for an Authority Key Identifier too, which authorities of EKS lack
        (https://github.com/kubernetes-client/python/issues/2394).
        """
        self._pool.pool_classes_by_scheme = {**self._plain, "https": verifying(self._plain["https"], flags)}

    @property
    def connection(self) -> Connection:
        """How the cluster is reached."""
        configuration = self._configuration
        ca = self._ca
        if configuration.ssl_ca_cert:
            with open(configuration.ssl_ca_cert, "rb") as file:
                ca = file.read()
        return Connection(
            server=str(configuration.host).rstrip("/"),
            ca=ca,
            verify=bool(configuration.verify_ssl),
            proxy=self._proxy,
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        body: t.Any = None,
        query: t.Mapping[str, str] | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        warnings: t.MutableSequence[str] | None = None,
    ) -> Object:
        """One call, answered with the decoded JSON.

        :param warnings: gets what the API server warns of, also when its answer is an error.
        :raises ApiError: for each answer that is not a success.
        :raises Unreachable: when there is no answer within the timeouts.
        """
        received = self._received(method, path, body, query, content_type, accept)
        if warnings is not None:
            warnings.extend(_warning(text) for text in received.warnings)
        if received.status >= 300:
            raise api_error(self.label, method, path, received.status, received.data)
        try:
            answer = json.loads(received.data)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise Unreachable(f"{self.label}: {self.connection.address} does not answer like a Kubernetes API server.")
        return answer

    def _received(
        self, method: str, path: str, body: t.Any, query: t.Mapping[str, str] | None, content_type: str, accept: str
    ) -> _Received:
        """An answer that is complete in time and of a bearable size."""
        headers = urllib3.HTTPHeaderDict({"Accept": accept})
        if body is not None:
            headers["Content-Type"] = content_type
        for name, value in self._identity.headers():
            headers.add(name, value)
        content = None if body is None else json.dumps(body)
        url = str(self._configuration.host).rstrip("/") + path + (f"?{urlencode(query)}" if query else "")
        # A GET can be sent again at any time; what changes something only by its caller, who looks first
        again = 1 if method == "GET" else 0

        def exchange(given_up: threading.Event) -> _Received:
            retries = again
            while True:
                response = self._pool.request(
                    method,
                    url,
                    body=content,
                    headers=headers,
                    timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
                    retries=urllib3.Retry(connect=1, read=again, redirect=0, status=0, other=0),
                    preload_content=False,
                )
                try:
                    whole = self._content(response, given_up)
                    return _Received(response.status, response.headers.getlist("Warning"), whole)
                except urllib3.exceptions.HTTPError:
                    if not retries:
                        raise
                    retries -= 1

        try:
            return within(REQUEST_TIMEOUT, exchange)
        except TooLate as error:
            raise Unreachable(
                f"{self.label}: no complete answer from {self.connection.address} to {method} {path} within"
                f" {REQUEST_TIMEOUT:.0f} s. Check the load of the API server and the path to it."
            ) from error
        except ValueError as error:
            # A token with a line end in it, for one; what it is may be secret
            raise FederationError(
                f"{self.label}: {method} {path} cannot be sent: the cluster's credentials or its address are invalid."
            ) from error
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(
                f"{self.label}: no answer from {self.connection.address}: {cause(error)}."
                " Check the route to it, firewalls in between, and that the API server is running."
            ) from error

    def _content(self, response: t.Any, given_up: threading.Event) -> bytes:
        content = bytearray()
        for chunk in response.stream(2**16):
            content += chunk
            if given_up.is_set() or len(content) > MAXIMUM_SIZE:
                response.close()
                raise FederationError(
                    f"{self.label}: {self.connection.address} answers with more than {MAXIMUM_SIZE // 2**20} MiB, "
                    "which is not a plausible response of a Kubernetes API server."
                )
        return bytes(content)

    def get(self, path: str, *, metadata_only: bool = False) -> Object | None:
        """An object, or ``None`` where it, or its type, does not exist."""
        try:
            return self.request("GET", path, accept=METADATA_OF_ONE if metadata_only else "application/json")
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def _pages(self, path: str, query: dict[str, str], accept: str, deadline: float) -> list[Object]:
        items: list[Object] = []
        seen: set[str] = set()
        while True:
            page = self.request("GET", path, query=query, accept=accept)
            items.extend(page.get("items") or [])
            more = (page.get("metadata") or {}).get("continue")
            if not more:
                return items
            endless = (
                "repeats a page"
                if more in seen
                else f"has more than {MAXIMUM_PAGES} pages"
                if len(seen) >= MAXIMUM_PAGES
                else f"has not ended after {LIST_TIMEOUT:.0f} s"
                if time.monotonic() > deadline
                else None
            )
            if endless:
                raise FederationError(
                    f"{self.label}: the list of {path} {endless}. Is there really a Kubernetes API server at"
                    f" {self.connection.address}?"
                )
            seen.add(more)
            query["continue"] = more

    def list(self, path: str, *, metadata_only: bool = False, **query: str) -> list[Object]:
        """All objects of a collection; none where the type does not exist. Read in pages of 500.

        A list whose rest is no longer kept there (410) is begun anew, see
        https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks

        :raises FederationError: it has no end.
        """
        accept = METADATA_ONLY if metadata_only else "application/json"
        deadline = time.monotonic() + LIST_TIMEOUT
        begun = 0
        while True:
            begun += 1
            try:
                return self._pages(path, {"limit": str(PAGE), **query}, accept, deadline)
            except ApiError as error:
                if error.status == 404:
                    return []
                if error.status != 410 or begun == LIST_TRIES:
                    raise

    def create(self, path: str, body: Object) -> Object:
        """Create an object; ApiError with status 409 when it exists."""
        return self.request("POST", path, body=body)

    def patch(self, path: str, body: t.Any, *, content_type: str = MERGE_PATCH) -> Object:
        """Change parts of an object."""
        return self.request("PATCH", path, body=body, content_type=content_type)

    def delete(self, path: str, *, uid: str | None = None, propagation: str = "Background") -> bool:
        """Delete an object.

        :param uid: delete it only if it still is this one.
        :returns: whether there was one.
        """
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        if uid:
            options["preconditions"] = {"uid": uid}
        try:
            self.request("DELETE", path, body=options)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True


def _warning(header: str) -> str:
    """The text of a Warning header: ``299 - "unknown field \\"spec.replica\\""`` (NewWarningHeader in apimachinery)."""
    quoted = re.search(r'"((?:[^"\\]|\\.)*)"', header)
    return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else header


__all__ = ("JSON_PATCH", "KUBERNETES_IMPORT_ERROR", "MERGE_PATCH", "Client", "Connection", "Proxy")
