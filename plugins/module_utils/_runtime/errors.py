# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What the collection's utils raise. Only a module turns one of these into a failed task.

Beside it, what makes text of others fit to be shown: a container's last words, an event, a name.
"""

from __future__ import annotations

import re
import typing as t

# More than any message of ours has, unless somebody has made it long
_LONGEST = 8000

# What a terminal or a reader's eye obeys instead of showing it: control characters but tab and new line, of which
# U+009B begins escape sequences as ESC [ does (ECMA-48, 5.3), the line breaks U+2028 and U+2029, and what changes the
# direction of text (https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters)
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def one_line(text: str) -> str:
    """A text as one line that does nothing to a terminal: names and answers in it may be anybody's."""
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]} [...] {text[-_LONGEST // 2 :]}"
    return " ".join("".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in text).split())


def harmless(value: t.Any) -> t.Any:
    """A result, or anything in one, whose texts do nothing to a terminal; they keep their lines."""
    if isinstance(value, str):
        return _OBEYED.sub("\ufffd", value)
    if isinstance(value, dict):
        return {harmless(key): harmless(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [harmless(entry) for entry in value]
    return value


def without_login(url: str) -> str:
    """A URL as it may be shown, also one that is none: without a scheme, or with a slash in its password."""
    login, at, rest = url.rpartition("@")
    scheme = re.match(r"[A-Za-z0-9]*://", login)
    return f"{scheme[0] if scheme else ''}********@{rest}" if at else url


class FederationError(Exception):
    """A failure with a message for the user.

    :param message: what went wrong and what to do next; it becomes one line.
    :param details: more that belongs into the task's result; never a secret.
    """

    def __init__(self, message: str, **details: t.Any) -> None:
        self.message = one_line(message)
        super().__init__(self.message)
        self.details = details


class InvalidOption(FederationError):
    """Input that is rejected before any change; the message names option, value and what is allowed."""


class TerminalState(FederationError):
    """What is waited for cannot come about any more: the wait ends at once."""


class Unavailable(FederationError):
    """Somebody could not be asked just now: the same question may be answered a little later."""


class WaitTimeout(FederationError):
    """The deadline of a wait has passed; the message says what was waited for and what was last said about it."""


class Pending(Exception):
    """The slice of a long wait is used up; the action plugin shows what is waited for and calls the module again.

    :param what: what is waited for.
    :param last: what was last said about it.
    :param waited: seconds which this process has spent since its waiter was made.
    """

    def __init__(self, what: str, last: str, waited: float) -> None:
        super().__init__(what)
        self.what = what
        self.last = last
        self.waited = waited


__all__ = (
    "FederationError",
    "InvalidOption",
    "Pending",
    "TerminalState",
    "Unavailable",
    "WaitTimeout",
    "harmless",
    "one_line",
    "without_login",
)
