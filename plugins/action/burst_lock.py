# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells the module of the same name which process the run is, and shows what it waits for."""

from __future__ import annotations

import json
import os

from ansible_collections.cloudburst.federation.plugins.plugin_utils._burst import folder
from ansible_collections.cloudburst.federation.plugins.plugin_utils._progress import ProgressAction

# Must be kept in sync with plugins/modules/burst_lock.py
RUN_VARIABLE = "CLOUDBURST_FEDERATION_RUN"


class ActionModule(ProgressAction):
    """Runs the module in slices."""

    def _environment(self) -> dict[str, str]:
        if self._connection.transport != "local":
            return {}
        # A worker's parent is ansible-playbook itself
        return {RUN_VARIABLE: json.dumps({"process": os.getppid(), "folder": folder()})}
