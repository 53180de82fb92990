# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which folder of module_utils may import which, and that no import goes round in a circle."""

from __future__ import annotations

import ast
import graphlib
import importlib.util
from pathlib import Path

import pytest

UTILS = Path(__file__).resolve().parents[4] / "plugins" / "module_utils"
# Each may import what stands before it, too, where that is named.
MAY_IMPORT = {
    "_runtime": set(),
    "_kube": {"_runtime"},
    "_aws": {"_runtime", "_kube"},
    "_kubefed": {"_runtime", "_kube"},
    "_edge": {"_runtime", "_kube"},
    "_costs": {"_runtime", "_kube", "_aws"},
    "_cleanup": {"_runtime", "_kube", "_aws", "_costs"},
    "_traffic": {"_runtime", "_kube", "_kubefed"},
    "_burst": {"_runtime", "_kube", "_kubefed", "_traffic"},
    "_capacity": {"_runtime", "_kube", "_kubefed", "_burst", "_cleanup", "_costs"},
}
# Inside _kubefed, likewise; what stands beside the folders is below all of them.
KUBEFED = ("", "types", "membership", "resources", "waiting", "operations")
FILES = {".".join(path.relative_to(UTILS).with_suffix("").parts): path for path in sorted(UTILS.rglob("*.py"))}


def imports(name: str) -> set[str]:
    """The utils that one imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(FILES[name].read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            package = f"utils.{name}".rpartition(".")[0]
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return {each.removeprefix("utils.") for each in found} & FILES.keys() - {name}


def test_folders_import_only_what_is_below_them() -> None:
    assert {name.partition(".")[0] for name in FILES} == MAY_IMPORT.keys()
    wrong = [
        (name, other)
        for name in FILES
        for other in imports(name)
        if (folder := name.partition(".")[0]) != (below := other.partition(".")[0]) and below not in MAY_IMPORT[folder]
    ]
    assert wrong == []


def test_in_kubefed_no_import_runs_up() -> None:
    def floor(name: str) -> int:
        return KUBEFED.index(name.split(".")[1] if name.count(".") == 2 else "")

    names = [name for name in FILES if name.startswith("_kubefed.") and not name.endswith("__init__")]
    assert {floor(name) for name in names} == set(range(len(KUBEFED)))
    assert [(name, other) for name in names for other in imports(name) & set(names) if floor(other) > floor(name)] == []


def test_no_import_goes_round_in_a_circle() -> None:
    list(graphlib.TopologicalSorter({name: imports(name) for name in FILES}).static_order())


@pytest.mark.parametrize("name", [name for name, path in FILES.items() if path.stat().st_size])
def test_each_file_says_in_one_line_what_is_in_it(name: str) -> None:
    text = ast.get_docstring(ast.parse(FILES[name].read_text())) or ""
    assert text.split("\n\n")[0].count("\n") == 0, text
    assert text.split("\n")[0].endswith(".")
