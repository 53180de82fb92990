# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.
"""Whether a cluster's API server answers here, and why it does not."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import typing as t
import urllib.error
import urllib.parse
import urllib.request

from ..._runtime.deadline import TooLate, within

Cluster = t.Mapping[str, t.Any]


def certificate(cluster: Cluster) -> str:
    """The certificate of the cluster's authority, as PEM."""
    return base64.b64decode(cluster["certificateAuthority"]["data"]).decode("ascii", "replace")


def no_answer(cluster: Cluster, proxy_url: str | None, timeout: float) -> str | None:
    """Why the API server does not answer here; ``None`` if it does, or if only its client can tell.

    Any answer will do, also that it knows us not. Without a proxy it goes by that of the environment, as kubectl does.

    :param cluster: as EKS describes it.
    :param proxy_url: what the kubeconfig's entry says.
    :param timeout: seconds to wait for an answer.
    """
    if proxy_url and not proxy_url.startswith("http://"):
        return None
    host = urllib.parse.urlsplit(cluster["endpoint"]).hostname
    try:
        context = ssl.create_default_context(cadata=certificate(cluster))
        # Newer Pythons reject authorities of EKS which kubectl takes: they lack a key identifier.
        context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
        request = urllib.request.Request(f"{cluster['endpoint']}/version")
        proxies: dict[str, str] | None = None
        if proxy_url:
            # no_proxy of the environment has no say in it.
            proxies = {}
            _lead_through(request, proxy_url)
        handlers = urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=context)
        opener = urllib.request.build_opener(*handlers)
        # To connect, to shake hands and to answer; who trickles must not take longer.
        within(3 * timeout, lambda _given_up: opener.open(request, timeout=timeout).close())
    except TooLate:
        return f"no answer within {3 * timeout:.0f} s"
    except urllib.error.HTTPError as answer:
        answer.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _why(error, str(host), timeout)
    return None


def _lead_through(request: urllib.request.Request, proxy_url: str) -> None:
    parts = urllib.parse.urlsplit(proxy_url)
    login, at, host = parts.netloc.rpartition("@")
    if at:
        word = base64.b64encode(urllib.parse.unquote(login).encode()).decode()
        request.add_header("Proxy-authorization", f"Basic {word}")
    request.set_proxy(host, parts.scheme)


def _why(error: Exception, host: str, timeout: float) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, socket.gaierror):
        return f"the name {host} cannot be resolved here"
    if isinstance(cause, socket.timeout):
        return f"no answer within {timeout:.0f} s"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the server there has no certificate of this cluster ({cause.verify_message})"
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__


def advice(cluster: Cluster) -> str:
    """What to check if it does not answer."""
    network = cluster.get("resourcesVpcConfig") or {}
    if network.get("endpointPublicAccess", True):
        allowed = ", ".join(network.get("publicAccessCidrs") or ["0.0.0.0/0"])
        return f"Its endpoint is public, open to {allowed}: check that this host's address is included, and proxy_url."
    return (
        "Its endpoint is private: check that the tunnel to its VPC is up, that there are routes in both directions, "
        "that its security group opens port 443 to this host, and that its name resolves to private addresses here."
    )


__all__ = ("advice", "certificate", "no_answer")
