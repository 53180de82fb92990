# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: one_line
short_description: Text of others as one line that is safe to show
version_added: 1.0.0
author:
  - cloudburst.federation contributors (@cloudburst)
description:
  - Makes one line of a text and replaces what a terminal would obey instead of showing it, such as escape sequences and
    characters that change the direction of text. Events, conditions and the last words of containers may hold it.
  - A text of more than 8000 characters loses its middle.
options:
  _input:
    description: The text. Anything else is made a text first.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Show what the cluster warns of
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
