# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Checks and takes apart URLs of API servers and proxies. Pure functions."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlsplit

from .._runtime.errors import InvalidOption, without_login

# KubeFed's too: validateProxyURL in pkg/apis/core/v1beta1/validation/validation.go
PROXY_SCHEMES = ("http", "https", "socks5")


def host_and_port(url: str) -> tuple[str, int]:
    """Host and port of an API server."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)


def check_url(value: str, option: str, schemes: t.Sequence[str]) -> None:
    """Reject a value that is not a URL with a host.

    :raises InvalidOption: with option, value and what is allowed.
    """
    try:
        parts = urlsplit(value)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", value)
    except ValueError:
        usable = False
    if not usable:
        allowed = " or ".join(f"{scheme}://" for scheme in schemes)
        raise InvalidOption(
            f"{option} is {without_login(value)!r}; allowed is {allowed}, a host, and a port from 1 to 65535 if needed."
        )


def login_of(url: str) -> set[str]:
    """The password in a URL, as it is written there; None if there is none."""
    # Not by urlsplit(): it sees none with a slash in it, which would be shown where the URL is rejected.
    login = url.rpartition("@")[0]
    password = (login.partition("//")[2] if re.match("[A-Za-z0-9]*://", login) else login).partition(":")[2]
    return {password} if password else set()


__all__ = ("PROXY_SCHEMES", "check_url", "host_and_port", "login_of")
