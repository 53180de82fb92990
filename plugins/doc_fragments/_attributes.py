# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection: it may change in any release.

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying the target.
    support: full
  diff_mode:
    description: Returns details on what has changed, or would change in check mode, when in diff mode.
    support: full
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run reports no change.
    support: full
  platform:
    description: Target OS or families that can be operated against.
    support: full
    platforms: posix
"""

    # For modules that only read
    READING = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Can run in check mode and return changed status prediction without modifying the target.
  diff_mode:
    support: none
    description: Returns details on what has changed, or would change in check mode, when in diff mode.
    details:
      - It changes nothing.
  idempotent:
    support: full
    description: When run twice in a row outside check mode, with the same arguments, the second run reports no change.
  platform:
    description: Target OS or families that can be operated against.
    support: full
    platforms: posix
"""

    # For modules whose waits run in slices, see plugins/plugin_utils/_progress.py
    PROGRESS = r"""
options: {}
attributes:
  action:
    description: Has a corresponding action plugin, so that part of the options can be executed on the controller.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
"""

    ACTIONGROUP_K8S = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/cloudburst.federation.k8s) in C(module_defaults) to set options for this module.
    support: full
    membership:
      - cloudburst.federation.k8s
"""

    ACTIONGROUP_AWS = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/cloudburst.federation.aws) in C(module_defaults) to set options for this module.
    support: full
    membership:
      - cloudburst.federation.aws
"""
