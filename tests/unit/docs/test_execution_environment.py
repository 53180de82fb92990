# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an execution environment installs is what burst_check asks for, and what the playbooks import."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.cloudburst.federation.tests.unit.roles import Role

ROOT = Path(__file__).resolve().parents[3]
PATTERN = ROOT / "extensions" / "patterns" / "burst"
# The package that has a command, and the distribution of a library.
PACKAGES = {"helm": "helm"}
DISTRIBUTIONS = {"boto3": "boto3", "kubernetes": "kubernetes", "yaml": "PyYAML", "botocore": "botocore"}


def packages() -> set[str]:
    lines = (ROOT / "meta" / "ee-bindep.txt").read_text().splitlines()
    return {line.split()[0] for line in lines if line and not line.startswith("#")}


def libraries() -> set[str]:
    return set(re.findall(r"^([\w-]+)>=", (ROOT / "meta" / "ee-requirements.txt").read_text(), re.MULTILINE))


def asked(extension: str, state: str, access: str = "helper") -> tuple[list[str], list[str]]:
    """The commands and libraries that the role burst_check asks for."""
    role = Role(
        "burst_check",
        burst_name="vulcan",
        burst_host_name="earth",
        burst_extension=extension,
        burst_check_state=state,
        burst_kubeconfig_access=access,
    )
    return role.value("__burst_check_commands"), role.value("__burst_check_libraries")


@pytest.mark.parametrize("extension", ["eks", "existing"])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_an_execution_environment_has_what_burst_check_asks_for(extension: str, state: str) -> None:
    commands, modules = asked(extension, state)
    assert {PACKAGES[command] for command in commands} <= packages()
    assert {DISTRIBUTIONS[module] for module in modules} <= libraries()


def test_the_lists_have_no_more_libraries_than_are_asked_for_or_come_with_them() -> None:
    modules = {module for extension in ("eks", "existing") for module in asked(extension, "present")[1]}
    # boto3 brings botocore, and kubernetes PyYAML; both are imported, too.
    assert libraries() == {DISTRIBUTIONS[module] for module in modules | {"botocore", "yaml"}}


def test_the_command_aws_is_asked_for_only_where_it_gets_the_tokens() -> None:
    assert asked("eks", "present", "aws_cli")[0] == ["aws", "helm"]
    assert asked("eks", "absent", "aws_cli")[0] == ["aws"]
    assert asked("existing", "present", "aws_cli")[0] == ["helm"]


def test_the_definitions_name_the_lists() -> None:
    ours = yaml.safe_load((ROOT / "meta" / "execution-environment.yml").read_text())
    assert ours["dependencies"] == {"python": "meta/ee-requirements.txt", "system": "meta/ee-bindep.txt"}
    pattern = yaml.safe_load((PATTERN / "exec_env" / "execution-environment.yml").read_text())
    assert pattern["version"] == 3
    # What is needed is in the collection alone.
    assert set(pattern["dependencies"]) & {"python", "system"} == set()
    assert [entry["name"] for entry in pattern["dependencies"]["galaxy"]["collections"]] == ["cloudburst.federation"]
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    image = yaml.safe_load((PATTERN / "setup.yml").read_text().replace("!unsafe ", ""))[0]["vars"]["burst_awx_image"]
    assert image.endswith(f":{galaxy['version']}")
