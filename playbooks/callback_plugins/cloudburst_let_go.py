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
import signal
import typing as t

from ansible.plugins.callback import CallbackBase

from ansible_collections.cloudburst.federation.plugins.plugin_utils._burst import let_go


class CallbackModule(CallbackBase):
    """Shows nothing."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "cloudburst_let_go"

    def __init__(self) -> None:
        super().__init__()
        self._process = os.getpid()
        # After a failure, unreachable hosts and Ctrl-C too; Ansible's own, which removes the temporary directory, was
        # registered before and comes after.
        atexit.register(self._let_go)
        # A container is stopped with SIGTERM, and a terminal that closes sends SIGHUP. Both would end Python as it
        # stands, and the first process of a container not even that.
        for number in (signal.SIGTERM, signal.SIGHUP):
            # With nohup, it is to go on
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._interrupt)

    def _interrupt(self, number: int, frame: t.Any) -> None:
        """End the run as Ctrl-C does; a fork ends by the signal."""
        if os.getpid() != self._process:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        # timeout(1) sends it twice. The second Ctrl-C would end Python as it stands.
        signal.signal(number, signal.SIG_IGN)
        os.kill(os.getpid(), signal.SIGINT)

    def _let_go(self) -> None:
        # Not in a fork
        if os.getpid() == self._process:
            let_go()
