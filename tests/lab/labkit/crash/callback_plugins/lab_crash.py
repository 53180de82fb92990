# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes down each task as it begins, for the process that waits to kill this one."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: lab_crash
type: aggregate
short_description: Writes down each task as it begins
description: For tests/lab/crash alone. The file is named by the environment variable LAB_CRASH_FILE.
"""


class CallbackModule(CallbackBase):
    """One line for each task: its name, with that of its role before it."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "lab_crash"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        """A task begins."""
        with Path(os.environ["LAB_CRASH_FILE"]).open("a") as file:
            file.write(f"{' '.join(task.get_name().split())}\n")
