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
      - Whether to wait until the requested state is reached.
      - The wait ends early, with the reason, if the state can no longer be reached. While waiting, a line every 15
        seconds shows the last known state.
    type: bool
    default: true
  wait_sleep:
    description:
      - How many seconds to sleep between checks.
    type: int
    default: 5
"""
