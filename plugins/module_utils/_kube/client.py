# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""A Kubernetes API server, spoken to in plain JSON.

The kubernetes library makes the TLS connections; how a kubeconfig is read is in access.py. Its typed models and
its discovery are not used: all paths needed here are known, and discovery alone costs more than most calls.
"""

from __future__ import annotations

import base64
import json
import os
import re
import ssl
import threading
import time
import traceback
import typing as t
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode, urlsplit

from .._runtime.deadline import TooLate, within
from .._runtime.errors import FederationError, InvalidOption, Unavailable, without_login
from . import access as kube_access
from .access import Identity, Token

KUBERNETES_IMPORT_ERROR: str | None = None
try:
    import kubernetes.config
    import urllib3
    from kubernetes.client import Configuration
    from kubernetes.client.rest import RESTClientObject
except ImportError:
    KUBERNETES_IMPORT_ERROR = traceback.format_exc()

Object = dict[str, t.Any]
Target = t.TypeVar("Target")
Outcome = t.TypeVar("Outcome")

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
PARALLEL = 8
# KubeFed's too: validateProxyURL in pkg/apis/core/v1beta1/validation/validation.go
PROXY_SCHEMES = ("http", "https", "socks5")

# What of a certificate may go unverified: pkg/apis/core/v1beta1/kubefedcluster_types.go; what of it is verified then,
# CustomizeCertificateValidation() in pkg/controller/util/cluster_util.go
TLS_ALL, TLS_SUBJECT_NAME, TLS_VALIDITY_PERIOD = "*", "SubjectName", "ValidityPeriod"
# X509_V_FLAG_NO_CHECK_TIME in OpenSSL's x509_vfy.h; Python has no name for it
_NO_CHECK_TIME = 0x200000

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
# Only the metadata of the objects, as the API server itself strips them:
# https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


# https://kubernetes.io/docs/reference/using-api/api-concepts/ has 429; the others are what proxies and an API server
# without etcd say
_PASSING = (429, 502, 503, 504)


class ApiError(FederationError):
    """The API server has answered with an error.

    :ivar status: the HTTP status code.
    :ivar reason: the machine-readable reason of the Status object, or an empty string.
    """

    def __init__(self, message: str, *, status: int, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class Unreachable(Unavailable):
    """No answer from the API server, or no access to it."""


class ApiUnavailable(ApiError, Unavailable):
    """The API server, or etcd behind it, is starting, ending or has too much to do."""


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


def host_and_port(url: str) -> tuple[str, int]:
    """Host and port of an API server."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)


def resource_path(
    group: str, version: str, plural: str, *, namespace: str | None = None, name: str | None = None
) -> str:
    """Path of a collection of resources, or of one of them.

    Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris

    :param group: API group; empty for the core group.
    :param namespace: ``None`` for cluster-scoped resources and for all namespaces.
    :raises InvalidOption: for a name that would lead elsewhere.
    """
    parts = [] if namespace is None else ["namespaces", namespace]
    parts.append(plural)
    if name is not None:
        parts.append(name)
    return version_path(group, version) + _path_of(parts)


def version_path(group: str, version: str) -> str:
    """Path of a version of an API group, which is empty for the core group.

    :raises InvalidOption: for a name that would lead elsewhere.
    """
    return _path_of(["apis", group, version] if group else ["api", version])


def _path_of(parts: t.Sequence[str]) -> str:
    for part in parts:
        # Nothing is called so, and who sends or gets it may take it for a way up
        if part in ("", ".", ".."):
            raise InvalidOption(f"{part!r} names nothing in Kubernetes; it was to be a part of {'/'.join(parts)}.")
    # RBAC's names hold colons, which are fine in a path
    return "".join(f"/{quote(part, safe=':')}" for part in parts)


class _Received(t.NamedTuple):
    status: int
    warnings: t.Sequence[str]
    data: bytes


def _verifying(pool: t.Any, flags: int) -> t.Any:
    """A class of pools whose connections verify with these flags of OpenSSL, and without RFC 5280's strictness."""

    class Connection(pool.ConnectionCls):
        def connect(self) -> None:
            # One for each connection: urllib3 loads certificates into it, and a context is no thing for two threads
            context = urllib3.util.ssl_.create_urllib3_context(
                cert_reqs=urllib3.util.ssl_.resolve_cert_reqs(self.cert_reqs)
            )
            context.verify_flags = (context.verify_flags & ~ssl.VERIFY_X509_STRICT) | flags
            if not (self.ca_certs or self.ca_cert_dir or self.ca_cert_data):
                context.load_default_certs()
            self.ssl_context = context
            super().connect()

    class Pool(pool):
        ConnectionCls = Connection

    return Pool


