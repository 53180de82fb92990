# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The exceptions of the collection's utils. Only a module turns one of them into a failed task.

Also functions that make text from elsewhere safe to show, such as a container's last message, an event or a name.
"""

from __future__ import annotations

import re
import typing as t

# Longer than any of our own messages
_LONGEST = 8000

# What a terminal or a reader's eye obeys instead of showing it: control characters but tab and new line, of which
# U+009B begins escape sequences as ESC [ does (ECMA-48, 5.3), the line breaks U+2028 and U+2029, and what changes the
# direction of text (https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters)
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def one_line(text: str) -> str:
    """A text as one line without control characters: it may contain names and responses from anywhere."""
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]} [...] {text[-_LONGEST // 2 :]}"
    return " ".join("".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in text).split())


def harmless(value: t.Any) -> t.Any:
    """A result, or a part of one, without control characters; line breaks are kept."""
    if isinstance(value, str):
        return _OBEYED.sub("\ufffd", value)
    if isinstance(value, dict):
        return {harmless(key): harmless(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [harmless(entry) for entry in value]
    return value


def without_login(url: str) -> str:
    """A URL with its login masked, even if it is invalid: without a scheme, or with a slash in the password."""
    login, at, rest = url.rpartition("@")
    scheme = re.match(r"[A-Za-z0-9]*://", login)
    return f"{scheme[0] if scheme else ''}********@{rest}" if at else url


class FederationError(Exception):
    """A failure with a message for the user.

    :param message: what went wrong and what to do next; it becomes one line.
    :param details: further values for the task's result; never a secret.
    """

    def __init__(self, message: str, **details: t.Any) -> None:
        self.message = one_line(message)
        super().__init__(self.message)
        self.details = details


class InvalidOption(FederationError):
    """Input that is rejected before any change; the message names option, value and what is allowed."""


class TerminalState(FederationError):
    """What is waited for can no longer happen, so the wait ends at once."""


class Unavailable(FederationError):
    """A system is unavailable at the moment: the same request may succeed a little later."""


class WaitTimeout(FederationError):
    """A wait has timed out; the message says what was waited for and its last status."""


class Pending(Exception):
    """The slice of a long wait is used up; the action plugin shows what is waited for and calls the module again.

    :param what: what is waited for.
    :param last: its last status.
    :param waited: seconds since this process created its waiter.
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
