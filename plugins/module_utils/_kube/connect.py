# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Clients by a module's options, by a kubeconfig or by a token, and the secrets in these."""

from __future__ import annotations

import contextlib
import os
import ssl
import typing as t

from .._runtime.errors import FederationError, InvalidOption, Unavailable
from .client import Client, Proxy
from .errors import Unreachable
from .kubeconfig import contexts
from .kubeconfig.credentials import credentials
from .kubeconfig.identity import Identity, Token, impersonation
from .objects import Object
from .tls import TLS_ALL, TLS_SUBJECT_NAME, TLS_VALIDITY_PERIOD
from .urls import PROXY_SCHEMES, check_url, login_of

# All authorities that a system knows are a tenth of it.
_MOST_BYTES = 2 * 1024 * 1024

# Where they are missing, client.py says so
with contextlib.suppress(ImportError):
    import kubernetes.config
    from kubernetes.client import Configuration


def connect_as(params: t.Mapping[str, t.Any], *, label: str, prefix: str = "") -> Client:
    """A client by a module's options of access, see kube_spec() in _runtime/argspec.py.

    As in kubernetes.core (_create_configuration() and _create_headers() in plugins/module_utils/k8s/client.py), host
    with api_key, or with a client certificate, needs no kubeconfig, and each of them goes over what a kubeconfig says.
    As with kubectl's --token, the one whom the kubeconfig's user acts as stays.

    :param prefix: of the options' names; those of a member are fewer.
    :raises InvalidOption: when an option cannot be used.
    :raises Unavailable: when the command that gets the credentials fails.
    """
    names = ("host", "api_key", "ca_cert", "validate_certs", "client_cert", "client_key", "proxy", "no_proxy")
    given: dict[str, t.Any] = {
        name: params.get(f"{prefix}{name}") for name in (*names, "impersonate_user", "impersonate_groups")
    }
    for name, schemes in (("host", ("http", "https")), ("proxy", PROXY_SCHEMES)):
        if given[name]:
            check_url(given[name], f"{prefix}{name}", schemes)
    for name in ("ca_cert", "client_cert", "client_key"):
        if given[name] and not os.path.isfile(given[name]):
            raise InvalidOption(f"{prefix}{name} is {given[name]!r}; there is no such file.")
        _check_size(given[name], f"{prefix}{name}")
    if bool(given["client_cert"]) != bool(given["client_key"]):
        raise InvalidOption(f"{prefix}client_cert and {prefix}client_key: set both or neither.")
    if given["host"] and (given["api_key"] or given["client_cert"]):
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
    if given["impersonate_user"] or given["impersonate_groups"]:
        user = {"as": given["impersonate_user"] or "", "as-groups": given["impersonate_groups"] or []}
        if not user["as"]:
            raise InvalidOption(f"{prefix}impersonate_groups needs {prefix}impersonate_user, whose groups they are.")
        identity = identity.acting_as(impersonation(user, label))
    if given["validate_certs"] is not None:
        configuration.verify_ssl = given["validate_certs"]
    if given["ca_cert"]:
        configuration.ssl_ca_cert = given["ca_cert"]
    if given["client_cert"]:
        configuration.cert_file, configuration.key_file = given["client_cert"], given["client_key"]
    proxy = Proxy(given["proxy"], given["no_proxy"]) if given["proxy"] else None
    return Client(configuration, label, identity, use_environment=True, proxy=proxy)


def connect_member(params: t.Mapping[str, t.Any]) -> Client:
    """A client for the member of a federation, by a module's options ``name`` and ``member_…``.

    Without a kubeconfig of its own, the member is looked up in the host's, and without a context by its name.

    :raises InvalidOption: when an option cannot be used.
    :raises Unavailable: when the command that gets the credentials fails.
    """
    kubeconfig = params["kubeconfig"] if params["member_kubeconfig"] is None else params["member_kubeconfig"]
    access = {
        **params,
        "member_kubeconfig": kubeconfig,
        "member_context": params["member_context"] or params["name"],
    }
    return connect_as(access, label=params["name"], prefix="member_")


def connect_with_token(
    server: str, ca: bytes, token: str, *, proxy: str, label: str, unverified: t.Collection[str] = ()
) -> Client:
    """A client for an API server with a bearer token.

    :param ca: certificates of the server's authority in PEM; empty for those of the system.
    :param unverified: what of the server's certificate is not verified, as in a KubeFedCluster's
        disabledTLSValidations; all else is.
    :raises InvalidOption: when server or proxy is no URL, or the certificates are none.
    """
    check_url(server, f"the endpoint of {label}", ("http", "https"))
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
            raise InvalidOption(f"{label}: the certificates of its authority cannot be used: {error}") from error
    return client


def context_names(kubeconfig: t.Any) -> tuple[list[str], str | None]:
    """Names of the contexts in a kubeconfig, and the current one; nothing where it cannot be read."""
    try:
        return contexts.names(contexts.load(kubeconfig))
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
    for entry in sequence(mapping(kubeconfig).get("clusters")):
        cluster = mapping(mapping(entry).get("cluster"))
        for key in ("server", "proxy-url"):
            found |= login_of(str(cluster.get(key) or ""))
    return found - {""}


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
    source = contexts.source_of(kubeconfig)
    configuration = _blank()
    try:
        access = contexts.choose(contexts.load(kubeconfig), context, source)
        if token:
            access = access._replace(user={key: value for key, value in access.user.items() if key.startswith("as")})
        check_url(access.cluster["server"], f"the server in {source}", ("http", "https"))
        if "proxy-url" in access.cluster:
            check_url(access.cluster["proxy-url"], f"the proxy in {source}", PROXY_SCHEMES)
        identity, certificate = credentials(access)
    except Unavailable as error:
        raise Unreachable(f"{label}: {error.message}") from error
    except FederationError as error:
        raise InvalidOption(f"{label}: {option} cannot be used: {error.message}") from error
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
            f"{label}: {option} {source} cannot be used: a certificate or key of context {context or 'current-context'}"
            f" cannot be read: {error}"
        ) from error
    for path in (configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file):
        _check_size(path, f"{label}: {option} {source}")
    return configuration, identity


def _check_size(path: str | None, named_by: str) -> None:
    """Reject a file that is far too large for certificates or a key: it would be read whole, and it may be sparse.

    :param named_by: what names the file, for the message.
    """
    size = os.path.getsize(path) if path and os.path.exists(path) else 0
    if size > _MOST_BYTES:
        raise InvalidOption(f"{named_by}: {path} has {size} bytes, more than {_MOST_BYTES}: it holds no certificates.")


__all__ = ("connect_as", "connect_member", "connect_with_token", "context_names", "secrets_of")
