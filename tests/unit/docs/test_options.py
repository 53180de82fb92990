# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each option of each module is used in a playbook that is run in the lab."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PREFIX = "cloudburst.federation."
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
# Of a value in Jinja, as of "{{ {'state': 'absent'} | … }}"
_KEY = re.compile(r"'(\w+)'\s*:")


class Loader(yaml.SafeLoader):
    """Reads playbooks, whose own tags do not matter here."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def documentation(text: str, name: str) -> dict[str, t.Any]:
    found = re.search(rf'{name} = r"""(.*?)"""', text, re.DOTALL)
    assert found, name
    return t.cast("dict[str, t.Any]", yaml.safe_load(found.group(1)))


def options_of(module: str) -> tuple[set[str], set[str]]:
    """Its own options, and those that it shares with others, which are handled in one place."""
    own = documentation((ROOT / "plugins" / "modules" / f"{module}.py").read_text(), "DOCUMENTATION")
    options: set[str] = set()
    for fragment in own.get("extends_documentation_fragment", []):
        name, part = (*fragment.removeprefix(PREFIX).split("."), "documentation")[:2]
        file = ROOT / "plugins" / "doc_fragments" / f"{name}.py"
        if fragment.startswith(PREFIX):
            options |= set(documentation(file.read_text(), part.upper()).get("options") or {})
    return set(own["options"]), options


def used_in(value: t.Any, module: str) -> set[str]:
    """The options of a module in what was read from a playbook, module_defaults included."""
    if isinstance(value, list):
        return {option for item in value for option in used_in(item, module)}
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for key, item in value.items():
        if key == f"{PREFIX}{module}":
            found |= set(item) if isinstance(item, dict) else set(_KEY.findall(str(item)))
        elif key == f"group/{PREFIX}k8s" and isinstance(item, dict):
            found |= set(item)
        found |= used_in(item, module)
    return found


def tried(module: str) -> set[str]:
    found: set[str] = set()
    for folder in ("extensions/molecule", "roles", "playbooks"):
        for path in (ROOT / folder).rglob("*.yml"):
            for document in yaml.load_all(path.read_text(), Loader):
                found |= used_in(document, module)
    return found


@pytest.mark.parametrize("module", MODULES)
def test_the_lab_tries_each_option(module: str) -> None:
    assert options_of(module)[0] - tried(module) == set()


def test_the_lab_tries_each_option_that_modules_share() -> None:
    shared = {option for module in MODULES for option in options_of(module)[1]}
    assert shared - {option for module in MODULES for option in tried(module)} == set()
