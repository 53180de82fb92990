# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shows what the module of the same name waits for."""

from __future__ import annotations

from ansible_collections.cloudburst.federation.plugins.plugin_utils._progress import ProgressAction


class ActionModule(ProgressAction):
    """Runs the module in slices."""
