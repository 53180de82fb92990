# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown to copy runs: inventories pass burst_check's rules, playbooks load, and READMEs show valid YAML."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.manager import VariableManager

from ansible_collections.cloudburst.federation.plugins.module_utils._burst.plan import plan_problems
from ansible_collections.cloudburst.federation.plugins.module_utils._burst.variables import VARIABLES
from ansible_collections.cloudburst.federation.tests.unit.roles import Role

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples"
INVENTORIES = sorted(path for path in EXAMPLES.glob("*/inventory"))
PLAYBOOKS = sorted(EXAMPLES.glob("*.yml"))
READMES = sorted([ROOT / "README.md", *ROOT.glob("roles/*/README.md")])
PREFIX = "cloudburst.federation."
AWX = yaml.safe_load((EXAMPLES / "awx" / "burst-awx.yml").read_text())
# Secrets come from Ansible Vault.
VAULT = {"vault_mars_psk": "aB3._xyzaB3._xyzaB3._xyzaB3._xyz"}


def variables_of(inventory: Path) -> dict[str, t.Any]:
    """The controller's variables, as Ansible reads them."""
    loader = DataLoader()
    manager = InventoryManager(loader=loader, sources=[str(inventory)])
    variables = VariableManager(loader=loader, inventory=manager)
    (controller,) = manager.get_groups_dict()["burst_controller"]
    return {**variables.get_vars(host=manager.get_host(controller)), **VAULT}


def problems_of(variables: dict[str, t.Any]) -> list[t.Any]:
    """What burst_check says to variables, without asking any system."""
    role = Role("burst_check", **variables)
    nobody: dict[str, t.Any] = {"resources": []}
    plan = role.value(
        "__burst_check_plan | combine(__burst_check_eks_plan if __burst_check_eks else {})",
        __burst_check_members=nobody,
    )
    names = {"name": variables["burst_name"], "host_name": variables["burst_host_name"]}
    return [
        *role.rejections("variables.yml"),
        *role.value("(__burst_check_parts + __burst_check_rules) | cloudburst.federation.problems"),
        *map(str, plan_problems({**plan, **names})),
    ]


@pytest.mark.parametrize("inventory", INVENTORIES, ids=lambda path: path.parent.name)
def test_an_inventory_passes_burst_check(inventory: Path) -> None:
    variables = variables_of(inventory)
    assert problems_of(variables) == []
    groups = Role("burst_check", **variables).value("burst_check_groups")
    assert all(variables["groups"].get(group) for group in groups)


def test_the_inventory_of_awx_passes_burst_check() -> None:
    """With the survey's answers."""
    answers = yaml.safe_load((ROOT / "extensions/patterns/burst/template_surveys/burst_up.yml").read_text())["spec"]
    given = {question["variable"]: question["default"] for question in answers}
    groups = {"burst_controller": ["localhost"], "burst_firewall": list(AWX["burst_awx_firewall"])}
    assert problems_of({**AWX["burst_awx_variables"], **given, "groups": groups}) == []


def test_a_mistake_in_an_inventory_is_found() -> None:
    """Or the tests above would hold whatever an example says."""
    variables = variables_of(EXAMPLES / "aws" / "inventory")
    (said,) = problems_of({**variables, "burst_zones": "eu-central-1a"})
    assert said.startswith("burst_zones: ['eu-central-1a'] ")


def test_the_documentation_shows_the_example_word_for_word() -> None:
    page = (ROOT / "docs" / "docsite" / "rst" / "aws.rst").read_text().partition("The inventory in full")[2]
    blocks = page.split(".. code-block:: yaml\n\n")[1:3]
    for block, name in zip(blocks, ("hosts.yml", "group_vars/all/burst.yml")):
        lines = block.splitlines()
        ends = (number for number, line in enumerate(lines) if line and not line.startswith("    "))
        shown = textwrap.dedent("\n".join(lines[: next(ends, len(lines))])).strip()
        example = (EXAMPLES / "aws" / "inventory" / name).read_text().removeprefix("---\n").strip()
        assert shown.partition("\n")[2].removeprefix("#\n") == example


def test_the_playbooks_load(tmp_path: Path) -> None:
    place = tmp_path / "ansible_collections" / "cloudburst"
    place.mkdir(parents=True)
    (place / "federation").symlink_to(ROOT)
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), "--syntax-check", *map(str, PLAYBOOKS)],
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def blocks_of(path: Path) -> list[t.Any]:
    """The blocks of YAML in a README."""
    found = re.findall(r"^```yaml\n(.*?)^```$", path.read_text(), re.DOTALL | re.MULTILINE)
    return [yaml.safe_load(block) for block in found]


def spec_of(role: str) -> dict[str, t.Any]:
    text = (ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text()
    return t.cast("dict[str, t.Any]", yaml.safe_load(text)["argument_specs"]["main"]["options"])


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.parent.name)
def test_the_examples_of_a_readme_are_plays_with_options_that_there_are(path: Path) -> None:
    blocks = blocks_of(path)
    assert blocks
    for block in blocks:
        for entry in block if isinstance(block, list) else []:
            for role in entry.get("roles", []):
                name = role["role"].removeprefix(PREFIX)
                known = spec_of(name)
                assert set(role.get("vars", {})) <= set(known)
                # The others have defaults, or are a burst's variables.
                defaults = yaml.safe_load((ROOT / "roles" / name / "defaults" / "main.yml").read_text())
                required = {option for option, spec in known.items() if spec.get("required")}
                assert required <= {*role.get("vars", {}), *defaults}
        if isinstance(block, dict):
            options = {option for role in (ROOT / "roles").iterdir() for option in spec_of(role.name)}
            assert set(block) - {"collections"} <= options | set(VARIABLES)