class Client:
    """One API server.

    :param configuration: a kubernetes.client.Configuration, which says where and how; as whom it does not.
    :param label: what the cluster is called in messages.
    :param identity: as whom requests are made; ``None`` for nobody.
    :param ca: certificates of the server's authority in PEM, where the configuration names no file with them.
    :param use_environment: take the proxy that this machine's environment names where the configuration has none.
    """

    def __init__(
        self,
        configuration: t.Any,
        label: str,
        identity: Identity | None = None,
        *,
        ca: bytes = b"",
        use_environment: bool = False,
    ) -> None:
        configuration.connection_pool_maxsize = PARALLEL
        self._identity = identity or Identity()
        self._proxy = str(configuration.proxy or "")
        if self._proxy:
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
            raise InvalidOption(f"{label}: its proxy, or a file of its certificates, can't be used: {error}") from error
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
        self._verify(_NO_CHECK_TIME)

    def _verify(self, flags: int = 0) -> None:
        """Have certificates verified as kubectl does, but for what some flags of OpenSSL say.

        Python 3.13 asks for an Authority Key Identifier too, which authorities of EKS lack
        (https://github.com/kubernetes-client/python/issues/2394).
        """
        self._pool.pool_classes_by_scheme = {**self._plain, "https": _verifying(self._plain["https"], flags)}

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
            raise _api_error(self.label, method, path, received.status, received.data)
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
            left = again
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
                    if not left:
                        raise
                    left -= 1

        try:
            return within(REQUEST_TIMEOUT, exchange)
        except TooLate as error:
            raise Unreachable(
                f"{self.label}: no complete answer from {self.connection.address} to {method} {path} within"
                f" {REQUEST_TIMEOUT:.0f} s. Look at the load of the API server, and at the way to it."
            ) from error
        except ValueError as error:
            # A token with a line end in it, for one; what it is may be secret
            raise FederationError(
                f"{self.label}: {method} {path} can't be sent: the cluster's credentials or its address are broken."
            ) from error
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(
                f"{self.label}: no answer from {self.connection.address}: {_cause(error)}."
                " Check the route to it, firewalls on the way, and that the API server runs."
            ) from error

    def _content(self, response: t.Any, given_up: threading.Event) -> bytes:
        content = bytearray()
        for chunk in response.stream(2**16):
            content += chunk
            if given_up.is_set() or len(content) > MAXIMUM_SIZE:
                response.close()
                raise FederationError(
                    f"{self.label}: {self.connection.address} answers with more than {MAXIMUM_SIZE // 2**20} MiB, which"
                    " is no answer of a Kubernetes API server to what was asked."
                )
        return bytes(content)

    def get(self, path: str) -> Object | None:
        """An object, or ``None`` where it, or its type, does not exist."""
        try:
            return self.request("GET", path)
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
                "gives the same page again"
                if more in seen
                else f"has more than {MAXIMUM_PAGES} pages"
                if len(seen) >= MAXIMUM_PAGES
                else f"is not over after {LIST_TIMEOUT:.0f} s"
                if time.monotonic() > deadline
                else None
            )
            if endless:
                raise FederationError(
                    f"{self.label}: the list of {path} {endless}. Is it a Kubernetes API server that answers at"
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


def each(call: t.Callable[[Target], Outcome], targets: t.Sequence[Target]) -> list[Outcome]:
    """Call for each target, some side by side; results in the order of the targets. The first error is raised."""
    if len(targets) < 2:
        return [call(target) for target in targets]
    with ThreadPoolExecutor(max_workers=min(PARALLEL, len(targets))) as pool:
        return list(pool.map(call, targets))


def connect_as(params: t.Mapping[str, t.Any], *, label: str, prefix: str = "") -> Client:
    """A client by a module's options of access, see kube_spec() in _runtime/argspec.py.

    As in kubernetes.core, host with api_key needs no kubeconfig, and each of them goes over what a kubeconfig says. As
    with kubectl's --token, the one whom the kubeconfig's user acts as stays.

    :param prefix: of the options' names.
    :raises InvalidOption: when an option can't be used.
    :raises Unavailable: when the command that gets the credentials fails.
    """
    given = {name: params[f"{prefix}{name}"] for name in ("host", "api_key", "ca_cert", "validate_certs")}
    if given["host"]:
        check_url(given["host"], f"{prefix}host", ("http", "https"))
    if given["host"] and given["api_key"]:
        configuration, identity = _blank(), Identity()
    else:
        configuration, identity = _configuration(
            params[f"{prefix}kubeconfig"],
            params[f"{prefix}context"],
            label=label,
            option=f"{prefix}kubeconfig",
            token=given["api_key"],
        )
    if given["host"]:
        configuration.host = given["host"]
    if given["api_key"]:
        identity = identity.with_token(given["api_key"])
    if given["validate_certs"] is not None:
        configuration.verify_ssl = given["validate_certs"]
    if given["ca_cert"]:
        if not os.path.isfile(given["ca_cert"]):
            raise InvalidOption(f"{prefix}ca_cert is {given['ca_cert']!r}; there is no such file.")
        configuration.ssl_ca_cert = given["ca_cert"]
    return Client(configuration, label, identity, use_environment=True)


def check_url(value: str, option: str, schemes: t.Sequence[str]) -> None:
    """Refuse what is no URL with a host.

    :raises InvalidOption: with option, value and what is allowed.
    """
    try:
        parts = urlsplit(value)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        allowed = " or ".join(f"{scheme}://" for scheme in schemes)
        raise InvalidOption(
            f"{option} is {without_login(value)!r}; allowed is {allowed}, a host, and a port from 1 to 65535 if needed."
        )


def login_of(url: str) -> set[str]:
    """The password in a URL, if there is one, as it is written there."""
    # Not by urlsplit(): it sees none with a slash in it, which would be shown where the URL is refused.
    login = url.rpartition("@")[0]
    password = (login.partition("//")[2] if re.match("[A-Za-z0-9]*://", login) else login).partition(":")[2]
    return {password} if password else set()


def _blank() -> t.Any:
    configuration = Configuration()
    # The library has put the environment's proxy there: that one is this machine's, not the cluster's
    configuration.proxy = None
    return configuration


def _configuration(
    kubeconfig: t.Any, context: str | None, *, label: str, option: str, token: str | None
) -> tuple[t.Any, Identity]:
    """Where and how a context's cluster is reached, and as whom.

    :param kubeconfig: a path, a dictionary with the content, or ``None`` for the files in KUBECONFIG, else
        ~/.kube/config.
    :param context: ``None`` for the current one.
    :param option: name of the option that kubeconfig comes from, for messages.
    :param token: goes over the user's own, which are not asked for then.
    """
    place = kube_access.place_of(kubeconfig)
    configuration = _blank()
    try:
        access = kube_access.choose(kube_access.contents(kubeconfig), context, place)
        if token:
            access = access._replace(user={key: value for key, value in access.user.items() if key.startswith("as")})
        check_url(access.cluster["server"], f"the server in {place}", ("http", "https"))
        if "proxy-url" in access.cluster:
            check_url(access.cluster["proxy-url"], f"the proxy in {place}", PROXY_SCHEMES)
        identity, certificate = kube_access.credentials(access)
    except Unavailable as error:
        raise Unreachable(f"{label}: {error.message}") from error
    except FederationError as error:
        raise InvalidOption(f"{label}: {option} can't be used: {error.message}") from error
    # Of the library's reading, what makes files of certificates and keys
    single = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": access.cluster}],
        "users": [{"name": "u", "user": certificate}],
    }
    try:
        kubernetes.config.load_kube_config_from_dict(single, client_configuration=configuration, persist_config=False)
    except (kubernetes.config.ConfigException, OSError, ValueError) as error:
        raise InvalidOption(
            f"{label}: {option} {place} can't be used: a certificate or key of context {context or 'current-context'}"
            f" can't be read: {error}"
        ) from error
    return configuration, identity


