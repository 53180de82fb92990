# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the variables of a burst are where they are not set is said once, and all else agrees with it."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.cloudburst.federation.plugins.module_utils._burst.variables import VARIABLES
from ansible_collections.cloudburst.federation.plugins.plugin_utils._customer_gateway import (
    ESP_PROPOSALS,
    IKE_PROPOSALS,
)
from ansible_collections.cloudburst.federation.tests.unit.roles import Role

ROOT = Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
TEXTS = [
    path for folder in ("roles", "playbooks") for path in (ROOT / folder).rglob("*") if path.suffix in (".yml", ".j2")
]
# A role's variable whose default is a burst's variable and nothing else
_PLAIN = re.compile(r"\{\{ \w+( \| default\(''\))? \| cloudburst\.federation\.survey\('(\w+)'\) \}\}")


def load(path: Path) -> t.Any:
    return yaml.safe_load(path.read_text()) if path.exists() else {}


def plain(value: t.Any) -> t.Any:
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("role", ROLES)
def test_documented_defaults_are_the_real_ones(role: str) -> None:
    defaults = load(ROOT / "roles" / role / "defaults" / "main.yml")
    entries = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"].values()
    for option, spec in (pair for entry in entries for pair in entry["options"].items()):
        found = _PLAIN.fullmatch(str(defaults.get(option, "")).strip())
        variable = VARIABLES[found.group(2)] if found else None
        if variable and "default" in spec:
            assert spec["default"] == plain(variable.default), option
        if variable and "choices" in spec:
            assert tuple(spec["choices"]) == variable.choices, option


def test_no_role_or_playbook_has_a_default_of_its_own() -> None:
    for path in TEXTS:
        for name, default in re.findall(r"(burst_\w+)\s*\|\s*default\(([^()]*)\)", path.read_text()):
            if name in VARIABLES:
                literal = re.match(r"['\"\[{0-9]", default)
                assert not literal or default in ("''", "'', true"), f"{path}: {name}"
        for name, asked in re.findall(
            r"(burst_\w+)(?: \| default\(''\))? \| cloudburst\.federation\.survey\('(\w+)'\)", path.read_text()
        ):
            assert name == asked, path


def test_roles_take_the_variables_of_a_burst_in_one_way() -> None:
    """As a survey gives them; a required one may stand for itself."""
    for path in (ROOT / "roles").glob("*/defaults/main.yml"):
        for expression in re.findall(r"\{\{.*?\}\}", path.read_text(), re.DOTALL):
            for name in set(re.findall(r"\bburst_\w+", expression)) & set(VARIABLES):
                alone = expression == f"{{{{ {name} }}}}" and VARIABLES[name].default == ""
                assert alone or f"survey('{name}')" in expression, f"{path}: {expression}"


@pytest.mark.parametrize(
    ("given", "networks"),
    [
        ({"burst_vpc_cidr": "10.12.0.0/16"}, ["10.12.0.0/16"]),
        ({"burst_extension": "existing", "burst_remote_networks": "10.30.0.0/24"}, ["10.30.0.0/24"]),
        (
            {"burst_extension": "existing", "burst_tunnels": [{"remote_networks": ["10.30.0.0/24"]}, {"psk": ""}]},
            ["10.30.0.0/24"],
        ),
        ({"burst_extension": "existing"}, []),
    ],
)
def test_roles_agree_on_the_networks_of_the_extension(given: dict[str, t.Any], networks: list[str]) -> None:
    routes = Role("local_routes", burst_name="vulcan", **given)
    traffic = Role("traffic_endpoints", burst_name="vulcan", **given)
    assert routes.value("local_routes_remote_networks") == networks
    assert traffic.value("traffic_endpoints_member_networks") == networks
    if "burst_extension" in given:
        check = Role("burst_check", burst_name="vulcan", **given)
        assert check.value("burst_check_remote_networks") == networks


def test_the_documented_inventory_shows_the_defaults() -> None:
    text = (ROOT / "docs" / "docsite" / "rst" / "aws.rst").read_text()
    shown = text.partition("# Optional; the defaults are shown.")[2].partition("# Optional, without a default.")[0]
    found = yaml.safe_load("\n".join(line[4:] for line in shown.splitlines()))
    assert len(found) > 8
    for name, value in found.items():
        if VARIABLES[name].default not in ("", ()):
            assert value == plain(VARIABLES[name].default), name


def test_tunnels_offer_the_same_to_every_peer() -> None:
    defaults = load(ROOT / "roles" / "site_to_site_vpn" / "vars" / "main.yml")["__site_to_site_vpn_tunnel_defaults"]
    assert (defaults["ike_proposals"], defaults["esp_proposals"]) == (list(IKE_PROPOSALS), list(ESP_PROPOSALS))
    main = load(ROOT / "roles" / "site_to_site_vpn" / "meta" / "argument_specs.yml")["argument_specs"]["main"]
    for name, option in main["options"]["site_to_site_vpn_tunnels"]["options"].items():
        if not option.get("required") and not name.startswith(("name", "inside_")):
            assert option["default"] == defaults[name], name


class _Loader(yaml.SafeLoader):
    """Reads tasks, whose own tags do not matter here."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def facts_of(tasks: t.Any) -> t.Iterator[str]:
    """The facts that tasks set, but for a role's internal ones."""
    for task in tasks or []:
        yield from (name for name in task.get("ansible.builtin.set_fact", {}) if not name.startswith("__"))
        for key in ("block", "rescue", "always"):
            yield from facts_of(task.get(key))


@pytest.mark.parametrize("role", ROLES)
def test_each_fact_that_a_role_hands_on_is_documented(role: str) -> None:
    specs = (ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text()
    page = (ROOT / "docs" / "docsite" / "rst" / "parts.rst").read_text()
    for path in (ROOT / "roles" / role / "tasks").glob("*.yml"):
        for name in facts_of(yaml.load(path.read_text(), Loader=_Loader)):
            assert f"C({name})" in specs, f"{path}: {name}"
            assert f"``{name}``" in page, f"{path}: {name}"
