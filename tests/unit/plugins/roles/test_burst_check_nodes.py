# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What burst_check says of a need that the allowed nodes do not cover."""

from __future__ import annotations

import pytest
import yaml
from ansible.template import trust_as_template

from ansible_collections.cloudburst.federation.tests.unit.roles import ROLES, Role

TOO_MANY = " More nodes are not allowed: burst_node_max is 2."
TOO_LARGE = " Larger nodes are needed for 1 of them: add larger types to burst_node_instance_types."


@pytest.mark.parametrize(
    ("short", "too_large", "rest"), [(3, 0, TOO_MANY), (3, 1, TOO_MANY + TOO_LARGE), (1, 1, TOO_LARGE)]
)
def test_what_will_find_no_room_is_told_in_one_line(short: int, too_large: int, rest: str) -> None:
    tasks = yaml.safe_load((ROLES / "burst_check" / "tasks" / "nodes.yml").read_text())
    (task,) = [task for task in tasks if task["name"].endswith("will find no room")]
    missing = {"cpu": 4.5, "memory_mib": 30}
    found = {"short": short, "too_large": too_large, "nodes": 2, "missing": missing}
    words = {name: trust_as_template(text) for name, text in task["vars"].items()}
    role = Role("burst_check", burst_name="vulcan", burst_host_name="earth", burst_node_max=2, **words)
    said = role._templar({"__burst_check_nodes": found}).template(
        trust_as_template(task["ansible.builtin.debug"]["msg"])
    )
    assert said == (f"{short} pods, which request 4.5 cores and 30 MiB of memory, will find no room in 2 nodes.{rest}")
