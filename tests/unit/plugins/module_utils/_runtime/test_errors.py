# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of others, made fit to be shown."""

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import (
    FederationError,
    harmless,
    one_line,
    without_login,
)

OBEYED = {
    "colour": "\x1b[31m",
    "title": "\x1b]0;mine\x07",
    "eight bits": "\x9b2J",
    "backspace": "\x08\x08",
    "right to left": "\u202e",
    "isolate": "\u2066",
    "mark": "\u200f",
    "delete": "\x7f",
    "half a character": "\udc9b",
}


@pytest.mark.parametrize("text", OBEYED.values(), ids=OBEYED.keys())
def test_nothing_is_left_that_a_terminal_obeys(text: str) -> None:
    for shown in (one_line(f"a{text}b"), harmless(f"a{text}b"), FederationError(f"a{text}b").message):
        assert all(character.isprintable() for character in shown)
        assert (shown[0], shown[-1]) == ("a", "b")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029", "\x1c"])
def test_there_is_one_line(end: str) -> None:
    assert one_line(f"a{end}  b{end}") == "a b"
    assert len(harmless(f"a{end}b").splitlines()) == (2 if "\n" in end else 1)


def test_a_result_keeps_its_form() -> None:
    result = {"changed": True, "lines": ["a\tb\nc", "\x1b[2J"], "of\x1b": {"ü": (1, None, 0.5)}, "text": "日本語 👩‍💻"}
    assert harmless(result) == {
        "changed": True,
        "lines": ["a\tb\nc", "\ufffd[2J"],
        "of\ufffd": {"ü": [1, None, 0.5]},
        "text": "日本語 👩‍💻",
    }


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://proxy:3128", "http://proxy:3128"),
        ("http://me:pw@proxy:3128", "http://********@proxy:3128"),
        ("http://me:p/w//@x@proxy:3128", "http://********@proxy:3128"),
        ("me:pw@proxy:3128", "********@proxy:3128"),
    ],
)
def test_a_url_is_shown_without_its_login_whether_or_not_it_is_one(url: str, shown: str) -> None:
    assert without_login(url) == shown
