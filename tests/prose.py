# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what a user reads: pages, documentation, task names and messages; proselint's checks, and words of our own.

`python tests/prose.py` prints what is found, a line each, and fails if there is anything. The unit tests hold our own
words without proselint.
"""

from __future__ import annotations

import ast
import itertools
import re
import string
import sys
import typing as t
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parent.parent

# Checks of proselint that find nothing here: tags of YAML begin with two of these marks.
EXCUSED = ("typography.punctuation.hyperbole",)

# What is said differently here: a pattern, in any case, and what to write instead.
WORDS = {
    r"can't|can not(?! only)": "cannot",
    r"(?:wo|do|does|is|are|did|was|could|would|should|has|have)n't(?! contain changes)": "the words in full",
    r"in vain": "Timed out after … s waiting for …",
    r"(?!connection)\w+ (?:is|are) refused": "rejected",
    r"before anything is touched": "before any change",
    r"(?:addresses|only|one) alone\b(?! is)|by itself alone": "only, in front of the word",
    r"what (?:it|he|she) is at": "shows its progress",
    r"in the way of its end": "blocks its deletion",
    r"state to rest in": "idle state",
    r"end[- ]points?": "endpoint",
    r"whose stack it is": "who owns the stack",
}


class Text(t.NamedTuple):
    """A text that a user meets: where it stands, and its plain words."""

    place: str
    words: str


class _Loader(yaml.SafeLoader):
    """Reads playbooks, whose own tags do not matter here."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)

# Literals and roles of reStructuredText and Markdown, markup of ansible-doc, Jinja, addresses; values in f-strings.
_CODE = re.compile(
    r":\w[\w:]*:`[^`]*`|``[^`]*``|`[^`]*`|\{\{.*?\}\}|\{%.*?%\}|https?://[^\s)]+"
    r"|\b[A-Z]{1,3}\((?:[^()]|\([^()]*\))*\)|\x00",
    re.DOTALL,
)
# Folders of plugins with documentation in YAML.
DOCUMENTED = ("modules", "filter", "doc_fragments")
# Keys of documentation and of tasks whose values are prose.
_PROSE = {"description", "short_description", "notes", "details", "fail_msg", "success_msg", "msg", "name", "title"}


def _plain(words: str) -> str:
    """Prose without its markup, with a name where code stands."""
    # Names that differ: a word that is repeated is a finding.
    names = itertools.cycle(f"Q{letter}" for letter in string.ascii_lowercase)
    words = _CODE.sub(lambda found: next(names), words)
    return re.sub(r"\s+", " ", words).strip()


def pages() -> t.Iterator[Text]:
    """The paragraphs of Markdown and reStructuredText, without their blocks of code."""
    paths = [CHECKOUT / "README.md", *CHECKOUT.glob("roles/*/README.md"), *CHECKOUT.glob("tests/lab/*.md")]
    paths += [CHECKOUT / "CONTRIBUTING.md", CHECKOUT / "examples" / "README.md"]
    paths += CHECKOUT.glob("extensions/patterns/*/*.md")
    # The words of variables.rst are those of the argument specs.
    paths += [path for path in CHECKOUT.glob("docs/docsite/rst/*.rst") if path.stem != "variables"]
    for path in sorted(paths):
        text = path.read_text()
        if path.suffix == ".md":
            text = re.sub(r"^```.*?^```$", _as_blank, text, flags=re.DOTALL | re.MULTILINE)
        else:
            # A directive with what is indented below it, but for the cells of tables.
            text = re.sub(r"^\.\. code-block::.*\n(?:\n|[ ]{2,}.*\n)*", _as_blank, text, flags=re.MULTILINE)
            text = re.sub(r"^\.\.\n(?:[ ]{2,}.*\n)*", _as_blank, text, flags=re.MULTILINE)
            text = re.sub(r"^(?:\.\.|:\w+:|[ ]+:[\w-]+:).*$|^[=~-]+$", "", text, flags=re.MULTILINE)
        line = 1
        for paragraph in re.split(r"(\n\s*\n|\n(?=\s*(?:[*#-]|\d+\.|\|) ))", text):
            if words := _plain(paragraph):
                start = line + len(paragraph[: len(paragraph) - len(paragraph.lstrip())].splitlines())
                yield Text(f"{path.relative_to(CHECKOUT)}:{start}", words)
            line += paragraph.count("\n")


def _as_blank(found: re.Match[str]) -> str:
    return "\n" * found.group().count("\n")