def connect_with_token(
    server: str, ca: bytes, token: str, *, proxy: str, label: str, unverified: t.Collection[str] = ()
) -> Client:
    """A client for an API server with a bearer token.

    :param ca: certificates of the server's authority in PEM; empty for those of the system.
    :param unverified: what of the server's certificate is not verified, as in a KubeFedCluster's
        disabledTLSValidations; all else is.
    :raises InvalidOption: when server or proxy is no URL, or the certificates are none.
    """
    check_url(server, f"the end point of {label}", ("http", "https"))
    if proxy:
        check_url(proxy, f"the proxy of {label}", PROXY_SCHEMES)
    configuration = Configuration()
    configuration.host = server
    configuration.proxy = proxy or None
    configuration.verify_ssl = TLS_ALL not in unverified
    if TLS_SUBJECT_NAME in unverified:
        configuration.assert_hostname = False
    client = Client(configuration, label, Identity(Token(f"Bearer {token}")), ca=ca)
    if TLS_VALIDITY_PERIOD in unverified:
        try:
            client.ignore_validity_period()
        except (ssl.SSLError, ValueError) as error:
            raise InvalidOption(f"{label}: the certificates of its authority can't be used: {error}") from error
    return client


def contexts(kubeconfig: t.Any) -> tuple[list[str], str | None]:
    """Names of the contexts in a kubeconfig, and the current one; nothing where it can't be read."""
    try:
        return kube_access.names(kube_access.contents(kubeconfig))
    except FederationError:
        return [], None


