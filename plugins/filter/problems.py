# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: problems
short_description: List what is wrong with the values of variables
version_added: 1.0.0
author:
  - cloudburst.federation contributors (@cloudburst)
description:
  - Checks the values of variables by the rules of this collection, which are the same for all of its roles. The
    result is for the message of M(ansible.builtin.assert).
  - No message contains a tunnel's key.
options:
  _input:
    description: The variables.
    type: list
    elements: dict
    required: true
    suboptions:
      option:
        description: Name of the variable, for messages.
        type: str
        required: true
      rule:
        description: Name of the rule, such as V(name), V(network) or V(tunnels).
        type: str
        required: true
      value:
        description: The value.
        type: raw
        required: true
"""

EXAMPLES = r"""
- name: Validate the networks
  ansible.builtin.assert:
    that: found | length == 0
    fail_msg: "{{ found | join('; ') }}"
  vars:
    found: "{{ checks | cloudburst.federation.problems }}"
    checks:
      - {option: burst_local_networks, rule: networks, value: "{{ burst_local_networks }}"}
"""

RETURN = r"""
_value:
  description: A line for each value that cannot be used, with the variable, the value, and what is allowed.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.cloudburst.federation.plugins.module_utils._burst.rules import RULES, problems_of


def problems(rules: t.Any) -> list[str]:
    """The filter; see DOCUMENTATION."""
    for entry in rules:
        if entry["rule"] not in RULES:
            raise AnsibleFilterError(f"There is no rule {entry['rule']!r}. There are {', '.join(RULES)}.")
    return [str(problem) for problem in problems_of(rules)]


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name → function."""
        return {"problems": problems}
