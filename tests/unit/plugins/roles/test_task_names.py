# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks are named alike in all roles: with their file, unless it is main.yml, and after what they do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).resolve().parents[4] / "roles").glob("*/tasks/*.yml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_task_is_named_with_its_file(path: Path) -> None:
    prefix = "" if path.stem == "main" else rf"{path.stem} \| "
    names = re.findall(r'(?m)^\s*- name: (?!"?\{\{)"?(.*?)"?$', path.read_text())
    assert names
    assert [name for name in names if not re.match(rf"{prefix}[A-Z][^|]*$", name)] == []
    # Two words at least: "Validate" does not say what
    assert [name for name in names if " " not in name.rpartition(" | ")[2]] == []


def test_scenarios_kill_playbooks_at_tasks_that_there_are() -> None:
    roles = FILES[0].parents[2]
    asked = [
        (scenario.name, role, words)
        for scenario in (roles.parent / "extensions" / "molecule").rglob("*.yml")
        for role, words in re.findall(r'"(\w+) : ([^"{]+)"', scenario.read_text())
        if (roles / role).is_dir()
    ]
    assert len(asked) > 10
    names = {role.name: "".join(path.read_text() for path in role.glob("tasks/*.yml")) for role in roles.iterdir()}
    assert [entry for entry in asked if f'- name: "{entry[2]}' not in names[entry[1]]] == []
