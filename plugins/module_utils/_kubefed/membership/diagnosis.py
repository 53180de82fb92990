# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Explains why a member is not Ready, with the addresses and ports to check."""

from __future__ import annotations

import socket
import typing as t

from ..._kube.client import Client
from ..._kube.errors import ApiError
from ..._kube.objects import Object, condition
from ..._kube.urls import host_and_port
from ..._runtime.errors import FederationError, without_login
from ..conditions import last_probe, readiness
from ..controller import pod_addresses
from .session import Session


class _Clue(t.NamedTuple):
    """What a part of an error of KubeFed's controller means; such errors come from Go's net and crypto packages.

    :ivar text: the part.
    :ivar passing: whether it may go away by itself.
    :ivar meaning: for the user, with the places ``{cluster}`` and ``{host}``.
    """

    text: str
    passing: bool
    meaning: str


_DROPPED = "There is no response: a firewall or security group drops the request or the response"
_CLUES = (
    _Clue(
        "x509:",
        False,
        "It does not trust the certificate there: set ca_bundle to its authority's certificates, or "
        "disabled_tls_validations to the checks to skip",
    ),
    _Clue(
        "Unauthorized",
        False,
        "The API server there rejects the token of {cluster}: it belongs to another cluster; check api_endpoint",
    ),
    _Clue("connection refused", True, "Nothing listens there, or a firewall in between rejects the connection"),
    _Clue("no such host", True, "The name server of the {host} does not know that name"),
    _Clue("no route to host", True, "There is no route"),
    _Clue("network is unreachable", True, "There is no route"),
    _Clue("context deadline exceeded", True, _DROPPED),
    _Clue("i/o timeout", True, _DROPPED),
    _Clue("Client.Timeout", True, _DROPPED),
)


def is_permanent(cluster: Object) -> bool:
    """Whether KubeFed's controller names a reason that does not go away by itself."""
    if condition(cluster, "ConfigMalformed").get("status") == "True":
        return True
    return any(not clue.passing and clue.text in readiness(cluster) for clue in _CLUES)


def advice(session: Session, cluster: Object, *, outdated: bool) -> str:
    """What to check if a cluster does not become Ready.

    :param cluster: the KubeFedCluster.
    :param outdated: its conditions are from before it was changed.
    """
    request, host = session.request, session.host_client
    if not last_probe(cluster) or outdated:
        return f"Does kubefed-controller-manager run in namespace {request.namespace} of the {host.label}?"
    if condition(cluster, "ConfigMalformed").get("status") == "True":
        return f"See the events of the KubeFedCluster in namespace {request.namespace} of the {host.label}."
    findings = [_way(session, cluster)]
    meaning = next((clue.meaning for clue in _CLUES if clue.text in readiness(cluster)), "")
    if meaning:
        findings.append(f"{meaning.format(cluster=request.name, host=host.label)}.")
    if session.member_client is not None:
        findings.append(_from_here(session.member_client))
    return " ".join(findings)


def _way(session: Session, cluster: Object) -> str:
    """The path of KubeFed's requests: from where, through which proxy, and to where."""
    spec, label = cluster.get("spec") or {}, session.host_client.label
    host, port = host_and_port(str(spec.get("apiEndpoint") or ""))
    addresses = _addresses(host)
    resolved = f" ({', '.join(addresses)})" if addresses and addresses != [host] else ""
    proxy = spec.get("proxyURL")
    through = f" through {without_login(str(proxy))}" if proxy else ""
    sources = ", ".join(pod_addresses(session.host_client, session.request.namespace)) or "none runs"
    return f"KubeFed asks {host}:{port}{resolved}{through} from its pods in the {label}: {sources}."


def _addresses(host: str) -> list[str]:
    """The addresses of a host as this machine resolves them."""
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)})
    except OSError:
        return []


def _from_here(member: Client) -> str:
    address = member.connection.address
    if _answers(member):
        return f"This machine gets an answer from {address}: look at the way between those pods and it, both ways."
    return f"This machine gets no answer from {address} either."


def _answers(member: Client) -> bool:
    try:
        member.get("/version")
    except ApiError:
        return True
    except FederationError:
        return False
    return True


__all__ = ("advice", "is_permanent")
