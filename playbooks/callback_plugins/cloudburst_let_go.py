# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets the burst go when a run of these playbooks ends, however it does.

In a container, nothing outlives ansible-playbook where that is the first process: the one that keeps the burst is
killed with it and cannot let go itself. Ansible has no play that always runs, but loads callbacks from next to a
playbook (https://docs.ansible.com/ansible/latest/dev_guide/developing_locally.html) into the process whose end matters.
"""

from __future__ import annotations

import atexit
import os

from ansible.plugins.callback import CallbackBase

from ansible_collections.cloudburst.federation.plugins.plugin_utils._burst import let_go


class CallbackModule(CallbackBase):
    """Shows nothing."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "cloudburst_let_go"

    def __init__(self) -> None:
        super().__init__()
        # After a failure, unreachable hosts and Ctrl-C too; Ansible's own, which removes the temporary directory, was
        # registered before and comes after.
        atexit.register(self._let_go, os.getpid())

    def _let_go(self, process: int) -> None:
        # Not in a fork
        if os.getpid() == process:
            let_go()
