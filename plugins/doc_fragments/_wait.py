# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection: it may change in any release.

from __future__ import annotations


class ModuleDocFragment:
    # Must be kept in sync with wait_spec() in plugins/module_utils/_runtime/argspec.py.
    # Each module documents wait_timeout with its own default.
    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until what the task asks for has come about.
      - A wait ends early when it can not come about any more, and says why. While it lasts, a line every 15 seconds
        says what was last heard.
    type: bool
    default: true
  wait_sleep:
    description:
      - Seconds between two looks.
    type: int
    default: 5
"""
