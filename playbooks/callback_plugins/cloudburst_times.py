# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shows at the end of burst_up and burst_down where the time went.

Ansible loads callbacks from beside a playbook, as for cloudburst_let_go.
"""

from __future__ import annotations

import time
import typing as t
from pathlib import Path

from ansible.plugins.callback import CallbackBase

from ansible_collections.cloudburst.federation.plugins.plugin_utils._output import tell
from ansible_collections.cloudburst.federation.plugins.plugin_utils._times import PLAYBOOKS, report


class CallbackModule(CallbackBase):
    """Notes when each play begins."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "cloudburst_times"

    def __init__(self) -> None:
        super().__init__()
        self._began: list[tuple[str, float]] = []
        self._wanted = False

    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        """A run begins."""
        self._wanted = Path(playbook._file_name).name in PLAYBOOKS

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        """A play begins."""
        self._began.append((play.get_name().strip(), time.monotonic()))

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """The run ends."""
        if self._wanted:
            for line in report(self._began, time.monotonic()):
                tell(line)