def changes() -> t.Iterator[Text]:
    """The fragments of the changelog."""
    for path in sorted(CHECKOUT.glob("changelogs/fragments/*.yml")):
        for entries in yaml.safe_load(path.read_text()).values():
            for entry in [entries] if isinstance(entries, str) else entries:
                yield Text(str(path.relative_to(CHECKOUT)), _plain(entry))


def playbooks() -> t.Iterator[Text]:
    """The documentation of roles and of the collection, and the names and messages of tasks."""
    paths = [CHECKOUT / "galaxy.yml", *CHECKOUT.glob("roles/*/meta/argument_specs.yml")]
    paths += [*CHECKOUT.glob("roles/*/tasks/*.yml"), *CHECKOUT.glob("playbooks/*.yml")]
    for path in sorted(paths):
        yield from _of_yaml(str(path.relative_to(CHECKOUT)), path.read_text())


def plugins() -> t.Iterator[Text]:
    """The documentation of plugins, and the names of tasks in their examples."""
    for path in sorted((CHECKOUT / "plugins").rglob("*.py")):
        for name, node in _documentation(path, ast.parse(path.read_text())):
            yield from _of_yaml(f"{path.relative_to(CHECKOUT)}:{node.lineno} {name}", str(node.value))


def messages() -> t.Iterator[Text]:
    """Every string in the code of plugins that has words: most are messages. Docstrings are for who reads the code."""
    for path in sorted((CHECKOUT / "plugins").rglob("*.py")):
        tree = ast.parse(path.read_text())
        left_out = {id(node) for _name, node in _documentation(path, tree)}
        left_out |= {id(node) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in _strings(tree, left_out):
            words = _words_of(node)
            if re.search(r"\w \w+ \w", words):
                yield Text(f"{path.relative_to(CHECKOUT)}:{node.lineno}", _plain(words))


def _documentation(path: Path, tree: ast.AST) -> list[tuple[str, ast.Constant]]:
    """DOCUMENTATION, EXAMPLES and RETURN, and what a fragment of documentation has under other names."""
    if path.parent.name not in DOCUMENTED:
        return []
    found = [
        (getattr(node.targets[0], "id", ""), node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    ]
    return [(name, value) for name, value in found if name.isupper() and "\n" in str(value.value)]


def _strings(node: ast.AST, left_out: set[int]) -> t.Iterator[ast.expr]:
    """Strings and f-strings, those within an f-string as its part."""
    for child in ast.iter_child_nodes(node):
        if id(child) in left_out:
            continue
        if isinstance(child, ast.JoinedStr) or (isinstance(child, ast.Constant) and isinstance(child.value, str)):
            yield t.cast("ast.expr", child)
        else:
            yield from _strings(child, left_out)


def _words_of(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_words_of(value) for value in node.values)
    return "\x00"


def _of_yaml(place: str, text: str) -> t.Iterator[Text]:
    for document in yaml.load_all(text, _Loader):
        yield from _prose_in(place, document)


def _prose_in(place: str, value: object, key: str = "") -> t.Iterator[Text]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _prose_in(place, item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _prose_in(place, item, key)
    elif isinstance(value, str) and key in _PROSE and " " in value:
        yield Text(f"{place} {key}", _plain(value))


def texts() -> list[Text]:
    """All of them."""
    return [*pages(), *playbooks(), *plugins(), *messages(), *changes()]


def own_words(text: Text) -> list[str]:
    """What is said differently here."""
    found = []
    for pattern, instead in WORDS.items():
        if match := re.search(rf"\b(?:{pattern})", text.words, re.IGNORECASE):
            found.append(f"{text.place}: {match.group()!r}: write {instead!r}: {text.words}")
    return found


def by_proselint(everything: t.Sequence[Text]) -> list[str]:
    """What proselint finds, text by text: a text says nothing about the next one."""
    # The unit tests go without it.
    from proselint.checks import __register__
    from proselint.config import DEFAULT
    from proselint.registry import CheckRegistry
    from proselint.tools import LintFile

    CheckRegistry().register_many(__register__)
    return [
        f"{text.place}: {result.check_result.check_path}: {result.check_result.message}: {text.words}"
        for text in everything
        for result in LintFile(text.place, text.words).lint(DEFAULT)
        if result.check_result.check_path not in EXCUSED
    ]


def main() -> int:
    everything = texts()
    found = [line for text in everything for line in own_words(text)] + by_proselint(everything)
    for line in found:
        print(line)
    print(f"{len(everything)} texts, {len(found)} to be said differently")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
