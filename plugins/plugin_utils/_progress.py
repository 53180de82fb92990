# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is private to the collection: it may change in any release.

"""Shows what a long-running module waits for, by running it in slices."""

from __future__ import annotations

import json
import time
import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import one_line
from ansible_collections.cloudburst.federation.plugins.plugin_utils import _burst
from ansible_collections.cloudburst.federation.plugins.plugin_utils._output import tell

# Long enough that starting the module again costs little, short enough that the user sees that it lives.
SLICE_SECONDS = 15

# Must be kept in sync with plugins/module_utils/_runtime/module.py
PROGRESS_VARIABLE = "CLOUDBURST_FEDERATION_PROGRESS"

# The environment is part of a command line, which Linux limits to 128 KiB: MAX_ARG_STRLEN in
# https://man7.org/linux/man-pages/man2/execve.2.html. The task's own environment has to fit in there too.
_LONGEST_IN_ENVIRONMENT = 32 * 1024


def merge(earlier: dict[str, t.Any] | None, later: dict[str, t.Any]) -> dict[str, t.Any]:
    """Make one result of those of two slices of the same task.

    A change in either is a change of the task; diffs and warnings of both are kept; for all else the later one holds.
    """
    if not earlier:
        return later
    result = dict(later)
    result["changed"] = bool(earlier.get("changed")) or bool(later.get("changed"))
    diffs = [*_as_list(earlier.get("diff")), *_as_list(later.get("diff"))]
    if diffs:
        result["diff"] = diffs
    for key in ("warnings", "deprecations"):
        entries: list[t.Any] = []
        for entry in [*(earlier.get(key) or []), *(later.get(key) or [])]:
            if entry not in entries:
                entries.append(entry)
        if entries:
            result[key] = entries
    return result


def _as_list(value: t.Any) -> list[t.Any]:
    return [] if not value else list(value) if isinstance(value, list) else [value]


def _to_json(value: t.Any) -> str:
    """JSON without apostrophes: each shell that a command goes through makes several characters of one."""
    return json.dumps(value).replace("'", r"\u0027")


def line(pending: dict[str, t.Any], since: float) -> str:
    """The line to show for a wait that is not over.

    :param pending: ``what`` is waited for and what was ``last`` said about it.
    :param since: seconds the task has been waiting.
    """
    last = pending.get("last")
    return one_line(f"waiting for {pending['what']} since {since:.0f} s" + (f": {last}" if last else ""))


class ProgressAction(ActionBase):
    """Base of the action plugins which share their name with a module that waits in slices."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Call the module until nothing is pending any more."""
        super().run(tmp, task_vars)
        environment = self._task.environment
        try:
            return self._run_slices(task_vars)
        finally:
            self._task.environment = environment

    def _arguments(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """The module's arguments, the same in each slice."""
        return dict(self._task.args)

    def _environment(self) -> dict[str, str]:
        """What the module finds in its environment beside the task's own, the same in each slice."""
        return {}

    def _run_slices(self, task_vars: dict[str, t.Any] | None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = {}
        progress: dict[str, t.Any] = {"slice": SLICE_SECONDS}
        environment = [*(self._task.environment or []), self._environment()]
        began: float | None = None
        arguments = self._arguments(task_vars or {})
        while True:
            reason = _burst.why_to_stop(self._show)
            if reason:
                return merge(result, {"failed": True, "msg": reason})
            self._task.environment = [*environment, {PROGRESS_VARIABLE: _to_json(progress)}]
            answer = self._execute_module(module_name=self._task.action, module_args=arguments, task_vars=task_vars)
            now = time.monotonic()
            pending = answer.pop("pending", None)
            result = merge(result, answer)
            if not pending or answer.get("failed"):
                return result
            handed_on = json.loads(next(iter(pending["next"])))
            if began is None:
                began = now - handed_on["waited"]
            self._show(pending["what"], now - began, pending.get("last") or "")
            progress = {"slice": SLICE_SECONDS, "waited": now - began, **self._for_next_slice(handed_on["slice_state"])}

    def _show(self, what: str, since: float, last: str = "") -> None:
        if not self._task.no_log:
            tell(f"{self._task.get_name().strip()}: {line({'what': what, 'last': last}, since)}")

    def _for_next_slice(self, slice_state: dict[str, t.Any]) -> dict[str, t.Any]:
        """The state of a slice, as the next one gets it: in a file on the module's host if it is long."""
        text = _to_json(slice_state)
        if len(text) <= _LONGEST_IN_ENVIRONMENT:
            return {"slice_state": slice_state}
        shell = self._connection._shell
        # It goes with the task
        if shell.tmpdir is None:
            self._make_tmp_path()
        path = self._transfer_data(shell.join_path(shell.tmpdir, "slice_state.json"), text)
        self._fixup_perms2((shell.tmpdir, path))
        return {"slice_state_file": path}


__all__ = ("ProgressAction", "line", "merge")
