# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""As whom requests are made: the headers that say so."""

from __future__ import annotations

import time
import typing as t
from urllib.parse import quote

from ..._runtime.errors import InvalidOption
from ..objects import Object

Headers = t.Sequence[tuple[str, str]]

# A token has to last for the request that it is for.
SPARE_SECONDS = 10.0

_HEADER_MARKS = "!#$&'*+-.^_`|~"


class Token(t.NamedTuple):
    """What goes into the header Authorization.

    :ivar value: all of it, or empty.
    :ivar expires: when it does, in seconds since 1970, or ``None``.
    """

    value: str
    expires: float | None = None


class Identity:
    """As whom requests are made.

    :param token: of the header Authorization.
    :param headers: further ones.
    :param renew: gets another token, where it expires.
    """

    def __init__(
        self, token: Token | None = None, headers: Headers = (), renew: t.Callable[[], Token] | None = None
    ) -> None:
        self._token = token or Token("")
        self._headers = list(headers)
        self._renew = renew

    def with_token(self, value: str) -> Identity:
        """The same, by a token that is given."""
        return Identity(Token(f"Bearer {value}"), self._headers)

    def acting_as(self, headers: Headers) -> Identity:
        """The same, with other headers of :func:`impersonation`."""
        return Identity(self._token, headers, self._renew)

    def headers(self) -> Headers:
        """The headers of a request.

        :raises PluginFailed: the token has expired, and no other could be had.
        """
        expires = self._token.expires
        if self._renew and expires is not None and expires - SPARE_SECONDS <= time.time():
            self._token = self._renew()
        authorization = [("Authorization", self._token.value)] if self._token.value else []
        return [*authorization, *self._headers]


def impersonation(user: Object, where: str) -> Headers:
    """The headers by which an API server takes a request as somebody else's.

    :param user: of the kubeconfig.
    :param where: the context, for messages.
    :raises InvalidOption: as-groups or as-user-extra hold what is no text.
    """
    if "as" not in user:
        return []
    groups, extra = user.get("as-groups") or [], user.get("as-user-extra") or {}
    values = [group for group in groups if not isinstance(group, str)]
    values += [
        v for each in extra.values() for v in (each if isinstance(each, list) else [None]) if not isinstance(v, str)
    ]
    if values or not all(isinstance(key, str) for key in extra):
        raise InvalidOption(
            f"{where}: as-groups must be a list of strings, and as-user-extra must map names to lists of strings."
        )
    result = [("Impersonate-User", user["as"])]
    if "as-uid" in user:
        result.append(("Impersonate-Uid", user["as-uid"]))
    result += [("Impersonate-Group", group) for group in groups]
    # headerKeyEscape() in round_trippers.go
    result += [
        (f"Impersonate-Extra-{quote(key, safe=_HEADER_MARKS)}", value) for key, each in extra.items() for value in each
    ]
    # On the wire it is UTF-8, and a header is latin-1 to Python.
    return [(name, value.encode().decode("latin-1")) for name, value in result]


__all__ = ("SPARE_SECONDS", "Headers", "Identity", "Token", "impersonation")