def secrets_of(kubeconfig: t.Any) -> set[str]:
    """The secrets in a kubeconfig that was given by its content, so that they can be kept out of the result."""
    found: set[str] = set()

    def mapping(value: t.Any) -> Object:
        return value if isinstance(value, dict) else {}

    def sequence(value: t.Any) -> list[t.Any]:
        return value if isinstance(value, list) else []

    for entry in sequence(mapping(kubeconfig).get("users")):
        user = mapping(mapping(entry).get("user"))
        found.update(str(user[key]) for key in ("token", "password", "client-key-data") if user.get(key))
        found.update(str(value) for value in mapping(mapping(user.get("auth-provider")).get("config")).values())
        for variable in sequence(mapping(user.get("exec")).get("env")):
            found.add(str(mapping(variable).get("value") or ""))
    return found - {""}


def decoded(secret: Object | None, key: str) -> str:
    """A value of a Secret, or an empty string."""
    value = ((secret or {}).get("data") or {}).get(key)
    try:
        return base64.b64decode(value).decode(errors="replace") if value else ""
    except (TypeError, ValueError):
        return ""


def _warning(header: str) -> str:
    """The text of a Warning header: ``299 - "unknown field \\"spec.replica\\""`` (NewWarningHeader in apimachinery)."""
    quoted = re.search(r'"((?:[^"\\]|\\.)*)"', header)
    return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else header


def _cause(error: BaseException) -> str:
    """The innermost reason of a urllib3 error, without the pool's and the connection's representation."""
    reason = getattr(error, "reason", None)
    if isinstance(reason, BaseException):
        return _cause(reason)
    texts = [str(part) for part in error.args if isinstance(part, (str, Exception))]
    # What is looked for is short; who answers may have made it long.
    text = re.sub(r"<[^<>]{0,300}>|\bHTTPS?Connection(Pool)?\([^()]{0,300}\)", "", texts[-1][:2000] if texts else "")
    return text.strip(" :,.") or type(error).__name__


def _api_error(label: str, method: str, path: str, status: int, data: bytes) -> ApiError:
    try:
        answer = json.loads(data)
        message, reason = str(answer.get("message") or ""), str(answer.get("reason") or "")
    except (ValueError, AttributeError, RecursionError):
        message, reason = data[:200].decode(errors="replace"), ""
    hint = ""
    if status == 401:
        hint = " The credentials in the kubeconfig are not accepted; on EKS, check the identity and its access entry."
    elif status == 403:
        hint = " The identity in the kubeconfig lacks this right."
    kind = ApiUnavailable if status in _PASSING else ApiError
    return kind(
        f"{label}: {method} {path} was answered with {status}: {message or 'no message'}.{hint}".replace("..", "."),
        status=status,
        reason=reason,
    )


__all__ = (
    "JSON_PATCH",
    "KUBERNETES_IMPORT_ERROR",
    "MERGE_PATCH",
    "PROXY_SCHEMES",
    "TLS_ALL",
    "TLS_SUBJECT_NAME",
    "TLS_VALIDITY_PERIOD",
    "ApiError",
    "ApiUnavailable",
    "Client",
    "Connection",
    "Object",
    "Unreachable",
    "check_url",
    "connect_as",
    "connect_with_token",
    "contexts",
    "decoded",
    "each",
    "host_and_port",
    "login_of",
    "resource_path",
    "secrets_of",
    "version_path",
)
