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
