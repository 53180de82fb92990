# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user reads is said in the words that were agreed on: tests/prose.py has them, and reads the texts."""

from __future__ import annotations

import ast
import importlib.util
import re
import typing as t
from pathlib import Path

import pytest


def load() -> t.Any:
    spec = importlib.util.spec_from_file_location("prose", Path(__file__).resolve().parents[2] / "prose.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


prose = load()


def test_what_a_user_reads_is_in_the_agreed_words() -> None:
    texts = prose.texts()
    assert len(texts) > 500
    assert [line for text in texts for line in prose.own_words(text)] == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("It can not be read.", ["can not"]),
        ("It can't be read, and it cannot be written.", ["can't"]),
        ("A network can not only be read.", []),
        ("Waited 300 s for it, in vain.", ["in vain"]),
        ("Such a name is refused before anything is touched.", ["name is refused", "before anything is touched"]),
        ("The connection is refused.", []),
        ("Nodes with private addresses alone", ["addresses alone"]),
        ("The interface end point of the VPC's endpoint", ["end point"]),
    ],
)
def test_words_are_found(words: str, found: list[str]) -> None:
    said = [line.split(": ")[1].strip("\"'") for line in prose.own_words(prose.Text("here", words))]
    assert said == found


def test_code_is_no_prose() -> None:
    """Literals, markup of ansible-doc and Jinja are left out; no two of them look like a word that is repeated."""
    assert prose.own_words(prose.Text("", prose._plain("``can't`` `can't` C(can't) {{ \"can't\" }}"))) == []
    assert prose._plain("``one`` O(two)") == "Qa Qb"


def test_no_value_is_left_out_of_a_message() -> None:
    """A line of a message that lacks its ``f`` would show the name of a variable in braces instead of its value."""
    wrong = [
        f"{path.name}:{node.lineno}: {part.value!r}"
        for path in sorted((prose.CHECKOUT / "plugins").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.JoinedStr)
        for part in node.values
        if isinstance(part, ast.Constant) and re.search(r"\{[a-z_][\w.]*\}", str(part.value))
    ]
    assert wrong == []


@pytest.mark.parametrize("folder", ["plugins", "extensions", "roles", "playbooks", "tests/lab"])
def test_comments_and_docstrings_spell_cannot_in_one_way(folder: str) -> None:
    suffixes = {".py", ".yml", ".j2", ".md"}
    paths = [path for path in (prose.CHECKOUT / folder).rglob("*") if path.suffix in suffixes and path.is_file()]
    assert len(paths) > 10
    assert [str(path) for path in paths if re.search(r"\bcan(?:'t| not)\b(?! only)", path.read_text())] == []
