# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: one_line
short_description: Turn untrusted text into one line that is safe to show
version_added: 1.0.0
author:
  - cloudburst.federation contributors (@cloudburst)
description:
  - Turns a text into one line and replaces whatever a terminal would interpret instead of showing, such as escape
    sequences and characters that change the direction of text. Events, conditions and the last output of containers
    may contain these.
  - The middle of a text with more than 8000 characters is cut out.
options:
  _input:
    description: The text. Anything else is converted to text first.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Show the cluster's warnings
  ansible.builtin.debug:
    msg: "{{ events.resources | map(attribute='message') | map('cloudburst.federation.one_line') }}"
"""

RETURN = r"""
_value:
  description: The line.
  type: str
"""

import typing as t

from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import one_line


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name → function."""
        return {"one_line": lambda value: one_line(str(value))}
