# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page on troubleshooting quotes messages as they are: who searches for one finds it."""

from __future__ import annotations

import ast
import functools
import itertools
import re
from pathlib import Path

from .test_prose import prose

CHECKOUT = Path(__file__).resolve().parents[3]
GAP = "…"
# What AWS, Kubernetes and libraries say, and values of an example.
THEIRS = (
    "Document 2 of src shop.yml (ConfigMap menu)",
    "The security token included in the request is expired",
    "Rate exceeded",
    "Could not connect to the endpoint URL",
    "cannot be deleted as it is in use by",
    "Instances failed to join the kubernetes cluster",
    "Max retries exceeded with url: /version",
    "Some content in the namespace has finalizers remaining",
    "is forbidden: exceeded quota",
    "may not change once set",
)


@functools.cache
def said() -> list[list[str]]:
    """What the collection may say, each as the words between its values."""
    files = [*CHECKOUT.glob("roles/*/tasks/*.yml"), *CHECKOUT.glob("playbooks/*.yml")]
    texts = [re.sub(r"\{\{.*?\}\}", "\x00", path.read_text(), flags=re.DOTALL) for path in files]
    for path in (CHECKOUT / "plugins").rglob("*.py"):
        nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.expr)]
        texts += [prose._words_of(node) for node in nodes if isinstance(node, (ast.Constant, ast.JoinedStr))]
    return [[re.sub(r"\s+", " ", part) for part in text.split("\x00")] for text in texts if " " in text]


@functools.cache
def with_pair(pair: str) -> list[list[str]]:
    """The messages with these two words beside each other."""
    return [parts for parts in said() if any(pair in part for part in parts)]


def quoted() -> list[str]:
    """The words of each message between what the page leaves out."""
    page = (CHECKOUT / "docs/docsite/rst/trouble.rst").read_text()
    messages = [
        re.sub(r"\s+", " ", message)
        for cell in re.findall(r"^   \* - (.*?)\n     - ", page, re.MULTILINE | re.DOTALL)
        for message in re.findall(r"``(.*?)``", cell, re.DOTALL)
    ]
    for theirs in THEIRS:
        messages = [message.replace(theirs, GAP) for message in messages]
    words = [part.strip(" .:;,()") for message in messages for part in re.split(rf"{GAP}|(?<=[.?:]) ", message)]
    return [part for part in words if len(part.split()) > 2]


def stands_in(words: str, parts: list[str]) -> bool:
    """Whether a message with values between these parts may hold the words."""
    if any(words in part for part in parts):
        return True
    for first, part in enumerate(parts[:-1]):
        # From any word of this part, or its value, on to the parts after it, each of them in full but for the last.
        for begin in [*(match.start() for match in re.finditer(r"\b\w", part)), len(part)]:
            if begin < len(part) and not words.startswith(part[begin:]):
                continue
            if _goes_on(words[len(part) - begin :], parts[first + 1 :]):
                return True
    return False


def _goes_on(words: str, parts: list[str]) -> bool:
    """Whether the words are a short value and then these parts, or begin with them."""
    if len(words.split()) <= 2:
        return True
    if not parts:
        return False
    for begin in range(len(words)):
        rest = words[begin:]
        if len(words[:begin].split()) > 2:
            return False
        if len(rest) > 8 and parts[0].startswith(rest):
            return True
        if parts[0].strip() and rest.startswith(parts[0]) and _goes_on(rest[len(parts[0]) :], parts[1:]):
            return True
    return False


def is_said(words: str) -> bool:
    """Whether a message may hold the words. The first three may be another's, as in 'Failed to' and what was tried."""
    several = words.split(" ")
    tried = {" ".join(several[left_out:]) for left_out in range(min(3, len(several) - 3) + 1)}
    pairs = {f"{one} {other}" for one, other in itertools.pairwise(several)}
    return any(stands_in(rest, parts) for rest in tried for pair in pairs for parts in with_pair(pair))


def test_every_message_is_one_that_is_said() -> None:
    assert len(quoted()) > 80
    assert [words for words in quoted() if not is_said(words)] == []


def test_words_that_nobody_says_are_found() -> None:
    parts = ["The stack ", " is ", ", a leftover: it is removed and created anew."]
    assert stands_in("is ROLLBACK_COMPLETE, a leftover: it is removed", parts)
    assert stands_in("a leftover: it is removed and created anew", parts)
    assert not stands_in("is ROLLBACK_COMPLETE, a remainder: it is removed", parts)
    assert not stands_in("The stack is a leftover: it was removed", parts)
