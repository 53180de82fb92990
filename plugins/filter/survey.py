# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: survey
short_description: Convert a variable's value, which a survey may give as text, or return its default
version_added: 1.0.0
author:
  - cloudburst.federation contributors (@cloudburst)
description:
  - Surveys of AWX and of Red Hat Ansible Automation Platform, and C(-e name=value), give each value as text. This
    filter converts it to the type of the variable. A value that is not text stays as it is.
  - An empty text means that the value is not set. The default of the variable is returned then.
options:
  _input:
    description: The value.
    type: raw
    required: true
  name:
    description: Name of the variable, which determines its type and its default.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show the zones, which a survey asks for in a text area
  ansible.builtin.debug:
    msg: "{{ burst_zones | cloudburst.federation.survey('burst_zones') }}"
"""

RETURN = r"""
_value:
  description: The value as a string, list, number or boolean.
  type: raw
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.cloudburst.federation.plugins.module_utils._burst.survey import value_of
from ansible_collections.cloudburst.federation.plugins.module_utils._burst.variables import VARIABLES
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import FederationError


def survey(value: t.Any, name: str) -> t.Any:
    """The value of a variable, see DOCUMENTATION."""
    if name not in VARIABLES:
        raise AnsibleFilterError(f"There is no variable {name} of a burst.")
    variable = VARIABLES[name]
    default = list(variable.default) if isinstance(variable.default, tuple) else variable.default
    try:
        return value_of(value, name, variable.kind, default)
    except FederationError as error:
        raise AnsibleFilterError(error.message) from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name → function."""
        return {"survey": survey}
