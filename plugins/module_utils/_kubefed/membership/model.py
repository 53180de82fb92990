# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Reads the desired membership from the module's options. No cluster is queried."""

from __future__ import annotations

import re
import ssl
import typing as t
from dataclasses import dataclass, field

from ..._kube.connect import context_names
from ..._kube.names import check_labels, check_name, texts
from ..._kube.tls import TLS_ALL, TLS_SUBJECT_NAME, TLS_VALIDITY_PERIOD
from ..._kube.urls import PROXY_SCHEMES, check_url
from ..._runtime.errors import InvalidOption
from . import rights
from .manifests import account_name

TLS_VALIDATIONS = (TLS_ALL, TLS_SUBJECT_NAME, TLS_VALIDITY_PERIOD)


@dataclass(frozen=True)
class Membership:
    """The desired membership of a cluster in a federation.

    :ivar name: name of the member in the federation.
    :ivar namespace: KubeFed's namespace, the same in both clusters.
    :ivar host_name: the host's name in names of objects; ``None`` to keep the one in use, or else take the default.
    :ivar default_host_name: taken where host_name is ``None`` and none is in use.
    :ivar secret_name: name of the Secret on the host; ``None`` to keep the one in use, or else take the default.
    :ivar api_endpoint: URL by which KubeFed reaches the member; ``None`` for the one by which it is reached here, and
        so for the following.
    :ivar ca_bundle: certificates in PEM.
    :ivar proxy_url: of KubeFed's proxy.
    :ivar disabled_tls_validations: what of the member's certificate KubeFed does not verify.
    :ivar types: what KubeFed's rights in the member are limited to, beside the types that it propagates already;
        ``None`` for all rights.
    """

    name: str
    namespace: str
    host_name: str | None
    default_host_name: str
    secret_name: str | None = None
    api_endpoint: str | None = None
    ca_bundle: str | None = None
    proxy_url: str | None = None
    disabled_tls_validations: t.Sequence[str] | None = None
    labels: t.Mapping[str, str] = field(default_factory=dict)
    annotations: t.Mapping[str, str] = field(default_factory=dict)
    types: t.Collection[str] | None = None

    @property
    def account(self) -> str:
        """Name of the service account in the member, if no other one is in use."""
        return account_name(self.name, self.host_name or self.default_host_name)


def read_options(params: t.Mapping[str, t.Any]) -> Membership:
    """Read the module's options.

    :raises InvalidOption: for the first one that cannot be used, with its value and what is allowed.
    """
    check_name(params["name"], "name")
    check_name(params["kubefed_namespace"], "kubefed_namespace", limit=63, dots=False)
    for option in ("host_cluster_name", "secret_name"):
        if params[option] is not None:
            check_name(params[option], option)
    default = params["host_cluster_name"] or host_name(_host_context(params))
    check_name(account_name(params["name"], default), "the service account's name, name-host_cluster_name,")
    if params["api_endpoint"] is not None:
        check_url(params["api_endpoint"], "api_endpoint", ("http", "https"))
    if params["proxy_url"]:
        check_url(params["proxy_url"], "proxy_url", PROXY_SCHEMES)
    if params["ca_bundle"] is not None:
        check_certificates(params["ca_bundle"], "ca_bundle")
    if params["disabled_tls_validations"] is not None:
        check_tls_validations(params["disabled_tls_validations"], "disabled_tls_validations")
    labels, annotations = texts(params["labels"]), texts(params["annotations"])
    types = _limited_to(params)
    check_labels(labels, "labels")
    check_labels(annotations, "annotations", annotations=True)
    return Membership(
        name=params["name"],
        namespace=params["kubefed_namespace"],
        host_name=params["host_cluster_name"],
        default_host_name=default,
        secret_name=params["secret_name"],
        api_endpoint=params["api_endpoint"],
        ca_bundle=params["ca_bundle"],
        proxy_url=params["proxy_url"],
        disabled_tls_validations=params["disabled_tls_validations"],
        labels=labels,
        annotations=annotations,
        types=types,
    )


def _host_context(params: t.Mapping[str, t.Any]) -> str | None:
    """The context of the host cluster; ``None`` where it is reached without one."""
    if params["host"] and params["api_key"]:
        return None
    return params["context"] or context_names(params["kubeconfig"])[1]


def _limited_to(params: t.Mapping[str, t.Any]) -> t.Collection[str] | None:
    """The types that KubeFed's rights are limited to; ``None`` for all rights."""
    given: list[str] = params["types"]
    if given and params["rights"] != rights.TYPES:
        raise InvalidOption(f"types is {given!r}; it has no effect without rights=types.")
    rights.check_types(given, "types")
    return given if params["rights"] == rights.TYPES else None


def check_tls_validations(values: t.Collection[str], option: str) -> None:
    """Reject what KubeFed's webhook would (validateDisabledTLSValidations in its validation.go).

    :raises InvalidOption: with option, value and what is allowed.
    """
    if "*" in values and len(values) > 1:
        raise InvalidOption(f"{option} is {list(values)!r}; '*' means all of them and cannot be combined with others.")


def check_certificates(pem: str, option: str) -> None:
    """Reject a value without a certificate in PEM, with which KubeFed's controller could not create a client.

    :raises InvalidOption: with option and what is allowed.
    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, TypeError, ValueError) as error:
        raise InvalidOption(f"{option} cannot be used: {error}; allowed are certificates in PEM, as text.") from error


def host_name(context: str | None) -> str:
    """The host cluster's name in names of objects, made of its context's name, which may hold anything.

    ``kubernetes-admin@kubernetes`` becomes ``kubernetes-admin-kubernetes``.

    :raises InvalidOption: no valid name can be made of it.
    """
    name = re.sub(r"[^a-z0-9.]+", "-", (context or "").lower())
    name = re.sub(r"[-.]*\.[-.]*", ".", name)[:200].strip("-.")
    if not name:
        raise InvalidOption(
            f"No name for the host cluster can be derived from the context {context!r}: set host_cluster_name."
        )
    return name


__all__ = (
    "TLS_VALIDATIONS",
    "Membership",
    "check_certificates",
    "check_tls_validations",
    "host_name",
    "read_options",
)
