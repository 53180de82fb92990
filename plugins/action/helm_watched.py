# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs kubernetes.core.helm, and shows meanwhile what the release's pods say."""

from __future__ import annotations

import os
import select
import time
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import harmless
from ansible_collections.cloudburst.federation.plugins.plugin_utils._output import tell
from ansible_collections.cloudburst.federation.plugins.plugin_utils._progress import SLICE_SECONDS, line


class ActionModule(ActionBase):
    """Helm cannot be waited for in slices: it waits itself, and if stopped in between, it leaves a pending release."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run helm with its options and the ways to the cluster, which both have."""
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        options = arguments.pop("helm", None)
        if not isinstance(options, dict) or not arguments.get("release_namespace"):
            raise AnsibleActionFail(
                f"helm is {options!r} and release_namespace {arguments.get('release_namespace')!r}; helm must be a "
                "dictionary of kubernetes.core.helm's options, release_namespace a namespace."
            )
        # A process of its own looks, since a connection is no thing for two threads. It ends with the pipe, so it does
        # not outlive this one, whatever happens to it.
        end, mine = os.pipe()
        watcher = os.fork()
        if watcher == 0:
            try:
                os.close(mine)
                self._watch(end, arguments, f"helm to bring {options.get('release_name')} to its state", task_vars)
            finally:
                os._exit(0)
        os.close(end)
        try:
            answer = self._execute_module(
                module_name="kubernetes.core.helm", module_args={**arguments, **options}, task_vars=task_vars
            )
            return {key: harmless(value) for key, value in answer.items()}
        finally:
            os.close(mine)
            os.waitpid(watcher, 0)

    def _watch(self, end: int, arguments: dict[str, t.Any], what: str, task_vars: dict[str, t.Any] | None) -> None:
        began = time.monotonic()
        while not select.select([end], [], [], SLICE_SECONDS)[0]:
            answer = self._execute_module(
                module_name=self._task.action, module_args={**arguments, "helm": {}}, task_vars=task_vars
            )
            said = {"what": what, "last": answer.get("said") or answer.get("msg")}
            tell(f"{self._task.get_name().strip()}: {line(said, time.monotonic() - began)}")
        self.cleanup()
