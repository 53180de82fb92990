# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: survey
short_description: Convert a variable's value, which a survey may give as text
version_added: 1.0.0
author:
  - cloudburst.federation contributors (@cloudburst)
description:
  - Surveys of AWX and of Red Hat Ansible Automation Platform, and C(-e name=value), give each value as text. This
    filter converts it to the type of the variable. A value that is not text stays as it is.
  - An empty text means that the value is not set.
options:
  _input:
    description: The value.
    type: raw
    required: true
  name:
    description: Name of the variable, for messages.
    type: str
    required: true
  kind:
    description:
      - V(list) is a list of strings, given one per line, separated by commas, or as YAML.
      - V(data) is a list of structures, given as YAML or JSON.
      - V(int) is a whole number, V(bool) is yes or no.
    type: str
    choices: [list, data, int, bool]
    required: true
  default:
    description: What to return for a value that is not set. An empty list if this is not given.
    type: raw
"""

EXAMPLES = r"""
- name: Show the zones, which a survey asks for in a text area
  ansible.builtin.debug:
    msg: "{{ burst_zones | cloudburst.federation.survey('burst_zones', 'list') }}"
"""

RETURN = r"""
_value:
  description: The value as a list, number or boolean.
  type: raw
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.cloudburst.federation.plugins.module_utils._burst.survey import value_of
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import FederationError


def survey(value: t.Any, name: str, kind: str, default: t.Any = None) -> t.Any:
    """The value of a variable, see DOCUMENTATION."""
    try:
        return value_of(value, name, kind, [] if default is None else default)
    except FederationError as error:
        raise AnsibleFilterError(error.message) from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name → function."""
        return {"survey": survey}
