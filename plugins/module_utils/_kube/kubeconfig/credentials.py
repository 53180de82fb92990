# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The credentials of a context's user, from wherever the kubeconfig says that they come."""

from __future__ import annotations

import base64
import json
import time
import typing as t
from urllib.parse import urlsplit

from ..._runtime.errors import FederationError, InvalidOption
from ..objects import Object
from .contexts import Access
from .exec_plugin import Plugin
from .files import read
from .identity import SPARE_SECONDS, Identity, Token, impersonation


def check_credentials(access: Access) -> None:
    """Reject credentials that cannot be had in this way, as far as that is known without getting them.

    :raises InvalidOption: there are none, or the command that gets them is not there.
    """
    user = access.user
    if "exec" in user and not {"token", "tokenFile", "username", "client-certificate", "client-certificate-data"} & set(
        user
    ):
        Plugin(access).command()


class Credentials(t.NamedTuple):
    """What a user is known by.

    :ivar identity: what goes into requests.
    :ivar certificate: fields of a kubeconfig's user with the client's certificate and its key, or nothing.
    """

    identity: Identity
    certificate: Object


def credentials(access: Access) -> Credentials:
    """The credentials of a user.

    A token goes before a command or a provider that gets one, and a file with a token before the token beside it. A
    client certificate goes along with either, but with one no command is run.

    :raises InvalidOption: there are none to be had in this way.
    :raises PluginFailed: the command that gets them has failed.
    """
    user, headers = access.user, impersonation(access.user, access.where)
    if urlsplit(access.cluster["server"]).scheme != "https":
        return Credentials(Identity(headers=headers), {})
    certificate = {key: user[key] for key in user if key.startswith(("client-certificate", "client-key"))}
    if "tokenFile" in user or "token" in user:
        return Credentials(Identity(Token(f"Bearer {_token_of(access)}"), headers), certificate)
    if "username" in user or "password" in user:
        pair = f"{user.get('username', '')}:{user.get('password', '')}"
        return Credentials(Identity(Token(f"Basic {base64.b64encode(pair.encode()).decode()}"), headers), certificate)
    if "auth-provider" in user:
        return Credentials(Identity(_provided(access), headers), certificate)
    if "exec" in user and not certificate:
        plugin = Plugin(access)
        token, certificate = plugin.run()
        return Credentials(Identity(token, headers, renew=lambda: plugin.run()[0]), certificate)
    return Credentials(Identity(headers=headers), certificate)


def _token_of(access: Access) -> str:
    path = access.user.get("tokenFile")
    if not path:
        return str(access.user["token"])
    try:
        found = read(path).strip()
    except FederationError as error:
        found, why = "", error.message
    else:
        why = f"{path} is empty or does not exist."
    if not found and "token" not in access.user:
        raise InvalidOption(f"{access.where}: the tokenFile of its user cannot be used: {why}")
    return found or str(access.user["token"])


def _provided(access: Access) -> Token:
    """The token that kubectl has left with an auth-provider.

    Only oidc is left of them in client-go, and there it asks the provider for another token with a secret of the user's
    when that has expired. That is left to kubectl: what comes back has to be written into the kubeconfig.
    """
    provider = access.user["auth-provider"]
    name, config = provider.get("name"), provider.get("config") or {}
    if name != "oidc":
        raise InvalidOption(
            f"{access.where}: its user has the auth-provider {name!r}, which kubectl no longer supports either. "
            "Replace it with a command that gets tokens (exec), as the provider's documentation says."
        )
    token = config.get("id-token") if isinstance(config, dict) else None
    try:
        body = str(token).split(".")[1]
        expires = float(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["exp"])
    except (LookupError, ValueError, TypeError):
        expires = 0.0
    if expires - SPARE_SECONDS <= time.time():
        raise InvalidOption(
            f"{access.where}: its user has the auth-provider oidc, and the id-token there has expired. Run any "
            "kubectl command with this context first: it gets a new token and stores it in the kubeconfig."
        )
    return Token(f"Bearer {token}")


__all__ = ("Credentials", "check_credentials", "credentials")
