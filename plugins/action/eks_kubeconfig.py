# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shows what the module of the same name waits for, and marks a result with a token as secret."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudburst.federation.plugins.plugin_utils._progress import ProgressAction


class ActionModule(ProgressAction):
    """Runs the module in slices."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Call the module.

        What a module itself marks as secret (no_log_values) is gone from its result, so the token could not be used.
        Only here can it be kept from every output and yet be registered, as ansible.builtin.include_vars does it.
        """
        result = super().run(tmp, task_vars)
        if "token" in result:
            result["_ansible_no_log"] = True
        return result
