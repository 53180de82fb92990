# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A role's variables, its rejections and its templates, as Ansible itself works them out, without a host."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLES = Path(__file__).resolve().parents[2] / "roles"
Variables = dict[str, t.Any]


class Role:
    """A role with the defaults of its variables; `given` are those of a playbook."""

    def __init__(self, name: str, **given: t.Any) -> None:
        self._directory = ROLES / name
        self._given = given
        self._loader = DataLoader()

    @functools.cached_property
    def _variables(self) -> Variables:
        return {**self._read("defaults/main.yml"), **self._read("vars/main.yml"), **self._given}

    def _read(self, file: str) -> t.Any:
        path = self._directory / file
        return self._loader.load_from_file(str(path), trusted_as_template=True) if path.exists() else {}

    def _templar(self, given: Variables) -> Templar:
        return Templar(loader=self._loader, variables={**self._variables, **given})

    def rejections(self, file: str, **given: t.Any) -> list[str]:
        """What the assertions of a file of tasks say to these variables; none where all of them hold."""
        found: list[str] = []
        for task in self._read(f"tasks/{file}"):
            asserted = task.get("ansible.builtin.assert")
            if not asserted or not self._holds(task.get("when", []), given):
                continue
            items = self._templar(given).template(task["loop"]) if "loop" in task else [None]
            name = (task.get("loop_control") or {}).get("loop_var", "item")
            for item in items:
                own = {**given, **(task.get("vars") or {}), name: item}
                if not self._holds(asserted["that"], own):
                    found.append(str(self._templar(own).template(asserted["fail_msg"])))
        return found

    def _holds(self, conditions: t.Any, given: Variables) -> bool:
        conditions = conditions if isinstance(conditions, list) else [conditions]
        return all(self._templar(given).evaluate_conditional(condition) for condition in conditions)

    def render(self, template: str, **given: t.Any) -> str:
        """What becomes of a template."""
        source = (self._directory / "templates" / template).read_text()
        return str(self._templar(given).template(trust_as_template(source)))

    def value(self, variable: str, **given: t.Any) -> t.Any:
        """What a variable comes to."""
        return self._templar(given).template(trust_as_template("{{ " + variable + " }}"))
